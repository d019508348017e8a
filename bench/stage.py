"""A ledger of budget lines and payees for benchmarks, and signed envelopes of payments made before the clock starts."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mingzhang.chain.contracts.budgets import ApproveLine
from mingzhang.chain.contracts.founding import Founder, Founding, FoundLedger
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.chain.tx import build_envelope
from mingzhang.node.embedded import EmbeddedLedger, found

YEAR = 2022
NOW = 1_655_000_000
LINES = 200
PAYEES = 500
CODES = (
    ("function", "2100202"),
    ("department_economic", "30201"),
    ("government_economic", "50201"),
    ("fund_type", "1"),
)


class Stage:
    """A founded ledger in a temporary directory, with one cashier who may pay from every line."""

    def __init__(self, directory: Path, suite: Suite) -> None:
        self.directory = directory
        self.suite = suite
        self.chain_id = "bench"
        self.cashier = suite.generate_private_key()
        self.root = suite.generate_private_key()
        found(directory, self._genesis(), secrets.token_hex(16))

    def _genesis(self) -> FoundLedger:
        def person(name: str, key: bytes, *roles: str) -> Founding:
            public_key = self.suite.public_key(key).hex()
            return Founding(person_id=name, organisation="city", post=name, public_key=public_key, roles=list(roles))

        city = Founder(
            organisation_id="city",
            name="city",
            kind="government",
            parent=None,
            division_code="441900000",
            checkpoint_key=None,
        )
        return FoundLedger(
            chain_id=self.chain_id,
            suite=self.suite.name,  # type: ignore[arg-type]
            clock="stated",
            time=NOW,
            notice="benchmark",
            checkpoint_threshold=1,
            organisations=[city],
            people=[
                person("root", self.root, "administrator", "finance_budget", "standards_committee"),
                person("cashier", self.cashier, "unit_finance"),
            ],
        )

    def sign(self, who: str, commands: list[Any]) -> bytes:
        """A signed envelope."""
        return build_envelope(
            self.suite,
            commands,
            chain_id=self.chain_id,
            envelope_id=secrets.token_hex(16),
            signer=who,
            private_key=self.cashier if who == "cashier" else self.root,
            expires_at=NOW + 80_000,
            seed=secrets.token_hex(16),
        )

    def furnish(self, ledger: EmbeddedLedger) -> None:
        """Code tables, budget lines with room for everything, payees."""
        tables = [
            PublishCodes(
                organisation="city",
                table=table,
                year=YEAR,
                entries=[CodeEntry(code=code, name=code, parent="")],  # type: ignore[arg-type]
                basis="bench",
            )
            for table, code in CODES
        ]
        lines = [
            ApproveLine(
                line_id=f"city:line-{number}",
                organisation="city",
                project_id=None,
                year=YEAR,
                function_code="2100202",
                department_economic_code="30201",
                government_economic_code="50201",
                fund_type="1",
                approved_fen=10**13,
                paid_from="treasury",
                document="bench",
            )
            for number in range(LINES)
        ]
        payees = [
            RegisterPayee(
                payee_id=f"city:payee-{number}",
                organisation="city",
                kind="enterprise",
                name=f"供应商{number}",
                name_commitment=None,
                account_commitment=secrets.token_hex(32),
                account_index=secrets.token_hex(32),
                contact_commitment=None,
            )
            for number in range(PAYEES)
        ]
        for who, commands in (("root", tables), ("root", lines), ("cashier", payees)):
            receipt = ledger.submit(self.sign(who, list(commands)))
            if {code for _index, code in receipt.items} != {"ok"}:
                raise RuntimeError(f"the stage could not be furnished: {receipt}")

    def payments(self, count: int, *, batch: int, first: int = 0) -> list[bytes]:
        """Signed envelopes of `count` payments in all, `batch` in each."""
        return [
            self.sign("cashier", [payment(number) for number in range(start, start + batch)])
            for start in range(first, first + count, batch)
        ]


def payment(number: int) -> RequestPayment:
    """An ordinary payment with an invoice: the guards all run and none holds it."""
    return RequestPayment(
        payment_id=f"city:pay-{number}",
        line_id=f"city:line-{number % LINES}",
        payee_id=f"city:payee-{number % PAYEES}",
        amount_fen=10_000 + number % 977,
        purpose="办公用品采购",
        business_date="2022-06-10",
        invoice=secrets.token_hex(32),
        evidence=[],
    )


@contextmanager
def staged(suite_name: str) -> Iterator[tuple[Stage, EmbeddedLedger]]:
    """A furnished ledger, removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="mingzhang-bench-"))
    try:
        stage = Stage(directory, suite_named(suite_name))
        with EmbeddedLedger(directory) as ledger:
            stage.furnish(ledger)
            yield stage, ledger
    finally:
        shutil.rmtree(directory, ignore_errors=True)
