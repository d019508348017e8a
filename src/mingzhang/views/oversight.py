"""Findings (监督发现) on three levels: who must answer until when, what was said, how it ended."""

from typing import Any

import msgspec
import sqlalchemy as sa

from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.oversight import (
    AnswerReturned,
    FindingAnswered,
    FindingClosed,
    FindingOverdue,
    FindingRaised,
)
from mingzhang.views.batch import Batch
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Finding(Row):
    """A finding: open, answered, returned or closed. `escalation` counts how often its answer was late, `escalated_to`
    names who was told last.
    """

    finding_id: str
    level: str
    subject_kind: str
    subject_id: str
    questioned_record: int
    title: str
    text: str
    legal_basis: str
    severity: str
    responsible: str
    deadline: int
    follows: str | None
    files: list[File]
    raised_by: str
    time: int
    record: int
    status: str
    round: int
    overdue: bool
    escalation: int
    escalated_to: str
    stance: str
    answer: str
    conclusion: str
    conclusion_text: str
    changed_record: int


class FindingStep(Row):
    """What happened to a finding, one row a record: raised, answered, returned, overdue, closed."""

    record: int
    finding_id: str
    round: int
    step: str
    stance: str
    text: str
    files: list[File]
    done_by: str
    time: int


class FindingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings; all conditions given must hold. `responsible` means it and those below it."""

    responsible: str | None = None
    subject: tuple[str, str] | None = None
    level: str | None = None
    severity: str | None = None
    status: tuple[str, ...] = ()
    overdue: bool | None = None
    conclusion: str | None = None


FINDINGS = RowTable(
    "findings",
    Finding,
    key=("finding_id",),
    indexes={
        "responsible": ("responsible",),
        "subject": ("subject_kind", "subject_id"),
        "status": ("status", "deadline"),
    },
)
STEPS = RowTable("finding_steps", FindingStep, key=("record",), indexes={"finding": ("finding_id",)})
_FINDINGS = Listing(FINDINGS, Finding, sorts={"record": ("record",), "deadline": ("deadline", "finding_id")})
_STEPS = Listing(STEPS, FindingStep, sorts={"record": ("record",)})


# --- Projectors ---


def project_finding_raised(batch: Batch, event: FindingRaised) -> None:
    """A finding."""
    finding = row_from(
        Finding,
        event,
        raised_by=event.by,
        time=batch.record.time,
        status="open",
        round=1,
        overdue=False,
        escalation=0,
        escalated_to="",
        stance="",
        answer="",
        conclusion="",
        conclusion_text="",
        changed_record=event.record,
    )
    batch.new(FINDINGS, finding)
    _step(batch, event, "raised", text=event.text, files=event.files)


def project_finding_answered(batch: Batch, event: FindingAnswered) -> None:
    """The answer."""
    finding = _step(batch, event, "answered", text=event.text, files=event.files, stance=event.stance)
    finding.status, finding.stance, finding.answer = "answered", event.stance, event.text


def project_answer_returned(batch: Batch, event: AnswerReturned) -> None:
    """The next round."""
    finding = _step(batch, event, "returned", text=event.reason)
    finding.status, finding.round, finding.deadline, finding.overdue = "returned", event.round, event.deadline, False


def project_finding_closed(batch: Batch, event: FindingClosed) -> None:
    """The conclusion."""
    finding = _step(batch, event, "closed", text=event.text)
    finding.status, finding.conclusion, finding.conclusion_text = "closed", event.conclusion, event.text


def project_finding_overdue(batch: Batch, event: FindingOverdue) -> None:
    """Late, and told to the organisation above."""
    finding = _step(batch, event, "overdue", text=event.escalated_to)
    finding.overdue, finding.escalation, finding.escalated_to = True, event.escalation, event.escalated_to


def _step(
    batch: Batch, event: Any, step: str, *, text: str, files: list[File] | None = None, stance: str = ""
) -> Finding:
    finding, record = batch.get(FINDINGS, event.finding_id), batch.record
    finding.changed_record = record.index
    row = FindingStep(
        record=record.index,
        finding_id=event.finding_id,
        round=finding.round,
        step=step,
        stance=stance,
        text=text,
        files=files or [],
        done_by=record.signer,
        time=record.time,
    )
    batch.add(STEPS, row)
    return finding


# --- Queries ---


def get_finding(connection: sa.Connection, finding_id: str) -> Finding | None:
    """A finding, or None."""
    return _FINDINGS.one(connection, FINDINGS.c.finding_id == finding_id)


def list_findings(
    connection: sa.Connection,
    wanted: FindingFilter = FindingFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Finding]:
    """Findings. Raises WrongQuery."""
    c = FINDINGS.c
    conditions: list[Condition] = []
    if wanted.responsible is not None:
        conditions.append(belongs_under(connection, c.responsible, (wanted.responsible,)))
    if wanted.subject is not None:
        kind, subject_id = wanted.subject
        conditions += [c.subject_kind == kind, c.subject_id == subject_id]
    for column, value in ((c.level, wanted.level), (c.severity, wanted.severity), (c.conclusion, wanted.conclusion)):
        if value is not None:
            conditions.append(column == value)
    if wanted.status:
        conditions.append(c.status.in_(wanted.status))
    if wanted.overdue is not None:
        conditions.append(c.overdue.is_(wanted.overdue))
    return _FINDINGS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_finding_steps(connection: sa.Connection, finding_id: str) -> list[FindingStep]:
    """What happened to a finding, step by step."""
    return _STEPS.all(connection, STEPS.c.finding_id == finding_id, sort="record")


PROJECTORS = {
    FindingRaised: project_finding_raised,
    FindingAnswered: project_finding_answered,
    AnswerReturned: project_answer_returned,
    FindingClosed: project_finding_closed,
    FindingOverdue: project_finding_overdue,
}
