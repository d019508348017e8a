"""From a checked tree to closures: one Python call a node that is reached, one frame a level of the tree.

Types are the checker's, so nothing is asked twice here: an operation has its value, or raises EvaluationError.
"""

from collections.abc import Callable

from mingzhang.chain.cel import operations
from mingzhang.chain.cel.checker import Checked
from mingzhang.chain.cel.costs import body_cost, own_costs
from mingzhang.chain.cel.macros import MACRO_RUNS
from mingzhang.chain.cel.running import Run
from mingzhang.chain.cel.syntax import Node
from mingzhang.chain.cel.types import DATE, STRING, days_of


def runs_of(checked: Checked) -> tuple[Run, ...]:
    """A closure for each node of the tree, in its order; the last one runs the whole."""
    return _Builder(checked).build()


class _Builder:
    """One pass over the nodes; a node's children have their closures when it is reached."""

    def __init__(self, checked: Checked) -> None:
        self.nodes = checked.expression.nodes
        self.types = checked.types
        self.costs = own_costs(self.nodes)
        self.runs: list[Run] = []

    def build(self) -> tuple[Run, ...]:
        for node in self.nodes:
            parts = tuple(self.runs[child] for child in node.children)
            self.runs.append(_BUILDS[node.kind](self, node, parts))
        return tuple(self.runs)

    def literal(self, node: Node, _parts: tuple[Run, ...]) -> Run:
        return operations.constant(node.value)

    def fact(self, node: Node, _parts: tuple[Run, ...]) -> Run:
        return operations.read_fact(node.name, node.at)

    def variable(self, node: Node, _parts: tuple[Run, ...]) -> Run:
        slot = node.slot
        return lambda _facts, frame: frame[slot]

    def has(self, node: Node, _parts: tuple[Run, ...]) -> Run:
        name = node.name
        return lambda facts, _frame: name in facts

    def elements(self, node: Node, parts: tuple[Run, ...]) -> Run:
        if all(self.nodes[child].kind == "literal" for child in node.children):
            return operations.constant(tuple([self.nodes[child].value for child in node.children]))
        return operations.collected(parts)

    def unary(self, node: Node, parts: tuple[Run, ...]) -> Run:
        if len(node.name) == 2:  # a pair cancels out
            return parts[0]
        return operations.negated(parts[0], at=node.at) if node.name == "-" else operations.inverted(parts[0])

    def chain(self, node: Node, parts: tuple[Run, ...]) -> Run:
        return operations.conjunction(parts) if node.name == "&&" else operations.disjunction(parts)

    def conditional(self, _node: Node, parts: tuple[Run, ...]) -> Run:
        return operations.conditional(*parts)

    def index(self, node: Node, parts: tuple[Run, ...]) -> Run:
        return operations.element(*parts, at=node.at)

    def binary(self, node: Node, parts: tuple[Run, ...]) -> Run:
        left, right = (self.types[child] for child in node.children)
        if node.name == "in":
            return operations.contained(*parts, lists=right.lists)
        if node.name in operations.COMPARISONS:
            if left.lists:
                return operations.compared_lists(node.name, *parts, lists=left.lists)
            return operations.compared(node.name, *parts)
        if node.name == "/":
            return operations.quotient(*parts, at=node.at)
        if node.name == "%":
            return operations.remainder(*parts, at=node.at)
        if left.lists or right.lists:
            return operations.joined_lists(*parts)
        if STRING in (left, right):
            return operations.joined_text(*parts)
        if (left == DATE) != (right == DATE):
            return operations.moved_date(node.name, *parts, at=node.at)
        return operations.exact(node.name, *parts, at=node.at)

    def call(self, node: Node, parts: tuple[Run, ...]) -> Run:
        name = node.name.removeprefix(".")
        if name == "date":
            return operations.constant(days_of(str(self.nodes[node.children[0]].value)))
        if name in _DATE_PARTS:
            return operations.part_of_date(parts[0], *_DATE_PARTS[name])
        if name in _EXTREMES:
            if len(parts) == 1 and self.types[node.children[0]].lists:
                return operations.extreme_in(_EXTREMES[name], parts[0], at=node.at)
            return operations.extreme_of(_EXTREMES[name], parts)
        return _TEXT[name](*parts)

    def macro(self, node: Node, parts: tuple[Run, ...]) -> Run:
        cost = body_cost(node, self.costs)
        return MACRO_RUNS[node.name](parts[0], parts[1:], slot=node.slot, cost=cost)


_DATE_PARTS = {"year": (0, 4), "month": (5, 7), "day": (8, 10)}
_EXTREMES: dict[str, Callable[..., int]] = {"min": min, "max": max, "math.least": min, "math.greatest": max}
_TEXT: dict[str, Callable[..., Run]] = {
    "size": operations.size,
    "startsWith": operations.starts_with,
    "endsWith": operations.ends_with,
    "contains": operations.contains,
}
_BUILDS: dict[str, Callable[[_Builder, Node, tuple[Run, ...]], Run]] = {
    "literal": _Builder.literal,
    "fact": _Builder.fact,
    "variable": _Builder.variable,
    "has": _Builder.has,
    "list": _Builder.elements,
    "unary": _Builder.unary,
    "chain": _Builder.chain,
    "conditional": _Builder.conditional,
    "index": _Builder.index,
    "binary": _Builder.binary,
    "call": _Builder.call,
    "macro": _Builder.macro,
}
