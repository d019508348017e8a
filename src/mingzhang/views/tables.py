"""Tables made from row structs: the struct is what projectors write, what readers get, and what names the columns.

Which tables there are, each noun's file says; the database they lie in is in db.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

METADATA = sa.MetaData()
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64 bits everywhere; SQLite makes a key its row number only when it is spelled INTEGER."""
Word = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text in code-point order on both."""


class Row(msgspec.Struct, gc=False):
    """One row, as projectors write and readers get it. Fields are the columns, in order, each given when made.

    int is 64 bits, str text, `| None` nullable; lists, dicts and structs are stored as canonical JSON text. Give a
    field a new value rather than changing a list in place: changes are found by comparison.
    """


R = TypeVar("R", bound=Row)
S = TypeVar("S", bound=Row)


class RowTable(Generic[R]):
    """A table and the struct of its rows.

    `key` is the primary key; `lookup` the columns by which a projector asks for a row, the key unless told. `indexes`
    maps a name to columns; `partial` the name of one to the SQL condition it is limited to. Rows of a table that is
    `kept` stay in memory between transactions: few, and asked for all the time.
    """

    def __init__(
        self,
        name: str,
        row: type[R],
        *,
        key: Sequence[str],
        lookup: Sequence[str] | None = None,
        indexes: Mapping[str, Sequence[str]] | None = None,
        partial: Mapping[str, str] | None = None,
        kept: bool = False,
    ) -> None:
        self.name = name
        self.row = row
        self.names = row.__struct_fields__
        self.lookup = tuple(lookup or key)
        self.kept = kept
        hints = get_type_hints(row)
        columns = [_column(each, hints[each]) for each in self.names]
        number_key = len(key) == 1 and hints[key[0]] is int
        primary = sa.PrimaryKeyConstraint(*key)
        self.table = sa.Table(name, METADATA, *columns, primary, sqlite_with_rowid=number_key)
        for index, parts in (indexes or {}).items():
            where = sa.text(partial[index]) if partial and index in partial else None
            # An index of SQLite ends with the row's number by itself: it need not be there twice.
            implied = [part for part in parts if not (number_key and part == key[0])]
            for dialect, listed in (("sqlite", implied), ("postgresql", parts)):
                columns = [self.table.c[part] for part in listed]
                made = sa.Index(f"ix_{name}_{index}", *columns, sqlite_where=where, postgresql_where=where)
                made.ddl_if(dialect=dialect)
        self.c = self.table.c
        readers = [(at, _reader(hints[each])) for at, each in enumerate(self.names)]
        self._read = [(at, read) for at, read in readers if read is not None]
        self._json = [at for at, each in enumerate(self.names) if _is_json(hints[each])]
        self.lookup_of = fields_of(self.lookup)
        """What a projector would ask for a row by."""

    def values(self, row: R) -> tuple[Any, ...]:
        """The row as the driver takes it."""
        plain = msgspec.structs.astuple(row)
        if not self._json:
            return plain
        written = list(plain)
        for at in self._json:
            value = plain[at]
            if value:
                written[at] = _encode(value).decode()
            elif value is not None:
                written[at] = _EMPTY[type(value)]
        return tuple(written)

    def all_values(self, rows: Sequence[R]) -> "Iterable[tuple[Any, ...]]":
        """The like of many rows."""
        return map(self.values if self._json else msgspec.structs.astuple, rows)

    def read(self, stored: Sequence[Any], row: type[S]) -> S:
        """What the driver gave, columns in order, as the table's row or one that has more fields after its."""
        if not self._read:
            return row(*stored)
        given = list(stored)
        for at, read in self._read:
            given[at] = None if given[at] is None else read(given[at])
        return row(*given)


def fields_of(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives these fields of a struct as a tuple, of one as well."""
    if len(names) > 1:
        return attrgetter(*names)
    one = attrgetter(names[0])
    return lambda struct: (one(struct),)


def row_from(kind: type[R], event: Any, **more: Any) -> R:
    """A row whose fields are given or else the event's of the same name. AttributeError when neither has one."""
    return kind(**{name: more[name] if name in more else getattr(event, name) for name in kind.__struct_fields__})


_EMPTY: dict[type, str] = {list: "[]", tuple: "[]", dict: "{}"}
_encode = msgspec.json.Encoder(order="deterministic").encode


def _column(name: str, hint: Any) -> "sa.Column[Any]":
    base, nullable = _base(hint)
    kind: Any = {int: Whole, str: Word, bool: sa.Boolean()}.get(base, Word)
    return sa.Column(name, kind, nullable=nullable, autoincrement=False)


def _base(hint: Any) -> tuple[Any, bool]:
    """(type without None, whether None was in it)."""
    if get_origin(hint) in (Union, UnionType):
        others = [each for each in get_args(hint) if each is not NoneType]
        if len(others) == 1:
            return others[0], True
    return hint, False


def _is_json(hint: Any) -> bool:
    return _base(hint)[0] not in (int, str, bool)


def _reader(hint: Any) -> "Callable[[Any], Any] | None":
    base = _base(hint)[0]
    if base in (int, str):
        return None
    return bool if base is bool else msgspec.json.Decoder(base).decode
