"""What comes after a payment was instructed: bank receipts (回单), reversals (红冲), refunds (退款)."""

import sqlalchemy as sa

from mingzhang.chain.contracts.settlements import PaymentSettled, RefundRecorded, ReversalDecided, ReversalRequested
from mingzhang.views.batch import Batch
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.payments import PAYMENTS, total_of
from mingzhang.views.tables import Row, RowTable, row_from


class Receipt(Row):
    """The bank's answer to a payment: settled or returned, with the reason why it came back."""

    record: int
    receipt_id: str
    payment_id: str
    line_id: str
    amount_fen: int
    outcome: str
    settled_date: str
    reason: str
    reported_by: str
    time: int


class Reversal(Row):
    """A request to reverse a settled payment; `verdict` is "" until it is decided."""

    reversal_id: str
    payment_id: str
    organisation: str
    amount_fen: int
    reason: str
    evidence: list[str]
    requested_by: str
    time: int
    record: int
    verdict: str
    opinion: str
    decided_by: str
    decided_time: int | None
    decided_record: int | None


class Refund(Row):
    """Money a payee paid back to a line."""

    refund_id: str
    line_id: str
    organisation: str
    payee_id: str
    amount_fen: int
    purpose: str
    business_date: str
    recorded_by: str
    time: int
    record: int


RECEIPTS = RowTable("receipts", Receipt, key=("record",), indexes={"payment": ("payment_id",)})
REVERSALS = RowTable(
    "reversals",
    Reversal,
    key=("reversal_id",),
    indexes={"payment": ("payment_id",), "organisation": ("organisation",), "verdict": ("verdict",)},
)
REFUNDS = RowTable(
    "refunds",
    Refund,
    key=("refund_id",),
    indexes={"line": ("line_id",), "payee": ("payee_id",), "organisation": ("organisation", "business_date")},
)
_RECEIPTS = Listing(RECEIPTS, Receipt, sorts={"record": ("record",)})
_REVERSALS = Listing(REVERSALS, Reversal, sorts={"record": ("record",)})
_REFUNDS = Listing(
    REFUNDS,
    Refund,
    sorts={"date": ("business_date", "record"), "record": ("record",), "amount": ("amount_fen", "record")},
)


# --- Projectors ---


def project_payment_settled(batch: Batch, event: PaymentSettled) -> None:
    """The receipt; how the payment stands then is said by payments.py's event of the same record."""
    batch.add(RECEIPTS, row_from(Receipt, event, reported_by=event.by, time=batch.record.time))


def project_reversal_requested(batch: Batch, event: ReversalRequested) -> None:
    """A reversal waits."""
    row = row_from(
        Reversal,
        event,
        organisation=batch.get(PAYMENTS, event.payment_id).organisation,
        requested_by=event.by,
        time=batch.record.time,
        verdict="",
        opinion="",
        decided_by="",
        decided_time=None,
        decided_record=None,
    )
    batch.new(REVERSALS, row)


def project_reversal_decided(batch: Batch, event: ReversalDecided) -> None:
    """The verdict."""
    row = batch.get(REVERSALS, event.reversal_id)
    row.verdict, row.opinion, row.decided_by = event.verdict, event.opinion, event.by
    row.decided_time, row.decided_record = batch.record.time, event.record


def project_refund_recorded(batch: Batch, event: RefundRecorded) -> None:
    """The refund, and the total of its month."""
    batch.add(REFUNDS, row_from(Refund, event, recorded_by=event.by, time=batch.record.time))
    total = total_of(batch, event.line_id, event.business_date, status="refunded", organisation=event.organisation)
    total.count += 1
    total.amount_fen += event.amount_fen


# --- Queries ---


def list_receipts(connection: sa.Connection, payment_id: str) -> list[Receipt]:
    """The bank's answers to a payment, in order."""
    return _RECEIPTS.all(connection, RECEIPTS.c.payment_id == payment_id, sort="record")


def list_reversals(
    connection: sa.Connection,
    *,
    organisation: str | None = None,
    payment_id: str | None = None,
    open_only: bool = False,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Reversal]:
    """Reversals of an organisation and those below it, of a payment, or undecided ones."""
    conditions: list[Condition] = []
    if organisation is not None:
        conditions.append(belongs_under(connection, REVERSALS.c.organisation, (organisation,)))
    if payment_id is not None:
        conditions.append(REVERSALS.c.payment_id == payment_id)
    if open_only:
        conditions.append(REVERSALS.c.verdict == "")
    return _REVERSALS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_refunds(
    connection: sa.Connection,
    *,
    organisation: str | None = None,
    line_id: str | None = None,
    payee_id: str | None = None,
    sort: str = "-date",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Refund]:
    """Refunds to lines of an organisation and those below it, to a line, by a payee."""
    conditions: list[Condition] = []
    if organisation is not None:
        conditions.append(belongs_under(connection, REFUNDS.c.organisation, (organisation,)))
    for column, value in ((REFUNDS.c.line_id, line_id), (REFUNDS.c.payee_id, payee_id)):
        if value is not None:
            conditions.append(column == value)
    return _REFUNDS.page(connection, conditions, sort=sort, limit=limit, after=after)


PROJECTORS = {
    PaymentSettled: project_payment_settled,
    ReversalRequested: project_reversal_requested,
    ReversalDecided: project_reversal_decided,
    RefundRecorded: project_refund_recorded,
}
