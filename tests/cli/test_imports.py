"""`mingzhang import payments` at the command line: checks first, tells what it did, leaves an error file, goes on."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.city import Done, Shell

from mingzhang.chain.contracts.payments import scan_payments
from mingzhang.cli.imports import imports
from mingzhang.desk import Desk
from mingzhang.exchange.mapping import load_map

MAP = """
organisation: city
amount: 金额
date: 日期
payee: 收款人
register_payees: true
line: "city:{指标}"
purpose: "{摘要}"
"""
TEXT = """日期,金额,收款人,指标,摘要
2022-03-01,"1,200.50",甲公司,line,药品
2022-03-02,12.00,乙公司,line,办公用品
2022-03-03,abc,乙公司,line,办公用品
2022-03-04,9000,乙公司,line,办公用品
"""


def run(*arguments: object) -> Done:
    result = CliRunner().invoke(imports, ["payments", *(str(one) for one in arguments)], prog_name="mingzhang import")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


class Files:
    """A furnished city, a payments file and its map."""

    def __init__(self, shell: Shell) -> None:
        self.directory = shell.furnished()
        self.payments = shell.folder / "2022.csv"
        self.map = shell.folder / "map.yaml"
        self.errors = shell.folder / "2022.csv.errors.csv"
        self.payments.write_text(TEXT, encoding="utf-8")
        self.map.write_text(MAP, encoding="utf-8")

    def run(self, *options: object) -> Done:
        return run(self.directory, self.payments, "--map", self.map, *options)

    def ids(self) -> list[str]:
        with Desk.open(self.directory, writing=False) as desk:
            return [name for name, _payment in scan_payments(desk.view())]


@pytest.fixture
def files(shell: Shell) -> Files:
    return Files(shell)


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(files: Files) -> None:
    done = files.run("--dry-run")
    assert done.exit_code == 1, "a row has a fault"
    for shown in ("1,200.50", "药品", "amount_unreadable", "utf-8", "3 / 10,212.50"):
        assert shown in done.output
    assert files.ids() == []
    assert not files.errors.exists()
    files.run("--dry-run", "--errors", files.errors)
    assert "amount_unreadable" in files.errors.read_text(encoding="utf-8-sig")


def test_a_dry_run_needs_no_writing_and_works_beside_the_writer(files: Files) -> None:
    with Desk.open(files.directory):
        assert json.loads(files.run("--dry-run", "--json").output)["to_send"] == 3


def test_an_import_tells_what_it_did_and_names_what_it_did_not(files: Files) -> None:
    done = files.run("--as", "cashier")
    assert done.exit_code == 1
    assert files.ids() == ["city:2022-2", "city:2022-3"]
    assert "2 / 1,212.50" in done.output
    assert "251 exceeds_available_balance" in done.output
    rows = list(csv.reader(files.errors.read_text(encoding="utf-8-sig").splitlines()))
    assert [(row[0], row[3]) for row in rows[1:]] == [
        ("4", "amount_unreadable"),
        ("5", "251 exceeds_available_balance"),
    ]


def test_corrected_and_run_again_it_finishes_and_the_error_file_goes(files: Files) -> None:
    files.run("--as", "cashier")
    files.payments.write_text(TEXT.replace("abc", "3.00").replace("9000", "90"), encoding="utf-8")
    done = files.run("--as", "cashier")
    assert (done.exit_code, len(files.ids())) == (0, 4)
    assert not files.errors.exists()
    again = json.loads(files.run("--as", "cashier", "--json").output)
    assert (again["taken_before"], again["payments_taken"], again["exists"]) == (4, 0, 0)
    resent = json.loads(files.run("--as", "cashier", "--json", "--resend").output)
    assert (resent["taken_before"], resent["payments_taken"], resent["exists"]) == (0, 0, 4)


def test_no_other_file_is_overwritten(files: Files) -> None:
    files.errors.write_text("mine", encoding="utf-8")
    done = files.run("--as", "cashier")
    assert done.exit_code == 1
    assert "--errors" in done.errors
    assert (files.errors.read_text(encoding="utf-8"), files.ids()) == ("mine", [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("amount: 金额", "amount: 数额"),
        ("organisation: city", "organisation: City"),
        ('purpose: "{摘要}"', "purpose: 3"),
    ],
)
def test_a_wrong_map_is_a_sentence_in_both_languages(files: Files, change: str, said: str) -> None:
    files.map.write_text(MAP.replace(change, said), encoding="utf-8")
    done = files.run("--as", "cashier")
    assert done.exit_code == 1
    assert "错误" in done.errors
    assert "Traceback" not in done.errors
    assert len(done.errors.strip().splitlines()) == 2


def test_who_may_not_pay_is_told_so(files: Files) -> None:
    done = files.run("--as", "auditor", "--json")
    assert done.exit_code == 1
    assert "signer_has_no_grant_for_command" in done.error["en"]


def test_what_is_lacking_is_said(files: Files) -> None:
    assert files.run().exit_code == 2
    assert run(files.directory).exit_code == 2


def test_the_example_is_a_map(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(run("--example").output, encoding="utf-8")
    assert load_map(tmp_path / "map.yaml")[0].organisation == "hospital"


def test_the_example_as_json() -> None:
    assert run("--example", "--json").json["organisation"] == "hospital"
