"""Why a row applied or did not: each of its cells with what it saw, and what would turn it. Computed when asked."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from mingzhang.chain.cel import (
    STEPS_MAX,
    BudgetExceeded,
    Clause,
    EvaluationError,
    Fact,
    Facts,
    Program,
    Seen,
    Type,
    check,
    explain,
    parse,
)
from mingzhang.chain.cel.operations import COMPARISONS
from mingzhang.chain.cel.types import shown
from mingzhang.chain.tables.book import Book, Row
from mingzhang.chain.tables.cells import Test, tests_of

_DATE = re.compile(r'"[0-9-]+"')
_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class CellReport(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a row: where it is written and what it came to.

    `value` is None with an `error`. `turned` is a condition under which it would have come out the other way, with the
    values of the case filled in: for `payment.amount_fen > limit.fen` that held, `payment.amount_fen <= 500000`.
    """

    part: str
    text: str
    value: bool | None
    error: str
    facts: tuple[Seen, ...]
    operands: tuple[Seen, ...]
    turned: str


class RowReport(msgspec.Struct, frozen=True, kw_only=True):
    """One row: whether it applies, and its conditions in the order of the columns, `when` last."""

    row: str
    outcome: Literal["applies", "does_not_apply", "fault"]
    cells: tuple[CellReport, ...]


def report_row(book: Book, row: Row, declared: Mapping[str, Fact], *, facts: Facts) -> RowReport:
    """The report of a row over admitted facts."""
    cells = [cell for test in tests_of(book, row) for cell in _cells(test, declared, facts)]
    outcome: Literal["applies", "does_not_apply", "fault"] = "applies"
    if any(cell.value is False for cell in cells):
        outcome = "does_not_apply"
    elif any(cell.error for cell in cells):
        outcome = "fault"
    return RowReport(row=row.row, outcome=outcome, cells=tuple(cells))


def _cells(test: Test, declared: Mapping[str, Fact], facts: Facts) -> list[CellReport]:
    program = Program(check(parse(test.text), declared))
    return [
        CellReport(
            part=test.part,
            text=clause.text,
            value=None if clause.error else bool(clause.value),
            error=clause.error,
            facts=clause.facts,
            operands=clause.operands,
            turned="" if clause.error else _turned(clause, declared, facts),
        )
        for clause in explain(program, facts)
    ]


def _turned(clause: Clause, declared: Mapping[str, Fact], facts: Facts) -> str:
    """The condition that would come out the other way, its right side computed."""
    program = Program(check(parse(clause.text), declared))
    nodes = program.checked.expression.nodes
    index, contrary = len(nodes) - 1, bool(clause.value)
    if nodes[index].kind == "unary" and nodes[index].name == "!":
        index, contrary = nodes[index].children[0], not contrary
    node = nodes[index]
    text = program.text[node.begin : node.end]
    if node.kind == "binary" and (node.name in COMPARISONS or node.name == "in"):
        left, right = (nodes[child] for child in node.children)
        seen = _written_part(program, node.children[1], facts)
        said = program.text[right.begin : right.end] if seen is None else seen
        text = f"{program.text[left.begin : left.end]} {node.name} {said}"
        if contrary and node.name in _OPPOSITES:
            return f"{program.text[left.begin : left.end]} {_OPPOSITES[node.name]} {said}"
    return f"!({text})" if contrary else text


def _written_part(program: Program, index: int, facts: Facts) -> str | None:
    """The value of a part as it would be written, None when it has none."""
    frame = [STEPS_MAX, *[None] * program.checked.expression.slots]
    try:
        value = program.run_of_node[index](facts, frame)
    except (EvaluationError, BudgetExceeded):
        return None
    return written(shown(value, program.checked.types[index]), program.checked.types[index])


def written(value: Any, kind: Type) -> str:
    """A value, as `shown` gives it, in the rule language."""
    literal = json.dumps(value, ensure_ascii=False)
    return _DATE.sub(r"date(\g<0>)", literal) if kind.kind == "date" else literal
