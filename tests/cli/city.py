"""A small city for tests of the command line: its genesis file, its commands as JSON, and the commands themselves run.

`Shell.run` is click's runner; `typed` starts a real process. Both give exit code, output and errors.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from mingzhang.cli import main

GENESIS = """
chain_id: test-city
suite: {suite}
clock: stated
time: 2022-06-10T08:00:00+08:00
checkpoint_threshold: 2
organisations:
  - {{organisation_id: city, name: 市政府, kind: government, parent: null, division_code: "441900000"}}
  - {{organisation_id: finance, name: 财政局, kind: finance, parent: city, division_code: "441900000",
     checkpoint_key: new}}
  - {{organisation_id: audit, name: 审计局, kind: audit, parent: city, division_code: "441900000",
     checkpoint_key: new}}
people:
  - {{person_id: root, organisation: city, post: 管理员,
     roles: [administrator, clock_keeper, finance_budget, standards_committee]}}
  - {{person_id: cashier, organisation: city, post: 出纳, roles: [unit_finance]}}
  - {{person_id: auditor, organisation: city, post: 审计员, roles: [auditor]}}
"""
LINE_FEN = 1_000_000
PEOPLE = ("root", "cashier", "auditor")


class Done(NamedTuple):
    """A command that has ended."""

    exit_code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)

    @property
    def error(self) -> dict[str, str]:
        """The error that --json gives."""
        told: dict[str, str] = json.loads(self.errors)["error"]
        return told


class Shell:
    """Runs commands, and makes the ledgers that they are run on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: Any, given: str | bytes | None = None) -> Done:
        """Run in this process."""
        result = CliRunner().invoke(main, [str(one) for one in arguments], input=given, prog_name="mingzhang")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def well(self, *arguments: Any, given: str | bytes | None = None) -> Done:
        """The same, and it has to succeed."""
        done = self.run(*arguments, given=given)
        if done.exit_code != 0:
            raise AssertionError(f"{arguments} ended with {done.exit_code}: {done.output} {done.errors}")
        return done

    def found(self, name: str = "city", *, suite: str = "intl") -> Path:
        """Found a ledger with sandbox keys."""
        genesis, directory = self.folder / f"{name}.yaml", self.folder / name
        genesis.write_text(GENESIS.format(suite=suite), encoding="utf-8")
        self.well("init", directory, "--genesis", genesis, "--sandbox-keys")
        return directory

    def furnished(self, name: str = "city", *, suite: str = "intl") -> Path:
        """Found a ledger with a budget line and a payee."""
        directory = self.found(name, suite=suite)
        self.well("submit", directory, "--as", "root", "-", given=json.dumps(furnishing()))
        self.well("submit", directory, "--as", "cashier", "-", given=json.dumps(payee()))
        return directory

    def pay(self, directory: Path, number: int, **fields: Any) -> Done:
        """Submit a payment with --json; it may be refused."""
        command = json.dumps(payment(number, **fields))
        return self.run("submit", directory, "--as", "cashier", "-", "--json", given=command)


def typed(*arguments: Any, folder: Path, given: bytes = b"") -> Done:
    """Run in a process of its own, in a folder."""
    command = [sys.executable, "-m", "mingzhang", *(str(one) for one in arguments)]
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, check=False, timeout=120)
    return Done(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def furnishing() -> list[dict[str, Any]]:
    """Code tables and one budget line of ten thousand yuan."""
    codes = {"function": "2100202", "department_economic": "30201", "government_economic": "50201", "fund_type": "1"}
    tables: list[dict[str, Any]] = [
        {
            "type": "standards.publish_codes/1",
            "organisation": "city",
            "table": table,
            "year": 2022,
            "entries": [{"code": code, "name": code, "parent": ""}],
            "basis": "测试",
        }
        for table, code in codes.items()
    ]
    line = {
        "type": "budgets.approve_line/1",
        "line_id": "city:line",
        "organisation": "city",
        "project_id": None,
        "year": 2022,
        "function_code": "2100202",
        "department_economic_code": "30201",
        "government_economic_code": "50201",
        "fund_type": "1",
        "approved_fen": LINE_FEN,
        "paid_from": "treasury",
        "document": "预算批复 1 号",
    }
    return [*tables, line]


def payee() -> dict[str, Any]:
    """A supplier, its account sealed."""
    return {
        "type": "payees.register/1",
        "payee_id": "city:payee",
        "organisation": "city",
        "kind": "enterprise",
        "name": "供应商",
        "name_commitment": None,
        "account_commitment": "0" * 64,
        "account_index": "1" * 64,
        "contact_commitment": None,
    }


def payment(number: int, **fields: Any) -> dict[str, Any]:
    """A payment of ten yuan."""
    command = {
        "type": "payments.request/1",
        "payment_id": f"city:pay-{number}",
        "line_id": "city:line",
        "payee_id": "city:payee",
        "amount_fen": 1_000,
        "purpose": "办公用品",
        "business_date": "2022-06-10",
        "invoice": None,
        "evidence": [],
    }
    return command | fields


def granted(person_id: str, role: str) -> dict[str, Any]:
    """One more role for a person, in the whole city."""
    return {
        "type": "members.grant_role/1",
        "grant_id": f"{person_id}-{role}",
        "person_id": person_id,
        "role": role,
        "organisation": "city",
        "project": None,
        "from_time": 0,
        "until_time": None,
    }


def settled(number: int) -> dict[str, Any]:
    """The bank says that a payment reached its payee."""
    return {
        "type": "settlements.settle/1",
        "receipt_id": f"city:receipt-{number}",
        "payment_id": f"city:pay-{number}",
        "outcome": "settled",
        "settled_date": "2022-06-10",
        "reason": "",
    }
