"""The vault's file: its tables, reading and writing their rows, and the check that finds whatever was altered.

Locking, keys and what may be done with a sealed thing are in `vault`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mingzhang.chain.suites import Suite
from mingzhang.node import shredding
from mingzhang.node.authentic import AuthenticTables, ChangedRowError, Problem, Row, Table, Value
from mingzhang.node.private_files import new_private_file, sync_file, sync_folder
from mingzhang.node.receipts import PurgeReceipt, ReceiptError, decode_receipt, encode_receipt
from mingzhang.node.sealing import CorruptError, Kind, NotAReaderError, SealedContent, StoredContent, ToSeal, VaultError
from mingzhang.reading import connect_for_reading, refuse_backup

FORMAT: Final = "1"
_BUSY_TIMEOUT_SECONDS: Final = 10.0
_ROW_KEY_PURPOSE: Final = b"mingzhang/vault/rows/1"

TABLES: Final = (
    Table(name="meta", columns={"name": "TEXT", "value": "TEXT"}, key=("name",)),
    Table(
        name="entries",
        columns={"commitment": "TEXT", "kind": "TEXT", "owner": "TEXT", "size": "INTEGER"},
        key=("commitment",),
    ),
    Table(
        name="contents",
        columns={"commitment": "TEXT", "nonce": "BLOB", "ciphertext": "BLOB"},
        key=("commitment",),
    ),
    Table(
        name="reader_keys",
        columns={"commitment": "TEXT", "reader": "TEXT", "public_key": "BLOB", "wrapped": "BLOB"},
        key=("commitment", "reader"),
    ),
    Table(
        name="index_keys",
        columns={"purpose": "TEXT", "nonce": "BLOB", "sealed_key": "BLOB"},
        key=("purpose",),
    ),
    Table(
        # what: content or index_key
        name="receipts",
        columns={"what": "TEXT", "subject": "TEXT", "receipt": "BLOB"},
        key=("what", "subject"),
    ),
)

# What an erasure deletes: table, and the column whose bytes must leave the file.
_TABLES_OF: Final = {
    "content": (("entries", ""), ("contents", "ciphertext"), ("reader_keys", "wrapped")),
    "index_key": (("index_keys", "sealed_key"),),
}

_ERASED_YET_THERE: Final = "is there, though a receipt says that it was erased"
# What must hold between tables: (table, what is wrong, query for the keys of wrong rows).
_RELATIONS: Final = (
    ("entries", "has no content", "SELECT commitment FROM entries EXCEPT SELECT commitment FROM contents"),
    ("entries", "has no reader", "SELECT commitment FROM entries EXCEPT SELECT commitment FROM reader_keys"),
    ("contents", "has no entry", "SELECT commitment FROM contents EXCEPT SELECT commitment FROM entries"),
    ("reader_keys", "has no entry", "SELECT commitment FROM reader_keys EXCEPT SELECT commitment FROM entries"),
    (
        "entries",
        _ERASED_YET_THERE,
        "SELECT commitment FROM entries INTERSECT SELECT subject FROM receipts WHERE what = 'content'",
    ),
    (
        "index_keys",
        _ERASED_YET_THERE,
        "SELECT purpose FROM index_keys INTERSECT SELECT subject FROM receipts WHERE what = 'index_key'",
    ),
)


class NotInVaultError(VaultError):
    """No such commitment is in this vault."""


class ErasedError(VaultError):
    """What was asked for has been erased; `receipt` says by whom, when and why."""

    def __init__(self, receipt: PurgeReceipt) -> None:
        purge = receipt.purge
        super().__init__(f"{purge.what} {purge.subject} was erased by {purge.by}: {purge.reason}")
        self.receipt = receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sealed thing as whoever runs the node may see it. `size` is that of the content, in bytes."""

    commitment: str
    kind: Kind
    owner: str
    size: int


class VaultFile:
    """The rows of an open vault. Not thread-safe: `Vault` holds a lock around every call."""

    def __init__(self, path: Path, suite: Suite, *, node_key: bytes, writing: bool = True) -> None:
        """Open an existing file, to change it or only to read.

        Raises VaultError if there is none, CorruptError if it is no vault of this node.
        """
        if not path.is_file():
            raise VaultError(f"{path}: there is no vault; make one with Vault.create")
        self.path = path
        self._raw = shredding.RawFile(path) if writing else None
        try:
            with as_corrupt():
                self._connection, self._tables = _connect(path, suite, node_key=node_key, writing=writing)
        except BaseException:
            if self._raw is not None:
                self._raw.close()
            raise
        try:
            with as_corrupt():
                for name, expected in (("format", FORMAT), ("suite", suite.name)):
                    if self._meta(name) != expected:
                        raise CorruptError(f"{path}: {name} is {self._meta(name)!r} and must be {expected!r}")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def create(path: Path, suite: Suite, *, node_key: bytes) -> None:
        """Make an empty vault, readable by this user only. Raises VaultError if the file exists."""
        _new_file(path)
        connection, tables = _connect(path, suite, node_key=node_key)
        try:
            tables.create()
            with tables.transaction():
                for name, value in {"format": FORMAT, "suite": suite.name, "erasing": "no"}.items():
                    tables.insert("meta", {"name": name, "value": value})
        finally:
            connection.close()

    def close(self) -> None:
        self._connection.close()
        if self._raw is not None:
            # Only after the connection: see RawFile.
            self._raw.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Run a block as one durable transaction; an exception undoes it."""
        return self._tables.transaction()

    # ---- Sealed contents ----

    def insert_content(self, item: ToSeal, sealed: SealedContent) -> None:
        stored = sealed.stored
        name: Row = {"commitment": stored.commitment}
        entry: Row = {"kind": item.kind, "owner": item.owner, "size": len(item.content)}
        self._tables.insert("entries", name | entry)
        self._tables.insert("contents", name | {"nonce": stored.nonce, "ciphertext": stored.ciphertext})
        for reader, wrapped in sealed.wrapped.items():
            self.insert_reader(stored.commitment, reader, public_key=item.readers[reader], wrapped=wrapped)

    def insert_reader(self, commitment: str, reader: str, *, public_key: bytes, wrapped: bytes) -> None:
        row: Row = {"commitment": commitment, "reader": reader, "public_key": public_key, "wrapped": wrapped}
        self._tables.insert("reader_keys", row)

    def delete_reader(self, commitment: str, reader: str) -> None:
        self._tables.delete("reader_keys", commitment, reader)

    def entry(self, commitment: str) -> Entry:
        """Raises ErasedError or NotInVaultError if it is not there."""
        receipt = self.receipt("content", commitment)
        if receipt is not None:
            raise ErasedError(receipt)
        row = self._tables.get("entries", commitment)
        if row is None:
            raise NotInVaultError(f"commitment: {commitment} is not in this vault")
        return _entry_of(row)

    def entries(self, *, after: str, limit: int) -> list[Entry]:
        return [_entry_of(row) for row in self._tables.page("entries", after=after, limit=limit)]

    def readers(self, commitment: str) -> dict[str, bytes]:
        rows = self._tables.rows("reader_keys", commitment)
        return {str(row["reader"]): _blob(row["public_key"]) for row in rows}

    def wrapped_key(self, commitment: str, reader: str) -> bytes:
        """Raises NotAReaderError if the reader has none."""
        row = self._tables.get("reader_keys", commitment, reader)
        if row is None:
            raise NotAReaderError(f"reader: {reader} is not permitted to open {commitment}")
        return _blob(row["wrapped"])

    def content(self, entry: Entry) -> StoredContent:
        row = self._tables.get("contents", entry.commitment)
        if row is None:
            raise CorruptError(f"contents {entry.commitment}: is missing")
        nonce, ciphertext = _blob(row["nonce"]), _blob(row["ciphertext"])
        return StoredContent(commitment=entry.commitment, kind=entry.kind, nonce=nonce, ciphertext=ciphertext)

    # ---- Keys of blind indexes ----

    def index_key(self, purpose: str) -> tuple[bytes, bytes] | None:
        """Return nonce and sealed key, None if there is none yet. Raises ErasedError if it was erased."""
        receipt = self.receipt("index_key", purpose)
        if receipt is not None:
            raise ErasedError(receipt)
        row = self._tables.get("index_keys", purpose)
        return None if row is None else (_blob(row["nonce"]), _blob(row["sealed_key"]))

    def insert_index_key(self, purpose: str, *, nonce: bytes, sealed_key: bytes) -> None:
        self._tables.insert("index_keys", {"purpose": purpose, "nonce": nonce, "sealed_key": sealed_key})

    # ---- Erasing ----

    def receipt(self, what: str, subject: str) -> PurgeReceipt | None:
        row = self._tables.get("receipts", what, subject)
        return None if row is None else decode_receipt(_blob(row["receipt"]))

    def receipts(self) -> list[PurgeReceipt]:
        return [decode_receipt(_blob(row["receipt"])) for row in self._tables.rows("receipts")]

    def erase_by(self, receipts: Sequence[PurgeReceipt]) -> list[bytes] | None:
        """Delete what the receipts name and keep them, in one transaction; call `finish_erasing` with the result.

        The result is the pieces of what was deleted, or None if an earlier erasure was not finished either.
        """
        deleted: list[bytes] = []
        with self.transaction():
            was_finished = self._meta("erasing") == "no"
            for receipt in receipts:
                what, subject = subject_of(receipt)
                deleted += self._delete(what, subject)
                self._tables.insert("receipts", {"what": what, "subject": subject, "receipt": encode_receipt(receipt)})
            # In the same transaction, so that after a crash the next opening finishes the work.
            self._set_meta("erasing", "yes")
        return shredding.pieces_of(deleted) if was_finished else None

    def finish_erasing(self, pieces: Sequence[bytes] | None = None) -> bool:
        """Take deleted bytes out of the file; False if that cannot be done just now."""
        if self._meta("erasing") == "no":
            return True
        if self._raw is None:
            return False
        if not shredding.shred(self._connection, self._raw, pieces=pieces):
            return False
        with self.transaction():
            self._set_meta("erasing", "no")
        return True

    def _delete(self, what: str, subject: str) -> list[bytes]:
        """Delete the rows of a subject; return the blobs that must not be found in the file any more."""
        blobs: list[bytes] = []
        for table, secret_column in _TABLES_OF[what]:
            blobs += [_blob(row[secret_column]) for row in self._tables.rows(table, subject) if secret_column]
            self._tables.delete(table, subject)
        return blobs

    def _meta(self, name: str) -> str:
        row = self._tables.get("meta", name)
        return "" if row is None else str(row["value"])

    def _set_meta(self, name: str, value: str) -> None:
        self._tables.delete("meta", name)
        self._tables.insert("meta", {"name": name, "value": value})


# ---- Opening, copying and checking a file ----


def subject_of(receipt: PurgeReceipt) -> tuple[str, str]:
    """Return the key of a receipt's row."""
    purge = receipt.purge
    return ("index_key" if purge.what == "index_key" else "content"), purge.subject


def copy_vault(path: Path, target: Path, *, suite: Suite, node_key: bytes) -> None:
    """Write a consistent copy, as of one moment, to a new file while others use the vault."""
    _new_file(target)
    connection, _ = _connect(path, suite, node_key=node_key)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()
    sync_file(target)


def check_vault(path: Path, suite: Suite, *, node_key: bytes) -> Iterator[Problem]:
    """Yield what is wrong with a vault's file; nothing if it is whole.

    Reads all of it, as of one moment, while others may use it. Anything unreadable is a problem, not an exception.
    """
    if not path.is_file():
        yield Problem(table="file", row="", what=f"{path} is missing")
        return
    try:
        connection, tables = _connect(path, suite, node_key=node_key, writing=False)
    except sqlite3.Error as error:
        yield Problem(table="file", row="", what=f"SQLite cannot open it: {error}")
        return
    try:
        connection.execute("BEGIN")
        yield from tables.check()
        yield from _check_meanings(connection, tables, suite)
    except ChangedRowError:
        # Named by tables.check() already; what it means cannot be judged.
        return
    except sqlite3.Error as error:
        yield Problem(table="file", row="", what=f"SQLite cannot read it: {error}")
    finally:
        connection.close()


@contextmanager
def as_corrupt() -> Iterator[None]:
    """Turn an altered row and a malformed file into CorruptError."""
    try:
        yield
    except ChangedRowError as error:
        raise CorruptError(str(error)) from error
    except sqlite3.DatabaseError as error:
        # Its subclasses say that the disk is full or the file in use; itself says that the file is malformed.
        if type(error) is sqlite3.DatabaseError:
            raise CorruptError(f"SQLite cannot read the file: {error}") from error
        raise


def _connect(
    path: Path, suite: Suite, *, node_key: bytes, writing: bool = True
) -> tuple[sqlite3.Connection, AuthenticTables]:
    if writing:
        refuse_backup(path.parent)
        connection = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
    else:
        connection = connect_for_reading(path)
    # FULL: a commitment must not be on the ledger while its content was only in a disk's cache.
    settings = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON") if writing else ()
    # These make SQLite distrust a file that somebody may have altered.
    pragmas = (*settings, "trusted_schema = OFF", "cell_size_check = ON")
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    key = suite.hmac(node_key, _ROW_KEY_PURPOSE)
    return connection, AuthenticTables(connection, suite, key=key, tables=TABLES)


def _new_file(path: Path) -> None:
    try:
        new_private_file(path)
    except FileExistsError:
        raise VaultError(f"{path}: exists already") from None
    sync_folder(path.parent)


def _check_meanings(connection: sqlite3.Connection, tables: AuthenticTables, suite: Suite) -> Iterator[Problem]:
    for name, value in (("format", FORMAT), ("suite", suite.name)):
        row = tables.get("meta", name)
        if row is None or row["value"] != value:
            yield Problem(table="meta", row=name, what=f"must be {value}")
    for table, what, query in _RELATIONS:
        for (key,) in connection.execute(query):
            yield Problem(table=table, row=str(key), what=what)
    for row in tables.rows("receipts"):
        try:
            decode_receipt(_blob(row["receipt"]))
        except ReceiptError as error:
            yield Problem(table="receipts", row=str(row["subject"]), what=str(error))


def _entry_of(row: Row) -> Entry:
    kind: Kind = "file" if row["kind"] == "file" else "field"
    return Entry(commitment=str(row["commitment"]), kind=kind, owner=str(row["owner"]), size=int(row["size"]))


def _blob(value: Value) -> bytes:
    """Narrow the value of a BLOB column; a STRICT table holds nothing else there."""
    if not isinstance(value, bytes):
        raise TypeError("a BLOB column must hold bytes")
    return value
