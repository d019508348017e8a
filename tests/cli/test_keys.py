"""Keys from the command line: made, listed beside what the ledger knows, given another password, exported."""

import pytest
from tests.cli.city import Shell


def test_a_new_key_is_not_enrolled_yet(shell: Shell) -> None:
    directory = shell.found()
    public_key = shell.well("keys", "new", directory, "clerk", given="a long password\n" * 2).output.split()[-1]
    told = {one["key_id"]: one for one in shell.well("keys", "list", directory, "--json").json}
    assert told["clerk"]["public_key"] == public_key
    assert told["clerk"]["protection"] == "password"
    assert "not enrolled" in told["clerk"]["status"]
    assert "valid" in told["root"]["status"]
    assert told["finance"]["of"] == "organisation"


@pytest.mark.parametrize("protection", ["service", "sandbox"])
def test_keys_without_password(shell: Shell, protection: str) -> None:
    directory = shell.found()
    made = shell.well("keys", "new", directory, "robot", f"--{protection}", "--json").json
    assert made["protection"] == protection


def test_a_checkpoint_key_for_who_joins_later(shell: Shell) -> None:
    directory = shell.found()
    made = shell.well("keys", "new", directory, "congress", "--organisation", "--json").json
    assert (made["of"], made["protection"]) == ("organisation", "service")
    assert "congress" in shell.well("keys", "list", directory).output
    assert shell.run("keys", "new", directory, "x", "--organisation", "--service").exit_code == 2


def test_a_key_is_never_overwritten(shell: Shell) -> None:
    directory = shell.found()
    done = shell.run("keys", "new", directory, "root", "--sandbox")
    assert done.exit_code == 1
    assert "不会覆盖" in done.errors


def test_a_password_is_changed(shell: Shell) -> None:
    directory = shell.found()
    shell.well("keys", "new", directory, "clerk", given="a long password\n" * 2)
    wrong = shell.run("keys", "passwd", directory, "clerk", given="another password\n")
    assert wrong.exit_code == 1
    assert "口令不对" in wrong.errors
    shell.well("keys", "passwd", directory, "clerk", given="a long password\n" + "another password\n" * 2)
    old, new = shell.folder / "old", shell.folder / "new"
    old.write_text("another password\n")
    new.write_text("a third password\n")
    files = ("--password-file", old, "--new-password-file", new)
    assert shell.well("keys", "passwd", directory, "clerk", *files, "--json").json["changed"] is True


def test_public_keys_are_exported(shell: Shell) -> None:
    directory = shell.found()
    told = {one["key_id"]: one["public_key"] for one in shell.well("keys", "list", directory, "--json").json}
    assert shell.well("keys", "export-public", directory, "root").output.strip() == told["root"]
    exported = shell.well("keys", "export-public", directory, "finance", "--organisation").output
    assert exported.strip() == told["finance"]


def test_a_key_that_is_not_there(shell: Shell) -> None:
    directory = shell.found()
    done = shell.run("keys", "export-public", directory, "nobody")
    assert done.exit_code == 1
    assert "nobody" in done.errors


def test_an_altered_key_file_is_named(shell: Shell) -> None:
    directory = shell.found()
    path = directory / "keys" / "root.key.json"
    path.write_bytes(path.read_bytes().replace(b"sandbox", b"service"))
    done = shell.run("keys", "list", directory)
    assert done.exit_code == 1
    assert "密钥文件已损坏或被改动" in done.errors
    assert "root.key.json" in done.errors
