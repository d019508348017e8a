"""Two sorted sequences of rows walked side by side: what is in both, and what only one of them has."""

from collections.abc import Iterator
from typing import Any, Final

ABSENT: Final[Any] = object()
"""Stands for the row that one side lacks."""


def merged(stored: Iterator[tuple[Any, Any]], right: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any, Any]]:
    """(key, stored value, right value) of (key, value) pairs in SQLite's order of their keys, ABSENT on a side that
    lacks the key.

    A key is one value or a tuple of them; a stored one may be of any type, whatever its column says.
    """
    one, other = next(stored, ABSENT), next(right, ABSENT)
    while one is not ABSENT or other is not ABSENT:
        if other is ABSENT:
            side = -1
        elif one is ABSENT:
            side = 1
        else:
            mine, theirs = _order(one[0]), _order(other[0])
            side = (mine > theirs) - (mine < theirs)
        if side == 0:
            yield other[0], one[1], other[1]
        elif side < 0:
            yield one[0], one[1], ABSENT
        else:
            yield other[0], ABSENT, other[1]
        one = next(stored, ABSENT) if side <= 0 else one
        other = next(right, ABSENT) if side >= 0 else other


def _order(key: Any) -> tuple[Any, ...]:
    """SQLite's order: nothing, numbers, text by its bytes, bytes."""
    if isinstance(key, tuple):
        return tuple([_order(part) for part in key])
    if key is None:
        return (0,)
    if isinstance(key, str):
        return 2, key.encode("utf-8", "surrogateescape")
    return (3, key) if isinstance(key, bytes) else (1, key)
