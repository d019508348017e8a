"""The rows of one transaction: what projectors add, ask for and change, collected and written in bulk.

Which rows, is the projectors' matter; when a transaction begins and ends, the loop's (follow.py).
"""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from mingzhang.chain.operations import Record
from mingzhang.views.tables import Row, RowTable

R = TypeVar("R", bound=Row)
KEPT_ROWS = 50_000
"""Rows of one kept table held between transactions: all lines of a city; about 50 MB of a province's."""
KEPT_GROUPS = 8
"""Groups of noted texts held between transactions; only the latest few are noted in again."""

Projector = Callable[["Batch", Any], None]
"""(batch, event or command) -> None: adds and changes rows. `batch.record` is the record it stands in."""


class Batch:
    """`add` is for rows nobody changes, `new` for those that `get` and `find` give back, to be changed in place.

    `record` is the record being projected and `number` the place of the event in it.
    """

    def __init__(self) -> None:
        self.record: Record
        self.number = 0
        self._dialect: sa.Dialect
        self._cursor: Any
        self._sheets = _Sheets(self)

    def begin(self, connection: sa.Connection) -> None:
        """A transaction has begun. Its rows go through the driver's own cursor: SQLAlchemy's share would be a third."""
        self._dialect = connection.dialect
        self._cursor = connection.connection.cursor()

    def add(self, table: RowTable[R], row: R) -> None:
        """A row that will not change and is not asked for."""
        self._sheets[table].added.append(row)

    def add_values(self, table: RowTable[Any], rows: Iterable[tuple[Any, ...]]) -> None:
        """The like, many at once, as the columns in order: for what every record brings."""
        self._sheets[table].values += rows

    def note(self, table: RowTable[Any], group: int, text: str, *, parts: Callable[[str], set[str]]) -> None:
        """Rows (part, group) of a table that has no more than these two columns, each kept once, for a text's parts."""
        noted = self._sheets[table].noted.setdefault(group, set())
        if "\n" + text not in noted:  # A line feed tells whole texts from parts.
            fresh = parts(text) - noted
            noted |= {"\n" + text, *fresh}
            self._sheets[table].once += [(part, group) for part in fresh]

    def new(self, table: RowTable[R], row: R) -> R:
        """A row that may be asked for and changed later."""
        sheet = self._sheets[table]
        lookup = table.lookup_of(row)
        sheet.rows[lookup] = row
        sheet.before[lookup] = None
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
        sheet: _Sheet[R] = self._sheets[table]
        row = sheet.rows.get(lookup)
        if row is None:
            row = sheet.read(self._cursor, lookup)
            if row is None:
                return None
            sheet.rows[lookup] = row
        if lookup not in sheet.before:
            sheet.before[lookup] = table.values(row)
        return row

    def get(self, table: RowTable[R], *lookup: Any) -> R:
        """The row as it is now, to be changed in place. KeyError when there is none: the ledger forbids that."""
        row = self.find(table, *lookup)
        if row is None:
            raise KeyError(f"{table.name} has no {lookup}")
        return row

    def write(self) -> None:
        """Write everything into the open transaction."""
        for sheet in self._sheets.values():
            sheet.write(self._cursor)
        self._cursor.close()

    def written(self) -> None:
        """The transaction is on disk: keep only rows of kept tables."""
        for sheet in self._sheets.values():
            sheet.written()

    def forget(self) -> None:
        """The transaction failed, or somebody else wrote: nothing held is certain."""
        self._sheets.clear()

    def dialect(self) -> sa.Dialect:
        """That of the database written to."""
        return self._dialect


class _Sheets(dict[RowTable[Any], "_Sheet[Any]"]):
    """What there is of each table, begun when it is first asked for."""

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self._batch = batch

    def __missing__(self, table: RowTable[Any]) -> "_Sheet[Any]":
        sheet = self[table] = _Sheet(table, self._batch.dialect())
        return sheet


class _Sheet(Generic[R]):
    """One table's rows in this transaction, and its statements in the driver's own SQL.

    `rows` are held by lookup; `before` are those asked for in this transaction as they were, None where they were not.
    """

    def __init__(self, table: RowTable[R], dialect: sa.Dialect) -> None:
        quote = dialect.identifier_preparer.quote
        self.table = table
        self.added: list[R] = []
        self.values: list[tuple[Any, ...]] = []
        self.once: list[tuple[Any, ...]] = []
        self.noted: dict[int, set[str]] = {}
        self.rows: dict[tuple[Any, ...], R] = {}
        self.before: dict[tuple[Any, ...], tuple[Any, ...] | None] = {}
        self.mark = "?" if dialect.name == "sqlite" else "%s"
        self.name = quote(table.name)
        self.columns = [quote(name) for name in table.names]
        columns, marks = ", ".join(self.columns), ", ".join([self.mark] * len(table.names))
        self.where = " AND ".join(f"{quote(name)} = {self.mark}" for name in table.lookup)
        self.insertion = f"INSERT INTO {self.name} ({columns}) VALUES ({marks})"  # noqa: S608 (names of our own tables)
        self.selection = f"SELECT {columns} FROM {self.name} WHERE {self.where}"  # noqa: S608

    def read(self, cursor: Any, lookup: tuple[Any, ...]) -> R | None:
        """The row in the database, or None."""
        found = cursor.execute(self.selection, lookup).fetchone()
        return None if found is None else self.table.read(found, self.table.row)

    def write(self, cursor: Any) -> None:
        """New rows as they are now; of others the columns that changed, together with rows where the same ones did."""
        table = self.table
        fresh = [*self.values, *table.all_values(self.added)]
        changed: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
        for lookup, before in self.before.items():
            now = table.values(self.rows[lookup])
            if before is None:
                fresh.append(now)
            elif before != now:
                places = tuple([at for at, value in enumerate(now) if value != before[at]])
                changed.setdefault(places, []).append((*[now[at] for at in places], *lookup))
        _run(cursor, self.insertion, fresh)
        _run(cursor, self.insertion + " ON CONFLICT DO NOTHING", self.once)
        for places, values in changed.items():
            sets = ", ".join(f"{self.columns[at]} = {self.mark}" for at in places)
            _run(cursor, f"UPDATE {self.name} SET {sets} WHERE {self.where}", values)  # noqa: S608

    def written(self) -> None:
        """Begin anew, with what may be asked for again."""
        self.added, self.values, self.once, self.before = [], [], [], {}
        if not self.table.kept or len(self.rows) > KEPT_ROWS:
            self.rows = {}
        for group in list(self.noted)[:-KEPT_GROUPS]:
            del self.noted[group]


def _run(cursor: Any, statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        cursor.executemany(statement, rows)
