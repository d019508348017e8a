"""Changes to approved lines: transfer between two lines (调剂) and supplement (追加), asked by one, decided by another.

Each is linked to the original lines; what a line then holds is said by budgets.py, whose event this contract gives.
"""

from typing import Literal

import msgspec

from mingzhang.chain.codec import Name, ObjectId, PositiveFen, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import budgets as codes
from mingzhang.chain.contracts.balances import check_spendable
from mingzhang.chain.contracts.budgets import (
    Line,
    TotalChanged,
    read_line,
)
from mingzhang.chain.contracts.members import (
    check_authority,
    check_not_same_person,
    check_own_prefix,
    check_same,
    read_organisation_of,
)
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

# --- Commands ---


class RequestTransfer(Wire, frozen=True, tag="adjustments.request_transfer/1"):
    """Ask to move money from one line to another of the same year (调剂, 预算法第七十二条)."""

    adjustment_id: ObjectId
    from_line: ObjectId
    to_line: ObjectId
    amount_fen: PositiveFen
    reason: Text


class RequestSupplement(Wire, frozen=True, tag="adjustments.request_supplement/1"):
    """Ask for more money on a line (追加); `source` names where it is to come from, such as 预备费."""

    adjustment_id: ObjectId
    to_line: ObjectId
    amount_fen: PositiveFen
    source: Name
    reason: Text


class DecideAdjustment(Wire, frozen=True, tag="adjustments.decide/1"):
    """Approve or reject a request; an approval takes effect at once. `document` is the approving document's number."""

    adjustment_id: ObjectId
    verdict: Literal["approve", "reject"]
    document: Name
    opinion: Text


# --- Events ---


class AdjustmentRequested(Wire, frozen=True, tag="adjustments.requested/1"):
    """A request waits for finance. `from_line` is null for a supplement, `source` "" for a transfer."""

    adjustment_id: str
    from_line: str | None
    to_line: str
    amount_fen: int
    source: str
    reason: str
    by: str
    record: int


class AdjustmentDecided(Wire, frozen=True, tag="adjustments.decided/1"):
    """Finance has decided; on approval the lines' totals change in the same record."""

    adjustment_id: str
    verdict: Literal["approve", "reject"]
    document: str
    opinion: str
    by: str
    record: int


# --- Keys ---


class Adjustment(msgspec.Struct, frozen=True):
    """A request and where it stands: requested, approved, rejected."""

    from_line: str | None
    to_line: str
    amount_fen: int
    source: str
    requested_by: str
    status: str
    record: int


ADJUSTMENT = Key("adjustments/adjustment", Adjustment)
"""adjustments/adjustment/<adjustment>"""


# --- Rules ---

_UNIT = ("unit_finance", "unit_business")


def decide_request_transfer(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority over the giving line, id, two lines of one year, money available now."""
    command: RequestTransfer = item.command
    giving = read_line(view, command.from_line)
    receiving = read_line(view, command.to_line)
    check_authority(view, item.signer, _UNIT, organisation=giving.organisation, block=block)
    given = {"from_line": command.from_line, "to_line": command.to_line, "amount_fen": command.amount_fen}
    _check_free(view, command.adjustment_id, item.signer, given=given)
    if command.from_line == command.to_line:
        raise Refused(codes.SAME_LINE)
    _check_transferable(command.from_line, giving, receiving, amount_fen=command.amount_fen)
    return [
        AdjustmentRequested(
            adjustment_id=command.adjustment_id,
            from_line=command.from_line,
            to_line=command.to_line,
            amount_fen=command.amount_fen,
            source="",
            reason=command.reason,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_request_supplement(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority over the line, id."""
    command: RequestSupplement = item.command
    line = read_line(view, command.to_line)
    check_authority(view, item.signer, _UNIT, organisation=line.organisation, block=block)
    given = {"to_line": command.to_line, "amount_fen": command.amount_fen, "source": command.source}
    _check_free(view, command.adjustment_id, item.signer, given=given)
    return [
        AdjustmentRequested(
            adjustment_id=command.adjustment_id,
            from_line=None,
            to_line=command.to_line,
            amount_fen=command.amount_fen,
            source=command.source,
            reason=command.reason,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_decide_adjustment(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: known and undecided, authority over both lines, not the requester, money still available."""
    command: DecideAdjustment = item.command
    adjustment = view.get(ADJUSTMENT, command.adjustment_id)
    if adjustment is None:
        raise Refused(codes.ADJUSTMENT_UNKNOWN, adjustment=command.adjustment_id)
    if adjustment.status != "requested":
        raise Refused(codes.ADJUSTMENT_DECIDED, adjustment=command.adjustment_id, status=adjustment.status)
    receiving = read_line(view, adjustment.to_line)
    check_authority(view, item.signer, ("finance_budget",), organisation=receiving.organisation, block=block)
    check_not_same_person(item.signer, adjustment.requested_by)
    decided = AdjustmentDecided(
        adjustment_id=command.adjustment_id,
        verdict=command.verdict,
        document=command.document,
        opinion=command.opinion,
        by=item.signer,
        record=item.index,
    )
    if command.verdict == "reject":
        return [decided]
    events: list[Wire] = [decided]
    if adjustment.from_line is not None:
        giving = read_line(view, adjustment.from_line)
        check_authority(view, item.signer, ("finance_budget",), organisation=giving.organisation, block=block)
        _check_transferable(adjustment.from_line, giving, receiving, amount_fen=adjustment.amount_fen)
        events.append(_changed(adjustment.from_line, giving, -adjustment.amount_fen, cause=command.adjustment_id))
    events.append(_changed(adjustment.to_line, receiving, adjustment.amount_fen, cause=command.adjustment_id))
    return events


def _check_free(view: View, adjustment_id: str, signer: str, *, given: dict[str, object]) -> None:
    check_own_prefix(adjustment_id, read_organisation_of(view, signer))
    stored = view.get(ADJUSTMENT, adjustment_id)
    if stored is not None:
        check_same(adjustment_id, stored, given)


def _check_transferable(from_line: str, giving: Line, receiving: Line, *, amount_fen: int) -> None:
    if giving.year != receiving.year:
        raise Refused(codes.LINES_OF_DIFFERENT_YEARS)
    check_spendable(from_line, giving, amount_fen, business_year=giving.year)
    left_fen = giving.total_fen - giving.allocated_fen
    if giving.paid_from == "project_account" and amount_fen > left_fen:
        raise Refused(codes.EXCEEDS_UNALLOCATED, line=from_line, requested_fen=amount_fen, left_fen=left_fen)


def _changed(line_id: str, line: Line, change_fen: int, *, cause: str) -> TotalChanged:
    return TotalChanged(
        line_id=line_id, organisation=line.organisation, year=line.year, change_fen=change_fen, adjustment_id=cause
    )


def evolve_adjustment_requested(draft: Draft, event: AdjustmentRequested) -> None:
    """Store the request."""
    adjustment = Adjustment(
        from_line=event.from_line,
        to_line=event.to_line,
        amount_fen=event.amount_fen,
        source=event.source,
        requested_by=event.by,
        status="requested",
        record=event.record,
    )
    draft.put(ADJUSTMENT, event.adjustment_id, adjustment)


def evolve_adjustment_decided(draft: Draft, event: AdjustmentDecided) -> None:
    """Store the verdict."""
    adjustment = draft.get(ADJUSTMENT, event.adjustment_id)
    if adjustment is None:
        raise KeyError(event.adjustment_id)
    status = {"approve": "approved", "reject": "rejected"}[event.verdict]
    draft.put(ADJUSTMENT, event.adjustment_id, msgspec.structs.replace(adjustment, status=status, record=event.record))


COMMANDS = {
    RequestTransfer: Operation(decide_request_transfer, _UNIT),
    RequestSupplement: Operation(decide_request_supplement, _UNIT),
    DecideAdjustment: Operation(decide_decide_adjustment, ("finance_budget",)),
}
EVENTS = {AdjustmentRequested: evolve_adjustment_requested, AdjustmentDecided: evolve_adjustment_decided}
