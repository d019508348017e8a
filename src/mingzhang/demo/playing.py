"""Plays a story on its stage: moves the sandbox clock, has each step signed, and says what came of it, row by row.

What the ledger did by itself between two steps (a milestone released, a deadline passed) is told too. No printing here.
"""

from collections.abc import Callable, Iterator, Sequence
from time import sleep
from typing import Any, NamedTuple

from mingzhang.chain.calendar import date_of
from mingzhang.chain.codes import Code, Facts, code_named, render
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.chain.operations import LEDGER, Record
from mingzhang.demo.following import follow_up_told, noted
from mingzhang.demo.people import everybody, organisation_names
from mingzhang.demo.story import Chapter, Deed, Stage, Step, opening, told
from mingzhang.desk import Desk

CLOCK = "clock"
"""Who moves the sandbox clock: between steps unseen, or as a step of the story that something falls due on."""
OURS = b'"hospital:'
"""What the ledger does about the case's objects is told; what it does in the example city is not."""


class Row(NamedTuple):
    """One line of the table. `number` is None for what the ledger did by itself; `good` whether it went as expected."""

    number: int | None
    chapter: str
    date: str
    who: str
    what: str
    code: str
    height: int
    why: str
    good: bool


class Player:
    """Plays the chapters; `before` is called with each step's date, so that others may act first."""

    def __init__(self, stage: Stage, tell: Callable[[Row], None], *, before: Callable[[str], None]) -> None:
        self.stage = stage
        self.desk = stage.desk
        self._tell = tell
        self._before = before
        self._names = organisation_names()
        self._people = everybody()
        self._number = 0
        self._chapter = ""
        self._leaves = self.desk.store.head().frontier.size
        self.surprises: list[str] = []
        """What went otherwise than the story says, by step."""

    def play(self, chapters: Sequence[Chapter]) -> None:
        """All steps in order of date."""
        for title, step in told(chapters):
            self._before(step.date)
            if step.who != CLOCK:
                self._advance(step.date)
            self._chapter = title
            self._number += 1
            if isinstance(step, Deed):
                self._do(step)
            else:
                self._sign(step)

    def finish(self) -> None:
        """Tell what the ledger did after the last step."""
        self._tell_follow_ups()

    def _advance(self, date: str) -> None:
        """Move the clock to the morning of the date, unless it is later already."""
        time = opening(date)
        if self.desk.ledger.time() < time:
            must(self.desk.act(CLOCK, StateTime(time=time)))
            wait_for_due(self.desk)
        self._tell_follow_ups()

    def _sign(self, step: Step) -> None:
        receipt = self.desk.act(step.who, *step.commands(self.stage))
        codes = [receipt.door.name] if receipt.door is not None else [name for _index, name in receipt.items]
        good = codes[-1] == step.expect and all(code == "ok" for code in codes[:-1])
        shown = next((code for code in codes if code != "ok"), "ok")
        if receipt.door is not None:
            why = explained(receipt.door, receipt.facts)
        else:
            records = [self._record(index) for index, _name in receipt.items]
            worst = next((one for one in records if one.code != "ok"), records[-1])
            why = explained(code_named(worst.code), worst.facts) if worst.code != "ok" else noted(records)
            if step.mark:
                self.stage.records[step.mark] = records[-1].index
        self._row(step, shown, receipt.height, why=why, good=good)
        wait_for_due(self.desk)
        self._tell_follow_ups()

    def _do(self, deed: Deed) -> None:
        done = deed.do(self.stage)
        self._row(deed, done.code, self.desk.ledger.height(), why=done.why, good=done.good)
        self._tell_follow_ups()

    def _row(self, step: Step | Deed, code: str, height: int, *, why: str, good: bool) -> None:
        person = self._people[step.who]
        who = f"{person.post}({self._names[person.organisation]})"
        if not good:
            self.surprises.append(f"{self._number}:{step.what}:{code}")
        self._tell(
            Row(
                number=self._number,
                chapter=self._chapter,
                date=step.date,
                who=who,
                what=step.what,
                code=code,
                height=height,
                why=why,
                good=good,
            )
        )

    def _tell_follow_ups(self) -> None:
        """Rows for what the ledger itself recorded about the case since last time."""
        for record in self._new_ledger_records():
            said = follow_up_told(record)
            if said is None:
                continue
            refused = record.code != "ok"
            why = explained(code_named(record.code), record.facts) if refused else said.why
            self._tell(
                Row(
                    number=None,
                    chapter=self._chapter,
                    date=date_of(record.time),
                    who="账本(规则自动)",
                    what=said.what,
                    code=record.code,
                    height=record.height,
                    why=why,
                    good=not refused,
                )
            )
            if refused:
                self.surprises.append(f"{said.what}:{record.code}")

    def _new_ledger_records(self) -> Iterator[Record]:
        size = self.desk.store.head().frontier.size
        first, self._leaves = self._leaves, size
        signed = f'"signer":"{LEDGER}"'.encode()
        for leaf in self.desk.store.leaves(first, size):
            if signed in leaf and OURS in leaf:
                record = REGISTRY.leaves.decode(leaf)
                if isinstance(record, Record):
                    yield record

    def _record(self, index: int) -> Record:
        record = REGISTRY.leaves.decode(self.desk.store.leaf(index))
        if not isinstance(record, Record):
            raise TypeError(f"leaf {index} is not a record")
        return record


def explained(code: Code, facts: Facts) -> str:
    """A refusal's sentence, its basis and what would make the request pass."""
    parts = [render(code.zh, facts)]
    if code.basis:
        parts.append(f"依据:{render(code.basis, facts)}")
    if code.remedy_zh:
        parts.append(f"如何办理:{render(code.remedy_zh, facts)}")
    return "。".join(parts)


def wait_for_due(desk: Desk) -> None:
    """Wait until what fell due by ledger time has been judged. Raises TimeoutError after a minute."""
    for _attempt in range(6_000):
        first = next(iter(desk.view().scan(REGISTRY.due)), None)
        if first is None or int(first[0].partition("/")[0]) > desk.ledger.time():
            return
        sleep(0.01)
    raise TimeoutError("what fell due was not judged within a minute")


def must(receipt: Any) -> None:
    """Raise RuntimeError unless everything in the envelope was accepted: for what the story does not tell."""
    if receipt.door is not None or any(name != "ok" for _index, name in receipt.items):
        raise RuntimeError(f"must be accepted: {receipt.code.name} {receipt.facts}")
