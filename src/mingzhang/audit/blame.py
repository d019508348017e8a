"""Which envelope is at fault when a block's stored records fit its root, but its envelopes give other records."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mingzhang.audit.records import about_en, about_zh, difference
from mingzhang.audit.stored import StoredBlock, StoredLedger, field_of
from mingzhang.chain.tx import Opened


class Fault(NamedTuple):
    """The id of an envelope, and what is wrong with it."""

    envelope: int
    what_zh: str
    what_en: str


def envelope_at_fault(
    ledger: StoredLedger,
    block: StoredBlock | None,
    opened: Sequence[tuple[int, Opened]],
    *,
    first: int,
    right: Sequence[bytes],
    next_number: int,
) -> Fault | None:
    """The envelope of the first record that differs; None if that record came in none.

    `first` is the index of the block's first leaf, `right` are the leaves that the replay gave (none if it could record
    nothing), `next_number` is the number of the next envelope after those of the block. Raises sqlite3.Error.
    """
    here = {one.hash.hex(): number for number, one in opened}
    stored = ledger.leaves(first, first + len(right) + 1)
    for at in range(len(right) + 1):
        _digest, data = stored.get(first + at, (None, None))
        given = right[at] if at < len(right) else b""
        if data == given:
            continue
        of_stored, of_given = field_of(data, "envelope"), field_of(given, "envelope")
        if of_stored not in here and isinstance(of_stored, str) and of_stored:
            number = ledger.envelope_with_hash(of_stored)
            enough = block is not None and type(block.envelopes) is int and len(opened) >= block.envelopes
            if number is not None or not (enough and of_given in here):
                return _lacking(next_number if number is None else number, first + at, data)
        return _other(here[of_given], first + at, data, given=given) if of_given in here else None
    return None


def _lacking(number: int, index: int, leaf: Any) -> Fault:
    return Fault(
        number,
        f"记录 {index}{about_zh(leaf)}来自这个信封，本区块中却没有。",
        f"Record {index}{about_en(leaf)} came in this envelope, which the block lacks.",
    )


def _other(number: int, index: int, leaf: Any, *, given: bytes) -> Fault:
    what = difference(leaf, given)
    return Fault(
        number,
        f"重放得到的记录 {index}{about_zh(given)}与所存的不同（{what}），而所存的记录与根相符。",
        f"Replayed, it gives another record {index}{about_en(given)} than is stored ({what}), while the stored records"
        " fit the root.",
    )
