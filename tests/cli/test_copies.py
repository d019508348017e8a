"""Backup and restore: beside somebody who writes, damage named, erased things kept erased, and what is proved."""

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.city import Shell, payment

from mingzhang.desk import Desk
from mingzhang.node.vault import ErasedError
from mingzhang.reading import MANIFEST_NAME

SECRET = "患者王某某的病历" * 20
WRITER = """
import sys
from pathlib import Path
import msgspec
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.desk import Desk

fields = {fields!r}
with Desk.open(Path(sys.argv[1])) as desk:
    for number in range(100_000):
        asked = fields | {{"payment_id": f"city:busy-{{number}}", "amount_fen": 1}}
        desk.act("cashier", msgspec.convert(asked, RequestPayment))
        print(number, flush=True)
"""


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def restored(shell: Shell, backup: Path, *options: Any) -> Any:
    return shell.well("restore", backup, shell.folder / "restored", "--json", *options).json


def test_backup_and_restore_prove_what_they_brought_back(shell: Shell) -> None:
    directory = shell.furnished()
    shell.pay(directory, 1)
    manifest = shell.well("backup", directory, shell.folder / "backup", "--json").json
    told = restored(shell, shell.folder / "backup", "--keys", directory)
    assert told["root_recomputed"] == manifest["root"]
    assert told["audited"] is True
    again = shell.pay(shell.folder / "restored", 2)
    assert again.json["items"][0]["code"] == "ok", "the restored ledger goes on"


def test_the_words_say_what_was_proved(shell: Shell) -> None:
    directory = shell.furnished()
    shell.well("backup", directory, shell.folder / "backup", "--with-keys")
    done = shell.well("restore", shell.folder / "backup", shell.folder / "restored")
    assert "证明：" in done.output
    assert "全面审计通过" in done.output


def test_a_backup_is_private_and_has_keys_only_when_asked(shell: Shell) -> None:
    directory = shell.furnished()
    shell.well("backup", directory, shell.folder / "without")
    shell.well("backup", directory, shell.folder / "with", "--with-keys")
    without, with_keys = (files_below(shell.folder / name) for name in ("without", "with"))
    assert without == {"ledger.sqlite", "views.sqlite", "vault.sqlite", MANIFEST_NAME}
    assert {"node.key", "keys/root.key.json", "keys/organisations/audit.key.json"} <= with_keys
    for path in (shell.folder / "with").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_backup_while_another_process_writes(shell: Shell) -> None:
    directory = shell.furnished()
    script = shell.folder / "writer.py"
    fields = {name: value for name, value in payment(0).items() if name != "type"}
    script.write_text(WRITER.format(fields={"type": "payments.request/1"} | fields), encoding="utf-8")
    with subprocess.Popen([sys.executable, script, directory], stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            for _payment in range(20):
                assert writer.stdout.readline()
            first = shell.well("backup", directory, shell.folder / "first", "--json").json
            for _payment in range(20):
                assert writer.stdout.readline()
            second = shell.well("backup", directory, shell.folder / "second", "--json").json
            assert writer.poll() is None, "the writer was not hindered"
        finally:
            writer.kill()
    assert second["height"] > first["height"] >= 20
    assert first["views_height"] <= first["height"]
    for name, manifest in (("first", first), ("second", second)):
        told = shell.well("restore", shell.folder / name, shell.folder / f"{name}-restored", "--keys", directory,
                          "--json").json  # fmt: skip
        assert told["root_recomputed"] == manifest["root"]
        shell.well("audit", shell.folder / f"{name}-restored")


def test_the_ledger_of_a_later_backup_continues_that_of_the_earlier(shell: Shell) -> None:
    """Checkpoints of one are consistent with the other: what was handed out stays true."""
    directory = shell.furnished()
    first = shell.well("checkpoint", directory, "--json").json["checkpoint"]["size"]
    shell.pay(directory, 1)
    second = shell.well("checkpoint", directory, "--json").json["checkpoint"]["size"]
    shell.well("backup", directory, shell.folder / "backup")
    restored(shell, shell.folder / "backup", "--keys", directory)
    proof, trust = shell.folder / "c.json", shell.folder / "keys.json"
    shell.well("consistency", shell.folder / "restored", "--from", first, "--to", second, "-o", proof)
    shell.well("trust", directory, "-o", trust)
    shell.well("verify", proof, "--trust", trust)


# --- Damage ---


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["ledger.sqlite", "views.sqlite", "vault.sqlite", "keys/root.key.json", MANIFEST_NAME])
def test_damage_is_named_and_nothing_is_put_in_place(shell: Shell, name: str) -> None:
    directory = shell.furnished()
    backup = shell.folder / "backup"
    shell.well("backup", directory, backup, "--with-keys")
    damage(backup / name)
    done = shell.run("restore", backup, shell.folder / "restored")
    assert done.exit_code == 1
    assert Path(name).name in done.errors
    assert not (shell.folder / "restored").exists()
    assert not (shell.folder / "restored.partial").exists()


def test_files_missing_or_added_are_named(shell: Shell) -> None:
    directory = shell.furnished()
    backup = shell.folder / "backup"
    shell.well("backup", directory, backup)
    (backup / "extra.txt").write_text("hello")
    assert "extra.txt" in shell.run("restore", backup, shell.folder / "restored", "--keys", directory).errors
    (backup / "extra.txt").unlink()
    (backup / "vault.sqlite").unlink()
    assert "vault.sqlite" in shell.run("restore", backup, shell.folder / "restored", "--keys", directory).errors


@pytest.mark.parametrize(
    "bytes_", ["replace(bytes, '预算批复', '预算追加')", "CAST(replace(bytes, 1000000, 9000000) AS BLOB)"]
)
def test_a_forged_manifest_does_not_pass(shell: Shell, bytes_: str) -> None:
    """Whoever alters a file and makes the manifest fit is found by the root and the replay."""
    directory = shell.furnished()
    backup = shell.folder / "backup"
    shell.well("backup", directory, backup)
    with sqlite3.connect(backup / "ledger.sqlite") as connection:
        connection.execute(f"UPDATE leaves SET bytes = {bytes_} WHERE idx = 6")
    connection.close()
    data = (backup / "ledger.sqlite").read_bytes()
    manifest = json.loads((backup / MANIFEST_NAME).read_text())
    with Desk.open(directory, writing=False) as desk:
        for entry in manifest["files"]:
            if entry["path"] == "ledger.sqlite":
                entry["bytes"], entry["hash"] = len(data), desk.suite.hash(data).hex()
    (backup / MANIFEST_NAME).write_text(json.dumps(manifest, separators=(",", ":"), ensure_ascii=False))
    done = shell.run("restore", backup, shell.folder / "restored", "--keys", directory)
    assert done.exit_code == 1
    assert "未通过核验" in done.errors
    assert "行 6" in done.output, "the audit names the record"
    assert not (shell.folder / "restored").exists()


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_place_in_use_is_left_alone(shell: Shell, command: str) -> None:
    directory = shell.furnished()
    shell.well("backup", directory, shell.folder / "backup")
    taken = shell.folder / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("mine")
    source = directory if command == "backup" else shell.folder / "backup"
    options = () if command == "backup" else ("--keys", directory)
    done = shell.run(command, source, taken, *options)
    assert done.exit_code == 1
    assert "空的目录" in done.errors
    assert [path.name for path in taken.iterdir()] == ["letter.txt"]


def test_without_keys_it_is_told_where_they_are_needed(shell: Shell) -> None:
    directory = shell.furnished()
    shell.well("backup", directory, shell.folder / "backup")
    done = shell.run("restore", shell.folder / "backup", shell.folder / "restored")
    assert done.exit_code == 1
    assert "--keys" in done.errors


def test_something_else_is_no_backup(shell: Shell) -> None:
    directory = shell.furnished()
    done = shell.run("restore", directory, shell.folder / "restored")
    assert done.exit_code == 1
    assert "不是备份" in done.errors


# --- Erased stays erased ---


def sealed(directory: Path) -> str:
    with Desk.open(directory) as desk:
        return desk.seal_field(SECRET, "city", readers=["root", "auditor"])


def is_erased(directory: Path, commitment: str) -> bool:
    with Desk.open(directory, writing=False) as desk:
        try:
            return desk.open_sealed(commitment, "root").decode() != SECRET
        except ErasedError:
            return True


@pytest.mark.parametrize("source", ["file", "directory"])
def test_erased_stays_erased_after_an_older_backup(shell: Shell, source: str) -> None:
    directory = shell.furnished()
    commitment = sealed(directory)
    shell.well("backup", directory, shell.folder / "older")
    shell.well("erase", directory, commitment, "--as", "root", "--reason", "当事人要求")
    receipts = directory
    if source == "file":
        receipts = shell.folder / "receipts.json"
        receipts.write_text(shell.well("receipts", directory, "--json").output)
    told = restored(shell, shell.folder / "older", "--keys", directory, "--receipts", receipts)
    assert told["receipts_applied"] == 1
    assert is_erased(shell.folder / "restored", commitment)
    kept = shell.well("receipts", shell.folder / "restored", "--json").json
    assert kept == shell.well("receipts", directory, "--json").json


def test_a_backup_made_after_the_erasure_brings_its_receipt(shell: Shell) -> None:
    directory = shell.furnished()
    commitment = sealed(directory)
    shell.well("erase", directory, commitment, "--as", "root", "--reason", "当事人要求")
    manifest = shell.well("backup", directory, shell.folder / "backup", "--json").json
    assert manifest["receipts"] == 1
    restored(shell, shell.folder / "backup", "--keys", directory)
    assert is_erased(shell.folder / "restored", commitment)


def test_without_the_receipts_the_older_backup_still_has_it(shell: Shell) -> None:
    """So the test above can fail, and the guide must say that receipts are kept apart from backups."""
    directory = shell.furnished()
    commitment = sealed(directory)
    shell.well("backup", directory, shell.folder / "older")
    shell.well("erase", directory, commitment, "--as", "root", "--reason", "当事人要求")
    restored(shell, shell.folder / "older", "--keys", directory)
    assert not is_erased(shell.folder / "restored", commitment)


def test_a_forged_receipt_destroys_nothing(shell: Shell) -> None:
    directory = shell.furnished()
    commitment = sealed(directory)
    shell.well("backup", directory, shell.folder / "older")
    shell.well("erase", directory, commitment, "--as", "root", "--reason", "当事人要求")
    (receipt,) = shell.well("receipts", directory, "--json").json
    stranger = shell.found("elsewhere")
    forged = receipt | {"public_key": shell.well("keys", "export-public", stranger, "root").output.strip()}
    altered = receipt | {"purge": receipt["purge"] | {"reason": "另一理由"}}
    for wrong in (forged, altered):
        file = shell.folder / "receipts.json"
        file.write_text(json.dumps([wrong], ensure_ascii=False))
        done = shell.run("restore", shell.folder / "older", shell.folder / "restored", "--keys", directory,
                         "--receipts", file)  # fmt: skip
        assert done.exit_code == 1
        assert commitment in done.errors
        assert not (shell.folder / "restored").exists()


def test_the_commitment_still_proves_after_erasing(shell: Shell) -> None:
    directory = shell.furnished()
    commitment = sealed(directory)
    shell.pay(directory, 1, evidence=[commitment])
    shell.well("checkpoint", directory)
    shell.well("erase", directory, commitment, "--as", "root", "--reason", "当事人要求")
    shell.well("bundle", directory, "--payment", "city:pay-1", "-o", shell.folder / "b.json")
    shell.well("trust", directory, "-o", shell.folder / "keys.json")
    assert commitment in shell.well("verify", shell.folder / "b.json", "--trust", shell.folder / "keys.json").output
    shell.well("audit", directory)


@pytest.mark.parametrize(("person", "says"), [("cashier", "cashier"), ("nobody", "nobody")])
def test_who_may_not_erase(shell: Shell, person: str, says: str) -> None:
    directory = shell.furnished()
    commitment = sealed(directory)
    done = shell.run("erase", directory, commitment, "--as", person, "--reason", "好玩")
    assert done.exit_code == 1
    assert says in done.errors
    assert not is_erased(directory, commitment)


def test_what_is_not_in_the_vault_cannot_be_erased(shell: Shell) -> None:
    done = shell.run("erase", shell.found(), "0" * 64, "--as", "root", "--reason", "无")
    assert done.exit_code == 1
    assert "保管库中没有该内容" in done.errors


def test_an_unfinished_copy_is_not_taken_for_a_whole_one(shell: Shell) -> None:
    directory = shell.furnished()
    (shell.folder / "backup.partial").mkdir()
    done = shell.run("backup", directory, shell.folder / "backup")
    assert done.exit_code == 1
    assert "backup.partial" in done.errors
    shutil.rmtree(shell.folder / "backup.partial")
    shell.well("backup", directory, shell.folder / "backup")
