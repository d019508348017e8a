"""Types and the door for facts: what comes in is of the declared type and length, or is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingzhang.chain.cel import BOOL, DATE, INT, STRING, Fact, Type, admit, date_of_days, days_of, list_of, type_named
from mingzhang.chain.cel.suggestions import edits, nearest
from mingzhang.chain.cel.types import DAY_MAX, DAY_MIN, LIST_LENGTH_MAX, NOTHING, STRING_LENGTH_MAX, join, shown

FACTS = {
    "amount": Fact(INT),
    "open": Fact(BOOL),
    "code": Fact(STRING, length_max=5),
    "signed": Fact(DATE),
    "months": Fact(list_of(INT), length_max=3),
    "rows": Fact(list_of(list_of(DATE))),
}


@pytest.mark.parametrize(
    ("name", "given", "admitted"),
    [
        ("amount", -(2**63), -(2**63)),
        ("open", False, False),
        ("code", "预算绩效法", "预算绩效法"),
        ("signed", "1970-01-01", 0),
        ("signed", "2022-06-29", 19172),
        ("months", [1, 2, 3], (1, 2, 3)),
        ("months", (), ()),
        ("rows", [["1970-01-02"], [], ("1969-12-31", "1970-01-01")], ((1,), (), (-1, 0))),
    ],
)
def test_facts_take_the_form_programs_read(name: str, given: Any, admitted: Any) -> None:
    assert repr(admit(FACTS, {name: given})) == repr({name: admitted})


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("amount", 2**63, "amount: must be int"),
        ("amount", True, "amount: must be int"),
        ("amount", 1.0, "amount: must be int"),
        ("amount", "1", "amount: must be int"),
        ("amount", None, "amount: must be int"),
        ("open", 1, "open: must be bool"),
        ("code", "123456", "code: must have at most 5 characters, not 6"),
        ("code", b"1", "code: must be string"),
        ("signed", "2022-02-29", "signed: the calendar has no 2022-02-29"),
        ("signed", "2022-06-29T00", "signed: a date must be written YYYY-MM-DD"),
        ("signed", "2022-06-29\n", "signed: a date must be written YYYY-MM-DD"),
        ("signed", 19172, "signed: must be date"),
        ("months", [1, 2, 3, 4], "months: must have at most 3 elements, not 4"),
        ("months", [1, True], r"months: must be list\(int\)"),
        ("months", 1, r"months: must be list\(int\)"),
        ("months", {1, 2}, r"months: must be list\(int\)"),
        ("rows", ["1970-01-01"], r"rows: must be list\(list\(date\)\)"),
        ("rows", [["1970-01-01"] * (LIST_LENGTH_MAX + 1)], "rows: must have at most 1000 elements"),
        ("mouths", [1], "mouths: is not declared as a fact"),
    ],
)
def test_a_wrong_fact_is_named(name: str, given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        admit(FACTS, {name: given})


def test_a_string_without_declared_length_has_one_all_the_same() -> None:
    with pytest.raises(ValueError, match="at most 10000 characters"):
        admit({"text": Fact(STRING)}, {"text": "预" * (STRING_LENGTH_MAX + 1)})


def test_a_missing_fact_is_unknown_not_wrong() -> None:
    assert admit(FACTS, {"amount": 1}) == {"amount": 1}


@given(st.dates())
def test_dates_are_days_and_back(date: Any) -> None:
    assert days_of(date.isoformat()) == date.toordinal() - 719_163
    assert date_of_days(days_of(date.isoformat())) == date.isoformat()


def test_the_first_and_last_day() -> None:
    assert (date_of_days(DAY_MIN), date_of_days(DAY_MAX)) == ("0001-01-01", "9999-12-31")


def test_values_are_shown_as_they_are_written() -> None:
    assert shown(((0,), ()), list_of(list_of(DATE))) == [["1970-01-01"], []]
    assert shown(0, INT) == 0


@pytest.mark.parametrize("text", ["int", "bool", "string", "date", "list(int)", "list(list(string))"])
def test_types_are_written_as_they_are_read(text: str) -> None:
    assert str(type_named(text)) == text


@pytest.mark.parametrize(
    "text", ["", "Int", "list", "list()", "list(int", "list int", "int)", "list(int))", "nothing", "uint", "map(int)"]
)
def test_other_types_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a type must be"):
        type_named(text)


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        (INT, INT, INT),
        (INT, STRING, None),
        (INT, list_of(INT), None),
        (list_of(NOTHING), list_of(INT), list_of(INT)),
        (list_of(NOTHING), list_of(list_of(INT)), list_of(list_of(INT))),
        (list_of(list_of(NOTHING)), list_of(INT), None),
        (list_of(NOTHING), INT, None),
        (NOTHING, BOOL, BOOL),
    ],
)
def test_two_types_join_or_do_not(left: Type, right: Type, joined: Type | None) -> None:
    assert join(left, right) == joined
    assert join(right, left) == joined


# --- Suggestions ---


@pytest.mark.parametrize(
    ("left", "right", "count"),
    [
        ("", "", 0),
        ("abc", "", 3),
        ("abc", "abc", 0),
        ("abc", "axc", 1),
        ("abc", "acb", 1),
        ("abc", "abxc", 1),
        ("kitten", "sitting", 3),
    ],
)
def test_edits_are_counted(left: str, right: str, count: int) -> None:
    assert edits(left, right) == edits(right, left) == count


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("payment.amount_fen", "payment.amount_fen"),
        ("payment.ammount_fen", "payment.amount_fen"),
        ("payment.amount", "payment.amount_fen"),
        ("amount_fen", "payment.amount_fen"),
        ("paymnet.purpose", "payment.purpose"),
        ("line.amount_fen", "payment.amount_fen"),
        ("entirely.different", ""),
        ("x" * 81, ""),
    ],
)
def test_the_nearest_name_is_suggested(word: str, meant: str) -> None:
    names = ["payment.purpose", "payment.amount_fen", "line.available_fen"]
    assert nearest(word, names) == nearest(word, reversed(names)) == meant
