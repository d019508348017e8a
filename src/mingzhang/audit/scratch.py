"""The state that a replay builds up: a private database in memory that goes to a temporary file when it grows.

Nothing of the audited directory's own state is read here; comparing the two is in replay.py.
"""

import sqlite3
from collections.abc import Iterator, Sequence

from mingzhang.chain.state import NodeFailed

CACHE_KIB = 200_000
"""As the node's own: what is larger lies in a temporary file, so that memory stays flat."""
KEYS_AT_ONCE = 500


class Scratch:
    """A StateReader that takes each block's writes. Raises NodeFailed when the temporary file fails."""

    def __init__(self) -> None:
        # An empty name is a database of this connection alone, deleted with it.
        self._connection = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def close(self) -> None:
        """Drop everything."""
        self._connection.close()

    def get(self, key: str) -> bytes | None:
        """Bytes under a key, or None."""
        try:
            row = self._connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise NodeFailed(f"the replayed state cannot be read: {error}") from error
        return None if row is None else row[0]

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Bytes of those of the keys that exist."""
        found: dict[str, bytes] = {}
        try:
            for start in range(0, len(keys), KEYS_AT_ONCE):
                part = keys[start : start + KEYS_AT_ONCE]
                marks = ",".join("?" * len(part))
                # Only question marks are put into the statement.
                found.update(self._connection.execute(f"SELECT key, value FROM state WHERE key IN ({marks})", part))  # noqa: S608
        except sqlite3.Error as error:
            raise NodeFailed(f"the replayed state cannot be read: {error}") from error
        return found

    def scan(self, first: str, beyond: str) -> Iterator[tuple[str, bytes]]:
        """Rows with first <= key < beyond, in key order."""
        try:
            yield from self._connection.execute(
                "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key", (first, beyond)
            )
        except sqlite3.Error as error:
            raise NodeFailed(f"the replayed state cannot be read: {error}") from error

    def rows(self) -> sqlite3.Cursor:
        """All keys and values, in key order."""
        return self._connection.execute("SELECT key, value FROM state ORDER BY key")

    def count(self) -> int:
        """Number of keys."""
        return int(self._connection.execute("SELECT count(*) FROM state").fetchone()[0])

    def write(self, writes: Sequence[tuple[str, bytes | None]]) -> None:
        """Take over a block's writes; None deletes."""
        try:
            self._connection.executemany(
                "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [pair for pair in writes if pair[1] is not None],
            )
            self._connection.executemany(
                "DELETE FROM state WHERE key = ?", [(key,) for key, value in writes if value is None]
            )
        except sqlite3.Error as error:
            raise NodeFailed(f"the replayed state cannot be written: {error}") from error
