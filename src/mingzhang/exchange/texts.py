"""Texts of foreign files put in order: one line, one normal form, and mojibake undone."""

import re
import unicodedata
from functools import lru_cache

_bytes = {ord(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte)): byte for byte in range(0x80, 0xA0)}
_following = "".join(chr(one) for one in sorted({*_bytes, *range(0x80, 0xC0)}))
_telltale = re.compile(f"[\u00c2-\u00f4][{re.escape(_following)}]")


def tidy(text: str) -> str:
    """A text in one line and in normal form C, as names are compared and texts go on the ledger."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=20_000)
def repaired(text: str) -> str:
    """What a text was before its UTF-8 was taken for Windows-1252 or Latin-1 (mojibake), or the text itself.

    Give it the text as it stands in the file: some of what looks like white space is half a character here.
    """
    if not _telltale.search(text):
        return text
    try:
        return text.translate(_bytes).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
