"""Text to syntax tree by operator precedence over an explicit stack: any input is read once, none recurses.

Names of facts and functions and the types of operands are the checker's. Macros belong here, because they bind names.
"""

from typing import Literal, NamedTuple

from mingzhang.chain.cel.errors import CelError, mistake
from mingzhang.chain.cel.lexer import Token
from mingzhang.chain.cel.reader import KEYWORDS, RESERVED, Reader
from mingzhang.chain.cel.syntax import FUNCTIONS, MACROS, METHODS, Expression, Node, NodeKind
from mingzhang.chain.cel.types import INT_MAX

SOURCE_LENGTH_MAX = 4_000
"""Characters of an expression: the longest text field of a command, and far more than anyone can read as one rule."""
NODES_MAX = 500
"""Nodes of a tree: bounds memory and compilation."""
DEPTH_MAX = 100
"""Levels of a tree and open brackets and operators while reading. A run needs one Python frame a level, and no more
than this must ever stand on a node's stack; CEL asks for 32."""


_PRECEDENCE = {
    "||": 2, "&&": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_UNARY = 7

_Waiting = Literal["binary", "chain", "unary", "then", "else", "(", "list", "index", "call", "macro"]
_CLOSES = {"(": ")", "list": "]", "index": "]", "call": ")", "macro": ")"}


class _Open:
    """An operator or bracket whose last operand has not been read."""

    __slots__ = ("begin", "count", "name", "operands", "precedence", "token", "waiting")

    def __init__(self, waiting: _Waiting, token: Token, *, begin: int, name: str = "", precedence: int = 0) -> None:
        self.waiting = waiting
        self.token = token
        self.begin = begin
        self.name = name
        self.precedence = precedence
        self.count = 0  # operands of a chain, variables of a macro
        self.operands: list[int] = []  # nodes read before and between: receiver, arguments, elements


class _Part(NamedTuple):
    """A complete operand and its text, brackets included."""

    node: int
    begin: int
    end: int


def parse(text: str) -> Expression:
    """The tree of one expression. Raises CelError of kind syntax, outside or limit."""
    if len(text) > SOURCE_LENGTH_MAX:
        raise mistake(
            text, SOURCE_LENGTH_MAX, "limit", zh=f"表达式最多 {SOURCE_LENGTH_MAX} 个字符",
            en=f"an expression has at most {SOURCE_LENGTH_MAX} characters",
        )  # fmt: skip
    return _Parser(text).parse()


class _Parser(Reader):
    """Reads tokens left to right; `done` holds complete operands, `open` what waits for its last one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.nodes: list[Node] = []
        self.depths: list[int] = []
        self.done: list[_Part] = []
        self.open: list[_Open] = []
        self.scope: list[tuple[str, int]] = []  # macro variables: name, node of the list they go through
        self.slots = 0

    def parse(self) -> Expression:
        wanted = True  # an operand, or else an operator or a closing bracket
        while True:
            if wanted:
                wanted = self.operand()
            elif self.peek().kind == "end":
                break
            else:
                wanted = self.operator()
        self.reduce(0)
        if self.open:
            unclosed = self.open[-1]
            if unclosed.waiting == "then":
                raise self.wrong(self.peek(), "条件 ? 之后缺少 :", "the : that belongs to ? is missing")
            closing = _CLOSES[unclosed.waiting]
            raise self.wrong(
                unclosed.token, f"这个括号没有 {closing} 与之对应", f"this bracket has no closing {closing}"
            )
        return Expression(self.text, tuple(self.nodes), self.slots)

    # --- Operands ---

    def operand(self) -> bool:
        """Read up to a complete operand (False) or to where one is still wanted (True)."""
        token = self.take()
        if token.kind == "int":
            return self.integer(token, negative=False)
        if token.kind == "string":
            return self.complete("literal", (), token=token, begin=token.begin, value=token.value)
        if token.kind == "name":
            return self.named(token)
        if token.value in ("-", "!"):
            return self.prefix(token)
        if token.value == "(":
            return self.push(_Open("(", token, begin=token.begin))
        if token.value == "[":
            if self.follows(",") and self.follows("]", after=1):  # CEL's grammar lets a comma stand alone
                self.take()
            if self.follows("]"):
                self.take()
                return self.complete("list", (), token=token, begin=token.begin)
            return self.push(_Open("list", token, begin=token.begin))
        if token.value == "." and self.peek().kind == "name":
            if self.follows("(", after=1) and self.peek().value != "has":
                return self.named(self.take())
            return self.dotted(self.take(), begin=token.begin, rooted=True)
        if token.value == "{":
            raise self.wrong(
                token, "没有映射，请用列表或判定表的行", "there are no maps; use a list or rows", kind="outside"
            )
        raise self.wrong(token, "这里应当是一个值", "a value is expected here")

    def integer(self, token: Token, *, negative: bool, begin: int | None = None) -> bool:
        value = -int(token.value) if negative else int(token.value)
        if value > INT_MAX:
            raise self.wrong(token, "整数超出 64 位范围", "the integer does not fit into 64 bits")
        begin = token.begin if begin is None else begin
        return self.complete("literal", (), token=token, begin=begin, value=value)

    def prefix(self, token: Token) -> bool:
        """A row of `-` or `!`. Like CEL, one minus before digits belongs to the literal, and pairs cancel out."""
        count = 1
        while self.follows(str(token.value)):
            self.take()
            count += 1
        if token.value == "-" and count == 1 and self.peek().kind == "int":
            return self.integer(self.take(), negative=True, begin=token.begin)
        name = str(token.value) * (2 - count % 2)
        return self.push(_Open("unary", token, begin=token.begin, name=name, precedence=_UNARY))

    def named(self, token: Token) -> bool:
        name = str(token.value)
        if name in ("true", "false"):
            return self.complete("literal", (), token=token, begin=token.begin, value=name == "true")
        if name == "null":
            raise self.wrong(token, "没有空值，请用 has() 询问", "there is no null; ask with has()", kind="outside")
        if name == "in":
            raise self.wrong(token, "这里应当是一个值", "a value is expected here")
        if not self.follows("("):
            return self.dotted(token, begin=token.begin, rooted=False)
        if name in RESERVED:
            raise self.reserved(token)
        if name == "has":
            return self.presence(token)
        if name not in FUNCTIONS:
            raise self.no_function(token, name)
        self.take()
        return self.arguments(_Open("call", token, begin=token.begin, name=name))

    def dotted(self, token: Token, *, begin: int, rooted: bool) -> bool:
        """A name with its dots: a macro's variable, a fact, or the receiver of a function."""
        if token.value in RESERVED:
            raise self.reserved(token)
        if not rooted:
            for slot in range(len(self.scope), 0, -1):
                name, over = self.scope[slot - 1]
                if name == token.value:
                    return self.complete("variable", (), token=token, begin=begin, name=name, slot=slot, over=over)
        parts, end = [str(token.value)], token.end
        while self.follows(".") and self.tokens[self.next + 1].kind == "name":
            last = self.tokens[self.next + 1]
            calls = self.follows("(", after=2)
            if calls and (rooted or ".".join([*parts, str(last.value)]) not in FUNCTIONS):
                break
            self.next += 2
            if last.value in KEYWORDS:
                raise self.reserved(last)
            parts.append(str(last.value))
            end = last.end
            if calls:
                self.take()
                return self.arguments(_Open("call", token, begin=begin, name=".".join(parts)))
        return self.complete("fact", (), token=token, begin=begin, end=end, name=".".join(parts))

    def presence(self, token: Token) -> bool:
        """has(a.b): whether a fact is given."""
        self.take()
        parts: list[str] = []
        first = self.peek()
        if self.follows("."):
            self.take()
        while self.peek().kind == "name":
            name = self.take()
            if name.value in KEYWORDS or (not parts and name.value in RESERVED):
                raise self.reserved(name)
            parts.append(str(name.value))
            if not self.follows("."):
                break
            self.take()
        if len(parts) < 2 or not self.follows(")") or parts[0] in [name for name, _over in self.scope]:
            zh, en = "has() 只询问带点的事实名称", "has() asks for the dotted name of a fact only"
            raise self.wrong(first, zh, en, kind="outside" if first.value == "(" else "syntax")  # CEL takes has((a.b))
        return self.complete("has", (), token=first, begin=token.begin, end=self.take().end, name=".".join(parts))

    # --- What follows an operand ---

    def operator(self) -> bool:
        token = self.take()
        is_sign = token.kind == "sign" or (token.kind == "name" and token.value == "in")
        sign = str(token.value) if is_sign else ""
        if sign in (")", "]", ","):
            return self.close(token)
        if sign == ".":
            return self.member()
        if sign == "[":
            part = self.done.pop()
            opened = _Open("index", token, begin=part.begin)
            opened.operands = [part.node]
            return self.push(opened)
        if sign == "?":
            return self.question(token)
        if sign == ":":
            return self.colon(token)
        if sign in ("&&", "||"):
            return self.chained(token)
        if sign in _PRECEDENCE:
            self.reduce(_PRECEDENCE[sign])
            name, precedence = sign, _PRECEDENCE[sign]
            return self.push(_Open("binary", token, begin=self.done[-1].begin, name=name, precedence=precedence))
        if sign == "{":
            raise self.wrong(token, "没有消息结构", "there are no messages", kind="outside")
        raise self.no_operator(token)

    def chained(self, token: Token) -> bool:
        """`a && b && c` is one node of three, so that long conjunctions stay shallow and explain clause by clause."""
        name = str(token.value)
        self.reduce(_PRECEDENCE[name] + 1)
        top = self.open[-1] if self.open else None
        if top is None or top.waiting != "chain" or top.name != name:
            self.reduce(_PRECEDENCE[name])
            top = _Open("chain", token, begin=self.done[-1].begin, name=name, precedence=_PRECEDENCE[name])
            self.push(top)
        top.operands.append(self.done.pop().node)
        return True

    def question(self, token: Token) -> bool:
        self.reduce(2)
        if self.open and self.open[-1].waiting == "then":
            raise self.wrong(token, "请给内层条件加括号", "put brackets around the inner condition")
        opened = _Open("then", token, begin=self.done[-1].begin)
        opened.operands = [self.done.pop().node]
        return self.push(opened)

    def colon(self, token: Token) -> bool:
        self.reduce(2)
        if not self.open or self.open[-1].waiting != "then":
            raise self.wrong(token, "这个 : 前面没有 ?", "no ? stands before this :")
        waiting = self.open[-1]
        waiting.waiting, waiting.precedence = "else", 1
        waiting.operands.append(self.done.pop().node)
        return True

    def member(self) -> bool:
        """`.name(`: a macro, or a function of the operand before the dot."""
        name = self.take()
        if name.kind != "name":
            raise self.wrong(name, "点后面应当是名称", "a name is expected after the dot")
        if name.value in KEYWORDS:
            raise self.reserved(name)
        if not self.follows("("):
            raise self.wrong(
                name,
                "值没有字段；带点的名称只能是事实",
                "a value has no fields; dotted names are facts only",
                kind="outside",
            )
        self.take()
        receiver = self.done.pop()
        opened = _Open("call", name, begin=receiver.begin, name="." + str(name.value))
        opened.operands = [receiver.node]
        if opened.name in METHODS:
            return self.arguments(opened)
        if opened.name not in MACROS:
            raise self.no_function(name, opened.name)
        variable = self.take()
        if variable.kind != "name" or not self.follows(","):
            raise self.wrong(
                variable, f"{name.value} 的第一个参数须是变量名，随后是逗号",
                f"{name.value} takes the name of a variable, then a comma",
            )  # fmt: skip
        if variable.value in RESERVED:
            raise self.reserved(variable)
        self.take()
        opened.waiting, opened.name = "macro", str(name.value)
        self.scope.append((str(variable.value), receiver.node))
        self.slots = max(self.slots, len(self.scope))
        return self.push(opened)

    def arguments(self, opened: _Open) -> bool:
        if self.follows(")"):
            return self.finish(opened, self.take())
        return self.push(opened)

    def close(self, token: Token) -> bool:
        """A comma or closing bracket ends what stands in the innermost bracket."""
        self.reduce(0)
        opened = self.open[-1] if self.open else None
        if opened is None or opened.waiting == "then":
            raise self.wrong(token, f"这里不能有 {token.value}", f"{token.value} cannot stand here")
        if token.value == ",":
            limit = {"(": 0, "index": 0, "macro": 2 if opened.name == "map" else 1}.get(opened.waiting)
            opened.operands.append(self.done.pop().node)
            if limit is not None and len(opened.operands) > limit:
                raise self.wrong(token, "这里不能有逗号", "a comma cannot stand here")
            if opened.waiting == "list" and self.follows("]"):
                self.open.pop()
                return self.finish(opened, self.take())
            return True
        if token.value != _CLOSES[opened.waiting]:
            closing = _CLOSES[opened.waiting]
            raise self.wrong(token, f"这里应当是 {closing}", f"{closing} is expected here", suggestion=closing)
        self.open.pop()
        part = self.done.pop()
        if opened.waiting == "(":
            self.done.append(_Part(part.node, opened.begin, token.end))
            return False
        opened.operands.append(part.node)
        return self.finish(opened, token)

    def finish(self, opened: _Open, closing: Token) -> bool:
        """The node of a bracket that has just closed."""
        kind: NodeKind = "list"
        slot = 0
        if opened.waiting == "macro":
            kind, slot = "macro", len(self.scope)
            self.scope.pop()
        elif opened.waiting != "list":
            kind = "index" if opened.waiting == "index" else "call"
        return self.complete(
            kind, tuple(opened.operands), token=opened.token, begin=opened.begin, end=closing.end,
            name=opened.name, slot=slot,
        )  # fmt: skip

    def reduce(self, precedence: int) -> None:
        """Give every waiting operator that binds at least so tightly its last operand. Brackets and `? ` stop it."""
        while self.open and 0 < self.open[-1].precedence >= precedence:
            opened = self.open.pop()
            part = self.done.pop()
            operands = (*opened.operands, part.node)
            kind: NodeKind = "unary"
            if opened.waiting == "binary":
                kind, operands = "binary", (self.done.pop().node, part.node)
            elif opened.waiting == "chain":
                kind = "chain"
            elif opened.waiting == "else":
                kind = "conditional"
            self.complete(kind, operands, token=opened.token, begin=opened.begin, end=part.end, name=opened.name)

    # --- Nodes, tokens, errors ---

    def complete(
        self, kind: NodeKind, children: tuple[int, ...], *, token: Token, begin: int, end: int | None = None,
        name: str = "", value: int | str | bool | None = None, slot: int = 0, over: int = 0,
    ) -> bool:  # fmt: skip
        """Add a node and leave it as the latest operand. Returns False: no operand is wanted after one."""
        index = len(self.nodes)
        depth = 1 + max((self.depths[child] for child in children), default=0)
        if index >= NODES_MAX or depth > DEPTH_MAX:
            raise self.too_large(token)
        end = token.end if end is None else end
        start = self.nodes[children[0]].start if children else index
        node = Node(
            kind=kind, begin=begin, end=end, at=token.begin, start=start, name=name, value=value, children=children,
            slot=slot, over=over,
        )  # fmt: skip
        self.nodes.append(node)
        self.depths.append(depth)
        self.done.append(_Part(index, begin, end))
        return False

    def push(self, opened: _Open) -> bool:
        """Wait for an operand. Returns True: one is wanted now."""
        if len(self.open) >= DEPTH_MAX:
            raise self.too_large(opened.token)
        self.open.append(opened)
        return True

    def too_large(self, token: Token) -> CelError:
        return self.wrong(
            token, f"表达式过长或嵌套过深（最多 {NODES_MAX} 个节点、{DEPTH_MAX} 层）",
            f"the expression is too large or too deep (at most {NODES_MAX} nodes, {DEPTH_MAX} levels)", kind="limit",
        )  # fmt: skip
