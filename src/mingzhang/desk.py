"""Everything of one ledger directory opened together: ledger, keys, vault. Used by the command line and the demo.

Here people act: their commands are signed with their keys and submitted, and what is sensitive is sealed. How a
directory comes to be is here too. No rules, no printing; what was recorded is read from the store and the views.
"""

from __future__ import annotations

import logging
import os
import secrets
import time as wall_clock
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import sqlalchemy as sa

from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.contracts.members import check_authority, read_person
from mingzhang.chain.contracts.settings import block_time
from mingzhang.chain.operations import Block
from mingzhang.chain.outcome import Alert
from mingzhang.chain.state import View
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.chain.tx import build_envelope
from mingzhang.node.directory import LEDGER_NAME, NEW_KEY, NODE_KEY_NAME, VAULT_NAME, VIEWS_NAME, furnish, keyrings
from mingzhang.node.embedded import EmbeddedLedger, genesis_of, lock_ledger
from mingzhang.node.keys import OpenedKey, read_node_key
from mingzhang.node.ledger import Receipt
from mingzhang.node.proofs import committed_view
from mingzhang.node.receipts import PurgeReceipt
from mingzhang.node.store import Store
from mingzhang.node.vault import ErasedError, Vault
from mingzhang.reading import is_backup, refuse_backup
from mingzhang.views.db import read_state
from mingzhang.views.follow import Follower
from mingzhang.views.following import Following
from mingzhang.views.reading import open_views_for_reading
from mingzhang.views.rebuild import check_origin, rebuild

__all__ = ["NEW_KEY", "Desk", "DeskError", "PasswordNeeded"]

EXPIRES_AFTER_SECONDS: Final = 3600
"""Time bound of what is signed here: long enough for a queue, short enough that a stolen envelope soon is worthless."""
ERASERS: Final = ("administrator", "unit_head", "publisher")
"""Roles of which one is needed over the owner of a sealed content to have it destroyed."""

log = logging.getLogger(__name__)


class DeskError(Exception):
    """What was asked cannot be done with this directory; the sentences name the file or field and what must hold."""

    def __init__(self, sentence_zh: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.sentence_zh = sentence_zh
        self.sentence_en = sentence_en


class PasswordNeeded(DeskError):
    """The person's key is under a password, and none was given."""

    def __init__(self, person_id: str) -> None:
        super().__init__(f"{person_id} 的密钥由口令保护，请提供口令", f"{person_id}: the key is under a password")


class Desk:
    """One ledger directory, opened. A context manager; any thread may act."""

    def __init__(self, directory: Path, *, writing: bool, clock: Callable[[], float]) -> None:
        """Use `Desk.open` or `Desk.create`."""
        _must_hold_ledger(directory)
        self.directory = directory
        self._clock = clock
        self._following: Following | None = None
        self._ledger: EmbeddedLedger | None = None
        if writing:
            # Before anything is made there: even a lock file is one too many for a backup.
            refuse_backup(directory)
            self._ledger = EmbeddedLedger(directory, clock=clock, on_alert=_log_alert, on_block=self._on_block)
        self.store = self._ledger.store if self._ledger is not None else Store(directory / LEDGER_NAME, writing=False)
        self.genesis, _blinder = genesis_of(self.store)
        self.chain_id = self.genesis.chain_id
        self.suite: Suite = suite_named(self.genesis.suite)
        self.keyring, self.organisation_keyring = keyrings(directory)
        self._opened: dict[str, OpenedKey] = {}
        if self._ledger is not None:
            try:
                self._following = Following(self.store, directory / VIEWS_NAME)
            except BaseException:
                self._ledger.close()
                raise

    @classmethod
    def open(cls, directory: Path, *, writing: bool = True, clock: Callable[[], float] = wall_clock.time) -> Self:
        """Open a ledger directory. Without `writing` another process may be writing it, and nothing can be submitted.

        Raises DeskError where there is no ledger, LedgerLocked when another process writes it, IsBackup for writing.
        """
        return cls(directory, writing=writing, clock=clock)

    @classmethod
    def create(
        cls,
        directory: Path,
        genesis: FoundLedger,
        *,
        passwords: Mapping[str, str] | None = None,
        sandbox_keys: bool = False,
        clock: Callable[[], float] = wall_clock.time,
    ) -> Self:
        """Make a ledger in a new or empty directory, with node key, vault and keys, and open it for writing.

        Where the genesis says NEW_KEY a key is made: for an organisation under the node key; for a person under their
        password from `passwords`, or with `sandbox_keys` under the node key without one. With an exception nothing is
        left behind. Raises DeskError, CodecError naming a field of the genesis, ValueError when the rules refuse it.
        """
        passwords = passwords or {}
        wanted = [person.person_id for person in genesis.people if person.public_key == NEW_KEY]
        lacking = [person for person in wanted if person not in passwords]
        if lacking and not sandbox_keys:
            named = ", ".join(lacking)
            raise DeskError(
                f"新建密钥须有口令，缺少：{named}", f"passwords: one is needed for each new key; lacking: {named}"
            )
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise DeskError(f"{directory} 须是新的或空的目录", f"{directory}: must be a new or empty directory")
        furnish(directory, genesis, passwords=passwords)
        return cls.open(directory, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was submitted and close all files."""
        if self._ledger is not None:
            self._ledger.close()
            if self._following is not None:
                self._following.close()
        else:
            self.store.close()
            if "_views_for_reading" in self.__dict__:
                self._views_for_reading.dispose()
        if "vault" in self.__dict__:
            self.vault.close()
        self._opened.clear()
        self.suite.forget_private_keys()

    # ---- What the directory holds ----

    @property
    def ledger(self) -> EmbeddedLedger:
        """The ledger, to submit to. Raises DeskError if the desk was opened for reading."""
        if self._ledger is None:
            raise DeskError(
                f"{self.directory} 以只读方式打开，不能提交",
                f"{self.directory}: was opened for reading; nothing can be submitted",
            )
        return self._ledger

    @cached_property
    def node_key(self) -> bytes:
        """The node's key. Raises KeyFileError if it is missing or readable by others."""
        return read_node_key(self.directory / NODE_KEY_NAME)

    @cached_property
    def vault(self) -> Vault:
        """Sealed documents. Raises VaultError or KeyFileError if it cannot be opened."""
        path = self.directory / VAULT_NAME
        # Erasing needs no open ledger, so the vault is opened for reading only where nothing else is possible.
        writing = not is_backup(self.directory) and os.access(path, os.W_OK) and os.access(self.directory, os.W_OK)
        return Vault(path, self.suite, node_key=self.node_key, writing=writing)

    @property
    def views(self) -> sa.Engine:
        """The read models, for the queries of mingzhang.views. Raises DeskError or RebuildNeeded without any."""
        return self._views_for_reading if self._following is None else self._following.engine

    @cached_property
    def _views_for_reading(self) -> sa.Engine:
        path = self.directory / VIEWS_NAME
        if not path.exists():
            raise DeskError(
                f"{self.directory} 中没有视图，请运行 mingzhang rebuild 重建",
                f"{path}: there are no views; run `mingzhang rebuild`",
            )
        engine = open_views_for_reading(path)
        try:
            check_origin(engine, self.store)
            with engine.connect() as connection:
                height = read_state(connection).height
        except BaseException:
            engine.dispose()
            raise
        if height < self.store.height():
            log.warning("视图落后 the views are at height %d, the ledger at %d", height, self.store.height())
        return engine

    @classmethod
    def rebuild_views(cls, directory: Path, *, progress: Callable[[int, int], None] | None = None) -> int:
        """Build the views anew and switch to them; returns their height. `progress` is told (height, of height).

        Raises DeskError where there is no ledger, LedgerLocked when another process writes it, FollowFailed.
        """
        _must_hold_ledger(directory)
        refuse_backup(directory)
        with lock_ledger(directory), closing(Store(directory / LEDGER_NAME, writing=False)) as store:
            engine = rebuild(store, directory / VIEWS_NAME, progress=progress)
            try:
                return Follower(engine, store).catch_up()
            finally:
                engine.dispose()

    def view(self) -> View:
        """A view of the committed state for the contracts' readers (`read_*`), for any thread."""
        return committed_view(self.store)

    def time(self) -> int:
        """Ledger time the next block would have, in seconds since 1970."""
        if self._ledger is not None:
            return self._ledger.time()
        return block_time(self.view(), max(int(self._clock()), self.store.head().time))

    # ---- Keys ----

    def new_key(self, person_id: str, *, password: str | None = None, sandbox: bool = False) -> str:
        """Make a key: under a password, or without one a service or sandbox key under the node key. Returns the public
        key in hexadecimal. Raises KeyFileError.
        """
        if password is not None:
            return self.keyring.create(person_id, password=password, suite=self.suite).public_key.hex()
        protection: Any = "sandbox" if sandbox else "service"
        info = self.keyring.create_under_node_key(
            person_id, node_key=self.node_key, suite=self.suite, protection=protection
        )
        return info.public_key.hex()

    def new_organisation_key(self, organisation: str) -> str:
        """Make an organisation's checkpoint key under the node key. Returns the public key in hexadecimal."""
        info = self.organisation_keyring.create_under_node_key(
            organisation, node_key=self.node_key, suite=self.suite, protection="service"
        )
        return info.public_key.hex()

    def private_key(self, person_id: str, password: str | None = None) -> bytes:
        """A person's private key; once opened it stays so until `close`.

        Raises PasswordNeeded, KeyFileError and its subclasses.
        """
        return self._key(person_id, password).private_key

    def unlock(self, person_id: str, password: str) -> None:
        """Open a person's key, so that they can act without giving the password again. Raises as `private_key`."""
        self._key(person_id, password)

    def organisation_keys(self) -> Iterator[OpenedKey]:
        """The checkpoint keys of the organisations whose key this node holds, opened. Raises KeyFileError."""
        for info in self.organisation_keyring.list():
            yield self.organisation_keyring.open_under_node_key(info.key_id, node_key=self.node_key)

    def _key(self, person_id: str, password: str | None) -> OpenedKey:
        opened = self._opened.get(person_id)
        if opened is None:
            info = self.keyring.info(person_id)
            if info.protection != "password":
                opened = self.keyring.open_under_node_key(
                    person_id, node_key=self.node_key, sandbox=info.protection == "sandbox"
                )
            elif password is None:
                raise PasswordNeeded(person_id)
            else:
                opened = self.keyring.open(person_id, password)
            self._opened[person_id] = opened
        return opened

    # ---- Acting ----

    def act(self, person_id: str, *commands: Any) -> Receipt:
        """Sign 1 to 1,000 commands as one envelope, submit it and wait until it is on disk and in the views.

        Views that do not come in time are only logged: what is on disk is on disk. What the rules refuse comes back in
        the receipt. Raises KeyFileError, PasswordNeeded (see `unlock`), CodecError for a command out of its bounds.
        """
        receipt = self.act_soon(person_id, *commands).result()
        self.wait_for_views(receipt.height)
        return receipt

    def act_soon(self, person_id: str, *commands: Any) -> Future[Receipt]:
        """The same without waiting. Raises as `act`."""
        return self.ledger.submit_soon(self.sign(person_id, commands))

    def wait_for_views(self, height: int | None = None) -> None:
        """Wait, for a bounded time, until the views hold what happened up to a height, or up to now."""
        if self._following is not None:
            self._following.wait_for(self.ledger.height() if height is None else height)

    def wait_for_height(self, height: int, timeout_seconds: float) -> int:
        """The height that the views have reached: at once when it is enough, else after at most so long.

        Raises FollowFailed when they have stopped, DeskError if the desk was opened for reading.
        """
        if self._following is None:
            raise DeskError(
                f"{self.directory} 以只读方式打开，视图不跟随",
                f"{self.directory}: was opened for reading; its views do not follow",
            )
        self._following.follower.wait_for(height, timeout_seconds)
        return self._following.follower.height

    def sign(self, person_id: str, commands: Sequence[Any]) -> bytes:
        """The signed envelope of commands, with a fresh id and seed, valid for an hour. Raises as `act`."""
        return build_envelope(
            self.suite,
            commands,
            chain_id=self.chain_id,
            envelope_id=secrets.token_hex(16),
            signer=person_id,
            private_key=self._key(person_id, None).private_key,
            expires_at=self.time() + EXPIRES_AFTER_SECONDS,
            seed=secrets.token_hex(16),
        )

    # ---- Sealing ----

    def seal_field(self, value: str, owner: str, *, readers: Iterable[str], label: str = "field") -> str:
        """Seal a value for people by their ids; `owner` is the organisation it belongs to. Returns the commitment.

        Raises VaultError, and Refused for a reader who is not enrolled.
        """
        content = value.encode("utf-8")
        return self.vault.seal(
            content, kind="field", label=label, owner=owner, readers=self._public_keys(readers)
        ).commitment

    def seal_file(self, content: bytes, owner: str, *, readers: Iterable[str], label: str) -> str:
        """Seal a file; the label, such as its name, is sealed too. Otherwise as `seal_field`."""
        return self.vault.seal(
            content, kind="file", label=label, owner=owner, readers=self._public_keys(readers)
        ).commitment

    def open_sealed(self, commitment: str, reader: str, password: str | None = None) -> bytes:
        """What was sealed, for a permitted reader. Raises VaultError and its subclasses, or as `private_key`."""
        return self.vault.open(commitment, reader, self.private_key(reader, password))

    def erase(self, commitment: str, *, by: str, reason: str) -> PurgeReceipt:
        """Destroy a sealed content and its keys; returns the receipt, signed with the key of `by`.

        Raises Refused unless `by` holds one of ERASERS over the content's owner; VaultError; as `private_key`.
        """
        view = self.view()
        try:
            owner = self.vault.entry(commitment).owner
        except ErasedError as erased:
            # Asked again, the vault gives the first receipt and finishes what another process may have hindered.
            owner = erased.receipt.purge.owner
        check_authority(view, by, ERASERS, organisation=owner, block=Block(self.store.height(), self.time()))
        person = read_person(view, by)
        if person.revoked_by:
            raise Refused(kernel.SIGNER_REVOKED, signer=by)
        opened = self._key(by, None)
        if opened.public_key.hex() != person.public_key:
            raise Refused(kernel.KEY_NOT_OF_SIGNER, signer=by)
        return self.vault.erase(commitment, reason=reason, by=by, at=self.time(), sign=opened.private_key)

    def _on_block(self, _height: int) -> None:
        # The ledger may find blocks due while the desk is still being opened.
        if self._following is not None:
            self._following.follower.wake()

    def _public_keys(self, readers: Iterable[str]) -> dict[str, bytes]:
        view = self.view()
        return {reader: bytes.fromhex(read_person(view, reader).public_key) for reader in readers}


def _must_hold_ledger(directory: Path) -> None:
    if not (directory / LEDGER_NAME).exists():
        raise DeskError(
            f"{directory} 中没有账本；用 mingzhang init 新建",
            f"{directory}: there is no ledger here; make one with `mingzhang init`",
        )


def _log_alert(alert: Alert) -> None:
    """One line for the node's keepers; the record itself says what the submitter sees."""
    log.error(
        "规则出错 rule failed: record %d, %s: %s: %s", alert.index, alert.command, type(alert.failure).__name__,
        alert.failure,
    )  # fmt: skip
