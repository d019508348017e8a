"""No list looks through all payments or records: the plan of every query uses an index."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from bench.city import City
from tests.views.source import count_as_few

from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower
from mingzhang.views.payment_lists import (
    PaymentFilter,
    RefusedFilter,
    count_payments,
    get_payment,
    list_payments,
    list_refused_payments,
    total_payments,
)
from mingzhang.views.records import RecordFilter, get_record, list_records
from mingzhang.views.settlements import list_receipts

BIG = ("payments", "records", "touches", "refused_payments", "receipts", "payment_words", "line_movements")
"""Tables with a row or more for every payment or record."""


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "analysed"])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> sa.Connection:
    """10,000 payments, settled: 20,000 records and more; SQLite with and without statistics of its own."""
    engine = open_views(tmp_path_factory.mktemp("city") / "views.sqlite")
    Follower(engine, City(10_000, units=10)).catch_up()
    connection = engine.connect()
    if request.param:
        connection.exec_driver_sql("ANALYZE")
    return connection


@contextmanager
def noted(connection: sa.Connection) -> Iterator[list[tuple[str, Any]]]:
    """The statements run meanwhile."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(connection, "before_cursor_execute", note)


def plan(connection: sa.Connection, statement: str, parameters: Any) -> list[str]:
    rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
    return [row.detail for row in rows]


def scans(connection: sa.Connection, ask: Any, *given: Any, **named: Any) -> list[str]:
    """Steps by which the call looks through a big table; a walk along an index that stops at the page's end is none."""
    with noted(connection) as statements:
        ask(connection, *given, **named)
    found = []
    for statement, parameters in statements:
        steps = plan(connection, statement, parameters)
        sorted_whole = any("USE TEMP B-TREE FOR ORDER BY" in step for step in steps)
        for step in steps:
            words = step.split()
            if words[0] == "SCAN" and words[1] in BIG and (sorted_whole or not walks(step, statement)):
                found.append(f"{step} <- {statement}")
    return found


def walks(step: str, statement: str) -> bool:
    """Whether a scan goes along an order and stops early: by an index, or by number where that is the order."""
    by_number = any(f"ORDER BY {table}.record" in statement for table in ("records", "refused_payments"))
    return (" USING " in step or by_number) and "LIMIT" in statement


ONE: dict[str, list[Any]] = {
    "organisation": ["city", "dept01", "unit00"],
    "year": [2022],
    "dates": [("2022-03-01", "2022-03-31")],
    "project_id": ["unit00:project1"],
    "line_id": ["unit00:line01"],
    "payee_id": ["unit00:payee001"],
    "agreement_id": ["unit00:none"],
    "status": [("held",), ("in_transit", "returned"), ("settled",)],
    "amounts": [(100_000_000, None), (1, 10**12)],
    "text": ["图书馆", "没有这样的事", "馆"],
}
"""What may be asked of payments, a rare and a common value each."""


def asked(name: str, value: Any) -> dict[str, Any]:
    if name == "dates":
        return {"from_date": value[0], "until_date": value[1]}
    if name == "amounts":
        return {"from_fen": value[0], "until_fen": value[1]}
    return {name: value}


def combinations() -> list[dict[str, Any]]:
    """Nothing, everything alone, every two together."""
    alone = [asked(name, value) for name, values in ONE.items() for value in values]
    two = [first | second for first, second in itertools.combinations(alone, 2) if not first.keys() & second.keys()]
    return [{}, *alone, *two]


@pytest.mark.parametrize("few", [50, 5_000])
@pytest.mark.parametrize("sort", ["-date", "amount"])
def test_every_list_of_payments_uses_an_index(
    city: sa.Connection, sort: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_as_few(few, monkeypatch)
    for wanted in combinations():
        first = list_payments(city, PaymentFilter(**wanted), sort=sort, limit=20)
        assert scans(city, list_payments, PaymentFilter(**wanted), sort=sort, limit=20) == [], wanted
        if first.next is not None:
            later = scans(city, list_payments, PaymentFilter(**wanted), sort=sort, limit=20, after=first.next)
            assert later == [], wanted


def test_counts_and_sums_use_an_index_or_running_totals(city: sa.Connection) -> None:
    for wanted in combinations():
        assert scans(city, count_payments, PaymentFilter(**wanted)) == [], wanted
        assert scans(city, total_payments, PaymentFilter(**wanted), by="month") == [], wanted


RECORD_FILTERS: list[dict[str, Any]] = [
    {},
    {"subject": ("payment", "unit00:p0000001")},
    {"subject": ("budget_line", "unit00:line01"), "code": "ok"},
    {"organisation": "city"},
    {"signer": "teller"},
    {"command": "payments.request/1"},
    {"code": "exceeds_available_balance"},
    {"code": "ok"},
    {"refused": True},
    {"cause": 5},
    {"from_time": 1_640_000_000, "until_time": 1_650_000_000},
]


@pytest.mark.parametrize("sort", ["record", "-record"])
def test_every_list_of_records_uses_an_index(city: sa.Connection, sort: str) -> None:
    for one, other in itertools.combinations_with_replacement(RECORD_FILTERS, 2):
        wanted = RecordFilter(**(one | other))
        first = list_records(city, wanted, sort=sort, limit=20)
        assert scans(city, list_records, wanted, sort=sort, limit=20) == [], wanted
        if first.next is not None:
            assert scans(city, list_records, wanted, sort=sort, limit=20, after=first.next) == [], wanted


def test_refused_requests_single_rows_and_receipts_use_an_index(city: sa.Connection) -> None:
    for refused in (
        RefusedFilter(),
        RefusedFilter(organisation="dept01"),
        RefusedFilter(line_id="unit00:line01"),
        RefusedFilter(code="exceeds_available_balance"),
        RefusedFilter(requested_by="cashier-unit00"),
    ):
        assert scans(city, list_refused_payments, refused) == []
    assert scans(city, get_payment, "unit00:p0000001") == []
    assert scans(city, get_record, 100) == []
    assert scans(city, list_receipts, "unit00:p0000001") == []


def test_the_look_at_plans_sees_a_scan(city: sa.Connection) -> None:
    def through_all(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SELECT * FROM payments WHERE purpose = ? ORDER BY purpose LIMIT 5", ("x",)).all()

    def sorted_whole(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SELECT * FROM payments ORDER BY purpose LIMIT 5").all()

    assert scans(city, through_all) != []
    assert scans(city, sorted_whole) != []
