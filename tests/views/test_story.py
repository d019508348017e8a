"""A story read back through the views, in the field's words: what a page would show after it."""

import pytest
import sqlalchemy as sa
from tests.chain.contracts.declared import LIFT, WARD
from tests.chain.contracts.signed import AGREEMENT, LINE
from tests.chain.contracts.test_oversight import PRICES
from tests.chain.world import World
from tests.views.source import views_of
from tests.views.story import ACCOUNT_LINE, votes_story, whole_story

from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.operations import wire_name
from mingzhang.views.adjustments import list_adjustments
from mingzhang.views.admissions import list_ballots, list_proposals
from mingzhang.views.agreements import AgreementFilter, get_agreement, list_agreements, list_awaited
from mingzhang.views.allotments import list_allocations, list_plan
from mingzhang.views.amendments import list_changes
from mingzhang.views.attestations import list_attestations
from mingzhang.views.blocks import first_record_at, get_block, list_blocks
from mingzhang.views.budgets import LineFilter, get_line, list_lines, list_movements, total_lines
from mingzhang.views.declarations import list_indicators, list_items
from mingzhang.views.departments import list_department_evaluations
from mingzhang.views.disclosure import list_clarifications, list_field_rules, list_publications
from mingzhang.views.evaluations import get_evaluation, list_assessments, list_scores
from mingzhang.views.members import get_person, list_grants, list_organisations, list_people
from mingzhang.views.milestones import list_conditions, list_milestones
from mingzhang.views.oversight import get_finding, list_finding_steps
from mingzhang.views.payees import PayeeFilter, list_payees
from mingzhang.views.payment_lists import (
    PaymentFilter,
    RefusedFilter,
    get_payment,
    list_payments,
    list_refused_payments,
    total_payments,
)
from mingzhang.views.projects import ProjectFilter, count_projects, list_projects, list_reviews
from mingzhang.views.records import RecordFilter, count_records, list_records
from mingzhang.views.results import get_rectification, get_result, list_rectification_steps
from mingzhang.views.settings import get_ledger
from mingzhang.views.settlements import list_receipts, list_refunds, list_reversals
from mingzhang.views.standards import get_code, list_codes, list_parameter_values
from mingzhang.views.tables import METADATA


@pytest.fixture(scope="module")
def world() -> World:
    return whole_story()


@pytest.fixture(scope="module")
def seen(world: World, tmp_path_factory: pytest.TempPathFactory) -> sa.Connection:
    return views_of(world, tmp_path_factory.mktemp("story")).connect()


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> sa.Connection:
    return views_of(votes_story(), tmp_path_factory.mktemp("votes")).connect()


def test_the_stories_leave_nothing_out(world: World, seen: sa.Connection, votes: sa.Connection) -> None:
    happened = {type(event) for told in (world, votes_story()) for record in told.records for event in record.events}
    assert [wire_name(event) for event in REGISTRY.events if event not in happened] == []
    empty = [
        name
        for name, table in METADATA.tables.items()
        if not any(connection.execute(sa.select(table).limit(1)).all() for connection in (seen, votes))
    ]
    assert empty == []


# --- Money ------------------------------------------------------------------------------------------------------------


def test_a_lines_statement_tells_how_its_money_got_where_it_is(seen: sa.Connection) -> None:
    line = get_line(seen, ACCOUNT_LINE)
    assert line is not None
    assert (line.total_fen, line.adjusted_fen, line.allocated_fen) == (250_000, 50_000, 100_000)
    assert (line.available_fen, line.in_transit_fen, line.organisation_name) == (249_100, 900, "hospital")
    moves = list_movements(seen, ACCOUNT_LINE, sort="record").rows
    assert [(move.source, move.target, move.amount_fen, move.cause_id) for move in moves] == [
        ("approval", "available", 200_000, "示例〔2022〕1号"),
        ("adjustment", "available", 50_000, "hospital:t1"),
        ("available", "in_transit", 900, "hospital:lamps"),
    ]
    assert [month.amount_fen for month in list_plan(seen, ACCOUNT_LINE)] == [20_000] * 12
    assert [given.amount_fen for given in list_allocations(seen, organisation="health").rows] == [100_000]


def test_lines_are_found_and_summed(seen: sa.Connection) -> None:
    rows = list_lines(seen, LineFilter(organisation="health", year=2022, function_code="210"), sort="-available").rows
    assert rows[0].line_id == LINE
    assert {row.function_name for row in rows} == {"2100201"}
    assert list_lines(seen, LineFilter(blocked=True)).total == 0
    assert list_lines(seen, LineFilter(organisation="school")).rows == []
    (ward,) = [total for total in total_lines(seen, by="project_id") if total.group == WARD]
    assert (ward.lines, ward.adjusted_fen, ward.frozen_fen) == (2, -50_000, 6_000)
    (all_of_it,) = total_lines(seen)
    assert all_of_it.total_fen == sum(total.total_fen for total in total_lines(seen, by="organisation"))


def test_adjustments_say_who_asked_and_who_decided(seen: sa.Connection) -> None:
    rows = list_adjustments(seen, organisation="hospital", sort="record").rows
    assert [(row.adjustment_id, row.verdict, row.requested_by, row.decided_by) for row in rows] == [
        ("hospital:t1", "approve", "cashier", "budget"),
        ("hospital:s1", "reject", "cashier", "budget"),
    ]
    assert list_adjustments(seen, line_id=ACCOUNT_LINE).total == 1
    assert list_adjustments(seen, open_only=True).rows == []


def test_every_payment_shows_how_it_stands(seen: sa.Connection) -> None:
    rows = list_payments(seen, PaymentFilter(line_id=LINE), sort="date").rows
    stand = {row.payment_id.partition(":")[2]: row.status for row in rows if row.agreement_id is None}
    assert stand == {"pens": "settled", "chairs": "returned", "wrong": "reversed", "server": "in_transit",
                     "car": "rejected"}  # fmt: skip
    server = get_payment(seen, "hospital:server")
    assert server is not None
    assert (server.holds, server.decided_by, server.payee_name) == (
        ["payment_hold_above_fen:40000>=30000"], "treasury", "施工单位")  # fmt: skip
    assert [receipt.outcome for receipt in list_receipts(seen, "hospital:chairs")] == ["returned"]


def test_refused_requests_are_listed_with_the_reason(seen: sa.Connection) -> None:
    rows = list_refused_payments(seen, RefusedFilter(organisation="health"), sort="record").rows
    assert [(row.payment_id, row.code) for row in rows] == [
        ("hospital:late", "line_is_frozen"),
        ("hospital:again", "invoice_already_used"),
        ("hospital:much", "exceeds_available_balance"),
        ("hospital:none", "payee_is_suspended"),
    ]
    assert rows[1].facts == {"payment": "hospital:pens"}
    assert rows[2].facts["requested_fen"] == 10**9
    assert list_refused_payments(seen, RefusedFilter(code="invoice_already_used", requested_by="cashier")).total == 1


def test_corrections_are_linked_to_what_they_correct(seen: sa.Connection) -> None:
    rows = list_reversals(seen, sort="record").rows
    assert [(row.payment_id, row.verdict) for row in rows] == [
        ("hospital:pens", "reject"), ("hospital:wrong", "approve")]  # fmt: skip
    refunds = list_refunds(seen, organisation="city", payee_id="hospital:builder").rows
    assert [refund.amount_fen for refund in refunds] == [200]


def test_payments_are_summed_by_status_and_month(seen: sa.Connection) -> None:
    sums = total_payments(seen, PaymentFilter(line_id=LINE), by="status")
    assert sums is not None
    by_status = {total.group: (total.count, total.amount_fen) for total in sums}
    assert by_status["settled"] == (1, 1_200)
    assert by_status["rejected"] == (1, 35_000)
    assert "refunded" not in by_status
    months = total_payments(seen, PaymentFilter(organisation="health", year=2022), by="month")
    assert months is not None
    assert [total.group for total in months] == ["2022-04", "2022-05"]
    may = PaymentFilter(from_date="2022-05-01", until_date="2022-05-31")
    assert total_payments(seen, may, by="month") == months[1:]


def test_payees_are_found_by_account_and_state(seen: sa.Connection) -> None:
    assert [row.payee_id for row in list_payees(seen, PayeeFilter(account_index="bb" * 32)).rows] == ["hospital:other"]
    assert list_payees(seen, PayeeFilter(suspended=True)).rows == []
    assert list_payees(seen, PayeeFilter(organisation="health", text="电梯")).total == 2


# --- Projects and agreements ------------------------------------------------------------------------------------------


def test_projects_stand_where_the_reviews_left_them(seen: sa.Connection) -> None:
    assert count_projects(seen, "health") == {"approved": 3, "closed": 1, "rejected": 1, "returned": 1}
    rejected = list_projects(seen, ProjectFilter(status=("rejected",), year=2022)).rows
    assert [row.name for row in rejected] == ["雕塑"]
    steps = list_reviews(seen, "hospital:statue")
    assert [(step.step, step.verdict, step.decided_by) for step in steps] == [
        ("review", "pass", "reviewer"), ("approval", "reject", "budget")]  # fmt: skip
    assert [item.amount_fen for item in list_items(seen, LIFT, 1)] == [1_000_000]
    assert [one.indicator_id for one in list_indicators(seen, LIFT, 1, year=2022)][:2] == ["area", "quality"]
    assert [row.project_id for row in list_projects(seen, ProjectFilter(text="电梯"), sort="project").rows] == [
        "hospital:lift", "hospital:poor"]  # fmt: skip


def test_an_agreement_shows_its_milestones_and_what_they_wait_for(seen: sa.Connection) -> None:
    agreement = get_agreement(seen, AGREEMENT)
    assert agreement is not None
    assert (agreement.status, agreement.version, agreement.line_id) == ("terminated", 2, "hospital:2023-ward")
    assert agreement.released_fen == 215_000  # The retention went back once and was released again.
    stones = list_milestones(seen, AGREEMENT)
    assert [(stone.milestone_id, stone.amount_fen, stone.attempts) for stone in stones] == [
        ("node", 200_000, 1), ("check", 285_000, 0), ("retain", 15_000, 2)]  # fmt: skip
    dropped = [stone.milestone_id for stone in list_milestones(seen, AGREEMENT, dropped=True) if stone.dropped]
    assert dropped == ["tail"]
    attested = {each.condition_id: each.attestation_id != "" for each in list_conditions(seen, AGREEMENT)}
    assert attested == {"done": True, "passed": False, "bill": False}
    answers = [change.status for change in list_changes(seen, AGREEMENT)]
    assert answers == ["accepted", "declined", "accepted", "accepted"]
    taken_back = list_attestations(seen, AGREEMENT)[0]
    assert (taken_back.attestation_id, len(taken_back.withdrawn)) == ("supervisor:early", 1)
    assert list_agreements(seen, AgreementFilter(status=("withdrawn",))).rows[0].ended_reason == "改招标"
    assert list_awaited(seen, "supervisor").rows == []


# --- Performance, oversight, disclosure -------------------------------------------------------------------------------


def test_three_scores_stand_side_by_side(seen: sa.Connection) -> None:
    evaluation = get_evaluation(seen, "hospital:poor-e")
    assert evaluation is not None
    assert (evaluation.formula_total, evaluation.self_total, evaluation.final_total) == (6400, 6400, 6400)
    assert (evaluation.final_grade, evaluation.status) == ("中", "final")
    replaced = get_evaluation(seen, "hospital:e1")
    assert replaced is not None
    assert replaced.status == "replaced"
    lines = {score.indicator_id: score for score in list_scores(seen, "hospital:poor-e")}
    assert (lines["done"].formula_score, lines["done"].self_score, lines["done"].final_score) == (3000, 3000, 3000)
    assert lines[""].final_score == 1000
    assert [one.grade for one in list_assessments(seen, LIFT)] != []


def test_a_poor_result_leads_to_rectification(seen: sa.Connection) -> None:
    result = get_result(seen, "hospital:poor-e")
    order = get_rectification(seen, "hospital:poor-e")
    assert result is not None
    assert order is not None
    assert (result.next_year, result.change_fen, order.status, order.round, order.late) == (
        "cut", -100_000, "closed", 2, True)  # fmt: skip
    steps = [step.step for step in list_rectification_steps(seen, "hospital:poor-e")]
    assert steps == ["ordered", "answered", "sent_back", "overdue", "answered", "closed"]
    (whole,) = list_department_evaluations(seen, department="health", year=2022).rows
    assert (whole.total, whole.parts[0].project_id) == (6400, "hospital:poor")


def test_a_findings_steps_are_kept(seen: sa.Connection) -> None:
    steps = list_finding_steps(seen, PRICES)
    assert [(step.step, step.round) for step in steps] == [
        ("raised", 1), ("overdue", 1), ("answered", 1), ("returned", 1), ("answered", 2), ("closed", 2)]  # fmt: skip
    finding = get_finding(seen, PRICES)
    assert finding is not None
    assert (finding.conclusion, finding.escalation, finding.escalated_to) == ("rectified", 1, "health")
    assert not finding.overdue


def test_publications_keep_what_they_said(seen: sa.Connection) -> None:
    first, second, third = list_publications(seen, sort="record").rows
    assert (first.status, second.status, third.status) == ("replaced", "withdrawn", "in_force")
    assert (first.clarifications, second.withdrawn_reason, third.replaces) == (1, "重复", second.publication_id)
    assert [field.name for field in first.fields] == ["name"]
    assert [one.text for one in list_clarifications(seen, "city:pub1")] == ["金额含税"]
    assert [rule.treatment for rule in list_field_rules(seen, "project")] == ["clear"]


# --- Members, standards, the trace ------------------------------------------------------------------------------------


def test_members_and_grants(seen: sa.Connection) -> None:
    assert [row.organisation_id for row in list_organisations(seen, within="health").rows] == ["health", "hospital"]
    foreman = get_person(seen, "foreman")
    assert foreman is not None
    assert foreman.revoked_by == ""
    assert [row.person_id for row in list_people(seen, role="unit_head").rows] == ["head"]
    withdrawn = [row for row in list_grants(seen, person_id="clerk", withdrawn=True).rows if row.withdrawn is not None]
    assert [(row.grant_id, row.withdrawn_reason) for row in withdrawn] == [("extra", "轮岗")]


def test_votes(votes: sa.Connection) -> None:
    rows = list_proposals(votes, sort="record").rows
    assert [(row.proposal_id, row.status, row.approvals) for row in rows] == [
        ("city:join-port", "approved", 3), ("city:leave-health", "approved", 3),
        ("city:leave-port", "rejected", 0)]  # fmt: skip
    assert [ballot.organisation for ballot in list_ballots(votes, "city:join-port")] == ["audit", "finance", "health"]


def test_codes_and_parameters(seen: sa.Connection) -> None:
    code = get_code(seen, "function", "2100201", year=2022)
    assert code is not None
    assert code.record > 0
    assert list_codes(seen, "function", 2022, text="2100").total == 1
    values = list_parameter_values(seen, "payment_hold_above_fen")
    assert [value.value for value in values] == [30_000, 10**9]
    ledger = get_ledger(seen)
    assert ledger is not None
    assert (ledger.chain_id, ledger.clock) == ("test-city", "stated")


def test_the_trace_of_a_payment_from_request_to_reversal(seen: sa.Connection) -> None:
    rows = list_records(seen, RecordFilter(subject=("payment", "hospital:wrong")), sort="record").rows
    assert [(row.command, row.signer, row.code) for row in rows] == [
        ("payments.request/1", "cashier", "ok"),
        ("settlements.settle/1", "teller", "ok"),
        ("settlements.request_reversal/1", "cashier", "ok"),
        ("settlements.decide_reversal/1", "treasury", "ok"),
    ]


def test_the_trace_shows_refusals_and_what_the_ledger_did_itself(seen: sa.Connection) -> None:
    refused = list_records(seen, RecordFilter(refused=True, command="payments.request/1")).rows
    assert [row.code for row in refused][::-1] == [
        "line_is_frozen", "invoice_already_used", "exceeds_available_balance", "payee_is_suspended"]  # fmt: skip
    released = list_records(seen, RecordFilter(subject=("agreement", AGREEMENT), signer="ledger"), sort="record").rows
    assert [(row.command, row.code) for row in released][:2] == [
        ("releases.release/1", "ok"), ("releases.release/1", "agreement_is_disputed")]  # fmt: skip
    assert list_records(seen, RecordFilter(cause=released[0].cause)).rows[-1].record == released[0].record
    counted = {(count.command, count.code): count.count for count in count_records(seen)}
    assert counted["payments.request/1", "line_is_frozen"] == 1


def test_a_record_tells_what_it_is_about(seen: sa.Connection) -> None:
    (request,) = list_records(seen, RecordFilter(subject=("payment", "hospital:pens"), signer="cashier")).rows[-1:]
    assert request.subjects == [
        ("payment", "hospital:pens"), ("budget_line", LINE), ("payee", "hospital:builder"),
        ("project", WARD)]  # fmt: skip
    granted = list_records(seen, RecordFilter(command="members.grant_role/1")).rows[0]
    assert granted.subjects == [("person", "clerk"), ("project", WARD)]


def test_an_organisation_is_found_where_no_object_names_it(seen: sa.Connection, votes: sa.Connection) -> None:
    about = list_records(seen, RecordFilter(subject=("organisation", "hospital")), limit=500).rows
    assert not any(row.command.startswith(("payments.", "budgets.", "payees.")) for row in about)
    cast = list_records(votes, RecordFilter(subject=("organisation", "audit"), command="admissions.vote/1"))
    assert cast.total == 3


def test_blocks_tell_which_records_they_closed(world: World, seen: sa.Connection) -> None:
    blocks = list_blocks(seen, sort="height", limit=500).rows
    inside = {record.index: record.height for record in world.records}
    told = {
        index: block.height
        for block in blocks
        for index in range(block.first_record, block.first_record + block.records)
    }
    assert told == inside
    assert get_block(seen, 1) == blocks[0]
    assert first_record_at(seen, blocks[-1].time) == next(b.first_record for b in blocks if b.time == blocks[-1].time)
    assert first_record_at(seen, blocks[-1].time + 1) is None


def test_what_an_organisations_people_did(world: World, seen: sa.Connection) -> None:
    hospital = {"clerk", "cashier", "head"}
    expected = [record.index for record in world.records if record.signer in hospital][::-1]
    found = [row.record for row in list_records(seen, RecordFilter(organisation="hospital"), limit=500).rows]
    assert found == expected
