"""Which stretches of the ledger hold a text: an index of letter pairs that works for Chinese, small and the same on
every database.

Records are taken in stretches of `STRETCH`; for each, the pairs of neighbouring characters in the noted texts are kept.
A text can only be where all its pairs are; whether it is, the rows themselves have to say.
"""

import sqlalchemy as sa

from mingzhang.views.batch import Batch
from mingzhang.views.tables import Row, RowTable

STRETCH = 2_048
"""Records a stretch: about one pair a record is then kept, and a stretch is looked through in 2 ms."""


class Pair(Row):
    """Two neighbouring characters that occur in a text of a stretch; its last character stands before a space."""

    pair: str
    stretch: int


PAIRS = RowTable("payment_words", Pair, key=("pair", "stretch"))


def note(batch: Batch, text: str) -> None:
    """The batch's record holds this text."""
    batch.note(PAIRS, batch.record.index // STRETCH, text, parts=_pairs)


def stretches_with(connection: sa.Connection, text: str) -> list[int]:
    """Stretches that may hold the text, in order; of an empty text none."""
    text = text.lower()
    pairs = sorted({text[at : at + 2] for at in range(len(text) - 1)})
    c = PAIRS.c
    if not pairs:
        found = sa.select(c.stretch).where(c.pair >= text, c.pair < chr(ord(text) + 1)).distinct() if text else None
    else:
        found = sa.select(c.stretch).where(c.pair.in_(pairs)).group_by(c.stretch).having(sa.func.count() == len(pairs))
    return [] if found is None else sorted(connection.execute(found).scalars())


def _pairs(text: str) -> set[str]:
    text = text.lower()
    return {first + second for first, second in zip(text, text[1:] + " ", strict=True)}
