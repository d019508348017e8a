"""What finance does to a line between approval and payment: money for its account (拨款), plans by month (用款计划)."""

import sqlalchemy as sa

from mingzhang.chain.contracts.budgets import FundsAllocated, PlanSet
from mingzhang.views.batch import Batch
from mingzhang.views.budgets import LINES
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Allocation(Row):
    """Money given to a line's project account."""

    allocation_id: str
    line_id: str
    amount_fen: int
    purpose: str
    allocated_by: str
    time: int
    record: int


class PlanMonth(Row):
    """What a line is planned to spend in a month of its year, as last set; `month` is 1 to 12."""

    line_id: str
    month: int
    amount_fen: int
    set_by: str
    record: int


ALLOCATIONS = RowTable("allocations", Allocation, key=("allocation_id",), indexes={"line": ("line_id", "record")})
PLANS = RowTable("line_plans", PlanMonth, key=("line_id", "month"))
_ALLOCATIONS = Listing(
    ALLOCATIONS, Allocation, sorts={"record": ("record",), "amount": ("amount_fen", "allocation_id")}
)
_PLANS = Listing(PLANS, PlanMonth, sorts={"month": ("line_id", "month")})


# --- Projectors ---


def project_funds_allocated(batch: Batch, event: FundsAllocated) -> None:
    """The allocation, and more for the line's account."""
    batch.add(ALLOCATIONS, row_from(Allocation, event, allocated_by=event.by, time=batch.record.time))
    batch.get(LINES, event.line_id).allocated_fen += event.amount_fen


def project_plan_set(batch: Batch, event: PlanSet) -> None:
    """The plan takes the place of the one before."""
    for month, amount_fen in enumerate(event.months_fen, start=1):
        batch.put(PLANS, PlanMonth(event.line_id, month, amount_fen, event.by, batch.record.index))


# --- Queries ---


def list_allocations(
    connection: sa.Connection,
    *,
    organisation: str | None = None,
    line_id: str | None = None,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Allocation]:
    """Allocations, to lines of an organisation and those below it, to one line."""
    conditions: list[Condition] = []
    if organisation is not None:
        lines = sa.select(LINES.c.line_id).where(belongs_under(connection, LINES.c.organisation, (organisation,)))
        conditions.append(ALLOCATIONS.c.line_id.in_(lines))
    if line_id is not None:
        conditions.append(ALLOCATIONS.c.line_id == line_id)
    return _ALLOCATIONS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_plan(connection: sa.Connection, line_id: str) -> list[PlanMonth]:
    """A line's plan, month by month; empty when none was set."""
    return _PLANS.all(connection, PLANS.c.line_id == line_id, sort="month")


PROJECTORS = {FundsAllocated: project_funds_allocated, PlanSet: project_plan_set}
