"""What a check says of the cases that rows cover, against trying every case there is."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.tables.books import HOOK, book, findings, row

from mingzhang.chain.tables import Table

AMOUNTS, CODES = range(1, 9), ("", "a", "aa", "b", "c")  # what conditions name, and what lies between
CASES: list[dict[str, Any]] = [
    {"payment.amount_fen": amount, "payment.economic_code": code, "payment.repeated": repeated}
    for amount, code, repeated in product(AMOUNTS, CODES, (False, True))
]

number = st.integers(0, 6).map(str)
comparison = st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), number).map(" ".join)
amount = st.one_of(
    st.just("-"),
    comparison,
    st.tuples(comparison, comparison).map(" && ".join),
    st.lists(number, min_size=1, max_size=3).map(lambda listed: f"in [{', '.join(listed)}]"),
)
code = st.sampled_from(["", '"a"', '"b"', '!= "a"', 'in ["a", "b"]', '> "a"', '<= "b"'])
repeated = st.sampled_from(["", "true", "false", "!= true"])
condition = st.one_of(
    st.just(""),
    st.just("payment.repeated"),
    comparison.map(lambda asked: f"!(payment.amount_fen {asked})"),
    st.tuples(comparison, comparison).map(lambda two: f"payment.amount_fen {two[0]} || payment.amount_fen {two[1]}"),
    st.tuples(comparison, comparison).map(lambda two: f"!(payment.amount_fen {two[0]} && payment.amount_fen {two[1]})"),
)
one_row = st.fixed_dictionaries({"amount": amount, "code": code, "repeated": repeated, "when": condition})


@settings(max_examples=300, deadline=None)
@given(st.lists(one_row, min_size=1, max_size=5), st.sampled_from(["FIRST", "UNIQUE", "COLLECT"]))
def test_what_is_found_is_what_trying_every_case_finds(asked: list[dict[str, str]], policy: str) -> None:
    rows = [row(f"row-{at}", **conditions) for at, conditions in enumerate(asked)]
    made = book(rows=rows, hit_policy=policy, otherwise=None, parameters=[])
    table = Table(made, HOOK)
    covered = [
        {at for at, case in enumerate(CASES) if program.run(table.admit(case, on="2022-01-01"))}
        for program in table.programs
    ]
    expected = {("never", f"row-{at}", "") for at, cases in enumerate(covered) if not cases}
    for at, cases in enumerate(covered):
        above = covered[:at]
        if policy == "FIRST" and cases and cases <= set().union(*above):
            expected.add(("unreachable", f"row-{at}", ""))
        if policy == "UNIQUE":
            expected |= {
                ("overlap", f"row-{at}", f"row-{other}")
                for other, cases_above in enumerate(above)
                if cases & cases_above
            }
    if len(set().union(*covered)) < len(CASES):
        expected.add(("gap", "", ""))
    found = findings(made)
    assert {(kind, name, part) for _weight, kind, name, part in found} == expected
    assert {weight for weight, *_ in found} <= {"mistake"}
