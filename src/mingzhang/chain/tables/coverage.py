"""Findings about what rows cover together: rows that never apply, two for one case, cases that no row has."""

from collections.abc import Iterator
from typing import Any

from mingzhang.chain.cel import Program, admit
from mingzhang.chain.tables.book import Book, Hook, parameters_on
from mingzhang.chain.tables.finding import Finding, doubt, mistake
from mingzhang.chain.tables.regions import Box, Space, TooIntricate


def check_coverage(book: Book, hook: Hook, programs: list[Program]) -> list[Finding]:
    """Each finding once, for the first date on which it holds; parameters are those of that date."""
    found: dict[tuple[str, str, str], Finding] = {}
    least = {name: meaning.least for name, meaning in hook.facts.items() if meaning.least is not None}
    facts = {parameter.name: parameter.fact for parameter in book.parameters}
    for date in _dates(book):
        space = Space(programs, admit(facts, parameters_on(book, date)), least)
        for finding in _Coverage(book, space, date).findings():
            found.setdefault((finding.kind, finding.row, finding.part), finding)
    return list(found.values())


def _dates(book: Book) -> list[str]:
    """Dates from which the parameters together have other values, from when each has one; all of time without any."""
    if not book.parameters:
        return [""]
    first = max(parameter.values[0].since for parameter in book.parameters)
    return sorted({first, *(v.since for parameter in book.parameters for v in parameter.values if v.since > first)})


class _Coverage:
    """The findings of one date."""

    def __init__(self, book: Book, space: Space, date: str) -> None:
        self.book = book
        self.space = space
        self.zh, self.en = (f"自 {date} 起，", f"from {date} on, ") if date else ("", "")

    def findings(self) -> Iterator[Finding]:
        for index, row in enumerate(self.book.rows):
            box = self.space.boxes[index]
            if box is None:
                zh, en = (
                    "本行的条件互相矛盾，永不适用",
                    "the conditions of this row contradict each other: it never applies",
                )
                yield mistake("never", self.zh + zh, self.en + en, row=row.row)
            elif self.book.hit_policy == "FIRST":
                yield from self.unreachable(index, box)
            elif self.book.hit_policy == "UNIQUE":
                yield from self.overlaps(index)
        if self.book.otherwise is None:
            yield from self.gap()

    def unreachable(self, index: int, box: Box) -> Iterator[Finding]:
        row = self.book.rows[index].row
        try:
            if self.space.beyond(box, list(range(index))) is None:
                zh, en = "前面的行已包括本行的全部情形，永不适用", "rows above have all its cases: it never applies"
                yield mistake("unreachable", self.zh + zh, self.en + en, row=row)
        except TooIntricate:
            yield self.untold(row)

    def overlaps(self, index: int) -> Iterator[Finding]:
        """Rows above that share a case with this one."""
        row = self.book.rows[index].row
        for earlier in range(index):
            box = self.space.common(earlier, index)
            if box is not None:
                other = self.book.rows[earlier].row
                zh, en = f"与 {other} 行同时适用", f"applies together with row {other}"
                yield self.case("overlap", (zh, en), box, row=row, part=other)

    def gap(self) -> Iterator[Finding]:
        try:
            box = self.space.beyond({}, list(range(len(self.book.rows))))
        except TooIntricate:
            yield self.untold("")
            return
        if box is not None:
            zh, en = "有的情形没有一行适用，也没有 otherwise", "some cases have no row, and there is no `otherwise`"
            yield self.case("gap", (zh, en), box)

    def case(self, kind: str, said: tuple[str, str], box: Box, *, row: str = "", part: str = "") -> Finding:
        """A finding with an example; a doubt where the example may not exist."""
        values, sure = self.space.example(box)
        named = {name: self.named(value) for name, value in values.items()}
        zh = "，".join(f"{name} = {value}" for name, (value, _en) in named.items()) or "任何情形"
        en = ", ".join(f"{name} = {value}" for name, (_zh, value) in named.items()) or "any case"
        make = mistake if sure else doubt
        if not sure:
            zh, en = zh + "（若可能出现）", en + " (if that can be)"
        return make(kind, f"{self.zh}{said[0]}：{zh}", f"{self.en}{said[1]}: {en}", row=row, part=part)

    def named(self, value: Any) -> tuple[str, str]:
        """A value in both languages. A string with a zero character stands for any other than those named."""
        if isinstance(value, str) and (value == "" or "\0" in value):
            return "其他值", "another value"
        if isinstance(value, bool):
            return ("是", "true") if value else ("否", "false")
        return str(value), str(value)

    def untold(self, row: str) -> Finding:
        zh = "条件过于复杂，无法判断是否遗漏或永不适用"
        return doubt(
            "too_intricate", zh, "too intricate to tell whether all cases are covered, or one never is", row=row
        )
