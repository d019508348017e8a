"""Why a payment was held: each clause of the rule with what it saw."""

from typing import Any

from mingzhang.chain.cel import DATE, INT, STRING, Clause, Fact, Program, Seen, admit, check, explain, list_of, parse

FACTS = {
    "payment.amount_fen": Fact(INT),
    "payment.business_date": Fact(DATE),
    "payment.invoice": Fact(STRING, optional=True),
    "line.available_fen": Fact(INT),
    "payment.payee": Fact(STRING),
    "payee.blocked": Fact(list_of(STRING)),
    "plan.months_fen": Fact(list_of(INT)),
}
GIVEN: dict[str, Any] = {
    "payment.amount_fen": 60_000,
    "payment.business_date": "2022-12-28",
    "line.available_fen": 50_000,
    "payment.payee": "乙公司",
    "payee.blocked": ["甲公司"],
    "plan.months_fen": [100, -5, 0],
}


def explained(text: str, **more: Any) -> tuple[Clause, ...]:
    return explain(Program(check(parse(text), FACTS)), admit(FACTS, {**GIVEN, **more}))


def test_each_clause_shows_its_text_value_and_facts() -> None:
    text = (
        "payment.amount_fen <= line.available_fen && "
        "(payment.business_date < date('2022-12-25')  && !(payment.payee in payee.blocked))"
    )
    over, late, fine = explained(text)
    assert over == Clause(
        text="payment.amount_fen <= line.available_fen",
        value=False,
        error="",
        facts=(Seen("payment.amount_fen", 60_000), Seen("line.available_fen", 50_000)),
        operands=(Seen("payment.amount_fen", 60_000), Seen("line.available_fen", 50_000)),
    )
    assert (late.text, late.value) == ("payment.business_date < date('2022-12-25')", False)
    assert late.operands[0] == Seen("payment.business_date", "2022-12-28")
    assert late.operands[1] == Seen("date('2022-12-25')", "2022-12-25")
    assert (fine.text, fine.value) == ("!(payment.payee in payee.blocked)", True)
    assert fine.facts == (Seen("payment.payee", "乙公司"), Seen("payee.blocked", ["甲公司"]))


def test_computed_sides_show_what_they_came_to() -> None:
    (clause,) = explained("payment.amount_fen * 10 > line.available_fen + 1")
    assert [(seen.text, seen.value) for seen in clause.operands] == [
        ("payment.amount_fen * 10", 600_000),
        ("line.available_fen + 1", 50_001),
    ]


def test_alternatives_are_shown_one_by_one() -> None:
    (clause,) = explained("payment.amount_fen < 100 || payment.invoice == 'x' || payment.payee == ''")
    assert clause.error == "no_such_fact"
    assert [(seen.text, seen.value, seen.error) for seen in clause.operands] == [
        ("payment.amount_fen < 100", False, ""),
        ("payment.invoice == 'x'", None, "no_such_fact"),
        ("payment.payee == ''", False, ""),
    ]
    assert Seen("payment.invoice", None, "no_such_fact") in clause.facts


def test_clauses_after_the_first_false_one_are_shown_too() -> None:
    first, second, third = explained("false && 1 / 0 == 1 && payment.amount_fen > 0")
    assert (first.value, second.error, third.value) == (False, "division_by_zero", True)


def test_the_element_that_decided_is_named() -> None:
    (clause,) = explained("plan.months_fen.all(m, m >= 0)")
    assert clause.element == Seen("plan.months_fen[1]", -5)
    (clause,) = explained("plan.months_fen.exists(m, 100 / m == 1)")
    assert clause.element == Seen("plan.months_fen[0]", 100)
    (clause,) = explained("plan.months_fen.all(m, m >= -5)")
    assert (clause.value, clause.element) == (True, None)
    (clause,) = explained("plan.months_fen.exists_one(m, m == 0)")
    assert clause.element is None


def test_a_clause_that_costs_too_much_says_so() -> None:
    program = Program(check(parse("plan.months_fen.all(m, m >= 0) && true"), FACTS))
    clauses = explain(program, admit(FACTS, GIVEN), budget=5)
    assert [clause.error for clause in clauses] == ["budget_exceeded", ""]


def test_asking_about_presence_counts_as_reading() -> None:
    program = Program(check(parse("has(payment.invoice) && payment.amount_fen > 0 && payment.amount_fen < 9"), FACTS))
    assert program.facts_read() == ("payment.invoice", "payment.amount_fen")
    absent, *_ = explain(program, admit(FACTS, GIVEN))
    assert (absent.value, absent.facts) == (False, (Seen("payment.invoice", None, "no_such_fact"),))
