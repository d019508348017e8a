"""Budget lines (指标): what was approved, and what each fen of it is doing now.

A line's total lies in buckets (available, frozen, encumbered, reserved, in transit, paid); one event moves money from
one bucket to another, so an unbalanced posting cannot be written down. Who moves it is said elsewhere: allotments.py
(project accounts, plans, freezes), adjustments.py (virement, supplement), payments.py, agreements.py.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from mingzhang.chain.codec import Code64, Id, Name, ObjectId, PositiveFen, Wire, Year
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import budgets as codes
from mingzhang.chain.contracts.members import check_authority, check_own_prefix, check_same
from mingzhang.chain.contracts.projects import check_approved
from mingzhang.chain.contracts.standards import check_code
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

Bucket = Literal["available", "frozen", "encumbered", "reserved", "in_transit", "paid"]
BUCKETS: dict[str, str] = {
    "available": "可用",
    "frozen": "冻结",
    "encumbered": "合同占用",
    "reserved": "申请占用",
    "in_transit": "在途",
    "paid": "已支付",
}
Payer = Literal["treasury", "project_account"]

# --- Commands ---


class ApproveLine(Wire, frozen=True, tag="budgets.approve_line/1"):
    """Approve a budget line (下达指标) for an organisation and year, for a project or (null) for basic expenditure.

    `paid_from` says whether payments go straight from the treasury (国库集中支付) or from the project account, which
    must then be given the money first (资金划拨).
    """

    line_id: ObjectId
    organisation: Id
    project_id: ObjectId | None
    year: Year
    function_code: Code64
    department_economic_code: Code64
    government_economic_code: Code64
    fund_type: Code64
    approved_fen: PositiveFen
    paid_from: Payer
    document: Name


# --- Events ---


class LineApproved(Wire, frozen=True, tag="budgets.line_approved/1"):
    """The line exists; all of it is available."""

    line_id: str
    organisation: str
    project_id: str | None
    year: int
    function_code: str
    department_economic_code: str
    government_economic_code: str
    fund_type: str
    approved_fen: int
    paid_from: str
    document: str
    by: str
    record: int


class Moved(Wire, frozen=True, tag="budgets.moved/1"):
    """Money of one line changed its bucket. `cause_id` is the payment, agreement or freeze it belongs to."""

    line_id: str
    amount_fen: int
    source: Bucket
    target: Bucket
    cause_id: str


class TotalChanged(Wire, frozen=True, tag="budgets.total_changed/1"):
    """A line's total grew or shrank by an approved adjustment; the change is in the available bucket."""

    line_id: str
    organisation: str
    year: int
    change_fen: int
    adjustment_id: str


class FundsAllocated(Wire, frozen=True, tag="budgets.allocated/1"):
    """The project account holds this much more of the line."""

    allocation_id: str
    line_id: str
    amount_fen: int
    purpose: str
    by: str
    record: int


class PlanSet(Wire, frozen=True, tag="budgets.plan_set/1"):
    """The line's spending plan by month."""

    line_id: str
    months_fen: list[int]
    by: str


class LineBlocked(Wire, frozen=True, tag="budgets.line_blocked/1"):
    """Nothing new may be spent or encumbered on the line."""

    line_id: str
    reason: str
    by: str


class LineUnblocked(Wire, frozen=True, tag="budgets.line_unblocked/1"):
    """The line is usable again."""

    line_id: str
    reason: str
    by: str


# --- Keys ---


class Line(msgspec.Struct, frozen=True):
    """A budget line. All amounts in fen; `adjusted_fen` is the net of adjustments and may be negative."""

    organisation: str
    project_id: str | None
    year: int
    function_code: str
    department_economic_code: str
    government_economic_code: str
    paid_from: str
    approved_fen: int
    adjusted_fen: int
    allocated_fen: int
    frozen_fen: int
    encumbered_fen: int
    reserved_fen: int
    in_transit_fen: int
    paid_fen: int
    blocked_by: str
    plan_fen: tuple[int, ...]
    record: int

    @property
    def total_fen(self) -> int:
        """Approved and adjusted."""
        return self.approved_fen + self.adjusted_fen

    @property
    def available_fen(self) -> int:
        """What may still be spent or bound."""
        bound = self.frozen_fen + self.encumbered_fen + self.reserved_fen + self.in_transit_fen + self.paid_fen
        return self.total_fen - bound


class Totals(msgspec.Struct, frozen=True):
    """What an organisation was given for a year: approvals, and the net of adjustments."""

    approved_fen: int
    adjusted_fen: int


class Mark(msgspec.Struct, frozen=True):
    """An entry whose name says all."""

    amount_fen: int


LINE = Key("budgets/line", Line)
"""budgets/line/<line>"""
TOTALS = Key("budgets/totals", Totals)
"""budgets/totals/<organisation>/<year>"""
PROJECT_LINE = Key("budgets/project_line", Mark)
"""budgets/project_line/<project>|<line>: which lines a project has."""
_BAR = "|"  # No id holds a bar, but a slash it may: a bar ends the first of two ids in a key.
ALLOCATION = Key("budgets/allocation", Mark)
"""budgets/allocation/<allocation>: money given to a project account."""


# --- Rules ---


class ProjectMoney(msgspec.Struct, frozen=True):
    """A project's money over its lines, in fen."""

    approved_fen: int
    adjusted_fen: int
    paid_fen: int


def read_line(view: View, line_id: str) -> Line:
    """A budget line. Raises Refused: without a line there is no budget (预算法第十三条)."""
    line = view.get(LINE, line_id)
    if line is None:
        raise Refused(codes.LINE_UNKNOWN, line=line_id)
    return line


def find_line(view: View, line_id: str) -> Line | None:
    """A budget line, or None."""
    return view.get(LINE, line_id)


def scan_lines(view: View) -> Iterable[tuple[str, Line]]:
    """All lines in order of id: for whole-state checks, not for decisions."""
    return view.scan(LINE)


def read_project_lines(view: View, project_id: str) -> list[tuple[str, Line]]:
    """(line id, line) of all a project's lines, in order of id."""
    start = project_id + _BAR
    line_ids = [name[len(start) :] for name, _mark in view.scan(PROJECT_LINE, start)]
    return [(line_id, read_line(view, line_id)) for line_id in line_ids]


def read_project_money(view: View, project_id: str, year: int | None) -> ProjectMoney:
    """A project's approved, adjusted (total after adjustments) and paid amounts, of one year or of all."""
    lines = [line for _name, line in read_project_lines(view, project_id) if year in (None, line.year)]
    return ProjectMoney(
        approved_fen=sum(line.approved_fen for line in lines),
        adjusted_fen=sum(line.total_fen for line in lines),
        paid_fen=sum(line.paid_fen for line in lines),
    )


def read_allocation(view: View, allocation_id: str) -> Mark | None:
    """An allocation to a project account, or None."""
    return view.get(ALLOCATION, allocation_id)


def decide_approve_line(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority, own id, codes of the year, project approved, project's approved amount of the year."""
    command: ApproveLine = item.command
    check_authority(view, item.signer, ("finance_budget",), organisation=command.organisation, block=block)
    check_own_prefix(command.line_id, command.organisation)
    stored = view.get(LINE, command.line_id)
    if stored is not None:
        names = ("project_id", "year", "function_code", "department_economic_code", "government_economic_code",
                 "approved_fen", "paid_from")  # fmt: skip
        check_same(command.line_id, stored, {name: getattr(command, name) for name in names})
    check_code(view, "function", command.function_code, year=command.year)
    check_code(view, "department_economic", command.department_economic_code, year=command.year)
    check_code(view, "government_economic", command.government_economic_code, year=command.year)
    check_code(view, "fund_type", command.fund_type, year=command.year)
    if command.project_id is not None:
        project = check_approved(view, command.project_id)
        if project.organisation != command.organisation:
            raise Refused(codes.PROJECT_OF_ANOTHER_ORGANISATION, project=command.project_id)
        given_fen = read_project_money(view, command.project_id, command.year).approved_fen
        granted_fen = sum(slice_.amount_fen for slice_ in project.approved if slice_.year == command.year)
        if given_fen + command.approved_fen > granted_fen:
            raise Refused(
                codes.EXCEEDS_PROJECT_APPROVAL,
                project=command.project_id,
                year=command.year,
                approved_fen=granted_fen,
                given_fen=given_fen,
                requested_fen=command.approved_fen,
            )
    fields = {name: getattr(command, name) for name in ApproveLine.__struct_fields__}
    return [LineApproved(**fields, by=item.signer, record=item.index)]


def evolve_line_approved(draft: Draft, event: LineApproved) -> None:
    """Store the line; add it to its organisation's totals and its project's lines."""
    line = Line(
        organisation=event.organisation,
        project_id=event.project_id,
        year=event.year,
        function_code=event.function_code,
        department_economic_code=event.department_economic_code,
        government_economic_code=event.government_economic_code,
        paid_from=event.paid_from,
        approved_fen=event.approved_fen,
        adjusted_fen=0,
        allocated_fen=0,
        frozen_fen=0,
        encumbered_fen=0,
        reserved_fen=0,
        in_transit_fen=0,
        paid_fen=0,
        blocked_by="",
        plan_fen=(),
        record=event.record,
    )
    draft.put(LINE, event.line_id, line)
    _add_totals(draft, f"{event.organisation}/{event.year}", approved_fen=event.approved_fen)
    if event.project_id is not None:
        draft.put(PROJECT_LINE, event.project_id + _BAR + event.line_id, Mark(amount_fen=event.approved_fen))


def evolve_moved(draft: Draft, event: Moved) -> None:
    """Take from one bucket, put into the other; `available` is what is left, so it has no field."""
    line = draft.get(LINE, event.line_id)
    if line is None:
        raise KeyError(event.line_id)
    changes = {}
    if event.source != "available":
        changes[_FIELD[event.source]] = getattr(line, _FIELD[event.source]) - event.amount_fen
    if event.target != "available":
        changes[_FIELD[event.target]] = getattr(line, _FIELD[event.target]) + event.amount_fen
    draft.put(LINE, event.line_id, msgspec.structs.replace(line, **changes))


_FIELD = {name: name + "_fen" for name in BUCKETS}


def evolve_total_changed(draft: Draft, event: TotalChanged) -> None:
    """Change the line's total and its organisation's."""
    _change(draft, event.line_id, adjusted_fen=read_line(draft, event.line_id).adjusted_fen + event.change_fen)
    _add_totals(draft, f"{event.organisation}/{event.year}", adjusted_fen=event.change_fen)


def evolve_funds_allocated(draft: Draft, event: FundsAllocated) -> None:
    """Add to what the project account was given."""
    _change(draft, event.line_id, allocated_fen=read_line(draft, event.line_id).allocated_fen + event.amount_fen)
    draft.put(ALLOCATION, event.allocation_id, Mark(amount_fen=event.amount_fen))


def evolve_plan_set(draft: Draft, event: PlanSet) -> None:
    """Store the plan."""
    _change(draft, event.line_id, plan_fen=tuple(event.months_fen))


def evolve_line_blocked(draft: Draft, event: LineBlocked) -> None:
    """Block the line."""
    _change(draft, event.line_id, blocked_by=event.by)


def evolve_line_unblocked(draft: Draft, event: LineUnblocked) -> None:
    """Lift the block."""
    _change(draft, event.line_id, blocked_by="")


def _change(draft: Draft, line_id: str, **fields: object) -> None:
    draft.put(LINE, line_id, msgspec.structs.replace(read_line(draft, line_id), **fields))


def _add_totals(draft: Draft, name: str, *, approved_fen: int = 0, adjusted_fen: int = 0) -> None:
    totals = draft.get(TOTALS, name) or Totals(approved_fen=0, adjusted_fen=0)
    draft.put(
        TOTALS,
        name,
        Totals(approved_fen=totals.approved_fen + approved_fen, adjusted_fen=totals.adjusted_fen + adjusted_fen),
    )


def _holds_together(line: Line) -> bool:
    """No bucket below zero, and the project account never given more than the line has nor spent beyond it."""
    spent_fen = line.reserved_fen + line.in_transit_fen + line.paid_fen
    return (
        min(line.frozen_fen, line.encumbered_fen, line.reserved_fen, line.in_transit_fen, line.paid_fen) >= 0
        and line.available_fen >= 0
        and 0 <= line.allocated_fen <= line.total_fen
        and (line.paid_from != "project_account" or spent_fen <= line.allocated_fen)
    )


def sums_of_lines(view: View) -> Iterable[str]:
    """Each organisation's lines of a year sum to its approvals plus adjustments; no line is out of balance."""
    sums: dict[str, list[int]] = {}
    for name, line in view.scan(LINE):
        if not _holds_together(line):
            yield f"line {name} is out of balance"
        total = sums.setdefault(f"{line.organisation}/{line.year}", [0, 0])
        total[0] += line.approved_fen
        total[1] += line.adjusted_fen
    for name, totals in view.scan(TOTALS):
        if sums.pop(name, [0, 0]) != [totals.approved_fen, totals.adjusted_fen]:
            yield f"lines of {name} do not sum to approvals plus adjustments"
    for name in sums:
        yield f"lines of {name} have no approval"


COMMANDS = {ApproveLine: Operation(decide_approve_line, ("finance_budget",))}
EVENTS = {
    LineApproved: evolve_line_approved,
    Moved: evolve_moved,
    TotalChanged: evolve_total_changed,
    FundsAllocated: evolve_funds_allocated,
    PlanSet: evolve_plan_set,
    LineBlocked: evolve_line_blocked,
    LineUnblocked: evolve_line_unblocked,
}
TOUCHED = {LINE: ("line_balances_hold", _holds_together)}
INVARIANTS = {"lines_sum_to_approvals_and_adjustments": sums_of_lines}
