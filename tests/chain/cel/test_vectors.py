"""The rule language against our own vectors: tests/vectors/cel.json, most of them bad."""

import json
from typing import Any

import pytest
from tests.tidy import ROOT

from mingzhang.chain.cel import BOOL, CelError, EvaluationError, Fact, Program, admit, check, parse, type_named
from mingzhang.chain.cel.types import shown

VECTORS = json.loads((ROOT / "tests" / "vectors" / "cel.json").read_text(encoding="utf-8"))
FACTS = {name: Fact(type_named(kind)) for name, kind in VECTORS["facts"].items()}
VALUES = admit(FACTS, VECTORS["values"])


@pytest.mark.parametrize(("text", "kind", "value"), VECTORS["good"])
def test_has_the_value(text: str, kind: str, value: Any) -> None:
    program = Program(check(parse(text), FACTS, None))
    assert str(program.type) == kind
    found = shown(program.run(VALUES), program.type)
    assert (type(found), found) == (type(value), value)
    outcome = program.outcome(VALUES)
    assert outcome.error is None
    assert program.cost <= outcome.steps <= program.cost_bound


@pytest.mark.parametrize(("text", "fault"), VECTORS["faults"])
def test_ends_in_the_error(text: str, fault: str) -> None:
    program = Program(check(parse(text), FACTS, None))
    outcome = program.outcome(VALUES)
    assert outcome.error is not None
    assert outcome.error.kind == fault
    assert outcome.error.zh
    assert outcome.error.en
    with pytest.raises(EvaluationError, match=fault):
        program.run(VALUES)


@pytest.mark.parametrize(("text", "kind", "line", "column", "suggestion"), VECTORS["refused"])
def test_is_refused_where_it_is_wrong(text: str, kind: str, line: int, column: int, suggestion: str) -> None:
    with pytest.raises(CelError) as caught:
        check(parse(text), FACTS, BOOL)
    error = caught.value
    assert (error.kind, error.line, error.column, error.suggestion) == (kind, line, column, suggestion)
    assert error.sentence_zh().startswith(f"第 {line} 行第 {column} 列：")
    assert error.sentence_en().startswith(f"line {line}, column {column}: ")
    assert error.sentence_en().count("Did you mean") == bool(suggestion)


def test_vectors_are_mostly_bad_and_each_stands_once() -> None:
    texts = [row[0] for part in ("good", "faults", "refused") for row in VECTORS[part]]
    assert len(texts) == len(set(texts))
    assert len(VECTORS["faults"]) + len(VECTORS["refused"]) > len(VECTORS["good"])
