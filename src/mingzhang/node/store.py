"""The ledger on disk: one SQLite file, one transaction a block. What the bytes mean is chain's matter.

Tables: `leaves` and `envelopes` hold the exact bytes that were agreed, `nodes` the tile roots of the Merkle tree,
`state` the contracts' keys, `blocks` one row a height, `head` where the ledger stands, `checkpoints` the members'
signatures. All but the checkpoints can be computed again from the envelopes, and `audit` does.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from mingzhang.chain.merkle import TILE_LEVELS, Frontier, subtree_hash
from mingzhang.chain.outcome import Head, Outcome
from mingzhang.chain.state import NodeFailed
from mingzhang.chain.suites import Suite
from mingzhang.node.bulk import insert_rows
from mingzhang.reading import connect_for_reading, refuse_backup

FILE_NAME = "ledger.sqlite"
FORMAT_VERSION = 1
CACHE_KIB = 200_000
"""Page cache: the state of some hundred thousand payments, so that random keys seldom touch the disk."""
CHECKPOINT_PAGES = 4_000
"""WAL pages between copies into the file: fewer copies of the same page under load."""
MAPPED_BYTES = 4 * 1024**3
"""Address space for reading the file without copying; not memory in use."""
PREFETCH_KEYS = 500
"""Keys asked for in one statement."""

_REPLACING = "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
TABLES = {
    "head": "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,"
    " height INTEGER NOT NULL, time INTEGER NOT NULL, frontier BLOB NOT NULL,"
    " writes_since INTEGER NOT NULL, keys_at INTEGER NOT NULL)",
    "blocks": "CREATE TABLE blocks (height INTEGER PRIMARY KEY, time INTEGER NOT NULL, first_leaf INTEGER NOT NULL,"
    " leaves INTEGER NOT NULL, envelopes INTEGER NOT NULL, root BLOB NOT NULL)",
    "envelopes": "CREATE TABLE envelopes (id INTEGER PRIMARY KEY, height INTEGER NOT NULL, hash BLOB NOT NULL,"
    " bytes BLOB NOT NULL)",
    "leaves": "CREATE TABLE leaves (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL)",
    "nodes": "CREATE TABLE nodes (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY (level, idx)) WITHOUT ROWID",
    "state": "CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
    "checkpoints": "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, height INTEGER NOT NULL, body BLOB NOT NULL,"
    " signatures BLOB NOT NULL)",
}
INDEXES = {
    "envelopes_by_height": "CREATE INDEX envelopes_by_height ON envelopes (height)",
}


class BlockRow(NamedTuple):
    """One committed block: its leaves are first_leaf .. first_leaf + leaves - 1."""

    height: int
    time: int
    first_leaf: int
    leaves: int
    envelopes: int
    root: bytes


class CheckpointRow(NamedTuple):
    """A signed checkpoint: exact body and canonical JSON of the signatures."""

    size: int
    height: int
    body: bytes
    signatures: bytes


def _ignore(step: str) -> None:
    """No fault is wished for."""


class Store:
    """The ledger's file. Any thread may read; one thread commits. Raises NodeFailed when the disk does not answer."""

    def __init__(self, path: Path, *, writing: bool = True, on_step: Callable[[str], None] = _ignore) -> None:
        """Open an existing file; without `writing` nothing of it is changed, and it may be where nothing can be.

        `on_step` is called before each write of a commit, with its name: tests kill there.
        """
        if not path.exists():
            raise FileNotFoundError(f"{path}: there is no ledger here")
        self.path = path
        self._on_step = on_step
        self._local = threading.local()
        self._connect = _connect if writing else _connect_for_reading
        self._writer = self._connect(path)
        self._states = self._connect(path)
        self._ids = self._next_envelope()

    @classmethod
    def create(cls, path: Path) -> None:
        """Make an empty ledger file. Raises FileExistsError where there is one."""
        if path.exists():
            raise FileExistsError(f"{path}: there is a ledger here already")
        connection = _connect(path)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in (*TABLES.values(), *INDEXES.values()):
                connection.execute(statement)
            connection.execute("INSERT INTO head VALUES (1, ?, 0, 0, ?, 0, 0)", (FORMAT_VERSION, Frontier().encode()))
        connection.close()

    def close(self) -> None:
        """Close the writer, the state's and this thread's reader; readers of other threads close with their threads."""
        reading: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if reading is not None:
            reading.close()
            self._local.connection = None
        self._states.close()
        self._writer.close()

    @property
    def reading(self) -> sqlite3.Connection:
        """This thread's own reading connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect(self.path)
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
        return connection

    def head(self) -> Head:
        """Where the ledger stands."""
        row = self._writer.execute("SELECT height, time, frontier, writes_since, keys_at FROM head").fetchone()
        return Head(row[0], row[1], Frontier.decode(row[2]), row[3], row[4])

    def height(self) -> int:
        """Height of the last block, for any thread."""
        return int(self.reading.execute("SELECT height FROM head").fetchone()[0])

    # State, as chain asks for it: on the judging thread, which may run ahead of the committing one.

    def get(self, key: str) -> bytes | None:
        """Bytes under a state key, or None."""
        try:
            row = self._states.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise NodeFailed(f"{self.path}: state cannot be read: {error}") from error
        return None if row is None else row[0]

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """What is stored under those of the keys that exist."""
        found: dict[str, bytes] = {}
        try:
            for start in range(0, len(keys), PREFETCH_KEYS):
                part = keys[start : start + PREFETCH_KEYS]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, value FROM state WHERE key IN ({marks})"  # noqa: S608 (only question marks)
                found.update(self._states.execute(query, part))
        except sqlite3.Error as error:
            raise NodeFailed(f"{self.path}: state cannot be read: {error}") from error
        return found

    def scan(self, first: str, beyond: str) -> Iterator[tuple[str, bytes]]:
        """State rows with first <= key < beyond, in key order."""
        try:
            yield from self._states.execute(
                "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key", (first, beyond)
            )
        except sqlite3.Error as error:
            raise NodeFailed(f"{self.path}: state cannot be read: {error}") from error

    # The one write.

    def commit(self, outcome: Outcome) -> None:
        """Put a block on disk, whole or not at all. After a crash before the last step the block never was; after it,
        the block is there, and whoever waited for the answer finds it by asking again.
        """
        head, step, execute = outcome.head, self._on_step, self._writer.execute
        try:
            step("begin")
            execute("BEGIN IMMEDIATE")
            first_leaf = head.frontier.size - len(outcome.leaves)
            step("envelopes")
            envelopes = [
                (self._ids + number, head.height, envelope.hash, envelope.raw)
                for number, envelope in enumerate(outcome.passed)
            ]
            insert_rows(self._writer, "INSERT INTO envelopes VALUES", envelopes)
            step("leaves")
            numbers = range(first_leaf, head.frontier.size)
            leaves = list(zip(numbers, outcome.leaf_hashes, outcome.leaves, strict=True))
            insert_rows(self._writer, "INSERT INTO leaves VALUES", leaves)
            step("nodes")
            nodes = [(node.level, node.index, node.hash) for node in outcome.nodes]
            insert_rows(self._writer, "INSERT INTO nodes VALUES", nodes)
            step("state")
            kept = [(key, value) for key, value in outcome.writes if value is not None]
            insert_rows(self._writer, "INSERT INTO state VALUES", kept, after=_REPLACING)
            deleted = [(key,) for key, value in outcome.writes if value is None]
            self._writer.executemany("DELETE FROM state WHERE key = ?", deleted)
            step("block")
            execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)",
                (head.height, head.time, first_leaf, len(outcome.leaves), len(outcome.passed), outcome.root),
            )
            step("head")
            execute(
                "UPDATE head SET height = ?, time = ?, frontier = ?, writes_since = ?, keys_at = ?",
                (
                    head.height,
                    head.time,
                    head.frontier.encode(),
                    head.writes_since_state_leaf,
                    head.keys_at_state_leaf,
                ),
            )
            step("commit")
            execute("COMMIT")
            step("committed")
        except sqlite3.Error as error:
            raise NodeFailed(f"{self.path}: block {head.height} cannot be written: {error}") from error
        self._ids += len(outcome.passed)

    def save_checkpoint(self, row: CheckpointRow) -> None:
        """Keep a signed checkpoint; a later one of the same size replaces it. Any thread may."""
        # On its own connection: the writer's may be in the middle of a block, which this would end.
        with closing(_connect(self.path)) as connection:
            connection.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", row)

    def _next_envelope(self) -> int:
        return int(self._writer.execute("SELECT coalesce(max(id), 0) + 1 FROM envelopes").fetchone()[0])

    # Reading what was recorded, for any thread.

    def leaf(self, index: int) -> bytes:
        """Exact bytes of a leaf. IndexError beyond the end."""
        row = self.reading.execute("SELECT bytes FROM leaves WHERE idx = ?", (index,)).fetchone()
        if row is None:
            raise IndexError(f"there is no record {index}")
        return bytes(row[0])

    def leaves(self, first: int, beyond: int) -> list[bytes]:
        """Exact bytes of leaves first <= index < beyond."""
        rows = self.reading.execute("SELECT bytes FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx", (first, beyond))
        return [row[0] for row in rows]

    def block(self, height: int) -> BlockRow | None:
        """A block's row, or None."""
        row = self.reading.execute("SELECT * FROM blocks WHERE height = ?", (height,)).fetchone()
        return None if row is None else BlockRow(*row)

    def block_rows(self, after: int, limit: int) -> list[BlockRow]:
        """Up to `limit` block rows with a greater height, in order."""
        rows = self.reading.execute("SELECT * FROM blocks WHERE height > ? ORDER BY height LIMIT ?", (after, limit))
        return [BlockRow(*row) for row in rows]

    def blocks(self, after_height: int, limit: int) -> Iterator[tuple[int, int, list[bytes]]]:
        """(height, time, leaves) of up to `limit` blocks after a height: what the views follow."""
        for row in self.block_rows(after_height, limit):
            yield row.height, row.time, self.leaves(row.first_leaf, row.first_leaf + row.leaves)

    def head_height(self) -> int:
        """Height of the last block: what the views run after."""
        return self.height()

    def envelopes(self, height: int) -> list[bytes]:
        """Exact bytes of a block's envelopes, in order."""
        rows = self.reading.execute("SELECT bytes FROM envelopes WHERE height = ? ORDER BY id", (height,))
        return [row[0] for row in rows]

    def envelope_by_hash(self, height: int, digest: bytes) -> bytes | None:
        """Exact bytes of the envelope with this hash in a block, or None."""
        row = self.reading.execute(
            "SELECT bytes FROM envelopes WHERE height = ? AND hash = ?", (height, digest)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def node(self, suite: Suite, level: int, index: int) -> bytes:
        """Hash of the complete subtree of 2^level leaves at index, from at most 256 stored hashes."""
        tile_level, height_in_tile = divmod(level, TILE_LEVELS)
        first, beyond = index << height_in_tile, (index + 1) << height_in_tile
        if tile_level == 0:
            rows = self.reading.execute(
                "SELECT hash FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx", (first, beyond)
            )
        else:
            rows = self.reading.execute(
                "SELECT hash FROM nodes WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
                (tile_level * TILE_LEVELS, first, beyond),
            )
        return subtree_hash(suite.hash, [row[0] for row in rows])

    def checkpoint(self, size: int | None = None) -> CheckpointRow | None:
        """The checkpoint of a size, or the latest; None if there is none."""
        query = "SELECT * FROM checkpoints WHERE :size IS NULL OR size = :size ORDER BY size DESC LIMIT 1"
        row = self.reading.execute(query, {"size": size}).fetchone()
        return None if row is None else CheckpointRow(*row)

    def checkpoints(self) -> list[CheckpointRow]:
        """All checkpoints, by size."""
        return [CheckpointRow(*row) for row in self.reading.execute("SELECT * FROM checkpoints ORDER BY size")]


def _connect(path: Path) -> sqlite3.Connection:
    refuse_backup(path.parent)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return _tuned(connection)


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    return _tuned(connect_for_reading(path))


def _tuned(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    return connection
