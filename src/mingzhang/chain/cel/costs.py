"""What a run costs in steps, and the most it can cost: arithmetic on the tree, so that each node counts alike.

A run costs one step for each node outside the bodies of macros, whether or not it is reached. A macro that is reached
costs the nodes of its body for each element of its list, whether or not it stops early. What goes through a list or a
long string costs its length besides (`charge` in evaluator.py). Time is in proportion, whatever the values.
"""

from itertools import zip_longest

from mingzhang.chain.cel.checker import Checked
from mingzhang.chain.cel.syntax import Node

CHARS_PER_STEP = 32
"""Characters that one step copies or searches."""

Sizes = tuple[int, ...]
"""Upper bounds of lengths from outside in: of each list, then of the string."""


def own_costs(nodes: tuple[Node, ...]) -> list[int]:
    """Of each node: the nodes of its subtree outside the bodies of macros."""
    costs: list[int] = []
    for node in nodes:
        evaluated = node.children[:1] if node.kind == "macro" else node.children
        costs.append(1 + sum(costs[child] for child in evaluated))
    return costs


def body_cost(node: Node, costs: list[int]) -> int:
    """Steps that a macro takes for each element."""
    return sum(costs[child] for child in node.children[1:])


def cost_bound(checked: Checked) -> int:
    """The most steps a run can take while facts keep to their declared lengths."""
    bounds: list[int] = []
    sizes: list[Sizes] = []
    for node in checked.expression.nodes:
        below = [bounds[child] for child in node.children]
        inside = [sizes[child] for child in node.children]
        if node.kind == "macro":
            bounds.append(1 + below[0] + _length(inside[0]) * sum(below[1:]))
        else:
            bounds.append(1 + sum(below) + _extra(checked, node, inside))
        sizes.append(_sizes(checked, node, sizes))
    return bounds[-1]


def _extra(checked: Checked, node: Node, inside: list[Sizes]) -> int:
    """The most that `charge` adds for a node whose operands have these sizes."""
    if node.kind == "call":
        if node.name == ".contains":
            return _length(inside[0]) // CHARS_PER_STEP
        return _length(inside[0]) if node.name in _EXTREMES and len(inside) == 1 else 0
    if node.kind != "binary":
        return 0
    left, right = (checked.types[child].lists for child in node.children)
    if node.name == "+":
        total = _length(inside[0]) + _length(inside[1])
        return total if left or right else total // CHARS_PER_STEP
    if node.name == "in":
        return _weight(inside[1][:right])
    return _weight(inside[0][:left])


_EXTREMES = ("min", "max", "math.least", "math.greatest")


def _sizes(checked: Checked, node: Node, sizes: list[Sizes]) -> Sizes:
    """Upper bounds of the lengths in a node's value."""
    inside = [sizes[child] for child in node.children]
    if node.kind == "literal":
        return (len(node.value),) if isinstance(node.value, str) else ()
    if node.kind == "fact":
        return checked.facts[node.name].sizes
    if node.kind == "variable":
        return sizes[node.over][1:]
    if node.kind == "list":
        return (len(inside), *_largest(inside))
    if node.kind == "conditional":
        return _largest(inside[1:])
    if node.kind == "index":
        return inside[0][1:]
    if node.kind == "macro" and node.name in ("filter", "map"):
        return inside[0] if node.name == "filter" else (_length(inside[0]), *inside[-1])
    if node.kind == "binary" and node.name == "+" and (inside[0] or inside[1]):
        return (_length(inside[0]) + _length(inside[1]), *_largest([inside[0][1:], inside[1][1:]]))
    return ()


def _largest(parts: list[Sizes]) -> Sizes:
    return tuple(max(lengths) for lengths in zip_longest(*parts, fillvalue=0))


def _length(sizes: Sizes) -> int:
    return sizes[0] if sizes else 0


def _weight(lengths: Sizes) -> int:
    """Elements of a list on all its levels."""
    total, level = 0, 1
    for length in lengths:
        level *= length
        total += level
    return total
