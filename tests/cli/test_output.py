"""What reaches a screen, a pipe and a program: nothing is cut on a pipe, ids nowhere, numbers have their units."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from mingzhang.chain.codes import code_named
from mingzhang.cli.output import Column, Output, explained, shown, shown_fact

COLUMNS = (Column("id", "编号", "id"), Column("name", "名称", "name"), Column("amount_fen", "金额", "amount", "fen"))
ROWS = [
    {"id": "vocational-school:2023-30201-000017", "name": "市职业技术学校实训楼改造(一期)", "amount_fen": 123_456_789},
    {"id": "x:1", "name": "短", "amount_fen": -5},
]


def output(width: int | None = None) -> tuple[Output, io.StringIO]:
    made, stream = Output(), io.StringIO()
    terminal = width is not None
    made.out = Console(file=stream, force_terminal=terminal, width=width, soft_wrap=True, color_system=None)
    return made, stream


def test_a_table_on_a_pipe_is_aligned_and_whole() -> None:
    made, stream = output()
    made.table(COLUMNS, ROWS)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert all(str(row["id"]) in line and str(row["name"]) in line for row, line in zip(ROWS, lines[1:], strict=True))
    assert lines[1].endswith("1,234,567.89")
    assert len({cell_len(line) for line in lines}) == 1, "amounts end in one column"


@pytest.mark.parametrize("width", [120, 70, 40])
def test_a_table_on_a_terminal_never_cuts_an_id(width: int) -> None:
    made, stream = output(width)
    made.table(COLUMNS, ROWS)
    text = stream.getvalue()
    assert "vocational-school:2023-30201-000017" in text
    assert "1,234,567.89" in text
    assert "…" not in text


def test_an_empty_table_has_its_headings() -> None:
    made, stream = output()
    made.table(COLUMNS, [])
    assert stream.getvalue().split() == ["编号", "名称", "金额"]


def test_rows_as_json_keep_their_integers() -> None:
    made, stream = output()
    made.as_json = True
    made.table(COLUMNS, ROWS)
    assert '"amount_fen": 123456789' in stream.getvalue()
    assert "实训楼" in stream.getvalue(), "readable, not escaped"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1, "fen", "0.01"),
        (-123_456, "fen", "-1,234.56"),
        (9_050, "hundredths", "90.50"),
        (-5, "hundredths", "-0.05"),
        (10_000, "bp", "100.00%"),
        (0, "time", "1970-01-01 08:00:00 +08:00"),
        (None, "fen", ""),
        (True, "text", "是 yes"),
        (["a", "b"], "text", "a, b"),
        (b"\x01\xff", "text", "01ff"),
    ],
)
def test_values_have_their_units(value: object, kind: str, text: str) -> None:
    assert shown(value, kind) == text


def test_facts_are_read_by_the_unit_in_their_name() -> None:
    assert shown_fact("available_fen", 5_00) == "5.00"
    assert shown_fact("expires_at", 0) == "1970-01-01 08:00:00 +08:00"
    assert shown_fact("year", 2022) == "2022"


def test_a_refusal_is_told_whole_in_english_too() -> None:
    made, stream = output()
    made.lang = "en"
    code = code_named("envelope_expired")
    facts: dict[str, int | str] = {"expires_at": 1, "time": 2}
    made.answer(code, facts)
    assert explained(code, facts)["sentence_en"] in stream.getvalue()
    assert "what would make it pass" in stream.getvalue()
    assert explained(code, facts)["sentence_zh"] not in stream.getvalue()


def test_nested_values_have_headings_and_units() -> None:
    made, _stream = output()
    assert made.told("years", [{"year": 2022, "amount_fen": 5_00}]) == "年度 2022, 金额（元） 5.00"
    made.lang = "en"
    assert made.told("years", [{"year": 2022, "amount_fen": 5_00}]) == "year 2022, amount (yuan) 5.00"
