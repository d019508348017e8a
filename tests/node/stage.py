"""A ledger directory in one city with a cashier, for node tests: founded, furnished, and envelopes ready to submit."""

import hashlib
from pathlib import Path
from typing import Any

from mingzhang.chain.contracts.budgets import ApproveLine
from mingzhang.chain.contracts.founding import Founder, Founding, FoundLedger
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes
from mingzhang.chain.suites import suite_named
from mingzhang.chain.tx import build_envelope
from mingzhang.node.embedded import found

NOW = 1_655_000_000
ROOM_FEN = 1_000_000
"""The line has room for a thousand payments of ten yuan, no more."""


class NodeStage:
    """A founded directory and its two people. The same seed gives the same keys, envelopes and roots (intl suite)."""

    def __init__(self, directory: Path, *, suite: str = "intl", chain_id: str = "stage") -> None:
        self.directory = directory
        self.suite = suite_named(suite)
        self.chain_id = chain_id
        self.keys = {name: hashlib.sha256(name.encode()).digest() for name in ("root", "cashier")}
        self.numbers = 0
        found(directory, self.genesis(), "00" * 16)

    def genesis(self) -> FoundLedger:
        """One city, one administrator, one cashier."""

        def person(name: str, *roles: str) -> Founding:
            public_key = self.suite.public_key(self.keys[name]).hex()
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
            notice="test",
            checkpoint_threshold=1,
            organisations=[city],
            people=[
                person("root", "administrator", "clock_keeper", "finance_budget", "standards_committee"),
                person("cashier", "unit_finance"),
            ],
        )

    def sign(self, who: str, *commands: Any) -> bytes:
        """A signed envelope; ids and seeds are counted, so that runs can be compared."""
        self.numbers += 1
        number = f"{self.numbers:032x}"
        return build_envelope(
            self.suite,
            commands,
            chain_id=self.chain_id,
            envelope_id=number,
            signer=who,
            private_key=self.keys[who],
            expires_at=NOW + 3600,
            seed=number,
        )

    def furnishing(self) -> list[bytes]:
        """Code tables, one line, one payee."""
        codes = (("function", "2100202"), ("department_economic", "30201"), ("government_economic", "50201"),
                 ("fund_type", "1"))  # fmt: skip
        tables = [
            PublishCodes(
                organisation="city",
                table=table,  # type: ignore[arg-type]
                year=2022,
                entries=[CodeEntry(code=code, name=code, parent="")],
                basis="test",
            )
            for table, code in codes
        ]
        line = ApproveLine(
            line_id="city:line",
            organisation="city",
            project_id=None,
            year=2022,
            function_code="2100202",
            department_economic_code="30201",
            government_economic_code="50201",
            fund_type="1",
            approved_fen=ROOM_FEN,
            paid_from="treasury",
            document="test",
        )
        payee = RegisterPayee(
            payee_id="city:payee",
            organisation="city",
            kind="enterprise",
            name="供应商",
            name_commitment=None,
            account_commitment="0" * 64,
            account_index="1" * 64,
            contact_commitment=None,
        )
        return [self.sign("root", *tables, line), self.sign("cashier", payee)]

    def payment(self, number: int, *, amount_fen: int = 1_000) -> bytes:
        """A signed envelope of one payment."""
        return self.sign("cashier", self.request(number, amount_fen=amount_fen))

    def request(self, number: int, *, amount_fen: int = 1_000) -> RequestPayment:
        """One payment's command."""
        return RequestPayment(
            payment_id=f"city:pay-{number}",
            line_id="city:line",
            payee_id="city:payee",
            amount_fen=amount_fen,
            purpose="办公用品",
            business_date="2022-06-10",
            invoice=None,
            evidence=[],
        )
