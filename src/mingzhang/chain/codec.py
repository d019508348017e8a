"""Canonical bytes: the one JSON form that is signed, hashed, stored and shown to an auditor.

Decoding is strict: no floats, unknown fields, duplicate keys, coercion or unbounded integers, and the bytes must be the
very ones that encoding the result gives. What the fields mean stands with the commands and events, not here.
"""

import re
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from mingzhang.chain.codepoints import ALLOWED_RANGES

MAX_SAFE_INT = 2**53 - 1
"""Largest amount in fen: exact in every JSON reader, browsers among them; 90 trillion yuan."""

# Field types used by every contract. Bounds stand in the type, so that the API's schema shows them. Patterns end in
# (?!\n)$ because a bare $ also matches before a final line feed in Python: "bob" and "bob\n" would both be ids.
Fen = Annotated[int, Meta(ge=0, le=MAX_SAFE_INT, description="amount in fen (分), not negative")]
PositiveFen = Annotated[int, Meta(ge=1, le=MAX_SAFE_INT, description="amount in fen (分), at least 1")]
SignedFen = Annotated[int, Meta(ge=-MAX_SAFE_INT, le=MAX_SAFE_INT, description="signed amount in fen (分)")]
Count = Annotated[int, Meta(ge=0, le=MAX_SAFE_INT)]
Seconds = Annotated[int, Meta(ge=0, le=2**40, description="seconds since 1970-01-01T00:00:00Z, ledger time")]
Year = Annotated[int, Meta(ge=1990, le=2999, description="fiscal year")]
BasisPoints = Annotated[int, Meta(ge=0, le=1_000_000, description="rate in basis points, 10000 is 100 %")]
Hundredths = Annotated[int, Meta(ge=0, le=1_000_000, description="score or weight in hundredths, 10000 is 100.00")]
Id = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}(?!\n)$", description="identifier of an organisation, person or table"),
]
ObjectId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}:[A-Za-z0-9][A-Za-z0-9._/-]{0,63}(?!\n)$",
        description="identifier made by the caller: organisation id, colon, local part",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=200, description="name in one line")]
Text = Annotated[str, Meta(min_length=1, max_length=4_000, description="text, line feeds allowed")]
OptionalText = Annotated[str, Meta(max_length=4_000, description="text, may be empty")]
Date = Annotated[
    str,
    Meta(
        pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(?!\n)$",
        description="business date, YYYY-MM-DD",
    ),
]
Code64 = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,21}(?!\n)$", description="code of a code table")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$", description="32 bytes in lower-case hexadecimal")]
Commitment = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$", description="salted commitment to a sealed value or file")
]
PublicKey = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-f]{64}|[0-9a-f]{128})(?!\n)$",
        description="public key in hexadecimal: 64 bytes for SM2, 32 for Ed25519",
    ),
]
Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{128}(?!\n)$", description="64-byte signature in hexadecimal")]
Blinder = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}(?!\n)$", description="128 random bits in hexadecimal")]

T = TypeVar("T")


class CodecError(ValueError):
    """Bytes that are not the canonical form of what was asked for; the message names the field and what must hold."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of all that is written to the ledger: frozen, keyword-only, strict.

    Subclasses name their wire form by `tag=`; `tag=False` is for structs that only stand inside others.
    """


_encoder = msgspec.json.Encoder(order="deterministic")
encode = _encoder.encode
"""encode(value) -> canonical JSON bytes: fields in declared order, dict keys sorted, no white space."""


def _allowed_class() -> str:
    parts = []
    for item in ALLOWED_RANGES.split():
        first, _, last = item.partition("-")
        parts.append(f"\\U{int(first, 16):08x}-\\U{int(last or first, 16):08x}")
    return "".join(parts)


_forbidden_character = re.compile(f"[^{_allowed_class()}]")
_escape = re.compile(r"\\(.)")


def check_text(data: bytes) -> None:
    """Raise CodecError unless canonical JSON bytes hold only allowed characters (`codepoints.py`) and line feeds."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CodecError(f"byte {error.start}: must be UTF-8") from None
    found = _forbidden_character.search(text)
    if found is not None:
        raise CodecError(
            f"character U+{ord(found.group()):04X} at {found.start()}: controls, bidi and format marks are not allowed"
        )
    if "\\" in text:
        for escape in _escape.finditer(text):
            if escape.group(1) not in '"\\n':
                raise CodecError(f"escape \\{escape.group(1)} at {escape.start()}: control characters are not allowed")


def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """A strict decoder for a type; make it once, use it often."""
    return msgspec.json.Decoder(kind, strict=True)


def decode(data: bytes, kind: "type[T] | msgspec.json.Decoder[T]") -> T:
    """Value of canonical bytes. Raises CodecError naming the field when anything but the canonical form comes in.

    Nesting is bounded by the type: no wire type holds untyped values, so a deep input fails at its first wrong bracket.
    """
    use = kind if isinstance(kind, msgspec.json.Decoder) else decoder(kind)
    try:
        value = use.decode(data)
    except msgspec.ValidationError as error:
        raise CodecError(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError(f"not valid JSON: {error}") from None
    if encode(value) != data:
        raise CodecError("not in canonical form: duplicate keys, spaces, field order or number form")
    check_text(data)
    return value


def decode_stored(data: bytes, use: "msgspec.json.Decoder[T]") -> T:
    """Value of bytes this node itself has checked before and stored; no second check."""
    return use.decode(data)
