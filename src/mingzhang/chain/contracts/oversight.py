"""Oversight in real time (实时监督): findings on records as they are written, returned answers, conclusions.

Three levels look on: self-check (自查), supervising department (主管), audit (审计). What a finding is about stays as
it was; whoever must act on a conclusion does so in the contract of that object. Answers, and what happens when none
comes, are in answers.py, whose events are kept here.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import Count, Id, Name, ObjectId, Seconds, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import oversight as codes
from mingzhang.chain.contracts.agreements import read_agreement
from mingzhang.chain.contracts.budgets import read_line
from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.evaluations import read_evaluation
from mingzhang.chain.contracts.members import (
    check_authority,
    check_not_same_person,
    check_own_prefix,
    check_same,
    read_organisation,
    read_organisation_of,
)
from mingzhang.chain.contracts.payments import read_payment
from mingzhang.chain.contracts.projects import read_project
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

Level = Literal["self_check", "department", "audit"]
LEVELS: dict[str, tuple[str, tuple[str, ...]]] = {
    "self_check": ("单位自查", ("unit_head",)),
    "department": ("主管部门监督", ("department_reviewer",)),
    "audit": ("审计监督", ("auditor",)),
}
"""Levels from the lowest up: their names, and the roles that raise, return and close."""
_LOOKING_ON = ("unit_head", "department_reviewer", "auditor")
Severity = Literal["general", "serious", "grave"]
SEVERITIES = {"general": "一般", "serious": "较重", "grave": "严重"}
Conclusion = Literal["substantiated", "not_substantiated", "rectified"]
CONCLUSIONS = {"substantiated": "属实", "not_substantiated": "不属实", "rectified": "已整改"}
SubjectKind = Literal["project", "budget_line", "agreement", "payment", "evaluation", "organisation"]
SUBJECTS: dict[str, Callable[[View, str], object]] = {
    "project": read_project,
    "budget_line": read_line,
    "agreement": read_agreement,
    "payment": read_payment,
    "evaluation": read_evaluation,
    "organisation": read_organisation,
}
"""What a finding may be about, and the reader that refuses when there is no such object."""


# --- Commands ---


class RaiseFinding(Wire, frozen=True, tag="oversight.raise/1"):
    """Raise a finding (监督发现) on an object and the record in question.

    `responsible` is the organisation that must answer until `deadline` (ledger time). `follows` names a finding of a
    lower level on the same object that this one takes up. Texts are clear to all members; files are sealed.
    """

    finding_id: ObjectId
    level: Level
    subject_kind: SubjectKind
    subject_id: Annotated[str, Meta(min_length=1, max_length=129, description="id of the object, by its kind")]
    questioned_record: Count
    title: Name
    text: Text
    legal_basis: Text
    severity: Severity
    responsible: Id
    deadline: Seconds
    follows: ObjectId | None
    files: Annotated[list[File], Meta(max_length=100)]


class ReturnAnswer(Wire, frozen=True, tag="oversight.return/1"):
    """Send an answer back with a reason; the next round begins, with its own deadline."""

    finding_id: ObjectId
    reason: Text
    deadline: Seconds


class CloseFinding(Wire, frozen=True, tag="oversight.close/1"):
    """Conclude: substantiated (属实), not substantiated (不属实) or rectified (已整改)."""

    finding_id: ObjectId
    conclusion: Conclusion
    text: Text


# --- Events ---


class FindingRaised(Wire, frozen=True, tag="oversight.raised/1"):
    """See RaiseFinding."""

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
    by: str
    record: int


class FindingAnswered(Wire, frozen=True, tag="oversight.answered/1"):
    """See AnswerFinding."""

    finding_id: str
    round: int
    stance: str
    text: str
    files: list[File]
    by: str
    record: int


class AnswerReturned(Wire, frozen=True, tag="oversight.returned/1"):
    """See ReturnAnswer; `round` is the one that begins."""

    finding_id: str
    round: int
    reason: str
    deadline: int
    by: str
    record: int


class FindingClosed(Wire, frozen=True, tag="oversight.closed/1"):
    """See CloseFinding."""

    finding_id: str
    subject_kind: str
    subject_id: str
    responsible: str
    conclusion: str
    text: str
    by: str
    record: int


class FindingOverdue(Wire, frozen=True, tag="oversight.overdue/1"):
    """A round's time passed without an answer. `escalated_to` is told: each time the next organisation above.

    `next_time` is when the one above that will be told, None at the top.
    """

    finding_id: str
    responsible: str
    round: int
    escalation: int
    escalated_to: str
    next_time: int | None
    record: int


# --- Keys ---


class Finding(msgspec.Struct, frozen=True):
    """A finding and how it stands. `escalation` counts how often its answer was late; it never shrinks."""

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
    raised_by: str
    status: Literal["open", "answered", "returned", "closed"]
    round: int
    overdue: bool
    escalation: int
    stance: str
    answer_text: str
    answered_by: tuple[str, ...]
    conclusion: str
    conclusion_text: str
    record: int
    decided_record: int


FINDING = Key("oversight/finding", Finding)
"""oversight/finding/<finding>"""


# --- Rules ---


def read_finding(view: View, finding_id: str) -> Finding:
    """A finding. Raises Refused."""
    found = view.get(FINDING, finding_id)
    if found is None:
        raise Refused(codes.FINDING_UNKNOWN, finding=finding_id)
    return found


def check_status(finding_id: str, finding: Finding, wanted: tuple[str, ...]) -> None:
    """Refuse unless the finding is in one of the states."""
    if finding.status not in wanted:
        raise Refused(codes.FINDING_STATUS, finding=finding_id, status=finding.status, wanted="/".join(wanted))


def decide_raise_finding(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority of the level, own id, an id that is taken, object, record, deadline, the one taken up."""
    command: RaiseFinding = item.command
    _check_level(view, item, command.level, responsible=command.responsible, block=block)
    check_own_prefix(command.finding_id, read_organisation_of(view, item.signer))
    fields = {name: getattr(command, name) for name in RaiseFinding.__struct_fields__}
    stored = view.get(FINDING, command.finding_id)
    if stored is not None:
        later = ("finding_id", "deadline", "files")
        check_same(command.finding_id, stored, {name: fields[name] for name in fields if name not in later})
    SUBJECTS[command.subject_kind](view, command.subject_id)
    if command.questioned_record >= item.index:
        raise Refused(codes.RECORD_NOT_WRITTEN, record=command.questioned_record, next=item.index)
    _check_ahead(command.deadline, block)
    if command.follows is not None:
        lower = read_finding(view, command.follows)
        order = list(LEVELS)
        same = (lower.subject_kind, lower.subject_id) == (command.subject_kind, command.subject_id)
        if not same or order.index(lower.level) >= order.index(command.level):
            raise Refused(codes.FOLLOWS_WRONG, follows=command.follows)
    return [FindingRaised(**fields, by=item.signer, record=item.index)]


def decide_return_answer(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority of the level, an answer to return, not who gave it, the deadline."""
    command: ReturnAnswer = item.command
    finding = read_finding(view, command.finding_id)
    _check_level(view, item, finding.level, responsible=finding.responsible, block=block)
    check_status(command.finding_id, finding, ("answered",))
    _check_not_answerer(item.signer, finding)
    _check_ahead(command.deadline, block)
    return [
        AnswerReturned(
            finding_id=command.finding_id,
            round=finding.round + 1,
            reason=command.reason,
            deadline=command.deadline,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_close_finding(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority of the level, not closed, not who answered; for a burden an answer, or its time over."""
    command: CloseFinding = item.command
    finding = read_finding(view, command.finding_id)
    _check_level(view, item, finding.level, responsible=finding.responsible, block=block)
    check_status(command.finding_id, finding, ("open", "answered", "returned"))
    _check_not_answerer(item.signer, finding)
    heard = finding.status == "answered"
    if command.conclusion == "substantiated":
        heard = heard or block.time >= finding.deadline
    if command.conclusion != "not_substantiated" and not heard:
        conclusion = CONCLUSIONS[command.conclusion]
        raise Refused(codes.ANSWER_NEEDED, finding=command.finding_id, conclusion=conclusion)
    return [
        FindingClosed(
            finding_id=command.finding_id,
            subject_kind=finding.subject_kind,
            subject_id=finding.subject_id,
            responsible=finding.responsible,
            conclusion=command.conclusion,
            text=command.text,
            by=item.signer,
            record=item.index,
        )
    ]


def _check_level(view: View, item: Item, level: str, *, responsible: str, block: Block) -> None:
    check_authority(view, item.signer, LEVELS[level][1], organisation=responsible, block=block)


def _check_not_answerer(signer: str, finding: Finding) -> None:
    for person in finding.answered_by:
        check_not_same_person(signer, person)


def _check_ahead(deadline: int, block: Block) -> None:
    if deadline <= block.time:
        raise Refused(codes.DEADLINE_PASSED, deadline=deadline, time=block.time)


def evolve_finding_raised(draft: Draft, event: FindingRaised) -> None:
    """Store the finding, open in its first round."""
    given = ("level", "subject_kind", "subject_id", "questioned_record", "title", "text", "legal_basis", "severity",
             "responsible", "deadline", "follows", "record")  # fmt: skip
    finding = Finding(
        **{name: getattr(event, name) for name in given},
        raised_by=event.by,
        status="open",
        round=1,
        overdue=False,
        escalation=0,
        stance="",
        answer_text="",
        answered_by=(),
        conclusion="",
        conclusion_text="",
        decided_record=0,
    )
    draft.put(FINDING, event.finding_id, finding)


def evolve_finding_answered(draft: Draft, event: FindingAnswered) -> None:
    """Keep the answer; who has answered stays known through all rounds."""
    finding = draft.get(FINDING, event.finding_id)
    who = () if finding is None else finding.answered_by
    answered_by = who if event.by in who else (*who, event.by)
    _change(draft, event.finding_id, status="answered", stance=event.stance, answer_text=event.text,
            answered_by=answered_by)  # fmt: skip


def evolve_answer_returned(draft: Draft, event: AnswerReturned) -> None:
    """Begin the next round."""
    _change(draft, event.finding_id, status="returned", round=event.round, deadline=event.deadline, overdue=False)


def evolve_finding_closed(draft: Draft, event: FindingClosed) -> None:
    """Keep the conclusion."""
    _change(draft, event.finding_id, status="closed", conclusion=event.conclusion, conclusion_text=event.text,
            decided_record=event.record)  # fmt: skip


def evolve_finding_overdue(draft: Draft, event: FindingOverdue) -> None:
    """Mark the round late and keep how far it went up."""
    _change(draft, event.finding_id, overdue=True, escalation=event.escalation)


def _change(draft: Draft, finding_id: str, **fields: object) -> None:
    finding = draft.get(FINDING, finding_id)
    if finding is None:
        raise KeyError(finding_id)
    draft.put(FINDING, finding_id, msgspec.structs.replace(finding, **fields))


def _closed_is_concluded(finding: Finding) -> bool:
    return (finding.status == "closed") == (finding.conclusion != "")


def every_finding_points_back(view: View) -> Iterable[str]:
    """A finding questions a record written before it."""
    for name, finding in view.scan(FINDING):
        if finding.questioned_record >= finding.record:
            yield f"finding {name} questions record {finding.questioned_record}, which is not before it"


COMMANDS = {
    RaiseFinding: Operation(decide_raise_finding, _LOOKING_ON),
    ReturnAnswer: Operation(decide_return_answer, _LOOKING_ON),
    CloseFinding: Operation(decide_close_finding, _LOOKING_ON),
}
EVENTS = {
    FindingRaised: evolve_finding_raised,
    FindingAnswered: evolve_finding_answered,
    AnswerReturned: evolve_answer_returned,
    FindingClosed: evolve_finding_closed,
    FindingOverdue: evolve_finding_overdue,
}
TOUCHED = {FINDING: ("closed_findings_are_concluded", _closed_is_concluded)}
INVARIANTS = {"findings_point_back": every_finding_points_back}
