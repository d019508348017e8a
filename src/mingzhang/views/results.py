"""What follows from an evaluation (评价结果应用): next year's suggestion, and rectification (整改)."""

from typing import Any

import sqlalchemy as sa

from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.results import (
    RectificationAnswered,
    RectificationClosed,
    RectificationOrdered,
    RectificationOverdue,
    RectificationSentBack,
    ResultApplied,
)
from mingzhang.views.batch import Batch
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Result(Row):
    """A final result and what the method makes of it: keep, raise or cut next year's money, and by how much."""

    evaluation_id: str
    project_id: str
    organisation: str
    year: int | None
    total: int
    grade: str
    grade_name: str
    next_year: str
    change_bp: int
    basis: str
    base_fen: int
    change_fen: int
    suggested_fen: int
    final_record: int
    time: int
    record: int


class Rectification(Row):
    """An order to put things right: ordered, answered, sent_back, overdue or closed. `late` is the last answer's."""

    evaluation_id: str
    project_id: str
    organisation: str
    indicators: list[str]
    basis: str
    status: str
    round: int
    due_time: int
    due_date: str
    answer: str
    answered_by: str
    late: bool
    evidence: list[File]
    opinion: str
    decided_by: str
    record: int
    changed_record: int


class RectificationStep(Row):
    """What happened to an order, one row a record."""

    record: int
    evaluation_id: str
    step: str
    text: str
    done_by: str
    time: int


RESULTS = RowTable(
    "results",
    Result,
    key=("evaluation_id",),
    indexes={"organisation": ("organisation",), "project": ("project_id",)},
)
RECTIFICATIONS = RowTable(
    "rectifications",
    Rectification,
    key=("evaluation_id",),
    indexes={"organisation": ("organisation",), "status": ("status", "due_time")},
)
STEPS = RowTable("rectification_steps", RectificationStep, key=("record",), indexes={"evaluation": ("evaluation_id",)})
_RESULTS = Listing(
    RESULTS,
    Result,
    sorts={"record": ("record",), "total": ("total", "evaluation_id"), "change": ("change_fen", "evaluation_id")},
)
_RECTIFICATIONS = Listing(
    RECTIFICATIONS, Rectification, sorts={"due": ("due_time", "evaluation_id"), "record": ("record",)}
)
_STEPS = Listing(STEPS, RectificationStep, sorts={"record": ("record",)})


# --- Projectors ---


def project_result_applied(batch: Batch, event: ResultApplied) -> None:
    """The suggestion."""
    grade = event.grade
    result = row_from(
        Result,
        event,
        grade=grade.grade,
        grade_name=grade.name,
        next_year=grade.next_year,
        change_bp=grade.change_bp,
        basis=grade.basis,
        time=batch.record.time,
    )
    batch.add(RESULTS, result)


def project_rectification_ordered(batch: Batch, event: RectificationOrdered) -> None:
    """The order."""
    order = row_from(
        Rectification,
        event,
        status="ordered",
        round=1,
        answer="",
        answered_by="",
        late=False,
        evidence=[],
        opinion="",
        decided_by="",
        changed_record=event.record,
    )
    batch.new(RECTIFICATIONS, order)
    _step(batch, event, "ordered", text=event.basis)


def project_rectification_answered(batch: Batch, event: RectificationAnswered) -> None:
    """The unit says what was put right."""
    order = _step(batch, event, "answered", text=event.answer, by=event.by)
    order.answer, order.answered_by = event.answer, event.by
    order.evidence, order.late = event.evidence, event.late


def project_rectification_sent_back(batch: Batch, event: RectificationSentBack) -> None:
    """It was not enough."""
    order = _step(batch, event, "sent_back", text=event.opinion, by=event.by)
    order.opinion, order.decided_by = event.opinion, event.by
    order.round, order.due_time, order.due_date = event.round, event.due_time, event.due_date


def project_rectification_closed(batch: Batch, event: RectificationClosed) -> None:
    """It was."""
    order = _step(batch, event, "closed", text=event.opinion, by=event.by)
    order.opinion, order.decided_by = event.opinion, event.by


def project_rectification_overdue(batch: Batch, event: RectificationOverdue) -> None:
    """No answer in time."""
    _step(batch, event, "overdue", text="")


def _step(batch: Batch, event: Any, step: str, *, text: str, by: str = "ledger") -> Rectification:
    time, record = batch.record.time, batch.record.index
    batch.add(STEPS, RectificationStep(record, event.evaluation_id, step, text, by, time))
    order = batch.get(RECTIFICATIONS, event.evaluation_id)
    order.status, order.changed_record = step, record
    return order


# --- Queries ---


def get_result(connection: sa.Connection, evaluation_id: str) -> Result | None:
    """What followed from an evaluation, or None."""
    return _RESULTS.one(connection, RESULTS.c.evaluation_id == evaluation_id)


def list_results(
    connection: sa.Connection,
    *,
    organisation: str | None = None,
    project_id: str | None = None,
    next_year: str | None = None,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Result]:
    """Results of an organisation and those below it, of a project, by their consequence."""
    conditions: list[Condition] = []
    if organisation is not None:
        conditions.append(belongs_under(connection, RESULTS.c.organisation, (organisation,)))
    for column, value in ((RESULTS.c.project_id, project_id), (RESULTS.c.next_year, next_year)):
        if value is not None:
            conditions.append(column == value)
    return _RESULTS.page(connection, conditions, sort=sort, limit=limit, after=after)


def get_rectification(connection: sa.Connection, evaluation_id: str) -> Rectification | None:
    """The order that followed from an evaluation, or None."""
    return _RECTIFICATIONS.one(connection, RECTIFICATIONS.c.evaluation_id == evaluation_id)


def list_rectifications(
    connection: sa.Connection,
    *,
    organisation: str | None = None,
    status: tuple[str, ...] = (),
    sort: str = "due",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Rectification]:
    """Orders to an organisation and those below it, by how they stand."""
    conditions: list[Condition] = []
    if organisation is not None:
        conditions.append(belongs_under(connection, RECTIFICATIONS.c.organisation, (organisation,)))
    if status:
        conditions.append(RECTIFICATIONS.c.status.in_(status))
    return _RECTIFICATIONS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_rectification_steps(connection: sa.Connection, evaluation_id: str) -> list[RectificationStep]:
    """What happened to an order, step by step."""
    return _STEPS.all(connection, STEPS.c.evaluation_id == evaluation_id, sort="record")


PROJECTORS = {
    ResultApplied: project_result_applied,
    RectificationOrdered: project_rectification_ordered,
    RectificationAnswered: project_rectification_answered,
    RectificationSentBack: project_rectification_sent_back,
    RectificationClosed: project_rectification_closed,
    RectificationOverdue: project_rectification_overdue,
}
