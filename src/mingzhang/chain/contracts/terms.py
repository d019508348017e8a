"""What an agreement (合同/协议) says: its parties, money, milestones and their conditions, and what must hold in them.

Who signs it is in agreements.py, what becomes of its milestones in milestones.py and releases.py.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from mingzhang.chain.calendar import date_of, time_of
from mingzhang.chain.codec import Commitment, Date, Id, Name, ObjectId, PositiveFen, Seconds, Wire, Year
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.codes import projects as project_codes
from mingzhang.chain.contracts.members import read_organisation
from mingzhang.chain.contracts.projects import Project
from mingzhang.chain.contracts.standards import read_parameter
from mingzhang.chain.operations import Block, Evolve, Operation
from mingzhang.chain.state import View

AgreementId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}:[A-Za-z0-9][A-Za-z0-9._-]{0,39}(?!\n)$",
        description="identifier of an agreement: unit, colon, local part; short, for the payments' ids grow from it",
    ),
]
PartId = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,15}(?!\n)$", description="identifier of a milestone or condition"),
]
AGREEMENT_KINDS = {"construction": "工程", "purchase": "货物", "service": "服务"}
MILESTONE_KINDS = {
    "advance": "预付款",
    "progress": "进度款",
    "acceptance": "验收款",
    "retention": "质保金",
    "final": "尾款",
}
CONDITION_KINDS = {"progress_node": "进度节点", "acceptance": "验收", "invoice": "发票", "document": "资料"}
ATTESTING = ("attestor", "contractor", "unit_business", "unit_finance", "unit_head", "department_reviewer")
"""Roles that may be named to attest a condition."""
_UNCONDITIONAL = ("advance", "retention")


# --- Commands ---


class Condition(Wire, frozen=True, tag=False):
    """One thing that must be so before a milestone is paid, and who says that it is: a role of an organisation.

    A date is no condition of this kind: the ledger keeps it itself, as the milestone's `not_before`.
    """

    condition_id: PartId
    kind: Literal["progress_node", "acceptance", "invoice", "document"]
    description: Name
    organisation: Id
    role: Literal["attestor", "contractor", "unit_business", "unit_finance", "unit_head", "department_reviewer"]


class MilestoneTerms(Wire, frozen=True, tag=False):
    """A payment that releases itself when all conditions hold and ledger time has reached `not_before`.

    `budget_year` is the year whose budget bears it: its money is bound once the agreement is paid from a line of that
    year. `deadline` is when it is expected; nothing follows from it here, lateness is for monitoring to see.
    """

    milestone_id: PartId
    name: Name
    kind: Literal["advance", "progress", "acceptance", "retention", "final"]
    amount_fen: PositiveFen
    budget_year: Year
    conditions: Annotated[list[Condition], Meta(max_length=20)]
    not_before: Seconds | None
    deadline: Date | None


Milestones = Annotated[list[MilestoneTerms], Meta(min_length=1, max_length=100)]


class AgreementTerms(Wire, frozen=True, tag=False):
    """All that both sides sign. The unit is the one whose line pays; `counterparty` is the other side's organisation,
    `payee_id` the account it is paid to. The milestones sum to `total_fen`.

    `procurement_document` is the number of the award or approval, null below the threshold. Unit prices of a sealed
    purchase and the files are commitments only.
    """

    kind: Literal["construction", "purchase", "service"]
    title: Name
    project_id: ObjectId | None
    counterparty: Id
    payee_id: ObjectId
    line_id: ObjectId
    total_fen: PositiveFen
    procurement_document: Name | None
    unit_prices: Annotated[list[Commitment], Meta(max_length=500)]
    contract_files: Annotated[list[Commitment], Meta(min_length=1, max_length=50)]
    start_date: Date
    end_date: Date
    milestones: Milestones


# --- Events ---

# --- Keys ---

# --- Rules ---


def check_terms(view: View, terms: AgreementTerms, *, organisation: str, block: Block) -> None:
    """Refuse terms that do not hold together: dates, two different sides, then the milestones."""
    for date in (terms.start_date, terms.end_date):
        _check_date(date)
    if terms.start_date > terms.end_date:
        raise Refused(codes.AGREEMENT_DATES_WRONG, start_date=terms.start_date, end_date=terms.end_date)
    if belongs_to(view, terms.counterparty, organisation) or belongs_to(view, organisation, terms.counterparty):
        raise Refused(codes.COUNTERPARTY_IS_UNIT, counterparty=terms.counterparty, organisation=organisation)
    check_milestones(
        view,
        terms.milestones,
        released=(),
        total_fen=terms.total_fen,
        kind=terms.kind,
        counterparty=terms.counterparty,
        block=block,
    )


def check_milestones(
    view: View,
    milestones: Sequence[MilestoneTerms],
    *,
    released: Sequence[MilestoneTerms],
    total_fen: int,
    kind: str,
    counterparty: str,
    block: Block,
) -> None:
    """Refuse milestones that do not hold together: ids, conditions, sum with the released ones, retention money."""
    taken = [terms.milestone_id for terms in released]
    for terms in milestones:
        if terms.milestone_id in taken:
            raise Refused(codes.MILESTONE_TWICE, milestone=terms.milestone_id)
        taken.append(terms.milestone_id)
        _check_conditions(view, terms, counterparty=counterparty)
    everything = (*released, *milestones)
    sum_fen = sum(terms.amount_fen for terms in everything)
    if sum_fen != total_fen:
        raise Refused(codes.MILESTONES_TOTAL_WRONG, sum_fen=sum_fen, total_fen=total_fen)
    if kind == "construction":
        limit_bp = read_parameter(view, "retention_max_bp", block)
        limit_fen = total_fen * limit_bp // 10_000  # Rounded down: the share is a limit.
        retention_fen = sum(terms.amount_fen for terms in everything if terms.kind == "retention")
        if retention_fen > limit_fen:
            raise Refused(codes.RETENTION_TOO_HIGH, retention_fen=retention_fen, limit_bp=limit_bp, limit_fen=limit_fen)


def check_budget_years(milestones: Sequence[MilestoneTerms], project: Project | None, *, line_year: int) -> None:
    """Refuse milestones of years after the line's for which the project was not granted that much.

    What is due beyond the line's year is bound later, on that year's line; to promise it needs an approved budget now.
    """
    promised: dict[int, int] = {}
    for terms in milestones:
        if terms.budget_year > line_year:
            promised[terms.budget_year] = promised.get(terms.budget_year, 0) + terms.amount_fen
    for year, requested_fen in promised.items():
        slices = project.approved if project is not None else ()
        approved_fen = sum(part.amount_fen for part in slices if part.year == year)
        if requested_fen > approved_fen:
            raise Refused(
                codes.BUDGET_YEAR_NOT_APPROVED, year=year, requested_fen=requested_fen, approved_fen=approved_fen
            )


def belongs_to(view: View, organisation: str, above: str) -> bool:
    """Whether a registered organisation is the other one or lies below it. Raises Refused."""
    return f"/{above}/" in "/" + read_organisation(view, organisation).path


def _check_conditions(view: View, terms: MilestoneTerms, *, counterparty: str) -> None:
    milestone = terms.milestone_id
    if not terms.conditions and terms.kind not in _UNCONDITIONAL:
        raise Refused(codes.CONDITIONS_MISSING, milestone=milestone)
    if terms.kind == "retention" and terms.not_before is None:
        raise Refused(codes.RETENTION_WITHOUT_DATE, milestone=milestone)
    if terms.deadline is not None:
        _check_date(terms.deadline)
    seen: list[str] = []
    for condition in terms.conditions:
        if condition.condition_id in seen:
            raise Refused(codes.CONDITION_TWICE, milestone=milestone, condition=condition.condition_id)
        seen.append(condition.condition_id)
        if belongs_to(view, condition.organisation, counterparty) and condition.role == "attestor":
            raise Refused(codes.ATTESTOR_IS_COUNTERPARTY, milestone=milestone, organisation=condition.organisation)
    if sum(condition.kind == "invoice" for condition in terms.conditions) > 1:
        raise Refused(codes.TWO_INVOICES, milestone=milestone)


def _check_date(date: str) -> None:
    if date_of(time_of(date)) != date:
        raise Refused(project_codes.DATE_UNKNOWN, date=date)


COMMANDS: dict[type, Operation] = {}
EVENTS: dict[type, Evolve] = {}
