"""Projects from declaration to closing: what a declaration must hold, who decides on it, and in which order."""

from typing import Any

import msgspec
import pytest
from tests.chain.contracts.declared import (
    SEALED,
    USUAL,
    WARD,
    approved,
    declaration,
    declare,
    indicator,
    prepared,
    targets,
)
from tests.chain.world import World

from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts.declarations import CostItem, Measure, YearAmount, standard_allows
from mingzhang.chain.contracts.projects import (
    DeclareProject,
    ProjectDeclared,
    ReviseProject,
    check_approved,
    read_declaration,
    read_project,
    read_targets,
)
from mingzhang.chain.contracts.reviews import ApproveProject, CloseProject, ReviewProject

replace = msgspec.structs.replace
HALF = Measure(digits=5, scale=1)


@pytest.fixture(scope="module")
def library() -> World:
    """Shared by tables whose commands are all refused, or use an id of their own."""
    return prepared()


def year(when: int, amount_fen: int) -> YearAmount:
    return YearAmount(year=when, amount_fen=amount_fen)


def item(**changes: Any) -> CostItem:
    fields: dict[str, Any] = {
        "name": "家具",
        "standard_id": "furniture",
        "quantity": 100,
        "unit_cost_fen": 105_000,
        "sealed": None,
        "amount_fen": 10_500_000,
        "departure_reason": "",
    }
    return CostItem(**fields | changes)


def costing(one: CostItem) -> dict[str, Any]:
    """A declaration of this item alone."""
    return {"items": [one], "total_fen": one.amount_fen, "slices": [year(2022, one.amount_fen)]}


def weighed(*changed: Any) -> dict[str, Any]:
    """One set of targets in which the given indicators stand first and the usual ones of other ids after them."""
    taken = [one.indicator_id for one in changed]
    return {"targets": [targets(*changed, *[one for one in USUAL if one.indicator_id not in taken])]}


AREA, QUALITY, DELAY, BEDS, PATIENTS = USUAL
NO_METHOD_FOUND = {"method_id": "other"}
BEYOND = {"unit_cost_fen": 105_001, "amount_fen": 10_500_100}
WITH_COST = indicator("c", "cost", "economic_cost", 2000, operator="at_most")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"organisation": "school"}, "signer_not_authorised_for_organisation"),
        ({"organisation": "nowhere"}, "organisation_not_found"),
        ({"department": "nowhere"}, "organisation_not_found"),
        ({"department": "school"}, "department_does_not_supervise"),
        ({"department": "bank"}, "department_does_not_supervise"),
        ({"category": "T02"}, "code_not_in_table"),
        ({"slices": [year(2023, 1_281_760_000)]}, "code_of_another_year"),
        ({"start_date": "2023-12-31", "end_date": "2022-06-29"}, "end_before_start"),
        ({"start_date": "2022-02-31"}, "date_not_in_calendar"),
        ({"slices": [year(2022, 1), year(2022, 1)]}, "slice_year_out_of_order_or_span"),
        ({"slices": [year(2022, 1), year(2024, 1)]}, "slice_year_out_of_order_or_span"),
        ({"slices": [year(2022, 1_281_759_999)]}, "parts_must_sum_to_total"),
        ({"total_fen": 1_281_760_001}, "parts_must_sum_to_total"),
        ({"items": declaration().items[:2]}, "parts_must_sum_to_total"),
        (costing(item(sealed=SEALED)), "sealed_item_must_not_show_parts"),
        (costing(item(sealed=SEALED, unit_cost_fen=None, standard_id=None)), "sealed_item_must_not_show_parts"),
        (costing(item(quantity=None)), "item_needs_quantity_and_unit_cost"),
        (costing(item(unit_cost_fen=None)), "item_needs_quantity_and_unit_cost"),
        (costing(item(amount_fen=10_500_001)), "item_amount_is_not_the_product"),
        (costing(item(standard_id="cars")), "standard_not_found"),
        (costing(item(**BEYOND)), "amount_beyond_standard_without_reason"),
        ({"targets": []}, "performance_targets_missing"),
        ({"method_id": None}, "method_missing"),
        (NO_METHOD_FOUND, "method_not_found"),
        ({"targets": [targets(), targets()]}, "target_period_wrong"),
        ({"targets": [targets(year=2021)]}, "target_period_wrong"),
        ({"targets": [targets(), targets(year=2022)]}, "indicator_id_twice"),
        ({"targets": [targets(scheme="own")]}, "weight_scheme_not_in_method"),
        (weighed(replace(AREA, kind="social")), "indicator_kind_not_of_dimension"),
        (weighed(replace(AREA, kind="beauty")), "indicator_kind_not_of_dimension"),
        (weighed(replace(AREA, operator="qualitative")), "target_value_must_fit_operator"),
        (weighed(replace(AREA, target=None)), "target_value_must_fit_operator"),
        (weighed(replace(BEDS, target=HALF)), "target_value_must_fit_operator"),
        (weighed(replace(BEDS, target_text="")), "target_value_must_fit_operator"),
        (weighed(replace(AREA, weight=0), replace(QUALITY, weight=4000)), "indicator_weight_zero"),
        (weighed(WITH_COST), "dimension_not_in_scheme"),
        (weighed(replace(AREA, weight=2001)), "weights_must_match_method"),
        (weighed(replace(AREA, weight=1999)), "weights_must_match_method"),
        (weighed(replace(AREA, weight=1000), replace(BEDS, weight=4000)), "weights_must_match_method"),
    ],
)
def test_a_declaration_must_be_whole(library: World, changes: dict[str, Any], expected: str) -> None:
    assert declare(library, "hospital:refused", **changes) == expected


@pytest.mark.parametrize(
    ("local", "changes"),
    [
        ("beyond-with-reason", costing(item(**BEYOND, departure_reason="防火要求"))),
        ("one-fen-below", costing(item(unit_cost_fen=104_999, amount_fen=10_499_900))),
        ("wages", {"kind": "personnel", "targets": [], "method_id": None}),
        ("above-all", {"department": "city"}),
        ("other-department", {"department": "health"}),
        ("with-cost", {"targets": [targets(WITH_COST, replace(AREA, weight=4000), replace(BEDS, weight=2000), PATIENTS,
                                           scheme="with-cost")]}),
        ("cost-below-output", weighed(replace(AREA, weight=1000), indicator("c", "output", "economic_cost", 1000))),
    ],
)  # fmt: skip
def test_a_whole_declaration_is_taken(library: World, local: str, changes: dict[str, Any]) -> None:
    assert declare(library, f"hospital:{local}", **changes) == "ok"


def test_the_record_shows_what_the_standard_allows(library: World) -> None:
    assert declare(library, "hospital:standards") == "ok"
    event = library.records[-1].events[0]
    assert isinstance(event, ProjectDeclared)
    assert event.standard_fen == [None, 10_500_000, None]


@pytest.mark.parametrize(
    ("quantity", "unit_cost_fen", "index_bp", "expected"),
    [(1, 100, 10_000, 100), (3, 333, 10_050, 1004), (1, 1, 4_999, 0), (1, 1, 5_000, 1), (0, 5, 10_000, 0)],
)
def test_a_standard_is_quantity_times_unit_cost_times_index(
    quantity: int, unit_cost_fen: int, index_bp: int, expected: int
) -> None:
    assert standard_allows(quantity, unit_cost_fen, index_bp) == expected


def test_a_declaration_sent_again_is_recorded_once() -> None:
    world = prepared()
    assert [declare(world), declare(world)] == ["ok", "exists"]
    assert declare(world, name="门诊楼") == "exists_with_different_content"
    assert world.records[-1].facts == {"object_id": WARD, "field": "name"}
    assert declare(world, "school:ward") == "object_id_of_another_organisation"


def test_a_refused_id_stays_usable(library: World) -> None:
    assert declare(library, "hospital:again", total_fen=1) == "parts_must_sum_to_total"
    assert declare(library, "hospital:again") == "ok"


# --- Review and approval ---------------------------------------------------------------------------------------------


def review(verdict: Any, version: int = 1) -> ReviewProject:
    return ReviewProject(project_id=WARD, version=version, verdict=verdict, opinion="意见")


def approve(verdict: Any, *amounts: YearAmount, version: int = 1) -> ApproveProject:
    return ApproveProject(project_id=WARD, version=version, verdict=verdict, approved=list(amounts), opinion="意见")


def revise(version: int, **changes: Any) -> ReviseProject:
    return ReviseProject(project_id=WARD, version=version, declaration=declaration(**changes))


CLOSE = CloseProject(project_id=WARD, reason="竣工")
ASKED = (year(2022, 800_000_000), year(2023, 481_760_000))
Step = tuple[str, Any, str]

STORIES: dict[str, list[Step]] = {
    "passed and approved in part, then closed": [
        ("reviewer", review("pass"), "ok"),
        ("budget", approve("approve", year(2022, 700_000_000), year(2023, 0)), "ok"),
        ("budget", CLOSE, "ok"),
        ("budget", CLOSE, "project_stands_otherwise"),
    ],
    "returned with a reason and submitted again": [
        ("reviewer", review("return"), "ok"),
        ("reviewer", review("pass"), "project_stands_otherwise"),
        ("clerk", revise(3), "version_is_not_current"),
        ("clerk", revise(2, organisation="school", department="city"), "unit_must_stay"),
        ("clerk", revise(2, total_fen=1), "parts_must_sum_to_total"),
        ("schoolclerk", revise(2), "signer_not_authorised_for_organisation"),
        ("clerk", revise(2, name="住院大楼改造工程"), "ok"),
        ("clerk", revise(2, name="住院大楼改造工程"), "exists"),
        ("clerk", revise(2, name="其他"), "exists_with_different_content"),
        ("reviewer", review("pass", 1), "version_is_not_current"),
        ("reviewer", review("pass", 2), "ok"),
        ("clerk", revise(3), "project_stands_otherwise"),
        ("budget", approve("approve", *ASKED, version=1), "version_is_not_current"),
        ("budget", approve("return", version=2), "ok"),
        ("clerk", revise(3), "ok"),
        ("budget", approve("approve", *ASKED, version=3), "project_stands_otherwise"),
        ("reviewer", review("pass", 3), "ok"),
        ("budget", approve("approve", *ASKED, version=3), "ok"),
    ],
    "rejected by the department": [
        ("reviewer", review("reject"), "ok"),
        ("clerk", revise(2), "project_stands_otherwise"),
    ],
    "rejected by finance": [
        ("reviewer", review("pass"), "ok"),
        ("budget", approve("reject"), "ok"),
        ("clerk", revise(2), "project_stands_otherwise"),
    ],
    "finance may not come before the department, nor others decide": [
        ("budget", approve("approve", *ASKED), "project_stands_otherwise"),
        ("clerk", review("pass"), "signer_has_no_grant_for_command"),
        ("reviewer", approve("approve", *ASKED), "signer_has_no_grant_for_command"),
        ("budget", CLOSE, "project_stands_otherwise"),
    ],
    "amounts are those asked for, or less, year by year": [
        ("reviewer", review("pass"), "ok"),
        ("budget", approve("approve", year(2022, 800_000_001), ASKED[1]), "approved_beyond_asked"),
        ("budget", approve("approve", ASKED[0]), "approved_years_must_match"),
        ("budget", approve("approve", ASKED[1], ASKED[0]), "approved_years_must_match"),
        ("budget", approve("approve", year(2022, 0), year(2023, 0)), "approved_nothing"),
        ("budget", approve("return", *ASKED), "amounts_without_approval"),
        ("budget", approve("approve", *ASKED), "ok"),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_review_and_approval(story: list[Step]) -> None:
    world = prepared()
    assert declare(world) == "ok"
    assert [(who, world.do(who, what)) for who, what, _code in story] == [(who, code) for who, _what, code in story]


def test_nobody_decides_on_what_they_submitted_nor_twice() -> None:
    world = prepared()
    world.enrol("allround", "city", "unit_business", "department_reviewer", "finance_budget")
    world.enrol("second", "city", "unit_business", "department_reviewer", "finance_budget")
    world.must("allround", DeclareProject(project_id=WARD, declaration=declaration()))
    assert world.do("allround", review("pass")) == "signer_approved_own_request"
    world.must("reviewer", review("return"))
    world.must("second", revise(2))
    assert world.do("allround", review("pass", 2)) == "signer_approved_own_request"
    assert world.do("second", review("pass", 2)) == "signer_approved_own_request"
    world.enrol("third", "city", "department_reviewer", "finance_budget")
    world.must("third", review("pass", 2))
    assert world.do("third", approve("approve", *ASKED, version=2)) == "reviewer_may_not_also_approve"
    assert world.do("second", approve("approve", *ASKED, version=2)) == "signer_approved_own_request"
    assert world.do("allround", approve("return", version=2)) == "signer_approved_own_request"
    world.must("budget", approve("approve", *ASKED, version=2))


def test_what_others_may_ask() -> None:
    world = prepared()
    with pytest.raises(Refused) as refusal:
        check_approved(world.view(), WARD)
    assert refusal.value.code.name == "project_not_found"
    assert declare(world) == "ok"
    with pytest.raises(Refused) as refusal:
        check_approved(world.view(), WARD)
    assert refusal.value.code.name == "project_not_approved"
    world.must("reviewer", review("pass"))
    world.must("budget", approve("approve", year(2022, 1), year(2023, 2)))
    project = check_approved(world.view(), WARD)
    assert (project.approved_fen, project.submitted_by, project.reviewed_by) == (3, "clerk", "reviewer")
    by_index = {record.index: record.events for record in world.records}
    assert by_index[project.record][0].project_id == WARD
    assert by_index[project.decided_record][0].approved_fen == 3
    assert read_targets(world.view(), project, 2022).indicators[0].indicator_id == "area-2022"
    with pytest.raises(Refused) as refusal:
        read_targets(world.view(), project, 2023)
    assert refusal.value.code.name == "no_targets_for_period"


def test_every_version_is_kept() -> None:
    world = prepared()
    assert declare(world) == "ok"
    world.must("reviewer", review("return"))
    world.must("clerk", revise(2, name="第二版"))
    project = read_project(world.view(), WARD)
    assert [read_declaration(world.view(), project, n).name for n in (1, 2)] == ["住院大楼改造", "第二版"]
    assert read_declaration(world.view(), project).name == "第二版"
    with pytest.raises(KeyError):
        read_declaration(world.view(), project, 3)


def test_an_approved_project_of_the_usual_kind_can_be_made() -> None:
    world = prepared()
    assert approved(world).total_fen == check_approved(world.view(), WARD).approved_fen
