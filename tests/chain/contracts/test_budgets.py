"""Standards, budget lines, project accounts, plans, freezes and adjustments: one line a command, its code last."""

from typing import Any

import pytest
from tests.chain.contracts.declared import WARD, approved, prepared
from tests.chain.contracts.signed import line as ward_line
from tests.chain.contracts.spending import LINE, OTHER, ROOM_FEN, balance, line, pay, publish, ready, settle
from tests.chain.world import START, World

from mingzhang.chain.contracts.adjustments import DecideAdjustment, RequestSupplement, RequestTransfer
from mingzhang.chain.contracts.allotments import AllocateFunds, FreezeLine, SetPlan, ThawLine
from mingzhang.chain.contracts.standards import (
    CodeEntry,
    PublishCodes,
    PublishStandard,
    SetParameter,
    read_parameter,
)
from mingzhang.chain.operations import Block


def codes(code: str, name: str = "卫生健康支出", **changes: Any) -> PublishCodes:
    fields: dict[str, Any] = {"organisation": "city", "table": "function", "year": 2022, "basis": "示例"} | changes
    return PublishCodes(entries=[CodeEntry(code=code, name=name, parent=fields.pop("parent", ""))], **fields)


def standard(cost_fen: int = 45_000) -> PublishStandard:
    return PublishStandard(
        organisation="city", standard_id="hotel", year=2022, name="住宿费", unit="人天", unit_cost_fen=cost_fen,
        price_index_bp=10_000, basis="示例",
    )  # fmt: skip


def parameter(name: str, value: int, from_time: int = START) -> SetParameter:
    return SetParameter(organisation="city", name=name, value=value, from_time=from_time, basis="示例")


@pytest.mark.parametrize(
    ("person", "command", "code"),
    [
        ("committee", codes("210"), "ok"),
        ("committee", codes("21002", parent="210"), "code_not_in_table"),
        ("committee", codes("2100201", "科目2100201"), "exists"),
        ("committee", codes("2100201", "别的名称"), "code_must_keep_its_meaning"),
        ("committee", codes("2100201", "科目2100201", year=2024), "ok"),
        ("clerk", codes("210"), "signer_has_no_grant_for_command"),
        ("committee", standard(), "ok"),
        ("clerk", standard(), "signer_has_no_grant_for_command"),
        ("committee", parameter("payment_hold_above_fen", 1), "ok"),
        ("committee", parameter("no_such_parameter", 1), "parameter_not_found"),
        ("committee", parameter("payment_hold_above_fen", 1, START - 1), "parameter_must_not_hold_for_the_past"),
    ],
)
def test_standards(person: str, command: Any, code: str) -> None:
    assert ready().do(person, command) == code


def test_a_code_given_twice_in_one_command() -> None:
    twice = [CodeEntry(code="210", name="甲", parent=""), CodeEntry(code="210", name="甲", parent="")]
    command = PublishCodes(organisation="city", table="function", year=2022, entries=twice, basis="示例")
    assert ready().do("committee", command) == "code_given_twice"


def test_a_standard_keeps_its_value_for_the_year() -> None:
    world = ready()
    world.must("committee", standard())
    assert world.do("committee", standard()) == "exists"
    assert world.do("committee", standard(50_000)) == "exists_with_different_content"


def test_a_parameter_holds_from_its_time_on() -> None:
    world = ready()
    world.must("committee", parameter("payment_hold_above_fen", 700, START + 100))
    world.must("committee", parameter("payment_hold_above_fen", 300, START + 50))
    values = [read_parameter(world.view(), "payment_hold_above_fen", Block(9, START + at)) for at in (0, 50, 99, 100)]
    assert values == [50_000_000, 300, 300, 700]


@pytest.mark.parametrize(
    ("person", "command", "code"),
    [
        ("budget", line("hospital:new"), "ok"),
        ("budget", line(), "exists"),
        ("budget", line(approved_fen=ROOM_FEN + 1), "exists_with_different_content"),
        ("budget", line("school:new"), "object_id_of_another_organisation"),
        ("budget", line("hospital:new", function_code="9999999"), "code_not_in_table"),
        ("budget", line("hospital:new", function_code="2100299"), "code_of_another_year"),
        ("budget", line("hospital:new", organisation="nobody"), "organisation_not_found"),
        ("budget", line("hospital:new", project_id="hospital:unknown"), "project_not_found"),
        ("cashier", line("hospital:new"), "signer_has_no_grant_for_command"),
    ],
)
def test_approving_a_line(person: str, command: Any, code: str) -> None:
    assert ready().do(person, command) == code


def test_a_projects_lines_stay_within_its_approval() -> None:
    world = prepared()
    publish(world, 2022)
    ours = {name: getattr(line(), name) for name in ("function_code", "department_economic_code",
                                                     "government_economic_code", "fund_type")}  # fmt: skip
    assert world.do("budget", ward_line(**ours)) == "project_not_found"
    approved(world)
    assert world.do("budget", ward_line(approved_fen=10**12, **ours)) == "exceeds_project_approval"
    granted = world.records[-1].facts["approved_fen"]
    assert isinstance(granted, int)
    world.must("budget", ward_line(approved_fen=granted, **ours))
    assert world.do("budget", ward_line("hospital:more", approved_fen=1, **ours)) == "exceeds_project_approval"
    assert WARD in str(world.records[-1].facts)


def account() -> World:
    world = ready()
    world.must("budget", line("hospital:works", paid_from="project_account"))
    return world


def allocate(amount_fen: int, name: str = "a1", line_id: str = "hospital:works") -> AllocateFunds:
    return AllocateFunds(allocation_id=f"hospital:{name}", line_id=line_id, amount_fen=amount_fen, purpose="首付")


def test_money_reaches_the_project_account_before_it_is_paid() -> None:
    world = account()
    assert world.do("cashier", pay("p1", 100, line_id="hospital:works")) == "exceeds_allocated_funds"
    assert world.do("cashier", allocate(100)) == "signer_has_no_grant_for_command"
    assert world.do("treasury", allocate(ROOM_FEN + 1)) == "exceeds_line_total"
    assert world.do("treasury", allocate(100)) == "ok"
    assert world.do("treasury", allocate(100)) == "exists"
    assert world.do("treasury", allocate(101)) == "exists_with_different_content"
    assert world.do("treasury", allocate(1, "a2", LINE)) == "line_has_no_project_account"
    assert world.do("cashier", pay("p1", 101, line_id="hospital:works")) == "exceeds_allocated_funds"
    assert world.do("cashier", pay("p1", 100, line_id="hospital:works")) == "ok"
    assert world.do("cashier", pay("p2", 1, line_id="hospital:works")) == "exceeds_allocated_funds"
    assert not world.broken_invariants()


def test_the_plan_controls_only_where_the_place_says_so() -> None:
    world = ready()
    months = [0] * 12
    months[3] = 500
    assert world.do("cashier", SetPlan(line_id=LINE, months_fen=[ROOM_FEN] * 12)) == "plan_exceeds_line"
    world.must("cashier", SetPlan(line_id=LINE, months_fen=months))
    world.must("cashier", pay("p1", 501))
    world.must("committee", parameter("plan_controls_payment", 1))
    assert world.do("cashier", pay("p2", 1)) == "exceeds_spending_plan"


def freeze(amount_fen: int | None = None) -> FreezeLine:
    return FreezeLine(line_id=LINE, amount_fen=amount_fen, reason="核查")


def thaw(amount_fen: int | None = None) -> ThawLine:
    return ThawLine(line_id=LINE, amount_fen=amount_fen, reason="核查完毕")


def test_a_frozen_line_pays_nothing_until_another_thaws_it() -> None:
    world = ready()
    assert world.do("treasury", thaw()) == "line_is_not_frozen"
    assert world.do("treasury", freeze()) == "ok"
    assert world.do("auditor", freeze()) == "line_is_frozen"
    assert world.do("cashier", pay("p1", 1)) == "line_is_frozen"
    assert world.do("treasury", thaw()) == "signer_thawed_own_freeze"
    assert world.do("treasury2", thaw()) == "ok"
    assert world.do("cashier", pay("p1", 1)) == "ok"


def test_a_frozen_amount_is_not_available() -> None:
    world = ready()
    assert world.do("auditor", freeze(ROOM_FEN + 1)) == "exceeds_available_balance"
    world.must("auditor", freeze(ROOM_FEN - 10))
    assert world.do("cashier", pay("p1", 11)) == "exceeds_available_balance"
    assert world.do("treasury", thaw(ROOM_FEN)) == "line_is_not_frozen"
    world.must("treasury", thaw(1))
    assert world.do("cashier", pay("p1", 11)) == "ok"
    assert balance(world).available_fen == 0


def transfer(amount_fen: int, name: str = "t1", to_line: str = OTHER) -> RequestTransfer:
    return RequestTransfer(
        adjustment_id=f"hospital:{name}", from_line=LINE, to_line=to_line, amount_fen=amount_fen, reason="差旅不足"
    )


def decide(verdict: Any = "approve", name: str = "t1") -> DecideAdjustment:
    return DecideAdjustment(
        adjustment_id=f"hospital:{name}", verdict=verdict, document="示例〔2022〕9号", opinion="同意"
    )


def test_a_transfer_is_asked_by_one_and_decided_by_another() -> None:
    world = ready()
    assert world.do("cashier", transfer(ROOM_FEN + 1)) == "exceeds_available_balance"
    assert world.do("cashier", transfer(1, to_line=LINE)) == "lines_must_be_different"
    assert world.do("schoolcashier", transfer(1)) == "signer_not_authorised_for_organisation"
    assert world.do("cashier", transfer(400)) == "ok"
    assert world.do("cashier", transfer(400)) == "exists"
    assert world.do("cashier", transfer(401)) == "exists_with_different_content"
    assert world.do("budget", decide(name="t2")) == "adjustment_not_found"
    assert world.do("cashier", decide()) == "signer_has_no_grant_for_command"
    assert world.do("budget", decide()) == "ok"
    assert world.do("budget", decide("reject")) == "adjustment_already_decided"
    assert (balance(world).total_fen, balance(world, OTHER).total_fen) == (ROOM_FEN - 400, ROOM_FEN + 400)
    assert not world.broken_invariants()


def test_the_requester_may_not_decide_even_with_the_role() -> None:
    world = ready()
    world.enrol("both", "hospital", "unit_finance", "finance_budget")
    world.must("both", transfer(400))
    assert world.do("both", decide()) == "signer_approved_own_request"


def test_a_transfer_is_checked_again_when_it_is_decided() -> None:
    world = ready()
    world.must("cashier", transfer(400))
    world.must("cashier", pay("p1", ROOM_FEN - 399))
    assert world.do("budget", decide()) == "exceeds_available_balance"
    world.must("cashier", transfer(399, "t2"))
    world.must("budget", decide("reject", "t2"))
    assert balance(world).total_fen == ROOM_FEN


def test_lines_of_different_years_do_not_mix() -> None:
    world = ready()
    world.must("budget", line("hospital:next", year=2023, function_code="2100299"))
    assert world.do("cashier", transfer(1, to_line="hospital:next")) == "lines_of_different_years"


def test_what_the_project_account_has_stays_with_the_line() -> None:
    world = account()
    world.must("treasury", allocate(ROOM_FEN - 5))
    command = RequestTransfer(
        adjustment_id="hospital:t1", from_line="hospital:works", to_line=LINE, amount_fen=6, reason="调出"
    )
    assert world.do("cashier", command) == "exceeds_unallocated_funds"


def test_a_supplement_adds_to_the_line() -> None:
    world = ready()
    command = RequestSupplement(
        adjustment_id="hospital:t1", to_line=LINE, amount_fen=500, source="预备费", reason="防疫物资"
    )
    assert world.do("cashier", command) == "ok"
    assert balance(world).total_fen == ROOM_FEN
    assert world.do("budget", decide()) == "ok"
    assert balance(world).total_fen == ROOM_FEN + 500
    assert not world.broken_invariants()


def test_the_sums_notice_a_line_that_grew_by_itself() -> None:
    world = ready()
    world.must("cashier", pay("p1", 10))
    world.must("teller", settle("p1"))
    stored = world.reader.rows["budgets/line/" + LINE]
    world.reader.rows["budgets/line/" + LINE] = stored.replace(b'"approved_fen":100000', b'"approved_fen":100001')
    world.machine.base.committed({"budgets/line/" + LINE: world.machine.registry.keys["budgets/line/"].decoder.decode(
        world.reader.rows["budgets/line/" + LINE])})  # fmt: skip
    assert world.broken_invariants()


def test_codes_of_a_year_are_published_once_a_year() -> None:
    world = ready()
    publish(world, 2024)
    assert world.do("budget", line("hospital:later", year=2024)) == "ok"
