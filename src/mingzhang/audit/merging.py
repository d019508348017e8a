"""Two sorted tables walked side by side: which rows differ, and which only one of them has."""

import sqlite3
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

ABSENT: Final[Any] = object()
"""Stands for the rest of a row that one side lacks."""
ROWS_AT_ONCE = 1_000

Row = tuple[Any, ...]


class Difference(NamedTuple):
    """A row by its key, and what follows the key on each side; ABSENT where there is no such row."""

    key: Row
    stored: Any
    right: Any


def differences(
    stored: sqlite3.Cursor, right: sqlite3.Cursor, *, key_columns: int
) -> Iterator[tuple[int, list[Difference]]]:
    """(number of rows, what differs among them), a piece at a time.

    Both sides are in the order of their keys, which are the first `key_columns` columns.
    """
    while True:
        mine, theirs = stored.fetchmany(ROWS_AT_ONCE), right.fetchmany(ROWS_AT_ONCE)
        if mine != theirs:
            break
        if not mine:
            return
        # Whole lists are compared without Python looking at their rows; nearly always nothing differs.
        yield len(mine), []
    number, found = 0, []
    for one in merged(chain(mine, stored), chain(theirs, right), key_columns=key_columns):
        number += 1
        if one.stored != one.right:
            found.append(one)
        if number == ROWS_AT_ONCE:
            yield number, found
            number, found = 0, []
    yield number, found


def merged(stored: Iterator[Row], right: Iterator[Row], *, key_columns: int) -> Iterator[Difference]:
    """All rows of both sides by key, in SQLite's order; a stored key may be of any type, whatever its column says."""
    one, other = next(stored, None), next(right, None)
    while one is not None or other is not None:
        if other is None:
            side = -1
        elif one is None:
            side = 1
        else:
            mine, theirs = _order(one[:key_columns]), _order(other[:key_columns])
            side = (mine > theirs) - (mine < theirs)
        row = one if side <= 0 else other
        if row is None:
            raise RuntimeError("one of the sides has a row")
        yield Difference(
            row[:key_columns],
            one[key_columns:] if one is not None and side <= 0 else ABSENT,
            other[key_columns:] if other is not None and side >= 0 else ABSENT,
        )
        one = next(stored, None) if side <= 0 else one
        other = next(right, None) if side >= 0 else other


def _order(key: Row) -> list[tuple[int, Any]]:
    return [_order_of_value(value) for value in key]


def _order_of_value(value: Any) -> tuple[int, Any]:
    """SQLite's order: nothing, numbers, text by its bytes, bytes."""
    if value is None:
        return 0, 0
    if isinstance(value, str):
        return 2, value.encode("utf-8", "surrogateescape")
    return (3, value) if isinstance(value, bytes) else (1, value)
