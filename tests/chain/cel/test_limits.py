"""Whatever is written, reading it ends, soon and without recursion; whatever is run costs no more than allowed."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tidy import ROOT

from mingzhang.chain.cel import (
    INT,
    STRING,
    BudgetExceeded,
    CelError,
    Checked,
    Fact,
    Facts,
    Program,
    admit,
    check,
    list_of,
    parse,
)
from mingzhang.chain.cel.parser import DEPTH_MAX, NODES_MAX, SOURCE_LENGTH_MAX

FACTS = {
    "xs": Fact(list_of(INT), length_max=20),
    "names": Fact(list_of(STRING), length_max=10),
    "rows": Fact(list_of(list_of(INT)), length_max=5),
    "text": Fact(STRING, length_max=640),
    "n": Fact(INT),
}


def program(text: str) -> Program:
    return Program(check(parse(text), FACTS, None))


def facts(**given: object) -> Facts:
    return admit(FACTS, given)


# --- Reading ---

DEEP: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "(" * n + "1" + ")" * n,
    "lists": lambda n: "[" * n + "1" + "]" * n,
    "indices": lambda n: "xs[" * n + "0" + "]" * n,
    "calls": lambda n: "size([" * n + "1" + "])" * n,
    "conditions": lambda n: "true ? 1 : " * n + "1",
    "minus": lambda n: "-(" * n + "1" + ")" * n,
    "sums": lambda n: "1 + " * n + "1",
    "alternation": lambda n: "(true || false && " * n + "true" + ")" * n,
    "macros": lambda n: "xs.all(x, " * n + "true" + ")" * n,
    "members": lambda n: "xs" + ".map(x, x)" * n,
}


@pytest.mark.parametrize("form", DEEP)
def test_deep_text_is_refused_before_it_hurts(form: str) -> None:
    """Either too long, or too large or deep; never RecursionError."""
    for times in (DEPTH_MAX + 1, 300, 200_000):
        with pytest.raises(CelError) as caught:
            check(parse(DEEP[form](times)), FACTS, None)
        assert caught.value.kind == "limit"


@pytest.mark.parametrize("form", sorted(set(DEEP) - {"indices"}))
def test_what_cel_asks_for_is_well_within_the_limits(form: str) -> None:
    """CEL wants 24 conditions in a row, 32 brackets, 12 of the others."""
    program(DEEP[form](32)).run(facts(xs=[1]))


@pytest.mark.parametrize("form", ["lists", "sums", "conditions", "macros", "members"])
def test_the_deepest_that_can_be_read_can_be_run(form: str) -> None:
    program(DEEP[form](DEPTH_MAX - 1)).run(facts(xs=[1]), 10**30)


def test_indices_nest_as_deep_as_cel_asks() -> None:
    assert program(DEEP["indices"](24)).run(facts(xs=[0])) == 0


def test_long_flat_text_is_fine_up_to_the_limit() -> None:
    terms = NODES_MAX - 1
    assert program(" && ".join(["true"] * terms)).run({}) is True
    with pytest.raises(CelError, match="too large"):
        parse(" && ".join(["true"] * (terms + 1)))
    assert len(parse("1" + " " * (SOURCE_LENGTH_MAX - 1)).nodes) == 1
    with pytest.raises(CelError, match="at most 4000 characters"):
        parse("1" + " " * SOURCE_LENGTH_MAX)


def test_the_longest_texts_without_an_end_are_refused_at_once() -> None:
    for text in (
        "'" * 3999,
        '"""' + "\\a" * 1998,
        "'" + "\\" * 3998,
        "//" * 2000,
        "0x" + "f" * 3998,
        "9" * 4000,
        "!" * 4000,
    ):
        with pytest.raises(CelError):
            parse(text)


PIECES = st.lists(
    st.sampled_from(
        [*"()[]{}?:.,!-+*/%<>=&|'\"\\ \n0159axuUbr_预😀\x00\u2028", " in ", "true", "xs", ".all(x, ", "has("]
    ),
    max_size=40,
).map("".join)


@given(PIECES)
def test_any_text_is_an_expression_or_a_mistake_with_a_place(text: str) -> None:
    found: Checked | CelError
    try:
        found = check(parse(text), FACTS, None)
    except CelError as error:
        found = error
    if isinstance(found, CelError):
        lines = text.split("\n")
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1
    else:
        nodes = found.expression.nodes
        assert all(child < index for index, node in enumerate(nodes) for child in node.children)
        assert nodes[-1].start == 0


# --- Steps ---


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1", 1),
        ("1 + 2 * 3", 5),
        ("true || 1 / 0 == 1", 7),  # what is not reached counts like what is
        ("n > 1 ? n : -n", 7),
        ("xs.all(x, x > 0)", 2 + 4 * 3),
        ("xs.all(x, x < 0)", 2 + 4 * 3),  # stops at the first, and costs the same
        ("true || xs.all(x, x > 0)", 4),  # not reached: its elements are not charged
        ("rows.map(row, row.map(x, x + 1))", 2 + 2 * 2 + (2 + 1) * 3),
        ("3 in xs", 3 + 4),
        ("xs == xs", 3 + 4),
        ("xs + xs", 3 + 8),
        ("rows == rows", 3 + 2 + 3),
        ("max(xs)", 2 + 4),
        ("text + text", 3 + 2 * 320 // 32),
        ("text.contains('x')", 3 + 10),
        ("text == text", 3),
    ],
)
def test_a_run_takes_as_many_steps_as_the_book_says(text: str, steps: int) -> None:
    made = program(text)
    given_facts = facts(xs=[1, 2, 3, 4], rows=[[1, 2], [3]], text="预" * 320, n=5)
    assert made.outcome(given_facts).steps == steps
    assert made.outcome(given_facts, steps).exceeded is False
    assert made.outcome(given_facts, steps - 1).exceeded is True
    with pytest.raises(BudgetExceeded):
        made.run(given_facts, steps - 1)


def test_running_out_of_steps_is_absorbed_by_nothing() -> None:
    """An error may be overruled by the other side; not knowing may not."""
    made = program("xs.all(x, x > 0) || true")
    assert made.outcome(facts(xs=[1] * 20), 30).exceeded is True


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("n > 1 && n < 5", 7),
        ("xs.exists(x, x == n)", 2 + 20 * 3),
        ("names.exists(name, name.contains('a'))", 2 + 10 * (3 + 10_000 // 32)),
        ("rows.all(row, row.all(x, x > 0))", 2 + 5 * (2 + 1_000 * 3)),
        ("xs.filter(x, x > 0).map(x, x * 2) == xs", 5 + 20 * 3 + 20 * 3 + 20),
        ("(xs + [1, 2]).all(x, x > 0)", 6 + 22 + 22 * 3),
        ("[text, 'a'].all(t, t + t == '')", 4 + 2 * (5 + 640 * 2 // 32)),
    ],
)
def test_the_bound_follows_from_the_declared_lengths(text: str, bound: int) -> None:
    assert program(text).cost_bound == bound


# --- The same everywhere ---

DIGEST = """
import hashlib, random
from tests.chain.cel import agreement
maker = agreement.Maker(random.Random(5))
digest = hashlib.sha256()
for _ in range(300):
    text = maker.expression(maker.chance.choice(agreement.TYPES), 3)
    try:
        made = agreement.Program(agreement.check(agreement.parse(text), agreement.DECLARED, None))
    except agreement.CelError as error:
        digest.update(error.sentence_zh().encode())
        continue
    outcome = made.outcome(agreement.ADMITTED)
    digest.update(repr((outcome.value, str(outcome.error), outcome.steps, made.cost_bound, made.facts_read())).encode())
print(digest.hexdigest())
"""


@pytest.mark.real
def test_results_and_steps_do_not_depend_on_the_process() -> None:
    pytest.importorskip("cel_expr_python")
    printed = set()
    for seed in ("0", "1", "4242"):
        command = [sys.executable, "-c", DIGEST]
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
        printed.add(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)
    assert len(printed) == 1
