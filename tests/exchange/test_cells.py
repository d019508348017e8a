"""Amounts are exact or refused, dates are one day or refused, texts are what the ledger takes."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingzhang.chain.codec import MAX_SAFE_INT
from mingzhang.exchange import ExchangeError
from mingzhang.exchange.cells import check_allowed, compile_formats, read_amount, read_date, read_text
from mingzhang.exchange.faults import CellFault
from mingzhang.exchange.mapping import Amount
from mingzhang.exchange.texts import repaired


def amount(cell: Any, **rule: Any) -> int | str:
    """Fen, or the name of the fault."""
    try:
        return read_amount(cell, Amount(column="x", **rule))
    except CellFault as fault:
        return fault.kind.name


def day(cell: Any, *formats: str) -> str:
    """The date, or the name of the fault."""
    try:
        return read_date(cell, compile_formats(formats or ("YYYY-MM-DD",)))
    except CellFault as fault:
        return fault.kind.name


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("12.50", 1250), ("1,234.56", 123456), ("£1,234.56", 123456), ("¥ 12", 1200), ("-12.00", -1200),
        ("(12.00)", -1200), ("(£12.00)", -1200), ("12.00-", -1200), ("-£12", -1200), ("£-12", -1200),
        ("12.00 CR", -1200), ("12.00 DR", 1200), ("+3", 300), (".5", 50), ("5.", 500), ("  7.00 ", 700),
        ("１２．５０", 1250), ("￥１，２３４", 123400), ("\u22125.00", -500), ("12.500", 1250), ("1e3", 100000),
        ("21,380.62", 2138062), ("0.01", 1), ("12元", 1200), ("90,071,992,547,409.91", MAX_SAFE_INT),
        (59.99, 5999), (-9.5, -950), (1810.0, 181000), (7, 700), (1e15 / 16, 6250000000000000), (0.1, 10),
    ],
)  # fmt: skip
def test_amounts(cell: Any, fen: int) -> None:
    assert amount(cell) == fen


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("", "amount_missing"), ("  ", "amount_missing"), ("-", "amount_missing"), ("n/a", "amount_unreadable"),
        ("1,23", "amount_unreadable"), ("1,2345.00", "amount_unreadable"), ("1.2.3", "amount_unreadable"),
        ("12,", "amount_unreadable"), ("(-12)", "amount_unreadable"), ("--1", "amount_unreadable"),
        ("12 13", "amount_unreadable"), ("0x10", "amount_unreadable"), ("1_000", "amount_unreadable"),
        ("NaN", "amount_unreadable"), ("Infinity", "amount_unreadable"), ("١٢", "amount_unreadable"),
        ("9" * 50, "amount_unreadable"), ("0", "amount_zero"), ("0.00", "amount_zero"), ("-0.0", "amount_zero"),
        ("12.345", "amount_too_fine"), ("-1.5E-9", "amount_too_fine"), (0.1 + 0.2, "amount_too_fine"),
        ("90071992547409.92", "amount_too_large"), ("1e300", "amount_too_large"), (1e300, "amount_too_large"),
        ("3.5万元", "amount_unit_differs"), ("3百", "amount_unit_differs"), (True, "amount_unreadable"),
        (float("nan"), "amount_unreadable"), (float("inf"), "amount_unreadable"), (time(1, 2), "amount_unreadable"),
        (date(2022, 1, 1), "amount_unreadable"),
    ],
)  # fmt: skip
def test_amounts_that_are_none(cell: Any, fault: str) -> None:
    assert amount(cell) == fault


def test_the_map_chooses_unit_sign_rounding_and_decimal_mark() -> None:
    assert amount("3.1234", unit="万元") == 3_123_400
    assert amount("3.5万元", unit="万元") == 3_500_000
    assert amount("3.5元", unit="万元") == "amount_unit_differs"
    assert amount("1250", unit="分") == 1250
    assert amount("0.5", unit="fen") == "amount_too_fine"
    assert amount("-12", sign="reversed") == 1200
    assert amount("12", sign="reversed", negative="refuse") == "amount_negative"
    assert amount("0.125", rounding="half_up") == 13
    assert amount("-0.125", rounding="half_up") == -13
    assert amount("0.125", rounding="half_even") == 12
    assert amount(0.1 + 0.2, rounding="half_up") == 30
    assert amount("0.001", rounding="half_up") == "amount_zero"
    assert amount("1.234,56", decimal=",") == 123456
    assert amount("1 234,5", decimal=",") == 123450
    assert amount("1,234.56", decimal=",") == "amount_unreadable"


@given(st.integers(min_value=-MAX_SAFE_INT, max_value=MAX_SAFE_INT).filter(bool), st.booleans())
def test_every_amount_comes_back_to_the_fen(fen: int, grouped: bool) -> None:
    yuan, rest = divmod(abs(fen), 100)
    text = f"{yuan:,}.{rest:02d}" if grouped else f"{yuan}.{rest:02d}"
    assert amount(text) == abs(fen)
    assert amount("-" + text) == amount(f"({text})") == -abs(fen)


@given(st.integers(min_value=1, max_value=10**13))
def test_a_workbook_float_is_the_amount_that_was_typed(fen: int) -> None:
    """A float holds fifteen digits, so what has two decimals is found again by its shortest form."""
    assert amount(fen / 100) == fen


@given(st.floats())
def test_a_float_is_never_more_than_half_a_fen_off(value: float) -> None:
    told = amount(value)
    rounded = amount(value, rounding="half_even")
    if isinstance(told, int):
        assert Decimal(told) == Decimal(repr(value)) * 100
    if isinstance(rounded, int):
        assert abs(Decimal(rounded) - Decimal(repr(value)) * 100) <= Decimal("0.5")


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_a_fault(text: str) -> None:
    assert isinstance(amount(text), int | str)
    assert isinstance(day(text, "YYYY-MM-DD", "excel", "D MMM YY"), str)


@pytest.mark.parametrize(
    ("cell", "formats", "expected"),
    [
        ("2022-03-01", ["YYYY-MM-DD"], "2022-03-01"), ("9/21/2018", ["M/D/YYYY"], "2018-09-21"),
        ("01/12/2022", ["DD/MM/YYYY"], "2022-12-01"), ("20220301", ["YYYYMMDD"], "2022-03-01"),
        (20220301.0, ["YYYYMMDD"], "2022-03-01"), ("2022年3月1日", ["YYYY年M月D日"], "2022-03-01"),
        ("２０２２－０３－０１", ["YYYY-MM-DD"], "2022-03-01"), ("01-Mar-22", ["DD-MMM-YY"], "2022-03-01"),
        ("1 March 1999", ["D MMM YYYY"], "1999-03-01"), ("5/6/99", ["D/M/YY"], "1999-06-05"),
        ("2022-03-01 00:00:00", ["YYYY-MM-DD"], "2022-03-01"), ("2022-03-01T10:11:12.5Z", ["YYYY-MM-DD"], "2022-03-01"),
        ("44621", ["excel"], "2022-03-01"), (44621.0, ["YYYY-MM-DD", "excel"], "2022-03-01"),
        (date(2022, 3, 1), ["M/D/YYYY"], "2022-03-01"),
        (datetime(2022, 3, 1, 9, 30, tzinfo=UTC), ["excel"], "2022-03-01"),
        ("5/5/2022", ["M/D/YYYY", "D/M/YYYY"], "2022-05-05"),
        ("", ["YYYY-MM-DD"], "date_missing"), ("2022", ["excel"], "date_unreadable"),
        ("2022-3-1", ["YYYY-MM-DD"], "date_unreadable"), ("2022-02-30", ["YYYY-MM-DD"], "date_impossible"),
        ("2022-13-01", ["YYYY-MM-DD"], "date_impossible"), ("1 Foo 2022", ["D MMM YYYY"], "date_impossible"),
        ("5/6/2022", ["M/D/YYYY", "D/M/YYYY"], "date_ambiguous"), (True, ["excel"], "date_unreadable"),
        (time(1, 2), ["excel"], "date_unreadable"), ("44621", ["YYYY-MM-DD"], "date_unreadable"),
    ],
)  # fmt: skip
def test_dates(cell: Any, formats: list[str], expected: str) -> None:
    assert day(cell, *formats) == expected


@pytest.mark.parametrize("format_", ["YYYY", "YYYY-MM", "DD/MM", "", "YYYY-YYYY-MM-DD", "date"])
def test_a_format_without_a_whole_day_is_refused(format_: str) -> None:
    with pytest.raises(ExchangeError, match=r"date\.formats"):
        compile_formats([format_])


def test_texts_are_one_line_and_whole_numbers_have_no_point() -> None:
    assert read_text("  办公\n用品\u00a0 甲 ") == "办公 用品 甲"
    assert read_text("e\u0301") == "\u00e9"
    assert read_text(2100202.0) == "2100202"
    assert read_text(1.5) == "1.5"
    assert read_text(1e100) == "1e+100", "the code 1E100, which a workbook took for a number"
    assert read_text(date(2022, 3, 1)) == "2022-03-01"


@pytest.mark.parametrize("text", ["a\u202eb", "a\u200bb", "a\x07b", "\ud800", "\U0010fffe"])
def test_characters_that_the_ledger_refuses(text: str) -> None:
    with pytest.raises(CellFault):
        check_allowed(text)


@pytest.mark.parametrize("text", ["Café £5 – “Ltd”", "项目经费", "naïve", "Müller GmbH", "Â", "S.A. São"])
def test_good_text_is_no_mojibake(text: str) -> None:
    assert repaired(text) == text


@pytest.mark.parametrize("text", ["Café £5", "“O’Brien”", "项目经费", "Müller", "院内设备采购", "\u2014 à"])
def test_mojibake_is_repaired(text: str) -> None:
    data = text.encode("utf-8")
    browser = "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in data)
    for broken in (data.decode("latin-1"), browser):
        assert broken != text
        assert repaired(broken) == text
