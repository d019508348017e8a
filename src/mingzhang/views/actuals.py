"""What indicators reached (绩效实际值): every report, with its source and evidence."""

import sqlalchemy as sa

from mingzhang.chain.contracts.actuals import ActualReported
from mingzhang.chain.contracts.declarations import File
from mingzhang.views.batch import Batch
from mingzhang.views.paging import Listing
from mingzhang.views.tables import Row, RowTable, row_from


class Actual(Row):
    """A reported value: digits ÷ 10 to the scale, or a level with its completion in basis points."""

    actual_id: str
    project_id: str
    indicator_id: str
    value_digits: int | None
    value_scale: int | None
    level: str | None
    completion_bp: int | None
    source: str
    evidence: list[File]
    date: str
    reported_by: str
    time: int
    record: int


ACTUALS = RowTable(
    "actuals", Actual, key=("actual_id",), indexes={"project": ("project_id", "indicator_id", "date", "record")}
)
_ACTUALS = Listing(ACTUALS, Actual, sorts={"indicator": ("indicator_id", "date", "record")})


def project_actual_reported(batch: Batch, event: ActualReported) -> None:
    """One report."""
    value = event.value
    actual = row_from(
        Actual,
        event,
        value_digits=None if value is None else value.digits,
        value_scale=None if value is None else value.scale,
        reported_by=event.by,
        time=batch.record.time,
    )
    batch.add(ACTUALS, actual)


def list_actuals(connection: sa.Connection, project_id: str, indicator_id: str | None = None) -> list[Actual]:
    """All reports on a project, by indicator and date; or those on one indicator."""
    conditions = [ACTUALS.c.project_id == project_id]
    if indicator_id is not None:
        conditions.append(ACTUALS.c.indicator_id == indicator_id)
    return _ACTUALS.all(connection, *conditions, sort="indicator")


PROJECTORS = {ActualReported: project_actual_reported}
