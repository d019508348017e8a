"""Agreements until they are in force: their terms, the two signatures, the money bound by the second."""

from typing import Any

import pytest
from tests.chain.contracts.signed import (
    AGREEMENT,
    BILL,
    DONE,
    LINE,
    NODE,
    RETENTION,
    agree,
    bank,
    buckets,
    changed,
    funded,
    line,
    milestone,
    sign,
    terms,
)
from tests.chain.world import World

from mingzhang.chain.contracts.agreements import CountersignAgreement, SignAgreement, WithdrawAgreement, read_agreement
from mingzhang.chain.contracts.disputes import DisputeAgreement, ResolveDispute
from mingzhang.chain.contracts.payees import SuspendPayee
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.standards import SetParameter
from mingzhang.chain.contracts.switches import SwitchLine

COUNTERSIGN = CountersignAgreement(agreement_id=AGREEMENT)
CHANGE = "hospital:change-1"
DISPUTE = DisputeAgreement(agreement_id=AGREEMENT, reason="质量缺陷")
RESOLVE = ResolveDispute(agreement_id=AGREEMENT, reason="已修复")


@pytest.fixture
def world() -> World:
    return funded()


# --- Signing ----------------------------------------------------------------------------------------------------------


def test_two_signatures_bind_the_money(world: World) -> None:
    assert sign(world) == "ok"
    assert buckets(world) == (1_000_000, 0, 0, 0)
    assert world.do("head", COUNTERSIGN) == "signer_has_no_grant_for_command"
    assert world.do("foreman", COUNTERSIGN) == "ok"
    assert buckets(world) == (500_000, 500_000, 0, 0)
    assert read_agreement(world.view(), AGREEMENT).status == "in_force"
    assert world.do("foreman", COUNTERSIGN) == "agreement_is_not_waiting_for_countersignature"
    assert world.broken_invariants() == []


def test_the_same_agreement_twice(world: World) -> None:
    agree(world)
    world.must("cashier", change_line(world))
    assert sign(world) == "exists"
    assert sign(world, title="别的合同") == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "title"


def change_line(world: World) -> SwitchLine:
    world.must("budget", line("hospital:2022-other", approved_fen=600_000))
    return SwitchLine(agreement_id=AGREEMENT, line_id="hospital:2022-other", reason="归并")


def test_who_signs_for_whom(world: World) -> None:
    world.enrol("mason", "school", "contractor")
    assert world.do("schoolcashier", SignAgreement(agreement_id=AGREEMENT, terms=terms())) == (
        "signer_not_authorised_for_organisation"
    )
    assert sign(world, agreement_id="school:build") == "object_id_of_another_organisation"
    assert sign(world) == "ok"
    assert world.do("mason", COUNTERSIGN) == "signer_not_authorised_for_organisation"
    assert world.do("mason", WithdrawAgreement(agreement_id=AGREEMENT, reason="不签")) == "signer_is_not_a_party"


def test_nobody_signs_for_both_sides(world: World) -> None:
    world.enrol("clever", "city", "unit_head", "contractor")
    assert world.do("clever", SignAgreement(agreement_id=AGREEMENT, terms=terms())) == "ok"
    assert world.do("clever", COUNTERSIGN) == "signer_approved_own_request"
    assert world.do("foreman", COUNTERSIGN) == "ok"


def test_an_agreement_that_nobody_wants_is_withdrawn(world: World) -> None:
    withdraw = WithdrawAgreement(agreement_id=AGREEMENT, reason="价格未谈妥")
    assert world.do("foreman", withdraw) == "agreement_not_found"
    assert sign(world) == "ok"
    assert world.do("foreman", withdraw) == "ok"
    assert world.do("foreman", COUNTERSIGN) == "agreement_is_not_waiting_for_countersignature"
    assert buckets(world) == (1_000_000, 0, 0, 0)


def test_no_more_is_bound_than_the_line_has(world: World) -> None:
    big = milestone("node", 1_000_001, DONE)
    exact = milestone("node", 1_000_000, DONE)
    assert sign(world, big) == "exceeds_available_balance"
    assert world.records[-1].facts["excess_fen"] == 1
    assert sign(world, exact) == "ok"
    pay = RequestPayment(
        payment_id="hospital:p1", line_id=LINE, payee_id="hospital:builder", amount_fen=1, purpose="零星",
        business_date="2022-04-15", invoice=None, evidence=[],
    )  # fmt: skip
    world.must("cashier", pay)
    assert world.do("foreman", COUNTERSIGN) == "exceeds_available_balance"
    assert read_agreement(world.view(), AGREEMENT).status == "proposed"
    assert bank(world, "hospital:p1", "returned") == "ok"
    assert world.do("foreman", COUNTERSIGN) == "ok"
    assert buckets(world) == (0, 1_000_000, 0, 0)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"total_fen": 500_001}, "milestones_must_sum_to_total"),
        ({"milestones": [NODE, changed(NODE, name="又一个")], "total_fen": 400_000}, "milestone_id_taken"),
        ({"milestones": [milestone("node", 500_000, DONE, DONE)]}, "condition_given_twice"),
        ({"milestones": [milestone("node", 500_000)]}, "milestone_needs_a_condition"),
        ({"milestones": [milestone("node", 500_000, BILL, changed(BILL, condition_id="b2"))]},
         "milestone_has_two_invoices"),
        ({"milestones": [changed(NODE, amount_fen=485_000), changed(RETENTION, not_before=None)]},
         "retention_needs_a_release_date"),
        ({"milestones": [changed(NODE, amount_fen=484_999), changed(RETENTION, amount_fen=15_001)]},
         "retention_exceeds_limit"),
        ({"milestones": [milestone("node", 500_000, changed(organisation="builder"))]}, "attestor_is_the_counterparty"),
        ({"milestones": [milestone("node", 500_000, changed(organisation="nobody"))]}, "organisation_not_found"),
        ({"milestones": [milestone("node", 500_000, DONE, deadline="2022-02-30")]}, "date_not_in_calendar"),
        ({"end_date": "2022-06-28"}, "agreement_dates_wrong"),
        ({"end_date": "2022-09-31"}, "date_not_in_calendar"),
        ({"counterparty": "hospital"}, "counterparty_is_the_unit_itself"),
        ({"counterparty": "health"}, "counterparty_is_the_unit_itself"),
        ({"counterparty": "nobody"}, "organisation_not_found"),
        ({"project_id": None}, "line_of_another_project"),
        ({"line_id": "hospital:none"}, "line_not_found"),
        ({"payee_id": "hospital:none"}, "payee_not_found"),
        ({"milestones": [milestone("node", 500_000, DONE, budget_year=2024)]}, "budget_year_not_approved"),
        ({"milestones": [milestone("node", 481_760_001, DONE, budget_year=2023)], "total_fen": 481_760_001},
         "budget_year_not_approved"),
        ({"contract_files": []}, "envelope_malformed"),
        ({"milestones": [milestone("node/1", 500_000, DONE)]}, "envelope_malformed"),
        ({"agreement_id": "hospital:" + "x" * 41}, "envelope_malformed"),
    ],
)  # fmt: skip
def test_terms_that_do_not_hold_together(world: World, given: dict[str, Any], code: str) -> None:
    assert sign(world, **{"total_fen": 500_000} | given) == code
    assert sign(world) == "ok"


def test_how_much_may_be_retained_is_a_parameter(world: World) -> None:
    world.must("committee", SetParameter(organisation="city", name="retention_max_bp", value=200,
                                         from_time=world.time, basis="示例"))  # fmt: skip
    assert sign(world) == "retention_exceeds_limit"
    assert world.records[-1].facts == {"retention_fen": 15_000, "limit_bp": 200, "limit_fen": 10_000}
    assert sign(world, kind="service") == "ok"


def test_a_suspended_payee_gets_no_agreement(world: World) -> None:
    world.must("treasury", SuspendPayee(payee_id="hospital:builder", reason="核查"))
    assert sign(world) == "payee_is_suspended"
