"""Payments judged by a table: which row decides, what it says, and what happens when a rule itself fails."""

from typing import Any

import pytest
from tests.chain.tables.books import BOOK, FACTS, HOOK, book, findings, row

from mingzhang.chain.cel import Seen
from mingzhang.chain.codec import decode, encode
from mingzhang.chain.tables import BOOK_STEPS_MAX, Fault, RowReport, Table, Verdict, check_book
from mingzhang.chain.tables.book import Book


def judged(on: str = "2022-06-29", table: Table | None = None, **facts: Any) -> Verdict:
    given = FACTS | {name.replace("__", "."): value for name, value in facts.items()}
    return (table or Table(book(), HOOK)).judge({name: v for name, v in given.items() if v is not None}, on=on)


def rows(verdict: Verdict) -> list[str]:
    return [hit.row for hit in verdict.hits]


LARGE = {"payment__amount_fen": 500_001}


@pytest.mark.parametrize(
    ("what", "facts", "decision", "deciding"),
    [
        ("an ordinary payment", {}, "allow", [""]),
        ("all that is available", {"line__available_fen": 30_000}, "allow", [""]),
        ("a fen over the line", {"line__available_fen": 29_999}, "refuse", ["over-line"]),
        ("a repeated invoice", {"payment__repeated": True}, "hold", ["repeated"]),
        ("over the line and repeated", {"line__available_fen": 0, "payment__repeated": True}, "refuse", ["over-line"]),
        ("at the limit", {"payment__amount_fen": 500_000}, "allow", [""]),
        ("a fen over the limit without contract", {"payment__amount_fen": 500_001}, "require_file", ["large"]),
        ("with contract", {"payment__amount_fen": 500_001, "payment__file": "c"}, "allow", [""]),
        ("another economic code", {"payment__amount_fen": 500_001, "payment__economic_code": "31002"}, "allow", [""]),
        ("the day before year end", LARGE | {"payment__business_date": "2022-12-20"}, "require_file", ["large"]),
        ("year end", LARGE | {"payment__business_date": "2022-12-21"}, "hold", ["year-end"]),
        ("two small payments to the same payee", {"payment__recent_fen": [500_000, 1]}, "allow", ["split"]),
        ("one of them large", {"payment__recent_fen": [500_001, 1]}, "allow", [""]),
    ],
)  # fmt: skip
def test_the_row_that_applies_decides(what: str, facts: dict[str, Any], decision: str, deciding: list[str]) -> None:
    verdict = judged(**facts)
    assert (verdict.decision, rows(verdict), verdict.faults) == (decision, deciding, ())


def test_the_hit_says_what_it_saw_and_why() -> None:
    (hit,) = judged(line__available_fen=29_999).hits
    assert hit.message_zh == "金额 300.00 超过可用余额 299.99"
    assert hit.message_en == "The amount 300.00 exceeds what is available, 299.99"
    assert hit.basis == "预算法第13条"
    assert hit.facts == {"payment.amount_fen": 30_000, "line.available_fen": 29_999}
    (hit,) = judged(payment__amount_fen=600_000, payment__business_date="2022-12-28").hits
    assert hit.message_zh == "2022-12-28 属年底，金额超过 5,000.00"
    assert hit.facts["limit.year_end"] == "2022-12-21"
    assert (hit.effect.roles, hit.effect.approvals, hit.effect.days) == (["finance_treasury", "finance_budget"], 2, 3)


def test_parameters_are_those_of_the_date() -> None:
    facts: dict[str, Any] = {"payment__amount_fen": 400_000}
    assert rows(judged(on="2022-12-31", **facts)) == [""]
    assert rows(judged(on="2023-01-01", **facts)) == ["large"]


# --- Failing safely ---


def test_a_fact_that_is_not_known_holds_the_payment() -> None:
    verdict = judged(payment__repeated=None)
    assert (verdict.decision, verdict.hits) == ("hold", ())
    assert verdict.faults == (Fault(kind="no_such_fact", row="repeated", fact="payment.repeated"),)


def test_under_first_nothing_below_a_row_that_fails_counts() -> None:
    verdict = judged(payment__repeated=None, payment__amount_fen=600_000)
    assert (verdict.decision, rows(verdict), len(verdict.faults)) == ("hold", [], 1)


def test_a_row_above_that_applies_decides_although_one_below_fails() -> None:
    assert judged(line__available_fen=0, payment__repeated=None).decision == "refuse"


def test_a_condition_that_is_false_anyway_needs_no_other_fact() -> None:
    """year-end asks for amount and date; a small amount decides alone."""
    assert judged(payment__business_date=None).decision == "allow"
    assert judged(payment__business_date=None, payment__amount_fen=600_000).faults[0].fact == "payment.business_date"


def test_a_parameter_that_does_not_hold_yet_is_not_known() -> None:
    verdict = judged(on="2021-12-31")
    assert (verdict.decision, verdict.faults[0].fact) == ("hold", "limit.single_fen")


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ("payment.amount_fen * 9223372036854775807 > 0", "overflow"),
        ("payment.amount_fen / (payment.amount_fen - 30000) > 0", "division_by_zero"),
        ("payment.recent_fen[0] > 0", "index_out_of_range"),
        ("max(payment.recent_fen) > 0", "empty_list"),
        ("payment.business_date + 9999999 > payment.business_date", "date_out_of_range"),
    ],
)
def test_a_rule_that_fails_holds_and_says_how(when: str, kind: str) -> None:
    faulty = Table(book(rows=[row("faulty", when=when)]), HOOK)
    assert judged(table=faulty) == Verdict(
        decision="hold", hits=(), faults=(Fault(kind=kind, row="faulty"),), steps=faulty.programs[0].cost
    )


def test_a_book_that_costs_too_much_is_refused_before_and_holds_if_it_is_used_all_the_same() -> None:
    when = "payment.recent_fen.all(a, payment.recent_fen.all(b, payment.recent_fen.all(c, a + b + c >= 0)))"
    costly = book(rows=[row("costly", when=when)])
    assert findings(costly) == [("mistake", "cost", "costly", "")]
    verdict = judged(table=Table(costly, HOOK), payment__recent_fen=[1] * 50)
    assert (verdict.decision, [fault.kind for fault in verdict.faults]) == ("hold", ["budget_exceeded"])
    assert verdict.steps <= BOOK_STEPS_MAX


# --- Hit policies ---

THREE = [
    row("small", amount="< 100", effect={"kind": "record"}),
    row("middle", amount=">= 50 && < 1000", effect={"kind": "warn", "level": "blue"}),
    row("known", code='"30201"', effect={"kind": "refuse"}),
]


def test_collect_takes_all_that_apply_and_the_strictest_decides() -> None:
    table = Table(book(hit_policy="COLLECT", rows=THREE), HOOK)
    assert rows(judged(table=table, payment__amount_fen=70)) == ["small", "middle", "known"]
    assert judged(table=table, payment__amount_fen=70).decision == "refuse"
    assert judged(table=table, payment__amount_fen=70, payment__economic_code="x").decision == "allow"
    verdict = judged(table=table, payment__amount_fen=None)
    assert (verdict.decision, rows(verdict), len(verdict.faults)) == ("refuse", ["known"], 2)
    verdict = judged(table=table, payment__amount_fen=None, payment__economic_code="x")
    assert (verdict.decision, rows(verdict)) == ("hold", [])


def test_unique_holds_when_two_rows_apply() -> None:
    table = Table(book(hit_policy="UNIQUE", rows=THREE[:2]), HOOK)
    assert rows(judged(table=table, payment__amount_fen=49)) == ["small"]
    verdict = judged(table=table, payment__amount_fen=50)
    assert verdict.decision == "hold"
    assert [(fault.kind, fault.row) for fault in verdict.faults] == [
        ("several_rows", "small"),
        ("several_rows", "middle"),
    ]


def test_no_row_without_otherwise_holds() -> None:
    table = Table(book(rows=THREE[:2], otherwise=None), HOOK)
    assert judged(table=table, payment__amount_fen=5_000).faults == (Fault(kind="no_row"),)


# --- Why ---


def why(name: str, **facts: Any) -> RowReport:
    given = FACTS | {fact.replace("__", "."): value for fact, value in facts.items()}
    (report,) = [report for report in Table(book(), HOOK).why(given, on="2022-06-29") if report.row == name]
    return report


def test_the_failing_cell_and_what_would_turn_it_are_told() -> None:
    report = why("large", payment__file="c")
    assert report.outcome == "does_not_apply"
    amount, code, file = report.cells
    assert (amount.part, amount.value, amount.turned) == ("amount", False, "payment.amount_fen > 500000")
    assert amount.operands == (Seen("payment.amount_fen", 30_000), Seen("limit.single_fen", 500_000))
    assert (code.part, code.value, code.turned) == ("code", True, '!(payment.economic_code.startsWith("302"))')
    assert (file.part, file.value, file.turned) == ("when", False, "!(has(payment.file))")


def test_what_would_let_a_refused_payment_pass() -> None:
    report = why("over-line", line__available_fen=29_999)
    assert report.outcome == "applies"
    assert [cell.turned for cell in report.cells] == ["payment.amount_fen <= 29999"]
    report = why("year-end", payment__amount_fen=600_000, payment__business_date="2022-12-28")
    assert [cell.turned for cell in report.cells] == [
        "payment.amount_fen <= 500000",
        'payment.business_date < date("2022-12-21")',
    ]


def test_an_unknown_fact_is_told_in_its_cell() -> None:
    given = {name: value for name, value in FACTS.items() if name != "payment.repeated"}
    report = Table(book(), HOOK).why(given, on="2022-06-29")[1]
    assert (report.outcome, report.cells[0].error, report.cells[0].turned) == ("fault", "no_such_fact", "")


# --- The form ---


def test_a_book_is_the_same_after_going_through_the_ledger() -> None:
    written = book()
    assert decode(encode(written), Book) == written
    assert Table(decode(encode(written), Book), HOOK).judge(FACTS, on="2022-06-29") == judged()


def test_a_wrong_fact_is_the_fault_of_its_maker() -> None:
    with pytest.raises(ValueError, match=r"payment.amount_fen: must be int"):
        judged(payment__amount_fen="30000")
    with pytest.raises(ValueError, match=r"limit.single_fen: is not declared"):
        judged(limit__single_fen=1)


def test_yaml_of_the_example_is_free_of_findings() -> None:
    assert BOOK.count("- row:") == len(book().rows)
    assert check_book(book(), HOOK) == ()
