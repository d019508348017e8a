"""The example city around the case: 40 units, 200 projects, three years, made by a seeded generator, sent in batches.

Everything in it is illustrative. One seed gives the same commands every time, but for what sealing adds at random.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from heapq import merge
from random import Random
from typing import Any, NamedTuple

from mingzhang.chain.calendar import time_of
from mingzhang.chain.contracts.adjustments import DecideAdjustment, RequestTransfer
from mingzhang.chain.contracts.members import EnrolPerson, RegisterOrganisation
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.demo.batches import Batch, batch, in_batches
from mingzhang.demo.city_agreements import Agreements
from mingzhang.demo.city_bodies import LABOUR_PEOPLE, PAYEES, Unit, bodies, cashier, people, units
from mingzhang.demo.city_budget import CityLine, running_lines
from mingzhang.demo.city_payments import PERIODS, Cash, period_date
from mingzhang.demo.city_projects import CityProject, plan_projects, project_batches
from mingzhang.demo.city_results import finding_batches, result_batches
from mingzhang.demo.founding import grants
from mingzhang.demo.people import DIVISION, Person
from mingzhang.demo.playing import CLOCK, must
from mingzhang.demo.story import Stage
from mingzhang.node.ledger import Receipt

EVENING_SECONDS = 18 * 3600
"""Batches of a day are sent when offices close, after the case's steps of that day."""
TRANSFERS_A_YEAR = 10
TRANSFER_ASKED, TRANSFER_DECIDED = 16, 17
"""Periods in which transfers between running-cost lines are asked for and decided."""


class Size(NamedTuple):
    """How large a city."""

    units: int = 40
    projects: int = 200
    years: tuple[int, ...] = (2021, 2022, 2023)


def city_batches(size: Size, seed: str) -> Iterator[Batch]:
    """All batches of the city in order of date."""
    chosen = units(size.units)
    projects = plan_projects(chosen, size.years, size.projects, random=Random(seed + "/projects"))
    streams: list[Iterator[Batch]] = [
        _enrolled(chosen),
        _spent(chosen, projects, size.years, seed=seed),
        *(project_batches(projects, year) for year in size.years),
        *(_after(projects, year, seed) for year in size.years),
        *(_watched(projects, year, seed) for year in size.years),
    ]
    return merge(*streams, key=_date)


class City:
    """The city's batches on a stage, sent as far as a date; counts what was answered otherwise than foreseen."""

    def __init__(self, stage: Stage, size: Size, *, seed: str, progress: Callable[[str], None]) -> None:
        self.stage = stage
        self._batches = city_batches(size, seed)
        self._next: Batch | None = next(self._batches, None)
        self._progress = progress
        self._sent: list[tuple[Batch, Future[Receipt]]] = []
        self.counts: dict[str, int] = {}
        self.surprises: list[str] = []

    def until(self, date: str) -> None:
        """Send all batches of days before the date, and wait until they are judged."""
        while self._next is not None and self._next.date < date:
            today = self._next.date
            self._advance(today)
            while self._next is not None and self._next.date == today:
                self._send(self._next)
                self._next = next(self._batches, None)
            self._settle()
            self._progress(today)

    def _advance(self, date: str) -> None:
        desk = self.stage.desk
        time = time_of(date) + EVENING_SECONDS
        if desk.ledger.time() < time:
            must(desk.act_soon(CLOCK, StateTime(time=time)).result())

    def _send(self, one: Batch) -> None:
        commands = one.commands(self.stage)
        if commands:
            self._sent.append((one, self.stage.desk.act_soon(one.who, *commands)))

    def _settle(self) -> None:
        for one, future in self._sent:
            receipt = future.result()
            answers = [receipt.door.name] if receipt.door is not None else [name for _index, name in receipt.items]
            for place, answer in enumerate(answers):
                self.counts[answer] = self.counts.get(answer, 0) + 1
                expected = one.refused.get(place, "ok")
                if answer != expected:
                    self.surprises.append(f"{one.date} {one.who} #{place}: {answer}, expected {expected}")
        self._sent = []


def _enrolled(chosen: Sequence[Unit]) -> Iterator[Batch]:
    """Organisations, people and payees, in the weeks after the ledger began."""
    registrations = [
        RegisterOrganisation(
            organisation_id=one.organisation_id,
            name=one.name,
            kind=one.kind,
            parent=one.parent,
            division_code=DIVISION,
        )
        for one in bodies(chosen)
    ]
    yield batch("2020-11-09", "dg-admin", registrations)
    everyone = people(chosen)
    for first in range(0, len(everyone), 50):
        yield Batch("2020-11-10", "dg-admin", _enrolment(everyone[first : first + 50]), {})
    yield Batch("2020-11-16", "finance-treasury", _payees, {})


def _enrolment(some: Sequence[Person]) -> Callable[[Stage], Sequence[Any]]:
    def commands(stage: Stage) -> Sequence[Any]:
        made: list[Any] = []
        for one in some:
            made.append(
                EnrolPerson(
                    person_id=one.person_id,
                    organisation=one.organisation,
                    post=one.post,
                    public_key=stage.new_key(one.person_id),
                    name_commitment=stage.field(
                        "姓名:" + one.person_id, one.name, owner=one.organisation, readers=["dg-admin"]
                    ),
                )
            )
            made += grants(one)
        return made

    return commands


def _payees(stage: Stage) -> Sequence[Any]:
    rows = [(f"{group}-{number}", name) for group, names in PAYEES.items() for number, name in enumerate(names)]
    enterprises = [_payee(stage, local, name, number=number) for number, (local, name) in enumerate(rows)]
    people_paid = [_payee(stage, f"labour-{number}", None, number=500 + number) for number in range(LABOUR_PEOPLE)]
    return [*enterprises, *people_paid]


def _payee(stage: Stage, local: str, name: str | None, *, number: int) -> RegisterPayee:
    account = f"62170000{number:011d}"
    readers = ("finance-treasury",)
    return RegisterPayee(
        payee_id=f"finance:{local}",
        organisation="finance",
        kind="individual" if name is None else "enterprise",
        name=name,
        name_commitment=stage.field("姓名:" + local, f"示例·劳务{number}", owner="finance", readers=readers)
        if name is None
        else None,
        account_commitment=stage.field("账号:" + local, account, owner="finance", readers=readers),
        account_index=stage.index("account", account),
        contact_commitment=None,
    )


def _spent(
    chosen: Sequence[Unit], projects: Sequence[CityProject], years: Sequence[int], *, seed: str
) -> Iterator[Batch]:
    """The money of all years: lines, then two dates a month on which bank, treasury and units act."""
    cash = Cash(Random(seed + "/cash"))
    for year in years:
        random = Random(f"{seed}/{year}")
        lines = running_lines(chosen, year, random)
        for one in projects:
            if one.spends(year):
                lines.append(one.line(year, min(100, one.quality + random.randint(0, 8))))
        yield from in_batches(f"{year}-01-08", "finance-budget", [line.approval() for line in lines])
        agreements = Agreements(projects, year, random=random)
        bound = agreements.lines()
        free = [line for line in lines if line.line_id not in bound]
        transfers = _transfers(free, random)
        for period in range(PERIODS):
            date = period_date(year, period)
            yield from cash.bank(date)
            yield from cash.treasury(date)
            yield from agreements.period(period, cash)
            if period % 2 == 0:
                cash.month(free, year, period // 2 + 1)
            yield from cash.units(date, chosen)
            yield from _moved(transfers, period, date)
    for period in (0, 1, 2):
        date = period_date(years[-1] + 1, period)
        yield from cash.bank(date)
        yield from cash.treasury(date)


def _transfers(lines: Sequence[CityLine], random: Random) -> list[tuple[CityLine, CityLine]]:
    """Pairs of lines of one unit: from travel to repairs."""
    by_code = {(line.unit.unit_id, line.department_code): line for line in lines if line.project_id is None}
    pairs = [
        (line, by_code[unit_id, "30213"])
        for (unit_id, code), line in by_code.items()
        if code == "30211" and (unit_id, "30213") in by_code
    ]
    return random.sample(pairs, min(TRANSFERS_A_YEAR, len(pairs)))


def _moved(transfers: Sequence[tuple[CityLine, CityLine]], period: int, date: str) -> Iterator[Batch]:
    """Money asked for is set aside by the generator at once, so that it is still there when it is decided on."""
    if period == TRANSFER_ASKED:
        for giving, receiving in transfers:
            amount_fen = giving.left_fen // 4
            giving.left_fen -= amount_fen
            giving.approved_fen -= amount_fen
            ask = RequestTransfer(
                adjustment_id=_transfer_id(giving),
                from_line=giving.line_id,
                to_line=receiving.line_id,
                amount_fen=amount_fen,
                reason="差旅减少,维修任务增加。(示例)",
            )
            receiving.moved_fen = amount_fen
            yield batch(date, cashier(giving.unit.unit_id), [ask])
    elif period == TRANSFER_DECIDED:
        for _giving, receiving in transfers:
            receiving.left_fen += receiving.moved_fen
            receiving.approved_fen += receiving.moved_fen
        verdicts = [
            DecideAdjustment(
                adjustment_id=_transfer_id(giving), verdict="approve", document="预调示例号", opinion="同意。(示例)"
            )
            for giving, _receiving in transfers
        ]
        yield from in_batches(date, "finance-budget", verdicts)


def _transfer_id(giving: CityLine) -> str:
    return f"{giving.unit.unit_id}:transfer-{giving.year}"


def _after(projects: Sequence[CityProject], year: int, seed: str) -> Iterator[Batch]:
    """Which lines a project has is known once the year's money began; a generator runs only when it is asked."""
    yield from result_batches(projects, year, random=Random(f"{seed}/results/{year}"))


def _watched(projects: Sequence[CityProject], year: int, seed: str) -> Iterator[Batch]:
    yield from finding_batches(projects, year, random=Random(f"{seed}/findings/{year}"))


def _date(one: Batch) -> str:
    return one.date
