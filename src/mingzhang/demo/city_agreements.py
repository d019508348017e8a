"""The example city's agreements: some projects are paid by milestones that release themselves. All is illustrative."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from mingzhang.chain.contracts.agreements import CountersignAgreement, SignAgreement
from mingzhang.chain.contracts.attestations import AttestCondition
from mingzhang.chain.contracts.milestones import Claim
from mingzhang.chain.contracts.terms import AgreementTerms, Condition, MilestoneTerms
from mingzhang.demo.batches import Batch
from mingzhang.demo.city_bodies import PAYEES, clerk, head, manager
from mingzhang.demo.city_budget import CityLine
from mingzhang.demo.city_payments import Cash, period_date
from mingzhang.demo.city_projects import CityProject
from mingzhang.demo.story import Stage, opening

SUPPLIERS_OF = {
    "works": ("supplier-build-1", "supplier-build-2", "supplier-road", "supplier-water"),
    "device": ("supplier-device",),
    "it": ("supplier-it-1", "supplier-it-2"),
}
SHARE_OF_LINE_PERCENT = 96
RETENTION_PERIOD, RETENTION_DAY = 22, "12-12"
"""Retention money falls due on 12 December; the period in whose first days that is."""
POOR = 80
"""Projects of a lesser quality do not reach their final milestone within the year."""


class CityAgreement(NamedTuple):
    """An agreement and the periods in which things happen to it."""

    agreement_id: str
    project: CityProject
    line: CityLine
    supplier: str
    payee_id: str
    milestones: tuple[MilestoneTerms, ...]
    signed: int
    progressed: int
    finished: int


class Agreements:
    """All agreements of one year."""

    def __init__(self, projects: Sequence[CityProject], year: int, *, random: Random) -> None:
        self.year = year
        self.all = [
            _planned(one, one.lines[year], year, random=random)
            for one in projects
            if one.agreement and year == one.first_year and year in one.lines
        ]

    def lines(self) -> set[str]:
        """Lines that agreements spend, so that nothing else does."""
        return {one.line.line_id for one in self.all}

    def period(self, period: int, cash: Cash) -> Iterator[Batch]:
        """What is signed or attested in a period; what that releases is the bank's to settle in the next one."""
        date = period_date(self.year, period)
        for one in self.all:
            if period == one.signed:
                yield Batch(date, head(one.project.unit.unit_id), _signing(one), {})
                yield Batch(date, manager(one.supplier), _countersigning(one), {})
                one.line.left_fen -= sum(terms.amount_fen for terms in one.milestones)
                cash.released.append(f"{one.agreement_id}-advance")
            elif period == one.progressed:
                yield from _attested(one, "progress", date)
                cash.released.append(f"{one.agreement_id}-progress")
            elif period == one.finished and one.project.quality >= POOR:
                yield from _attested(one, "final", date)
                cash.released.append(f"{one.agreement_id}-final")
            if period == RETENTION_PERIOD and len(one.milestones) > 3:
                cash.released.append(f"{one.agreement_id}-retention")


def _planned(project: CityProject, line: CityLine, year: int, *, random: Random) -> CityAgreement:
    group = project.template.payee_group
    supplier = random.choice(SUPPLIERS_OF[group])
    total_fen = line.approved_fen * SHARE_OF_LINE_PERCENT // 100
    construction = group == "works"
    advance_fen, progress_fen = total_fen * 30 // 100, total_fen * 40 // 100
    retention_fen = total_fen * 3 // 100 if construction else 0
    rest_fen = total_fen - advance_fen - progress_fen - retention_fen
    conditions = [
        Condition(condition_id="accepted", kind="acceptance", description="单位验收合格",
                  organisation=project.unit.unit_id, role="unit_business"),
        Condition(condition_id="invoice", kind="invoice", description="对方开具发票", organisation=supplier,
                  role="contractor"),
    ]  # fmt: skip
    milestones = [
        _milestone("advance", "预付款", advance_fen, year=year, conditions=[]),
        _milestone("progress", "进度款", progress_fen, year=year, conditions=conditions),
        _milestone("final", "验收款", rest_fen, year=year, conditions=conditions),
    ]
    if retention_fen:
        milestones.append(
            MilestoneTerms(
                milestone_id="retention",
                name="质保金",
                kind="retention",
                amount_fen=retention_fen,
                budget_year=year,
                conditions=[],
                not_before=opening(f"{year}-{RETENTION_DAY}"),
                deadline=None,
            )
        )
    return CityAgreement(
        agreement_id=f"{project.project_id}-a",
        project=project,
        line=line,
        supplier=supplier,
        payee_id=f"finance:{group}-{random.randrange(len(PAYEES[group]))}",
        milestones=tuple(milestones),
        signed=random.randint(3, 8),
        progressed=random.randint(11, 17),
        finished=random.randint(19, 21),
    )


def _milestone(
    milestone_id: Any, name: str, amount_fen: int, *, year: int, conditions: list[Condition]
) -> MilestoneTerms:
    return MilestoneTerms(
        milestone_id=milestone_id,
        name=name,
        kind=milestone_id,
        amount_fen=amount_fen,
        budget_year=year,
        conditions=conditions,
        not_before=None,
        deadline=None,
    )


def _signing(one: CityAgreement) -> Any:
    kinds: dict[str, Any] = {"works": "construction", "device": "purchase", "it": "service"}
    unit = one.project.unit

    def commands(stage: Stage) -> Sequence[Any]:
        contract = stage.field(
            "合同:" + one.agreement_id,
            f"{one.project.name}合同正文(示例)",
            owner=unit.unit_id,
            readers=(head(unit.unit_id), "auditor"),
        )
        terms = AgreementTerms(
            kind=kinds[one.project.template.payee_group],
            title=f"{one.project.template.name}合同",
            project_id=one.project.project_id,
            counterparty=one.supplier,
            payee_id=one.payee_id,
            line_id=one.line.line_id,
            total_fen=sum(terms.amount_fen for terms in one.milestones),
            procurement_document=None,
            unit_prices=[],
            contract_files=[contract],
            start_date=f"{one.line.year}-01-01",
            end_date=f"{one.line.year}-12-31",
            milestones=list(one.milestones),
        )
        return [SignAgreement(agreement_id=one.agreement_id, terms=terms)]

    return commands


def _countersigning(one: CityAgreement) -> Any:
    return lambda _stage: [CountersignAgreement(agreement_id=one.agreement_id)]


def _attested(one: CityAgreement, milestone: str, date: str) -> Iterator[Batch]:
    unit_id = one.project.unit.unit_id
    invoice = f"合同票-{one.agreement_id}-{milestone}"

    def attest(attestation_id: str, claim: Claim, statement: str) -> list[Any]:
        return [
            AttestCondition(
                attestation_id=attestation_id,
                agreement_id=one.agreement_id,
                claims=[claim],
                statement=statement,
                evidence=[],
                date=date,
            )
        ]

    name = f"{one.agreement_id.replace(':', '.')}-{milestone}"
    yield Batch(
        date,
        manager(one.supplier),
        lambda stage: attest(
            f"{one.supplier}:{name}",
            Claim(milestone_id=milestone, condition_id="invoice", invoice=stage.index("invoice", invoice)),
            "发票已开具",
        ),
        {},
    )
    yield Batch(
        date,
        clerk(unit_id),
        lambda _stage: attest(
            f"{unit_id}:attest-{name}",
            Claim(milestone_id=milestone, condition_id="accepted", invoice=None),
            "验收合格",
        ),
        {},
    )
