"""What the ledger itself computes of a project's performance: from data over a formula to points, total and grade.

A scorecard holds every step, so that anyone can compute it again. Who is judged by it, and what the unit and finance
say of their own, is in evaluations.py; the arithmetic is in chain/scoring.py, its parameters in methods.py.
"""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from mingzhang.chain.calendar import DAY_SECONDS, time_of
from mingzhang.chain.codec import ObjectId, Wire
from mingzhang.chain.contracts.actuals import Actual, read_actual
from mingzhang.chain.contracts.budgets import read_project_money
from mingzhang.chain.contracts.declarations import Indicator, Measure
from mingzhang.chain.contracts.methods import FULL, Grade, Method, read_scheme
from mingzhang.chain.contracts.projects import (
    Project,
    ProjectApproved,
    read_declaration,
    read_project,
    read_project_method,
    read_targets,
)
from mingzhang.chain.operations import Block, Item, Later, Operation
from mingzhang.chain.scoring import (
    Share,
    at_finest,
    at_least,
    at_most,
    at_most_by_excess,
    equal,
    of_rate,
    points,
    reaches,
    reduced,
    rescaled,
    shown_bp,
)
from mingzhang.chain.state import Draft, Key, View

FLAGS = {
    "below_target": "未达到目标值",
    "overcompleted": "超额完成达到规定幅度",
    "reduced": "按偏离度调减分值",
    "low_execution": "预算执行率低于说明线",
    "above_full": "预算执行率超过 100%",
    "no_base": "预算数为 0,执行率不适用",
    "money_gap": "产出完成程度明显高于预算执行率",
}
"""What a line may be marked with, and what each says; all but `reduced` call for a reason."""


# --- Commands ---

class AssessAtEnd(Wire, frozen=True, tag="scorecards.assess_at_end/1"):
    """The ledger's own: draw the scorecard of a project on the day after it ended."""

    project_id: ObjectId


# --- Events ---


class IndicatorScore(Wire, frozen=True, tag=False):
    """One indicator: target and actual, the record the actual stands in, the formula, the points.

    `score` is None where the indicator does not apply or no actual was reported; `completion_bp` is for reading only.
    """

    indicator_id: str
    dimension: str
    name: str
    weight: int
    operator: str
    target: Measure | None
    unit_of_measure: str
    actual: Measure | None
    level: str | None
    actual_record: int | None
    completion_bp: int | None
    formula: str
    score: int | None
    flags: list[str]


class ExecutionScore(Wire, frozen=True, tag=False):
    """Budget execution: paid ÷ base, where the method's wording says which base. None where the base is 0."""

    weight: int
    wording: str
    paid_fen: int
    base_fen: int
    rate_bp: int | None
    score: int | None
    flags: list[str]


class Scorecard(Wire, frozen=True, tag=False):
    """The whole derivation. `applicable` is the weight that applies; below 10000 the total was rescaled to 100.

    `missing` names indicators without an actual; they count with 0 points.
    """

    method_id: str
    scheme: str
    year: int | None
    indicators: list[IndicatorScore]
    execution: ExecutionScore
    missing: list[str]
    applicable: int
    total: int
    grade: Grade


class AssessedAtEnd(Wire, frozen=True, tag="scorecards.assessed_at_end/1"):
    """A provisional scorecard, from what was reported so far; nothing follows from it but that everyone sees it."""

    project_id: str
    organisation: str
    card: Scorecard
    record: int


# --- Keys ---


class Assessed(msgspec.Struct, frozen=True):
    """What the scorecard at the project's end said; the rest stands in its record."""

    total: int
    missing: int
    record: int


ASSESSED = Key("scorecards/assessed", Assessed)
"""scorecards/assessed/<project>"""


# --- Rules ---


class Drawn(NamedTuple):
    """A scorecard and the method it was drawn by."""

    card: Scorecard
    method: Method


def draw_scorecard(view: View, project: Project, *, year: int | None, dropped: tuple[str, ...]) -> Drawn:
    """The scorecard of a project's year (None: of the whole project), with the dropped indicators left out.

    Raises Refused where the project has no method, or no targets for the period.
    """
    method = read_project_method(view, project)
    targets = read_targets(view, project, year)
    indicators = [
        _not_applicable(indicator)
        if indicator.indicator_id in dropped
        else _score(indicator, read_actual(view, project.project_id, indicator.indicator_id), method)
        for indicator in targets.indicators
    ]
    execution = _execution(view, project, year, method=method, weight=read_scheme(method, targets.scheme).execution)
    execution = _compared(execution, indicators, method)
    scores = [(one.weight, one.score) for one in indicators if one.indicator_id not in dropped]
    scores += [(execution.weight, execution.score)] if execution.rate_bp is not None else []
    applicable = sum(weight for weight, _score in scores)
    total = total_of([score or 0 for _weight, score in scores], applicable, method)
    card = Scorecard(
        method_id=project.method_id or "",
        scheme=targets.scheme,
        year=year,
        indicators=indicators,
        execution=execution,
        missing=[one.indicator_id for one in indicators if one.score is None and one.indicator_id not in dropped],
        applicable=applicable,
        total=total,
        grade=grade_of(total, method),
    )
    return Drawn(card, method)


def total_of(scores: list[int], applicable: int, method: Method) -> int:
    """Sum of the points, rescaled to 100.00 where not all of the weight applies; 0 where none does."""
    total = sum(scores)
    if applicable in (0, FULL):
        return total
    return rescaled(total, applicable, rounding=method.rounding, step=method.rounding_step)


def grade_of(total: int, method: Method) -> Grade:
    """The best grade whose floor the total reaches; the last begins at 0."""
    for grade in method.grades:
        if total >= grade.at_least:
            return grade
    return method.grades[-1]


def shares_of(indicator: Indicator, actual: Actual, method: Method) -> tuple[Share, Share]:
    """(completion of the target, share of the weight): they differ by bands and by what over-completion costs."""
    if indicator.target is None or actual.value is None:
        share = of_rate(actual.completion_bp or 0, "band")
        return share, share
    target = at_finest(indicator.target.digits, indicator.target.scale)
    reached = at_finest(actual.value.digits, actual.value.scale)
    if indicator.operator == "at_most":
        by_excess = method.cost == "by_excess" and indicator.kind.endswith("_cost")
        share = at_most_by_excess(target, reached) if by_excess else at_most(target, reached)
        return share, share
    if indicator.operator == "equal":
        share = equal(target, reached, by_share=method.equal == "by_share")
        return share, share
    completion = at_least(target, reached)
    if indicator.dimension == "satisfaction" and indicator.unit_of_measure == "%":
        for band in method.satisfaction_bands:
            if reached >= at_finest(band.from_bp, 2):
                return completion, of_rate(band.points_bp, "satisfaction_band")
    over = method.overcompletion
    if over is not None and over.effect == "reduce" and target > 0 and reaches(completion, over.threshold_bp):
        return completion, reduced(completion, over.threshold_bp)
    return completion, completion


def decide_assess_at_end(view: View, item: Item, block: Block) -> list[Wire]:
    """Of the whole project if it has such targets, else of its last year; no event for one without targets."""
    command: AssessAtEnd = item.command
    project = read_project(view, command.project_id)
    years = [targets.year for targets in read_declaration(view, project).targets]
    if not years:
        return []
    drawn = draw_scorecard(view, project, year=None if None in years else years[-1], dropped=())
    return [
        AssessedAtEnd(
            project_id=project.project_id, organisation=project.organisation, card=drawn.card, record=item.index
        )
    ]


def call_at_end(view: View, event: ProjectApproved, block: Block) -> list[Later]:
    """Draw the scorecard when the day after the project's last begins."""
    return [Later(time_of(event.end_date) + DAY_SECONDS, AssessAtEnd(project_id=event.project_id))]


def evolve_assessed_at_end(draft: Draft, event: AssessedAtEnd) -> None:
    """Remember that and how the project ended."""
    assessed = Assessed(total=event.card.total, missing=len(event.card.missing), record=event.record)
    draft.put(ASSESSED, event.project_id, assessed)


def _score(indicator: Indicator, actual: Actual | None, method: Method) -> IndicatorScore:
    if actual is None:
        return _line(indicator, formula="missing")
    completion, share = shares_of(indicator, actual, method)
    flags = [] if completion.met else ["below_target"]
    over = method.overcompletion
    if over is not None and indicator.operator == "at_least" and reaches(completion, over.threshold_bp):
        flags.append("overcompleted")
    if share.formula == "1-(actual/target-threshold)":
        flags.append("reduced")
    return _line(
        indicator,
        actual=actual,
        completion_bp=shown_bp(completion),
        formula=share.formula,
        score=points(indicator.weight, share, rounding=method.rounding, step=method.rounding_step),
        flags=flags,
    )


def _not_applicable(indicator: Indicator) -> IndicatorScore:
    return _line(indicator, formula="not_applicable")


def _line(
    indicator: Indicator,
    *,
    formula: str,
    actual: Actual | None = None,
    completion_bp: int | None = None,
    score: int | None = None,
    flags: list[str] | None = None,
) -> IndicatorScore:
    return IndicatorScore(
        indicator_id=indicator.indicator_id,
        dimension=indicator.dimension,
        name=indicator.name,
        weight=indicator.weight,
        operator=indicator.operator,
        target=indicator.target,
        unit_of_measure=indicator.unit_of_measure,
        actual=actual.value if actual is not None else None,
        level=actual.level if actual is not None else None,
        actual_record=actual.record if actual is not None else None,
        completion_bp=completion_bp,
        formula=formula,
        score=score,
        flags=flags or [],
    )


def _execution(view: View, project: Project, year: int | None, *, method: Method, weight: int) -> ExecutionScore:
    money = read_project_money(view, project.project_id, year)
    base_fen = money.adjusted_fen if method.execution_of == "adjusted" else money.approved_fen
    line = ExecutionScore(
        weight=weight,
        wording=method.execution_wording,
        paid_fen=money.paid_fen,
        base_fen=base_fen,
        rate_bp=None,
        score=None,
        flags=["no_base"],
    )
    if base_fen == 0:
        return line
    share = Share(money.paid_fen, base_fen, "paid/base")
    flags = [] if reaches(share, method.execution_reason_below_bp) else ["low_execution"]
    if money.paid_fen > base_fen:
        flags.append("above_full")
    score = points(weight, share, rounding=method.rounding, step=method.rounding_step)
    return replace(line, rate_bp=shown_bp(share), score=score, flags=flags)


def _compared(execution: ExecutionScore, indicators: list[IndicatorScore], method: Method) -> ExecutionScore:
    """Mark outputs reported done by more than the method allows beyond the money spent."""
    outputs = [one for one in indicators if one.dimension == "output" and one.score is not None]
    weight = sum(one.weight for one in outputs)
    if method.money_gap_bp is None or execution.rate_bp is None or weight == 0:
        return execution
    done = Share(sum(one.score or 0 for one in outputs), weight, "outputs")
    if not reaches(done, execution.rate_bp + method.money_gap_bp):
        return execution
    return replace(execution, flags=[*execution.flags, "money_gap"])


COMMANDS = {AssessAtEnd: Operation(decide_assess_at_end)}
EVENTS = {AssessedAtEnd: evolve_assessed_at_end}
FOLLOW_UPS = {ProjectApproved: call_at_end}
