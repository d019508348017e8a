"""Requests to change approved lines, transfers (调剂) and supplements (追加), and what was decided."""

import sqlalchemy as sa

from mingzhang.chain.contracts.adjustments import AdjustmentDecided, AdjustmentRequested
from mingzhang.views.batch import Batch
from mingzhang.views.budgets import LINES
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Adjustment(Row):
    """A request. `from_line` is null for a supplement, `source` "" for a transfer; `verdict` "" until it is decided."""

    adjustment_id: str
    organisation: str
    from_line: str | None
    to_line: str
    amount_fen: int
    source: str
    reason: str
    requested_by: str
    time: int
    record: int
    verdict: str
    document: str
    opinion: str
    decided_by: str
    decided_time: int | None
    decided_record: int | None


ADJUSTMENTS = RowTable(
    "adjustments",
    Adjustment,
    key=("adjustment_id",),
    indexes={"organisation": ("organisation",), "from": ("from_line",), "to": ("to_line",), "verdict": ("verdict",)},
)
_ADJUSTMENTS = Listing(
    ADJUSTMENTS, Adjustment, sorts={"record": ("record",), "amount": ("amount_fen", "adjustment_id")}
)


def project_adjustment_requested(batch: Batch, event: AdjustmentRequested) -> None:
    """A request waits; it is the receiving line's organisation that gains."""
    row = row_from(
        Adjustment,
        event,
        organisation=batch.get(LINES, event.to_line).organisation,
        requested_by=event.by,
        time=batch.record.time,
        verdict="",
        document="",
        opinion="",
        decided_by="",
        decided_time=None,
        decided_record=None,
    )
    batch.new(ADJUSTMENTS, row)


def project_adjustment_decided(batch: Batch, event: AdjustmentDecided) -> None:
    """The verdict; what it changed is the lines' own."""
    row = batch.get(ADJUSTMENTS, event.adjustment_id)
    row.verdict, row.document, row.opinion, row.decided_by = event.verdict, event.document, event.opinion, event.by
    row.decided_time, row.decided_record = batch.record.time, event.record


def get_adjustment(connection: sa.Connection, adjustment_id: str) -> Adjustment | None:
    """A request, or None."""
    return _ADJUSTMENTS.one(connection, ADJUSTMENTS.c.adjustment_id == adjustment_id)


def list_adjustments(
    connection: sa.Connection,
    *,
    organisation: str | None = None,
    line_id: str | None = None,
    open_only: bool = False,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Adjustment]:
    """Requests for an organisation and those below it, on a line from either side, or undecided ones."""
    c = ADJUSTMENTS.c
    conditions: list[Condition] = []
    if organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (organisation,)))
    if line_id is not None:
        conditions.append(sa.or_(c.from_line == line_id, c.to_line == line_id))
    if open_only:
        conditions.append(c.verdict == "")
    return _ADJUSTMENTS.page(connection, conditions, sort=sort, limit=limit, after=after)


PROJECTORS = {
    AdjustmentRequested: project_adjustment_requested,
    AdjustmentDecided: project_adjustment_decided,
}
