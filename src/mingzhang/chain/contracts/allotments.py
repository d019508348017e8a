"""What finance does to a line between approval and payment: project accounts, spending plans, freezes and thaws.

The events are the budget lines' own (budgets.py); here is who may cause them, and when.
"""

from typing import Annotated

from msgspec import Meta

from mingzhang.chain.codec import Fen, ObjectId, PositiveFen, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import budgets as codes
from mingzhang.chain.contracts.balances import check_spendable, moved
from mingzhang.chain.contracts.budgets import (
    FundsAllocated,
    LineBlocked,
    LineUnblocked,
    PlanSet,
    read_allocation,
    read_line,
)
from mingzhang.chain.contracts.members import check_authority, check_own_prefix, check_same
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

# --- Commands ---


class AllocateFunds(Wire, frozen=True, tag="allotments.allocate/1"):
    """Give money of a line to its project account (拨款): no more than the line's total."""

    allocation_id: ObjectId
    line_id: ObjectId
    amount_fen: PositiveFen
    purpose: Text


class SetPlan(Wire, frozen=True, tag="allotments.set_plan/1"):
    """Plan a line's spending by month (用款计划); the twelve amounts must sum to no more than the line's total."""

    line_id: ObjectId
    months_fen: Annotated[list[Fen], Meta(min_length=12, max_length=12)]


class FreezeLine(Wire, frozen=True, tag="allotments.freeze_line/1"):
    """Freeze an amount of a line, or (null) block the whole line for any new spending."""

    line_id: ObjectId
    amount_fen: PositiveFen | None
    reason: Text


class ThawLine(Wire, frozen=True, tag="allotments.thaw_line/1"):
    """Undo a freeze: an amount, or (null) the block on the whole line; by another person than who froze it."""

    line_id: ObjectId
    amount_fen: PositiveFen | None
    reason: Text


# --- Events ---

# Those of budgets.py.

# --- Keys ---

# Those of budgets.py.

# --- Rules ---


def decide_allocate_funds(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: line exists, authority, id free, line pays from a project account, not blocked, within the total."""
    command: AllocateFunds = item.command
    line = read_line(view, command.line_id)
    check_authority(view, item.signer, ("finance_treasury",), organisation=line.organisation, block=block)
    check_own_prefix(command.allocation_id, line.organisation)
    stored = read_allocation(view, command.allocation_id)
    if stored is not None:
        check_same(command.allocation_id, stored, {"amount_fen": command.amount_fen})
    if line.paid_from != "project_account":
        raise Refused(codes.LINE_HAS_NO_PROJECT_ACCOUNT, line=command.line_id)
    if line.blocked_by:
        raise Refused(codes.LINE_FROZEN, line=command.line_id)
    left_fen = line.total_fen - line.allocated_fen
    if command.amount_fen > left_fen:
        raise Refused(
            codes.EXCEEDS_LINE_TOTAL, line=command.line_id, requested_fen=command.amount_fen, left_fen=left_fen
        )
    return [
        FundsAllocated(
            allocation_id=command.allocation_id,
            line_id=command.line_id,
            amount_fen=command.amount_fen,
            purpose=command.purpose,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_set_plan(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: line exists, authority, months sum to no more than the total."""
    command: SetPlan = item.command
    line = read_line(view, command.line_id)
    check_authority(view, item.signer, ("unit_finance",), organisation=line.organisation, block=block)
    planned_fen = sum(command.months_fen)
    if planned_fen > line.total_fen:
        raise Refused(codes.PLAN_EXCEEDS_LINE, planned_fen=planned_fen, total_fen=line.total_fen)
    return [PlanSet(line_id=command.line_id, months_fen=command.months_fen, by=item.signer)]


_FREEZERS = ("finance_treasury", "auditor")


def decide_freeze_line(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: line exists, authority, not blocked already; an amount must be available."""
    command: FreezeLine = item.command
    line = read_line(view, command.line_id)
    check_authority(view, item.signer, _FREEZERS, organisation=line.organisation, block=block)
    if command.amount_fen is None:
        if line.blocked_by:
            raise Refused(codes.LINE_FROZEN, line=command.line_id)
        return [LineBlocked(line_id=command.line_id, reason=command.reason, by=item.signer)]
    check_spendable(command.line_id, line, command.amount_fen, business_year=line.year)
    return [moved(command.line_id, command.amount_fen, "available", target="frozen", cause_id=f"freeze:{item.index}")]


def decide_thaw_line(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: line exists, authority, blocked (by somebody else) or that much frozen."""
    command: ThawLine = item.command
    line = read_line(view, command.line_id)
    check_authority(view, item.signer, ("finance_treasury",), organisation=line.organisation, block=block)
    if command.amount_fen is None:
        if not line.blocked_by:
            raise Refused(codes.LINE_NOT_FROZEN, line=command.line_id, frozen_fen=line.frozen_fen)
        if line.blocked_by == item.signer:
            raise Refused(codes.THAWED_OWN_FREEZE, signer=item.signer)
        return [LineUnblocked(line_id=command.line_id, reason=command.reason, by=item.signer)]
    if command.amount_fen > line.frozen_fen:
        raise Refused(codes.LINE_NOT_FROZEN, line=command.line_id, frozen_fen=line.frozen_fen)
    return [moved(command.line_id, command.amount_fen, "frozen", target="available", cause_id=f"thaw:{item.index}")]


COMMANDS = {
    AllocateFunds: Operation(decide_allocate_funds, ("finance_treasury",)),
    SetPlan: Operation(decide_set_plan, ("unit_finance",)),
    FreezeLine: Operation(decide_freeze_line, _FREEZERS),
    ThawLine: Operation(decide_thaw_line, ("finance_treasury",)),
}
EVENTS: dict[type, Evolve] = {}
