"""The name that was probably meant, by edit distance; the same on every node, because it stands in refusals."""

from collections.abc import Iterable

WORD_LENGTH_MAX = 80
"""Longer words get no suggestion: the distance costs the product of both lengths."""


def nearest(word: str, names: Iterable[str]) -> str:
    """The nearest of the names, the first in order of two as near, or empty when none is near.

    A name that continues the word, or has the same last part, is as near as one wrong letter.
    """
    if len(word) > WORD_LENGTH_MAX:
        return ""
    allowed = len(word) // 3 + 1
    ranked = sorted((_distance(word, name), name) for name in names if len(name) <= WORD_LENGTH_MAX)
    return ranked[0][1] if ranked and ranked[0][0] <= allowed else ""


def _distance(word: str, name: str) -> int:
    last = name.rpartition(".")[2]
    if name.startswith(word + "_") or last == word.rpartition(".")[2] or last.startswith(word + "_"):
        return 1
    return edits(word, name)


def edits(left: str, right: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour to turn one word into the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
