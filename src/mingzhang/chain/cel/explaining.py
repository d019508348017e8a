"""Why a rule gave what it gave: its clauses, each with its value and the values it saw. A second pass, when asked."""

from typing import Any

import msgspec

from mingzhang.chain.cel.errors import BudgetExceeded, EvaluationError
from mingzhang.chain.cel.program import STEPS_MAX, Program
from mingzhang.chain.cel.syntax import Node, clauses_of
from mingzhang.chain.cel.types import Facts, shown


class Seen(msgspec.Struct, frozen=True):
    """A piece of the text with its value for reading (dates as YYYY-MM-DD), or with the name of its error."""

    text: str
    value: Any
    error: str = ""


class Clause(msgspec.Struct, frozen=True):
    """One side of the outermost `&&`, or the whole when there is none.

    `facts` are those it mentions, `operands` the parts its operator saw. `element` is the first list element that
    decided an `all` (by not holding) or an `exists` (by holding).
    """

    text: str
    value: Any
    error: str
    facts: tuple[Seen, ...]
    operands: tuple[Seen, ...]
    element: Seen | None = None


def explain(program: Program, facts: Facts, budget: int = STEPS_MAX) -> tuple[Clause, ...]:
    """Every clause with what it saw, those after a false one too: all that must change shows at once."""
    explaining = _Explaining(program, facts, budget)
    return tuple([explaining.clause(node) for node in clauses_of(program.checked.expression)])


class _Explaining:
    """One program over one set of facts."""

    def __init__(self, program: Program, facts: Facts, budget: int) -> None:
        self.program = program
        self.facts = facts
        self.budget = budget
        self.nodes = program.checked.expression.nodes

    def clause(self, index: int) -> Clause:
        node = self.nodes[index]
        seen = self.seen(index)
        operands = node.children[:1] if node.kind == "macro" else node.children
        named = dict.fromkeys(
            below.name for below in self.nodes[node.start : index + 1] if below.kind in ("fact", "has")
        )
        return Clause(
            text=seen.text,
            value=seen.value,
            error=seen.error,
            facts=tuple([self.fact(name) for name in named]),
            operands=tuple([self.seen(child) for child in operands if self.nodes[child].kind != "literal"]),
            element=self.deciding(node) if node.kind == "macro" else None,
        )

    def fact(self, name: str) -> Seen:
        if name not in self.facts:
            return Seen(name, None, "no_such_fact")
        return Seen(name, shown(self.facts[name], self.program.checked.facts[name].type))

    def seen(self, index: int) -> Seen:
        value, error = self.value(index, self.frame())
        node = self.nodes[index]
        readable = None if error else shown(value, self.program.checked.types[index])
        return Seen(self.program.text[node.begin : node.end], readable, error)

    def deciding(self, node: Node) -> Seen | None:
        """The first element for which the condition of an `all` or `exists` decides."""
        items, error = self.value(node.children[0], self.frame())
        if error or node.name not in ("all", "exists"):
            return None
        frame = self.frame()
        for place, item in enumerate(items):
            frame[node.slot] = item
            value, error = self.value(node.children[1], frame)
            if not error and value == (node.name == "exists"):
                over = self.nodes[node.children[0]]
                element = self.program.checked.types[node.children[0]].element
                return Seen(f"{self.program.text[over.begin : over.end]}[{place}]", shown(item, element))
        return None

    def value(self, index: int, frame: list[Any]) -> tuple[Any, str]:
        try:
            return self.program.run_of_node[index](self.facts, frame), ""
        except EvaluationError as error:
            return None, error.kind
        except BudgetExceeded:
            return None, "budget_exceeded"

    def frame(self) -> list[Any]:
        return [self.budget, *[None] * self.program.checked.expression.slots]
