"""Backups of a ledger directory: made while somebody writes, checked before anything of them is used.

The copies are taken in an order that keeps them whole together: views first, ledger next, vault last. So the views are
never ahead of the ledger, and whatever the ledger's commitments stand for is in the vault. Whether what was restored
is a true ledger is for the audit to say; erased things stay erased because purge receipts are applied again.
"""

import os
import shutil
import sqlite3
import time as wall_clock
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from mingzhang.chain import codec
from mingzhang.chain.codec import Count, Digest, Seconds, Wire
from mingzhang.chain.merkle import Frontier, leaf_hash
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.node.directory import KEYS_NAME, LEDGER_NAME, NODE_KEY_NAME, VAULT_NAME, VIEWS_NAME
from mingzhang.node.keys import read_node_key
from mingzhang.node.private_files import sync_file, sync_folder, write_private_file
from mingzhang.node.receipts import PurgeReceipt
from mingzhang.node.vault import Vault
from mingzhang.reading import MANIFEST_NAME

PARTIAL = ".partial"
"""Ending of a directory that is not whole yet."""
PAGES_AT_ONCE = 4_000
"""Pages copied between two reports of progress: 16 MB."""
CHUNK_BYTES = 4 * 1024 * 1024
LEAVES_AT_ONCE = 10_000
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
"""Some ten thousand key files."""

Progress = Callable[[str, int, int], None]
"""(what, done, total): what is being copied or checked."""


class BackupError(Exception):
    """A backup cannot be made or used; the sentences name the file and what must hold."""

    def __init__(self, sentence_zh: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.sentence_zh = sentence_zh
        self.sentence_en = sentence_en


class CopiedFile(Wire, frozen=True, tag="copied_file/1"):
    """One file of a backup, by its path below it. The hash is the suite's."""

    path: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*(?!\n)$")]
    bytes: Count
    hash: Digest


class Manifest(Wire, frozen=True, tag="backup/1"):
    """What a backup holds: where the ledger stood (height, leaves, root, ledger time), and its files.

    `made_at` is the clock of the machine. The manifest finds damage; it is signed by nobody, so that making a backup
    needs no key. What proves the ledger is its own root, beside a signed checkpoint.
    """

    chain_id: codec.Id
    suite: str
    height: Count
    size: Count
    root: Digest
    time: Seconds
    views_height: Count | None
    made_at: Seconds
    with_keys: bool
    receipts: Count
    files: list[CopiedFile]


class Stand(NamedTuple):
    """Where a copied ledger stands."""

    chain_id: str
    suite: str
    height: int
    size: int
    root: str
    time: int


def _ignore(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def make_backup(directory: Path, target: Path, *, with_keys: bool, progress: Progress = _ignore) -> Manifest:
    """Copy a ledger directory to a new one while others may be writing it. Whole, or not there at all.

    Raises BackupError, KeyFileError or VaultError, sqlite3.Error.
    """
    if not (directory / LEDGER_NAME).exists():
        raise BackupError(f"{directory} 中没有账本", f"{directory}: there is no ledger here")
    if target.resolve().is_relative_to(directory.resolve()):
        raise BackupError(
            f"{target} 在账本目录之内，备份须放在别处", f"{target}: is inside the ledger's directory; choose another"
        )
    partial = _new_partial(target)
    try:
        manifest = _copy_all(directory, partial, with_keys=with_keys, progress=progress)
        write_private_file(partial / MANIFEST_NAME, codec.encode(manifest), replace=False)
        put_in_place(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def read_manifest(backup: Path, *, progress: Progress = _ignore) -> Manifest:
    """The manifest of a backup whose files are all there, unaltered and no more. Raises BackupError naming the file."""
    path = backup / MANIFEST_NAME
    if not path.is_file():
        raise BackupError(f"{backup} 不是备份：缺 {MANIFEST_NAME}", f"{backup}: no backup: {MANIFEST_NAME} is missing")
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise BackupError(f"{path} 过大", f"{path}: larger than any manifest")
    try:
        manifest = codec.decode(path.read_bytes(), Manifest)
        suite = suite_named(manifest.suite)
    except ValueError as error:
        raise BackupError(f"{path} 已损坏", f"{path}: damaged: {error}") from None
    named = {one.path: one for one in manifest.files}
    present = {str(one.relative_to(backup)) for one in backup.rglob("*") if one.is_file()} - {MANIFEST_NAME}
    for name in sorted(present ^ named.keys()):
        if name in named:
            raise BackupError(f"备份缺少文件 {name}", f"{name}: is missing from the backup")
        raise BackupError(f"备份中多出文件 {name}", f"{name}: is in the backup but not in its manifest")
    for name, entry in sorted(named.items()):
        size, digest = _measure(backup / name, suite, progress=progress)
        if size != entry.bytes or digest != entry.hash:
            raise BackupError(f"备份文件 {name} 已损坏或被改动", f"{name}: is not what the manifest says")
    return manifest


def restore_files(
    backup: Path, directory: Path, *, keys_from: Path | None, progress: Progress = _ignore
) -> tuple[Manifest, Path]:
    """Check a backup and copy it beside a new `directory`, where it can be looked at before `put_in_place`.

    `keys_from` is a ledger directory (or what is left of one) that holds node.key and keys/, for a backup without
    them. Returns the manifest and the copy. Raises BackupError.
    """
    manifest = read_manifest(backup, progress=progress)
    source = backup if manifest.with_keys else keys_from
    if source is None or not (source / NODE_KEY_NAME).is_file():
        raise BackupError(
            "备份不含密钥：请用 --keys 指明存有 node.key 与 keys/ 的目录",
            "the backup holds no keys: give --keys, a directory with node.key and keys/",
        )
    partial = _new_partial(directory)
    try:
        for entry in manifest.files:
            _copy_file(backup / entry.path, partial / entry.path)
        if not manifest.with_keys:
            for path in _key_files(source):
                _copy_file(source / path, partial / path)
        stand = _stand_of(partial / LEDGER_NAME)
        if stand != Stand(*(getattr(manifest, name) for name in Stand._fields)):
            raise BackupError(
                "备份中的账本与清单不符", "the ledger of the backup is not where its manifest says that it stood"
            )
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest, partial


def apply_receipts(
    directory: Path, receipts: Iterable[PurgeReceipt], *, suite: Suite, enrolled: Mapping[str, str]
) -> list[PurgeReceipt]:
    """Erase in a restored vault what the receipts name; returns those that were new to it.

    `enrolled` are people's public keys as the ledger has them: a receipt must be signed with the key of the person
    whom it names, or nothing is erased. Raises BackupError, ReceiptError, VaultError.
    """
    taken = list(receipts)
    for receipt in taken:
        by = receipt.purge.by
        if enrolled.get(by) != receipt.public_key:
            raise BackupError(
                f"回执 {receipt.purge.subject} 的签名密钥不是账本上 {by} 的密钥",
                f"receipt of {receipt.purge.subject}: its key is not the one that the ledger has for {by}",
            )
    with Vault(directory / VAULT_NAME, suite, node_key=read_node_key(directory / NODE_KEY_NAME)) as vault:
        return vault.apply_receipts(taken, trusted_keys=set(enrolled.values()))


def recomputed_root(path: Path, suite: Suite, *, progress: Progress = _ignore) -> tuple[int, bytes]:
    """(number of leaves, root) computed anew from the leaves' stored bytes of a ledger file."""
    frontier = Frontier()
    with _reading(path) as connection:
        total = int(connection.execute("SELECT count(*) FROM leaves").fetchone()[0])
        rows = connection.execute("SELECT bytes FROM leaves ORDER BY idx")
        while batch := rows.fetchmany(LEAVES_AT_ONCE):
            # What is not even bytes any more is as good as altered: the root then differs.
            leaves = [row[0] if isinstance(row[0], bytes) else b"" for row in batch]
            frontier, _nodes = frontier.extend(suite.hash, [leaf_hash(suite.hash, leaf) for leaf in leaves])
            progress("root", frontier.size, total)
    return frontier.size, frontier.root(suite.hash)


def put_in_place(partial: Path, target: Path) -> None:
    """Give a directory that is whole its name. Raises BackupError when the name was taken meanwhile."""
    for path in [partial, *partial.rglob("*")]:
        if path.is_dir():
            sync_folder(path)
    try:
        if target.is_dir():
            target.rmdir()
        partial.rename(target)
    except OSError as error:
        raise BackupError(f"{target} 须是新的或空的目录", f"{target}: {error.strerror}") from None
    sync_folder(target.parent)


def _copy_all(directory: Path, partial: Path, *, with_keys: bool, progress: Progress) -> Manifest:
    views_height = None
    if (directory / VIEWS_NAME).exists():
        _copy_database(directory / VIEWS_NAME, partial / VIEWS_NAME, progress=progress)
        views_height = _views_height(partial / VIEWS_NAME)
    _copy_database(directory / LEDGER_NAME, partial / LEDGER_NAME, progress=progress)
    stand = _stand_of(partial / LEDGER_NAME)
    suite = suite_named(stand.suite)
    receipts = 0
    if (directory / VAULT_NAME).exists():
        node_key = read_node_key(directory / NODE_KEY_NAME)
        with Vault(directory / VAULT_NAME, suite, node_key=node_key) as vault:
            vault.copy_to(partial / VAULT_NAME)
        with Vault(partial / VAULT_NAME, suite, node_key=node_key, writing=False) as copy:
            receipts = len(copy.receipts())
    if with_keys:
        for path in _key_files(directory):
            _copy_file(directory / path, partial / path)
    files = []
    for path in sorted(one for one in partial.rglob("*") if one.is_file()):
        size, digest = _measure(path, suite, progress=progress)
        files.append(CopiedFile(path=str(path.relative_to(partial)), bytes=size, hash=digest))
    return Manifest(
        **stand._asdict(),
        views_height=views_height,
        made_at=int(wall_clock.time()),
        with_keys=with_keys,
        receipts=receipts,
        files=files,
    )


def _copy_database(source: Path, target: Path, *, progress: Progress) -> None:
    """A consistent copy as of one moment. The open read keeps that moment while somebody else writes."""
    writing = sqlite3.connect(target, isolation_level=None)
    try:
        target.chmod(0o600)
        with _reading(source) as reading:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()

            def report(_status: int, left: int, total: int) -> None:
                progress(source.name, total - left, total)

            reading.backup(writing, pages=PAGES_AT_ONCE, progress=report)
            reading.execute("ROLLBACK")
        # The copy is a file by itself: no log beside it that a later copy could miss.
        writing.execute("PRAGMA journal_mode = DELETE")
    finally:
        writing.close()
    sync_file(target)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.execute("PRAGMA query_only = ON")
        yield connection
    finally:
        # The last one to leave tidies up SQLite's log, which it cannot do while it may only read.
        connection.execute("PRAGMA query_only = OFF")
        connection.close()


def _stand_of(path: Path) -> Stand:
    """Where a ledger file stands, by its last block and its first leaf."""
    with _reading(path) as connection:
        height = int(connection.execute("SELECT height FROM head").fetchone()[0])
        block: Any = connection.execute(
            "SELECT time, first_leaf + leaves, root FROM blocks WHERE height = ?", (height,)
        ).fetchone()
        genesis: Any = connection.execute("SELECT bytes FROM leaves WHERE idx = 0").fetchone()
    if block is None or genesis is None:
        raise BackupError(f"{path} 中没有区块", f"{path}: the ledger has no block")
    try:
        founding = msgspec.json.decode(genesis[0], type=_Leaf).command
    except msgspec.MsgspecError as error:
        raise BackupError(f"{path} 的第一条记录已损坏", f"{path}: the first record is damaged: {error}") from None
    return Stand(founding.chain_id, founding.suite, height, block[1], block[2].hex(), block[0])


class _Founding(msgspec.Struct):
    chain_id: str
    suite: str


class _Leaf(msgspec.Struct):
    command: _Founding


def _views_height(path: Path) -> int:
    with _reading(path) as connection:
        return int(connection.execute("SELECT height FROM views_state").fetchone()[0])


def _measure(path: Path, suite: Suite, *, progress: Progress) -> tuple[int, str]:
    """(bytes, hash in hexadecimal) of a file."""
    total, done, digest = path.stat().st_size, 0, suite.new_hash()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress(path.name, done, total)
    return done, digest.digest().hex()


def _key_files(directory: Path) -> list[Path]:
    """Paths, below a ledger directory, of its node key and key files."""
    found = [path for path in (directory / KEYS_NAME).rglob("*.key.json") if path.is_file()]
    return [Path(NODE_KEY_NAME), *sorted(path.relative_to(directory) for path in found)]


def _copy_file(source: Path, target: Path) -> None:
    """A private copy, on disk when this returns."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, CHUNK_BYTES)
        writing.flush()
        os.fsync(writing.fileno())


def _new_partial(target: Path) -> Path:
    """A directory beside the target, to become it. Raises BackupError unless the target is new or empty."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} 须是新的或空的目录", f"{target}: must be a new or empty directory")
    partial = target.with_name(target.name + PARTIAL)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial.mkdir(mode=0o700)
    except FileExistsError:
        raise BackupError(
            f"{partial} 已存在，是上次未完成的副本，请先移走",
            f"{partial}: left by an unfinished run; move it away first",
        ) from None
    return partial
