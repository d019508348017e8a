"""Attestations and what follows: milestones that pay themselves, each judged alone, refused, retried, returned."""

from typing import Any

import pytest
from tests.chain.contracts.signed import (
    AGREEMENT,
    BILL,
    CHECK,
    DAY,
    DEFECTS_END,
    DONE,
    LINE,
    NODE,
    agree,
    answers,
    attest,
    bank,
    claim,
    funded,
    milestone,
    sign,
)
from tests.chain.world import START, World

from mingzhang.chain.contracts.agreements import CountersignAgreement
from mingzhang.chain.contracts.allotments import AllocateFunds, FreezeLine, SetPlan, ThawLine
from mingzhang.chain.contracts.attestations import WithdrawAttestation
from mingzhang.chain.contracts.budgets import read_line
from mingzhang.chain.contracts.credentials import GrantRole
from mingzhang.chain.contracts.milestones import read_milestone
from mingzhang.chain.contracts.payees import ResumePayee, SuspendPayee
from mingzhang.chain.contracts.payments import RequestPayment, read_payment
from mingzhang.chain.contracts.releases import ReleaseMilestone, RetryRelease, read_progress
from mingzhang.chain.contracts.settlements import DecideReversal, RequestReversal
from mingzhang.chain.contracts.standards import SetParameter
from mingzhang.chain.contracts.terms import Condition

INVOICE = "ee" * 32
FIRST = milestone("first", 200_000, DONE)
SECOND = milestone("second", 300_000, DONE)
OWN = Condition(condition_id="own", kind="acceptance", description="自检", organisation="builder", role="contractor")
PAPER = Condition(
    condition_id="paper", kind="document", description="竣工图", organisation="builder", role="contractor"
)


@pytest.fixture
def world() -> World:
    return funded()


def retry(milestone_id: str) -> RetryRelease:
    return RetryRelease(agreement_id=AGREEMENT, milestone_id=milestone_id)


def in_transit(world: World, line_id: str = LINE) -> int:
    return read_line(world.view(), line_id).in_transit_fen


def allocate(world: World, amount_fen: int) -> None:
    world.must("treasury", AllocateFunds(allocation_id=f"hospital:a{len(world.records)}", line_id=LINE,
                                         amount_fen=amount_fen, purpose="拨款"))  # fmt: skip


# --- Releases ---------------------------------------------------------------------------------------------------------


def test_the_last_condition_releases_the_payment(world: World) -> None:
    agree(world)
    since = len(world.records)
    assert attest(world, "engineer", "check.passed") == "ok"
    assert answers(world, since) == []
    assert attest(world, "cashier", "check.bill", invoice=INVOICE, attestation_id="hospital:bill-1") == "ok"
    assert answers(world, since) == [("check", "ok")]
    payment = read_payment(world.view(), "hospital:build-check")
    assert (payment.amount_fen, payment.status, payment.invoice) == (285_000, "in_transit", INVOICE)
    assert (payment.agreement_id, payment.requested_by) == (AGREEMENT, "ledger")
    released = world.records[-1]
    assert released.signer == "ledger"
    assert released.cause == released.index - 1
    assert released.events[0].attestations[1:] == ["hospital:bill-1"]
    progress = read_progress(world.view(), AGREEMENT)
    assert (progress.released_fen, progress.total_fen, progress.released, progress.milestones) == (
        285_000,
        500_000,
        1,
        3,
    )
    assert world.broken_invariants() == []


def test_two_releases_from_one_attestation_on_one_line(world: World) -> None:
    agree(world, FIRST, SECOND)
    since = len(world.records)
    assert attest(world, "engineer", "first.done", "second.done") == "ok"
    assert answers(world, since) == [("first", "ok"), ("second", "ok")]
    assert in_transit(world) == 500_000
    assert read_line(world.view(), LINE).encumbered_fen == 0
    assert world.broken_invariants() == []


def test_the_second_fails_alone_when_the_project_account_is_short() -> None:
    world = funded(paid_from="project_account")
    agree(world, FIRST, SECOND)
    allocate(world, 499_999)
    since = len(world.records)
    assert attest(world, "engineer", "first.done", "second.done") == "ok"
    assert answers(world, since) == [("first", "ok"), ("second", "exceeds_allocated_funds")]
    assert world.do("cashier", retry("first")) == "milestone_already_released"
    assert world.do("cashier", retry("second")) == "ok"
    assert answers(world, since)[2:] == [("second", "exceeds_allocated_funds")]
    allocate(world, 1)
    assert world.do("head", retry("second")) == "signer_has_no_grant_for_command"
    assert world.do("cashier", retry("second")) == "ok"
    assert answers(world, since)[3:] == [("second", "ok")]
    assert in_transit(world) == 500_000
    assert world.broken_invariants() == []


def test_an_advance_is_paid_on_the_countersignature(world: World) -> None:
    agree(world, milestone("advance", 100_000, kind="advance"), FIRST)
    assert answers(world, 0) == [("advance", "ok")]
    assert in_transit(world) == 100_000


def test_nothing_is_released_before_the_countersignature(world: World) -> None:
    assert attest(world, "engineer", "node.done") == "agreement_not_found"
    assert sign(world) == "ok"
    assert attest(world, "engineer", "node.done", attestation_id="supervisor:a1") == "agreement_is_not_in_force"
    assert world.do("cashier", retry("node")) == "agreement_is_not_in_force"
    world.must("foreman", CountersignAgreement(agreement_id=AGREEMENT))
    assert attest(world, "engineer", "node.done", attestation_id="supervisor:a1") == "ok"


def test_nobody_orders_a_release(world: World) -> None:
    agree(world)
    order = ReleaseMilestone(agreement_id=AGREEMENT, milestone_id="node", attempt=1)
    assert world.do("cashier", order) == "command_is_internal"
    assert world.do("cashier", retry("node")) == "conditions_not_met"
    assert world.do("schoolcashier", retry("node")) == "signer_not_authorised_for_organisation"
    assert world.do("cashier", retry("none")) == "milestone_not_found"


def test_retention_money_is_released_by_the_clock(world: World) -> None:
    agree(world)
    assert world.do("cashier", retry("retain")) == "milestone_not_due"
    world.at(DEFECTS_END - 1)
    assert answers(world, 0) == []
    world.at(DEFECTS_END)
    assert answers(world, 0) == [("retain", "ok")]
    assert read_payment(world.view(), "hospital:build-retain").business_date == "2022-05-15"


def test_retention_money_with_a_condition_waits_for_both(world: World) -> None:
    agree(world, milestone("retain", 500_000, DONE, kind="retention", not_before=START + DAY), kind="service")
    assert attest(world, "engineer", "retain.done", attestation_id="supervisor:a1") == "ok"
    assert world.do("engineer", WithdrawAttestation(attestation_id="supervisor:a1", reason="误报")) == "ok"
    world.at(START + DAY)
    assert answers(world, 0) == [("retain", "conditions_not_met")]
    assert attest(world, "engineer", "retain.done") == "ok"
    assert answers(world, 0)[1:] == [("retain", "ok")]


@pytest.mark.parametrize("obstacle", ["frozen", "payee", "plan"])
def test_a_release_meets_what_any_payment_meets(world: World, obstacle: str) -> None:
    expected = {"frozen": "line_is_frozen", "payee": "payee_is_suspended", "plan": "exceeds_spending_plan"}[obstacle]
    agree(world)
    if obstacle == "frozen":
        world.must("auditor", FreezeLine(line_id=LINE, amount_fen=None, reason="核查"))
    elif obstacle == "payee":
        world.must("treasury", SuspendPayee(payee_id="hospital:builder", reason="核查"))
    else:
        world.must("cashier", SetPlan(line_id=LINE, months_fen=[0, 0, 0, 199_999, *[0] * 8]))
        world.must("committee", SetParameter(organisation="city", name="plan_controls_payment", value=1,
                                             from_time=world.time, basis="示例"))  # fmt: skip
    since = len(world.records)
    assert attest(world, "engineer", "node.done") == "ok"
    assert answers(world, since) == [("node", expected)]
    assert world.broken_invariants() == []
    if obstacle == "frozen":
        world.must("treasury", ThawLine(line_id=LINE, amount_fen=None, reason="核查完毕"))
    elif obstacle == "payee":
        world.must("treasury2", ResumePayee(payee_id="hospital:builder", reason="核查完毕"))
    else:
        world.must("cashier", SetPlan(line_id=LINE, months_fen=[0, 0, 0, 200_000, *[0] * 8]))
    assert world.do("cashier", retry("node")) == "ok"
    assert answers(world, since)[1:] == [("node", "ok")]


def test_a_large_release_is_not_held_for_a_person(world: World) -> None:
    world.must("committee", SetParameter(organisation="city", name="payment_hold_above_fen", value=1,
                                         from_time=world.time, basis="示例"))  # fmt: skip
    agree(world)
    assert attest(world, "engineer", "node.done") == "ok"
    assert read_payment(world.view(), "hospital:build-node").status == "in_transit"


# --- Returned payments ------------------------------------------------------------------------------------------------


def test_a_returned_payment_is_made_again_under_a_new_id(world: World) -> None:
    agree(world)
    assert attest(world, "engineer", "node.done") == "ok"
    assert bank(world, "hospital:build-node", "returned") == "ok"
    assert read_line(world.view(), LINE).available_fen == 700_000
    assert world.do("cashier", retry("node")) == "ok"
    assert read_payment(world.view(), "hospital:build-node-2").status == "in_transit"
    assert world.do("cashier", retry("node")) == "milestone_already_released"
    assert bank(world, "hospital:build-node-2", "returned") == "ok"
    world.must("auditor", FreezeLine(line_id=LINE, amount_fen=500_001, reason="核查"))
    since = len(world.records)
    assert world.do("cashier", retry("node")) == "ok"
    assert answers(world, since) == [("node", "exceeds_available_balance")]
    world.must("treasury", ThawLine(line_id=LINE, amount_fen=1, reason="核查完毕"))
    assert world.do("cashier", retry("node")) == "ok"
    assert bank(world, "hospital:build-node-3", "settled") == "ok"
    assert world.do("cashier", retry("node")) == "milestone_already_released"
    assert read_line(world.view(), LINE).paid_fen == 200_000
    assert world.broken_invariants() == []


def test_a_returned_payment_frees_its_invoice_for_the_next(world: World) -> None:
    agree(world)
    assert attest(world, "engineer", "check.passed") == "ok"
    assert attest(world, "cashier", "check.bill", invoice=INVOICE) == "ok"
    assert bank(world, "hospital:build-check", "returned") == "ok"
    assert world.do("cashier", retry("check")) == "ok"
    assert read_payment(world.view(), "hospital:build-check-2").invoice == INVOICE


def test_a_reversed_payment_is_not_made_again(world: World) -> None:
    agree(world)
    assert attest(world, "engineer", "node.done") == "ok"
    assert bank(world, "hospital:build-node", "settled") == "ok"
    world.must("cashier", RequestReversal(reversal_id="hospital:r1", payment_id="hospital:build-node", reason="付错",
                                          evidence=[]))  # fmt: skip
    world.must("treasury", DecideReversal(reversal_id="hospital:r1", verdict="approve", opinion="同意"))
    assert world.do("cashier", retry("node")) == "milestone_already_released"
    assert world.records[-1].facts["status"] == "reversed"
    assert world.broken_invariants() == []


def test_a_payment_id_that_somebody_took_stops_nothing(world: World) -> None:
    agree(world)
    world.must("cashier", RequestPayment(
        payment_id="hospital:build-node", line_id=LINE, payee_id="hospital:builder", amount_fen=1, purpose="零星",
        business_date="2022-04-15", invoice=None, evidence=[],
    ))  # fmt: skip
    assert attest(world, "engineer", "node.done") == "ok"
    assert read_milestone(world.view(), AGREEMENT, "node").payment_id == "hospital:build-node-2"


# --- Who attests ------------------------------------------------------------------------------------------------------


def test_a_condition_is_attested_by_who_was_named(world: World) -> None:
    world.register("rival", "city", "supervisor")
    world.enrol("rivalengineer", "rival", "attestor")
    agree(world)
    here = {"attestation_id": "supervisor:a1"}
    assert attest(world, "rivalengineer", "node.done", attestation_id="rival:a1") == "attestation_by_wrong_party"
    assert attest(world, "foreman", "node.done", attestation_id="builder:a1") == "attestation_by_wrong_party"
    assert attest(world, "clerk", "node.done", attestation_id="hospital:a1") == "attestation_by_wrong_party"
    assert attest(world, "expert", "node.done", attestation_id="city:a1") == "signer_has_no_grant_for_command"
    assert attest(world, "engineer", "node.done", "check.bill", **here) == "attestation_by_wrong_party"
    assert world.records[-1].facts["organisation"] == "hospital"
    assert attest(world, "engineer", "node.done", attestation_id="builder:a2") == "object_id_of_another_organisation"
    assert attest(world, "engineer", "node.done", **here) == "ok"


def test_a_role_granted_to_the_contractor_makes_it_no_third_party(world: World) -> None:
    world.enrol("spy", "builder", "contractor")
    world.enrol("spy2", "supervisor", "attestor")
    agree(world)
    world.must("root", GrantRole(grant_id="odd", person_id="spy", role="attestor", organisation="supervisor",
                                 project=None, from_time=0, until_time=None))  # fmt: skip
    assert attest(world, "spy", "node.done", attestation_id="builder:a1") == "attestation_by_wrong_party"
    assert attest(world, "spy2", "node.done", attestation_id="supervisor:a1") == "ok"


def test_own_work(world: World) -> None:
    """What the contractor is named for it may say, but not the acceptance by the person who signed for it."""
    world.enrol("mason", "builder", "contractor")
    agree(world, milestone("node", 500_000, OWN, PAPER))
    assert attest(world, "foreman", "node.own") == "signer_approved_own_request"
    assert attest(world, "foreman", "node.paper") == "ok"
    assert attest(world, "mason", "node.own", attestation_id="builder:m1") == "ok"
    assert in_transit(world) == 500_000


def test_who_signed_for_the_unit_attests_nothing(world: World) -> None:
    by_head = Condition(
        condition_id="head", kind="document", description="确认", organisation="hospital", role="unit_head"
    )
    world.enrol("head2", "hospital", "unit_head")
    agree(world, milestone("node", 500_000, by_head))
    assert attest(world, "head", "node.head") == "signer_approved_own_request"
    assert attest(world, "head2", "node.head", attestation_id="hospital:h2") == "ok"


@pytest.mark.parametrize(
    ("places", "changes", "code"),
    [
        (["node.done"], {"date": "2022-04-16"}, "business_date_in_future"),
        (["none.done"], {}, "milestone_not_found"),
        (["node.none"], {}, "condition_not_found"),
        (["node.done", "node.done"], {}, "condition_given_twice"),
        (["node.done"], {"invoice": INVOICE}, "invoice_must_fit_condition"),
        (["node.done"], {"agreement_id": "hospital:none"}, "agreement_not_found"),
        ([], {}, "envelope_malformed"),
    ],
)
def test_attestations_that_are_refused_whole(world: World, places: list[str], changes: Any, code: str) -> None:
    agree(world)
    assert attest(world, "engineer", *places, attestation_id="supervisor:a1", **changes) == code
    assert attest(world, "engineer", "node.done", attestation_id="supervisor:a1") == "ok"
    assert attest(world, "engineer", "node.done", attestation_id="supervisor:a1") == "exists"
    assert attest(world, "engineer", "check.passed", attestation_id="supervisor:a1") == "exists_with_different_content"
    assert attest(world, "engineer", "node.done") == "condition_already_attested"


def test_an_invoice_is_paid_once(world: World) -> None:
    agree(world, milestone("one", 100_000, BILL), milestone("two", 100_000, DONE, BILL), CHECK)
    world.must("cashier", RequestPayment(
        payment_id="hospital:p1", line_id=LINE, payee_id="hospital:builder", amount_fen=1, purpose="零星",
        business_date="2022-04-15", invoice="ff" * 32, evidence=[],
    ))  # fmt: skip
    assert attest(world, "cashier", "one.bill") == "invoice_must_fit_condition"
    assert attest(world, "cashier", "one.bill", invoice="ff" * 32) == "invoice_already_used"
    assert attest(world, "cashier", "two.bill", "check.bill", invoice=INVOICE) == (
        "invoice_attested_for_another_milestone"
    )
    assert attest(world, "cashier", "two.bill", invoice=INVOICE) == "ok"
    assert attest(world, "cashier", "one.bill", invoice=INVOICE) == "invoice_attested_for_another_milestone"
    world.must("cashier", RequestPayment(
        payment_id="hospital:p2", line_id=LINE, payee_id="hospital:builder", amount_fen=1, purpose="零星",
        business_date="2022-04-15", invoice=INVOICE, evidence=[],
    ))  # fmt: skip
    since = len(world.records)
    assert attest(world, "engineer", "two.done") == "ok"
    assert answers(world, since) == [("two", "invoice_already_used")]


def test_an_attestation_is_taken_back_by_who_gave_it_before_money_moved(world: World) -> None:
    world.enrol("engineer2", "supervisor", "attestor")
    agree(world, NODE, CHECK)
    withdraw = WithdrawAttestation(attestation_id="supervisor:a1", reason="复测不合格")
    assert world.do("engineer", withdraw) == "attestation_not_found"
    assert attest(world, "engineer", "node.done", "check.passed", attestation_id="supervisor:a1") == "ok"
    assert world.do("engineer2", withdraw) == "attestation_of_another_person"
    assert world.do("engineer", withdraw) == "ok"
    assert world.records[-1].events[0].claims == [claim("check.passed")]
    assert read_milestone(world.view(), AGREEMENT, "check").open_conditions == ["passed", "bill"]
    assert world.do("engineer", withdraw) == "attestation_supports_nothing_open"
    since = len(world.records)
    assert attest(world, "cashier", "check.bill", invoice=INVOICE) == "ok"
    assert answers(world, since) == []
