"""Every list against a plain look through all rows: the same rows, in the same order, however asked and paged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from bench.city import FIRST_YEAR, City
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.views.source import count_as_few

from mingzhang.views import paging, payment_lists, words
from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower
from mingzhang.views.members import list_organisations
from mingzhang.views.paging import WrongQuery
from mingzhang.views.payment_lists import (
    PaymentFilter,
    PaymentSum,
    count_payments,
    list_payments,
    list_refused_payments,
    total_payments,
)
from mingzhang.views.payments import PAYMENTS, Payment
from mingzhang.views.records import RECORDS, RecordFilter, RecordRow, list_records

NUMBER = 1_500
UNITS = 6
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> sa.Connection:
    """A small city, in which every path is both narrow and wide to somebody: limits are lowered by `small`."""
    engine = open_views(tmp_path_factory.mktemp("city") / "views.sqlite")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(words, "STRETCH", 64)
        Follower(engine, City(NUMBER, units=UNITS)).catch_up()
    return engine.connect()


@pytest.fixture(params=[3, 100, 5_000])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as few."""
    monkeypatch.setattr(words, "STRETCH", 64)
    monkeypatch.setattr(payment_lists, "FEW_BY_TEXT", request.param * 3)
    count_as_few(request.param, monkeypatch)


def everything(connection: sa.Connection, table: Any) -> list[Any]:
    return [table.read(found, table.row) for found in connection.execute(sa.select(table.table))]


def under(organisation: str) -> list[str]:
    tree = {"city": [f"unit{number:02d}" for number in range(UNITS)], "dept01": ["unit01"], "bank": []}
    return tree.get(organisation, [organisation])


def fits(payment: Payment, wanted: PaymentFilter) -> bool:
    """Whether the filter's words hold of the payment."""
    first, last = wanted.from_date or "", wanted.until_date or "9999"
    return (
        (wanted.organisation is None or payment.organisation in under(wanted.organisation))
        and (wanted.year is None or payment.business_date[:4] == str(wanted.year))
        and first <= payment.business_date <= last
        and wanted.project_id in {None, payment.project_id}
        and wanted.line_id in {None, payment.line_id}
        and wanted.payee_id in {None, payment.payee_id}
        and (not wanted.status or payment.status in wanted.status)
        and (wanted.from_fen or 0) <= payment.amount_fen <= (wanted.until_fen or 10**15)
        and (wanted.text or "") in payment.purpose
    )


def or_none(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.none() | values


filters = st.builds(
    PaymentFilter,
    organisation=or_none(st.sampled_from(["city", "dept01", "unit00", "unit05", "bank"])),
    year=or_none(st.sampled_from([FIRST_YEAR, FIRST_YEAR + 2, 2019])),
    from_date=or_none(st.sampled_from(["2021-03-01", "2022-02-17", "2023-06-01"])),
    until_date=or_none(st.sampled_from(["2021-12-31", "2022-06-30", "2023-11-02"])),
    project_id=or_none(st.sampled_from(["unit00:project1", "unit01:project0", "unit01:none"])),
    line_id=or_none(st.sampled_from(["unit00:line01", "unit02:line06"])),
    payee_id=or_none(st.sampled_from(["unit00:payee000", "unit00:payee030", "unit03:payee001"])),
    status=st.sampled_from([(), (), (), ("held",), ("returned", "held"), ("settled",), ("settled", "returned")]),
    from_fen=or_none(st.sampled_from([1, 400_000, 9_000_000])),
    until_fen=or_none(st.sampled_from([300_000, 2_000_000])),
    text=or_none(st.sampled_from(["图书馆", "馆", "设备维修", "12月", "疾控中心6月培训费", "没有这样的事", "培训费 "])),
)


@FEW
@given(wanted=filters, sort=st.sampled_from(["date", "-date", "amount", "-amount"]), limit=st.sampled_from([1, 7, 500]))
def test_payments_are_found_and_paged(
    city: sa.Connection, small: None, wanted: PaymentFilter, sort: str, limit: int
) -> None:
    key: dict[str, Callable[[Payment], tuple[Any, int]]] = {
        "date": lambda one: (one.business_date, one.record), "amount": lambda one: (one.amount_fen, one.record),
    }  # fmt: skip
    fitting = [payment for payment in everything(city, PAYMENTS) if fits(payment, wanted)]
    expected = sorted(fitting, key=key[sort.removeprefix("-")], reverse=sort.startswith("-"))
    pages = [list_payments(city, wanted, sort=sort, limit=limit)]
    assert pages[0].total in {None, len(expected)}
    while pages[-1].next is not None and len(pages) < 6:
        pages.append(list_payments(city, wanted, sort=sort, limit=limit, after=pages[-1].next))
    found = [row.payment_id for page in pages for row in page.rows]
    assert found == [payment.payment_id for payment in expected][: 6 * limit]
    if len(expected) <= 5 * limit:
        assert pages[-1].next is None


@FEW
@given(wanted=filters, by=st.sampled_from(["organisation", "month", "status", "line_id", None]))
def test_payments_are_counted_and_summed(city: sa.Connection, small: None, wanted: PaymentFilter, by: Any) -> None:
    fitting = [payment for payment in everything(city, PAYMENTS) if fits(payment, wanted)]
    assert count_payments(city, wanted) in {None, len(fitting)}
    found = total_payments(city, wanted, by=by)
    if found is not None:
        sums: dict[Any, list[int]] = {} if by else {None: [0, 0]}
        for payment in fitting:
            group = {None: None, "month": payment.business_date[:7]}.get(by, getattr(payment, by or "", None))
            total = sums.setdefault(group, [0, 0])
            total[0] += 1
            total[1] += payment.amount_fen
        assert found == [PaymentSum(group, *sums[group]) for group in sorted(sums, key=str)]


def test_what_running_totals_hold_is_always_summed(city: sa.Connection, small: None) -> None:
    for wanted in (
        PaymentFilter(),
        PaymentFilter(organisation="city", year=FIRST_YEAR),
        PaymentFilter(organisation="dept01", status=("settled",), from_date="2021-02-01", until_date="2022-02-28"),
        PaymentFilter(project_id="unit00:project1"),
    ):
        assert total_payments(city, wanted, by="month") is not None


records = st.builds(
    RecordFilter,
    subject=or_none(st.sampled_from([("payment", "unit00:p0000001"), ("budget_line", "unit00:line01")])),
    organisation=or_none(st.sampled_from(["city", "unit00"])),
    signer=or_none(st.sampled_from(["teller", "cashier-unit01", "nobody"])),
    command=or_none(st.sampled_from(["payments.request/1", "settlements.settle/1"])),
    code=or_none(st.sampled_from(["ok", "exceeds_available_balance", "payment_not_in_transit"])),
    refused=st.booleans(),
    from_time=or_none(st.sampled_from([1_610_000_000, 1_650_000_000, 1_800_000_000])),
    until_time=or_none(st.sampled_from([1_600_000_000, 1_660_000_000])),
)


def told(record: RecordRow, wanted: RecordFilter) -> bool:
    """Whether the filter's words hold of the record. Nobody is enrolled in this city."""
    return (
        (wanted.subject is None or wanted.subject in record.subjects)
        and wanted.organisation is None
        and wanted.signer in {None, record.signer}
        and wanted.command in {None, record.command}
        and wanted.code in {None, record.code}
        and (not wanted.refused or record.code != "ok")
        and (wanted.from_time or 0) <= record.time < (wanted.until_time or 2**40)
    )


@FEW
@given(wanted=records, descending=st.booleans(), limit=st.sampled_from([3, 500]))
def test_records_are_found_and_paged(
    city: sa.Connection, small: None, wanted: RecordFilter, descending: bool, limit: int
) -> None:
    sort = "-record" if descending else "record"
    fitting = [record.record for record in everything(city, RECORDS) if told(record, wanted)]
    expected = sorted(fitting, reverse=descending)
    first = list_records(city, wanted, sort=sort, limit=limit)
    assert first.total in {None, len(expected)}
    second = list_records(city, wanted, sort=sort, limit=limit, after=first.next) if first.next else None
    found = [row.record for page in (first, second) if page is not None for row in page.rows]
    assert found == expected[: 2 * limit]


def test_refused_requests_are_found_and_paged(city: sa.Connection) -> None:
    whole = list_refused_payments(city, limit=500).rows
    wanted = payment_lists.RefusedFilter(organisation="city", code="exceeds_available_balance")
    first = list_refused_payments(city, wanted, limit=10)
    second = list_refused_payments(city, wanted, limit=500, after=first.next)
    assert first.rows + second.rows == whole
    assert len(whole) == len([number for number in range(NUMBER) if number % 50 == 7])


# --- Asked wrongly ----------------------------------------------------------------------------------------------------


def test_what_a_list_does_not_offer_is_refused(city: sa.Connection) -> None:
    date = list_payments(city, limit=1).next
    for field, asked in (
        ("sort", {"sort": "purpose"}),
        ("sort", {"sort": "--date"}),
        ("limit", {"limit": 0}),
        ("limit", {"limit": 501}),
        ("after", {"after": "nonsense"}),
        ("after", {"after": ""}),
        ("after", {"after": date, "sort": "date"}),
        ("after", {"after": date, "sort": "-amount"}),
        ("after", {"after": list_organisations(city, limit=1).next}),
    ):
        with pytest.raises(WrongQuery) as wrong:
            list_payments(city, **asked)
        assert wrong.value.field == field
        assert wrong.value.zh
    for field in ("from_date", "until_date"):
        with pytest.raises(WrongQuery, match=field):
            list_payments(city, PaymentFilter(**{field: "2022-13-01"}))  # type: ignore[arg-type]


def test_special_characters_of_patterns_are_plain(city: sa.Connection) -> None:
    for text in ("%", "_", "%月%", "\\"):
        assert list_payments(city, PaymentFilter(text=text)).rows == []


def test_pages_can_be_sent_as_json(city: sa.Connection) -> None:
    page = list_payments(city, limit=2)
    read = msgspec.json.decode(msgspec.json.encode(page), type=paging.Page[payment_lists.ListedPayment])
    assert read == page


def test_views_are_found_where_they_lie(tmp_path: Path) -> None:
    open_views(f"sqlite:///{tmp_path}/by-url.sqlite").dispose()
    open_views(tmp_path / "by-path.sqlite").dispose()
    assert {path.name for path in tmp_path.iterdir()} >= {"by-url.sqlite", "by-path.sqlite"}
