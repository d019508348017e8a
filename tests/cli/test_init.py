"""Founding a ledger: from the example, with passwords, and every fault of a genesis file named by field and line."""

import stat
from pathlib import Path

import pytest
from tests.cli.city import GENESIS, PEOPLE, Shell

PASSWORDS = "\n".join(f'{person}: "secret of {person}"' for person in PEOPLE)


def test_the_example_founds_a_ledger(shell: Shell) -> None:
    genesis = shell.folder / "genesis.yaml"
    genesis.write_text(shell.well("init", "--example").output, encoding="utf-8")
    done = shell.well("init", shell.folder / "ledger", "--genesis", genesis, "--sandbox-keys", "--json")
    assert done.json["chain_id"] == "dg-city-2022"
    assert done.json["height"] == 1
    assert len(done.json["root"]) == 64


def test_what_is_secret_is_private(shell: Shell) -> None:
    directory = shell.found()
    for path in (directory / "node.key", *directory.rglob("*.key.json"), directory / "vault.sqlite"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_passwords_are_asked_twice(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mingzhang.cli.ledger.can_ask", lambda: True)
    genesis = shell.folder / "genesis.yaml"
    genesis.write_text(GENESIS.format(suite="intl"), encoding="utf-8")
    answers = "".join(f"secret of {person}\n" * 2 for person in PEOPLE)
    shell.well("init", shell.folder / "ledger", "--genesis", genesis, given=answers)
    keys = shell.well("keys", "list", shell.folder / "ledger", "--json").json
    assert {(one["key_id"], one["protection"]) for one in keys if one["of"] == "person"} == {
        (person, "password") for person in PEOPLE
    }


def test_passwords_may_come_from_a_file(shell: Shell) -> None:
    genesis, passwords = shell.folder / "genesis.yaml", shell.folder / "passwords.yaml"
    genesis.write_text(GENESIS.format(suite="intl"), encoding="utf-8")
    passwords.write_text(PASSWORDS, encoding="utf-8")
    done = shell.well("init", shell.folder / "ledger", "--genesis", genesis, "--passwords", passwords)
    assert "secret" not in done.output + done.errors


def test_a_short_password_leaves_nothing_behind(shell: Shell) -> None:
    genesis, passwords = shell.folder / "genesis.yaml", shell.folder / "passwords.yaml"
    genesis.write_text(GENESIS.format(suite="intl"), encoding="utf-8")
    passwords.write_text(PASSWORDS.replace("secret of cashier", "short"), encoding="utf-8")
    done = shell.run("init", shell.folder / "ledger", "--genesis", genesis, "--passwords", passwords)
    assert done.exit_code == 1
    assert "cashier 的口令太短" in done.errors
    assert "8 characters" in done.errors
    assert not (shell.folder / "ledger").exists()


def test_without_a_terminal_those_without_a_password_are_named(shell: Shell) -> None:
    genesis, passwords = shell.folder / "genesis.yaml", shell.folder / "passwords.yaml"
    genesis.write_text(GENESIS.format(suite="intl"), encoding="utf-8")
    passwords.write_text('root: "secret of root"', encoding="utf-8")
    done = shell.run("init", shell.folder / "ledger", "--genesis", genesis, "--passwords", passwords)
    assert done.exit_code == 2
    assert "缺少：cashier、auditor" in done.errors
    assert "GetPass" not in done.errors
    assert not (shell.folder / "ledger").exists()


def test_a_password_of_nobody_is_refused(shell: Shell) -> None:
    genesis, passwords = shell.folder / "genesis.yaml", shell.folder / "passwords.yaml"
    genesis.write_text(GENESIS.format(suite="intl"), encoding="utf-8")
    passwords.write_text(PASSWORDS + "\nstranger: some long secret", encoding="utf-8")
    done = shell.run("init", shell.folder / "ledger", "--genesis", genesis, "--passwords", passwords)
    assert done.exit_code == 1
    assert "passwords.yaml：创世文件中没有人员 stranger" in done.errors


def test_a_directory_in_use_is_left_alone(shell: Shell) -> None:
    (shell.folder / "ledger").mkdir()
    (shell.folder / "ledger" / "letter.txt").write_text("mine")
    genesis = shell.folder / "genesis.yaml"
    genesis.write_text(GENESIS.format(suite="intl"), encoding="utf-8")
    done = shell.run("init", shell.folder / "ledger", "--genesis", genesis, "--sandbox-keys")
    assert done.exit_code == 1
    assert "空的目录" in done.errors
    assert [path.name for path in (shell.folder / "ledger").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("suite: rot13", "suite: intl", "suite: must be one of gm, intl, not text 'rot13'"),
        ("chain_id: Test City", "chain_id: test-city", "chain_id: must be text: "),
        ("division_code: 441900000", 'division_code: "441900000"', "put it in quotes"),
        ("clock: stated\nclock: block", "clock: stated", "clock is given twice"),
        ("colour: red\nclock: stated", "clock: stated", "unknown field `colour`"),
        ("clock: [stated", "clock: stated", "line"),
        ("roles: [wizard]", "roles: [auditor]", "wizard"),
        ("parent: nowhere", "parent: city", "nowhere"),
        ("kind: castle", "kind: audit", "organisations[2].kind"),
        ("time: yesterday", "time: 2022-06-10T08:00:00+08:00", "time: must be a whole number"),
    ],
)
def test_a_fault_of_the_genesis_is_named(shell: Shell, wrong: str, right: str, says: str) -> None:
    text = GENESIS.format(suite="intl")
    assert right in text
    genesis = shell.folder / "genesis.yaml"
    genesis.write_text(text.replace(right, wrong), encoding="utf-8")
    done = shell.run("init", shell.folder / "ledger", "--genesis", genesis, "--sandbox-keys")
    assert done.exit_code == 1
    assert says in done.errors
    assert "Traceback" not in done.errors
    assert not (shell.folder / "ledger").exists()


def test_bytes_that_are_no_text_are_refused(shell: Shell, tmp_path: Path) -> None:
    genesis = tmp_path / "genesis.yaml"
    genesis.write_bytes(b"chain_id: \xff\xfe")
    done = shell.run("init", tmp_path / "ledger", "--genesis", genesis, "--sandbox-keys")
    assert done.exit_code == 1
    assert "UTF-8" in done.errors
