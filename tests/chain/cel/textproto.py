"""A reader of protocol buffers' text format, as far as CEL's conformance tests use it; only for tests.

A message becomes a dict of field names to lists of values: dict, str (identifiers and numbers) or bytes (strings). An
expanded Any stands under its type's URL in brackets.
"""

import re
from typing import Any

Message = dict[str, list[Any]]

_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*|[,;])*(?:(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<sign>[{}<>:\[\]])"""
    r"""|(?P<word>[-+.\w/]+)|(?P<end>\Z))""",
    re.DOTALL,
)
_ESCAPE = re.compile(
    rb"\\(?:([abfnrtv\\?\"'])|[xX]([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))"
)
_ONE = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def read_textproto(text: str) -> Message:
    """The message of a whole file. Raises ValueError at the first thing it does not know."""
    return _Reader(text).message("end", "")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> tuple[str, str, int]:
        """Kind and text of the next token, and where it ends."""
        token = _TOKEN.match(self.text, self.at)
        if token is None:
            raise ValueError(f"offset {self.at}: {self.text[self.at : self.at + 20]!r}")
        kind = token.lastgroup or ""
        return kind, token[kind], token.end()

    def take(self) -> tuple[str, str]:
        kind, said, self.at = self.peek()
        return kind, said

    def message(self, last_kind: str, last: str) -> Message:
        fields: Message = {}
        while True:
            kind, name = self.take()
            if (kind, name) == (last_kind, last):
                return fields
            if name == "[":
                close = self.text.index("]", self.at)
                name, self.at = self.text[self.at - 1 : close + 1], close + 1
            if self.peek()[1] == ":":
                self.take()
            values = fields.setdefault(name, [])
            if self.peek()[:2] == ("sign", "["):
                self.take()
                while self.peek()[1] != "]":
                    values.append(self.value())
                self.take()
            else:
                values.append(self.value())

    def value(self) -> Any:
        kind, said = self.take()
        if kind == "sign" and said in "{<":
            return self.message("sign", "}" if said == "{" else ">")
        if kind == "word":
            return said
        if kind != "string":
            raise ValueError(f"offset {self.at}: {said!r} is no value")
        parts = [said]
        while self.peek()[0] == "string":
            parts.append(self.take()[1])
        return b"".join(_unescaped(part[1:-1].encode()) for part in parts)


def _unescaped(body: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        letter, hexadecimal, octal, short, long = found.groups()
        if letter is not None:
            return _ONE.get(letter, letter)
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        if octal is not None:
            return bytes([int(octal, 8)])
        return chr(int(short or long, 16)).encode()

    return _ESCAPE.sub(one, body)
