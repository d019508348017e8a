"""Commands that only read: they leave backups as they are, work where nothing can be written, and name what fails."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.cli.city import Shell

NOBODY = 65_534


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def paid(shell: Shell) -> Path:
    """A ledger with one payment."""
    directory = shell.furnished()
    shell.pay(directory, 1)
    return directory


@pytest.fixture
def backup(shell: Shell, paid: Path) -> Path:
    shell.well("backup", paid, shell.folder / "backup", "--with-keys")
    return shell.folder / "backup"


# --- Backups stay what they are ---


@pytest.mark.parametrize("command", ["show", "audit", "receipts"])
def test_looking_at_a_backup_leaves_it_whole(shell: Shell, backup: Path, command: str) -> None:
    before = contents(backup)
    shell.well(command, backup)
    assert contents(backup) == before
    shell.well("restore", backup, shell.folder / "restored", "--quick")


def test_a_backup_is_not_written_to(shell: Shell, backup: Path) -> None:
    before = contents(backup)
    for arguments in (("rebuild", backup), ("checkpoint", backup)):
        refused = shell.run(*arguments)
        assert refused.exit_code == 1
        assert "这是备份" in refused.errors
        assert "restore" in refused.errors
    assert shell.pay(backup, 2).exit_code == 1
    assert contents(backup) == before


# --- Where nothing can be written ---


@contextmanager
def read_only(directory: Path) -> Iterator[Path]:
    """A copy of a directory that this process cannot write to meanwhile, as on read-only media."""
    folder = Path(tempfile.mkdtemp())
    place = folder / "media"
    try:
        shutil.copytree(directory, place)
        root = os.geteuid() == 0
        for path in [folder, place, *place.rglob("*")]:
            if root:
                os.chown(path, NOBODY, NOBODY)
            path.chmod(0o555 if path.is_dir() else 0o400)
        if root:
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield place
        finally:
            if root:
                os.setresuid(0, 0, 0)
    finally:
        for path in [folder, place]:
            path.chmod(0o700)
        shutil.rmtree(folder)


def test_an_auditor_reads_on_read_only_media(shell: Shell, paid: Path) -> None:
    shell.well("checkpoint", paid)
    with read_only(paid) as media:
        before = contents(media)
        assert "city:pay-1" in shell.well("show", media, "payments", "--json").output
        assert "已受理" in shell.well("why", media, "city:pay-1").output
        assert shell.well("bundle", media, "--record", "10").output
        shell.well("audit", media, "--processes", "1")
        assert contents(media) == before


def test_a_log_that_cannot_be_read_without_writing_is_named(shell: Shell, paid: Path) -> None:
    (paid / "ledger.sqlite-wal").write_bytes(b"left by a node that was killed")
    (paid / "ledger.sqlite-shm").unlink(missing_ok=True)
    with read_only(paid) as media:
        failed = shell.run("show", media)
    assert failed.exit_code == 1
    assert "ledger.sqlite-wal" in failed.errors
    assert "copy the directory" in failed.errors


# --- What is refused or named ---


def test_a_backup_does_not_go_into_its_own_ledger(shell: Shell, paid: Path) -> None:
    refused = shell.run("backup", paid, paid / "inside")
    assert refused.exit_code == 1
    assert "备份须放在别处" in refused.errors
    assert not list(paid.glob("inside*"))


def test_a_first_record_that_is_not_text_is_a_finding(shell: Shell, paid: Path) -> None:
    with closing(sqlite3.connect(paid / "ledger.sqlite")) as connection, connection:
        connection.execute("UPDATE leaves SET bytes = x'7b22ff00' WHERE idx = 0")
    audited = shell.run("audit", paid, "--processes", "1")
    assert audited.exit_code == 1
    assert "请从备份恢复" in audited.output
    assert "leaves" in audited.output


def test_another_node_key_is_one_finding(shell: Shell, paid: Path) -> None:
    key = paid / "node.key"
    key.write_bytes(bytes([key.read_bytes()[0] ^ 1]) + key.read_bytes()[1:])
    told = shell.run("audit", paid, "--processes", "1", "--json")
    assert told.exit_code == 1
    assert [(one["file"], one["severity"]) for one in told.json["findings"]] == [("node.key", "error")]
    assert "不是这个账本的" in told.json["findings"][0]["what_zh"]
