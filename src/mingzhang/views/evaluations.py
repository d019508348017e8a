"""Evaluations (绩效评价) with three scores side by side: the formula's, the unit's own, the final one.

What follows from a result is in results.py; a department's year as a whole in departments.py.
"""

from typing import Any

import msgspec
import sqlalchemy as sa

from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.evaluations import ReEvaluated, SelfEvaluationSubmitted
from mingzhang.chain.contracts.scorecards import AssessedAtEnd, Scorecard
from mingzhang.views.batch import Batch
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.projects import PROJECTS
from mingzhang.views.tables import Row, RowTable, row_from

EXECUTION = ""
"""In place of an indicator: budget execution (预算执行率)."""


class Evaluation(Row):
    """A self-evaluation and what finance made of it: submitted, replaced or final. `year` null is the whole project.

    Totals are hundredths of a point; `card` is the derivation of the formula's.
    """

    evaluation_id: str
    project_id: str
    organisation: str
    year: int | None
    status: str
    formula_total: int
    formula_grade: str
    self_total: int
    self_grade: str
    final_total: int | None
    final_grade: str | None
    card: Scorecard
    narrative: str
    opinion: str
    evidence: list[File]
    submitted_by: str
    decided_by: str
    time: int
    record: int
    final_time: int | None
    final_record: int | None


class ListedEvaluation(Evaluation):
    """An evaluation with the names a list shows beside it."""

    project_name: str | None


class Score(Row):
    """One line of an evaluation; `indicator_id` is "" for budget execution. Scores are hundredths of a point, null
    where nothing is scored or decided.
    """

    evaluation_id: str
    indicator_id: str
    number: int
    weight: int
    formula_score: int | None
    self_score: int | None
    final_score: int | None
    deviation: int | None
    reason: str
    measures: str
    final_reason: str


class Assessment(Row):
    """A provisional scorecard the ledger drew when a project had ended."""

    record: int
    project_id: str
    organisation: str
    total: int
    grade: str
    card: Scorecard
    time: int


class EvaluationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which evaluations; all conditions given must hold. `organisation` means it and those below it; `grade` is the
    final one.
    """

    organisation: str | None = None
    project_id: str | None = None
    year: int | None = None
    status: tuple[str, ...] = ()
    grade: str | None = None


EVALUATIONS = RowTable(
    "evaluations",
    Evaluation,
    key=("evaluation_id",),
    indexes={"organisation": ("organisation",), "project": ("project_id",), "status": ("status",)},
)
SCORES = RowTable("evaluation_scores", Score, key=("evaluation_id", "indicator_id"))
ASSESSMENTS = RowTable("assessments", Assessment, key=("record",), indexes={"project": ("project_id",)})
_EVALUATIONS = Listing(
    EVALUATIONS,
    ListedEvaluation,
    sorts={
        "record": ("record",),
        "self": ("self_total", "evaluation_id"),
        "formula": ("formula_total", "evaluation_id"),
    },
    extra=[PROJECTS.c.name.label("project_name")],
    joins=[(PROJECTS.table, PROJECTS.c.project_id == EVALUATIONS.c.project_id)],
)
_SCORES = Listing(SCORES, Score, sorts={"number": ("number",)})
_ASSESSMENTS = Listing(ASSESSMENTS, Assessment, sorts={"record": ("record",)})


# --- Projectors ---


def project_self_evaluation_submitted(batch: Batch, event: SelfEvaluationSubmitted) -> None:
    """A self-evaluation, beside what the formula gives; it may take the place of an earlier one."""
    evaluation = row_from(
        Evaluation,
        event,
        status="submitted",
        formula_total=event.card.total,
        formula_grade=event.card.grade.name,
        self_grade=event.self_grade.name,
        final_total=None,
        final_grade=None,
        opinion="",
        evidence=[],
        decided_by="",
        time=batch.record.time,
        final_time=None,
        final_record=None,
    )
    batch.new(EVALUATIONS, evaluation)
    for number, side in enumerate(event.sides, start=1):
        score = row_from(
            Score,
            side,
            evaluation_id=event.evaluation_id,
            indicator_id=side.indicator_id or EXECUTION,
            number=number,
            final_score=None,
            final_reason="",
        )
        batch.new(SCORES, score)
    if event.replaces:
        batch.get(EVALUATIONS, event.replaces).status = "replaced"


def project_re_evaluated(batch: Batch, event: ReEvaluated) -> None:
    """The final result."""
    evaluation = batch.get(EVALUATIONS, event.evaluation_id)
    evaluation.status, evaluation.final_total, evaluation.final_grade = "final", event.total, event.grade.name
    evaluation.opinion, evaluation.evidence, evaluation.decided_by = event.opinion, event.evidence, event.by
    evaluation.final_time, evaluation.final_record = batch.record.time, event.record
    for final in event.scores:
        score = batch.get(SCORES, event.evaluation_id, final.indicator_id or EXECUTION)
        score.final_score, score.final_reason = final.final_score, final.reason


def project_assessed_at_end(batch: Batch, event: AssessedAtEnd) -> None:
    """A provisional scorecard."""
    total, grade = event.card.total, event.card.grade.name
    batch.add(ASSESSMENTS, row_from(Assessment, event, total=total, grade=grade, time=batch.record.time))


# --- Queries ---


def get_evaluation(connection: sa.Connection, evaluation_id: str) -> ListedEvaluation | None:
    """An evaluation, or None."""
    return _EVALUATIONS.one(connection, EVALUATIONS.c.evaluation_id == evaluation_id)


def list_evaluations(
    connection: sa.Connection,
    wanted: EvaluationFilter = EvaluationFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[ListedEvaluation]:
    """Evaluations. Raises WrongQuery."""
    c = EVALUATIONS.c
    conditions: list[Condition] = []
    if wanted.organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
    given: tuple[tuple[sa.ColumnElement[Any], Any], ...] = (
        (c.project_id, wanted.project_id),
        (c.year, wanted.year),
        (c.final_grade, wanted.grade),
    )
    conditions += [column == value for column, value in given if value is not None]
    if wanted.status:
        conditions.append(c.status.in_(wanted.status))
    return _EVALUATIONS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_scores(connection: sa.Connection, evaluation_id: str) -> list[Score]:
    """An evaluation's lines, in its order."""
    return _SCORES.all(connection, SCORES.c.evaluation_id == evaluation_id, sort="number")


def list_assessments(connection: sa.Connection, project_id: str) -> list[Assessment]:
    """The ledger's own scorecards of a project, in order."""
    return _ASSESSMENTS.all(connection, ASSESSMENTS.c.project_id == project_id, sort="record")


PROJECTORS = {
    SelfEvaluationSubmitted: project_self_evaluation_submitted,
    ReEvaluated: project_re_evaluated,
    AssessedAtEnd: project_assessed_at_end,
}
