"""What is reported of an indicator, and what the ledger makes of it: by each method, and when a project ends."""

from typing import Any

import msgspec
import pytest
from tests.chain.contracts.declared import (
    LIFT,
    MET,
    actual,
    approved,
    card,
    declare,
    indicator,
    lift,
    of_method,
    prepared,
    reported,
)

from mingzhang.chain.codec import CodecError, decode, encode
from mingzhang.chain.contracts.actuals import ReportActual, read_actual
from mingzhang.chain.contracts.adjustments import DecideAdjustment, RequestSupplement
from mingzhang.chain.contracts.declarations import Measure
from mingzhang.chain.contracts.methods import Overcompletion, PointsBand
from mingzhang.chain.contracts.scorecards import AssessedAtEnd, grade_of
from mingzhang.rulebooks import load_method, shipped_methods

replace = msgspec.structs.replace


# --- Actual values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "command", "expected"),
    [
        ("clerk", actual("area", 533850, 2), "ok"),
        ("clerk", actual("beds", level="partly", completion_bp=6000), "ok"),
        ("head", actual("area", 1), "signer_has_no_grant_for_command"),
        ("schoolclerk", actual("area", 1), "signer_not_authorised_for_organisation"),
        ("clerk", actual("area", 1, actual_id="school:a"), "object_id_of_another_organisation"),
        ("clerk", actual("area", 1, project_id="hospital:none"), "project_not_found"),
        ("clerk", actual("area", 1, project_id="hospital:ward"), "project_not_approved"),
        ("clerk", actual("height", 1), "indicator_not_in_targets"),
        ("clerk", actual("area"), "actual_must_fit_indicator"),
        ("clerk", actual("area", 1, completion_bp=5), "actual_must_fit_indicator"),
        ("clerk", actual("area", level="achieved", completion_bp=9000), "actual_must_fit_indicator"),
        ("clerk", actual("beds", 1), "actual_must_fit_indicator"),
        ("clerk", actual("beds", level="achieved"), "actual_must_fit_indicator"),
        ("clerk", actual("beds", level="achieved", completion_bp=7999), "completion_not_in_band"),
        ("clerk", actual("beds", level="partly", completion_bp=8000), "completion_not_in_band"),
        ("clerk", actual("beds", level="splendid", completion_bp=9000), "completion_not_in_band"),
        ("clerk", actual("area", 1, date="2022-04-15"), "ok"),
        ("clerk", actual("area", 1, date="2022-04-16"), "actual_date_out_of_span"),
        ("clerk", actual("area", 1, date="2021-12-31"), "actual_date_out_of_span"),
        ("clerk", actual("area", 1, date="2022-02-30"), "actual_date_out_of_span"),
    ],
)
def test_an_actual_value_is_a_fact_of_its_indicator(person: str, command: ReportActual, expected: str) -> None:
    world = prepared()
    lift(world, 0)
    assert declare(world) == "ok"
    assert world.do(person, command) == expected


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (b'"value":{"digits":266,"scale":0}', '"value":"≥266"'.encode()),
        (b'"value":{"digits":266,"scale":0}', b'"value":266.5'),
        (b'"digits":266', b'"digits":"266"'),
        (b'"scale":0', b'"scale":5'),
        (b'"evidence":[{', b'"evidence":[],"x":[{'),
    ],
)
def test_a_target_copied_as_actual_does_not_even_decode(written: bytes, instead: bytes) -> None:
    good = encode(actual("area", 266))
    assert decode(good, ReportActual).value == Measure(digits=266, scale=0)
    assert written in good
    with pytest.raises(CodecError):
        decode(good.replace(written, instead), ReportActual)


def test_evidence_is_needed() -> None:
    with pytest.raises(CodecError, match="length >= 1"):
        decode(encode(actual("area", 1, evidence=[])), ReportActual)


def test_every_report_is_kept_and_the_latest_counts() -> None:
    world = prepared()
    lift(world, 0)
    reports = [
        actual("area", 1, actual_id="hospital:a1", date="2022-03-01"),
        actual("area", 2, actual_id="hospital:a2", date="2022-04-01"),
        actual("area", 3, actual_id="hospital:a3", date="2022-02-01"),
        actual("area", 4, actual_id="hospital:a4", date="2022-04-01"),
    ]
    counted = []
    for report in reports:
        world.must("clerk", report)
        latest = read_actual(world.view(), LIFT, "area")
        counted.append(latest.value.digits if latest is not None and latest.value is not None else None)
    assert counted == [1, 2, 2, 4]
    assert world.do("clerk", reports[0]) == "exists"
    assert world.do("clerk", replace(reports[0], date="2022-03-02")) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "date"


# --- Scores: the defects of published tables -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "score", "formula", "flags"),
    [
        (actual("quality", 63), 1260, "actual/target", ["below_target"]),
        (actual("quality", 100), 2000, "actual/target", []),
        (actual("quality", 150), 2000, "actual/target", ["overcompleted"]),
        (actual("quality", 2500), 2000, "actual/target", ["overcompleted"]),
        (actual("quality", 129), 2000, "actual/target", []),
        (actual("quality", -5), 0, "actual/target", ["below_target"]),
        (actual("area", 5338499, 3), 2000, "actual/target", ["below_target"]),
        (actual("area", 4270800, 3), 1600, "actual/target", ["below_target"]),
        (actual("delay", 40), 750, "target/actual", ["below_target"]),
        (actual("delay", 0), 1000, "met", []),
        (actual("beds", level="achieved", completion_bp=8500), 2550, "band", ["below_target"]),
        (actual("beds", level="not-achieved", completion_bp=0), 0, "band", ["below_target"]),
        (actual("patients", 855, 1), 950, "actual/target", ["below_target"]),
    ],
)
def test_an_indicator_is_scored_by_its_formula(
    report: ReportActual, score: int, formula: str, flags: list[str]
) -> None:
    drawn = card(reported(report))
    (line,) = [one for one in drawn.indicators if one.indicator_id == report.indicator_id]
    assert (line.score, line.formula, line.flags) == (score, formula, flags)
    assert line.actual == report.value
    assert drawn.total == 9950 - line.weight + score


@pytest.mark.parametrize(
    ("money", "rate_bp", "score", "flags", "total"),
    [
        ({"paid_fen": 1_000_000}, 10_000, 1000, [], 10_000),
        ({"paid_fen": 950_000}, 9500, 950, [], 9950),
        ({"paid_fen": 899_999}, 8999, 900, ["low_execution"], 9900),
        ({"paid_fen": 333_333, "budget_fen": 999_999}, 3333, 333, ["low_execution", "money_gap"], 9333),
        ({"paid_fen": 200_000}, 2000, 200, ["low_execution", "money_gap"], 9200),
        ({"paid_fen": 0}, 0, 0, ["low_execution", "money_gap"], 9000),
        ({"budget_fen": 0}, None, None, ["no_base"], 10_000),
    ],
)
def test_budget_execution_is_paid_over_adjusted_budget(
    money: dict[str, int], rate_bp: int | None, score: int | None, flags: list[str], total: int
) -> None:
    drawn = card(reported(**money))
    assert (drawn.execution.rate_bp, drawn.execution.score, drawn.execution.flags) == (rate_bp, score, flags)
    assert drawn.total == total
    assert drawn.applicable == (9000 if rate_bp is None else 10_000)


@pytest.mark.parametrize(("base", "rate_bp"), [("adjusted", 4750), ("approved", 9500)])
def test_the_method_says_which_budget_counts(base: str, rate_bp: int) -> None:
    world = prepared()
    of_method(world, execution_of=base)
    lift(world, method_id="own")
    world.must("cashier", RequestSupplement(adjustment_id="hospital:more", to_line="hospital:lift-line",
                                            amount_fen=1_000_000, source="预备费", reason="不足"))  # fmt: skip
    world.must("budget", DecideAdjustment(adjustment_id="hospital:more", verdict="approve", document="追加",
                                          opinion="同意"))  # fmt: skip
    assert card(world).execution.rate_bp == rate_bp


def test_what_does_not_apply_is_left_out_and_the_rest_rescaled() -> None:
    drawn = card(reported(actual("quality", 50)), "patients")
    assert (drawn.applicable, drawn.total, drawn.missing) == (9000, 8833, [])
    assert [one.formula for one in drawn.indicators if one.indicator_id == "patients"] == ["not_applicable"]


def test_what_was_not_reported_counts_nothing_and_is_named() -> None:
    world = prepared()
    lift(world)
    world.must("clerk", MET[0])
    drawn = card(world)
    assert drawn.missing == ["quality", "delay", "beds", "patients"]
    assert (drawn.total, drawn.grade.name) == (2950, "差")


COST = [indicator("cost", "cost", "economic_cost", 2000, operator="at_most"),
        indicator("done", "output", "quantity", 4000),
        indicator("good", "benefit", "social", 2000), indicator("liked", "satisfaction", "satisfaction", 1000,
                                                                unit_of_measure="%")]  # fmt: skip
EQUAL = [*COST[:1], indicator("done", "output", "quantity", 4000, operator="equal"), *COST[2:]]
BANDS = [PointsBand(from_bp=9000, points_bp=10_000), PointsBand(from_bp=8000, points_bp=8000),
         PointsBand(from_bp=0, points_bp=0)]  # fmt: skip


@pytest.mark.parametrize(
    ("indicators", "changes", "report", "score"),
    [
        (COST, {}, actual("cost", 110), 1818),
        (COST, {}, actual("cost", 90), 2000),
        (COST, {"cost": "by_excess"}, actual("cost", 110), 1800),
        (COST, {"cost": "by_excess"}, actual("cost", 250), 0),
        (EQUAL, {}, actual("done", 110), 3636),
        (EQUAL, {"equal": "all_or_nothing"}, actual("done", 110), 0),
        (EQUAL, {"equal": "all_or_nothing"}, actual("done", 1000, 1), 4000),
        (COST, {"satisfaction_bands": BANDS}, actual("liked", 91), 1000),
        (COST, {"satisfaction_bands": BANDS}, actual("liked", 8999, 2), 800),
        (COST, {"satisfaction_bands": BANDS}, actual("liked", 79), 0),
        (COST, {"rounding_step": 100}, actual("done", 77), 3100),
        (COST, {"rounding_step": 100, "rounding": "down"}, actual("done", 77), 3000),
        (COST, {"overcompletion": Overcompletion(threshold_bp=13_000, effect="reduce")}, actual("done", 150), 3200),
        (COST, {"overcompletion": Overcompletion(threshold_bp=13_000, effect="reduce")}, actual("done", 2500), 2000),
        (COST, {"overcompletion": None}, actual("done", 2500), 4000),
    ],
)
def test_the_method_says_how(
    indicators: list[Any], changes: dict[str, Any], report: ReportActual, score: int
) -> None:
    world = prepared()
    of_method(world, **changes)
    lift(world, indicators=indicators, scheme="with-cost", method_id="own")
    world.must("clerk", report)
    (line,) = [one for one in card(world).indicators if one.indicator_id == report.indicator_id]
    assert line.score == score


@pytest.mark.parametrize(
    ("total", "grade"),
    [(10_000, "优"), (9000, "优"), (8999, "良"), (8000, "良"), (7999, "中"), (6000, "中"), (5999, "差"), (0, "差")],
)
def test_a_grade_begins_at_its_floor(total: int, grade: str) -> None:
    method = load_method(shipped_methods()["national"], organisation="city", year=2022).method
    assert grade_of(total, method).name == grade


SPLIT = {  # scheme and indicators with their weights: output, benefit, satisfaction
    "national": ("standard", 5000, 3000, 1000),
    "provincial-hb": ("standard", 4000, 3500, 500),
    "yunnan-yongde": ("standard", 4000, 3000, 2000),
    "ningxia-yuanzhou": ("standard", 4000, 4000, 2000),
}


@pytest.mark.parametrize(
    ("method_id", "execution", "band", "total", "grade"),
    [
        ("national", 500, ("partly", 6500), 3150 + 1950 + 1000 + 500, "中"),
        ("provincial-hb", 1000, ("partly", 5500), 2520 + 1925 + 500 + 1000, "差"),
        ("yunnan-yongde", 500, ("partly", 6500), 2520 + 1950 + 2000 + 500, "中"),
        ("ningxia-yuanzhou", 0, ("achieved", 8000), 2520 + 3200 + 2000, "中"),
    ],
)
def test_each_shipped_method_scores(
    method_id: str, execution: int, band: tuple[str, int], total: int, grade: str
) -> None:
    """One unit, 63 % of the output done, half of the money spent: four places, four totals."""
    world = prepared()
    command = load_method(shipped_methods()[method_id], organisation="city", year=2022)
    world.do("committee", replace(command, division_code="441900000"))
    scheme, output, benefit, satisfaction = SPLIT[method_id]
    lift(world, paid_fen=500_000, method_id=method_id, scheme=scheme, indicators=[
        indicator("done", "output", "quantity", output),
        indicator("good", "benefit", "social", benefit, operator="qualitative", target=None, target_text="改善"),
        indicator("liked", "satisfaction", "satisfaction", satisfaction)])  # fmt: skip
    world.must("clerk", actual("done", 63), actual("liked", 120),
               actual("good", level=band[0], completion_bp=band[1]))  # fmt: skip
    drawn = card(world)
    assert (drawn.execution.score, drawn.total, drawn.grade.name) == (execution, total, grade)


# --- At the project's end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2022, None])
def test_the_ledger_draws_the_scorecard_when_the_project_ends(year: int | None) -> None:
    world = prepared()
    lift(world, year=year)
    world.must("clerk", *MET[:4])
    world.at(1_672_502_399)  # 2022-12-31 23:59:59 in China
    assert not any(isinstance(event, AssessedAtEnd) for record in world.records for event in record.events)
    world.at(1_672_502_400)
    (event,) = [e for record in world.records for e in record.events if isinstance(e, AssessedAtEnd)]
    assert (event.card.year, event.card.missing, event.card.total) == (year, ["beds"], 6950)


def test_a_project_without_targets_ends_without_a_scorecard() -> None:
    world = prepared()
    approved(world, kind="personnel", targets=[], method_id=None)
    world.at(1_704_038_400)  # 2024-01-01 in China, a day after the end
    last = [record for record in world.records if type(record.command).__name__ == "AssessAtEnd"]
    assert [(record.code, record.events) for record in last] == [("ok", [])]
