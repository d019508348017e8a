"""Agreements in force: changes and their end by both sides, disputes, and the line of another year."""

from typing import Any

import pytest
from tests.chain.contracts.signed import (
    AGREEMENT,
    BILL,
    CHECK,
    DAY,
    DEFECTS_END,
    LINE,
    LINE_2023,
    NEW_YEAR,
    NODE,
    PASSED,
    RETENTION,
    agree,
    answers,
    attest,
    buckets,
    changed,
    funded,
    line,
    milestone,
    sign,
)
from tests.chain.world import World

from mingzhang.chain.contracts.agreements import CountersignAgreement, read_agreement
from mingzhang.chain.contracts.allotments import FreezeLine
from mingzhang.chain.contracts.amendments import AcceptChange, DeclineChange, ProposeChange, ProposeTermination
from mingzhang.chain.contracts.credentials import WithdrawGrant
from mingzhang.chain.contracts.disputes import DisputeAgreement, ResolveDispute
from mingzhang.chain.contracts.releases import RetryRelease, read_progress
from mingzhang.chain.contracts.switches import SwitchLine

COUNTERSIGN = CountersignAgreement(agreement_id=AGREEMENT)
CHANGE = "hospital:change-1"
DISPUTE = DisputeAgreement(agreement_id=AGREEMENT, reason="质量缺陷")
RESOLVE = ResolveDispute(agreement_id=AGREEMENT, reason="已修复")
END = ProposeTermination(change_id="builder:end", agreement_id=AGREEMENT, reason="停工", files=[])


@pytest.fixture
def world() -> World:
    return funded()


def change(*milestones: Any, total_fen: int, change_id: str = CHANGE) -> ProposeChange:
    return ProposeChange(
        change_id=change_id, agreement_id=AGREEMENT, total_fen=total_fen, milestones=list(milestones),
        reason="设计变更", files=[],
    )  # fmt: skip


def accept(change_id: str = CHANGE) -> AcceptChange:
    return AcceptChange(change_id=change_id)


# --- Changes and the end ----------------------------------------------------------------------------------------------


def test_a_change_needs_both_sides(world: World) -> None:
    more = change(NODE, changed(CHECK, amount_fen=385_000), RETENTION, total_fen=600_000)
    assert sign(world) == "ok"
    assert world.do("head", more) == "agreement_is_not_in_force"
    world.must("foreman", COUNTERSIGN)
    assert world.do("head", accept()) == "change_not_found"
    assert world.do("head", more) == "ok"
    assert world.do("head", more) == "exists"
    assert world.do("head", accept()) == "change_needs_the_other_side"
    assert world.do("cashier", accept()) == "change_needs_the_other_side"
    assert buckets(world) == (500_000, 500_000, 0, 0)
    assert world.do("foreman", accept()) == "ok"
    assert world.do("foreman", accept()) == "change_already_decided"
    assert buckets(world) == (400_000, 600_000, 0, 0)
    assert read_progress(world.view(), AGREEMENT).total_fen == 600_000
    assert world.broken_invariants() == []


def test_what_is_released_cannot_be_changed(world: World) -> None:
    agree(world)
    assert attest(world, "engineer", "node.done") == "ok"
    assert world.do("foreman", change(NODE, CHECK, RETENTION, total_fen=500_000, change_id="builder:c1")) == (
        "milestone_id_taken"
    )
    less = change(changed(CHECK, amount_fen=185_000), changed(RETENTION, amount_fen=11_550), total_fen=396_550,
                  change_id="builder:c1")  # fmt: skip
    assert world.do("foreman", change(CHECK, total_fen=285_000, change_id="builder:c1")) == (
        "milestones_must_sum_to_total"
    )
    assert world.do("foreman", less) == "ok"
    assert world.do("head", accept("builder:c1")) == "ok"
    assert buckets(world) == (603_450, 196_550, 200_000, 0)
    assert read_agreement(world.view(), AGREEMENT).milestone_ids == ("node", "check", "retain")
    assert world.broken_invariants() == []


def test_a_change_is_refused_beyond_the_line(world: World) -> None:
    agree(world)
    assert world.do("head", change(changed(NODE, amount_fen=1_000_001), total_fen=1_000_001)) == (
        "exceeds_available_balance"
    )
    world.must("head", change(changed(NODE, amount_fen=1_000_000), total_fen=1_000_000))
    world.must("auditor", FreezeLine(line_id=LINE, amount_fen=1, reason="核查"))
    assert world.do("foreman", accept()) == "exceeds_available_balance"


@pytest.mark.parametrize("meanwhile", ["release", "change"])
def test_a_change_overtaken_by_events_is_stale(world: World, meanwhile: str) -> None:
    agree(world)
    world.must("head", change(CHECK, total_fen=285_000))
    if meanwhile == "release":
        assert attest(world, "engineer", "node.done") == "ok"
    else:
        world.must("head", change(NODE, total_fen=200_000, change_id="hospital:change-2"))
        world.must("foreman", accept("hospital:change-2"))
    assert world.do("foreman", accept()) == "change_is_stale"
    assert world.broken_invariants() == []


def test_a_change_may_be_declined_by_either(world: World) -> None:
    agree(world)
    world.must("head", change(NODE, total_fen=200_000))
    assert world.do("foreman", DeclineChange(change_id=CHANGE, reason="不同意")) == "ok"
    assert world.do("foreman", accept()) == "change_already_decided"


def test_attestations_outlive_a_change_that_leaves_their_condition(world: World) -> None:
    agree(world)
    assert attest(world, "engineer", "check.passed") == "ok"
    stricter = changed(CHECK, conditions=[changed(PASSED, description="复验"), BILL])
    world.must("head", change(NODE, changed(CHECK, amount_fen=385_000), RETENTION, total_fen=600_000))
    world.must("foreman", accept())
    assert attest(world, "engineer", "check.passed") == "condition_already_attested"
    world.must("head", change(NODE, stricter, RETENTION, total_fen=500_000, change_id="hospital:c2"))
    world.must("foreman", accept("hospital:c2"))
    assert attest(world, "engineer", "check.passed") == "ok"


def test_a_change_that_drops_the_last_open_condition_releases(world: World) -> None:
    agree(world)
    assert attest(world, "engineer", "check.passed") == "ok"
    world.must("head", change(NODE, changed(CHECK, conditions=[PASSED]), RETENTION, total_fen=500_000))
    since = len(world.records)
    world.must("foreman", accept())
    assert answers(world, since) == [("check", "ok")]


def test_a_change_moves_the_date_of_retention_money(world: World) -> None:
    agree(world)
    world.must("head", change(NODE, CHECK, changed(RETENTION, name="质保金"), total_fen=500_000))
    world.must("foreman", accept())
    since = len(world.records)
    world.at(DEFECTS_END - DAY)
    later = changed(RETENTION, not_before=DEFECTS_END + DAY)
    world.must("head", change(NODE, CHECK, later, total_fen=500_000, change_id="hospital:c2"))
    world.must("foreman", accept("hospital:c2"))
    world.at(DEFECTS_END)
    assert answers(world, since) == [("retain", "milestone_not_due")]
    world.at(DEFECTS_END + DAY)
    assert answers(world, since)[1:] == [("retain", "ok")]


def test_an_unchanged_date_is_kept_once(world: World) -> None:
    agree(world)
    world.must("head", change(changed(NODE, amount_fen=100_000), CHECK, changed(RETENTION, amount_fen=10_000),
                              total_fen=395_000))  # fmt: skip
    world.must("foreman", accept())
    since = len(world.records)
    world.at(DEFECTS_END)
    assert answers(world, since) == [("retain", "ok")]
    assert buckets(world) == (605_000, 385_000, 10_000, 0)


def test_termination_returns_what_is_still_bound(world: World) -> None:
    agree(world)
    assert attest(world, "engineer", "node.done") == "ok"
    assert world.do("foreman", END) == "ok"
    assert world.do("foreman", END) == "exists"
    assert world.do("head", accept("builder:end")) == "ok"
    assert buckets(world) == (800_000, 0, 200_000, 0)
    assert attest(world, "engineer", "check.passed") == "agreement_is_not_in_force"
    since = len(world.records)
    world.at(DEFECTS_END)
    assert answers(world, since) == [("retain", "agreement_is_not_in_force")]
    assert world.broken_invariants() == []


def test_nobody_changes_for_both_sides(world: World) -> None:
    world.enrol("clever", "city", "unit_head", "contractor")
    agree(world)
    assert world.do("clever", change(NODE, total_fen=200_000, change_id="city:c1")) == "ok"
    assert world.do("clever", accept("city:c1")) == "change_needs_the_other_side"
    world.must("root", WithdrawGrant(grant_id="clever-unit-head", person_id="clever", reason="调离"))
    assert world.do("clever", accept("city:c1")) == "signer_approved_own_request"
    assert world.do("foreman", accept("city:c1")) == "ok"


def test_strangers_change_nothing(world: World) -> None:
    world.enrol("mason", "school", "contractor")
    agree(world)
    assert world.do("mason", change(NODE, total_fen=200_000, change_id="school:c1")) == "signer_is_not_a_party"
    assert world.do("head", change(NODE, total_fen=200_000, change_id="builder:c1")) == (
        "object_id_of_another_organisation"
    )
    world.must("head", change(NODE, total_fen=200_000))
    for deed in (accept(), DeclineChange(change_id=CHANGE, reason="不同意"), DISPUTE):
        assert world.do("mason", deed) == "signer_is_not_a_party"
    assert world.do("foreman", accept()) == "ok"


def test_a_change_promises_no_year_without_a_budget(world: World) -> None:
    agree(world)
    assert world.do("head", change(changed(NODE, budget_year=2024), total_fen=200_000)) == "budget_year_not_approved"
    assert world.do("head", change(changed(NODE, budget_year=2023), total_fen=200_000)) == "ok"
    assert world.do("foreman", accept()) == "ok"
    assert buckets(world) == (1_000_000, 0, 0, 0)


def test_what_has_ended_is_not_changed(world: World) -> None:
    agree(world)
    world.must("head", change(NODE, total_fen=200_000))
    world.must("foreman", END)
    world.must("head", accept(END.change_id))
    assert world.do("foreman", accept()) == "agreement_is_not_in_force"
    assert world.do("foreman", DISPUTE) == "agreement_is_not_in_force"
    assert world.broken_invariants() == []


# --- Disputes ---------------------------------------------------------------------------------------------------------


def test_a_dispute_pauses_releases_until_it_is_resolved(world: World) -> None:
    agree(world)
    assert world.do("treasury", RESOLVE) == "agreement_is_not_disputed"
    assert world.do("foreman", DISPUTE) == "ok"
    assert world.do("head", DISPUTE) == "agreement_is_disputed"
    since = len(world.records)
    assert attest(world, "engineer", "node.done") == "ok"
    assert answers(world, since) == [("node", "agreement_is_disputed")]
    assert world.do("cashier", RetryRelease(agreement_id=AGREEMENT, milestone_id="node")) == "agreement_is_disputed"
    assert world.do("head", RESOLVE) == "dispute_not_resolvable_by_signer"
    since = len(world.records)
    assert world.do("treasury", RESOLVE) == "ok"
    assert answers(world, since) == [("node", "ok")]


def test_who_resolves_a_dispute(world: World) -> None:
    world.enrol("schoolhead", "school", "unit_head")
    world.enrol("clerk2", "hospital", "unit_finance", "unit_head")
    agree(world)
    assert world.do("clerk2", DISPUTE) == "ok"
    assert world.do("foreman", RESOLVE) == "signer_has_no_grant_for_command"
    assert world.do("schoolhead", RESOLVE) == "signer_not_authorised_for_organisation"
    assert world.do("clerk2", RESOLVE) == "dispute_not_resolvable_by_signer"
    assert world.do("treasury2", RESOLVE) == "ok"


def test_a_defect_claimed_on_retention_money_keeps_it_back(world: World) -> None:
    world.enrol("head2", "hospital", "unit_head")
    agree(world)
    assert world.do("head", DISPUTE) == "ok"
    since = len(world.records)
    world.at(DEFECTS_END)
    assert answers(world, since) == [("retain", "agreement_is_disputed")]
    assert world.do("head", RESOLVE) == "dispute_not_resolvable_by_signer"
    assert world.do("head2", RESOLVE) == "ok"
    assert answers(world, since)[1:] == [("retain", "ok")]


# --- Years ------------------------------------------------------------------------------------------------------------


def test_an_agreement_spans_years_by_switching_its_line(world: World) -> None:
    later = milestone("check", 285_000, PASSED, budget_year=2023)
    agree(world, NODE, later)
    assert buckets(world) == (800_000, 200_000, 0, 0)
    since = len(world.records)
    assert attest(world, "engineer", "check.passed") == "ok"
    world.at(NEW_YEAR)
    assert attest(world, "engineer", "node.done") == "ok"
    assert answers(world, since) == [("check", "milestone_of_a_later_budget_year"), ("node", "line_of_another_year")]
    switch = SwitchLine(agreement_id=AGREEMENT, line_id=LINE_2023, reason="跨年")
    assert world.do("cashier", switch) == "line_not_found"
    world.must("budget", line(LINE_2023, 2023, 600_000))
    since = len(world.records)
    assert world.do("schoolcashier", switch) == "signer_not_authorised_for_organisation"
    assert world.do("cashier", switch) == "ok"
    assert answers(world, since) == [("node", "ok"), ("check", "ok")]
    assert buckets(world) == (1_000_000, 0, 0, 0)
    assert buckets(world, LINE_2023) == (115_000, 0, 485_000, 0)
    assert world.do("cashier", switch) == "lines_must_be_different"
    assert world.broken_invariants() == []


def test_a_switch_needs_money_and_the_same_project(world: World) -> None:
    agree(world)
    world.must("budget", line(LINE_2023, 2023, 499_999), line("hospital:basic", project_id=None))
    switch = SwitchLine(agreement_id=AGREEMENT, line_id=LINE_2023, reason="跨年")
    basic = SwitchLine(agreement_id=AGREEMENT, line_id="hospital:basic", reason="换线")
    assert world.do("cashier", basic) == "line_of_another_project"
    assert world.do("cashier", switch) == "exceeds_available_balance"
    assert attest(world, "engineer", "node.done") == "ok"
    world.must("auditor", FreezeLine(line_id=LINE, amount_fen=None, reason="核查"))
    assert world.do("cashier", switch) == "line_is_frozen"
    assert read_agreement(world.view(), AGREEMENT).line_id == LINE


def test_money_of_a_past_year_is_not_bound(world: World) -> None:
    world.at(NEW_YEAR)
    assert sign(world) == "line_of_another_year"
    world.must("budget", line(LINE_2023, 2023, 600_000))
    assert sign(world, line_id=LINE_2023) == "ok"
