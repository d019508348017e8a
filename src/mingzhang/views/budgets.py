"""Budget lines (指标): what each holds now, and every movement that brought it there.

Allocations, plans and freezes are in allotments.py, virement and supplements in adjustments.py.
"""

from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from mingzhang.chain.contracts.budgets import LineApproved, LineBlocked, LineUnblocked, Moved, TotalChanged
from mingzhang.views.batch import Batch
from mingzhang.views.members import ORGANISATIONS, belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.projects import PROJECTS
from mingzhang.views.standards import CODES
from mingzhang.views.tables import Row, RowTable, row_from


class Line(Row):
    """A budget line. The total lies in the buckets from available to paid; all amounts in fen.

    `paid_bp` is paid ÷ total in basis points, rounded down; `blocked_by` "" while the line is usable.
    """

    line_id: str
    organisation: str
    project_id: str | None
    year: int
    function_code: str
    department_economic_code: str
    government_economic_code: str
    fund_type: str
    document: str
    paid_from: str
    approved_fen: int
    adjusted_fen: int
    total_fen: int
    allocated_fen: int
    available_fen: int
    frozen_fen: int
    encumbered_fen: int
    reserved_fen: int
    in_transit_fen: int
    paid_fen: int
    paid_bp: int
    blocked_by: str
    blocked_reason: str
    approved_by: str
    record: int


class ListedLine(Line):
    """A line with the names a list shows beside it."""

    organisation_name: str | None
    project_name: str | None
    function_name: str | None


class Movement(Row):
    """A change of a line: an amount from one bucket to another, or into the line from its approval or an adjustment.

    `number` is the event's place in its record; `cause_id` the payment, agreement, adjustment or freeze it belongs to.
    """

    line_id: str
    record: int
    number: int
    time: int
    source: str
    target: str
    amount_fen: int
    cause_id: str


class LineSum(msgspec.Struct, frozen=True):
    """Sums over lines; `group` is what they have in common, None for all."""

    group: str | int | None
    lines: int
    approved_fen: int
    adjusted_fen: int
    total_fen: int
    allocated_fen: int
    available_fen: int
    frozen_fen: int
    encumbered_fen: int
    reserved_fen: int
    in_transit_fen: int
    paid_fen: int


class LineFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines; all conditions given must hold. `organisation` means it and those below it; codes mean all that
    begin so.
    """

    organisation: str | None = None
    year: int | None = None
    project_id: str | None = None
    function_code: str | None = None
    department_economic_code: str | None = None
    government_economic_code: str | None = None
    fund_type: str | None = None
    blocked: bool | None = None
    document: str | None = None


LINES = RowTable(
    "lines",
    Line,
    key=("line_id",),
    indexes={
        "organisation": ("organisation", "year"),
        "project": ("project_id",),
        "year": ("year", "function_code"),
    },
    kept=True,
)
MOVEMENTS = RowTable("line_movements", Movement, key=("line_id", "record", "number"))

_names = sa.and_(CODES.c.table == "function", CODES.c.year == LINES.c.year, CODES.c.code == LINES.c.function_code)
_LINES = Listing(
    LINES,
    ListedLine,
    sorts={
        "line": ("line_id",),
        "record": ("record",),
        "total": ("total_fen", "line_id"),
        "available": ("available_fen", "line_id"),
        "paid": ("paid_fen", "line_id"),
        "rate": ("paid_bp", "line_id"),
    },
    extra=[
        ORGANISATIONS.c.name.label("organisation_name"),
        PROJECTS.c.name.label("project_name"),
        CODES.c.name.label("function_name"),
    ],
    joins=[
        (ORGANISATIONS.table, ORGANISATIONS.c.organisation_id == LINES.c.organisation),
        (PROJECTS.table, PROJECTS.c.project_id == LINES.c.project_id),
        (CODES.table, _names),
    ],
)
_MOVEMENTS = Listing(MOVEMENTS, Movement, sorts={"record": ("line_id", "record", "number")})


# --- Projectors ---


def project_line_approved(batch: Batch, event: LineApproved) -> None:
    """A new line; all of it is available."""
    nothing = dict.fromkeys(
        ("adjusted_fen", "allocated_fen", "frozen_fen", "encumbered_fen", "reserved_fen", "in_transit_fen", "paid_fen",
         "paid_bp"),
        0,
    )  # fmt: skip
    line = row_from(
        Line,
        event,
        total_fen=event.approved_fen,
        available_fen=event.approved_fen,
        blocked_by="",
        blocked_reason="",
        approved_by=event.by,
        **nothing,
    )
    batch.new(LINES, line)
    _move(batch, event.line_id, event.approved_fen, source="approval", target="available", cause_id=event.document)


def project_moved(batch: Batch, event: Moved) -> None:
    """Money changed its bucket."""
    line = batch.get(LINES, event.line_id)
    source, target = _FIELD[event.source], _FIELD[event.target]
    setattr(line, source, getattr(line, source) - event.amount_fen)
    setattr(line, target, getattr(line, target) + event.amount_fen)
    line.paid_bp = _rate(line)
    _move(batch, event.line_id, event.amount_fen, source=event.source, target=event.target, cause_id=event.cause_id)


def project_total_changed(batch: Batch, event: TotalChanged) -> None:
    """An adjustment changed what is available."""
    line = batch.get(LINES, event.line_id)
    line.adjusted_fen += event.change_fen
    line.total_fen += event.change_fen
    line.available_fen += event.change_fen
    line.paid_bp = _rate(line)
    _move(batch, event.line_id, event.change_fen, source="adjustment", target="available", cause_id=event.adjustment_id)


def project_line_blocked(batch: Batch, event: LineBlocked) -> None:
    """Nothing new may be spent on the line."""
    line = batch.get(LINES, event.line_id)
    line.blocked_by, line.blocked_reason = event.by, event.reason


def project_line_unblocked(batch: Batch, event: LineUnblocked) -> None:
    """The line is usable again."""
    line = batch.get(LINES, event.line_id)
    line.blocked_by, line.blocked_reason = "", ""


_FIELD = {name: name + "_fen" for name in ("available", "frozen", "encumbered", "reserved", "in_transit", "paid")}


def _rate(line: Line) -> int:
    return line.paid_fen * 10_000 // line.total_fen if line.total_fen else 0


def _move(batch: Batch, line_id: str, amount_fen: int, *, source: str, target: str, cause_id: str) -> None:
    record = batch.record
    batch.add(
        MOVEMENTS, Movement(line_id, record.index, batch.number, record.time, source, target, amount_fen, cause_id)
    )


# --- Queries ---


def get_line(connection: sa.Connection, line_id: str) -> ListedLine | None:
    """A line, or None."""
    return _LINES.one(connection, LINES.c.line_id == line_id)


def list_lines(
    connection: sa.Connection,
    wanted: LineFilter = LineFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "line",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[ListedLine]:
    """Lines. Raises WrongQuery."""
    return _LINES.page(connection, _conditions(connection, wanted), sort=sort, limit=limit, after=after)


def total_lines(
    connection: sa.Connection,
    wanted: LineFilter = LineFilter(),  # noqa: B008 (frozen)
    *,
    by: Literal["organisation", "project_id", "year", "function_code", "fund_type"] | None = None,
) -> list[LineSum]:
    """Sums over lines, for each value of `by` in its order, or over all in one."""
    group: sa.ColumnElement[Any] = sa.null() if by is None else LINES.c[by]
    names = LineSum.__struct_fields__[2:]
    sums = [sa.cast(sa.func.coalesce(sa.func.sum(LINES.c[name]), 0), sa.BigInteger) for name in names]
    statement = sa.select(group, sa.func.count(), *sums).where(*_conditions(connection, wanted))
    if by is not None:
        statement = statement.group_by(group).order_by(group.nulls_first())
    return [LineSum(*tuple(row)) for row in connection.execute(statement)]


def list_movements(
    connection: sa.Connection,
    line_id: str,
    *,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Movement]:
    """A line's statement of account (流水)."""
    return _MOVEMENTS.page(connection, [MOVEMENTS.c.line_id == line_id], sort=sort, limit=limit, after=after)


def _conditions(connection: sa.Connection, wanted: LineFilter) -> list[Condition]:
    c = LINES.c
    conditions: list[Condition] = []
    if wanted.organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
    for name in ("year", "project_id", "fund_type", "document"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(c[name] == value)
    for name in ("function_code", "department_economic_code", "government_economic_code"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(c[name].startswith(value, autoescape=True))
    if wanted.blocked is not None:
        conditions.append((c.blocked_by != "") if wanted.blocked else (c.blocked_by == ""))
    return conditions


PROJECTORS = {
    LineApproved: project_line_approved,
    Moved: project_moved,
    TotalChanged: project_total_changed,
    LineBlocked: project_line_blocked,
    LineUnblocked: project_line_unblocked,
}
