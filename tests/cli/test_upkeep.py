"""Audit and rebuild from the command line: exit codes, what is shown, and that nobody writes beside a writer."""

import sqlite3
from pathlib import Path

import pytest
from tests.cli.city import Shell, typed

from mingzhang.desk import Desk
from mingzhang.views.db import dump


@pytest.fixture
def city(shell: Shell) -> Path:
    directory = shell.furnished()
    for number in (1, 2):
        shell.pay(directory, number)
    return directory


def test_an_audit_that_passes(shell: Shell, city: Path) -> None:
    report = shell.well("audit", city, "--json").json
    assert report["ok"] is True
    assert report["standing"]["height"] == 5
    assert "审计通过" in shell.well("audit", city, "--processes", 1).output


def test_an_altered_amount_is_found(shell: Shell, city: Path) -> None:
    with sqlite3.connect(city / "ledger.sqlite") as connection:
        connection.execute("UPDATE leaves SET bytes = CAST(replace(bytes, 1000, 9000) AS BLOB) WHERE idx = 10")
    connection.close()
    done = shell.run("audit", city)
    assert done.exit_code == 1
    assert "审计未通过" in done.output
    assert "10" in done.output
    assert shell.run("audit", city, "--json").json["ok"] is False


@pytest.mark.slow
def test_the_audit_as_its_own_process(city: Path) -> None:
    """Its workers import the main module again, which must not run the command again."""
    done = typed("audit", city, folder=city.parent)
    assert done.exit_code == 0, done.errors
    assert done.output.count("审计通过") == 1


def test_an_audit_of_nothing(shell: Shell) -> None:
    done = shell.run("audit", shell.folder / "nowhere")
    assert done.exit_code == 1
    assert "没有账本" in done.errors


def test_an_audit_of_a_ledger_that_nothing_else_can_open(shell: Shell, city: Path) -> None:
    """The first record is the genesis, without which no command gets anywhere."""
    with sqlite3.connect(city / "ledger.sqlite") as connection:
        connection.execute("UPDATE leaves SET bytes = x'00' WHERE idx = 0")
    done = shell.run("audit", city)
    assert done.exit_code == 1
    assert "行 0" in done.output
    assert "无法识别" in done.output


def rows(directory: Path) -> list[object]:
    with Desk.open(directory, writing=False) as desk:
        return list(dump(desk.views))


def test_rebuilt_views_are_the_same(shell: Shell, city: Path) -> None:
    before = rows(city)
    assert shell.well("rebuild", city, "--json").json == {"height": 5}
    assert rows(city) == before


@pytest.mark.parametrize("command", ["rebuild", "submit"])
def test_nobody_writes_beside_a_writer(shell: Shell, city: Path, command: str) -> None:
    given = '{"type": "settings.state_time/1", "time": 1800000000}'
    arguments = ("rebuild", city) if command == "rebuild" else ("submit", city, "--as", "root", "-")
    with Desk.open(city):
        done = shell.run(*arguments, given=given)
        assert done.exit_code == 1
        assert "另一进程正在写入" in done.errors
        shell.well("show", city, "payments")
        shell.well("checkpoint", city)
        shell.well("audit", city)
    shell.well(*arguments, given=given)
