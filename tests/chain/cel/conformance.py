"""CEL's own conformance tests: read, sorted into those in the subset and those outside with the reason, and run.

What falls outside is told from the text and the declarations alone, by patterns that know nothing of our parser, so
that a mistake of ours cannot hide as "not in the subset". The tests themselves are not in this repository.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.chain.cel.textproto import Message, read_textproto

from mingzhang.chain.cel import BOOL, INT, STRING, CelError, Fact, Facts, Program, Type, check, parse

BELOW = Path("conformance/cel-spec/tests/simple/testdata")
"""Where the tests lie below the directory that MINGZHANG_DATA names."""


class Case(NamedTuple):
    """One test; `name` is file/section/test. `expected` is None for an error."""

    name: str
    text: str
    test: Message

    @property
    def section(self) -> str:
        return self.name.rpartition("/")[0]


class Outside(Exception):
    """A type or value that the subset does not have."""


def directory() -> Path | None:
    """The tests' directory, or None where there is none."""
    named = os.environ.get("MINGZHANG_DATA")
    found = Path(named) / BELOW if named else None
    return found if found is not None and found.is_dir() else None


def cases(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.textproto")):
        for section in read_textproto(path.read_text(encoding="utf-8")).get("section", []):
            for test in section.get("test", []):
                name = "/".join([path.stem, section["name"][0].decode(), test["name"][0].decode()])
                yield Case(name, test["expr"][0].decode(), test)


# --- What falls outside, and why ---

STRINGS = re.compile(
    r"(?P<prefix>\b[rRbB]{1,2})?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')",
    re.DOTALL,
)
CALLED = re.compile(r"((?:\b(?:math|cel|base64|strings|net|ip|cidr|proto|lists|sets)\.)?\w+)\s*\(")
OURS = {
    "size", "startsWith", "endsWith", "contains", "math.greatest", "math.least", "has", "all", "exists", "exists_one",
    "filter", "map", "in",
}  # fmt: skip
CONVERSIONS = {"int", "uint", "double", "string", "bytes", "bool", "dyn", "type"}
TIME = re.compile(r"timestamp|duration|get[A-Z]\w+")
PATTERNS = (
    ("uint", re.compile(r"\b(?:[0-9]+|0x[0-9a-fA-F]+)[uU]\b")),
    ("double", re.compile(r"[0-9]\.[0-9]|(?<![\w)\]])\.[0-9]|\b[0-9]+[eE][-+]?[0-9]")),
    ("optional values", re.compile(r"\?\.|\[\?|\boptional\.|\?[a-z_]+:")),
    ("maps and messages", re.compile(r"\{")),
    ("null", re.compile(r"\bnull\b")),
    ("quoted names", re.compile(r"`")),
    ("macros of two variables", re.compile(r"\.(?:all|exists)\(\s*\w+\s*,\s*\w+\s*,")),
)

# What no pattern sees: lists and comparisons of mixed types, which CEL types as dyn.
MIXED = {
    "comparisons/eq_literal/not_eq_list_false_vs_types",
    "comparisons/in_list_literal/elem_in_mixed_type_list",
    "macros/exists/list_elem_type_shortcircuit",
    "macros/exists/list_elem_type_exhaustive",
    "macros/all/list_elem_type_shortcircuit",
    "macros/all/list_elem_type_exhaustive",
}

# Tests that declare a container or turn the checker off, and mean the same without.
WHOLE = {
    f"namespace/namespace_shadowing/{name}"
    for name in (
        "disambiguation", "comprehension_shadowing", "comprehension_shadowing_disambiguation",
        "comprehension_shadowing_nesting", "comprehension_shadowing_parse_only",
    )
}  # fmt: skip


def outside(case: Case) -> str:
    """Why a test does not fall in the subset, or empty."""
    if any("b" in (string["prefix"] or "").lower() for string in STRINGS.finditer(case.text)):
        return "bytes"
    bare = STRINGS.sub("''", case.text)
    called = set(CALLED.findall(bare))
    for reason, pattern in PATTERNS:
        if pattern.search(bare):
            return reason
    if any(TIME.fullmatch(name) for name in called):
        return "time"
    if called & CONVERSIONS:
        return "conversions, type and dyn"
    if "matches" in called:
        return "regular expressions"
    if called - OURS - {""}:
        return "other functions"
    try:
        declared(case), bound(case)
        result(case)
    except Outside as error:
        return str(error)
    if case.name in MIXED:
        return "mixed types"
    if case.name in WHOLE:
        return ""
    if "disable_check" in case.test:
        return "type checker turned off"
    return "containers" if "container" in case.test else ""


# --- Declarations, bindings, results ---

PRIMITIVES = {"INT64": INT, "BOOL": BOOL, "STRING": STRING}


def type_of(message: Message) -> Type:
    lists = 0
    while "list_type" in message:
        message, lists = message["list_type"][0]["elem_type"][0], lists + 1
    primitive = PRIMITIVES.get(message.get("primitive", [""])[0])
    if primitive is None:
        if lists and "dyn" in message:
            return Type("nothing", lists)
        raise Outside("types of facts and results")
    return Type(primitive.kind, lists)


def value_of(message: Message) -> Any:
    ((kind, (value, *_more)),) = message.items()
    if kind == "int64_value":
        return int(value)
    if kind == "bool_value":
        return value == "true"
    if kind == "string_value":
        return value.decode()
    if kind == "list_value":
        return tuple([value_of(item) for item in value.get("values", [])])
    raise Outside("types of facts and results")


def declared(case: Case) -> dict[str, Fact]:
    facts = {}
    for one in case.test.get("type_env", []):
        if "ident" not in one:
            raise Outside("other functions")
        facts[one["name"][0].decode()] = Fact(type_of(one["ident"][0]["type"][0]))
    return facts


def bound(case: Case) -> Facts:
    bindings = case.test.get("bindings", [])
    return {one["key"][0].decode(): value_of(one["value"][0]["value"][0]) for one in bindings}


def result(case: Case) -> tuple[Any, Type | None]:
    """The expected value (None for an error), and the deduced type if one is told."""
    if "eval_error" in case.test:
        return None, None
    if "typed_result" in case.test:
        typed = case.test["typed_result"][0]
        kind = type_of(typed["deduced_type"][0])
        return (value_of(typed["result"][0]) if "result" in typed else None), kind
    return (value_of(case.test["value"][0]) if "value" in case.test else True), None


def run(case: Case) -> tuple[Any, Type | None]:
    """Our value (None for an error) and type (None when it was refused)."""
    try:
        checked = check(parse(case.text), declared(case), None)
    except CelError as error:
        return error, None
    return Program(checked).outcome(bound(case)).value, checked.type


def agrees(case: Case) -> bool:
    """Whether ours is what the test expects. An error of types found before the run is an error too."""
    value, kind = run(case)
    wanted, wanted_kind = result(case)
    if kind is None:
        return wanted is None and wanted_kind is None and value.kind == "type"
    if "check_only" in case.test:
        return kind == wanted_kind
    same = type(value) is type(wanted) and value == wanted
    return same and wanted_kind in (None, kind)


def table(folder: Path) -> dict[str, tuple[int, Counter[str]]]:
    """Of each section: how many tests fall in the subset, and the reasons of the others."""
    counted: dict[str, tuple[int, Counter[str]]] = {}
    for case in cases(folder):
        inside, reasons = counted.get(case.section, (0, Counter()))
        reason = outside(case)
        if reason:
            reasons[reason] += 1
        counted[case.section] = (inside + (not reason), reasons)
    return counted


HEAD = """# Conformance of the rule language

Which of CEL's conformance tests (cel-spec, `tests/simple/testdata`) fall in the subset that [cel.md](cel.md) describes.
Every one of those passes. The others are refused, or give the expected value all the same; those that turn the type
checker off or resolve names in a container are not run. Written by `python -m tests.chain.cel.conformance`, with
`MINGZHANG_DATA` naming a directory that holds `conformance/cel-spec`; the tests themselves are not in this repository.

"""


def page(folder: Path) -> str:
    """The Markdown page that lists each section."""
    counted = table(folder)
    reasons: Counter[str] = sum((others for _inside, others in counted.values()), Counter())
    inside = sum(count for count, _others in counted.values())
    lines = [f"{inside + reasons.total()} tests: {inside} in the subset, {reasons.total()} outside.", ""]
    lines += ["| why outside | tests |", "|---|---:|"]
    lines += [
        f"| {reason} | {count} |" for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    ]
    lines += ["", "| section | in the subset | outside | why |", "|---|---:|---:|---|"]
    for section, (count, others) in sorted(counted.items()):
        why = ", ".join(f"{reason} {times}" for reason, times in sorted(others.items()))
        lines.append(f"| {section} | {count or ''} | {others.total() or ''} | {why} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = directory()
    if found is None:
        raise SystemExit(f"MINGZHANG_DATA must name a directory that holds {BELOW}")
    target = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cel-conformance.md"
    target.write_text(page(found), encoding="utf-8")
    print(f"wrote {target.name}")
