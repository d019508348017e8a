"""Auditors look on: findings raised, answered, returned, closed, overdue; one line a command, expected code last."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.contracts.declared import SEALED, WARD, declare, prepared
from tests.chain.world import START, World

from mingzhang.chain.contracts.answers import AnswerFinding, MarkOverdue
from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.oversight import CloseFinding, Finding, RaiseFinding, ReturnAnswer, read_finding
from mingzhang.chain.contracts.standards import SetParameter

DAY = 24 * 3600
PRICES = "city:2022-001"


@pytest.fixture
def world() -> World:
    """A declared project that somebody looks at."""
    made = prepared()
    assert declare(made) == "ok"
    return made


def raising(world: World, **fields: Any) -> RaiseFinding:
    declared = next(record for record in world.records if type(record.command).__name__ == "DeclareProject")
    usual: dict[str, Any] = {
        "finding_id": PRICES,
        "level": "audit",
        "subject_kind": "project",
        "subject_id": WARD,
        "questioned_record": declared.index,
        "title": "设备单价依据不足",
        "text": "设备一项未附询价材料。",
        "legal_basis": "预算法第三十二条",
        "severity": "serious",
        "responsible": "hospital",
        "deadline": START + 10 * DAY,
        "follows": None,
        "files": [],
    }
    return RaiseFinding(**(usual | fields))


def answer(**fields: Any) -> AnswerFinding:
    usual: dict[str, Any] = {
        "finding_id": PRICES,
        "round": 1,
        "stance": "accept",
        "text": "已补附三家询价单。",
        "files": [File(name_commitment=SEALED, commitment=SEALED, media_type="application/pdf", size_bytes=9)],
    }
    return AnswerFinding(**(usual | fields))


def returning(**fields: Any) -> ReturnAnswer:
    usual: dict[str, Any] = {"finding_id": PRICES, "reason": "询价单缺日期。", "deadline": START + 20 * DAY}
    return ReturnAnswer(**(usual | fields))


def close(conclusion: Any = "rectified", finding_id: str = PRICES) -> CloseFinding:
    return CloseFinding(finding_id=finding_id, conclusion=conclusion, text="经核查。")


def finding(world: World, finding_id: str = PRICES) -> Finding:
    return read_finding(world.view(), finding_id)


# --- The usual course -------------------------------------------------------------------------------------------------


def test_raised_answered_returned_answered_closed(world: World) -> None:
    assert world.do("auditor", raising(world)) == "ok"
    raised = world.records[-1].index
    assert world.do("head", answer()) == "ok"
    assert world.do("auditor", returning()) == "ok"
    assert world.do("head", answer(round=2, text="已补日期。")) == "ok"
    assert world.do("auditor", close("rectified")) == "ok"
    closed = finding(world)
    assert (closed.status, closed.conclusion, closed.round, closed.overdue) == ("closed", "rectified", 2, False)
    assert (closed.record, closed.decided_record, closed.answer_text) == (raised, world.records[-1].index, "已补日期。")
    assert world.broken_invariants() == []


def test_a_contested_finding_is_dropped_with_a_conclusion(world: World) -> None:
    world.must("auditor", raising(world))
    world.must("head", answer(stance="contest", text="询价单在附件三。"))
    assert finding(world).stance == "contest"
    assert world.do("auditor", close("not_substantiated")) == "ok"


# --- Raising ----------------------------------------------------------------------------------------------------------


def test_whoever_raises_has_the_role_of_the_level_over_who_is_responsible(world: World) -> None:
    for person, level, code in (
        ("clerk", "audit", "signer_has_no_grant_for_command"),
        ("head", "audit", "signer_not_authorised_for_organisation"),
        ("reviewer", "audit", "signer_not_authorised_for_organisation"),
        ("auditor", "department", "signer_not_authorised_for_organisation"),
    ):
        assert world.do(person, raising(world, level=level)) == code
    beyond = raising(world, finding_id="health:1", level="department", responsible="school")
    assert world.do("reviewer", beyond) == "signer_not_authorised_for_organisation"
    assert world.do("reviewer", raising(world, finding_id="health:1", level="department")) == "ok"
    assert world.do("head", raising(world, finding_id="hospital:1", level="self_check")) == "ok"


def test_a_finding_is_on_something_that_exists(world: World) -> None:
    for fields, code in (
        ({"subject_id": "hospital:castle"}, "project_not_found"),
        ({"subject_kind": "payment", "subject_id": "hospital:p1"}, "payment_not_found"),
        ({"subject_kind": "budget_line", "subject_id": "hospital:l1"}, "line_not_found"),
        ({"subject_kind": "organisation", "subject_id": "castle"}, "organisation_not_found"),
        ({"responsible": "castle"}, "organisation_not_found"),
        ({"finding_id": "hospital:1"}, "object_id_of_another_organisation"),
        ({"questioned_record": 10_000}, "record_not_written_yet"),
        ({"deadline": START}, "deadline_must_lie_ahead"),
        ({"follows": "city:none"}, "finding_not_found"),
    ):
        assert world.do("auditor", raising(world, **fields)) == code, fields
    assert world.do("auditor", raising(world, subject_kind="organisation", subject_id="hospital")) == "ok"


def test_a_finding_never_questions_its_own_record(world: World) -> None:
    own = world.head.frontier.size
    assert world.do("auditor", raising(world, questioned_record=own)) == "record_not_written_yet"
    leaf_before = world.head.frontier.size - 1
    assert world.do("auditor", raising(world, questioned_record=leaf_before)) == "ok"


def test_the_same_finding_again_is_known(world: World) -> None:
    world.must("auditor", raising(world))
    assert world.do("auditor", raising(world)) == "exists"
    assert world.do("auditor", raising(world, severity="grave")) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "severity"


def test_a_higher_level_takes_up_a_lower_one_on_the_same_object(world: World) -> None:
    world.must("head", raising(world, finding_id="hospital:1", level="self_check"))
    world.must("auditor", raising(world, finding_id="city:other", subject_kind="organisation", subject_id="hospital"))
    up = raising(world, finding_id="health:1", level="department", follows="hospital:1")
    assert world.do("reviewer", up) == "ok"
    assert world.do("auditor", raising(world, follows="health:1")) == "ok"
    sideways = raising(world, finding_id="city:2", follows=PRICES)
    assert world.do("auditor", sideways) == "finding_follows_wrong_one"
    school = {"subject_kind": "organisation", "subject_id": "school"}
    elsewhere = raising(world, finding_id="city:3", follows="health:1", **school)
    assert world.do("auditor", elsewhere) == "finding_follows_wrong_one"


# --- Answering --------------------------------------------------------------------------------------------------------


def test_the_head_of_who_is_responsible_or_above_answers(world: World) -> None:
    world.enrol("director", "health", "unit_head")
    world.enrol("rector", "school", "unit_head")
    world.must("auditor", raising(world))
    assert world.do("clerk", answer()) == "signer_has_no_grant_for_command"
    assert world.do("rector", answer()) == "signer_not_authorised_for_organisation"
    assert world.do("director", answer(finding_id="city:none")) == "finding_not_found"
    assert world.do("director", answer()) == "ok"


def test_nobody_answers_their_own_finding(world: World) -> None:
    world.must("head", raising(world, finding_id="hospital:1", level="self_check"))
    assert world.do("head", answer(finding_id="hospital:1")) == "signer_answered_own_finding"


def test_nobody_judges_their_own_answer(world: World) -> None:
    world.enrol("deputy", "hospital", "unit_head")
    world.must("head", raising(world, finding_id="hospital:1", level="self_check"))
    world.must("deputy", answer(finding_id="hospital:1"))
    assert world.do("deputy", close(finding_id="hospital:1")) == "signer_approved_own_request"
    assert world.do("deputy", returning(finding_id="hospital:1")) == "signer_approved_own_request"
    assert world.do("head", returning(finding_id="hospital:1")) == "ok"
    assert world.do("deputy", close(finding_id="hospital:1")) == "signer_approved_own_request"
    assert world.do("head", close("not_substantiated", finding_id="hospital:1")) == "ok"


def test_an_answer_belongs_to_its_round(world: World) -> None:
    world.must("auditor", raising(world))
    assert world.do("head", answer(round=2)) == "finding_is_in_another_round"
    assert world.do("head", answer()) == "ok"
    assert world.do("head", answer()) == "finding_not_in_that_state"
    world.must("auditor", returning())
    assert world.do("head", answer()) == "finding_is_in_another_round"
    assert world.do("head", answer(round=2)) == "ok"


# --- Concluding -------------------------------------------------------------------------------------------------------


def test_no_burden_before_an_answer_or_its_time_is_over(world: World) -> None:
    world.must("auditor", raising(world))
    assert world.do("auditor", returning()) == "finding_not_in_that_state"
    assert world.do("auditor", close("substantiated")) == "conclusion_needs_an_answer"
    assert world.do("auditor", close("rectified")) == "conclusion_needs_an_answer"
    world.at(START + 10 * DAY)
    assert world.do("auditor", close("rectified")) == "conclusion_needs_an_answer"
    assert world.do("auditor", close("substantiated")) == "ok"


def test_a_finding_can_be_dropped_unanswered_and_is_closed_once(world: World) -> None:
    world.must("auditor", raising(world))
    assert world.do("reviewer", close("not_substantiated")) == "signer_not_authorised_for_organisation"
    assert world.do("auditor", close("not_substantiated")) == "ok"
    assert world.do("auditor", close("not_substantiated")) == "finding_not_in_that_state"
    assert world.do("auditor", returning()) == "finding_not_in_that_state"
    assert world.do("head", answer()) == "finding_not_in_that_state"


def test_a_return_sets_a_deadline_ahead(world: World) -> None:
    world.must("auditor", raising(world))
    world.must("head", answer())
    assert world.do("auditor", returning(deadline=START)) == "deadline_must_lie_ahead"
    assert world.do("auditor", returning(deadline=START + 1)) == "ok"


# --- Overdue ----------------------------------------------------------------------------------------------------------


def told(world: World) -> list[tuple[int, str]]:
    """(escalation, who was told) of all events of lateness so far."""
    events = [event for record in world.records for event in record.events]
    return [(one.escalation, one.escalated_to) for one in events if type(one).__name__ == "FindingOverdue"]


def test_lateness_goes_further_up_every_few_days_until_the_top(world: World) -> None:
    world.must("auditor", raising(world))
    world.at(START + 10 * DAY - 1)
    assert not finding(world).overdue
    world.at(START + 10 * DAY)
    assert finding(world).overdue
    assert told(world) == [(1, "health")]
    world.at(START + 15 * DAY - 1)
    assert told(world) == [(1, "health")]
    world.at(START + 15 * DAY)
    assert told(world) == [(1, "health"), (2, "city")]
    world.at(START + 60 * DAY)
    assert told(world) == [(1, "health"), (2, "city")]
    assert world.do("head", answer()) == "ok"


def test_how_many_days_is_a_parameter(world: World) -> None:
    one_day = SetParameter(organisation="city", name="finding_escalation_days", value=1, from_time=START, basis="示例")
    world.must("committee", one_day)
    world.must("auditor", raising(world))
    world.at(START + 10 * DAY)
    world.at(START + 11 * DAY)
    assert told(world) == [(1, "health"), (2, "city")]


def test_an_answer_in_time_stops_it(world: World) -> None:
    world.must("auditor", raising(world))
    world.must("head", answer())
    world.at(START + 10 * DAY)
    assert told(world) == []
    world.must("auditor", returning())
    world.at(START + 20 * DAY)
    assert told(world) == [(1, "health")]
    world.must("head", answer(round=2))
    world.at(START + 40 * DAY)
    assert told(world) == [(1, "health")]


def test_repeated_lateness_starts_higher(world: World) -> None:
    world.must("auditor", raising(world))
    world.at(START + 10 * DAY)
    world.must("head", answer())
    world.must("auditor", returning())
    assert not finding(world).overdue
    world.at(START + 20 * DAY)
    assert told(world) == [(1, "health"), (2, "city")]


def test_where_nobody_is_above_it_stays(world: World) -> None:
    world.must("auditor", raising(world, responsible="city"))
    world.at(START + 10 * DAY)
    world.at(START + 30 * DAY)
    assert told(world) == [(1, "city")]


def test_only_the_ledger_marks_overdue(world: World) -> None:
    world.must("auditor", raising(world))
    assert world.do("auditor", MarkOverdue(finding_id=PRICES, round=1)) == "command_is_internal"


# --- For any sequence -------------------------------------------------------------------------------------------------

STEPS = st.one_of(
    st.tuples(
        st.just("head"),
        st.builds(answer, round=st.integers(1, 3), stance=st.sampled_from(["accept", "contest"])),
    ),
    st.tuples(st.sampled_from(["auditor", "reviewer"]), st.just(returning())),
    st.tuples(
        st.just("auditor"),
        st.builds(close, st.sampled_from(["substantiated", "not_substantiated", "rectified"])),
    ),
    st.tuples(st.just("time"), st.integers(1, 6)),
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEPS, max_size=12))
def test_no_burden_without_a_hearing_whatever_happens(steps: list[tuple[str, Any]]) -> None:
    world = prepared()
    declare(world)
    world.must("auditor", raising(world))
    for person, command in steps:
        if person == "time":
            world.at(world.time + command * DAY)
            continue
        before = finding(world)
        code = world.do(person, command)
        if code == "ok" and isinstance(command, CloseFinding) and command.conclusion != "not_substantiated":
            assert before.status == "answered" or world.time >= before.deadline
        if before.status == "closed":
            assert code != "ok"
            assert finding(world) == before
    assert world.broken_invariants() == []
    assert not [record for record in world.records if record.code == "internal_refusal"]
