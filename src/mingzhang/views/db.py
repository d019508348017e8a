"""The database read models lie in: opening it, whether it is still of use, how far it is, and all of it as a dump.

The loop that fills it is in follow.py, building it anew in rebuild.py. SQLite is the default; a PostgreSQL URL gives
the same tables, types and order there.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from mingzhang.views.tables import METADATA, Row, RowTable

PROJECTION = 1
"""Raise it when a projector gives other rows for the same events: databases of another number are built anew."""
SCHEMA = "views"
"""Schema that holds the tables on PostgreSQL, where a database may serve other things too."""
BUSY_SECONDS = 30
"""How long a reader waits for the short exclusive moments of SQLite (a checkpoint's end, a recovery)."""
_PRAGMAS = (
    "journal_mode = WAL",  # Readers go on while the loop writes.
    "synchronous = NORMAL",  # A power cut may lose the last blocks; the loop reads them again.
    "cache_size = -16384",  # 16 MB a reader; the loop asks for more.
    "temp_store = MEMORY",
    "secure_delete = OFF",  # Nothing here is secret: what is sealed never reaches the views.
    "wal_autocheckpoint = 8000",  # Pages that many payments touch are written back once for many of them.
    "journal_size_limit = 67108864",
)


class RebuildNeeded(Exception):
    """The database cannot be followed on: other version, half built, of another ledger. The message says which."""


class State(Row):
    """How far the views are. `origin` is the hash of the ledger's first leaf, "" before any."""

    number: int
    schema: str
    origin: str
    height: int


STATE = RowTable("views_state", State, key=("number",))


def open_views(place: str | Path) -> sa.Engine:
    """The database of the views: a SQLite file by path, or a URL. What does not exist yet is made, at height 0.

    Raises RebuildNeeded when it is there and of no use; sqlalchemy.exc.OperationalError when it cannot be reached.
    """
    path = place_of(place)
    if path is not None:
        finish_switch(path)
    engine = make_engine(place)
    try:
        prepare(engine)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        if path is None:
            raise
        raise RebuildNeeded(f"the views cannot be read: {error.orig}") from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def prepare(engine: sa.Engine) -> None:
    """Make the tables in an empty database, or check that they are this version's. Raises RebuildNeeded."""
    with engine.begin() as connection:
        present = set(sa.inspect(connection).get_table_names())
        wanted = schema_version()
        if not present:
            if connection.dialect.name == "postgresql":
                schema = connection.execute(sa.text("SHOW search_path")).scalar_one()
                connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            METADATA.create_all(connection)
            connection.execute(sa.insert(STATE.table).values(number=1, schema=wanted, origin="", height=0))
            return
        if STATE.name not in present:
            raise RebuildNeeded("the views are half built, or this database holds something else")
        state = connection.execute(sa.select(STATE.table)).one_or_none()
        if state is None or state.schema != wanted:
            raise RebuildNeeded("the views were built by another version")


def place_of(place: str | Path) -> Path | None:
    """The file of SQLite views, or None where they lie in another database."""
    if isinstance(place, str) and "://" in place:
        url = sa.make_url(place)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None
    return Path(place)


def make_engine(place: str | Path, *, schema: str = SCHEMA) -> sa.Engine:
    """An engine on the place, with nothing checked; `schema` is used on PostgreSQL."""
    path = place_of(place)
    if path is not None:
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    if not re.fullmatch(r"[a-z_]+", schema):
        raise ValueError(f"schema: must be lower-case letters and underscores, not {schema!r}")
    return sa.create_engine(str(place), connect_args={"options": f"-csearch_path={schema}"})


def ready_of(path: Path) -> Path:
    """Where a rebuilt database waits, whole, to take the place of the one at a path."""
    return path.with_name(path.name + ".ready")


def finish_switch(path: Path) -> None:
    """Put a rebuilt database in its place if one is waiting: after a crash in between this is done again.

    The old one's write-ahead log goes first, or SQLite would play it into the new one.
    """
    ready = ready_of(path)
    waiting = ready.exists()
    if waiting or not path.exists():
        for end in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    if waiting:
        ready.replace(path)


def schema_version() -> str:
    """Changes when a table, an index or PROJECTION does."""
    dialect = sqlite.dialect()
    parts = [str(PROJECTION)]
    for table in METADATA.sorted_tables:
        parts.append(str(CreateTable(table).compile(dialect=dialect)))
        parts += sorted({str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes})
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_state(connection: sa.Connection) -> State:
    """How far the views are."""
    found = connection.execute(sa.select(STATE.table)).one()
    return STATE.read(found, State)


def write_state(connection: sa.Connection, *, origin: str, height: int) -> None:
    """Save how far the views are, in the transaction of the rows that got them there."""
    connection.execute(sa.update(STATE.table).values(origin=origin, height=height))


def dump(engine: sa.Engine) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(table, row) of everything, in order of table and primary key: equal dumps mean equal views."""
    with engine.connect() as connection:
        for table in METADATA.sorted_tables:
            statement = sa.select(table).order_by(*table.primary_key.columns)
            for row in connection.execution_options(yield_per=1_000).execute(statement):
                yield table.name, tuple(row)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # Transactions begin where SQLAlchemy begins them, reads included.
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")
