"""The rows of ledger.sqlite as they are stored, as of one moment, with nothing believed of them.

A value may be of any type SQLite can hold, whatever the column says. What the rows should be is in replay.py.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

MOST_EXTRA = 5
"""Rows that should not be there, named for each table."""

_MOST_LEAVES = 1 << 40
"""No block has as many; beyond 63 bits SQLite could not even be asked."""


class StoredBlock(NamedTuple):
    """A row of `blocks`, unchecked."""

    height: Any
    time: Any
    first_leaf: Any
    leaves: Any
    envelopes: Any
    root: Any


class StoredEnvelope(NamedTuple):
    """A row of `envelopes`, unchecked."""

    id: int
    height: Any
    hash: Any
    bytes: Any


class StoredCheckpoint(NamedTuple):
    """A row of `checkpoints`, unchecked."""

    size: int
    height: Any
    body: Any
    signatures: Any


class StoredLedger:
    """Reads one snapshot of the ledger's file. Raises sqlite3.Error where it is damaged."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # From the first reading on the same state of the file is seen, whoever writes meanwhile.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM head").fetchone()

    def head(self) -> list[tuple[Any, ...]]:
        """The rows of `head`; there must be one."""
        columns = "id, format, height, time, frontier, writes_since, keys_at"
        return self._connection.execute(f"SELECT {columns} FROM head LIMIT 2").fetchall()  # noqa: S608 - a constant

    def last_height(self) -> int:
        """The height of which most of the file says that it is the last: no one altered row decides."""
        block = self._one("SELECT max(height) FROM blocks")
        head = self._one("SELECT height FROM head")
        leaf = self._one("SELECT bytes FROM leaves ORDER BY idx DESC LIMIT 1")
        said = sorted(one for one in (block, head, field_of(leaf, "height")) if type(one) is int)
        return said[len(said) // 2] if said else 0

    def block(self, height: int) -> StoredBlock | None:
        """A block's row, or None."""
        row = self._connection.execute(
            "SELECT height, time, first_leaf, leaves, envelopes, root FROM blocks WHERE height = ?", (height,)
        ).fetchone()
        return None if row is None else StoredBlock(*row)

    def block_time(self, block: StoredBlock | None, first: int) -> int | None:
        """The time of which the block's row and its first and last leaf say most; `first` is its first leaf's index.

        None when there is nothing of such a block at all.
        """
        leaves = [self._leaf(first)]
        if block is not None and isinstance(block.leaves, int) and 0 < block.leaves < _MOST_LEAVES:
            leaves.append(self._leaf(first + block.leaves - 1))
        said = [field_of(leaf, "time") for leaf in leaves] + ([] if block is None else [block.time])
        times = [one for one in said if type(one) is int]
        return max(times, key=times.count) if times else None

    def envelopes(self, height: int) -> list[StoredEnvelope]:
        """A block's envelopes, in order."""
        rows = self._connection.execute(
            "SELECT id, height, hash, bytes FROM envelopes WHERE height = ? ORDER BY id", (height,)
        )
        return [StoredEnvelope(*row) for row in rows]

    def envelope_height(self, envelope: int) -> Any:
        """The height an envelope's row names, None if there is no such row."""
        return self._one("SELECT height FROM envelopes WHERE id = ?", envelope)

    def envelope_with_hash(self, digest: str) -> int | None:
        """Id of the envelope with this hash (hexadecimal), wherever it is. Slow: reads the whole table."""
        row = self._connection.execute("SELECT id FROM envelopes WHERE hex(hash) = ?", (digest.upper(),)).fetchone()
        return None if row is None else int(row[0])

    def leaves(self, first: int, beyond: int) -> dict[int, tuple[Any, Any]]:
        """(hash, bytes) by index, of those that exist with first <= index < beyond."""
        rows = self._connection.execute(
            "SELECT idx, hash, bytes FROM leaves WHERE idx >= ? AND idx < ?", (first, beyond)
        )
        return {index: (digest, data) for index, digest, data in rows}

    def node(self, level: int, index: int) -> Any:
        """The hash of a stored subtree, None if it is not there."""
        return self._one("SELECT hash FROM nodes WHERE level = ? AND idx = ?", level, index)

    def nodes(self) -> Iterator[tuple[Any, Any]]:
        """(level, index) of all stored subtrees."""
        yield from self._connection.execute("SELECT level, idx FROM nodes")

    def checkpoints(self) -> list[StoredCheckpoint]:
        """All checkpoints, by size."""
        rows = self._connection.execute("SELECT size, height, body, signatures FROM checkpoints ORDER BY size")
        return [StoredCheckpoint(*row) for row in rows]

    def state(self) -> sqlite3.Cursor:
        """The state's keys and values, by key."""
        return self._connection.execute("SELECT key, value FROM state ORDER BY key")

    def extra_rows(self, *, height: int, size: int, envelopes: int) -> Iterator[tuple[str, str]]:
        """(table, key) of rows beyond what the ledger of this height, size and number of envelopes has."""
        queries = (
            ("blocks", "SELECT height FROM blocks WHERE height < 1 OR height > ?", (height,)),
            ("leaves", "SELECT idx FROM leaves WHERE idx < 0 OR idx >= ?", (size,)),
            # What has another type than a number is greater than every number.
            (
                "envelopes",
                "SELECT id FROM envelopes WHERE id < 1 OR id > ? OR height < 2 OR height > ?",
                (envelopes, height),
            ),
        )
        for table, query, bounds in queries:
            for (key,) in self._connection.execute(f"{query} LIMIT {MOST_EXTRA}", bounds):
                yield table, str(key)

    def count(self, table: str) -> int:
        """Number of rows of a table."""
        return int(self._one(f"SELECT count(*) FROM {table}"))  # noqa: S608 - names are our constants

    def _leaf(self, index: int) -> Any:
        return self._one("SELECT bytes FROM leaves WHERE idx = ?", index)

    def _one(self, query: str, *values: int) -> Any:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]


def field_of(data: Any, name: str) -> Any:
    """A field of a leaf's text, None if it is not to be found."""
    if not isinstance(data, bytes):
        return None
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value.get(name) if isinstance(value, dict) else None
