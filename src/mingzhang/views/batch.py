"""The rows of one transaction: what projectors add, ask for and change, collected and written in bulk.

Which rows, is the projectors' matter; when a transaction begins and ends, the loop's (follow.py).
"""

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from mingzhang.chain.calendar import date_of
from mingzhang.chain.operations import Record
from mingzhang.views.tables import Row, RowTable

R = TypeVar("R", bound=Row)
KEPT_ROWS = 50_000
"""Rows of one kept table held between transactions: all lines of a city; about 50 MB of a province's."""

Projector = Callable[["Batch", Any], None]
"""(batch, event or command) -> None: adds and changes rows. `batch.record` is the record it stands in."""


class Batch:
    """`add` is for rows nobody changes, `new` for those that `get` and `find` give back, to be changed in place.

    `record` is the record being projected and `number` the place of the event in it.
    """

    def __init__(self) -> None:
        self.record: Record
        self.number = 0
        self.day = ""
        self._time = -1
        self._connection: sa.Connection
        self._added: dict[RowTable[Any], list[Row]] = {}
        self._held: dict[RowTable[Any], _Held] = {}
        self._once: dict[RowTable[Any], list[Row]] = {}
        self._known: dict[RowTable[Any], set[tuple[Any, ...]]] = {}
        self._writers: dict[RowTable[Any], _Writer] = {}

    def begin(self, connection: sa.Connection) -> None:
        """A transaction has begun."""
        self._connection = connection

    def turn_to(self, record: Record) -> None:
        """What follows belongs to this record; `day` is its date in China."""
        self.record = record
        if record.time != self._time:
            self._time, self.day = record.time, date_of(record.time)

    def add(self, table: RowTable[R], row: R) -> None:
        """A row that will not change and is not asked for."""
        rows = self._added.get(table)
        if rows is None:
            rows = self._added[table] = []
        rows.append(row)

    def add_once(self, table: RowTable[R], key: tuple[Any, ...], row: Callable[..., R]) -> None:
        """The row made of this key, which is all of it, unless it is there already."""
        known = self._known.get(table)
        if known is None:
            known = self._known[table] = set()
        if key not in known:
            known.add(key)
            self._once.setdefault(table, []).append(row(*key))

    def new(self, table: RowTable[R], row: R) -> R:
        """A row that may be asked for and changed later."""
        held = self._held_of(table)
        key = table.lookup_of(row)
        held.rows[key] = row
        held.before[key] = None
        return row

    def put(self, table: RowTable[R], row: R) -> None:
        """A row in place of one that may be there under the same lookup."""
        found = self.find(table, *table.lookup_of(row))
        if found is None:
            self.new(table, row)
        else:
            for name in table.names:
                setattr(found, name, getattr(row, name))

    def find(self, table: RowTable[R], *lookup: Any) -> R | None:
        """The row as it is now, to be changed in place, or None."""
        held = self._held_of(table)
        row: R | None = held.rows.get(lookup)
        if row is None:
            row = self._writer_of(table).read(self._connection, lookup)
            if row is None:
                return None
            held.rows[lookup] = row
        if lookup not in held.before:
            held.before[lookup] = table.values(row)
        return row

    def get(self, table: RowTable[R], *lookup: Any) -> R:
        """The row as it is now, to be changed in place. KeyError when there is none: the ledger forbids that."""
        row = self.find(table, *lookup)
        if row is None:
            raise KeyError(f"{table.name} has no {lookup}")
        return row

    def write(self) -> None:
        """Write everything into the open transaction."""
        for table, rows in self._added.items():
            self._writer_of(table).insert(self._connection, rows)
        for table, rows in self._once.items():
            self._writer_of(table).insert_once(self._connection, rows)
        for table, held in self._held.items():
            self._writer_of(table).write(self._connection, held)

    def written(self) -> None:
        """The transaction is on disk: keep only rows of kept tables."""
        self._added, self._once = {}, {}
        self._known = {table: known for table, known in self._known.items() if len(known) <= KEPT_ROWS}
        for table, held in self._held.items():
            held.before = {}
            if not table.kept or len(held.rows) > KEPT_ROWS:
                held.rows = {}

    def forget(self) -> None:
        """The transaction failed, or somebody else wrote: nothing held is certain."""
        self._added, self._once, self._known, self._held = {}, {}, {}, {}

    def _held_of(self, table: RowTable[Any]) -> "_Held":
        held = self._held.get(table)
        if held is None:
            held = self._held[table] = _Held()
        return held

    def _writer_of(self, table: RowTable[Any]) -> "_Writer":
        writer = self._writers.get(table)
        if writer is None:
            writer = self._writers[table] = _Writer(table, self._connection.dialect)
        return writer


class _Held:
    """Rows of one table by lookup, and those asked for in this transaction as they were (None: not there)."""

    __slots__ = ("before", "rows")

    def __init__(self) -> None:
        self.rows: dict[tuple[Any, ...], Any] = {}
        self.before: dict[tuple[Any, ...], tuple[Any, ...] | None] = {}


class _Writer:
    """One table's statements, in the driver's own SQL: made once, run for many rows."""

    def __init__(self, table: RowTable[Any], dialect: sa.Dialect) -> None:
        quote = dialect.identifier_preparer.quote
        self.table = table
        self.mark = "?" if dialect.name == "sqlite" else "%s"
        self.name = quote(table.name)
        self.columns = [quote(name) for name in table.names]
        columns, marks = ", ".join(self.columns), ", ".join([self.mark] * len(table.names))
        self.where = " AND ".join(f"{quote(name)} = {self.mark}" for name in table.lookup)
        self.insertion = f"INSERT INTO {self.name} ({columns}) VALUES ({marks})"  # noqa: S608 (names of our own tables)
        self.selection = f"SELECT {columns} FROM {self.name} WHERE {self.where}"  # noqa: S608

    def read(self, connection: sa.Connection, lookup: tuple[Any, ...]) -> Any:
        found = connection.exec_driver_sql(self.selection, lookup).fetchone()
        return None if found is None else self.table.read(found, self.table.row)

    def insert(self, connection: sa.Connection, rows: list[Any]) -> None:
        _run(connection, self.insertion, [self.table.values(row) for row in rows])

    def insert_once(self, connection: sa.Connection, rows: list[Any]) -> None:
        _run(connection, self.insertion + " ON CONFLICT DO NOTHING", [self.table.values(row) for row in rows])

    def write(self, connection: sa.Connection, held: _Held) -> None:
        """New rows as they are now; of others the columns that changed, together with rows where the same ones did."""
        fresh: list[tuple[Any, ...]] = []
        changed: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
        for key, before in held.before.items():
            now = self.table.values(held.rows[key])
            if before is None:
                fresh.append(now)
            elif before != now:
                places = tuple([at for at, value in enumerate(now) if value != before[at]])
                changed.setdefault(places, []).append((*[now[at] for at in places], *key))
        _run(connection, self.insertion, fresh)
        for places, values in changed.items():
            sets = ", ".join(f"{self.columns[at]} = {self.mark}" for at in places)
            _run(connection, f"UPDATE {self.name} SET {sets} WHERE {self.where}", values)  # noqa: S608


def _run(connection: sa.Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(statement, rows)
