"""Making deleted bytes really leave SQLite's files.

Why this is needed: `secure_delete` zeroes what is deleted, but when SQLite moves rows between pages it leaves copies of
them in the unused parts of the old pages (seen about once in 1,500 deletions with SQLite 3.40), and the write-ahead log
keeps earlier versions of pages until it is truncated. So after a deletion the log is truncated, the raw file is
searched for pieces of what was deleted, and only if one is found the file is rebuilt, which leaves the unused behind.

Below the file system nothing is promised: a disk may keep old blocks, and backups are copies. Both hold sealed bytes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

_PIECE_SIZE: Final = 32
_CHUNK_SIZE: Final = 4 * 1024 * 1024
# Above this many pieces rebuilding the file is faster than searching it for each.
_PIECES_SEARCHED_MAX: Final = 200


class RawFile:
    """A database file opened beside SQLite, to read its bytes as they are.

    POSIX drops a process's locks on a file, SQLite's too, when any of its descriptors of that file is closed. So the
    descriptor is shared by all RawFiles of one file in the process and closed with the last: make it before the
    connection, close it after.
    """

    _shared: Final[dict[tuple[int, int], tuple[int, int]]] = {}
    _shared_lock: Final = Lock()

    def __init__(self, path: Path) -> None:
        status = path.stat()
        self._identity = (status.st_dev, status.st_ino)
        with self._shared_lock:
            descriptor, users = self._shared.get(self._identity, (-1, 0))
            if users == 0:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._shared[self._identity] = (descriptor, users + 1)
        self._descriptor = descriptor

    def close(self) -> None:
        """Close it; a second time does nothing."""
        with self._shared_lock:
            if self._descriptor < 0:
                return
            self._descriptor = -1
            descriptor, users = self._shared.pop(self._identity)
            if users > 1:
                self._shared[self._identity] = (descriptor, users - 1)
            else:
                os.close(descriptor)

    def holds_any(self, pieces: Sequence[bytes]) -> bool:
        """Return whether any of the pieces (at most 32 bytes each) occurs in the file."""
        tail, offset = b"", 0
        while chunk := os.pread(self._descriptor, _CHUNK_SIZE, offset):
            window = tail + chunk
            if any(piece in window for piece in pieces):
                return True
            tail, offset = window[-_PIECE_SIZE:], offset + len(chunk)
        return False


def pieces_of(secrets: Iterable[bytes]) -> list[bytes]:
    """Return the pieces whose absence shows that a secret is gone: its beginning, middle and end."""
    pieces = []
    for secret in secrets:
        middle = len(secret) // 2
        pieces += [secret[:_PIECE_SIZE], secret[middle : middle + _PIECE_SIZE], secret[-_PIECE_SIZE:]]
    return [piece for piece in pieces if piece]


def shred(connection: sqlite3.Connection, raw: RawFile, *, pieces: Sequence[bytes] | None) -> bool:
    """Make sure that none of the deleted pieces is left in the database and its log; None means they are not known.

    Returns False if another process reads the database just now, so that its log cannot be truncated; try again later.
    """
    if not _truncate_log(connection):
        return False
    if pieces is not None and len(pieces) <= _PIECES_SEARCHED_MAX and not raw.holds_any(pieces):
        return True
    connection.execute("VACUUM")
    if not _truncate_log(connection):
        return False
    if pieces is not None and len(pieces) <= _PIECES_SEARCHED_MAX and raw.holds_any(pieces):
        raise RuntimeError("deleted bytes are still in the rebuilt database file")
    return True


def _truncate_log(connection: sqlite3.Connection) -> bool:
    is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy
