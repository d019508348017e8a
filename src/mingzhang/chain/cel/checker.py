"""Types of every node, before an expression is ever run: what passes has a value or one of the named errors, no other.

Stricter than CEL in one thing: a list, and the two branches of a condition, have one type. There is no dyn.
"""

from collections.abc import Callable, Mapping

import msgspec

from mingzhang.chain.cel.errors import CelError, Mistake, mistake
from mingzhang.chain.cel.suggestions import nearest
from mingzhang.chain.cel.syntax import Expression, Node
from mingzhang.chain.cel.types import BOOL, DATE, INT, NOTHING, STRING, Fact, Type, days_of, join, list_of

_ORDERED = ("int", "bool", "string", "date")
_ZH = {"int": "整数", "bool": "真假值", "string": "文本", "date": "日期", "nothing": "空"}
_ARITHMETIC = {
    ("+", INT, INT): INT,
    ("-", INT, INT): INT,
    ("*", INT, INT): INT,
    ("/", INT, INT): INT,
    ("%", INT, INT): INT,
    ("+", STRING, STRING): STRING,
    ("+", DATE, INT): DATE,
    ("+", INT, DATE): DATE,
    ("-", DATE, INT): DATE,
    ("-", DATE, DATE): INT,
}


class Checked(msgspec.Struct, frozen=True):
    """An expression whose nodes all have a type, and the facts it reads in the order of their first mention."""

    expression: Expression
    types: tuple[Type, ...]
    facts: dict[str, Fact]

    @property
    def type(self) -> Type:
        """Type of the whole."""
        return self.types[-1]


def check(expression: Expression, facts: Mapping[str, Fact], expected: Type | None = BOOL) -> Checked:
    """Types of an expression over declared facts; `expected` of the whole, None for any. Raises CelError."""
    return _Checker(expression, facts).check(expected)


def in_chinese(kind: Type) -> str:
    """A type in words: 文本列表."""
    return _ZH[kind.kind] + "列表" * kind.lists


class _Checker:
    """One pass over the nodes; a node's children have their types when it is reached."""

    def __init__(self, expression: Expression, facts: Mapping[str, Fact]) -> None:
        self.expression = expression
        self.nodes = expression.nodes
        self.declared = facts
        self.types: list[Type] = []
        self.read: dict[str, Fact] = {}

    def check(self, expected: Type | None) -> Checked:
        for node in self.nodes:
            self.types.append(_RULES[node.kind](self, node))
        if expected is not None and join(self.types[-1], expected) != expected:
            raise self.wrong_type(len(self.nodes) - 1, expected, ("结果", "the result"))
        return Checked(self.expression, tuple(self.types), self.read)

    # --- One rule a kind of node ---

    def literal(self, node: Node) -> Type:
        if isinstance(node.value, bool):
            return BOOL
        return INT if isinstance(node.value, int) else STRING

    def fact(self, node: Node) -> Type:
        fact = self.declared.get(node.name)
        if fact is None:
            raise self.unknown_fact(node)
        self.read[node.name] = fact
        return fact.type

    def has(self, node: Node) -> Type:
        self.fact(node)
        return BOOL

    def variable(self, node: Node) -> Type:
        return self.types[node.over].element

    def elements(self, node: Node) -> Type:
        element = NOTHING
        for child in node.children:
            joined = join(element, self.types[child])
            if joined is None:
                first, other = element, self.types[child]
                raise self.wrong(
                    self.nodes[child], f"列表元素须同类，这里是{in_chinese(other)}，前面是{in_chinese(first)}",
                    f"elements of a list must have one type: {other} stands after {first}",
                )  # fmt: skip
            element = joined
        return list_of(element)

    def unary(self, node: Node) -> Type:
        wanted = INT if node.name[0] == "-" else BOOL
        self.must_be(node.children[0], wanted, (f"{node.name[0]} 的对象", f"the operand of {node.name[0]}"))
        return wanted

    def chain(self, node: Node) -> Type:
        for child in node.children:
            self.must_be(child, BOOL, (f"{node.name} 的每一边", f"each side of {node.name}"))
        return BOOL

    def conditional(self, node: Node) -> Type:
        test, then, other = node.children
        self.must_be(test, BOOL, ("? 之前", "what stands before ?"))
        joined = join(self.types[then], self.types[other])
        if joined is None:
            raise self.no_match(node, then, other)
        return joined

    def index(self, node: Node) -> Type:
        of, at = node.children
        if self.types[of].lists == 0 and self.types[of] != NOTHING:
            raise self.wrong(
                node, f"只有列表可以取下标，这里是{in_chinese(self.types[of])}",
                f"only a list has elements by index, not {self.types[of]}",
            )  # fmt: skip
        self.must_be(at, INT, ("下标", "an index"))
        return self.types[of].element

    def binary(self, node: Node) -> Type:
        left, right = (self.types[child] for child in node.children)
        result: Type | None
        if node.name == "in":
            result = BOOL if join(list_of(left), right) is not None else None
        elif node.name in ("==", "!="):
            result = BOOL if join(left, right) is not None else None
        elif node.name in ("<", "<=", ">", ">="):
            joined = join(left, right)
            ordered = joined is not None and (joined == NOTHING or (not joined.lists and joined.kind in _ORDERED))
            result = BOOL if ordered else None
        else:
            result = _arithmetic(node.name, left, right)
        if result is None:
            raise self.no_match(node, *node.children)
        return result

    def call(self, node: Node) -> Type:
        return _CALLS[node.name](self, node)

    def macro(self, node: Node) -> Type:
        over, body = node.children[0], node.children[1]
        if self.types[over].lists == 0 and self.types[over] != NOTHING:
            raise self.wrong_type(over, list_of(NOTHING), (f"{node.name} 之前", f"what stands before {node.name}"))
        if node.name != "map" or len(node.children) == 3:
            self.must_be(body, BOOL, (f"{node.name} 的条件", f"the condition of {node.name}"))
        if node.name == "filter":
            return self.types[over]
        return list_of(self.types[node.children[-1]]) if node.name == "map" else BOOL

    # --- Functions ---

    def size(self, node: Node) -> Type:
        self.count(node, 1)
        kind = self.types[node.children[0]]
        if not kind.lists and kind not in (STRING, NOTHING):
            raise self.wrong(
                node,
                f"size 用于文本或列表，不能用于{in_chinese(kind)}",
                f"size applies to strings and lists, not {kind}",
            )
        return INT

    def about_text(self, node: Node) -> Type:
        self.count(node, 2)
        for child in node.children:
            self.must_be(child, STRING, (f"{node.name[1:]} 的两边", f"both sides of {node.name[1:]}"))
        return BOOL

    def extreme(self, node: Node) -> Type:
        """The least or greatest of integers or of dates: of the arguments, or of the elements of one list."""
        name = node.name
        if not node.children:
            raise self.wrong(node, f"{name} 至少要一个参数", f"{name} takes one argument at least")
        one = self.types[node.children[0]]
        if len(node.children) == 1 and one.lists:
            over = self.nodes[node.children[0]]
            if over.kind == "list" and not over.children:
                raise self.wrong(over, f"{name} 不能用于空列表", f"{name} does not apply to an empty list")
            return self.comparable(node, node.children[0], one.element)
        result = NOTHING
        for child in node.children:
            joined = join(result, self.types[child])
            if joined is None:
                raise self.no_match(node, node.children[0], child)
            result = self.comparable(node, child, joined)
        return result

    def comparable(self, node: Node, child: int, kind: Type) -> Type:
        if kind not in (INT, DATE, NOTHING):
            raise self.wrong(
                self.nodes[child], f"{node.name} 用于整数或日期，不能用于{in_chinese(kind)}",
                f"{node.name} applies to integers and dates, not {kind}",
            )  # fmt: skip
        return kind

    def date(self, node: Node) -> Type:
        self.count(node, 1)
        literal = self.nodes[node.children[0]]
        if literal.kind != "literal" or not isinstance(literal.value, str):
            raise self.wrong(
                literal, 'date() 里须直接写日期，如 date("2022-06-29")',
                'date() takes a date as written text, such as date("2022-06-29")', kind="date",
            )  # fmt: skip
        try:
            days_of(literal.value)
        except ValueError as error:
            raise self.wrong(literal, f"没有日期 {literal.value}，须写作 YYYY-MM-DD", str(error), kind="date") from None
        return DATE

    def of_date(self, node: Node) -> Type:
        self.count(node, 1)
        self.must_be(node.children[0], DATE, (f"{node.name} 的参数", f"the argument of {node.name}"))
        return INT

    # --- Errors ---

    def count(self, node: Node, wanted: int) -> None:
        """The number of arguments, the receiver among them."""
        if len(node.children) != wanted:
            received = node.name.startswith(".")
            name, given, wanted = node.name.removeprefix("."), len(node.children) - received, wanted - received
            en = f"{name} takes {wanted} argument{'' if wanted == 1 else 's'}, not {given}"
            raise self.wrong(node, f"{name} 须有 {wanted} 个参数，这里有 {given} 个", en)

    def must_be(self, child: int, wanted: Type, what: tuple[str, str]) -> None:
        if join(self.types[child], wanted) != wanted:
            raise self.wrong_type(child, wanted, what)

    def wrong_type(self, child: int, wanted: Type, what: tuple[str, str]) -> CelError:
        given, zh, en = self.types[child], "列表", "a list"
        if wanted.kind != "nothing":
            zh, en = in_chinese(wanted), str(wanted)
        return mistake(
            self.expression.text, self.nodes[child].begin, "type",
            zh=f"{what[0]}须是{zh}，而不是{in_chinese(given)}", en=f"{what[1]} must be {en}, not {given}",
        )  # fmt: skip

    def no_match(self, node: Node, left: int, right: int) -> CelError:
        """Two operands that do not go together; a literal of the wrong kind is shown in the spelling that fits."""
        kinds = self.types[left], self.types[right]
        at, meant = node, ""
        for child, other in ((right, kinds[0]), (left, kinds[1])):
            meant = meant or (self.spelling(self.nodes[child], other) if node.kind == "binary" else "")
            at = self.nodes[child] if meant and at is node else at
        name = node.name or "? :"
        return self.wrong(
            at, f"{name} 不能用于{in_chinese(kinds[0])}和{in_chinese(kinds[1])}",
            f"{name} does not apply to {kinds[0]} and {kinds[1]}", suggestion=meant,
        )  # fmt: skip

    def spelling(self, node: Node, wanted: Type) -> str:
        """A literal as it would be written to have the type, or empty."""
        if node.kind == "literal" and wanted == STRING and type(node.value) is int:
            return f'"{self.expression.text[node.begin : node.end]}"'
        if node.kind == "literal" and wanted == DATE and isinstance(node.value, str):
            return f'date("{node.value}")'
        return ""

    def unknown_fact(self, node: Node) -> CelError:
        parts = node.name.split(".")
        for length in range(len(parts) - 1, 0, -1):
            shorter = ".".join(parts[:length])
            if shorter in self.declared:
                kind, field = self.declared[shorter].type, parts[length]
                zh, en = (
                    f"{shorter} 是{in_chinese(kind)}，没有字段 {field}",
                    f"{shorter} is {kind} and has no field {field}",
                )
                return self.wrong(node, zh, en, kind="outside")
        meant = nearest(node.name, [*self.declared, "true", "false"])
        zh, en = f"没有名为 {node.name} 的事实", f"there is no fact {node.name}"
        return self.wrong(node, zh, en, kind="unknown_fact", suggestion=meant)

    def wrong(self, node: Node, zh: str, en: str, /, *, kind: Mistake = "type", suggestion: str = "") -> CelError:
        return mistake(self.expression.text, node.at, kind, zh=zh, en=en, suggestion=suggestion)


def _arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    """The result's type. Nothing goes with all that the operator takes on its other side."""
    if operator == "+" and (left.lists or right.lists):
        return join(left, right)
    for (name, first, second), result in _ARITHMETIC.items():
        if name == operator and join(left, first) == first and join(right, second) == second:
            return NOTHING if left == right == NOTHING else result
    return None


_RULES: dict[str, Callable[[_Checker, Node], Type]] = {
    "literal": _Checker.literal,
    "fact": _Checker.fact,
    "has": _Checker.has,
    "variable": _Checker.variable,
    "list": _Checker.elements,
    "unary": _Checker.unary,
    "chain": _Checker.chain,
    "conditional": _Checker.conditional,
    "index": _Checker.index,
    "binary": _Checker.binary,
    "call": _Checker.call,
    "macro": _Checker.macro,
}

_CALLS: dict[str, Callable[[_Checker, Node], Type]] = {
    "size": _Checker.size,
    ".size": _Checker.size,
    ".startsWith": _Checker.about_text,
    ".endsWith": _Checker.about_text,
    ".contains": _Checker.about_text,
    "min": _Checker.extreme,
    "max": _Checker.extreme,
    "math.least": _Checker.extreme,
    "math.greatest": _Checker.extreme,
    "date": _Checker.date,
    "year": _Checker.of_date,
    "month": _Checker.of_date,
    "day": _Checker.of_date,
}
