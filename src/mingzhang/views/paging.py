"""Lists, one page at a time: sorting by allowed columns, going on after the last row, and the way into a big table.

A page is found by key, never by counting rows off, so the thousandth page costs what the first does. For tables too big
to look through, a list names its paths (indexes and what they serve); the narrowest is taken, and SQLite is kept from
taking another. PostgreSQL knows its own statistics better and is left to choose.
"""

import base64
import binascii
import heapq
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from mingzhang.views.tables import Row, RowTable

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
"""Rows of a page: more than anyone reads, few enough to sort and send at once."""
FEW = 5_000
"""Rows that may be read and sorted for one page: some milliseconds. A path to no more than these is narrow."""

R = TypeVar("R", bound=Row)
Condition = sa.ColumnElement[bool]


class WrongQuery(ValueError):
    """A list was asked for in a way it does not offer; the sentences say what must hold of the field."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(f"{field}: {en}")
        self.field = field
        self.zh = zh
        self.en = en


class Page(msgspec.Struct, Generic[R], frozen=True):
    """Some rows of a list. `next` asks for those after them, None at the end; `total` is None after the first page, and
    where counting all would take long.
    """

    rows: list[R]
    total: int | None
    next: str | None


class Path(NamedTuple):
    """A way into a table: each part is served by one index, which has it in the order of the sort named `order`.
    Without parts it leads nowhere, and there is nothing to be found.

    `within` narrows the parts by what the index holds beyond them; a path to at most `few` rows is narrow. `through`
    is a table to come from, joined `on` a condition, whose column `by` then carries the order.
    """

    parts: Sequence[Condition]
    order: str
    within: Sequence[Condition] = ()
    few: int = FEW
    through: sa.FromClause | None = None
    on: Condition | None = None
    by: "sa.ColumnElement[Any] | None" = None


class Listing(Generic[R]):
    """A list on offer: rows of a table, perhaps with columns of others beside them.

    `row` extends the table's row by the `extra` columns, which come from `joins` (table, condition) that add no rows.
    `sorts` names the orders: fields of the table, none nullable, the last one unique.
    """

    def __init__(
        self,
        table: RowTable[Any],
        row: type[R],
        *,
        sorts: Mapping[str, Sequence[str]],
        extra: Sequence["sa.ColumnElement[Any]"] = (),
        joins: Sequence[tuple[sa.FromClause, Condition]] = (),
    ) -> None:
        self.table = table
        self.row = row
        self.sorts = {name: tuple(fields) for name, fields in sorts.items()}
        self._columns = [*table.table.columns, *extra]
        self._joins = joins
        loose = [field for fields in self.sorts.values() for field in fields if table.c[field].nullable]
        if loose or len(self._columns) != len(row.__struct_fields__):
            raise ValueError(f"{table.name}: {loose} may be null, or the columns are not the row's fields")

    def one(self, connection: sa.Connection, *conditions: Condition) -> R | None:
        """The row for which the conditions hold, or None."""
        found = self._rows(connection, self._select(None).where(*conditions).limit(1))
        return found[0] if found else None

    def all(self, connection: sa.Connection, *conditions: Condition, sort: str) -> list[R]:
        """All rows for which the conditions hold: for lists that are short by nature, such as a payment's receipts."""
        columns = [self.table.c[field] for field in self.sorts[sort.removeprefix("-")]]
        turned = (column.desc() if sort.startswith("-") else column.asc() for column in columns)
        return self._rows(connection, self._select(None).where(*conditions).order_by(*turned))

    def page(
        self,
        connection: sa.Connection,
        conditions: Sequence[Condition] = (),
        *,
        sort: str,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
        paths: Sequence[Path] = (),
    ) -> Page[R]:
        """A page of the rows for which all conditions hold. `sort` begins with "-" for descending; `after` is the
        `next` of the page before. With `paths`, one of them is taken. Raises WrongQuery.
        """
        name, descending = sort.removeprefix("-"), sort.startswith("-")
        seen = self._check(sort, limit, after)
        path = choose(connection, self.table, paths, order=name) if paths else None
        if path is not None and not path.parts:
            return Page([], 0, None)
        statement = self._ordered(path, conditions, sort=name, descending=descending, seen=seen)
        merged: list[R] = []
        for part in _queries(path, name):
            found = self._rows(connection, statement.where(*part).limit(limit + 1))
            merged = list(heapq.merge(merged, found, key=attrgetter(*self.sorts[name]), reverse=descending))
        total = None
        if seen is None and (path is None or is_narrow(connection, self.table, path)):
            total = self.count(connection, conditions, path=path)
        rows = merged[:limit]
        return Page(rows, total, self._cursor(sort, rows[-1]) if len(merged) > limit else None)

    def count(self, connection: sa.Connection, conditions: Sequence[Condition], *, path: Path | None = None) -> int:
        """How many rows there are for which all conditions hold: of a narrow path, or of a small table."""
        if path is not None and not path.parts:
            return 0
        found = restrict(sa.select(sa.literal(1)).select_from(source_of(self.table, path)), path, conditions)
        some = found.limit(path.few) if path is not None else found
        return int(connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())

    def _select(self, path: Path | None) -> sa.Select[Any]:
        source = source_of(self.table, path)
        for other, on in self._joins:
            source = source.outerjoin(other, on)
        return sa.select(*self._columns).select_from(source)

    def _rows(self, connection: sa.Connection, statement: sa.Select[Any]) -> list[R]:
        return [self.table.read(found, self.row) for found in connection.execute(statement)]

    def _ordered(
        self, path: Path | None, conditions: Sequence[Condition], *, sort: str, descending: bool, seen: list[Any] | None
    ) -> sa.Select[Any]:
        columns: list[sa.ColumnElement[Any]] = [self.table.c[field] for field in self.sorts[sort]]
        if path is not None and path.by is not None:
            columns[-1] = path.by
        served = path is None or path.order == sort
        if not served:
            columns = [hidden(column) for column in columns]
        held: list[Condition] = list(conditions) if path is None else [hidden(condition) for condition in conditions]
        if seen is not None:
            place = sa.tuple_(*columns)
            held.append(place < sa.tuple_(*seen) if descending else place > sa.tuple_(*seen))
        turned = (column.desc() if descending else column.asc() for column in columns)
        return self._select(path).where(*held).order_by(*turned)

    def _check(self, sort: str, limit: int, after: str | None) -> list[Any] | None:
        fields = self.sorts.get(sort.removeprefix("-"))
        if fields is None:
            known = ", ".join(self.sorts)
            raise WrongQuery("sort", f"只能按这些排序:{known}", f"must be one of {known}, perhaps with - before it")
        if not 1 <= limit <= MAX_LIMIT:
            raise WrongQuery("limit", f"每页 1 至 {MAX_LIMIT} 行", f"must be between 1 and {MAX_LIMIT}")
        if after is None:
            return None
        try:
            place = msgspec.json.decode(base64.urlsafe_b64decode(after), type=list[int | str])
        except (ValueError, binascii.Error):
            place = []
        kinds = [str, *(self.table.c[field].type.python_type for field in fields)]
        if [type(each) for each in place] != kinds or place[0] != sort:
            raise WrongQuery("after", "须为本列表同一排序下前一页所给", "must be what this list gave, sorted as now")
        return place[1:]

    def _cursor(self, sort: str, row: R) -> str:
        place = [sort, *(getattr(row, field) for field in self.sorts[sort.removeprefix("-")])]
        return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def choose(connection: sa.Connection, table: RowTable[Any], paths: Sequence[Path], *, order: str) -> Path:
    """The path to the fewest rows if any is narrow, else the first one in the wanted order."""
    best, fewest = None, max(path.few for path in paths) + 1
    for path in paths:
        rows = _probe(connection, table, path)
        if rows < fewest and rows <= path.few:
            best, fewest = path, rows
    return best or next(path for path in paths if path.order == order)


def is_narrow(connection: sa.Connection, table: RowTable[Any], path: Path) -> bool:
    """Whether the path leads to few rows."""
    return _probe(connection, table, path) <= path.few


def source_of(table: RowTable[Any], path: Path | None) -> sa.FromClause:
    """What a statement for the rows of a path selects from."""
    if path is None or path.through is None:
        return table.table
    return path.through.join(table.table, path.on)


def restrict(statement: sa.Select[Any], path: Path | None, conditions: Sequence[Condition]) -> sa.Select[Any]:
    """The statement for the rows of a path for which the conditions hold."""
    if path is None:
        return statement.where(*conditions)
    return statement.where(sa.or_(*path.parts), *path.within, *(hidden(condition) for condition in conditions))


class hidden(FunctionElement[Any]):  # noqa: N801 (a function in SQL expressions)
    """A condition or column for which SQLite shall not look for an index: it puts a unary plus before it."""

    inherit_cache = True
    name = "hidden"

    def __init__(self, element: "sa.ColumnElement[Any]") -> None:
        self.type = element.type
        super().__init__(element)


@compiles(hidden)
def _plain(element: hidden, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


@compiles(hidden, "sqlite")
def _plus(element: hidden, compiler: Any, **options: Any) -> str:
    return f"+({compiler.process(element.clauses, **options)})"


def _queries(path: Path | None, sort: str) -> list[list[Condition]]:
    """Conditions of each query: one a part where the index's order helps, else one for all parts."""
    if path is None:
        return [[]]
    if path.order == sort:
        return [[part, *path.within] for part in path.parts]
    return [[sa.or_(*path.parts), *path.within]]


def _probe(connection: sa.Connection, table: RowTable[Any], path: Path) -> int:
    """How many rows a path leads to, one more than few for any more: read from its index alone."""
    if not path.parts:
        return 0
    source = path.through if path.through is not None else table.table
    some = sa.select(sa.literal(1)).select_from(source).where(sa.or_(*path.parts), *path.within).limit(path.few + 1)
    return int(connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())
