"""Rows say what the ledger's state says: both are made from the same events, by different code."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.chain import fuzz
from tests.chain.world import World
from tests.views.source import views_of
from tests.views.story import votes_story, whole_story

from mingzhang.chain.codec import encode
from mingzhang.chain.contracts import (
    adjustments,
    agreements,
    amendments,
    budgets,
    disclosure,
    evaluations,
    members,
    milestones,
    oversight,
    payees,
    payments,
    projects,
    results,
    settlements,
)
from mingzhang.chain.state import Key
from mingzhang.views import adjustments as adjustment_rows
from mingzhang.views import agreements as agreement_rows
from mingzhang.views import amendments as change_rows
from mingzhang.views import budgets as line_rows
from mingzhang.views import disclosure as publication_rows
from mingzhang.views import evaluations as evaluation_rows
from mingzhang.views import members as member_rows
from mingzhang.views import milestones as milestone_rows
from mingzhang.views import oversight as finding_rows
from mingzhang.views import payees as payee_rows
from mingzhang.views import payments as payment_rows
from mingzhang.views import projects as project_rows
from mingzhang.views import results as result_rows
from mingzhang.views import settlements as settlement_rows
from mingzhang.views.tables import RowTable

COMPARED: list[tuple[Key[Any], RowTable[Any], dict[str, str | None]]] = [
    (members.ORGANISATION, member_rows.ORGANISATIONS, {}),
    (members.PERSON, member_rows.PEOPLE, {"grants": None}),
    (projects.PROJECT, project_rows.PROJECTS, {
        "submitters": None, "reviewed_by": None, "asked": None, "approved": None, "record": None,
        "decided_record": None}),
    (budgets.LINE, line_rows.LINES, {"plan_fen": None}),
    (adjustments.ADJUSTMENT, adjustment_rows.ADJUSTMENTS, {"status": None, "record": None}),
    (payees.PAYEE, payee_rows.PAYEES, {}),
    (payments.PAYMENT, payment_rows.PAYMENTS, {"record": "changed_record"}),
    (settlements.REVERSAL, settlement_rows.REVERSALS, {"status": None, "record": None}),
    (settlements.REFUND, settlement_rows.REFUNDS, {}),
    (agreements.AGREEMENT, agreement_rows.AGREEMENTS, {"record": None}),
    (amendments.CHANGE, change_rows.CHANGES, {"record": None, "released": None}),
    (evaluations.EVALUATION, evaluation_rows.EVALUATIONS, {
        "entries": None, "final_total": None, "final_grade": None, "final_record": None}),
    (results.RECTIFICATION, result_rows.RECTIFICATIONS, {}),
    (oversight.FINDING, finding_rows.FINDINGS, {
        "answer_text": "answer", "answered_by": None, "decided_record": None}),
    (disclosure.PUBLICATION, publication_rows.PUBLICATIONS, {}),
]  # fmt: skip
"""State, table, and fields that are elsewhere: under another name, or (None) compared by no row of this table."""


def rows_by_name(engine: Any, table: RowTable[Any]) -> dict[str, Any]:
    with engine.connect() as connection:
        rows = [table.read(found, table.row) for found in connection.execute(table.table.select())]
    return {"/".join(str(each) for each in table.lookup_of(row)): row for row in rows}


WORLDS: dict[str, Callable[[], World]] = {
    "story": whole_story,
    "votes": votes_story,
    "fuzz 1": lambda: fuzz.run(1, 300),
    "fuzz 2": lambda: fuzz.run(2, 300),
}


@pytest.fixture(scope="module", params=WORLDS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Any]:
    world = WORLDS[request.param]()
    return world, views_of(world, tmp_path_factory.mktemp("views"))


@pytest.mark.parametrize(("key", "table", "elsewhere"), COMPARED, ids=lambda given: getattr(given, "name", ""))
def test_rows_are_as_the_state(
    told: tuple[World, Any], key: Key[Any], table: RowTable[Any], elsewhere: dict[str, str | None]
) -> None:
    world, engine = told
    rows = rows_by_name(engine, table)
    stored = dict(world.view().scan(key))
    assert rows.keys() == stored.keys()
    for name, state in stored.items():
        for field in state.__struct_fields__:
            other = elsewhere.get(field, field)
            if other is not None:
                assert encode(getattr(rows[name], other)) == encode(getattr(state, field)), f"{name}: {other}"


def test_milestones_are_as_the_state(told: tuple[World, Any]) -> None:
    world, engine = told
    rows, conditions = (rows_by_name(engine, table) for table in (milestone_rows.MILESTONES, milestone_rows.CONDITIONS))
    stored = dict(world.view().scan(milestones.MILESTONE))
    in_force = {name for name, one in world.view().scan(agreements.AGREEMENT) if one.status == "in_force"}
    alive = {name for name, row in rows.items() if not row.dropped and row.agreement_id in in_force}
    assert alive <= stored.keys()
    for name in alive:
        assert (rows[name].attempts, rows[name].payment_id) == (stored[name].attempts, stored[name].payment_id)
        met = {condition.condition_id: condition.attestation_id for condition in stored[name].met}
        for condition in stored[name].terms.conditions:
            row = conditions[f"{name}/{condition.condition_id}"]
            assert row.attestation_id == met.get(condition.condition_id, "")


def test_plans_are_as_the_state(told: tuple[World, Any]) -> None:
    world, engine = told
    from mingzhang.views.allotments import list_plan

    with engine.connect() as connection:
        for name, line in world.view().scan(budgets.LINE):
            assert tuple(month.amount_fen for month in list_plan(connection, name)) == line.plan_fen


def buckets_of(line: Any) -> dict[str, int]:
    names = ("available", "frozen", "encumbered", "reserved", "in_transit", "paid")
    return {name: getattr(line, name + "_fen") for name in names}


def test_movements_add_up_to_each_bucket(told: tuple[World, Any]) -> None:
    _world, engine = told
    moved: dict[str, dict[str, int]] = {}
    with engine.connect() as connection:
        for row in connection.execute(line_rows.MOVEMENTS.table.select()):
            sums = moved.setdefault(row.line_id, {})
            sums[row.source] = sums.get(row.source, 0) - row.amount_fen
            sums[row.target] = sums.get(row.target, 0) + row.amount_fen
    for name, line in rows_by_name(engine, line_rows.LINES).items():
        outside = {"approval", "adjustment"}
        held = {bucket: amount for bucket, amount in moved[name].items() if bucket not in outside and amount}
        assert held == {bucket: amount for bucket, amount in buckets_of(line).items() if amount}


def test_payment_totals_are_the_payments_sums(told: tuple[World, Any]) -> None:
    _world, engine = told
    sums: dict[tuple[str, str, str], list[int]] = {}
    for payment in rows_by_name(engine, payment_rows.PAYMENTS).values():
        total = sums.setdefault((payment.line_id, payment.business_date[:7], payment.status), [0, 0])
        total[0] += 1
        total[1] += payment.amount_fen
    kept = rows_by_name(engine, payment_rows.TOTALS).values()
    running = {
        (total.line_id, total.month, total.status): [total.count, total.amount_fen]
        for total in kept
        if total.count and total.status != "refunded"
    }
    assert running == sums


def test_refunds_are_counted_beside_them(told: tuple[World, Any]) -> None:
    _world, engine = told
    refunds = rows_by_name(engine, settlement_rows.REFUNDS).values()
    kept = [one for one in rows_by_name(engine, payment_rows.TOTALS).values() if one.status == "refunded"]
    assert sum(total.count for total in kept) == len(refunds)
    assert sum(total.amount_fen for total in kept) == sum(refund.amount_fen for refund in refunds)


def test_slices_are_what_the_current_version_asks(told: tuple[World, Any]) -> None:
    from mingzhang.views.declarations import list_slices

    world, engine = told
    found: dict[tuple[str, int], int] = {}
    with engine.connect() as connection:
        for project in rows_by_name(engine, project_rows.PROJECTS).values():
            for part in list_slices(connection, project.project_id, project.version):
                found[project.project_id, part.year] = part.asked_fen
    asked = {
        (name, part.year): part.amount_fen for name, one in world.view().scan(projects.PROJECT) for part in one.asked
    }
    assert found == asked
