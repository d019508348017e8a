"""Self-evaluation (绩效自评) by the unit: formula score, self score and explained deviation side by side.

None of the three overwrites another. The formula scores come from scorecards.py. Finance decides in reevaluations.py,
whose event is kept here; what follows from a grade is in results.py.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import Hundredths, Id, ObjectId, OptionalText, Text, Wire, Year
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import performance as codes
from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.members import check_authority, check_own_prefix, check_same
from mingzhang.chain.contracts.methods import FULL, Grade
from mingzhang.chain.contracts.projects import read_project
from mingzhang.chain.contracts.scorecards import Drawn, Scorecard, draw_scorecard, grade_of, total_of
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

EXECUTION = "预算执行率"
"""How the line without an indicator is called in facts."""
_SELF = ("unit_business", "unit_head")


# --- Commands ---


class Entry(Wire, frozen=True, tag=False):
    """What the unit says of one indicator, or (`indicator_id` None) of budget execution.

    `self_score` is None exactly where nothing is scored: not applicable, or execution without weight or base.
    """

    indicator_id: Id | None
    not_applicable: bool
    self_score: Hundredths | None
    reason: OptionalText
    measures: OptionalText


class SubmitSelfEvaluation(Wire, frozen=True, tag="evaluations.submit_self/1"):
    """Evaluate a year of one's own project, or (`year` None) the whole project.

    One entry for each indicator of the period and one for execution. Until finance has decided, a further one with
    a new id takes the place of the earlier, which is kept.
    """

    evaluation_id: ObjectId
    project_id: ObjectId
    year: Year | None
    entries: Annotated[list[Entry], Meta(min_length=2, max_length=101)]
    narrative: Text


# --- Events ---


class Side(Wire, frozen=True, tag=False):
    """Formula score, self score and their explained difference, side by side; None where nothing is scored."""

    indicator_id: str | None
    weight: int
    formula_score: int | None
    self_score: int | None
    deviation: int | None
    reason: str
    measures: str


class SelfEvaluationSubmitted(Wire, frozen=True, tag="evaluations.self_submitted/1"):
    """The scorecard shows how the ledger came to the formula scores; `replaces` is the earlier evaluation or ""."""

    evaluation_id: str
    project_id: str
    organisation: str
    year: int | None
    card: Scorecard
    entries: list[Entry]
    sides: list[Side]
    self_total: int
    self_grade: Grade
    narrative: str
    replaces: str
    submitted_by: str
    record: int


class FinalScore(Wire, frozen=True, tag=False):
    """One line of the decision; `reason` is "" where the formula's score stands."""

    indicator_id: str | None
    weight: int
    formula_score: int
    self_score: int | None
    final_score: int
    reason: str


class ReEvaluated(Wire, frozen=True, tag="evaluations.re_evaluated/1"):
    """The final result of the period, with the grade's consequence as the method states it."""

    evaluation_id: str
    project_id: str
    organisation: str
    year: int | None
    scores: list[FinalScore]
    applicable: int
    total: int
    grade: Grade
    opinion: str
    evidence: list[File]
    by: str
    record: int


# --- Keys ---


class Evaluation(msgspec.Struct, frozen=True):
    """An evaluation. `final_record` is 0 and the final grade None until finance has decided."""

    evaluation_id: str
    project_id: str
    organisation: str
    year: int | None
    status: Literal["submitted", "replaced", "final"]
    entries: list[Entry]
    narrative: str
    card: Scorecard
    self_total: int
    submitted_by: str
    record: int
    final_total: int
    final_grade: Grade | None
    final_record: int


class Current(msgspec.Struct, frozen=True):
    """Which evaluation counts for a period."""

    evaluation_id: str


EVALUATION = Key("evaluations/evaluation", Evaluation)
"""evaluations/evaluation/<evaluation>"""
CURRENT = Key("evaluations/current", Current)
"""evaluations/current/<project>/<year or "whole">"""


# --- Rules ---


def read_evaluation(view: View, evaluation_id: str) -> Evaluation:
    """An evaluation. Raises Refused."""
    found = view.get(EVALUATION, evaluation_id)
    if found is None:
        raise Refused(codes.EVALUATION_UNKNOWN, evaluation=evaluation_id)
    return found


def read_current(view: View, project_id: str, year: int | None) -> Evaluation | None:
    """The evaluation that counts for a period of the project, or None."""
    current = view.get(CURRENT, _period(project_id, year))
    return None if current is None else read_evaluation(view, current.evaluation_id)


def decide_submit_self_evaluation(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: project known, authority, own prefix, id free, project approved or closed, period not decided, targets,
    one entry for each line, actuals there, self scores within weights, every deviation explained.
    """
    command: SubmitSelfEvaluation = item.command
    project = read_project(view, command.project_id)
    check_authority(
        view, item.signer, _SELF, organisation=project.organisation, block=block, project=project.project_id
    )
    check_own_prefix(command.evaluation_id, project.organisation)
    stored = view.get(EVALUATION, command.evaluation_id)
    if stored is not None:
        names = ("project_id", "year", "entries", "narrative")
        check_same(command.evaluation_id, stored, {name: getattr(command, name) for name in names})
    if project.status not in ("approved", "closed"):
        raise Refused(codes.EVALUATION_BEFORE_APPROVAL, project=project.project_id, status=project.status)
    before = read_current(view, project.project_id, command.year)
    if before is not None and before.status == "final":
        raise Refused(codes.PERIOD_DECIDED, project=project.project_id, evaluation=before.evaluation_id)
    dropped = tuple(one.indicator_id for one in command.entries if one.not_applicable and one.indicator_id is not None)
    drawn = draw_scorecard(view, project, year=command.year, dropped=dropped)
    entries = _by_line(command.entries, drawn.card)
    _check_complete(drawn)
    sides = _sides(drawn, entries)
    self_total = total_of([side.self_score or 0 for side in sides], drawn.card.applicable, drawn.method)
    return [
        SelfEvaluationSubmitted(
            evaluation_id=command.evaluation_id,
            project_id=project.project_id,
            organisation=project.organisation,
            year=command.year,
            card=drawn.card,
            entries=command.entries,
            sides=sides,
            self_total=self_total,
            self_grade=grade_of(self_total, drawn.method),
            narrative=command.narrative,
            replaces=before.evaluation_id if before is not None else "",
            submitted_by=item.signer,
            record=item.index,
        )
    ]


def _by_line(entries: list[Entry], card: Scorecard) -> dict[str | None, Entry]:
    """Entries by indicator. Raises Refused unless there is one for each line and no other."""
    known = [*(one.indicator_id for one in card.indicators), None]
    by_line: dict[str | None, Entry] = {}
    for entry in entries:
        if entry.indicator_id not in known or entry.indicator_id in by_line:
            raise Refused(codes.ENTRY_NOT_WANTED, indicator=entry.indicator_id or EXECUTION)
        by_line[entry.indicator_id] = entry
    for indicator_id in known:
        if indicator_id not in by_line:
            raise Refused(codes.ENTRY_MISSING, indicator=indicator_id or EXECUTION)
    return by_line


def _check_complete(drawn: Drawn) -> None:
    card = drawn.card
    if card.missing:
        raise Refused(codes.ACTUAL_MISSING, indicator=card.missing[0], missing=len(card.missing))
    not_applicable = [one.indicator_id for one in card.indicators if one.score is None]
    if not_applicable and drawn.method.not_applicable == "refuse":
        raise Refused(codes.NOT_APPLICABLE_REFUSED, indicator=not_applicable[0])
    if len(not_applicable) == len(card.indicators):
        raise Refused(codes.NOTHING_APPLIES)


def _sides(drawn: Drawn, entries: dict[str | None, Entry]) -> list[Side]:
    card = drawn.card
    lines = [(one.indicator_id, one.weight, one.score, one.flags) for one in card.indicators]
    execution = card.execution
    scored = execution.score if execution.weight else None
    sides = []
    for indicator_id, weight, score, flags in [*lines, (None, execution.weight, scored, execution.flags)]:
        entry = entries[indicator_id]
        _check_entry(entry, weight, score)
        deviation = None if score is None or entry.self_score is None else entry.self_score - score
        _check_explained(entry, flags, deviation=deviation or 0, tolerance=drawn.method.deviation_tolerance)
        sides.append(
            Side(
                indicator_id=indicator_id,
                weight=weight,
                formula_score=score,
                self_score=entry.self_score,
                deviation=deviation,
                reason=entry.reason,
                measures=entry.measures,
            )
        )
    return sides


def _check_entry(entry: Entry, weight: int, score: int | None) -> None:
    name = entry.indicator_id or EXECUTION
    if (entry.self_score is None) != (score is None) or (entry.not_applicable and entry.indicator_id is None):
        raise Refused(codes.SELF_SCORE_WRONG_PLACE, indicator=name)
    if entry.self_score is not None and entry.self_score > weight:
        raise Refused(
            codes.SCORE_ABOVE_WEIGHT, indicator=name, score_hundredths=entry.self_score, weight_hundredths=weight
        )


def _check_explained(entry: Entry, flags: list[str], *, deviation: int, tolerance: int) -> None:
    name = entry.indicator_id or EXECUTION
    if entry.not_applicable and not entry.reason:
        raise Refused(codes.REASON_MISSING, indicator=name, flag="not_applicable")
    for flag in flags:
        if flag != "reduced" and not entry.reason:
            raise Refused(codes.REASON_MISSING, indicator=name, flag=flag)
    if "below_target" in flags and not entry.measures:
        raise Refused(codes.MEASURES_MISSING, indicator=name)
    if abs(deviation) > tolerance and not entry.reason:
        raise Refused(codes.DEVIATION_UNEXPLAINED, indicator=name, deviation_hundredths=deviation)


def evolve_self_evaluation_submitted(draft: Draft, event: SelfEvaluationSubmitted) -> None:
    """Keep it; it counts for its period, and the one before it no longer does."""
    evaluation = Evaluation(
        evaluation_id=event.evaluation_id,
        project_id=event.project_id,
        organisation=event.organisation,
        year=event.year,
        status="submitted",
        entries=event.entries,
        narrative=event.narrative,
        card=event.card,
        self_total=event.self_total,
        submitted_by=event.submitted_by,
        record=event.record,
        final_total=0,
        final_grade=None,
        final_record=0,
    )
    draft.put(EVALUATION, event.evaluation_id, evaluation)
    draft.put(CURRENT, _period(event.project_id, event.year), Current(evaluation_id=event.evaluation_id))
    if event.replaces:
        _change(draft, event.replaces, status="replaced")


def evolve_re_evaluated(draft: Draft, event: ReEvaluated) -> None:
    """The result is final."""
    _change(
        draft,
        event.evaluation_id,
        status="final",
        final_total=event.total,
        final_grade=event.grade,
        final_record=event.record,
    )


def _change(draft: Draft, evaluation_id: str, **fields: object) -> None:
    evaluation = draft.get(EVALUATION, evaluation_id)
    if evaluation is not None:
        draft.put(EVALUATION, evaluation_id, msgspec.structs.replace(evaluation, **fields))


def _period(project_id: str, year: int | None) -> str:
    return f"{project_id}/{year or 'whole'}"


def _scores_within_weights(evaluation: Evaluation) -> bool:
    """Every score lies within its weight, every total within 100.00."""
    card = evaluation.card
    lines = [(one.score or 0, one.weight) for one in card.indicators]
    lines.append((card.execution.score or 0, card.execution.weight))
    totals = (card.total, evaluation.self_total, evaluation.final_total)
    return all(0 <= score <= weight for score, weight in lines) and all(0 <= total <= FULL for total in totals)


COMMANDS = {SubmitSelfEvaluation: Operation(decide_submit_self_evaluation, _SELF)}
EVENTS = {SelfEvaluationSubmitted: evolve_self_evaluation_submitted, ReEvaluated: evolve_re_evaluated}
TOUCHED = {EVALUATION: ("scores_within_weights", _scores_within_weights)}
