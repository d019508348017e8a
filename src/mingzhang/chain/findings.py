"""What a check finds, step by step: sentences for a person, and the one failure that ends the check.

The checks themselves stand in checkpoints.py and bundles.py.
"""

from typing import NamedTuple, TypeVar

from mingzhang.chain.codec import CodecError, decode

MAXIMUM_FILE_BYTES = 8 * 1024 * 1024
"""Of a bundle or trust file: an envelope has at most 2 MiB, and a record repeats one of its items and tells its
events.
"""

T = TypeVar("T")


class Finding(NamedTuple):
    """What one step of a check found: a sentence in Chinese and the same in English."""

    step: str
    ok: bool
    sentence_zh: str
    sentence_en: str


class CheckFailed(Exception):
    """A check ends at the first step that fails, because later steps would build on what is not so."""

    def __init__(self, step: str, sentence_zh: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.finding = Finding(step, False, sentence_zh, sentence_en)


def held(step: str, sentence_zh: str, sentence_en: str) -> Finding:
    """The finding of a step that holds."""
    return Finding(step, True, sentence_zh, sentence_en)


def read(step: str, data: bytes, kind: type[T], *, names: tuple[str, str]) -> T:
    """The value of canonical bytes. Raises CheckFailed with the field and what must hold; `names` are what the reader
    calls these bytes, in Chinese and English.
    """
    name_zh, name_en = names
    if len(data) > MAXIMUM_FILE_BYTES:
        raise CheckFailed(
            step,
            f"{name_zh}超过 {MAXIMUM_FILE_BYTES} 字节。",
            f"The {name_en} is longer than {MAXIMUM_FILE_BYTES} bytes.",
        )
    try:
        return decode(data, kind)
    except CodecError as error:
        raise CheckFailed(
            step, f"{name_zh}的格式不规范（{error}）。", f"The {name_en} is not in its canonical form: {error}."
        ) from None
