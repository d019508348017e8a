"""Judging by a table: facts in, a verdict out. Whatever goes wrong inside a rule is part of the verdict.

A rule that fails never lets anything pass: the decision is then `hold`, and the book's keepers decide.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from mingzhang.chain.cel import BOOL, Facts, Program, admit, check, parse
from mingzhang.chain.cel.types import shown
from mingzhang.chain.codes.code import render
from mingzhang.chain.tables.book import Book, Effect, Hook, Row, parameters_on
from mingzhang.chain.tables.cells import row_text, tests_of
from mingzhang.chain.tables.reasons import RowReport, report_row

BOOK_STEPS_MAX = 100_000
"""Steps that one judgement by one book may take: some milliseconds at the very worst."""

Decision = Literal["allow", "require_file", "hold", "refuse"]
_DECISIONS: tuple[Decision, ...] = ("refuse", "hold", "require_file", "allow")  # the strictest first


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A row that applies, its messages with facts filled in, and the facts and parameters it read.

    `row` is empty for the book's `otherwise`.
    """

    row: str
    effect: Effect
    message_zh: str
    message_en: str
    disposal_zh: str
    disposal_en: str
    basis: str
    facts: dict[str, Any]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why the book could not judge. `kind`: an error of the rule language, `budget_exceeded`, `several_rows`, `no_row`.

    `fact` names the fact that was not known, for `no_such_fact`.
    """

    kind: str
    row: str = ""
    fact: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a book says to one set of facts. The same on every node, steps included."""

    decision: Decision
    hits: tuple[Hit, ...]
    faults: tuple[Fault, ...]
    steps: int


class Table:
    """A book made ready to judge. Raises CelError or ValueError for a book that `check_book` would refuse."""

    def __init__(self, book: Book, hook: Hook) -> None:
        self.book = book
        self.hook = hook
        self.declared = hook.declared(book)
        self.programs = [Program(check(parse(row_text(tests_of(book, row))), self.declared, BOOL)) for row in book.rows]
        self._facts = {name: meaning.fact for name, meaning in hook.facts.items()}
        declared = {parameter.name: self.declared[parameter.name] for parameter in book.parameters}
        self._dates = sorted({value.since for parameter in book.parameters for value in parameter.values})
        self._parameters = [admit(declared, parameters_on(book, date)) for date in self._dates]

    def admit(self, given: Mapping[str, Any], *, on: str) -> Facts:
        """Facts of the hook and the parameters of a date, as rows read them. Raises ValueError naming a wrong fact."""
        facts = admit(self._facts, given)
        begun = bisect_right(self._dates, on)  # of these dates the last one counts
        return facts | self._parameters[begun - 1] if begun else facts

    def judge(self, given: Mapping[str, Any], *, on: str) -> Verdict:
        """The verdict over facts as `admit` takes them, with the parameters of a date YYYY-MM-DD."""
        return self.judge_admitted(self.admit(given, on=on))

    def judge_admitted(self, facts: Facts) -> Verdict:
        """The verdict over facts that `admit` returned."""
        left = BOOK_STEPS_MAX
        hits: list[Hit] = []
        faults: list[Fault] = []
        for row, program in zip(self.book.rows, self.programs, strict=True):
            outcome = program.outcome(facts, left)
            left -= outcome.steps
            if outcome.value is True:
                hits.append(self._hit(row, program, facts))
            elif outcome.value is None:
                error = outcome.error
                kind = "budget_exceeded" if error is None else error.kind
                faults.append(Fault(kind=kind, row=row.row, fact="" if error is None else error.fact))
            if self.book.hit_policy == "FIRST" and (hits or faults):
                break
        if self.book.hit_policy == "UNIQUE" and len(hits) > 1:
            faults += [Fault(kind="several_rows", row=hit.row) for hit in hits]
        if not hits and not faults:
            if self.book.otherwise is None:
                faults.append(Fault(kind="no_row"))
            else:
                hits.append(_otherwise(self.book.otherwise))
        kinds = [hit.effect.kind for hit in hits] + ["hold"] * bool(faults)
        decision: Decision = next((kind for kind in _DECISIONS if kind in kinds), "allow")
        return Verdict(decision=decision, hits=tuple(hits), faults=tuple(faults), steps=BOOK_STEPS_MAX - left)

    def why(self, given: Mapping[str, Any], *, on: str) -> tuple[RowReport, ...]:
        """Every row with each of its cells: whether it held, what it saw, and what would turn it."""
        facts = self.admit(given, on=on)
        return tuple([report_row(self.book, row, self.declared, facts=facts) for row in self.book.rows])

    def _hit(self, row: Row, program: Program, facts: Facts) -> Hit:
        read = {name: shown(facts[name], self.declared[name].type) for name in program.facts_read() if name in facts}
        filled = self._fillings(row, facts)
        return Hit(
            row=row.row,
            effect=row.effect,
            message_zh=render(row.message_zh, filled),
            message_en=render(row.message_en, filled),
            disposal_zh=render(row.disposal_zh, filled),
            disposal_en=render(row.disposal_en, filled),
            basis=row.basis,
            facts=read,
        )

    def _fillings(self, row: Row, facts: Facts) -> dict[str, int | str]:
        """Facts that the row's texts name in braces."""
        texts = row.message_zh + row.message_en + row.disposal_zh + row.disposal_en
        filled: dict[str, int | str] = {}
        for name, value in facts.items():
            if "{" + name + "}" in texts:
                said = shown(value, self.declared[name].type)
                filled[name] = "、".join([str(item) for item in said]) if isinstance(said, list) else said
        return filled


def _otherwise(effect: Effect) -> Hit:
    return Hit(
        row="", effect=effect, message_zh="没有一行适用", message_en="no row applies", disposal_zh="", disposal_en="",
        basis="", facts={},
    )  # fmt: skip
