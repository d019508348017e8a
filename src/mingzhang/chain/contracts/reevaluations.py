"""Re-evaluation (财政复核、重点评价): finance, or an expert with a grant, decides on a self-evaluation.

The formula's score stands unless it is adjusted with a reason. The event is kept by evaluations.py; what follows from
the grade is in results.py.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import Hundredths, Id, ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import performance as codes
from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.evaluations import EXECUTION, Evaluation, FinalScore, ReEvaluated, read_evaluation
from mingzhang.chain.contracts.members import check_authority, check_not_same_person
from mingzhang.chain.contracts.projects import read_project, read_project_method
from mingzhang.chain.contracts.scorecards import grade_of, total_of
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

_EVALUATING = ("finance_performance", "expert")


# --- Commands ---


class Adjustment(Wire, frozen=True, tag=False):
    """A score that departs from the formula, with its reason; `indicator_id` None is budget execution."""

    indicator_id: Id | None
    score: Hundredths
    reason: Text


class ReEvaluate(Wire, frozen=True, tag="evaluations.re_evaluate/1"):
    """Decide on a self-evaluation. A score not adjusted is the formula's, whatever the unit gave itself."""

    evaluation_id: ObjectId
    adjustments: Annotated[list[Adjustment], Meta(max_length=101)]
    opinion: Text
    evidence: Annotated[list[File], Meta(max_length=50)]


# --- Events ---

# Those of evaluations.py.

# --- Keys ---

# Those of evaluations.py.

# --- Rules ---


def decide_re_evaluate(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: evaluation known, authority for its project, not the submitter, still to be decided, each adjustment of a
    line that is scored, once, within its weight.
    """
    command: ReEvaluate = item.command
    evaluation = read_evaluation(view, command.evaluation_id)
    check_authority(
        view,
        item.signer,
        _EVALUATING,
        organisation=evaluation.organisation,
        block=block,
        project=evaluation.project_id,
    )
    check_not_same_person(item.signer, evaluation.submitted_by)
    if evaluation.status != "submitted":
        raise Refused(codes.EVALUATION_STATUS, evaluation=command.evaluation_id, status=evaluation.status)
    method = read_project_method(view, read_project(view, evaluation.project_id))
    scores = _final_scores(evaluation, command.adjustments)
    total = total_of([one.final_score for one in scores], evaluation.card.applicable, method)
    return [
        ReEvaluated(
            evaluation_id=command.evaluation_id,
            project_id=evaluation.project_id,
            organisation=evaluation.organisation,
            year=evaluation.year,
            scores=scores,
            applicable=evaluation.card.applicable,
            total=total,
            grade=grade_of(total, method),
            opinion=command.opinion,
            evidence=command.evidence,
            by=item.signer,
            record=item.index,
        )
    ]


def _final_scores(evaluation: Evaluation, adjustments: list[Adjustment]) -> list[FinalScore]:
    card = evaluation.card
    given = {entry.indicator_id: entry.self_score for entry in evaluation.entries}
    scores: dict[str | None, FinalScore] = {}
    scored = [(one.indicator_id, one.weight, one.score) for one in card.indicators]
    for indicator_id, weight, score in [*scored, (None, card.execution.weight, card.execution.score)]:
        if score is not None and weight > 0:
            scores[indicator_id] = FinalScore(
                indicator_id=indicator_id,
                weight=weight,
                formula_score=score,
                self_score=given[indicator_id],
                final_score=score,
                reason="",
            )
    for adjustment in adjustments:
        name = adjustment.indicator_id or EXECUTION
        line = scores.get(adjustment.indicator_id)
        if line is None or line.reason:
            raise Refused(codes.ADJUSTMENT_NOT_WANTED, indicator=name)
        if adjustment.score > line.weight:
            raise Refused(
                codes.SCORE_ABOVE_WEIGHT,
                indicator=name,
                score_hundredths=adjustment.score,
                weight_hundredths=line.weight,
            )
        changed = msgspec.structs.replace(line, final_score=adjustment.score, reason=adjustment.reason)
        scores[adjustment.indicator_id] = changed
    return list(scores.values())


COMMANDS = {ReEvaluate: Operation(decide_re_evaluate, _EVALUATING)}
EVENTS: dict[type, Evolve] = {}
