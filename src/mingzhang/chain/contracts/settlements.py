"""What comes after a payment was instructed: the bank's receipt, a reversal (红冲) of a wrong payment, and refunds.

Corrections are new records linked to the original; nothing is edited.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import Commitment, Date, Name, ObjectId, OptionalText, PositiveFen, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import payments as codes
from mingzhang.chain.contracts.balances import moved
from mingzhang.chain.contracts.budgets import (
    Bucket,
    read_line,
    scan_lines,
)
from mingzhang.chain.contracts.members import (
    check_authority,
    check_not_same_person,
    check_own_prefix,
    check_same,
    read_organisation_of,
)
from mingzhang.chain.contracts.payees import check_payable
from mingzhang.chain.contracts.payments import PaymentStatusChanged, check_business_date, read_payment, scan_payments
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

# --- Commands ---


class SettlePayment(Wire, frozen=True, tag="settlements.settle/1"):
    """The bank's receipt (回单): the money reached the payee, or came back; `reason` says why it came back."""

    receipt_id: ObjectId
    payment_id: ObjectId
    outcome: Literal["settled", "returned"]
    settled_date: Date
    reason: OptionalText


class RequestReversal(Wire, frozen=True, tag="settlements.request_reversal/1"):
    """Ask to reverse a settled payment (红冲): the money is back, or was never due; the original stays as it is."""

    reversal_id: ObjectId
    payment_id: ObjectId
    reason: Text
    evidence: Annotated[list[Commitment], Meta(max_length=50)]


class DecideReversal(Wire, frozen=True, tag="settlements.decide_reversal/1"):
    """Approve or reject a reversal; by another person than who asked."""

    reversal_id: ObjectId
    verdict: Literal["approve", "reject"]
    opinion: Text


class RecordRefund(Wire, frozen=True, tag="settlements.record_refund/1"):
    """A payee paid money back to a line (退款) without a whole payment being wrong; at most what the line has paid."""

    refund_id: ObjectId
    line_id: ObjectId
    payee_id: ObjectId
    amount_fen: PositiveFen
    purpose: Name
    business_date: Date


# --- Events ---


class PaymentSettled(Wire, frozen=True, tag="settlements.settled/1"):
    """The bank's answer to one payment."""

    receipt_id: str
    payment_id: str
    line_id: str
    amount_fen: int
    outcome: str
    settled_date: str
    reason: str
    by: str
    record: int


class ReversalRequested(Wire, frozen=True, tag="settlements.reversal_requested/1"):
    """A reversal waits for the treasury."""

    reversal_id: str
    payment_id: str
    amount_fen: int
    reason: str
    evidence: list[str]
    by: str
    record: int


class ReversalDecided(Wire, frozen=True, tag="settlements.reversal_decided/1"):
    """The treasury has decided; on approval the money is available on the line again."""

    reversal_id: str
    payment_id: str
    line_id: str
    amount_fen: int
    verdict: Literal["approve", "reject"]
    opinion: str
    by: str
    record: int


class RefundRecorded(Wire, frozen=True, tag="settlements.refund_recorded/1"):
    """The line has the amount available again."""

    refund_id: str
    line_id: str
    organisation: str
    payee_id: str
    amount_fen: int
    purpose: str
    business_date: str
    by: str
    record: int


# --- Keys ---


class Receipt(msgspec.Struct, frozen=True):
    """A bank receipt."""

    payment_id: str
    outcome: str
    settled_date: str


class Reversal(msgspec.Struct, frozen=True):
    """A reversal: requested, approved, rejected."""

    payment_id: str
    requested_by: str
    status: str
    record: int


class Refund(msgspec.Struct, frozen=True):
    """A refund."""

    line_id: str
    payee_id: str
    amount_fen: int
    business_date: str
    record: int


RECEIPT = Key("settlements/receipt", Receipt)
"""settlements/receipt/<receipt>"""
REVERSAL = Key("settlements/reversal", Reversal)
"""settlements/reversal/<reversal>"""
REFUND = Key("settlements/refund", Refund)
"""settlements/refund/<refund>"""


# --- Rules ---


def decide_settle_payment(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: payment known, bank's authority, receipt id, payment in transit, date not in the future."""
    command: SettlePayment = item.command
    payment = read_payment(view, command.payment_id)
    check_authority(view, item.signer, ("bank",), organisation=payment.organisation, block=block)
    check_own_prefix(command.receipt_id, read_organisation_of(view, item.signer))
    stored = view.get(RECEIPT, command.receipt_id)
    if stored is not None:
        names = ("payment_id", "outcome", "settled_date")
        check_same(command.receipt_id, stored, {name: getattr(command, name) for name in names})
    if payment.status != "in_transit":
        raise Refused(codes.PAYMENT_NOT_IN_TRANSIT, payment=command.payment_id, status=payment.status)
    check_business_date(command.settled_date, block)
    settled = command.outcome == "settled"
    target: Bucket = "paid" if settled else "available"
    return [
        PaymentSettled(
            receipt_id=command.receipt_id,
            payment_id=command.payment_id,
            line_id=payment.line_id,
            amount_fen=payment.amount_fen,
            outcome=command.outcome,
            settled_date=command.settled_date,
            reason=command.reason,
            by=item.signer,
            record=item.index,
        ),
        PaymentStatusChanged(
            payment_id=command.payment_id,
            status=command.outcome,
            invoice_freed=None if settled else payment.invoice,
            record=item.index,
        ),
        moved(payment.line_id, payment.amount_fen, "in_transit", target=target, cause_id=command.payment_id),
    ]


def decide_request_reversal(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: payment known, authority, id, payment settled."""
    command: RequestReversal = item.command
    payment = read_payment(view, command.payment_id)
    check_authority(view, item.signer, ("unit_finance",), organisation=payment.organisation, block=block)
    check_own_prefix(command.reversal_id, payment.organisation)
    stored = view.get(REVERSAL, command.reversal_id)
    if stored is not None:
        check_same(command.reversal_id, stored, {"payment_id": command.payment_id})
    if payment.status != "settled":
        raise Refused(codes.PAYMENT_NOT_SETTLED, payment=command.payment_id, status=payment.status)
    return [
        ReversalRequested(
            reversal_id=command.reversal_id,
            payment_id=command.payment_id,
            amount_fen=payment.amount_fen,
            reason=command.reason,
            evidence=command.evidence,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_decide_reversal(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: reversal known and undecided, authority, not the requester, payment still settled."""
    command: DecideReversal = item.command
    reversal = view.get(REVERSAL, command.reversal_id)
    if reversal is None:
        raise Refused(codes.REVERSAL_UNKNOWN, reversal=command.reversal_id)
    payment = read_payment(view, reversal.payment_id)
    check_authority(view, item.signer, ("finance_treasury",), organisation=payment.organisation, block=block)
    if reversal.status != "requested":
        raise Refused(codes.REVERSAL_DECIDED, reversal=command.reversal_id, status=reversal.status)
    check_not_same_person(item.signer, reversal.requested_by)
    decided = ReversalDecided(
        reversal_id=command.reversal_id,
        payment_id=reversal.payment_id,
        line_id=payment.line_id,
        amount_fen=payment.amount_fen,
        verdict=command.verdict,
        opinion=command.opinion,
        by=item.signer,
        record=item.index,
    )
    if command.verdict == "reject":
        return [decided]
    if payment.status != "settled":
        raise Refused(codes.PAYMENT_NOT_SETTLED, payment=reversal.payment_id, status=payment.status)
    return [
        decided,
        PaymentStatusChanged(
            payment_id=reversal.payment_id, status="reversed", invoice_freed=payment.invoice, record=item.index
        ),
        moved(payment.line_id, payment.amount_fen, "paid", target="available", cause_id=command.reversal_id),
    ]


def decide_record_refund(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: line, authority, id, date, payee, no more than the line has paid."""
    command: RecordRefund = item.command
    line = read_line(view, command.line_id)
    check_authority(view, item.signer, ("unit_finance",), organisation=line.organisation, block=block)
    check_own_prefix(command.refund_id, line.organisation)
    stored = view.get(REFUND, command.refund_id)
    if stored is not None:
        names = ("line_id", "payee_id", "amount_fen", "business_date")
        check_same(command.refund_id, stored, {name: getattr(command, name) for name in names})
    check_business_date(command.business_date, block)
    check_payable(view, command.payee_id)
    if command.amount_fen > line.paid_fen:
        raise Refused(
            codes.REFUND_EXCEEDS_PAID,
            line=command.line_id,
            requested_fen=command.amount_fen,
            paid_fen=line.paid_fen,
        )
    return [
        RefundRecorded(
            refund_id=command.refund_id,
            line_id=command.line_id,
            organisation=line.organisation,
            payee_id=command.payee_id,
            amount_fen=command.amount_fen,
            purpose=command.purpose,
            business_date=command.business_date,
            by=item.signer,
            record=item.index,
        ),
        moved(command.line_id, command.amount_fen, "paid", target="available", cause_id=command.refund_id),
    ]


def evolve_payment_settled(draft: Draft, event: PaymentSettled) -> None:
    """Store the receipt."""
    receipt = Receipt(payment_id=event.payment_id, outcome=event.outcome, settled_date=event.settled_date)
    draft.put(RECEIPT, event.receipt_id, receipt)


def evolve_reversal_requested(draft: Draft, event: ReversalRequested) -> None:
    """Store the request."""
    reversal = Reversal(payment_id=event.payment_id, requested_by=event.by, status="requested", record=event.record)
    draft.put(REVERSAL, event.reversal_id, reversal)


def evolve_reversal_decided(draft: Draft, event: ReversalDecided) -> None:
    """Store the verdict."""
    reversal = draft.get(REVERSAL, event.reversal_id)
    if reversal is None:
        raise KeyError(event.reversal_id)
    status = {"approve": "approved", "reject": "rejected"}[event.verdict]
    draft.put(REVERSAL, event.reversal_id, msgspec.structs.replace(reversal, status=status, record=event.record))


def evolve_refund_recorded(draft: Draft, event: RefundRecorded) -> None:
    """Store the refund."""
    refund = Refund(
        line_id=event.line_id,
        payee_id=event.payee_id,
        amount_fen=event.amount_fen,
        business_date=event.business_date,
        record=event.record,
    )
    draft.put(REFUND, event.refund_id, refund)


def payments_sum_to_lines(view: View) -> Iterable[str]:
    """A line's reserved, in-transit and paid amounts are exactly its payments', less its refunds."""
    status_bucket = {"held": 0, "in_transit": 1, "settled": 2}
    sums: dict[str, list[int]] = {}
    for _name, payment in scan_payments(view):
        bucket = status_bucket.get(payment.status)
        if bucket is not None:
            sums.setdefault(payment.line_id, [0, 0, 0])[bucket] += payment.amount_fen
    for _name, refund in view.scan(REFUND):
        sums.setdefault(refund.line_id, [0, 0, 0])[2] -= refund.amount_fen
    for name, line in scan_lines(view):
        if sums.get(name, [0, 0, 0]) != [line.reserved_fen, line.in_transit_fen, line.paid_fen]:
            yield f"payments of line {name} do not sum to what it has reserved, in transit and paid"


COMMANDS = {
    SettlePayment: Operation(decide_settle_payment, ("bank",)),
    RequestReversal: Operation(decide_request_reversal, ("unit_finance",)),
    DecideReversal: Operation(decide_decide_reversal, ("finance_treasury",)),
    RecordRefund: Operation(decide_record_refund, ("unit_finance",)),
}
EVENTS = {
    PaymentSettled: evolve_payment_settled,
    ReversalRequested: evolve_reversal_requested,
    ReversalDecided: evolve_reversal_decided,
    RefundRecorded: evolve_refund_recorded,
}
INVARIANTS = {"payments_sum_to_lines": payments_sum_to_lines}
