"""Which cases the rows of a table cover: rows no case reaches, two rows for one case, cases without a row.

Every condition that compares something with a value known beforehand (`payment.amount_fen > 500`, a parameter) cuts the
values of that something into pieces; every other condition is a question that may be answered yes or no. A row is a box
in that space. What is found empty there is empty in truth. A case that is found there exists for sure unless it depends
on such a question, because two questions may be one in truth; then it is a doubt.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from mingzhang.chain.cel import (
    BOOL,
    DATE,
    BudgetExceeded,
    EvaluationError,
    Facts,
    Node,
    Program,
    Type,
    clauses_of,
)
from mingzhang.chain.cel.lexer import tokens_of
from mingzhang.chain.cel.operations import COMPARISONS
from mingzhang.chain.cel.program import STEPS_MAX
from mingzhang.chain.cel.types import DAY_MAX, DAY_MIN, INT_MAX, INT_MIN, shown

BOXES_MAX = 2_000
"""Boxes that one question may split into before the check says that it cannot tell."""

_FLIPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
Box = dict[str, int]
"""Axes to the pieces that are allowed, as bits; an axis that is absent allows all."""


class TooIntricate(Exception):
    """The question splits into more boxes than BOXES_MAX."""


class Bound(NamedTuple):
    """What one condition asks of one axis."""

    axis: str
    accepts: Callable[[Any], bool]
    values: tuple[Any, ...]
    kind: Type
    opaque: bool


class Axis(NamedTuple):
    """A fact, an expression or a question, and one example of each piece of its values."""

    name: str
    kind: Type
    examples: tuple[Any, ...]
    opaque: bool


class Space:
    """The rows of a table as boxes, for one set of parameters."""

    def __init__(self, programs: list[Program], parameters: Facts, least: dict[str, int]) -> None:
        """`least` gives the smallest value of facts that have one."""
        bounds = [_bounds(program, parameters) for program in programs]
        self.axes = _axes([bound for row in bounds for bound in row], least)
        self.full = {name: (1 << len(axis.examples)) - 1 for name, axis in self.axes.items()}
        self.boxes = [self._box(row) for row in bounds]

    def _box(self, bounds: list[Bound]) -> Box | None:
        """The box of a row, None when its conditions contradict each other."""
        box: Box = {}
        for bound in bounds:
            pieces = self.axes[bound.axis].examples
            allowed = sum(1 << index for index, example in enumerate(pieces) if bound.accepts(example))
            box[bound.axis] = box.get(bound.axis, self.full[bound.axis]) & allowed
        return None if 0 in box.values() else box

    def common(self, first: int, second: int) -> Box | None:
        """The cases of two rows."""
        left, right = self.boxes[first], self.boxes[second]
        return None if left is None or right is None else _intersection(left, right, self.full)

    def beyond(self, box: Box, rows: list[int]) -> Box | None:
        """Cases of a box that none of the rows has, None when there are none. Raises TooIntricate."""
        left = [box]
        for row in rows:
            taken = self.boxes[row]
            if taken is None:
                continue
            left = [piece for whole in left for piece in _without(whole, taken, self.full)]
            if len(left) > BOXES_MAX:
                raise TooIntricate
            if not left:
                return None
        return min(left, key=lambda piece: any(self.axes[name].opaque for name in piece))

    def example(self, box: Box) -> tuple[dict[str, Any], bool]:
        """A case of the box: axes to values for reading, and whether it surely exists."""
        case = {}
        for name in sorted(box):
            axis = self.axes[name]
            if box[name] != self.full[name]:
                lowest = (box[name] & -box[name]).bit_length() - 1
                case[name] = shown(axis.examples[lowest], axis.kind)
        return case, not any(self.axes[name].opaque for name in case)


def _intersection(left: Box, right: Box, full: Box) -> Box | None:
    box = dict(left)
    for name, pieces in right.items():
        box[name] = box.get(name, full[name]) & pieces
        if not box[name]:
            return None
    return box


def _without(whole: Box, taken: Box, full: Box) -> list[Box]:
    """What is left of a box when another is taken away, as boxes that do not overlap."""
    if _intersection(whole, taken, full) is None:
        return [whole]
    parts = []
    rest = dict(whole)
    for name, pieces in taken.items():
        have = rest.get(name, full[name])
        if have & ~pieces:
            parts.append(rest | {name: have & ~pieces})
        rest[name] = have & pieces
    return parts


# --- What conditions ask ---


def _bounds(program: Program, parameters: Facts) -> list[Bound]:
    return [_bound(program, index, parameters) for index in clauses_of(program.checked.expression)]


def _bound(program: Program, index: int, parameters: Facts) -> Bound:
    """What one side of a row's `&&` asks. Of conditions about one axis, joined by `||` or a negated `&&`, one bound."""
    node, _index, wanted = _affirmed(program, index)
    if node.kind != "chain":
        return _simple(program, index, parameters)
    sides = [_simple(program, child, parameters) for child in node.children]
    first, together = sides[0], any if node.name == "||" else all
    if any(side.axis != first.axis for side in sides):
        return _question(program, node, wanted)
    return Bound(
        first.axis,
        lambda value: together(side.accepts(value) for side in sides) == wanted,
        tuple([value for side in sides for value in side.values]),
        first.kind,
        first.opaque,
    )


def _simple(program: Program, index: int, parameters: Facts) -> Bound:
    """What a condition without alternatives asks."""
    node, index, wanted = _affirmed(program, index)
    bound: Bound | None = None
    if node.kind == "binary" and node.name == "in":
        item, among = node.children
        members = _known(program, among, parameters)
        if members is not None:
            bound = _against(program, item, accepts=lambda value: (value in members) == wanted, values=members)
    elif node.kind == "binary" and node.name in COMPARISONS:
        of, name = node.children[0], node.name
        known = _known(program, node.children[1], parameters)
        if known is None:
            of, name = node.children[1], _FLIPPED[name]
            known = _known(program, node.children[0], parameters)
        if known is not None:
            compare = COMPARISONS[name]
            bound = _against(program, of, accepts=lambda value: compare(value, known) == wanted, values=(known,))
    return bound or _question(program, node, wanted)


def _affirmed(program: Program, index: int) -> tuple[Node, int, bool]:
    """A condition without its `!`, and whether it is wanted to hold."""
    nodes, wanted = program.checked.expression.nodes, True
    while nodes[index].kind == "unary" and nodes[index].name in ("!", "!!"):
        wanted = wanted != (nodes[index].name == "!")
        index = nodes[index].children[0]
    return nodes[index], index, wanted


def _known(program: Program, index: int, parameters: Facts) -> Any:
    """The value of a part that reads nothing but parameters, else None."""
    nodes = program.checked.expression.nodes
    for node in nodes[nodes[index].start : index + 1]:
        if node.kind in ("has", "macro", "variable") or (node.kind == "fact" and node.name not in parameters):
            return None
    try:
        return program.run_of_node[index](parameters, [STEPS_MAX])
    except (EvaluationError, BudgetExceeded):
        return None


def _against(program: Program, index: int, *, accepts: Callable[[Any], bool], values: tuple[Any, ...]) -> Bound | None:
    """A comparison of a part with known values; None for lists, whose values are not in one line."""
    node, kind = program.checked.expression.nodes[index], program.checked.types[index]
    if kind.lists or node.kind == "literal":
        return None
    return Bound(_name(program, node), accepts, values, kind, not _is_free(program, node))


def _question(program: Program, node: Node, wanted: bool) -> Bound:
    """A condition that may hold or not, whatever else holds."""
    if node.kind == "literal":
        return Bound("true", lambda value: value == (node.value == wanted), (), BOOL, opaque=False)
    return Bound(_name(program, node), lambda value: value == wanted, (), BOOL, not _is_free(program, node))


def _is_free(program: Program, node: Node) -> bool:
    """Whether a part takes its values whatever other parts are: a fact, its presence, its size."""
    children = [program.checked.expression.nodes[child] for child in node.children]
    size_of_fact = node.kind == "call" and node.name in ("size", ".size") and children[0].kind == "fact"
    return node.kind in ("fact", "has") or size_of_fact


def _name(program: Program, node: Node) -> str:
    """A part's text with its spaces made alike; of a fact its name."""
    if node.kind == "fact":
        return node.name
    text = program.text[node.begin : node.end]
    return " ".join(text[token.begin : token.end] for token in tokens_of(text)[:-1])


# --- Pieces of an axis ---


def _axes(bounds: list[Bound], least: dict[str, int]) -> dict[str, Axis]:
    axes: dict[str, Axis] = {}
    for bound in bounds:
        if bound.axis in axes:
            continue
        values = [value for other in bounds if other.axis == bound.axis for value in other.values]
        axes[bound.axis] = Axis(bound.axis, bound.kind, _examples(bound, values, least.get(bound.axis)), bound.opaque)
    return axes


def _examples(bound: Bound, values: list[Any], least: int | None) -> tuple[Any, ...]:
    """One value of each piece that the values cut: themselves, and what lies between and beside them."""
    if bound.kind.kind == "bool":
        return (True,) if bound.axis == "true" else (False, True)
    points = sorted(set(values))
    if bound.kind.kind == "string":
        beside = [""] + [point + "\0" for point in points]  # the very next string
        return tuple(sorted({*points, *beside}))
    low, high = (DAY_MIN, DAY_MAX) if bound.kind == DATE else (INT_MIN, INT_MAX)
    if bound.axis.startswith("size") or bound.axis.endswith(". size ( )"):
        low = 0
    low = low if least is None else least
    beside = [other for point in points for other in (point - 1, point + 1)]
    examples: list[int] = []
    for value in sorted({*points, *beside}):
        between = value not in points and examples and examples[-1] not in points
        if low <= value <= high and not between:
            examples.append(value)
    return tuple(examples) or (low,)
