"""Our style as a test. Every message reads `path:line: what; what to do instead; why`.

The checks are in tidy.py and tidy_chain.py. Below each look at the tree stand bad samples that the check must find, and
good ones it must leave alone, so that a check that has gone blind is noticed.
"""

import re
import tomllib
from collections.abc import Callable

import pytest
from tests import tidy, tidy_chain
from tests.tidy import ROOT, Problem

# Longer than the rule, with the reason. Keep it short: a new entry needs one that a reviewer would accept.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {
    "bench/lists.py::lists": "a table of what is asked, one entry a list; it is read beside the figures",
}
MANY_POSITIONAL: dict[str, str] = {}

TRACKED = tidy.tracked_files()
PYTHON = [path for path in TRACKED if path.endswith(".py") and path.startswith(("src/", "tests/", "bench/"))]
SOURCE = [path for path in PYTHON if path.startswith("src/")]
IN_CHAIN = [path for path in SOURCE if path.startswith(tidy_chain.CHAIN)]
CONTRACTS = [
    path for path in IN_CHAIN if path.startswith(tidy_chain.CONTRACTS) and not path.endswith("__init__.py")
]

Check = Callable[[str, str], list[Problem]]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def must_be_tidy(paths: list[str], check: Check) -> None:
    problems = [problem for path in paths for problem in check(path, read(path))]
    if problems:
        pytest.fail("\n".join(map(str, problems)), pytrace=False)


def found(check: Check, sample: str, path: str = tidy_chain.CHAIN + "sample.py") -> list[int]:
    return [problem.line for problem in check(path, sample)]


# --- Every Python file -----------------------------------------------------------------------------------------------


def test_a_file_opens_with_a_docstring() -> None:
    must_be_tidy(PYTHON, tidy.check_docstring)


def test_a_file_fits_into_a_head() -> None:
    must_be_tidy(PYTHON, lambda path, text: tidy.check_file_length(path, text, LONG_FILES))


def test_a_function_fits_on_a_screen() -> None:
    must_be_tidy(PYTHON, lambda path, text: tidy.check_function_length(path, text, LONG_FUNCTIONS))


def test_parameters_are_named_beyond_three() -> None:
    must_be_tidy(SOURCE, lambda path, text: tidy.check_positional(path, text, MANY_POSITIONAL))


def test_nothing_is_promised_without_a_reference() -> None:
    must_be_tidy(PYTHON, tidy.check_todo)


def test_exemptions_are_still_needed() -> None:
    unneeded = [path for path in LONG_FILES if not tidy.check_file_length(path, read(path))]
    for exemptions, check in (
        (LONG_FUNCTIONS, tidy.check_function_length),
        (MANY_POSITIONAL, tidy.check_positional),
    ):
        for place in exemptions:
            path, name = place.split("::")
            if not any(problem.what.startswith(name + " ") for problem in check(path, read(path))):
                unneeded.append(place)
    assert not unneeded, f"take these out of the lists above, they keep the rule now: {unneeded}"


LINE = "x = 1\n"
BODY = "    x = 1\n"


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (tidy.check_docstring, "import ast\n"),
        (tidy.check_docstring, "# a comment is none\nx = 1\n"),
        (tidy.check_file_length, LINE * 401),
        (tidy.check_function_length, "def f() -> None:\n" + BODY * 60),
        (tidy.check_function_length, "class C:\n    async def f(self) -> None:\n" + "        x = 1\n" * 60),
        (tidy.check_positional, "def f(a, b, c, d): ...\n"),
        (tidy.check_positional, "def f(a, /, b, c, d): ...\n"),
        (tidy.check_positional, "class C:\n    def f(self, a, b, c, d): ...\n"),
        (tidy.check_positional, "class C:\n    @staticmethod\n    def f(a, b, c, d): ...\n"),
        (tidy.check_todo, "x = 1  # TODO later\n"),
        (tidy.check_todo, "# FIXME: wrong in leap years\n"),
        (tidy.check_todo, "# TODO(somebody)\n"),
    ],
)
def test_departures_are_found(check: Check, bad: str) -> None:
    assert len(found(check, bad)) == 1


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (tidy.check_docstring, ""),
        (tidy.check_docstring, '"""What lives here."""\n'),
        (tidy.check_file_length, LINE * 400),
        (tidy.check_function_length, "def f() -> None:\n" + BODY * 59),
        (tidy.check_function_length, 'def f() -> None:\n    """Long.' + "\n" * 20 + '    """\n' + BODY * 59),
        (tidy.check_positional, "def f(a, b, c, *, d, e): ...\n"),
        (tidy.check_positional, "class C:\n    def f(self, a, b, c): ...\n"),
        (tidy.check_todo, "# TODO(ADR 0007) once replication is there\n"),
        (tidy.check_todo, "x = 'TODO in a text is no promise'\n"),
    ],
)
def test_good_style_is_left_alone(check: Check, good: str) -> None:
    assert found(check, good) == []


def test_a_message_says_where_what_instead_and_why() -> None:
    (problem,) = tidy_chain.check_imports("src/mingzhang/chain/x.py", "import json\nimport time\n")
    assert str(problem) == "src/mingzhang/chain/x.py:2: imports time; use block.time; nodes have different clocks"


# --- chain: the same on every node -----------------------------------------------------------------------------------

PURITY: dict[str, Check] = {
    "imports": tidy_chain.check_imports,
    "arithmetic": tidy_chain.check_arithmetic,
    "words": tidy_chain.check_words,
    "patterns": tidy_chain.check_patterns,
    "recursion": tidy_chain.check_recursion,
    "set_order": tidy_chain.check_set_order,
}


@pytest.mark.parametrize("check", PURITY.values(), ids=PURITY.keys())
def test_chain_is_pure(check: Check) -> None:
    must_be_tidy(IN_CHAIN, check)


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        ("imports", "import time"),
        ("imports", "from datetime import date"),
        ("imports", "import os.path"),
        ("imports", "def f():\n    from random import choice"),
        ("imports", "import threading"),
        ("imports", "import cryptography"),
        ("imports", "import some_new_thing"),
        ("arithmetic", "x = 1.5"),
        ("arithmetic", "x = 1e3"),
        ("arithmetic", "x = a / b"),
        ("arithmetic", "x /= 2"),
        ("words", "x = hash(key)"),
        ("words", "x = float(text)"),
        ("words", "x = round(a)"),
        ("words", "assert amount > 0"),
        ("words", "def f():\n    global height"),
        ("words", "x = name.upper()"),
        ("words", "x = code.isdigit()"),
        ("words", "x = self.name.casefold()"),
        ("patterns", r"x = re.compile(r'\d+')"),
        ("patterns", r"x = re.fullmatch(r'[\w]', text)"),
        ("recursion", "def f(n):\n    return f(n - 1)"),
        ("recursion", "class C:\n    def f(self):\n        return self.f()"),
        ("recursion", "class C:\n    @classmethod\n    def f(cls):\n        return C.f()"),
        ("set_order", "for x in {1, 2}: pass"),
        ("set_order", "for x in set(names): pass"),
        ("set_order", "x = [n for n in {n for n in names}]"),
        ("set_order", "x = list(frozenset(names))"),
        ("set_order", "x = ','.join({'a', 'b'})"),
        ("set_order", "x = (*set(names),)"),
        ("set_order", "def f(seen: set[str]):\n    for x in seen: pass"),
        ("set_order", "def f():\n    seen = set()\n    for x in seen: pass"),
        ("set_order", "class C:\n    seen: frozenset[str]\n    def f(self):\n        return tuple(self.seen)"),
        ("set_order", "def g() -> set[str]: ...\ndef f():\n    for x in g(): pass"),
        ("set_order", "def f(a: set[str], b):\n    for x in a | b: pass"),
        ("set_order", "def f(a: set[str]):\n    return a.pop()"),
    ],
)
def test_what_differs_between_nodes_is_found(check: str, bad: str) -> None:
    assert len(found(PURITY[check], bad)) == 1


@pytest.mark.parametrize(
    ("check", "good"),
    [
        ("imports", "from collections.abc import Iterator\nimport msgspec\nfrom mingzhang.chain.codec import encode"),
        ("arithmetic", "x = a // b\ny = '1.5'\nz = a * 10_000 % b"),
        ("words", "x = text.isascii()\ny = text.startswith('a')"),
        ("words", "x = suite.hash(data)"),
        ("patterns", "x = re.compile(r'[0-9]+')\ny = re.compile(r'\\d', re.ASCII)\nz = re.compile(r'\\\\d')"),
        ("recursion", "class C:\n    def get(self):\n        return self.beneath.get()"),
        ("recursion", "def encode(x): ...\nclass C:\n    def encode(self):\n        return encode(self)"),
        ("set_order", "def f(seen: set[str]):\n    return 'a' in seen and sorted(seen) and len(seen)"),
        ("set_order", "def f(seen: set[str]): ...\ndef g(seen: list[str]):\n    for x in seen: pass"),
        ("set_order", "for x in {'a': 1, 'b': 2}: pass"),
    ],
)
def test_what_is_the_same_everywhere_is_left_alone(check: str, good: str) -> None:
    assert found(PURITY[check], good) == []


def test_a_library_of_cryptography_is_for_the_suites_alone() -> None:
    assert found(tidy_chain.check_imports, "import nacl.signing", tidy_chain.CHAIN + "suites.py") == []
    assert found(tidy_chain.check_imports, "import nacl.signing", tidy_chain.CHAIN + "tx.py") == [1]


# --- chain/contracts: one noun, four sections ------------------------------------------------------------------------

KEYS = {path.rsplit("/", 1)[-1].removesuffix(".py"): tidy_chain.keys_of(read(path)) for path in CONTRACTS}


def contracts_order() -> tuple[str, ...]:
    path = ROOT / tidy_chain.CONTRACTS / "__init__.py"
    return tidy_chain.contracts_order(path.read_text(encoding="utf-8")) if path.exists() else ()


def test_a_contract_has_four_sections() -> None:
    must_be_tidy(CONTRACTS, tidy_chain.check_sections)


def test_contracts_leave_each_others_keys_and_rules_alone() -> None:
    must_be_tidy(CONTRACTS, lambda path, text: tidy_chain.check_borrowing(path, text, KEYS))


def test_contracts_use_earlier_ones_only() -> None:
    order = contracts_order()
    must_be_tidy(CONTRACTS, lambda path, text: tidy_chain.check_order(path, text, order))


FOUR = "".join(f"# --- {name} ---\n" for name in tidy_chain.SECTIONS)
OTHERS = {"budgets": {"LINES"}, "payments": {"PAYMENTS"}}
FROM = "from mingzhang.chain.contracts"


@pytest.mark.parametrize(
    "bad", ["x = 1\n", FOUR * 2, FOUR.replace("Keys", "State"), "\n".join(reversed(FOUR.splitlines())), FOUR[:-16]]
)
def test_wrong_sections_are_found(bad: str) -> None:
    assert len(found(tidy_chain.check_sections, bad)) == 1


@pytest.mark.parametrize(
    "bad",
    [
        f"{FROM}.budgets import decide_adjust_line",
        f"{FROM}.budgets import evolve_line_adjusted",
        f"{FROM}.budgets import LINES",
        f"{FROM} import budgets\nx = view.get(budgets.LINES, line_id)",
        f"{FROM} import budgets as b\nx = b.decide_adjust_line(view)",
    ],
)
def test_borrowed_rules_and_keys_are_found(bad: str) -> None:
    problems = tidy_chain.check_borrowing(tidy_chain.CONTRACTS + "payments.py", bad, OTHERS)
    assert len(problems) == 1


def test_good_contracts_are_left_alone() -> None:
    good = f"{FROM}.budgets import LineAdjusted, check_can_pay, get_line\n{FOUR}"
    path = tidy_chain.CONTRACTS + "payments.py"
    assert tidy_chain.check_sections(path, good) == []
    assert tidy_chain.check_borrowing(path, good, OTHERS) == []
    assert tidy_chain.check_order(path, good, ("budgets", "payments")) == []


def test_using_a_later_contract_is_found() -> None:
    bad = f"{FROM} import budgets"
    (problem,) = tidy_chain.check_order(tidy_chain.CONTRACTS + "payments.py", bad, ("payments", "budgets"))
    assert "budgets, which is later" in problem.what


def test_keys_and_order_are_read_from_the_code() -> None:
    keys = "LINES: Key[Line] = Key('line', Line)\nPAID = Key('paid', int)\nMAXIMUM = 1\n"
    assert tidy_chain.keys_of(keys) == {"LINES", "PAID"}
    assert tidy_chain.contracts_order("CONTRACTS = (members, budgets.CONTRACT)\n") == ("members", "budgets")


# --- Texts and dependencies ------------------------------------------------------------------------------------------

TEXTS = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".csv", ".svg", ".sql", ".sh", ".ts", ".vue", ""}


def test_nothing_is_tied_to_one_machine() -> None:
    paths = [path for path in TRACKED if (ROOT / path).suffix in TEXTS and (ROOT / path).stat().st_size < 2_000_000]
    must_be_tidy(paths, tidy.check_places)


@pytest.mark.parametrize(
    "bad",
    [
        "see " + "/wor" + "k/tree/file",
        'open("' + "/ro" + 'ot/.config")',
        "cd /ho" + "me/somebody",
        "data = '../sha" + "red/data'",
        "index = https://pypi" + ".org/simple",
        "from registry" + ".npmjs" + ".org",
    ],
)
def test_a_place_is_found(bad: str) -> None:
    assert found(tidy.check_places, bad, "docs/sample.md") == [1]


@pytest.mark.parametrize("good", ["framework/root/leaf", "root/size", "https://example.com/work/x", "**/work/**"])
def test_other_slashes_are_left_alone(good: str) -> None:
    assert found(tidy.check_places, good, "docs/sample.md") == []


def test_a_resolved_address_in_a_lock_file_is_found() -> None:
    assert found(tidy.check_places, '{\n  "resolved": "https://example.com/x.tgz"\n}', "web/package-lock.json") == [2]


def test_every_dependency_is_pinned_exactly() -> None:
    pinned = {}
    for line in read("constraints.txt").splitlines():
        if line and not line.startswith("#"):
            match = re.fullmatch(r"([A-Za-z0-9_.-]+)==([0-9][0-9A-Za-z.]*)", line)
            assert match, f"constraints.txt: `{line}` must read name==release, nothing else"
            pinned[_normal(match[1])] = match[2]
    project = tomllib.loads(read("pyproject.toml"))["project"]
    asked = sum(project["optional-dependencies"].values(), project["dependencies"])
    missing = [name for name in asked if _normal(re.split(r"[\[<>=!~; ]", name)[0]) not in pinned]
    assert not missing, f"pin these in constraints.txt: {missing}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
