"""Going through tokens one by one, and the sentences for a token that cannot stand where it stands."""

from mingzhang.chain.cel.errors import CelError, Mistake, mistake
from mingzhang.chain.cel.lexer import Token, tokens_of
from mingzhang.chain.cel.suggestions import nearest
from mingzhang.chain.cel.syntax import FUNCTIONS, MACROS, METHODS

RESERVED = (
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "namespace", "null", "package", "return", "true", "var", "void", "while",
)  # fmt: skip
KEYWORDS = ("false", "in", "null", "true")
"""Those of the reserved words that cannot even follow a dot."""

_MEANT_OPERATORS = {"and": "&&", "AND": "&&", "or": "||", "OR": "||", "mod": "%", "is": "=="}


class Reader:
    """The tokens of a text and a place among them; the last token, of kind `end`, is never passed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.next = 0

    def peek(self) -> Token:
        """The next token, which stays."""
        return self.tokens[self.next]

    def follows(self, sign: str, *, after: int = 0) -> bool:
        """Whether the next token, or the one so many after it, is this sign."""
        token = self.tokens[min(self.next + after, len(self.tokens) - 1)]
        return token.kind == "sign" and token.value == sign

    def take(self) -> Token:
        """The next token; go past it."""
        token = self.tokens[self.next]
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def wrong(self, token: Token, zh: str, en: str, /, *, kind: Mistake = "syntax", suggestion: str = "") -> CelError:
        """The error at a token."""
        if token.kind == "end":
            zh, en = f"表达式没有写完，{zh}", f"the expression is not complete: {en}"
        return mistake(self.text, token.begin, kind, zh=zh, en=en, suggestion=suggestion)

    def reserved(self, token: Token) -> CelError:
        """The error at a word that cannot be a name."""
        return self.wrong(token, f"{token.value} 是保留字，不能作名称", f"{token.value} is reserved and names nothing")

    def no_operator(self, token: Token) -> CelError:
        """The error at a token that stands where an operator should."""
        return self.wrong(
            token, "两个值之间缺少运算符", "an operator is missing between two values",
            suggestion=_MEANT_OPERATORS.get(str(token.value), ""),
        )  # fmt: skip

    def no_function(self, token: Token, name: str) -> CelError:
        """The error at the name of an unknown function, or of one of CEL's that the subset leaves out."""
        meant = nearest(name, METHODS + MACROS if name.startswith(".") else FUNCTIONS).removeprefix(".")
        zh, en = f"没有函数 {token.value}", f"there is no function {token.value}"
        return self.wrong(token, zh, en, kind="unknown_function", suggestion=meant)
