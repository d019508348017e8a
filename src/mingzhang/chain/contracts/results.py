"""What follows from a final result (评价结果应用): the suggestion for next year's budget, and rectification (整改).

Both are called for by the ledger itself, from the method's own table of grades; a suggestion changes no money. How the
result came about is in evaluations.py.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.calendar import DAY_SECONDS, date_of
from mingzhang.chain.codec import ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import performance as codes
from mingzhang.chain.contracts.budgets import read_project_money
from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.evaluations import ReEvaluated, read_evaluation
from mingzhang.chain.contracts.members import check_authority, check_not_same_person
from mingzhang.chain.contracts.methods import Grade
from mingzhang.chain.operations import Block, Item, Later, Operation
from mingzhang.chain.scoring import part_of
from mingzhang.chain.state import Draft, Key, View

_ANSWERING = ("unit_head",)
_CLOSING = ("finance_performance",)
_MAX_DAYS = 365


# --- Commands ---


class ApplyResult(Wire, frozen=True, tag="results.apply/1"):
    """The ledger's own, after a re-evaluation."""

    evaluation_id: ObjectId


class AnswerRectification(Wire, frozen=True, tag="results.answer_rectification/1"):
    """Say what was put right (整改报告), with evidence; after the deadline too."""

    evaluation_id: ObjectId
    answer: Text
    evidence: Annotated[list[File], Meta(max_length=50)]


class CloseRectification(Wire, frozen=True, tag="results.close_rectification/1"):
    """Accept the answer and close (整改销号), or send it back with a reason and a new deadline of `days`."""

    evaluation_id: ObjectId
    verdict: Literal["close", "send_back"]
    opinion: Text
    days: Annotated[int, Meta(ge=0, le=10_000)]


class MarkOverdue(Wire, frozen=True, tag="results.mark_overdue/1"):
    """The ledger's own, when a deadline has passed; `round` says which."""

    evaluation_id: ObjectId
    round: int


# --- Events ---


class ResultApplied(Wire, frozen=True, tag="results.applied/1"):
    """The suggestion for next year: base, rate and amount by the grade's row; `final_record` holds the result."""

    evaluation_id: str
    project_id: str
    organisation: str
    year: int | None
    total: int
    grade: Grade
    base_fen: int
    change_fen: int
    suggested_fen: int
    final_record: int
    record: int


class RectificationOrdered(Wire, frozen=True, tag="results.rectification_ordered/1"):
    """The unit has to answer by the deadline; `indicators` fell short of their weight by the formula."""

    evaluation_id: str
    project_id: str
    organisation: str
    indicators: list[str]
    basis: str
    due_time: int
    due_date: str
    record: int


class RectificationAnswered(Wire, frozen=True, tag="results.rectification_answered/1"):
    """See AnswerRectification."""

    evaluation_id: str
    project_id: str
    answer: str
    evidence: list[File]
    late: bool
    by: str
    record: int


class RectificationSentBack(Wire, frozen=True, tag="results.rectification_sent_back/1"):
    """The answer was not enough; a new round with its own deadline begins."""

    evaluation_id: str
    project_id: str
    opinion: str
    round: int
    due_time: int
    due_date: str
    by: str
    record: int


class RectificationClosed(Wire, frozen=True, tag="results.rectification_closed/1"):
    """The answer was accepted."""

    evaluation_id: str
    project_id: str
    opinion: str
    by: str
    record: int


class RectificationOverdue(Wire, frozen=True, tag="results.rectification_overdue/1"):
    """The deadline passed without an answer."""

    evaluation_id: str
    project_id: str
    organisation: str
    round: int
    record: int


# --- Keys ---


class Applied(msgspec.Struct, frozen=True):
    """The suggestion that followed from an evaluation."""

    next_year: str
    base_fen: int
    suggested_fen: int
    record: int


class Rectification(msgspec.Struct, frozen=True):
    """Where a rectification stands; `record` is that of the order."""

    project_id: str
    organisation: str
    status: Literal["ordered", "answered", "sent_back", "overdue", "closed"]
    round: int
    due_time: int
    answered_by: str
    record: int


APPLIED = Key("results/applied", Applied)
"""results/applied/<evaluation>"""
RECTIFICATION = Key("results/rectification", Rectification)
"""results/rectification/<evaluation>"""


# --- Rules ---


def read_applied(view: View, evaluation_id: str) -> Applied | None:
    """The suggestion that followed from an evaluation, or None."""
    return view.get(APPLIED, evaluation_id)


def read_rectification(view: View, evaluation_id: str) -> Rectification:
    """The rectification ordered on an evaluation. Raises Refused."""
    found = view.get(RECTIFICATION, evaluation_id)
    if found is None:
        raise Refused(codes.RECTIFICATION_UNKNOWN, evaluation=evaluation_id)
    return found


def decide_apply_result(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: result final, not applied before. The base is the period's adjusted budget."""
    command: ApplyResult = item.command
    evaluation = read_evaluation(view, command.evaluation_id)
    grade = evaluation.final_grade
    if grade is None:
        raise Refused(codes.NO_RESULT, evaluation=command.evaluation_id)
    if view.get(APPLIED, command.evaluation_id) is not None:
        raise Refused(codes.RESULT_APPLIED, evaluation=command.evaluation_id)
    base_fen = read_project_money(view, evaluation.project_id, evaluation.year).adjusted_fen
    amount_fen = part_of(base_fen, grade.change_bp)
    change_fen = {"keep": 0, "raise": amount_fen, "cut": -amount_fen}[grade.next_year]
    events: list[Wire] = [
        ResultApplied(
            evaluation_id=command.evaluation_id,
            project_id=evaluation.project_id,
            organisation=evaluation.organisation,
            year=evaluation.year,
            total=evaluation.final_total,
            grade=grade,
            base_fen=base_fen,
            change_fen=change_fen,
            suggested_fen=base_fen + change_fen,
            final_record=evaluation.final_record,
            record=item.index,
        )
    ]
    if grade.rectification_days > 0:
        due_time = block.time + grade.rectification_days * DAY_SECONDS
        short = [one.indicator_id for one in evaluation.card.indicators if (one.score or 0) < one.weight]
        events.append(
            RectificationOrdered(
                evaluation_id=command.evaluation_id,
                project_id=evaluation.project_id,
                organisation=evaluation.organisation,
                indicators=short,
                basis=grade.basis,
                due_time=due_time,
                due_date=date_of(due_time),
                record=item.index,
            )
        )
    return events


def decide_answer_rectification(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: ordered, authority for the project, an answer is awaited."""
    command: AnswerRectification = item.command
    standing = read_rectification(view, command.evaluation_id)
    check_authority(
        view, item.signer, _ANSWERING, organisation=standing.organisation, block=block, project=standing.project_id
    )
    _check_standing(standing, command.evaluation_id, "ordered", "sent_back", "overdue")
    return [
        RectificationAnswered(
            evaluation_id=command.evaluation_id,
            project_id=standing.project_id,
            answer=command.answer,
            evidence=command.evidence,
            late=block.time >= standing.due_time,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_close_rectification(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: ordered, authority for the project, not who answered, answered, days given exactly when sent back."""
    command: CloseRectification = item.command
    standing = read_rectification(view, command.evaluation_id)
    check_authority(
        view, item.signer, _CLOSING, organisation=standing.organisation, block=block, project=standing.project_id
    )
    check_not_same_person(item.signer, standing.answered_by)
    _check_standing(standing, command.evaluation_id, "answered")
    sent_back = command.verdict == "send_back"
    if sent_back != (command.days > 0) or command.days > _MAX_DAYS:
        raise Refused(codes.RECTIFICATION_DAYS, days=command.days)
    if not sent_back:
        return [
            RectificationClosed(
                evaluation_id=command.evaluation_id,
                project_id=standing.project_id,
                opinion=command.opinion,
                by=item.signer,
                record=item.index,
            )
        ]
    due_time = block.time + command.days * DAY_SECONDS
    return [
        RectificationSentBack(
            evaluation_id=command.evaluation_id,
            project_id=standing.project_id,
            opinion=command.opinion,
            round=standing.round + 1,
            due_time=due_time,
            due_date=date_of(due_time),
            by=item.signer,
            record=item.index,
        )
    ]


def decide_mark_overdue(view: View, item: Item, block: Block) -> list[Wire]:
    """The ledger's own call: no event where this round was answered in time."""
    command: MarkOverdue = item.command
    standing = read_rectification(view, command.evaluation_id)
    if standing.round != command.round or standing.status not in ("ordered", "sent_back"):
        return []
    return [
        RectificationOverdue(
            evaluation_id=command.evaluation_id,
            project_id=standing.project_id,
            organisation=standing.organisation,
            round=standing.round,
            record=item.index,
        )
    ]


def _check_standing(standing: Rectification, evaluation_id: str, *wanted: str) -> None:
    if standing.status not in wanted:
        raise Refused(codes.RECTIFICATION_STATUS, evaluation=evaluation_id, status=standing.status)


def call_apply_result(view: View, event: ReEvaluated, block: Block) -> list[ApplyResult]:
    """A final result is applied at once."""
    return [ApplyResult(evaluation_id=event.evaluation_id)]


def call_first_deadline(view: View, event: RectificationOrdered, block: Block) -> list[Later]:
    """Look again when the deadline comes."""
    return [Later(event.due_time, MarkOverdue(evaluation_id=event.evaluation_id, round=1))]


def call_next_deadline(view: View, event: RectificationSentBack, block: Block) -> list[Later]:
    """Look again when the new deadline comes."""
    return [Later(event.due_time, MarkOverdue(evaluation_id=event.evaluation_id, round=event.round))]


def evolve_result_applied(draft: Draft, event: ResultApplied) -> None:
    """Keep the suggestion."""
    applied = Applied(
        next_year=event.grade.next_year,
        base_fen=event.base_fen,
        suggested_fen=event.suggested_fen,
        record=event.record,
    )
    draft.put(APPLIED, event.evaluation_id, applied)


def evolve_rectification_ordered(draft: Draft, event: RectificationOrdered) -> None:
    """Open it."""
    standing = Rectification(
        project_id=event.project_id,
        organisation=event.organisation,
        status="ordered",
        round=1,
        due_time=event.due_time,
        answered_by="",
        record=event.record,
    )
    draft.put(RECTIFICATION, event.evaluation_id, standing)


def evolve_rectification_answered(draft: Draft, event: RectificationAnswered) -> None:
    """It waits for finance."""
    _change(draft, event.evaluation_id, status="answered", answered_by=event.by)


def evolve_rectification_sent_back(draft: Draft, event: RectificationSentBack) -> None:
    """It waits for the unit again."""
    _change(draft, event.evaluation_id, status="sent_back", round=event.round, due_time=event.due_time)


def evolve_rectification_closed(draft: Draft, event: RectificationClosed) -> None:
    """It is done."""
    _change(draft, event.evaluation_id, status="closed")


def evolve_rectification_overdue(draft: Draft, event: RectificationOverdue) -> None:
    """It is late; an answer is still awaited."""
    _change(draft, event.evaluation_id, status="overdue")


def _change(draft: Draft, evaluation_id: str, **fields: object) -> None:
    standing = draft.get(RECTIFICATION, evaluation_id)
    if standing is not None:
        draft.put(RECTIFICATION, evaluation_id, msgspec.structs.replace(standing, **fields))


COMMANDS = {
    ApplyResult: Operation(decide_apply_result),
    AnswerRectification: Operation(decide_answer_rectification, _ANSWERING),
    CloseRectification: Operation(decide_close_rectification, _CLOSING),
    MarkOverdue: Operation(decide_mark_overdue),
}
EVENTS = {
    ResultApplied: evolve_result_applied,
    RectificationOrdered: evolve_rectification_ordered,
    RectificationAnswered: evolve_rectification_answered,
    RectificationSentBack: evolve_rectification_sent_back,
    RectificationClosed: evolve_rectification_closed,
    RectificationOverdue: evolve_rectification_overdue,
}
FOLLOW_UPS = {
    ReEvaluated: call_apply_result,
    RectificationOrdered: call_first_deadline,
    RectificationSentBack: call_next_deadline,
}
