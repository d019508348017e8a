"""Payees, payments, settlements, reversals and refunds: one line a command in the domain's words, its code last."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.contracts.spending import LINE, OTHER, PAYEE, ROOM_FEN, balance, line, pay, payee, ready, settle
from tests.chain.world import START, World

from mingzhang.chain.contracts.allotments import FreezeLine
from mingzhang.chain.contracts.payees import ResumePayee, SuspendPayee
from mingzhang.chain.contracts.payments import DecidePayment, PaymentRequested, read_payment
from mingzhang.chain.contracts.settlements import DecideReversal, RecordRefund, RequestReversal
from mingzhang.chain.contracts.standards import SetParameter

INVOICE = "ab" * 32


@pytest.mark.parametrize(
    ("person", "command", "code"),
    [
        ("cashier", pay("p1", 1), "ok"),
        ("cashier", pay("p1", ROOM_FEN), "ok"),
        ("cashier", pay("p1", ROOM_FEN + 1), "exceeds_available_balance"),
        ("cashier", pay("p1", 1, line_id="hospital:none"), "line_not_found"),
        ("cashier", pay("p1", 1, payee_id="hospital:none"), "payee_not_found"),
        ("cashier", pay("p1", 1, business_date="2022-04-16"), "business_date_in_future"),
        ("cashier", pay("p1", 1, business_date="2021-12-31"), "line_of_another_year"),
        ("clerk", pay("p1", 1), "signer_has_no_grant_for_command"),
        ("schoolcashier", pay("p1", 1), "signer_not_authorised_for_organisation"),
    ],
)
def test_requesting_a_payment(person: str, command: Any, code: str) -> None:
    assert ready().do(person, command) == code


def test_a_payment_under_anothers_id_is_refused() -> None:
    foreign = msgspec.structs.replace(pay("p1", 1), payment_id="school:p1")
    assert ready().do("cashier", foreign) == "object_id_of_another_organisation"


def test_over_by_one_fen_says_by_how_much() -> None:
    world = ready()
    world.must("cashier", pay("p1", ROOM_FEN - 1))
    assert world.do("cashier", pay("p2", 2)) == "exceeds_available_balance"
    facts = world.records[-1].facts
    assert (facts["requested_fen"], facts["available_fen"], facts["excess_fen"]) == (2, 1, 1)
    assert world.do("cashier", pay("p2", 1)) == "ok", "a refused id stays usable"


def test_sent_again_it_exists_and_changed_it_differs() -> None:
    world = ready()
    world.must("cashier", pay("p1", 100))
    assert world.do("cashier", pay("p1", 100)) == "exists"
    assert world.do("cashier", pay("p1", 101)) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "amount_fen"
    assert balance(world).in_transit_fen == 100


def test_an_invoice_is_paid_once() -> None:
    world = ready()
    world.must("cashier", pay("p1", 100, invoice=INVOICE))
    assert world.do("cashier", pay("p2", 50, invoice=INVOICE, line_id=OTHER)) == "invoice_already_used"
    assert world.records[-1].facts == {"payment": "hospital:p1"}
    world.must("teller", settle("p1", "returned"))
    assert world.do("cashier", pay("p2", 50, invoice=INVOICE)) == "ok", "a returned payment frees its invoice"


def held(amount_fen: int = 500) -> World:
    world = ready()
    world.must("committee", SetParameter(organisation="city", name="payment_hold_above_fen", value=500,
                                         from_time=START, basis="示例"))  # fmt: skip
    world.must("cashier", pay("p1", amount_fen, invoice=INVOICE))
    return world


def decide(verdict: Any) -> DecidePayment:
    return DecidePayment(payment_id="hospital:p1", verdict=verdict, opinion="已核")


def test_a_large_payment_waits_for_the_treasury() -> None:
    assert read_payment(held(499).view(), "hospital:p1").status == "in_transit"
    world = held()
    event = world.records[-1].events[0]
    assert isinstance(event, PaymentRequested)
    assert (event.status, event.holds) == ("held", ["payment_hold_above_fen:500>=500"])
    assert balance(world).reserved_fen == 500
    assert world.do("teller", settle("p1")) == "payment_is_not_in_transit"
    assert world.do("cashier", decide("approve")) == "signer_has_no_grant_for_command"
    assert world.do("treasury", decide("approve")) == "ok"
    assert world.do("treasury", decide("reject")) == "payment_is_not_held"
    assert (balance(world).reserved_fen, balance(world).in_transit_fen) == (0, 500)


def test_nobody_approves_their_own_payment() -> None:
    world = ready()
    world.enrol("both", "hospital", "unit_finance", "finance_treasury")
    world.must("committee", SetParameter(organisation="city", name="payment_hold_above_fen", value=500,
                                         from_time=START, basis="示例"))  # fmt: skip
    world.must("both", pay("p1", 500))
    assert world.do("both", decide("approve")) == "signer_approved_own_request"


def test_a_rejected_payment_frees_money_and_invoice() -> None:
    world = held()
    world.must("treasury", decide("reject"))
    assert balance(world).available_fen == ROOM_FEN
    assert world.do("cashier", pay("p2", 400, invoice=INVOICE)) == "ok"


def test_a_line_frozen_after_the_request_holds_the_approval_back() -> None:
    world = held()
    world.must("auditor", FreezeLine(line_id=LINE, amount_fen=None, reason="核查"))
    assert world.do("treasury", decide("approve")) == "line_was_frozen_since"
    assert world.do("treasury", decide("reject")) == "ok"


def test_the_end_of_the_year_is_looked_at_by_a_person() -> None:
    world = ready()
    world.at(START + 250 * 24 * 3600)
    world.must("cashier", pay("p1", 1, business_date="2022-12-14"))
    world.must("cashier", pay("p2", 1, business_date="2022-12-15"))
    statuses = [read_payment(world.view(), f"hospital:{name}").status for name in ("p1", "p2")]
    assert statuses == ["in_transit", "held"]


@pytest.mark.parametrize(
    ("person", "command", "code"),
    [
        ("cashier", payee("hospital:new", "bb" * 32), "ok"),
        ("cashier", payee(), "exists"),
        ("cashier", payee(name="别的公司"), "exists_with_different_content"),
        ("cashier", payee("hospital:new"), "account_of_another_payee"),
        ("cashier", payee("school:new", "bb" * 32), "object_id_of_another_organisation"),
        ("cashier", payee("hospital:new", "bb" * 32, kind="individual"), "payee_name_must_fit_kind"),
        ("cashier", payee("hospital:new", "bb" * 32, name=None), "payee_name_must_fit_kind"),
        ("cashier", payee("hospital:new", "bb" * 32, kind="individual", name=None, name_commitment="cc" * 32), "ok"),
        ("clerk", payee("hospital:new", "bb" * 32), "signer_has_no_grant_for_command"),
    ],
)
def test_registering_a_payee(person: str, command: Any, code: str) -> None:
    assert ready().do(person, command) == code


def test_a_suspended_payee_is_not_paid_until_another_resumes_it() -> None:
    world = ready()
    world.must("treasury", SuspendPayee(payee_id=PAYEE, reason="账户核查"))
    assert world.do("cashier", pay("p1", 1)) == "payee_is_suspended"
    assert world.do("treasury", ResumePayee(payee_id=PAYEE, reason="无误")) == "payee_not_resumable_by_signer"
    assert world.do("treasury2", ResumePayee(payee_id=PAYEE, reason="无误")) == "ok"
    assert world.do("cashier", pay("p1", 1)) == "ok"


def test_a_receipt_settles_once() -> None:
    world = ready()
    assert world.do("teller", settle("p1")) == "payment_not_found"
    world.must("cashier", pay("p1", 100))
    assert world.do("cashier", settle("p1")) == "signer_has_no_grant_for_command"
    world.must("teller", settle("p1"))
    assert world.do("teller", settle("p1")) == "exists"
    assert world.do("teller", settle("p1", receipt="r2")) == "payment_is_not_in_transit"
    assert balance(world).paid_fen == 100


def reversal(name: str = "v1") -> RequestReversal:
    return RequestReversal(reversal_id=f"hospital:{name}", payment_id="hospital:p1", reason="重复支付", evidence=[])


def decide_reversal(verdict: Any = "approve") -> DecideReversal:
    return DecideReversal(reversal_id="hospital:v1", verdict=verdict, opinion="款已退回")


def test_a_wrong_payment_is_reversed_by_two_people_and_stays_on_record() -> None:
    world = ready()
    world.must("cashier", pay("p1", 100, invoice=INVOICE))
    assert world.do("cashier", reversal()) == "payment_is_not_settled"
    world.must("teller", settle("p1"))
    world.must("cashier", reversal())
    assert world.do("cashier", reversal()) == "exists"
    assert world.do("cashier", decide_reversal()) == "signer_has_no_grant_for_command"
    world.must("treasury", decide_reversal())
    assert world.do("treasury", decide_reversal("reject")) == "reversal_already_decided"
    assert read_payment(world.view(), "hospital:p1").status == "reversed"
    assert balance(world).available_fen == ROOM_FEN
    assert world.do("cashier", reversal("v2")) == "payment_is_not_settled"
    assert world.do("cashier", pay("p2", 100, invoice=INVOICE)) == "ok"
    assert not world.broken_invariants()


def test_the_requester_may_not_decide_a_reversal() -> None:
    world = ready()
    world.enrol("both", "hospital", "unit_finance", "finance_treasury")
    world.must("cashier", pay("p1", 100))
    world.must("teller", settle("p1"))
    world.must("both", reversal())
    assert world.do("both", decide_reversal()) == "signer_approved_own_request"


def refund(amount_fen: int, name: str = "f1") -> RecordRefund:
    return RecordRefund(
        refund_id=f"hospital:{name}", line_id=LINE, payee_id=PAYEE, amount_fen=amount_fen, purpose="退货款",
        business_date="2022-04-15",
    )  # fmt: skip


def test_a_refund_is_no_more_than_the_line_has_paid() -> None:
    world = ready()
    assert world.do("cashier", refund(1)) == "refund_exceeds_paid_amount"
    world.must("cashier", pay("p1", 100))
    world.must("teller", settle("p1"))
    assert world.do("cashier", refund(101)) == "refund_exceeds_paid_amount"
    assert world.do("cashier", refund(40)) == "ok"
    assert world.do("cashier", refund(40)) == "exists"
    assert world.do("cashier", refund(41)) == "exists_with_different_content"
    assert (balance(world).paid_fen, balance(world).available_fen) == (60, ROOM_FEN - 60)
    assert not world.broken_invariants()


def test_a_batch_is_judged_item_by_item() -> None:
    world = ready()
    outcome = world.submit(world.sign("cashier", pay("p1", ROOM_FEN), pay("p2", 1), pay("p3", 1, line_id=OTHER)))
    assert [code for _index, code in outcome.results[0].items] == ["ok", "exceeds_available_balance", "ok"]


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "settle", "return", "reverse", "decide", "refund", "hold", "approve", "reject"]),
        st.integers(0, 5),
        st.integers(1, 60_000),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(DEEDS)
def test_whatever_happens_the_books_balance(deeds: list[tuple[str, int, int]]) -> None:
    world = ready()
    world.must("budget", line("hospital:spare", 7))
    for number, (deed, which, amount_fen) in enumerate(deeds):
        name = f"p{which}"
        if deed == "pay":
            world.do("cashier", pay(name, amount_fen, invoice=f"{which:064x}"))
        elif deed in ("settle", "return"):
            world.do("teller", settle(name, "settled" if deed == "settle" else "returned", receipt=f"r{number}"))
        elif deed == "reverse":
            world.do("cashier", RequestReversal(reversal_id=f"hospital:v{which}", payment_id=f"hospital:{name}",
                                                reason="误付", evidence=[]))  # fmt: skip
        elif deed == "decide":
            world.do("treasury", DecideReversal(reversal_id=f"hospital:v{which}", verdict="approve", opinion="是"))
        elif deed == "refund":
            world.do("cashier", refund(amount_fen, f"f{number}"))
        elif deed == "hold":
            world.do("committee", SetParameter(organisation="city", name="payment_hold_above_fen", value=amount_fen,
                                               from_time=START, basis="示例"))  # fmt: skip
        else:
            world.do("treasury", DecidePayment(payment_id=f"hospital:{name}", opinion="阅",
                                               verdict="approve" if deed == "approve" else "reject"))  # fmt: skip
        assert not world.broken_invariants()
    assert {record.code for record in world.records}.isdisjoint({"internal_refusal", "invariant_would_break"})
