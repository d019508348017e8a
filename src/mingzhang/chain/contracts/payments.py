"""Payments (支付): requested, held for a person where the rules say so, decided, and sent to the bank.

Settlement, return, reversal and refund follow in settlements.py; milestone releases in agreements.py use this
contract's events and checks.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.calendar import date_of
from mingzhang.chain.codec import Commitment, Date, Digest, Name, ObjectId, PositiveFen, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import payments as codes
from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts.balances import check_allocated, check_spendable, moved
from mingzhang.chain.contracts.budgets import (
    Bucket,
    Line,
    find_line,
    read_line,
)
from mingzhang.chain.contracts.members import check_authority, check_not_same_person, check_own_prefix, check_same
from mingzhang.chain.contracts.payees import check_payable
from mingzhang.chain.contracts.standards import read_parameter
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

# --- Commands ---


class RequestPayment(Wire, frozen=True, tag="payments.request/1"):
    """Request an ordinary payment from a line. `invoice` is the vault's blind index of the invoice number, or null.

    `purpose` is clear to all members: name no person in it. `evidence` are sealed files.
    """

    payment_id: ObjectId
    line_id: ObjectId
    payee_id: ObjectId
    amount_fen: PositiveFen
    purpose: Name
    business_date: Date
    invoice: Digest | None
    evidence: Annotated[list[Commitment], Meta(max_length=50)]


class DecidePayment(Wire, frozen=True, tag="payments.decide/1"):
    """Approve or reject a held payment; by another person than who requested it."""

    payment_id: ObjectId
    verdict: Literal["approve", "reject"]
    opinion: Text


# --- Events ---


class PaymentRequested(Wire, frozen=True, tag="payments.requested/1"):
    """A payment exists: `in_transit` (instructed to the bank) or `held`. `holds` names the rules that held it, each
    with the figure it saw; `agreement_id` and `milestone_id` are set for a milestone's release.
    """

    payment_id: str
    line_id: str
    organisation: str
    project_id: str | None
    payee_id: str
    amount_fen: int
    purpose: str
    business_date: str
    invoice: str | None
    evidence: list[str]
    agreement_id: str | None
    milestone_id: str | None
    status: str
    holds: list[str]
    by: str
    record: int


class PaymentDecided(Wire, frozen=True, tag="payments.decided/1"):
    """A held payment was approved (now in transit) or rejected."""

    payment_id: str
    line_id: str
    amount_fen: int
    verdict: str
    status: str
    opinion: str
    invoice_freed: str | None
    by: str
    record: int


class PaymentStatusChanged(Wire, frozen=True, tag="payments.status_changed/1"):
    """Settlement, return or reversal changed a payment; `invoice_freed` may be used for another payment again."""

    payment_id: str
    status: str
    invoice_freed: str | None
    record: int


# --- Keys ---


class Payment(msgspec.Struct, frozen=True):
    """A payment. `status`: held, in_transit, settled, rejected, returned, reversed."""

    line_id: str
    organisation: str
    payee_id: str
    amount_fen: int
    purpose: str
    business_date: str
    invoice: str | None
    agreement_id: str | None
    status: str
    requested_by: str
    record: int


class InvoiceUse(msgspec.Struct, frozen=True):
    """Which payment uses an invoice."""

    payment_id: str


PAYMENT = Key("payments/payment", Payment)
"""payments/payment/<payment>"""
INVOICE = Key("payments/invoice", InvoiceUse)
"""payments/invoice/<invoice index>: one live payment an invoice."""


# --- Rules ---


def read_payment(view: View, payment_id: str) -> Payment:
    """A payment. Raises Refused."""
    payment = view.get(PAYMENT, payment_id)
    if payment is None:
        raise Refused(codes.PAYMENT_UNKNOWN, payment=payment_id)
    return payment


def find_payment(view: View, payment_id: str) -> Payment | None:
    """A payment, or None."""
    return view.get(PAYMENT, payment_id)


def scan_payments(view: View) -> Iterable[tuple[str, Payment]]:
    """All payments in order of id: for whole-state checks, not for decisions."""
    return view.scan(PAYMENT)


def check_invoice_unused(view: View, invoice: str) -> None:
    """Refuse an invoice that a live payment uses."""
    use = view.get(INVOICE, invoice)
    if use is not None:
        raise Refused(codes.INVOICE_USED, payment=use.payment_id)


def check_business_date(business_date: str, block: Block) -> None:
    """Refuse a business date after ledger time's date."""
    today = date_of(block.time)
    if business_date > today:
        raise Refused(codes.BUSINESS_DATE_IN_FUTURE, business_date=business_date, today=today)


def decide_request_payment(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: line, authority, id, business date, payee, line usable and sufficient, project account, plan, invoice."""
    command: RequestPayment = item.command
    line = read_line(view, command.line_id)
    check_authority(
        view, item.signer, ("unit_finance",), organisation=line.organisation, block=block, project=line.project_id
    )
    check_own_prefix(command.payment_id, line.organisation)
    stored = view.get(PAYMENT, command.payment_id)
    if stored is not None:
        names = ("line_id", "payee_id", "amount_fen", "purpose", "business_date", "invoice")
        check_same(command.payment_id, stored, {name: getattr(command, name) for name in names})
    check_business_date(command.business_date, block)
    check_payable(view, command.payee_id)
    check_spendable(command.line_id, line, command.amount_fen, business_year=int(command.business_date[:4]))
    check_allocated(command.line_id, line, command.amount_fen)
    check_plan(view, line, command, block=block)
    if command.invoice is not None:
        check_invoice_unused(view, command.invoice)
    holds = _holds(view, command, block)
    status: Bucket = "reserved" if holds else "in_transit"
    return [
        PaymentRequested(
            payment_id=command.payment_id,
            line_id=command.line_id,
            organisation=line.organisation,
            project_id=line.project_id,
            payee_id=command.payee_id,
            amount_fen=command.amount_fen,
            purpose=command.purpose,
            business_date=command.business_date,
            invoice=command.invoice,
            evidence=command.evidence,
            agreement_id=None,
            milestone_id=None,
            status="held" if holds else "in_transit",
            holds=holds,
            by=item.signer,
            record=item.index,
        ),
        moved(command.line_id, command.amount_fen, "available", target=status, cause_id=command.payment_id),
    ]


def check_plan(view: View, line: Line, command: RequestPayment, *, block: Block) -> None:
    """Where the place lets the plan control (双控制), refuse spending beyond the plan's months so far."""
    if not line.plan_fen or not read_parameter(view, "plan_controls_payment", block):
        return
    planned_fen = sum(line.plan_fen[: int(command.business_date[5:7])])
    spent_fen = line.reserved_fen + line.in_transit_fen + line.paid_fen
    if spent_fen + command.amount_fen > planned_fen:
        raise Refused(
            codes.EXCEEDS_PLAN,
            line=command.line_id,
            planned_fen=planned_fen,
            spent_fen=spent_fen,
            requested_fen=command.amount_fen,
        )


def _holds(view: View, command: RequestPayment, block: Block) -> list[str]:
    """Which rules hold the payment for a person: `parameter:figure it saw>=limit`."""
    holds = []
    limit_fen = read_parameter(view, "payment_hold_above_fen", block)
    if command.amount_fen >= limit_fen:
        holds.append(f"payment_hold_above_fen:{command.amount_fen}>={limit_fen}")
    month_day = int(command.business_date[5:7] + command.business_date[8:10])
    first_day = read_parameter(view, "year_end_hold_from_day", block)
    if month_day >= first_day:
        holds.append(f"year_end_hold_from_day:{month_day}>={first_day}")
    return holds


def hold_told(hold: str) -> tuple[str, str]:
    """A hold as `PaymentRequested` keeps it, as a Chinese and an English sentence."""
    name, _, figures = hold.partition(":")
    seen, _, limit = figures.partition(">=")
    if name == "payment_hold_above_fen":
        amount, least = yuan(int(seen)), yuan(int(limit))
        return (
            f"金额 {amount} 元，达到须由财政国库人员审核的 {least} 元",
            f"the amount {amount} yuan reaches {least} yuan, from which the treasury reviews each payment",
        )
    if name == "year_end_hold_from_day":
        day, first = ((int(text) // 100, int(text) % 100) for text in (seen, limit))
        return (
            f"业务日期 {day[0]}月{day[1]}日 在年底审核起始日 {first[0]}月{first[1]}日 或之后（年底突击花钱防范）",
            f"the business date {day[0]:02d}-{day[1]:02d} is not before {first[0]:02d}-{first[1]:02d} (year end)",
        )
    return f"{name} {figures}", f"{name} {figures}"


def decide_decide_payment(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: payment known and held, authority, not the requester, line not blocked since."""
    command: DecidePayment = item.command
    payment = read_payment(view, command.payment_id)
    line = read_line(view, payment.line_id)
    check_authority(view, item.signer, ("finance_treasury",), organisation=line.organisation, block=block)
    if payment.status != "held":
        raise Refused(codes.PAYMENT_NOT_HELD, payment=command.payment_id, status=payment.status)
    check_not_same_person(item.signer, payment.requested_by)
    approve = command.verdict == "approve"
    if approve:
        check_payable(view, payment.payee_id)
        if line.blocked_by:
            raise Refused(codes.LINE_BLOCKED_SINCE, line=payment.line_id)
    target: Bucket = "in_transit" if approve else "available"
    return [
        PaymentDecided(
            payment_id=command.payment_id,
            line_id=payment.line_id,
            amount_fen=payment.amount_fen,
            verdict=command.verdict,
            status="in_transit" if approve else "rejected",
            opinion=command.opinion,
            invoice_freed=None if approve else payment.invoice,
            by=item.signer,
            record=item.index,
        ),
        moved(payment.line_id, payment.amount_fen, "reserved", target=target, cause_id=command.payment_id),
    ]


def evolve_payment_requested(draft: Draft, event: PaymentRequested) -> None:
    """Store payment and invoice."""
    payment = Payment(
        line_id=event.line_id,
        organisation=event.organisation,
        payee_id=event.payee_id,
        amount_fen=event.amount_fen,
        purpose=event.purpose,
        business_date=event.business_date,
        invoice=event.invoice,
        agreement_id=event.agreement_id,
        status=event.status,
        requested_by=event.by,
        record=event.record,
    )
    draft.put(PAYMENT, event.payment_id, payment)
    if event.invoice is not None:
        draft.put(INVOICE, event.invoice, InvoiceUse(payment_id=event.payment_id))


def evolve_payment_decided(draft: Draft, event: PaymentDecided) -> None:
    """Store the verdict; a rejected payment's invoice may be used again."""
    _change(draft, event)


def evolve_payment_status_changed(draft: Draft, event: PaymentStatusChanged) -> None:
    """Store the status; free the invoice where the event says so."""
    _change(draft, event)


def _change(draft: Draft, event: PaymentDecided | PaymentStatusChanged) -> None:
    payment = draft.get(PAYMENT, event.payment_id)
    if payment is None:
        raise KeyError(event.payment_id)
    changed = msgspec.structs.replace(payment, status=event.status, record=event.record)
    draft.put(PAYMENT, event.payment_id, changed)
    if event.invoice_freed is not None:
        draft.delete(INVOICE, event.invoice_freed)


def every_payment_has_a_line(view: View) -> Iterable[str]:
    """Every payment traces to a line of its organisation."""
    for name, payment in view.scan(PAYMENT):
        line = find_line(view, payment.line_id)
        if line is None or line.organisation != payment.organisation:
            yield f"payment {name} traces to no line of {payment.organisation}"


def _asked_of(command: RequestPayment) -> list[str]:
    names = [PAYMENT.prefix + command.payment_id]
    return names if command.invoice is None else [*names, INVOICE.prefix + command.invoice]


COMMANDS = {
    RequestPayment: Operation(decide_request_payment, ("unit_finance",)),
    DecidePayment: Operation(decide_decide_payment, ("finance_treasury",)),
}
EVENTS = {
    PaymentRequested: evolve_payment_requested,
    PaymentDecided: evolve_payment_decided,
    PaymentStatusChanged: evolve_payment_status_changed,
}
PREFETCH = {RequestPayment: _asked_of}
INVARIANTS = {"every_payment_has_a_line": every_payment_has_a_line}
