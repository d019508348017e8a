"""From actual values to a final result: what may be reported, how it is scored by each method, who says what of it."""


import msgspec
import pytest
from tests.chain.contracts.declared import (
    LIFT,
    MET,
    actual,
    declare,
    entry,
    indicator,
    lift,
    of_method,
    prepared,
    reported,
    self_evaluation,
)

from mingzhang.chain.contracts.actuals import ReportActual
from mingzhang.chain.contracts.credentials import GrantRole
from mingzhang.chain.contracts.evaluations import Entry, SelfEvaluationSubmitted, read_current, read_evaluation
from mingzhang.chain.contracts.reevaluations import Adjustment, ReEvaluate
from mingzhang.chain.contracts.reviews import CloseProject
from mingzhang.rulebooks import load_method, shipped_methods

replace = msgspec.structs.replace
S = "说明"
ALL = [entry("area", 2000), entry("quality", 2000), entry("delay", 1000), entry("beds", 3000), entry("patients", 1000),
       entry(None, 950)]  # fmt: skip


def but(changed: Entry, among: list[Entry] = ALL) -> list[Entry]:
    """The usual entries with one changed."""
    return [changed if one.indicator_id == changed.indicator_id else one for one in among]


# --- Self-evaluation -------------------------------------------------------------------------------------------------

MISSED = actual("quality", 63)
OVER = actual("quality", 140)
NOT_SCORED = Entry(indicator_id="area", not_applicable=False, self_score=None, reason=S, measures=S)
SCORED = replace(NOT_SCORED, not_applicable=True, self_score=0)
DROPPED = Entry(indicator_id=None, not_applicable=True, self_score=None, reason=S, measures="")


@pytest.mark.parametrize(
    ("reports", "money", "entries", "expected"),
    [
        ([], {}, ALL, "ok"),
        ([], {}, ALL[:-1], "entry_missing"),
        ([], {}, ALL[1:], "entry_missing"),
        ([], {}, [*ALL, entry("height", 1)], "entry_unknown_or_twice"),
        ([], {}, [*ALL, ALL[0]], "entry_unknown_or_twice"),
        ([], {}, but(entry("area", 2001, S)), "score_above_weight"),
        ([], {}, but(entry(None, None)), "self_score_where_none_belongs_or_missing"),
        ([], {}, but(DROPPED), "self_score_where_none_belongs_or_missing"),
        ([], {}, but(NOT_SCORED), "self_score_where_none_belongs_or_missing"),
        ([], {}, but(SCORED), "self_score_where_none_belongs_or_missing"),
        ([], {}, but(entry("area", 1998)), "deviation_unexplained"),
        ([], {}, but(entry("area", 1999)), "ok"),
        ([], {}, but(entry("area", 700, S)), "ok"),
        ([MISSED], {}, but(entry("quality", 1800, S, S)), "ok"),
        ([MISSED], {}, but(entry("quality", 1260, "", S)), "reason_missing"),
        ([MISSED], {}, but(entry("quality", 1260, S)), "measures_missing"),
        ([OVER], {}, but(entry("quality", 2000)), "reason_missing"),
        ([OVER], {}, but(entry("quality", 2000, S)), "ok"),
        ([], {"paid_fen": 899_000}, but(entry(None, 899)), "reason_missing"),
        ([], {"paid_fen": 899_000}, but(entry(None, 899, S)), "ok"),
        ([], {"budget_fen": 0}, but(entry(None, 1000, S)), "self_score_where_none_belongs_or_missing"),
        ([], {"budget_fen": 0}, but(entry(None, None)), "reason_missing"),
        ([], {"budget_fen": 0}, but(entry(None, None, S)), "ok"),
        ([], {}, but(entry("patients", None)), "reason_missing"),
        ([], {}, but(entry("patients", None, S)), "ok"),
        ([], {}, [*(entry(one.indicator_id, None, S) for one in ALL[:-1]), ALL[-1]], "nothing_applies"),
    ],
)
def test_a_self_evaluation_explains_what_departs(
    reports: list[ReportActual], money: dict[str, int], entries: list[Entry], expected: str
) -> None:
    assert reported(*reports, **money).do("clerk", self_evaluation(*entries)) == expected


def test_guards_of_a_self_evaluation() -> None:
    world = reported()
    assert declare(world) == "ok"
    assert world.do("schoolclerk", self_evaluation(*ALL)) == "signer_not_authorised_for_organisation"
    assert world.do("cashier", self_evaluation(*ALL)) == "signer_has_no_grant_for_command"
    assert world.do("clerk", self_evaluation(*ALL, evaluation_id="school:e")) == "object_id_of_another_organisation"
    assert world.do("clerk", self_evaluation(*ALL, project_id="hospital:ward")) == "evaluation_before_approval"
    assert world.do("clerk", self_evaluation(*ALL, year=2023)) == "no_targets_for_period"
    assert world.do("clerk", self_evaluation(*ALL, year=None)) == "no_targets_for_period"
    world.must("head", self_evaluation(*ALL))
    assert world.do("clerk", self_evaluation(*ALL)) == "exists"
    assert world.do("clerk", self_evaluation(*ALL, narrative="其他")) == "exists_with_different_content"
    world.must("budget", CloseProject(project_id=LIFT, reason="完成"))
    world.must("clerk", self_evaluation(*ALL, evaluation_id="hospital:e2"))
    standing = [read_evaluation(world.view(), f"hospital:{one}").status for one in ("e1", "e2")]
    assert standing == ["replaced", "submitted"]
    current = read_current(world.view(), LIFT, 2022)
    assert current is not None
    assert current.evaluation_id == "hospital:e2"


def test_an_actual_must_be_there() -> None:
    world = prepared()
    lift(world)
    world.must("clerk", *MET[:3])
    assert world.do("clerk", self_evaluation(*ALL)) == "actual_missing"
    assert world.records[-1].facts == {"indicator": "beds", "missing": 2}


def test_execution_without_weight_takes_no_self_score() -> None:
    world = prepared()
    command = load_method(shipped_methods()["ningxia-yuanzhou"], organisation="city", year=2022)
    world.must("committee", replace(command, division_code="441900000"))
    lift(world, method_id="ningxia-yuanzhou", indicators=[
        indicator("done", "output", "quantity", 4000), indicator("good", "benefit", "social", 4000),
        indicator("liked", "satisfaction", "satisfaction", 2000)])  # fmt: skip
    world.must("clerk", actual("done", 100), actual("good", 100), actual("liked", 100))
    entries = [entry("done", 4000), entry("good", 4000), entry("liked", 2000)]
    code = "self_score_where_none_belongs_or_missing"
    assert world.do("clerk", self_evaluation(*entries, entry(None, 0))) == code
    world.must("clerk", self_evaluation(*entries, entry(None, None)))
    assert world.records[-1].events[0].self_total == 10_000
    world.must("performance", decide())
    assert read_evaluation(world.view(), "hospital:e1").final_total == 10_000


def test_a_method_may_let_nothing_be_left_out() -> None:
    world = prepared()
    of_method(world, not_applicable="refuse")
    lift(world, method_id="own")
    world.must("clerk", *MET)
    assert world.do("clerk", self_evaluation(*but(entry("patients", None, S)))) == "not_applicable_not_allowed"


def test_formula_self_score_and_deviation_stand_side_by_side() -> None:
    world = reported(MISSED)
    world.must("clerk", self_evaluation(*but(entry("quality", 1800, "工期紧", "年内补齐"))))
    event = world.records[-1].events[0]
    assert isinstance(event, SelfEvaluationSubmitted)
    (side,) = [one for one in event.sides if one.indicator_id == "quality"]
    assert (side.formula_score, side.self_score, side.deviation) == (1260, 1800, 540)
    assert (side.reason, side.measures) == ("工期紧", "年内补齐")
    assert (event.card.total, event.card.grade.name) == (9210, "优")
    assert (event.self_total, event.self_grade.name) == (9750, "优")
    assert sum(one.weight for one in event.sides) == 10_000
    by_index = {record.index: record for record in world.records}
    for line in event.card.indicators:
        assert line.actual_record is not None
        assert by_index[line.actual_record].command.indicator_id == line.indicator_id


def test_the_derivation_can_be_computed_again_from_the_record() -> None:
    """Someone who holds the record alone, and no code of ours, comes to the same points."""
    world = reported(MISSED, actual("delay", 45), paid_fen=777_777)
    entries = [*but(entry("quality", 1260, S, S))[:2], entry("delay", 667, S, S), *ALL[3:5], entry(None, 778, S)]
    world.must("clerk", self_evaluation(*entries))
    event = world.records[-1].events[0]
    total = 0
    for line in event.card.indicators:
        if line.operator == "qualitative":
            fraction = line.completion_bp / 10_000
        else:
            target, reached = (one.digits / 10**one.scale for one in (line.target, line.actual))
            fraction = min(1, reached / target if line.operator == "at_least" else target / reached)
        assert line.score == int(line.weight * fraction + 0.5)
        total += line.score
    execution = event.card.execution
    assert execution.score == int(execution.weight * execution.paid_fen / execution.base_fen + 0.5)
    assert event.card.total == total + execution.score


# --- Re-evaluation ---------------------------------------------------------------------------------------------------


def decide(*adjustments: Adjustment, evaluation_id: str = "hospital:e1") -> ReEvaluate:
    return ReEvaluate(evaluation_id=evaluation_id, adjustments=list(adjustments), opinion=S, evidence=[])


def adjust(indicator_id: str | None, score: int) -> Adjustment:
    return Adjustment(indicator_id=indicator_id, score=score, reason="现场核实")


@pytest.mark.parametrize(
    ("person", "command", "expected"),
    [
        ("performance", decide(), "ok"),
        ("expert", decide(adjust("area", 0), adjust(None, 1000)), "ok"),
        ("budget", decide(), "signer_has_no_grant_for_command"),
        ("performance", decide(evaluation_id="hospital:e9"), "evaluation_not_found"),
        ("performance", decide(adjust("area", 2001)), "score_above_weight"),
        ("performance", decide(adjust("area", 1), adjust("area", 1)), "adjustment_unknown_or_twice"),
        ("performance", decide(adjust("height", 1)), "adjustment_unknown_or_twice"),
        ("performance", decide(adjust("patients", 1)), "adjustment_unknown_or_twice"),
    ],
)
def test_who_decides_and_on_what(person: str, command: ReEvaluate, expected: str) -> None:
    world = reported()
    world.must("clerk", self_evaluation(*but(entry("patients", None, S))))
    assert world.do(person, command) == expected


def test_an_expert_sees_to_the_project_of_the_grant_only() -> None:
    world = reported()
    lift(world, project_id="hospital:other")
    world.enrol("agency", "city")
    world.must("root", GrantRole(grant_id="one", person_id="agency", role="expert", organisation="hospital",
                                 project="hospital:other", from_time=0, until_time=None))  # fmt: skip
    world.must("clerk", self_evaluation(*ALL))
    assert world.do("agency", decide()) == "signer_not_authorised_for_organisation"
    world.must("root", GrantRole(grant_id="two", person_id="agency", role="expert", organisation="hospital",
                                 project=LIFT, from_time=0, until_time=None))  # fmt: skip
    assert world.do("agency", decide()) == "ok"


def test_the_formula_stands_unless_adjusted_with_a_reason() -> None:
    world = reported(MISSED)
    world.must("clerk", self_evaluation(*but(entry("quality", 1800, S, S))))
    outcome = world.submit(world.sign("performance", decide(adjust("area", 1500))))
    assert outcome.results[0].items[0][1] == "ok"
    (event,) = [e for record in world.records for e in record.events if type(e).__name__ == "ReEvaluated"]
    lines = {one.indicator_id: (one.formula_score, one.self_score, one.final_score) for one in event.scores}
    assert lines["area"] == (2000, 2000, 1500)
    assert lines["quality"] == (1260, 1800, 1260)
    assert lines[None] == (950, 950, 950)
    assert (event.total, event.grade.name) == (8710, "良")
    evaluation = read_evaluation(world.view(), "hospital:e1")
    assert (evaluation.status, evaluation.final_total, evaluation.self_total) == ("final", 8710, 9750)
    assert world.do("performance", decide()) == "evaluation_stands_otherwise"
    assert world.do("clerk", self_evaluation(*ALL, evaluation_id="hospital:e2")) == "period_already_decided"


def test_nobody_decides_on_their_own_nor_on_a_replaced_one() -> None:
    world = reported()
    world.enrol("both", "city", "unit_head", "finance_performance")
    world.must("both", self_evaluation(*ALL))
    assert world.do("both", decide()) == "signer_approved_own_request"
    world.must("clerk", self_evaluation(*ALL, evaluation_id="hospital:e2"))
    assert world.do("performance", decide()) == "evaluation_stands_otherwise"
    assert world.do("both", decide(evaluation_id="hospital:e2")) == "ok"
