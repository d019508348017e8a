"""How results reach a screen, a pipe or another program: sentences, tables, JSON, progress. What they say is others'.

Results go to standard output; progress, notes and errors to standard error, so that output can be piped.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mingzhang.chain.codes import Code, Facts, render
from mingzhang.chain.codes.code import yuan
from mingzhang.cli.words import heading, word

BEIJING_HOURS = 8
"""Ledger time is shown as Beijing time, in which the documents it is compared with are dated."""

LANGUAGE_VARIABLE = "MINGZHANG_LANG"
"""Set to en, it stands for --lang en."""


class Column(NamedTuple):
    """A column of a table: the row's field, its headings, and how the value is shown (`shown`)."""

    field: str
    zh: str
    en: str
    kind: str = "text"


WRAPPED_LEAST = 12
"""Columns that a column of words is given at least; below, the table is printed wider than the terminal."""
RIGHT = frozenset({"int", "fen", "hundredths", "bp"})
"""Kinds that are numbers, and stand at the right."""


class Output:
    """Where one command writes. `lang` is zh (Chinese first, English second) or en (English alone)."""

    def __init__(self) -> None:
        self.as_json = False
        self.lang = "en" if os.environ.get(LANGUAGE_VARIABLE) == "en" else "zh"
        self.out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self.err = Console(file=sys.stderr, highlight=False, soft_wrap=True)

    def json(self, value: Any) -> None:
        """One JSON document."""
        print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8"), file=self.out.file)

    def say(self, zh: str, en: str, *, style: str = "") -> None:
        """A sentence in Chinese, and the English one below it. Nothing with --json: there the document says all."""
        if not self.as_json:
            self._pair(self.out, zh, en, style=style)

    def note(self, zh: str, en: str) -> None:
        """A sentence beside the result, on standard error; with --json too."""
        self._pair(self.err, zh, en, style="yellow")

    def error(self, zh: str, en: str) -> None:
        """Why it failed, on standard error."""
        if self.as_json:
            line = msgspec.json.encode({"error": {"zh": zh, "en": en}}).decode("utf-8")
            print(line, file=self.err.file)
        else:
            self._pair(self.err, f"错误：{zh}", f"error: {en}" if self.lang == "en" else en, style="red")

    def pick(self, zh: str, en: str) -> str:
        """The text of the language that stands first."""
        return en if self.lang == "en" else zh

    def table(self, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], *, title: str = "") -> None:
        """Rows as a table; on a pipe as aligned columns that are never cut; with --json as a list of objects."""
        if self.as_json:
            self.json(list(rows))
            return
        headings = [self.pick(column.zh, column.en) for column in columns]
        cells = [[shown(row.get(column.field), column.kind) for column in columns] for row in rows]
        right = [column.kind in RIGHT for column in columns]
        widths = [max(cell_len(line[at]) for line in [headings, *cells]) for at in range(len(columns))]
        if self.out.is_terminal and self._fits(widths, cells):
            table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
            for at, heading in enumerate(headings):
                justify: Literal["right", "left"] = "right" if right[at] else "left"
                table.add_column(heading, justify=justify, no_wrap=not _may_wrap(cells, at), overflow="fold")
            for line in cells:
                table.add_row(*(Text(cell) for cell in line))
            self.out.print(table, soft_wrap=False)
            return
        if title:
            print(title, file=self.out.file)
        for line in [headings, *cells]:
            padded = (_padded(line[at], widths[at], to_right=right[at]) for at in range(len(columns)))
            print("  ".join(padded).rstrip(), file=self.out.file)

    def _fits(self, widths: Sequence[int], cells: Sequence[Sequence[str]]) -> bool:
        """Whether the terminal shows all columns without cutting what must not be cut, such as an id."""
        least = (min(width, WRAPPED_LEAST) if _may_wrap(cells, at) else width for at, width in enumerate(widths))
        return sum(least) + 3 * len(widths) <= self.out.width

    def pairs(self, pairs: Iterable[tuple[str, str, Any]]) -> None:
        """Lines of `heading  value`: Chinese heading, English heading, value."""
        lines = [(self.pick(zh, en), shown(value)) for zh, en, value in pairs]
        width = max((cell_len(name) for name, _value in lines), default=0)
        for name, value in lines:
            text = Text.assemble((_padded(name, width, to_right=False), "bold"), "  ", value)
            text.rstrip()
            self.out.print(text)

    def answer(self, code: Code, facts: Facts) -> None:
        """A code with its sentence; for a refusal also basis, facts read, and what would make it pass."""
        good = code.number in GOOD_CODES
        self.out.print(Text(f"{'✓' if good else '✗'} {code.number} {code.name}", style="green" if good else "red"))
        self._pair(self.out, render(code.zh, facts), render(code.en, facts))
        if good:
            return
        if facts:
            read = ", ".join(f"{heading(name, self.lang)}={self.told(name, value)}" for name, value in facts.items())
            self.out.print(Text(f"{self.pick('事实', 'facts')}: {read}"))
        if code.basis:
            self.out.print(Text(f"{self.pick('依据', 'basis')}: {code.basis}"))
        if code.remedy_zh or code.remedy_en:
            zh, en = render(code.remedy_zh, facts), render(code.remedy_en, facts)
            self._pair(self.out, f"怎样才能通过：{zh}", f"what would make it pass: {en}")

    def told(self, name: str, value: Any, *, what: str = "") -> str:
        """A field's value, nested ones with their headings; `what` is the list whose states are meant."""
        if isinstance(value, dict):
            parts = value.items()
            return ", ".join(f"{heading(key, self.lang)} {self.told(key, one, what=what)}" for key, one in parts)
        if isinstance(value, list | tuple):
            between = "; " if any(isinstance(one, dict) for one in value) else ", "
            return between.join(self.told(name, one, what=what) for one in value)
        return shown_fact(name, word(name, value, self.lang, what=what))

    def progress(self) -> Progress:
        """A progress display on standard error: one task, out of a total. Use as a context manager."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.err,
            transient=True,
            disable=not self.err.is_terminal,
        )

    def _pair(self, console: Console, zh: str, en: str, *, style: str = "") -> None:
        if self.lang != "en":
            console.print(Text(zh, style=style))
        if en:
            console.print(Text(en, style=style if self.lang == "en" else "dim"))


GOOD_CODES = frozenset({1, 2})
"""ok, and exists: what was asked for is on the ledger."""


def explained(code: Code, facts: Facts) -> dict[str, Any]:
    """A code with its sentences filled in, as --json shows it."""
    return {
        "number": code.number,
        "code": code.name,
        "sentence_zh": render(code.zh, facts),
        "sentence_en": render(code.en, facts),
        "facts": facts,
        "basis": code.basis,
        "remedy_zh": render(code.remedy_zh, facts),
        "remedy_en": render(code.remedy_en, facts),
        "retry": code.retry,
    }


def shown(value: Any, kind: str = "text") -> str:
    """A value as a person reads it: money in yuan, times in Beijing time, scores and rates with their point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    if isinstance(value, int):
        if kind == "fen":
            return yuan(value)
        if kind == "time":
            return beijing(value)
        if kind in ("hundredths", "bp"):
            sign, size = ("-", -value) if value < 0 else ("", value)
            return f"{sign}{size // 100}.{size % 100:02d}{'%' if kind == 'bp' else ''}"
    if isinstance(value, bytes):
        return value.hex()
    if kind == "subjects":
        return ", ".join(name for _kind, name in value)
    if isinstance(value, list | tuple):
        return ", ".join(shown(one) for one in value)
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode("utf-8")
    return str(value)


def shown_fact(name: str, value: Any) -> str:
    """A fact or field by the unit its name ends in."""
    for ending, kind in (("_fen", "fen"), ("_bp", "bp"), ("_hundredths", "hundredths"), ("_time", "time")):
        if name.endswith(ending):
            return shown(value, kind)
    return shown(value, "time" if name in TIMES else "text")


TIMES = frozenset({"time", "at", "expires_at", "deadline"})
"""Fields that are ledger time although their names do not end in _time."""


def beijing(seconds: int) -> str:
    """Ledger time as Beijing time, with its zone: 2022-04-15 13:20:00 +08:00."""
    there = datetime.fromtimestamp(seconds, UTC) + timedelta(hours=BEIJING_HOURS)
    return there.strftime(f"%Y-%m-%d %H:%M:%S +{BEIJING_HOURS:02d}:00")


def _may_wrap(cells: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a column holds words rather than ids, dates and amounts."""
    return any(" " in line[at] or not line[at].isascii() for line in cells)


def _padded(cell: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if to_right else cell + space
