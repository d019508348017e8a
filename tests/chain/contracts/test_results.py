"""What follows from a final result: next year's suggestion, rectification with its deadlines, a department's whole."""

from typing import Any

import pytest
from tests.chain.contracts.declared import LIFT, actual, entry, indicator, lift, prepared, self_evaluation
from tests.chain.world import START, World

from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts.departments import DepartmentEvaluated, SubmitDepartmentEvaluation
from mingzhang.chain.contracts.methods import Grade
from mingzhang.chain.contracts.reevaluations import Adjustment, ReEvaluate
from mingzhang.chain.contracts.results import (
    AnswerRectification,
    ApplyResult,
    CloseRectification,
    RectificationOrdered,
    ResultApplied,
    decide_apply_result,
    read_applied,
    read_rectification,
)
from mingzhang.chain.operations import LEDGER, Block, Item
from mingzhang.rulebooks import load_method, shipped_methods

DAY = 86_400
S = "说明"
ONE = [indicator("done", "output", "quantity", 5000), indicator("good", "benefit", "social", 3000),
       indicator("liked", "satisfaction", "satisfaction", 1000)]  # fmt: skip


def evaluated(
    world: World, share: int, project_id: str = LIFT, *, budget_fen: int = 1_000_000, year: int | None = 2022
) -> None:
    """A project with all money spent, of which `share` percent was reached throughout, evaluated by unit and finance:
    the total is 10 + 0.9 × share.
    """
    local = project_id.partition(":")[2]
    lift(world, budget_fen, budget_fen, project_id=project_id, indicators=ONE, year=year)
    for one in ONE:
        world.must("clerk", actual(one.indicator_id, share, project_id=project_id,
                                   actual_id=f"hospital:{local}-{one.indicator_id}"))  # fmt: skip
    entries = [entry(one.indicator_id, one.weight * share // 100, S, S) for one in ONE]
    world.must("clerk", self_evaluation(*entries, entry(None, 1000), project_id=project_id, year=year,
                                        evaluation_id=f"hospital:{local}-e"))  # fmt: skip
    world.must("performance", ReEvaluate(evaluation_id=f"hospital:{local}-e", adjustments=[], opinion=S, evidence=[]))


def happened(world: World, kind: type) -> list[Any]:
    return [event for record in world.records for event in record.events if isinstance(event, kind)]


@pytest.mark.parametrize(
    ("share", "grade", "change_fen", "days"),
    [
        (100, "优", 0, 0),
        (89, "优", 0, 0),
        (88, "良", 0, 0),
        (78, "良", 0, 0),
        (77, "中", -100_000, 60),
        (56, "中", -100_000, 60),
        (55, "差", -300_000, 30),
        (0, "差", -300_000, 30),
    ],
)
def test_a_grade_has_its_consequence(share: int, grade: str, change_fen: int, days: int) -> None:
    world = prepared()
    evaluated(world, share)
    (applied,) = happened(world, ResultApplied)
    assert (applied.grade.name, applied.change_fen, applied.base_fen) == (grade, change_fen, 1_000_000)
    assert applied.suggested_fen == 1_000_000 + change_fen
    ordered = happened(world, RectificationOrdered)
    assert [one.due_time - START for one in ordered] == ([days * DAY] if days else [])
    by_index = {record.index: record for record in world.records}
    assert type(by_index[applied.final_record].events[0]).__name__ == "ReEvaluated"
    record = by_index[applied.record]
    assert (record.signer, record.cause) == ("ledger", applied.final_record)
    kept = read_applied(world.view(), "hospital:lift-e")
    assert kept is not None
    assert kept.suggested_fen == applied.suggested_fen


def test_a_place_may_raise() -> None:
    world = prepared()
    national = load_method(shipped_methods()["national"], organisation="city", year=2022)
    grades = [Grade(grade="one", name="合格", at_least=0, next_year="raise", change_bp=505, basis=S,
                    rectification_days=0)]  # fmt: skip
    fields = {name: getattr(national.method, name) for name in national.method.__struct_fields__} | {"grades": grades}
    own = type(national.method)(**fields)
    world.must("committee", type(national)(organisation="city", method_id="national", year=2022, method=own,
                                           division_code="441900000", name="本市", basis=S, unverified=False,
                                           notes=""))  # fmt: skip
    evaluated(world, 50, budget_fen=999_999)
    assert happened(world, ResultApplied)[0].change_fen == 50_500


def test_a_result_is_never_applied_twice() -> None:
    """The ledger does not call twice; should it ever, this stops it."""
    world = prepared()
    evaluated(world, 100)
    again = Item(ApplyResult(evaluation_id="hospital:lift-e"), LEDGER, 1)
    with pytest.raises(Refused) as refusal:
        decide_apply_result(world.view(), again, Block(1, START))
    assert refusal.value.code.name == "result_already_applied"
    lift(world, project_id="hospital:open", indicators=ONE)
    world.must("clerk", *[actual(one.indicator_id, 100, project_id="hospital:open") for one in ONE])
    entries = [*(entry(one.indicator_id, one.weight) for one in ONE), entry(None, 950)]
    world.must("clerk", self_evaluation(*entries, project_id="hospital:open", evaluation_id="hospital:open-e"))
    early = Item(ApplyResult(evaluation_id="hospital:open-e"), LEDGER, 1)
    with pytest.raises(Refused) as refusal:
        decide_apply_result(world.view(), early, Block(1, START))
    assert refusal.value.code.name == "evaluation_not_final"


def test_the_ledger_alone_applies_a_result_and_once() -> None:
    world = prepared()
    evaluated(world, 100)
    assert world.do("performance", ApplyResult(evaluation_id="hospital:lift-e")) == "command_is_internal"
    assert len(happened(world, ResultApplied)) == 1


# --- Rectification ---------------------------------------------------------------------------------------------------

ANSWER = AnswerRectification(evaluation_id="hospital:lift-e", answer="已补齐", evidence=[])


def close(verdict: Any, days: int = 0) -> CloseRectification:
    return CloseRectification(evaluation_id="hospital:lift-e", verdict=verdict, opinion=S, days=days)


Step = tuple[str, Any, str]
STORIES: dict[str, tuple[list[Step], str]] = {
    "answered in time and closed": (
        [("head", ANSWER, "ok"), ("at", 31, ""), ("performance", close("close"), "ok"), ("at", 40, "")],
        "closed",
    ),
    "closing needs an answer, and a right": (
        [
            ("performance", close("close"), "rectification_stands_otherwise"),
            ("clerk", ANSWER, "signer_has_no_grant_for_command"),
            ("head", close("close"), "signer_has_no_grant_for_command"),
            ("head", ANSWER, "ok"),
            ("head", ANSWER, "rectification_stands_otherwise"),
        ],
        "answered",
    ),
    "overdue, answered late, closed": (
        [("at", 30, ""), ("head", ANSWER, "ok"), ("performance", close("close"), "ok")],
        "closed",
    ),
    "overdue stays so": ([("at", 29, ""), ("at", 30, "")], "overdue"),
    "not a second before": ([("at", 29, "")], "ordered"),
    "sent back, in time for the new deadline": (
        [
            ("at", 10, ""),
            ("head", ANSWER, "ok"),
            ("performance", close("send_back"), "rectification_days_wrong"),
            ("performance", close("send_back", 366), "rectification_days_wrong"),
            ("performance", close("close", 5), "rectification_days_wrong"),
            ("performance", close("send_back", 60), "ok"),
            ("at", 30, ""),
        ],
        "sent_back",
    ),
    "sent back and overdue again": (
        [("head", ANSWER, "ok"), ("performance", close("send_back", 5), "ok"), ("at", 5, "")],
        "overdue",
    ),
    "closed for good": (
        [
            ("head", ANSWER, "ok"),
            ("performance", close("close"), "ok"),
            ("performance", close("close"), "rectification_stands_otherwise"),
            ("head", ANSWER, "rectification_stands_otherwise"),
        ],
        "closed",
    ),
}


@pytest.mark.parametrize(("story", "status"), STORIES.values(), ids=STORIES.keys())
def test_rectification(story: list[Step], status: str) -> None:
    world = prepared()
    evaluated(world, 50)
    for who, what, expected in story:
        if who == "at":
            world.at(START + what * DAY)
        else:
            assert world.do(who, what) == expected
    assert read_rectification(world.view(), "hospital:lift-e").status == status


def test_who_answered_does_not_close() -> None:
    world = prepared()
    evaluated(world, 50)
    world.enrol("both", "city", "unit_head", "finance_performance")
    world.must("both", ANSWER)
    assert world.do("both", close("close")) == "signer_approved_own_request"


def test_a_good_result_orders_nothing() -> None:
    world = prepared()
    evaluated(world, 100)
    assert world.do("head", ANSWER) == "rectification_not_found"


# --- The department as a whole ---------------------------------------------------------------------------------------


def overall(**changes: Any) -> SubmitDepartmentEvaluation:
    fields: dict[str, Any] = {
        "evaluation_id": "health:2022",
        "department": "health",
        "year": 2022,
        "method_id": "national",
        "goal": "提高服务能力",
        "narrative": "年度总结",
        "self_total": 7300,
        "reason": "",
    }
    return SubmitDepartmentEvaluation(**fields | changes)


def two_projects() -> World:
    """100 % of a project of 250,000 fen, 60 % of one of 750,000; a third without a result, a fourth without money."""
    world = prepared()
    evaluated(world, 100, "hospital:small", budget_fen=250_000)
    evaluated(world, 60, "hospital:large", budget_fen=750_000)
    lift(world, 100_000, 0, project_id="hospital:pending")
    lift(world, 0, project_id="hospital:unfunded")
    return world


def test_a_department_is_the_mean_of_its_projects_weighted_by_funds() -> None:
    world = two_projects()
    world.must("reviewer", overall())
    (event,) = happened(world, DepartmentEvaluated)
    assert [(one.project_id, one.total, one.funds_fen) for one in event.parts] == [
        ("hospital:large", 6400, 750_000),
        ("hospital:small", 10_000, 250_000),
    ]
    assert (event.total, event.grade.name, event.without_result) == (7300, "中", ["hospital:pending"])


def test_a_project_evaluated_as_a_whole_only_counts_by_that() -> None:
    world = prepared()
    evaluated(world, 70, "hospital:whole", year=None)
    world.must("reviewer", overall(self_total=7300))
    assert [one.total for one in happened(world, DepartmentEvaluated)[0].parts] == [7300]


@pytest.mark.parametrize(
    ("person", "command", "expected"),
    [
        ("reviewer", overall(self_total=7299), "ok"),
        ("reviewer", overall(self_total=9000), "overall_deviation_unexplained"),
        ("reviewer", overall(self_total=9000, reason=S), "ok"),
        ("reviewer", overall(self_total=10_001, reason=S), "score_above_weight"),
        ("reviewer", overall(year=2023), "method_not_found"),
        ("reviewer", overall(evaluation_id="hospital:2022"), "object_id_of_another_organisation"),
        ("head", overall(), "signer_not_authorised_for_organisation"),
        ("head", overall(department="hospital", evaluation_id="hospital:x"), "organisation_is_not_department"),
        ("clerk", overall(), "signer_has_no_grant_for_command"),
    ],
)
def test_guards_of_a_department_s_evaluation(person: str, command: Any, expected: str) -> None:
    assert two_projects().do(person, command) == expected


def test_a_department_without_results_has_no_total() -> None:
    world = prepared()
    lift(world)
    assert world.do("reviewer", overall()) == "no_results_to_aggregate"


def test_a_department_s_evaluation_is_recorded_once() -> None:
    world = two_projects()
    world.must("reviewer", overall())
    assert world.do("reviewer", overall()) == "exists"
    assert world.do("reviewer", overall(goal="其他")) == "exists_with_different_content"


def test_what_finance_adjusted_counts_for_the_department() -> None:
    world = prepared()
    lift(world, indicators=ONE, paid_fen=1_000_000)
    world.must("clerk", *[actual(one.indicator_id, 100) for one in ONE])
    entries = [*(entry(one.indicator_id, one.weight) for one in ONE), entry(None, 1000)]
    world.must("clerk", self_evaluation(*entries))
    world.must("performance", ReEvaluate(evaluation_id="hospital:e1", opinion=S, evidence=[],
               adjustments=[Adjustment(indicator_id="done", score=2000, reason=S)]))  # fmt: skip
    world.must("reviewer", overall(self_total=7000))
    assert happened(world, DepartmentEvaluated)[0].total == 7000
