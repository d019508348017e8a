"""Payments (支付): each with how it stands, those that were refused with why, and running totals.

Receipts, reversals and refunds are in settlements.py; lists and their filters in payment_lists.py.
"""

from collections.abc import Mapping

from mingzhang.chain.contracts.payments import (
    PaymentDecided,
    PaymentRequested,
    PaymentStatusChanged,
    RequestPayment,
)
from mingzhang.views import words
from mingzhang.views.batch import Batch, Projector
from mingzhang.views.tables import Row, RowTable


class Payment(Row):
    """A payment. `record` is that of its request, `changed_record` that of the last change of its status.

    `status` is held, in_transit, settled, rejected, returned or reversed; `holds` are the rules that held it.
    """

    record: int
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
    requested_by: str
    time: int
    decided_by: str
    opinion: str
    changed_time: int
    changed_record: int


class RefusedPayment(Row):
    """A request that was refused, as it was asked for, with code and facts; it may name what does not exist."""

    record: int
    payment_id: str
    organisation: str
    line_id: str
    payee_id: str
    amount_fen: int
    purpose: str
    business_date: str
    code: str
    facts: dict[str, int | str]
    requested_by: str
    time: int


class PaymentTotal(Row):
    """Payments of a line and business month (YYYY-MM) that stand alike, and their sum; "refunded" counts refunds."""

    line_id: str
    month: str
    status: str
    organisation: str
    count: int
    amount_fen: int


PAYMENTS = RowTable(
    "payments",
    Payment,
    key=("record",),
    lookup=("payment_id",),
    indexes={
        "payment": ("payment_id",),
        "date": ("business_date", "record"),
        "organisation": ("organisation", "business_date", "record"),
        "status": ("status", "business_date", "record"),
        "amount": ("amount_fen", "record"),
    },
    # Nearly all payments end up settled: who asks for those walks along the dates. Those of a line, payee, project or
    # agreement are found by the records about it.
    partial={"status": "status <> 'settled'"},
)
REFUSED = RowTable(
    "refused_payments",
    RefusedPayment,
    key=("record",),
    indexes={
        "organisation": ("organisation", "record"),
        "code": ("code", "record"),
        "line": ("line_id", "record"),
        "requested_by": ("requested_by", "record"),
    },
)
TOTALS = RowTable(
    "payment_totals",
    PaymentTotal,
    key=("line_id", "month", "status"),
    indexes={"organisation": ("organisation", "month")},
    kept=True,
)


# --- Projectors ---


def project_payment_requested(batch: Batch, event: PaymentRequested) -> None:
    """A new payment."""
    record = batch.record
    batch.new(
        PAYMENTS,
        Payment(
            record=event.record,
            payment_id=event.payment_id,
            line_id=event.line_id,
            organisation=event.organisation,
            project_id=event.project_id,
            payee_id=event.payee_id,
            amount_fen=event.amount_fen,
            purpose=event.purpose,
            business_date=event.business_date,
            invoice=event.invoice,
            evidence=event.evidence,
            agreement_id=event.agreement_id,
            milestone_id=event.milestone_id,
            status=event.status,
            holds=event.holds,
            requested_by=event.by,
            time=record.time,
            decided_by="",
            opinion="",
            changed_time=record.time,
            changed_record=event.record,
        ),
    )
    words.note(batch, event.purpose)
    total = total_of(batch, event.line_id, event.business_date, status=event.status, organisation=event.organisation)
    total.count += 1
    total.amount_fen += event.amount_fen


def project_payment_decided(batch: Batch, event: PaymentDecided) -> None:
    """A held payment goes on or ends."""
    payment = batch.get(PAYMENTS, event.payment_id)
    payment.decided_by, payment.opinion = event.by, event.opinion
    _turn(batch, payment, event.status)


def project_payment_status_changed(batch: Batch, event: PaymentStatusChanged) -> None:
    """Settled, returned, reversed."""
    _turn(batch, batch.get(PAYMENTS, event.payment_id), event.status)


def project_payment_refused(batch: Batch, command: RequestPayment) -> None:
    """What was asked for and why it was not to be. An object's organisation is the first part of its id."""
    record = batch.record
    refused = RefusedPayment(
        record=record.index,
        payment_id=command.payment_id,
        organisation=command.payment_id.partition(":")[0],
        line_id=command.line_id,
        payee_id=command.payee_id,
        amount_fen=command.amount_fen,
        purpose=command.purpose,
        business_date=command.business_date,
        code=record.code,
        facts=record.facts,
        requested_by=record.signer,
        time=record.time,
    )
    batch.add(REFUSED, refused)


def total_of(batch: Batch, line_id: str, business_date: str, *, status: str, organisation: str) -> PaymentTotal:
    """The running total, to be added to."""
    month = business_date[:7]
    found = batch.find(TOTALS, line_id, month, status)
    return found or batch.new(TOTALS, PaymentTotal(line_id, month, status, organisation, 0, 0))


def _turn(batch: Batch, payment: Payment, status: str) -> None:
    for stands, by in ((payment.status, -1), (status, 1)):
        total = total_of(
            batch, payment.line_id, payment.business_date, status=stands, organisation=payment.organisation
        )
        total.count += by
        total.amount_fen += by * payment.amount_fen
    payment.status = status
    payment.changed_time, payment.changed_record = batch.record.time, batch.record.index


PROJECTORS = {
    PaymentRequested: project_payment_requested,
    PaymentDecided: project_payment_decided,
    PaymentStatusChanged: project_payment_status_changed,
}
REFUSALS: Mapping[type, Projector] = {RequestPayment: project_payment_refused}
"""Projectors of commands that were refused."""
