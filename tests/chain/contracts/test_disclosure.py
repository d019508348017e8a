"""What the public sees: field rules, publications that hold exactly that, clarified, replaced, withdrawn."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.contracts.declared import USUAL, WARD, actual, entry, lift, prepared, self_evaluation
from tests.chain.contracts.signed import AGREEMENT, LINE, agree, funded
from tests.chain.contracts.test_oversight import raising
from tests.chain.world import START, World

from mingzhang.chain.codec import encode
from mingzhang.chain.contracts.disclosure import (
    Clarify,
    Publish,
    Published,
    WithdrawPublication,
    read_publication,
)
from mingzhang.chain.contracts.fieldrules import NO_RULE, SetFieldRule, mask, read_rule
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.sources import FIELDS, decimal
from mingzhang.chain.operations import Record

DAY = 24 * 3600
FIRST = "city:pub-1"
INVOICE = "9a" * 32


@pytest.fixture
def world() -> World:
    """An approved project with a line, an agreement in force and a payment with sealed evidence and invoice."""
    made = funded()
    agree(made)
    made.must("cashier", RequestPayment(
        payment_id="hospital:p1", line_id=LINE, payee_id="hospital:builder", amount_fen=12_345, purpose="脚手架租金",
        business_date="2022-04-15", invoice=INVOICE, evidence=["cd" * 32]))  # fmt: skip
    return made


def rule(field: str, treatment: Any = "clear", kind: Any = "project", organisation: str = "city") -> SetFieldRule:
    return SetFieldRule(
        organisation=organisation, kind=kind, field=field, treatment=treatment, basis=f"示例规则:{treatment}"
    )


def publish(publication_id: str = FIRST, kind: Any = "project", object_id: str = WARD, **fields: Any) -> Publish:
    usual: dict[str, Any] = {"title": "项目批复公开", "notice": "", "due_time": None, "replaces": None}
    return Publish(publication_id=publication_id, kind=kind, object_id=object_id, **(usual | fields))


def public(world: World, kind: str) -> None:
    """Everything of a kind is clear."""
    world.must("publisher", *[rule(field, "clear", kind) for field in FIELDS[kind]])


def published(world: World) -> Published:
    """The last event, which is a publication."""
    event = world.records[-1].events[-1]
    assert isinstance(event, Published)
    return event


def values(world: World) -> dict[str, str]:
    return {field.name: field.value for field in published(world).fields}


# --- Rules ------------------------------------------------------------------------------------------------------------


def test_without_rules_nothing_is_public(world: World) -> None:
    assert world.do("publisher", publish()) == "no_field_is_public"
    assert read_rule(world.view(), "project", "name", organisation="hospital").treatment == "hidden"
    world.must("publisher", rule("name"))
    assert world.do("publisher", publish()) == "ok"
    assert values(world) == {"name": "住院大楼改造"}
    withheld = {one.field: (one.treatment, one.basis) for one in published(world).withheld}
    assert set(withheld) == set(FIELDS["project"]) - {"name"}
    assert set(withheld.values()) == {("hidden", NO_RULE)}


def test_who_sets_which_rule(world: World) -> None:
    assert world.do("clerk", rule("name")) == "signer_has_no_grant_for_command"
    world.enrol("local", "hospital", "publisher")
    assert world.do("local", rule("name")) == "signer_not_authorised_for_organisation"
    assert world.do("local", rule("name", organisation="hospital")) == "ok"
    assert world.do("local", rule("name", organisation="hospital")) == "exists"
    assert world.do("local", rule("name", "hidden", organisation="hospital")) == "ok"
    assert world.do("budget", rule("name")) == "ok"
    assert world.do("performance", rule("goal")) == "ok"
    assert world.do("publisher", rule("name", organisation="nowhere")) == "organisation_not_found"


def test_only_fields_of_the_table_and_no_half_hidden_numbers(world: World) -> None:
    assert world.do("publisher", rule("colour")) == "field_not_of_kind"
    assert world.do("publisher", rule("files")) == "field_not_of_kind"
    assert world.do("publisher", rule("invoice", kind="payment")) == "field_not_of_kind"
    for kind, field in (("project", "total_fen"), ("payment", "business_date"), ("evaluation", "final_total")):
        assert world.do("publisher", rule(field, "masked", kind)) == "field_cannot_be_masked"
        assert world.do("publisher", rule(field, "hidden", kind)) == "ok"


@pytest.mark.parametrize(
    ("city", "health", "hospital", "expected"),
    [
        (None, None, None, "hidden"),
        ("clear", None, None, "clear"),
        (None, "clear", None, "clear"),
        ("clear", None, "hidden", "hidden"),
        ("hidden", "clear", "clear", "hidden"),
        ("clear", "masked", "clear", "masked"),
        ("masked", "clear", None, "masked"),
    ],
)
def test_the_strictest_rule_on_the_way_up_holds(
    world: World, city: str | None, health: str | None, hospital: str | None, expected: str
) -> None:
    world.must("publisher", rule("name", "clear", organisation="school"))
    for organisation, treatment in (("city", city), ("health", health), ("hospital", hospital)):
        if treatment is not None:
            world.must("publisher", rule("name", treatment, organisation=organisation))
    assert read_rule(world.view(), "project", "name", organisation="hospital").treatment == expected


def test_masks_leave_the_beginning(world: World) -> None:
    for value, shape, expected in (
        ("李建国", "text", "李**"),
        ("hospital:p1", "id", "hospital:**"),
        ("clerk", "id", "c**"),
        ("电话: 123", "text", "电**"),
        ("Tel: 123", "text", "T**"),
        ("", "text", "**"),
    ):
        assert mask(value, shape) == expected  # type: ignore[arg-type]


# --- What is published ------------------------------------------------------------------------------------------------


def test_a_project_as_the_public_sees_it(world: World) -> None:
    public(world, "project")
    world.must("publisher", rule("submitted_by", "masked"), rule("reviewed_by", "hidden"))
    approved = next(record for record in world.records if type(record.command).__name__ == "ApproveProject")
    assert world.do("publisher", publish(due_time=START + 20 * DAY)) == "ok"
    event = published(world)
    assert event.source == approved.index
    assert (event.organisation, event.late, event.due_time) == ("hospital", False, START + 20 * DAY)
    shown = values(world)
    assert shown["total_fen"] == "1281760000"
    assert shown["approved_year_fen.2022"] == "800000000"
    assert shown["organisation_name"] == "hospital"
    assert shown["goal.whole"] == "改善住院条件"
    assert shown["indicator_target.area"] == "≥5338.50平方米"
    assert shown["indicator_target.beds"] == "明显改善"
    assert shown["submitted_by"] == "c**"
    assert "reviewed_by" not in shown
    withheld = [(one.field, one.treatment) for one in event.withheld]
    assert withheld == [("submitted_by", "masked"), ("reviewed_by", "hidden")]
    assert [field.name for field in event.fields if field.masked] == ["submitted_by"]
    assert len([name for name in shown if name.startswith("indicator_name.")]) == 2 * len(USUAL)


def test_a_line_an_agreement_a_payment_and_a_finding(world: World) -> None:
    world.must("auditor", raising(world))
    expected = {
        ("budget_line", LINE): {"approved_fen": "1000000", "encumbered_fen": "500000", "in_transit_fen": "12345",
                                "available_fen": "487655", "year": "2022", "project_id": WARD},
        ("agreement", AGREEMENT): {"title": "改造工程施工合同", "counterparty_name": "builder", "total_fen": "500000",
                                   "milestone_fen.check": "285000", "status": "in_force"},
        ("payment", "hospital:p1"): {"amount_fen": "12345", "purpose": "脚手架租金", "status": "in_transit",
                                     "project_id": WARD, "payee_id": "hospital:builder"},
        ("finding", "city:2022-001"): {"title": "设备单价依据不足", "overdue": "false", "organisation": "hospital",
                                       "severity": "serious"},
    }  # fmt: skip
    for number, ((kind, object_id), fields) in enumerate(expected.items()):
        public(world, kind)
        assert world.do("publisher", publish(f"city:{number}", kind, object_id)) == "ok"
        shown = values(world)
        assert {name: shown.get(name) for name in fields} == fields
    assert world.broken_invariants() == []


def test_an_evaluation_with_scores_as_people_read_them() -> None:
    world = prepared()
    lift(world)
    world.must("clerk", actual("area", 533850, 2), actual("quality", 100), actual("delay", 30), actual("patients", 90),
               actual("beds", level="achieved", completion_bp=10000))  # fmt: skip
    scores = [entry("area", 2000), entry("quality", 2000), entry("delay", 1000), entry("beds", 3000),
              entry("patients", 1000), entry(None, 950)]  # fmt: skip
    world.must("head", self_evaluation(*scores))
    public(world, "evaluation")
    assert world.do("publisher", publish(kind="evaluation", object_id="hospital:e1")) == "ok"
    shown = values(world)
    assert (shown["self_total"], shown["formula_total"]) == ("99.50", "99.50")
    assert (shown["indicator_weight.area"], shown["indicator_score.area"]) == ("20.00", "20.00")
    assert (shown["indicator_actual.area"], shown["indicator_actual.beds"]) == ("5338.50平方米", "achieved")
    assert "final_total" not in shown


def test_decimals_are_exact() -> None:
    table = [(0, 0, "0"), (5, 2, "0.05"), (-5, 2, "-0.05"), (-1250, 3, "-1.250"), (100, 0, "100")]
    for digits, scale, expected in table:
        assert decimal(digits, scale) == expected


def test_neither_commitments_nor_blind_indexes_nor_digests_get_out(world: World) -> None:
    """The objects hold sealed values, and their records show them; what is published must not."""
    world.must("auditor", raising(world))
    whole = encode([record.command for record in world.records]).decode()
    assert INVOICE in whole
    for number, (kind, object_id) in enumerate((
        ("project", WARD), ("budget_line", LINE), ("agreement", AGREEMENT), ("payment", "hospital:p1"),
        ("finding", "city:2022-001"),
    )):  # fmt: skip
        public(world, kind)
        world.must("publisher", publish(f"city:{number}", kind, object_id))
        assert re.findall("[0-9a-f]{32,}", encode(published(world)).decode()) == []


def test_the_record_is_all_there_is_to_verify(world: World) -> None:
    """The leaf's own bytes hold every value the citizen sees, and the index of the source."""
    public(world, "project")
    world.must("publisher", publish())
    leaf = json.loads(next(leaf for leaf in reversed(world.leaves) if leaf.startswith(b'{"type":"record/1"')))
    (event,) = leaf["events"]
    assert event["record"] == leaf["index"]
    assert event["source"] < leaf["index"]
    source = world.leaves[event["source"]]
    assert isinstance(world.machine.registry.leaves.decode(source), Record)
    assert {"name": "name", "value": "住院大楼改造", "masked": False} in event["fields"]


# --- Publishing -------------------------------------------------------------------------------------------------------


def test_who_publishes_what(world: World) -> None:
    world.must("publisher", rule("name"))
    world.enrol("local", "school", "publisher")
    assert world.do("head", publish()) == "signer_has_no_grant_for_command"
    assert world.do("local", publish("school:1")) == "signer_not_authorised_for_organisation"
    assert world.do("publisher", publish("hospital:1")) == "object_id_of_another_organisation"
    assert world.do("publisher", publish(object_id="hospital:castle")) == "project_not_found"
    assert world.do("publisher", publish(kind="payment", object_id="hospital:none")) == "payment_not_found"
    assert world.do("publisher", publish()) == "ok"
    assert world.do("publisher", publish()) == "exists"
    assert world.do("publisher", publish(title="另一个标题")) == "exists_with_different_content"


def test_late_is_said(world: World) -> None:
    world.must("publisher", rule("name"))
    world.at(START + 21 * DAY)
    world.must("publisher", publish(due_time=START + 20 * DAY))
    assert published(world).late
    world.must("publisher", publish("city:2", due_time=START + 21 * DAY, replaces=FIRST))
    assert not published(world).late


def test_a_correction_replaces_the_latest_and_only_that(world: World) -> None:
    world.must("publisher", rule("name"))
    world.must("publisher", publish())
    assert world.do("publisher", publish("city:2")) == "object_is_published_already"
    assert world.do("publisher", publish("city:2", replaces="city:none")) == "publication_replaces_wrong_one"
    assert world.do("publisher", publish("city:2", replaces=FIRST)) == "ok"
    assert world.do("publisher", publish("city:3", replaces=FIRST)) == "publication_replaces_wrong_one"
    assert read_publication(world.view(), FIRST).status == "replaced"
    assert read_publication(world.view(), "city:2").status == "in_force"
    other = publish("city:4", "budget_line", LINE, replaces="city:2")
    assert world.do("publisher", other) == "publication_replaces_wrong_one"
    assert world.broken_invariants() == []


def test_a_rule_changes_what_comes_and_not_what_was(world: World) -> None:
    world.must("publisher", rule("name"), rule("total_fen"))
    world.must("publisher", publish())
    before = published(world)
    world.must("publisher", rule("total_fen", "hidden"))
    world.must("publisher", publish("city:2", replaces=FIRST))
    assert values(world) == {"name": "住院大楼改造"}
    assert {field.name for field in before.fields} == {"name", "total_fen"}


def test_a_withdrawn_publication_stays_and_may_be_replaced(world: World) -> None:
    world.must("publisher", rule("name"))
    world.must("publisher", publish())
    withdraw = WithdrawPublication(publication_id=FIRST, reason="名称有误")
    assert world.do("head", withdraw) == "signer_has_no_grant_for_command"
    assert world.do("publisher", WithdrawPublication(publication_id="city:none", reason="x")) == "publication_not_found"
    assert world.do("publisher", withdraw) == "ok"
    assert world.do("publisher", withdraw) == "publication_not_in_force"
    assert world.do("publisher", Clarify(publication_id=FIRST, number=1, text="x")) == "publication_not_in_force"
    assert world.do("publisher", publish("city:2")) == "object_is_published_already"
    assert world.do("publisher", publish("city:2", replaces=FIRST)) == "ok"
    assert read_publication(world.view(), FIRST).status == "withdrawn"


def test_clarifications_are_appended_in_order(world: World) -> None:
    world.must("publisher", rule("name"))
    world.must("publisher", publish())
    first = Clarify(publication_id=FIRST, number=1, text="金额含两年。")
    assert world.do("publisher", Clarify(publication_id="city:none", number=1, text="x")) == "publication_not_found"
    assert world.do("publisher", Clarify(publication_id=FIRST, number=2, text="x")) == "clarification_out_of_order"
    assert world.do("publisher", first) == "ok"
    assert world.do("publisher", first) == "exists"
    assert world.do("publisher", Clarify(publication_id=FIRST, number=1, text="x")) == "exists_with_different_content"
    assert world.do("publisher", Clarify(publication_id=FIRST, number=2, text="不含征地费。")) == "ok"
    assert read_publication(world.view(), FIRST).clarifications == 2


# --- For any rules ----------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    rules=st.lists(
        st.tuples(
            st.sampled_from(["city", "health", "hospital"]),
            st.sampled_from(sorted(FIELDS["project"])),
            st.sampled_from(["clear", "masked", "hidden"]),
        ),
        max_size=25,
    )
)
def test_a_field_is_public_only_where_a_rule_says_so_and_none_above_forbids(rules: list[tuple[str, str, Any]]) -> None:
    world = funded()
    last: dict[tuple[str, str], str] = {}
    for organisation, field, treatment in rules:
        if world.do("publisher", rule(field, treatment, organisation=organisation)) == "ok":
            last[organisation, field] = treatment
    code = world.do("publisher", publish())
    by_field: dict[str, set[str]] = {}
    for (_organisation, field), treatment in last.items():
        by_field.setdefault(field, set()).add(treatment)
    clear = {field for field, treatments in by_field.items() if treatments == {"clear"}}
    seen = {field for field, treatments in by_field.items() if "hidden" not in treatments}
    assert code in ("ok", "no_field_is_public")
    if code == "ok":
        event = published(world)
        assert {field.name.partition(".")[0] for field in event.fields if not field.masked} <= clear
        assert {field.name.partition(".")[0] for field in event.fields} == seen
        assert {one.field for one in event.withheld} == set(FIELDS["project"]) - clear
