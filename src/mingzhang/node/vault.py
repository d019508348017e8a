"""The vault: sealed values and files of a node, who may open each, the keys of blind indexes, and purge receipts.

One SQLite file. Contents and labels are sealed (`sealing`), each row is authenticated under the node key (`authentic`),
what is erased leaves the file's bytes (`shredding`), and a signed receipt stays (`receipts`). The ledger holds
commitments only; which of its fields are sealed, and to whom, is decided there and not here.

In clear in the file: commitments, kinds, owners, sizes, reader ids with their public keys, purposes of blind indexes.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Final, Self

from mingzhang.chain.suites import HASH_SIZE, NONCE_SIZE, Suite
from mingzhang.node import sealing
from mingzhang.node.authentic import Problem
from mingzhang.node.receipts import Purge, PurgeReceipt, What, sign_receipt, verify_receipt
from mingzhang.node.sealing import (
    READERS_MAX,
    CorruptError,
    Kind,
    NotAReaderError,
    Opening,
    SealedContent,
    ToSeal,
    VaultError,
)
from mingzhang.node.vault_file import (
    Entry,
    ErasedError,
    NotInVaultError,
    VaultFile,
    as_corrupt,
    check_vault,
    copy_vault,
    subject_of,
)

__all__ = [
    "CorruptError",
    "Entry",
    "ErasedError",
    "ErasureUnfinishedError",
    "NotAReaderError",
    "NotInVaultError",
    "Opening",
    "Problem",
    "PurgeReceipt",
    "Sealed",
    "ToSeal",
    "Vault",
    "VaultError",
    "check_vault",
]

NODE_KEY_SIZE: Final = 32
PAGE_SIZE_MAX: Final = 1000
# Enough sealings at once to be worth a second thread; libcrypto lets two threads wrap keys side by side.
_SEALINGS_WORTH_THREADS: Final = 8


class ErasureUnfinishedError(VaultError):
    """Erased and recorded, but another process reads the file, and its log keeps the bytes until that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What a command needs: the commitment, 64 hexadecimal digits. The salt proves it later, and is sealed too."""

    commitment: str
    salt: bytes = field(repr=False)


class Vault:
    """An open vault. Thread-safe: one file under a lock; most work on keys happens outside the lock."""

    def __init__(self, path: Path, suite: Suite, *, node_key: bytes, writing: bool = True) -> None:
        """Open an existing vault, and finish an erasure that was interrupted; without `writing` change nothing.

        Raises VaultError if there is none, CorruptError if the file was altered or the node key is another.
        """
        _check_node_key(node_key)
        self.path = path
        self._suite = suite
        self._node_key = node_key
        self._index_kek = suite.hmac(node_key, b"mingzhang/vault/index-keys/1")[: suite.cipher_key_size]
        self._lock = RLock()
        self._file = VaultFile(path, suite, node_key=node_key, writing=writing)
        try:
            with self._locked():
                self._file.finish_erasing()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: Path, suite: Suite, *, node_key: bytes) -> Self:
        """Make an empty vault, readable by this user only, and open it. Raises VaultError if the file exists."""
        _check_node_key(node_key)
        VaultFile.create(path, suite, node_key=node_key)
        return cls(path, suite, node_key=node_key)

    def close(self) -> None:
        """Close the file; the vault cannot be used afterwards."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- Sealing and opening ----

    def seal(self, content: bytes, *, kind: Kind, label: str, owner: str, readers: Mapping[str, bytes]) -> Sealed:
        """Seal one content for its readers (id -> public key). It is on disk when this returns.

        Raises VaultError, naming the field, if a bound of `sealing` does not hold.
        """
        (sealed,) = self.seal_many([ToSeal(content=content, kind=kind, label=label, owner=owner, readers=readers)])
        return sealed

    def seal_many(self, items: Sequence[ToSeal]) -> list[Sealed]:
        """Seal several contents in one durable transaction; with an exception none of them."""

        def seal_one(item: ToSeal) -> SealedContent:
            return sealing.seal_content(self._suite, item)

        if len(items) < _SEALINGS_WORTH_THREADS:
            contents = [seal_one(item) for item in items]
        else:
            with ThreadPoolExecutor(max_workers=2) as pool:
                contents = list(pool.map(seal_one, items))
        with self._locked(), self._file.transaction():
            for item, content in zip(items, contents, strict=True):
                self._file.insert_content(item, content)
        return [Sealed(commitment=content.stored.commitment, salt=content.salt) for content in contents]

    def open(self, commitment: str, reader: str, private_key: bytes) -> bytes:
        """Return the content. Raises NotInVaultError, NotAReaderError, ErasedError or CorruptError."""
        return self.reveal(commitment, reader, private_key).content

    def reveal(self, commitment: str, reader: str, private_key: bytes) -> Opening:
        """Return salt, label and content, which prove the commitment to others. Raises as `open` does."""
        with self._locked():
            entry = self._file.entry(commitment)
            wrapped = self._file.wrapped_key(commitment, reader)
            stored = self._file.content(entry)
        return sealing.open_content(self._suite, sealing.unwrap_key(self._suite, private_key, wrapped), stored)

    def add_reader(self, commitment: str, *, by: str, private_key: bytes, reader: str, public_key: bytes) -> None:
        """Permit another reader, or one with a new key, by the key of somebody who is permitted already (`by`).

        Raises as `open` does, and VaultError if a bound or the public key does not hold.
        """
        sealing.check_id("reader", reader)
        with self._locked(), self._file.transaction():
            self._file.entry(commitment)
            data_key = sealing.unwrap_key(self._suite, private_key, self._file.wrapped_key(commitment, by))
            wrapped = sealing.wrap_key(self._suite, public_key, data_key)
            present = self._file.readers(commitment)
            if reader in present:
                self._file.delete_reader(commitment, reader)
            elif len(present) >= READERS_MAX:
                raise VaultError(f"readers: must be at most {READERS_MAX}")
            self._file.insert_reader(commitment, reader, public_key=public_key, wrapped=wrapped)

    def readers(self, commitment: str) -> dict[str, bytes]:
        """Return who may open it: reader id -> public key. Raises NotInVaultError, ErasedError or CorruptError."""
        with self._locked():
            self._file.entry(commitment)
            return self._file.readers(commitment)

    def entry(self, commitment: str) -> Entry:
        """Return what can be said without opening it. Raises NotInVaultError, ErasedError or CorruptError."""
        with self._locked():
            return self._file.entry(commitment)

    def entries(self, *, after: str = "", limit: int = 100) -> list[Entry]:
        """Return a page of entries in the order of their commitments; `after` is the last of the page before."""
        if not 1 <= limit <= PAGE_SIZE_MAX:
            raise VaultError(f"limit: must be 1 to {PAGE_SIZE_MAX}, not {limit}")
        with self._locked():
            return self._file.entries(after=after, limit=limit)

    # ---- Blind indexes ----

    def blind_index(self, purpose: str, value: str) -> str:
        """Return 64 hexadecimal digits that are equal for equal values of one purpose, and tell nothing else.

        The key of a purpose is made at its first use and kept sealed under the node key; without it nobody can try
        guesses. Values are compared as they are: the caller normalises. Raises ErasedError once the key was erased.
        """
        sealing.check_id("purpose", purpose)
        with self._locked():
            key = self._index_key(purpose)
        return self._suite.hmac(key, b"mingzhang/blind-index/1\n" + value.encode("utf-8")).hex()

    # ---- Erasing ----

    def erase(self, commitment: str, *, reason: str, by: str, at: int, sign: bytes) -> PurgeReceipt:
        """Destroy a sealed content and all its keys; return the receipt, signed with the private key `sign`.

        `at` is ledger time in seconds. Erasing again gives the first receipt. When this returns, the bytes have left
        the vault's files. Raises NotInVaultError, and ErasureUnfinishedError if another process reads the file.
        """
        with self._locked():
            receipt = self._file.receipt("content", commitment)
            if receipt is None:
                entry = self._file.entry(commitment)
                receipt = self._signed_purge(
                    entry.kind, commitment, owner=entry.owner, reason=reason, by=by, at=at, sign=sign
                )
                self._erase_by([receipt])
            self._must_finish_erasing()
            return receipt

    def erase_index_key(self, purpose: str, *, reason: str, by: str, at: int, sign: bytes) -> PurgeReceipt:
        """Destroy the key of a blind index, so that its digits link to nothing any more. Otherwise as `erase`."""
        with self._locked():
            receipt = self._file.receipt("index_key", purpose)
            if receipt is None:
                if self._file.index_key(purpose) is None:
                    raise NotInVaultError(f"purpose: {purpose} has no key in this vault")
                receipt = self._signed_purge("index_key", purpose, owner="", reason=reason, by=by, at=at, sign=sign)
                self._erase_by([receipt])
            self._must_finish_erasing()
            return receipt

    def receipts(self) -> list[PurgeReceipt]:
        """Return the receipts of all that was erased, in the order of their subjects."""
        with self._locked():
            return self._file.receipts()

    def apply_receipts(self, receipts: Iterable[PurgeReceipt], *, trusted_keys: Collection[str]) -> list[PurgeReceipt]:
        """Erase again what was erased after this copy of the vault was made; return the receipts that were new here.

        A restore needs it. Raises ReceiptError, before anything changes, unless each is signed by one of
        `trusted_keys` (hexadecimal public keys): else a forged receipt could destroy what it names.
        """
        by_subject = {subject_of(receipt): receipt for receipt in receipts}
        for receipt in by_subject.values():
            verify_receipt(self._suite, receipt, trusted_keys=trusted_keys)
        with self._locked():
            new = [one for subject, one in by_subject.items() if self._file.receipt(*subject) is None]
            if new:
                self._erase_by(new)
            self._must_finish_erasing()
            return new

    # ---- Checking and copying ----

    def check(self) -> Iterator[Problem]:
        """Yield whatever was altered in the file, by table and row; see `check_vault`."""
        return check_vault(self.path, self._suite, node_key=self._node_key)

    def copy_to(self, target: Path) -> None:
        """Write a consistent copy to a new file while the vault is in use. Raises VaultError if the file exists."""
        copy_vault(self.path, target, suite=self._suite, node_key=self._node_key)

    # ---- Helpers ----

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock, as_corrupt():
            yield

    def _index_key(self, purpose: str) -> bytes:
        aad = purpose.encode("utf-8")
        present = self._file.index_key(purpose)
        if present is None:
            key, nonce = secrets.token_bytes(HASH_SIZE), secrets.token_bytes(NONCE_SIZE)
            with self._file.transaction():
                # Looked up again under the write lock: another process may have made it just now.
                present = self._file.index_key(purpose)
                if present is None:
                    sealed_key = self._suite.seal(self._index_kek, nonce, key, aad=aad)
                    self._file.insert_index_key(purpose, nonce=nonce, sealed_key=sealed_key)
                    return key
        nonce, sealed_key = present
        return self._suite.open_sealed(self._index_kek, nonce, sealed_key, aad=aad)

    def _signed_purge(
        self, what: What, subject: str, *, owner: str, reason: str, by: str, at: int, sign: bytes
    ) -> PurgeReceipt:
        readers = [] if what == "index_key" else sorted(self._file.readers(subject))
        purge = Purge(
            suite=self._suite.name,
            what=what,
            subject=subject,
            owner=owner,
            readers=readers,
            reason=reason,
            by=by,
            at=at,
        )
        return sign_receipt(self._suite, purge, sign)

    def _erase_by(self, receipts: Sequence[PurgeReceipt]) -> None:
        pieces = self._file.erase_by(receipts)
        if not self._file.finish_erasing(pieces):
            raise ErasureUnfinishedError("erased and recorded, but another process reads the file; try again later")

    def _must_finish_erasing(self) -> None:
        if not self._file.finish_erasing():
            raise ErasureUnfinishedError("erased and recorded, but another process reads the file; try again later")


def _check_node_key(node_key: bytes) -> None:
    if len(node_key) != NODE_KEY_SIZE:
        raise VaultError(f"node_key: must be {NODE_KEY_SIZE} bytes")
