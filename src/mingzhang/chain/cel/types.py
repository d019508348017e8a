"""Types of values, declarations of facts, and the one door through which facts come in. Operators are not here."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Literal, TypeAlias

import msgspec

from mingzhang.chain.calendar import CHINA_OFFSET_SECONDS, DAY_SECONDS, date_of, time_of

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1

LIST_LENGTH_MAX = 1_000
"""Elements in a list fact that declares no length: a year of daily values, or every unit of a city."""

STRING_LENGTH_MAX = 10_000
"""Characters in a string fact that declares no length; the longest text field of a command has 4,000."""

DAY_MIN, DAY_MAX = -719_162, 2_932_896
"""Days from 1970-01-01 to 0001-01-01 and to 9999-12-31."""

Kind = Literal["int", "bool", "string", "date", "nothing"]
Value: TypeAlias = "int | bool | str | tuple[Value, ...]"
"""Dates are days since 1970-01-01, lists are tuples."""
Facts = dict[str, Any]
"""Names to values as `admit` returns them."""


class Type(msgspec.Struct, frozen=True):
    """Kind of the innermost value, and how many lists stand around it: list(list(int)) is Type("int", 2).

    `nothing` is the element of an empty list literal: it has no value, so every operation on it is sound.
    """

    kind: Kind
    lists: int = 0

    def __str__(self) -> str:
        return "list(" * self.lists + self.kind + ")" * self.lists

    @property
    def element(self) -> "Type":
        """Type of a list's elements; of nothing, nothing."""
        return Type(self.kind, self.lists - 1) if self.lists else self


INT, BOOL, STRING, DATE, NOTHING = Type("int"), Type("bool"), Type("string"), Type("date"), Type("nothing")


class Fact(msgspec.Struct, frozen=True):
    """What an expression may read under a dotted name.

    `length_max` bounds characters of a string, elements of a list. An `optional` fact may be absent, and `has` asks.
    """

    type: Type
    length_max: int | None = None
    optional: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """Upper bounds of the lengths from outside in: of each list, then of the string."""
        sizes = [LIST_LENGTH_MAX] * self.type.lists + [STRING_LENGTH_MAX] * (self.type.kind == "string")
        if sizes and self.length_max is not None:
            sizes[0] = self.length_max
        return tuple(sizes)


def list_of(element: Type) -> Type:
    """The type of a list of such elements."""
    return Type(element.kind, element.lists + 1)


def type_named(text: str) -> Type:
    """Type of its written form, such as `list(string)`. Raises ValueError."""
    lists = text.count("list(")
    for known in (INT, BOOL, STRING, DATE):
        if str(Type(known.kind, lists)) == text:
            return Type(known.kind, lists)
    raise ValueError(f"a type must be int, bool, string, date or list(...) of one of them, not {text}")


def join(left: Type, right: Type) -> Type | None:
    """The type that values of both have, None if there is none. `[]` is a list of anything."""
    if left.kind == "nothing" and left.lists <= right.lists:
        return right
    if right.kind == "nothing" and right.lists <= left.lists:
        return left
    return left if left == right else None


def days_of(date: str) -> int:
    """Days since 1970-01-01 of a date YYYY-MM-DD. Raises ValueError unless the calendar has that day."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", date) or date < "0001":
        raise ValueError(f"a date must be written YYYY-MM-DD, not {date}")
    days = (time_of(date) + CHINA_OFFSET_SECONDS) // DAY_SECONDS
    if date_of_days(days) != date:
        raise ValueError(f"the calendar has no {date}")
    return days


def date_of_days(days: int) -> str:
    """Date YYYY-MM-DD of days since 1970-01-01."""
    return date_of(days * DAY_SECONDS - CHINA_OFFSET_SECONDS)


def admit(declared: Mapping[str, Fact], given: Mapping[str, Any]) -> Facts:
    """Facts in the form programs read: types and lengths checked, lists as tuples, dates YYYY-MM-DD as days.

    A declared fact may be missing: it is then unknown, and an expression that needs it has no value. Raises ValueError
    naming the fact, which is a fault of whoever gathered the facts, not of a rule.
    """
    facts: Facts = {}
    for name, value in given.items():
        fact = declared.get(name)
        if fact is None:
            raise ValueError(f"{name}: is not declared as a fact")
        facts[name] = _admitted(name, value, fact) if fact.type.lists else _leaf(name, value, fact)
    return facts


def shown(value: Any, kind: Type) -> Any:
    """A value for reading: dates as YYYY-MM-DD, lists as lists."""
    level, shapes = _opened(value, kind.lists)
    return _closed([date_of_days(item) for item in level] if kind.kind == "date" else level, shapes, list)


def _admitted(name: str, value: Any, fact: Fact) -> Any:
    sizes = fact.sizes
    level = [value]
    shapes = []
    for depth in range(fact.type.lists):
        for items in level:
            if type(items) not in (list, tuple):
                raise ValueError(f"{name}: must be {fact.type}")
            if len(items) > sizes[depth]:
                raise ValueError(f"{name}: must have at most {sizes[depth]} elements, not {len(items)}")
        shapes.append([len(items) for items in level])
        level = [item for items in level for item in items]
    return _closed([_leaf(name, item, fact) for item in level], shapes, tuple)


def _leaf(name: str, value: Any, fact: Fact) -> Any:
    kind = fact.type.kind
    if kind == "int" and type(value) is int and INT_MIN <= value <= INT_MAX:
        return value
    if kind == "bool" and type(value) is bool:
        return value
    if kind == "string" and type(value) is str:
        limit = STRING_LENGTH_MAX if fact.length_max is None or fact.type.lists else fact.length_max
        if len(value) > limit:
            raise ValueError(f"{name}: must have at most {limit} characters, not {len(value)}")
        return value
    if kind == "date" and type(value) is str:
        try:
            return days_of(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    raise ValueError(f"{name}: must be {fact.type}")


def _opened(value: Any, lists: int) -> tuple[list[Any], list[list[int]]]:
    """The innermost values in order, and the lengths of the lists on each level."""
    level = [value]
    shapes = []
    for _ in range(lists):
        shapes.append([len(items) for items in level])
        level = [item for items in level for item in items]
    return level, shapes


def _closed(level: list[Any], shapes: list[list[int]], kind: Any) -> Any:
    """The lists around the innermost values again."""
    for lengths in reversed(shapes):
        rest = iter(level)
        level = [kind(islice(rest, length)) for length in lengths]
    return level[0]
