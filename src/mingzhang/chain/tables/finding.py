"""What a check of a rulebook finds, in both languages, with the place it was found."""

from typing import Literal

import msgspec

from mingzhang.chain.cel import CelError


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. A `mistake` refuses the book; a `doubt` is told to those who vote on it.

    `row` and `part` say where (`part`: a column, `when`, `effect`, `message_zh`, a parameter's name ...), `line` and
    `column` where in its text, from 1, or 0. `kind` names the finding for programs.
    """

    weight: Literal["mistake", "doubt"]
    kind: str
    zh: str
    en: str
    row: str = ""
    part: str = ""
    line: int = 0
    column: int = 0
    suggestion: str = ""


def mistake(kind: str, zh: str, en: str, /, *, row: str = "", part: str = "", suggestion: str = "") -> Finding:
    """A finding that refuses the book."""
    return Finding(weight="mistake", kind=kind, zh=zh, en=en, row=row, part=part, suggestion=suggestion)


def doubt(kind: str, zh: str, en: str, /, *, row: str = "", part: str = "") -> Finding:
    """A finding that those who vote should know."""
    return Finding(weight="doubt", kind=kind, zh=zh, en=en, row=row, part=part)


def from_language(error: CelError, *, row: str, part: str) -> Finding:
    """A mistake in an expression."""
    return Finding(
        weight="mistake", kind=error.kind, zh=error.zh, en=error.en, row=row, part=part, line=error.line,
        column=error.column, suggestion=error.suggestion,
    )  # fmt: skip
