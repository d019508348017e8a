"""A proposed rulebook is refused with the place of each mistake, and those who vote are told what is doubtful."""

from typing import Any

import msgspec
import pytest
from tests.chain.tables.books import BOOK, HOOK, book, findings, found_in, only, row

from mingzhang.chain.tables import Book, Table, check_book

PARAMETER = {
    "name": "limit.fen", "type": "int", "zh": "限额", "en": "limit", "configurable": True,
    "values": [{"since": "2022-01-01", "value": 500, "basis": "示例"}],
}  # fmt: skip


def parameter(**changed: Any) -> dict[str, Any]:
    return PARAMETER | changed


def rows(*made: dict[str, Any], **changed: Any) -> Book:
    return book(rows=list(made), **({"parameters": []} | changed))


@pytest.mark.parametrize(
    ("cells", "kind", "part", "column", "suggestion"),
    [
        ({"amount": "> lime.available_fen"}, "unknown_fact", "amount", 3, "line.available_fen"),
        ({"amount": ">= 10 && < lime.available_fen"}, "unknown_fact", "amount", 12, "line.available_fen"),
        ({"amount": "line.availible_fen"}, "unknown_fact", "amount", 1, "line.available_fen"),
        ({"amount": "> '5'"}, "type", "amount", 1, ""),
        ({"code": "302"}, "type", "code", 1, '"302"'),
        ({"code": '.startswith("3")'}, "unknown_function", "code", 2, "startsWith"),
        ({"date": '> "2022-01-01"'}, "type", "date", 3, 'date("2022-01-01")'),
        ({"amount": ">"}, "syntax", "amount", 2, ""),
        ({"amount": "> 5 <"}, "syntax", "amount", 6, ""),
        ({"amount": "＞ 5"}, "syntax", "amount", 1, ">"),
        ({"amount": "> 5 &&"}, "syntax", "amount", 5, ""),
        ({"amount": "&& > 5"}, "syntax", "amount", 1, ""),
        ({"amount": "> 5 || < 3"}, "syntax", "amount", 8, ""),
        ({"amount": "> 5 || payment.repeated"}, "syntax", "amount", 1, ""),
        ({"amount": "> 5 == true"}, "syntax", "amount", 1, ""),
        ({"amount": "> 5 ? true : false"}, "syntax", "amount", 1, ""),
        ({"code": '.startsWith("3") || true'}, "syntax", "code", 1, ""),
        ({"amount": "- 5 -"}, "syntax", "amount", 6, ""),
    ],
)
def test_a_mistake_in_a_cell_has_its_place(
    cells: dict[str, str], kind: str, part: str, column: int, suggestion: str
) -> None:
    found = only(rows(row("one", **cells)))
    assert (found.weight, found.kind, found.row, found.part) == ("mistake", kind, "one", part)
    assert (found.line, found.column, found.suggestion) == (1, column, suggestion)


@pytest.mark.parametrize(
    ("cell", "facts", "applies"),
    [
        ("", 5, True),
        ("-", 5, True),
        (" // nothing", 5, True),
        ("5", 5, True),
        ("-5", 5, False),
        ("!= 5", 5, False),
        ("> 4 && < 6", 5, True),
        (">= 6 // six\n && < 9", 5, False),
        ("in [1, 5]", 5, True),
        ("> (3 > 2 && true ? 1 : 9)", 5, True),
        ("< line.available_fen - 1", 5, True),
    ],
)
def test_a_cell_asks_something_of_its_column(cell: str, facts: int, applies: bool) -> None:
    table = Table(rows(row("one", amount=cell)), HOOK)
    verdict = table.judge({"payment.amount_fen": facts, "line.available_fen": 100}, on="2022-01-01")
    assert bool(verdict.hits[0].row) == applies


def test_a_column_may_be_any_expression() -> None:
    columns = [
        {"column": "left", "expression": "line.available_fen - payment.amount_fen // after\n", "zh": "余", "en": "left"}
    ]
    table = Table(rows(row("low", left="< 10"), columns=columns), HOOK)
    assert table.judge({"payment.amount_fen": 5, "line.available_fen": 14}, on="2022-01-01").hits[0].row == "low"
    columns[0]["expression"] = "line.available - 1"
    assert findings(rows(row("low", left="< 10"), columns=columns)) == [
        ("mistake", "unknown_fact", "", "left"),
        ("mistake", "unknown_fact", "low", "left"),
    ]


def test_when_has_lines_and_columns() -> None:
    found = only(rows(row("one", when="true &&\n  payment.repaeted")))
    assert (found.part, found.line, found.column, found.suggestion) == ("when", 2, 3, "payment.repeated")


def test_when_may_end_in_a_comment() -> None:
    assert findings(rows(row("one", amount="5 // five", when="payment.repeated // 重复"))) == []


def test_every_mistake_is_found_not_only_the_first() -> None:
    broken = rows(row("one", amount="> x", code="> y"), row("two", when="1"))
    assert findings(broken) == [
        ("mistake", "unknown_fact", "one", "amount"),
        ("mistake", "unknown_fact", "one", "code"),
        ("mistake", "type", "two", "when"),
    ]


@pytest.mark.parametrize(
    ("changed", "kind", "part"),
    [
        ({"values": [{"since": "2022-01-01", "value": "500", "basis": "x"}]}, "value", "limit.fen"),
        ({"values": [{"since": "2022-01-01", "value": True, "basis": "x"}]}, "value", "limit.fen"),
        ({"values": [{"since": "2022-02-30", "value": 1, "basis": "x"}]}, "value", "limit.fen"),
        ({"type": "date"}, "value", "limit.fen"),
        ({"type": "list(int)"}, "value", "limit.fen"),
        ({"type": "double"}, "type", "limit.fen"),
        ({"values": [*PARAMETER["values"], *PARAMETER["values"]]}, "order", "limit.fen"),  # type: ignore[misc]
        ({"name": "line.available_fen"}, "name_taken", "line.available_fen"),
    ],
)
def test_a_parameter_has_a_type_and_dates_in_order(changed: dict[str, Any], kind: str, part: str) -> None:
    found = only(rows(row("one", amount="> 1"), parameters=[parameter(**changed)]))
    assert (found.weight, found.kind, found.part) == ("mistake", kind, part)


def test_names_stand_once() -> None:
    column = {"column": "amount", "expression": "payment.amount_fen", "zh": "金额", "en": "amount"}
    twice = rows(row("one"), row("one"), columns=[column, column], parameters=[parameter(), parameter()])
    assert findings(twice) == [
        ("mistake", "twice", "one", ""),
        ("mistake", "twice", "", "amount"),
        ("mistake", "twice", "", "limit.fen"),
    ]
    assert findings(rows(row("one", amuont="> 1"))) == [("mistake", "unknown_column", "one", "amuont")]
    assert findings(rows(row("one"), columns=[column | {"column": "when"}])) == [("mistake", "name_taken", "", "when")]
    assert findings(book(hook="payments.settle")) == [("mistake", "hook", "", "hook")]


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        ({"kind": "warn"}, "warn must say its level"),
        ({"kind": "hold", "roles": ["x"], "approvals": 1}, "hold must say its days"),
        ({"kind": "hold", "approvals": 1, "days": 1}, "hold must say its roles"),
        ({"kind": "freeze"}, "freeze must say its target"),
        ({"kind": "require_file"}, "require_file must say its file"),
        ({"kind": "open_case", "level": "red", "roles": ["x"]}, "open_case must say its days"),
        ({"kind": "allow", "level": "red"}, "allow has no level"),
        ({"kind": "release", "target": "line"}, "release has no target"),
    ],
)
def test_an_effect_says_what_it_needs(effect: dict[str, Any], said: str) -> None:
    found = only(rows(row("one", amount="> 1", effect=effect)))
    assert (found.kind, found.row, found.part, found.en) == ("effect", "one", "effect", said)


def test_messages_name_what_there_is() -> None:
    told = row("one", amount="> 1") | {"message_zh": "{payment.amuont_fen}", "disposal_zh": "处置"}
    assert findings(rows(told)) == [
        ("mistake", "unknown_fact", "one", "message_zh"),
        ("mistake", "one_language", "one", "disposal"),
    ]


def test_what_nobody_uses_is_doubtful() -> None:
    columns = [msgspec.to_builtins(column) for column in book().columns[:2]]
    made = rows(row("one", amount="> 1"), parameters=[parameter()], columns=columns)
    assert [(found.weight, found.kind, found.part) for found in check_book(made, HOOK)] == [
        ("doubt", "unused", "code"),
        ("doubt", "unused", "limit.fen"),
    ]


def test_a_row_may_be_too_large_only_all_together() -> None:
    when = "(" + " && ".join(["payment.amount_fen > 1"] * 36) + ")"
    cells = {"amount": " && ".join(["> 1"] * 140)}
    assert findings(rows(row("one", **cells))) == []
    assert findings(rows(row("one", when=when, **cells))) == [("mistake", "limit", "one", "")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hit_policy", "ANY"),
        ("rows", []),
        ("keepers", []),
        ("surplus", 1),
        ("hook", "payments"),
        ("parameters", [parameter(name="limit")]),
    ],
)
def test_another_form_is_no_book(field: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        book(BOOK, **{field: value})


# --- What rows cover ---

LESS = "payment.amount_fen < line.available_fen"
EITHER = "payment.amount_fen < 5 || payment.amount_fen > 9"


@pytest.mark.parametrize(
    ("what", "first", "second", "unreachable"),
    [
        ("the same", {"amount": "> 5"}, {"amount": "> 5"}, True),
        ("narrower", {"amount": "> 5"}, {"amount": "> 6"}, True),
        ("wider", {"amount": "> 6"}, {"amount": "> 5"}, False),
        ("narrower by another column", {"amount": "> 5"}, {"amount": "> 5", "code": '"302"'}, True),
        ("wider by another column", {"amount": "> 5", "code": '"302"'}, {"amount": "> 5"}, False),
        ("a value of a list", {"code": 'in ["302", "303"]'}, {"code": '"303"'}, True),
        ("all amounts there are", {"amount": ">= 1"}, {"repeated": "true"}, True),
        ("everything", {}, {"amount": "> 5"}, True),
        ("an interval in a wider one", {"amount": ">= 10 && < 20"}, {"amount": "> 9 && <= 19"}, True),
        ("an interval with a day more", {"date": '>= date("2022-01-01")'}, {"date": '> date("2021-12-30")'}, False),
        ("the same, one side turned", {"when": "payment.amount_fen > 5"}, {"when": "5 < payment.amount_fen"}, True),
        ("the same question", {"when": LESS}, {"when": LESS.replace(" ", "  ") + " && true"}, True),
        ("the same question turned", {"when": LESS}, {"when": "line.available_fen > payment.amount_fen"}, False),
        ("a denied question", {"when": "!payment.repeated"}, {"repeated": "false"}, True),
        ("a question denied twice", {"when": "!!payment.repeated"}, {"repeated": "true"}, True),
        ("alternatives of one column", {"when": f"{EITHER}"}, {"amount": "> 20"}, True),
        ("alternatives denied", {"when": f"!({EITHER})"}, {"amount": "5"}, True),
        ("both denied", {"when": "!(payment.amount_fen > 5 && payment.amount_fen < 9)"}, {"amount": "9"}, True),
    ],
)  # fmt: skip
def test_a_row_below_one_that_has_all_its_cases_is_refused(
    what: str, first: dict[str, str], second: dict[str, str], unreachable: bool
) -> None:
    made = rows(row("first", **first), row("second", **second))
    assert findings(made) == ([("mistake", "unreachable", "second", "")] if unreachable else [])


def test_several_rows_together_may_leave_nothing() -> None:
    found = findings(
        rows(
            row("low", amount="< 10"),
            row("high", amount="> 20"),
            row("rest", amount=">= 10 && <= 20"),
            row("never", code='"1"'),
        )
    )
    assert [finding for finding in found if finding[1] != "unused"] == [("mistake", "unreachable", "never", "")]


def test_conditions_that_contradict_each_other_are_refused() -> None:
    for never in (
        row("never", amount="> 5 && < 6"),
        row("never", amount="< 1"),
        row("never", when="false"),
        row("never", code='"1" && "2"'),
    ):
        assert ("mistake", "never", "never", "") in findings(rows(never, hit_policy="COLLECT"))


def test_what_holds_depends_on_the_date_of_parameters() -> None:
    values = [{"since": "2022-01-01", "value": 500, "basis": "x"}, {"since": "2023-01-01", "value": 800, "basis": "x"}]
    made = rows(row("a", amount="> 600"), row("b", amount="> limit.fen"), parameters=[parameter(values=values)])
    found = only(made)
    assert (found.kind, found.row) == ("unreachable", "b")
    assert found.en.startswith("from 2023-01-01 on, ")
    assert found.zh.startswith("自 2023-01-01 起，")


def test_under_unique_two_rows_for_one_case_are_refused_with_an_example() -> None:
    made = rows(row("low", amount="<= 100"), row("high", amount=">= 100"), hit_policy="UNIQUE")
    found = only(made)
    assert (found.weight, found.kind, found.row, found.part) == ("mistake", "overlap", "high", "low")
    assert found.en == "applies together with row low: payment.amount_fen = 100"
    apart = rows(row("low", amount="< 100"), row("high", amount=">= 100"), hit_policy="UNIQUE")
    assert findings(apart) == []


def test_an_overlap_that_hangs_on_a_question_is_a_doubt() -> None:
    questions = ("payment.amount_fen > line.available_fen", "payment.amount_fen < line.available_fen")
    made = rows(row("over", when=questions[0]), row("under", when=questions[1]), hit_policy="UNIQUE")
    found = only(made)
    assert (found.weight, found.kind) == ("doubt", "overlap")


@pytest.mark.parametrize(
    ("cells", "example"),
    [
        ([{"amount": "< 100"}, {"amount": "> 100"}], "payment.amount_fen = 100"),
        ([{"amount": "<= 100"}, {"amount": ">= 100"}], None),
        ([{"amount": "> 0"}], None),  # no amount is less than 1
        ([{"amount": "> 1"}], "payment.amount_fen = 1"),
        ([{"repeated": "true"}, {"repeated": "false"}], None),
        ([{"repeated": "true"}], "payment.repeated = false"),
        ([{"code": 'in ["1", "2"]'}, {"code": '!= "1"'}], None),
        ([{"code": '"1"'}, {"code": '"2"'}], "payment.economic_code = another value"),
        ([{"amount": "> 5"}, {"amount": "<= 5", "repeated": "true"}, {"repeated": "false"}], None),
        ([{"amount": "> 5"}, {"repeated": "false"}], "payment.amount_fen = 4, payment.repeated = true"),
        ([{"when": "size(payment.recent_fen) > 0"}, {"when": "size(payment.recent_fen) == 0"}], None),
    ],
)
def test_without_otherwise_every_case_needs_a_row(cells: list[dict[str, str]], example: str | None) -> None:
    made = rows(*[row(f"row-{at}", **asked) for at, asked in enumerate(cells)], otherwise=None)
    found = found_in(made)
    assert {finding.kind for finding in found} <= {"gap"}
    assert [finding.en.rpartition(": ")[2] for finding in found] == ([] if example is None else [example])
    assert all(finding.weight == "mistake" for finding in found)


def test_a_gap_that_hangs_on_a_question_is_a_doubt() -> None:
    made = rows(row("one", when="payment.amount_fen > line.available_fen"), otherwise=None)
    assert findings(made) == [("doubt", "gap", "", "")]


def test_what_is_too_intricate_to_tell_is_said() -> None:
    """What n rows of two questions each leave out are 2 to the n boxes."""
    asked = [f"payment.amount_fen / {number} == line.available_fen" for number in range(2, 26)]
    made = [row(f"row-{at}", when=f"{asked[2 * at]} && {asked[2 * at + 1]}") for at in range(12)]
    assert findings(rows(*made[:8], otherwise=None)) == [("doubt", "gap", "", "")]
    assert ("doubt", "too_intricate", "", "") in findings(rows(*made, otherwise=None))
