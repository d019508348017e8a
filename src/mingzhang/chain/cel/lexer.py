"""Text to tokens: CEL's lexical grammar, less the literals that the subset leaves out, each refused with its reason."""

import re
from typing import Literal, NamedTuple

from mingzhang.chain.cel.errors import CelError, mistake
from mingzhang.chain.cel.types import INT_MAX

TokenKind = Literal["int", "string", "name", "sign", "end"]

INT_DIGITS_MAX = 20
"""Digits of an integer literal without leading zeros; one more than the largest has, so that overflow is told."""


class Token(NamedTuple):
    """A token at text[begin:end]. An int may be 2^63 here: behind a minus it is the smallest integer."""

    kind: TokenKind
    value: int | str
    begin: int
    end: int


_STRINGS = (
    r'[rR]"""(?P<raw3>.*?)"""',
    r"[rR]'''(?P<raw3s>.*?)'''",
    r'[rR]"(?P<raw1>[^"\n\r]*)"',
    r"[rR]'(?P<raw1s>[^'\n\r]*)'",
    r'"""(?P<long>(?:[^\\]|\\.)*?)"""',
    r"'''(?P<longs>(?:[^\\]|\\.)*?)'''",
    r'"(?P<short>(?:[^"\\\n\r]|\\[^\n\r])*)"',
    r"'(?P<shorts>(?:[^'\\\n\r]|\\[^\n\r])*)'",
)
_RAW = {"raw3", "raw3s", "raw1", "raw1s"}
_SPACE = re.compile(r"(?:[ \t\n\f\r]|//[^\n]*)*")
_STRING = re.compile("|".join(_STRINGS), re.DOTALL)
_OUTSIDE_NUMBER = re.compile(r"[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+")
_NUMBER = re.compile(r"0x(?P<hex>[0-9a-fA-F]+)|(?P<digits>[0-9]+)")
_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_SIGN = re.compile(r"&&|\|\||[=!<>]=|[-+*/%!<>?:.,()\[\]{}]")
_ESCAPE = re.compile(
    r"\\(?:(?P<one>[abfnrtv\\?\"'`])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2}))"
)
_ONE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

# What a Chinese keyboard or another language gives instead.
_MEANT = {
    "（": "(", "）": ")", "，": ",", "、": ",", "。": ".", "：": ":", "？": "?", "！": "!", "“": '"', "”": '"',
    "‘": "'", "’": "'", "［": "[", "］": "]", "【": "[", "】": "]", "＋": "+", "－": "-", "—": "-", "×": "*",
    "＊": "*", "÷": "/", "／": "/", "％": "%", "＜": "<", "＞": ">", "≤": "<=", "≥": ">=", "≦": "<=", "≧": ">=",
    "＝": "==", "≠": "!=", "且": "&&", "和": "&&", "或": "||", "非": "!", "=": "==", "&": "&&", "|": "||",
    "∈": "in", "\u3000": " ", "；": "", ";": "",
}  # fmt: skip


def tokens_of(text: str) -> list[Token]:
    """All tokens, closed by one of kind `end`. Raises CelError at the first character that begins none."""
    tokens = []
    at = _after_space(text, 0)
    while at < len(text):
        token = _token_at(text, at)
        tokens.append(token)
        at = _after_space(text, token.end)
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _token_at(text: str, at: int) -> Token:
    string = _STRING.match(text, at)
    if string is not None:
        return _string(text, string)
    fraction = _OUTSIDE_NUMBER.match(text, at)
    if fraction is not None:
        raise mistake(
            text, at, "outside", zh="没有小数：金额用分，比率用万分之几",
            en="there are no fractions: write amounts in fen and rates in basis points",
        )  # fmt: skip
    number = _NUMBER.match(text, at)
    if number is not None:
        return _number(text, number)
    name = _NAME.match(text, at)
    if name is not None:
        if text[name.end() : name.end() + 1] in ("'", '"') and name.group() in _BYTES:
            raise mistake(text, at, "outside", zh="没有字节串", en="there are no byte strings")
        return Token("name", name.group(), at, name.end())
    sign = _SIGN.match(text, at)
    if sign is not None:
        return Token("sign", sign.group(), at, sign.end())
    raise _stray(text, at)


_BYTES = {"b", "B", "br", "bR", "Br", "BR", "rb", "rB", "Rb", "RB"}


def _stray(text: str, at: int) -> CelError:
    found = text[at]
    if found in "'\"":
        return mistake(text, at, "syntax", zh="文本没有结束的引号", en="the string has no closing quote")
    if found == "`":
        return mistake(text, at, "outside", zh="没有反引号名称", en="there are no names in backquotes")
    named = f"U+{ord(found):04X}" if ord(found) < 0x21 or ord(found) == 0x7F else found
    return mistake(
        text, at, "syntax", zh=f"这里不能有字符 {named}", en=f"the character {named} cannot stand here",
        suggestion=_MEANT.get(found, ""),
    )  # fmt: skip


def _number(text: str, found: re.Match[str]) -> Token:
    at, end = found.span()
    follows = text[end : end + 1]
    if follows in ("u", "U"):
        raise mistake(text, at, "outside", zh="没有无符号整数", en="there are no unsigned integers")
    if _NAME.match(text, end):
        raise mistake(text, end, "syntax", zh=f"整数后不能紧跟 {follows}", en=f"{follows} cannot follow an integer")
    digits = (found["hex"] or found["digits"]).lstrip("0")
    value = int(digits or "0", 16 if found["hex"] else 10) if len(digits) <= INT_DIGITS_MAX else INT_MAX + 2
    if value > INT_MAX + 1:
        raise mistake(text, at, "syntax", zh="整数超出 64 位范围", en="the integer does not fit into 64 bits")
    return Token("int", value, at, end)


def _string(text: str, found: re.Match[str]) -> Token:
    form = found.lastgroup or ""
    body = found[form]
    if form not in _RAW and "\\" in body:
        body = _unescaped(text, body, found.start(form))
    return Token("string", body, found.start(), found.end())


def _unescaped(text: str, body: str, offset: int) -> str:
    """A string's characters; an escape names one code point."""
    parts = []
    at = 0
    while at < len(body):
        stop = body.find("\\", at)
        if stop < 0:
            parts.append(body[at:])
            break
        parts.append(body[at:stop])
        escape = _ESCAPE.match(body, stop)
        if escape is None:
            raise mistake(
                text, offset + stop, "syntax", zh="没有这种转义", en="there is no such escape", suggestion="\\\\"
            )
        one = escape["one"]
        if one is not None:
            parts.append(_ONE.get(one, one))
        else:
            digits = escape["x"] or escape["u"] or escape["U"]
            code = int(digits, 16) if digits else int(escape["octal"], 8)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise mistake(text, offset + stop, "syntax", zh="没有这个字符编码", en="there is no such code point")
            parts.append(chr(code))
        at = escape.end()
    return "".join(parts)
