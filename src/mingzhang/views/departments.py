"""A department's year as a whole (部门整体支出绩效评价): its projects' results weighed by money, and its own total."""

import sqlalchemy as sa

from mingzhang.chain.contracts.departments import DepartmentEvaluated, Part
from mingzhang.views.batch import Batch
from mingzhang.views.paging import DEFAULT_LIMIT, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class DepartmentEvaluation(Row):
    """Aggregated and own total side by side, in hundredths; `without_result` had money that year but no result."""

    evaluation_id: str
    department: str
    year: int
    method_id: str
    goal: str
    narrative: str
    parts: list[Part]
    without_result: list[str]
    total: int
    grade: str
    self_total: int
    deviation: int
    reason: str
    submitted_by: str
    time: int
    record: int


DEPARTMENTS = RowTable(
    "department_evaluations",
    DepartmentEvaluation,
    key=("evaluation_id",),
    indexes={"department": ("department", "year")},
)
_DEPARTMENTS = Listing(
    DEPARTMENTS,
    DepartmentEvaluation,
    sorts={"record": ("record",), "total": ("total", "evaluation_id"), "year": ("year", "record")},
)


def project_department_evaluated(batch: Batch, event: DepartmentEvaluated) -> None:
    """One evaluation."""
    row = row_from(DepartmentEvaluation, event, grade=event.grade.name, submitted_by=event.by, time=batch.record.time)
    batch.add(DEPARTMENTS, row)


def list_department_evaluations(
    connection: sa.Connection,
    *,
    department: str | None = None,
    year: int | None = None,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[DepartmentEvaluation]:
    """Evaluations of a department, of a year."""
    conditions = [] if department is None else [DEPARTMENTS.c.department == department]
    if year is not None:
        conditions.append(DEPARTMENTS.c.year == year)
    return _DEPARTMENTS.page(connection, conditions, sort=sort, limit=limit, after=after)


PROJECTORS = {DepartmentEvaluated: project_department_evaluated}
