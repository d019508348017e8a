"""The shape of a code, the refusal that carries one, and how its sentence is rendered with the facts of a case."""

import msgspec

Facts = dict[str, int | str]
"""What a refusal read: names to integers (fen by suffix) or strings, as the record keeps them."""


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """One result. Sentences may name facts in braces; `_fen` facts are shown in yuan.

    `basis` is the legal or built-in basis, `remedy` what would make the same request pass, `retry` whether sending
    the very same request again may succeed.
    """

    number: int
    name: str
    zh: str
    en: str
    basis: str = ""
    remedy_zh: str = ""
    remedy_en: str = ""
    retry: bool = False


class Refused(Exception):
    """Raised by a decide function: the one way to refuse."""

    def __init__(self, code: Code, /, **facts: int | str) -> None:
        super().__init__(code.name)
        self.code = code
        self.facts: Facts = facts


def yuan(amount_fen: int) -> str:
    """Fen as yuan text with thousands separators: 123456 -> '1,234.56'."""
    sign, cents = ("-", -amount_fen) if amount_fen < 0 else ("", amount_fen)
    return f"{sign}{cents // 100:,}.{cents % 100:02d}"


def render(sentence: str, facts: Facts) -> str:
    """A code's sentence with its facts filled in; a fact the record does not hold stays visible as its name."""
    for name, value in facts.items():
        shown = yuan(value) if name.endswith("_fen") and isinstance(value, int) else str(value)
        sentence = sentence.replace("{" + name + "}", shown)
    return sentence
