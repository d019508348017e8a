"""The syntax tree as a flat tuple: children stand before their parents, so that no step over it needs recursion."""

from typing import Literal

import msgspec

NodeKind = Literal[
    "literal", "fact", "variable", "has", "list", "unary", "binary", "chain", "conditional", "index", "call", "macro"
]

FUNCTIONS = ("size", "min", "max", "math.least", "math.greatest", "date", "year", "month", "day", "has")
METHODS = (".size", ".startsWith", ".endsWith", ".contains")
MACROS = (".all", ".exists", ".exists_one", ".filter", ".map")
"""What stands behind a value and its dot binds a name: `xs.all(x, x > 0)`."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One node. Children are indices of earlier nodes; the nodes from `start` to this one are its whole subtree.

    `name`: fact or variable, operator, function or macro. `value`: of a literal. `slot`: where a macro keeps its
    variable (1 for the outermost). `over`: for a variable, the node of the list it goes through.
    `begin`, `end`: its text; `at`: the operator or name that an error points to.
    """

    kind: NodeKind
    begin: int
    end: int
    at: int
    start: int
    name: str = ""
    value: int | bool | str | None = None
    children: tuple[int, ...] = ()
    slot: int = 0
    over: int = 0


class Expression(msgspec.Struct, frozen=True):
    """A parsed text; the last node is the whole. `slots` is how many macros stand inside each other at most."""

    text: str
    nodes: tuple[Node, ...]
    slots: int


def clauses_of(expression: Expression) -> list[int]:
    """Nodes of the sides of the outermost `&&`, brackets inside it opened, from left to right; else the whole."""
    waiting = [len(expression.nodes) - 1]
    clauses = []
    while waiting:
        index = waiting.pop()
        node = expression.nodes[index]
        if node.kind == "chain" and node.name == "&&":
            waiting += reversed(node.children)
        else:
            clauses.append(index)
    return clauses
