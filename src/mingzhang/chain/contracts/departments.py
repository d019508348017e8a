"""Overall performance of a department (部门整体支出绩效): its projects' final results of a year, weighted by funds.

The department's own total stands beside the aggregated one. The projects' results are in evaluations.py.
"""

import msgspec

from mingzhang.chain.codec import Hundredths, Id, ObjectId, OptionalText, Text, Wire, Year
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import performance as codes
from mingzhang.chain.contracts.budgets import read_project_money
from mingzhang.chain.contracts.evaluations import read_current
from mingzhang.chain.contracts.members import check_authority, check_own_prefix, check_same, read_organisation
from mingzhang.chain.contracts.methods import FULL, Grade, read_method
from mingzhang.chain.contracts.projects import read_department_projects
from mingzhang.chain.contracts.scorecards import grade_of
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.scoring import weighted_mean
from mingzhang.chain.state import Draft, Key, View

_SUBMITTING = ("department_reviewer", "unit_head")


# --- Commands ---


class SubmitDepartmentEvaluation(Wire, frozen=True, tag="departments.submit_evaluation/1"):
    """Evaluate a department's year as a whole: what it set out to do, what came of it, and its own total.

    `method_id` names a method of that year, whose grades, rounding and tolerance hold.
    """

    evaluation_id: ObjectId
    department: Id
    year: Year
    method_id: Id
    goal: Text
    narrative: Text
    self_total: Hundredths
    reason: OptionalText


# --- Events ---


class Part(Wire, frozen=True, tag=False):
    """A project's final result, the record it stands in, and the adjusted budget it weighs."""

    project_id: str
    evaluation_id: str
    total: int
    funds_fen: int
    record: int


class DepartmentEvaluated(Wire, frozen=True, tag="departments.evaluated/1"):
    """Aggregated and own total side by side; `without_result` had money that year but no final result."""

    evaluation_id: str
    department: str
    year: int
    method_id: str
    goal: str
    narrative: str
    parts: list[Part]
    without_result: list[str]
    total: int
    grade: Grade
    self_total: int
    deviation: int
    reason: str
    by: str
    record: int


# --- Keys ---


class DepartmentEvaluation(msgspec.Struct, frozen=True):
    """An overall evaluation; its derivation stands in its record."""

    department: str
    year: int
    method_id: str
    goal: str
    narrative: str
    self_total: int
    reason: str
    total: int
    grade: Grade
    record: int


OVERALL = Key("departments/overall", DepartmentEvaluation)
"""departments/overall/<evaluation>"""


# --- Rules ---


def read_overall(view: View, evaluation_id: str) -> DepartmentEvaluation:
    """An overall evaluation. Raises Refused."""
    found = view.get(OVERALL, evaluation_id)
    if found is None:
        raise Refused(codes.EVALUATION_UNKNOWN, evaluation=evaluation_id)
    return found


def decide_submit_department_evaluation(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority, a department, own prefix, id free, method, results with money, difference explained."""
    command: SubmitDepartmentEvaluation = item.command
    check_authority(view, item.signer, _SUBMITTING, organisation=command.department, block=block)
    department = read_organisation(view, command.department)
    if department.kind != "department":
        raise Refused(codes.NOT_A_DEPARTMENT_EVALUATION, department=command.department)
    check_own_prefix(command.evaluation_id, command.department)
    stored = view.get(OVERALL, command.evaluation_id)
    if stored is not None:
        names = ("department", "year", "method_id", "goal", "narrative", "self_total", "reason")
        check_same(command.evaluation_id, stored, {name: getattr(command, name) for name in names})
    published = read_method(view, command.method_id, year=command.year, division_code=department.division_code)
    method = published.method
    parts, without_result = _results(view, command.department, command.year)
    if sum(part.funds_fen for part in parts) == 0:
        raise Refused(codes.NO_RESULTS_TO_AGGREGATE, department=command.department, year=command.year)
    weighed = [(part.total, part.funds_fen) for part in parts]
    total = weighted_mean(weighed, rounding=method.rounding, step=method.rounding_step)
    if command.self_total > FULL:
        raise Refused(
            codes.SCORE_ABOVE_WEIGHT, indicator="部门整体", score_hundredths=command.self_total, weight_hundredths=FULL
        )
    deviation = command.self_total - total
    if abs(deviation) > method.deviation_tolerance and not command.reason:
        raise Refused(codes.OVERALL_DEVIATION, total_hundredths=total, deviation_hundredths=deviation)
    return [
        DepartmentEvaluated(
            **{name: getattr(command, name) for name in SubmitDepartmentEvaluation.__struct_fields__},
            parts=parts,
            without_result=without_result,
            total=total,
            grade=grade_of(total, method),
            deviation=deviation,
            by=item.signer,
            record=item.index,
        )
    ]


def _results(view: View, department: str, year: int) -> tuple[list[Part], list[str]]:
    """Final results of the year, or of the whole project where there is none of the year; and projects without."""
    parts: list[Part] = []
    without_result: list[str] = []
    for project in read_department_projects(view, department):
        funds_fen = read_project_money(view, project.project_id, year).adjusted_fen
        if funds_fen == 0:
            continue
        for period in (year, None):
            evaluation = read_current(view, project.project_id, period)
            if evaluation is not None and evaluation.status == "final":
                parts.append(
                    Part(
                        project_id=project.project_id,
                        evaluation_id=evaluation.evaluation_id,
                        total=evaluation.final_total,
                        funds_fen=funds_fen,
                        record=evaluation.final_record,
                    )
                )
                break
        else:
            without_result.append(project.project_id)
    return parts, without_result


def evolve_department_evaluated(draft: Draft, event: DepartmentEvaluated) -> None:
    """Keep it."""
    overall = DepartmentEvaluation(**{name: getattr(event, name) for name in DepartmentEvaluation.__struct_fields__})
    draft.put(OVERALL, event.evaluation_id, overall)


COMMANDS = {SubmitDepartmentEvaluation: Operation(decide_submit_department_evaluation, _SUBMITTING)}
EVENTS = {DepartmentEvaluated: evolve_department_evaluated}
