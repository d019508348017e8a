"""A ledger directory beside the contract tests' `World`: what a person does is signed once and submitted to both.

The world signs and tells the codes; the directory is the real node's. Their roots must agree.
"""

import time as wall_clock
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.chain.world import START, World

from mingzhang.chain.contracts.budgets import ApproveLine
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.contracts.oversight import RaiseFinding
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes
from mingzhang.node.embedded import EmbeddedLedger, found

MEMBERS = ("audit", "finance", "health")
DAY = 24 * 3600
CODES = (
    ("function", "2100202"),
    ("department_economic", "30201"),
    ("government_economic", "50201"),
    ("fund_type", "1"),
)


class Twin:
    """A founded directory with three members of whom two must sign; a context manager."""

    def __init__(self, directory: Path, suite: str = "intl") -> None:
        self.world = World(suite, consortium=MEMBERS, threshold=2)
        self.suite = self.world.suite
        self.directory = directory
        genesis = self.world.records[0].command
        if not isinstance(genesis, FoundLedger):
            raise TypeError("the first record is not the genesis")
        found(directory, genesis, "00" * 16)
        self.ledger = EmbeddedLedger(directory)
        self.store = self.ledger.store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ledger.close()
        self.store.reading.close()

    def member_keys(self, *organisations: str) -> dict[str, bytes]:
        """Private checkpoint keys of these members."""
        return {one: self.world.key("node-of-" + one) for one in organisations}

    def do(self, person: str, *commands: Any) -> list[str]:
        """Sign and submit to both; the codes, which must be the same."""
        raw = self.world.sign(person, *commands)
        result = self.world.submit(raw).results[0]
        expected = [result.door.name] if result.door else [code for _index, code in result.items]
        receipt = self.ledger.submit(raw)
        codes = [receipt.door.name] if receipt.door else [code for _index, code in receipt.items]
        if codes != expected:
            raise AssertionError(f"the node answered {codes}, the world {expected}")
        return codes

    def at(self, time: int) -> None:
        """Move both sandbox clocks; what falls due happens in a block after it."""
        before = len(self.world.outcomes)
        self.world.at(time)
        # The world has signed the statement as its last envelope; the ledger gets the very same.
        for outcome in self.world.outcomes[before:]:
            for envelope in outcome.passed:
                self.ledger.submit(envelope.raw)
        # What fell due is judged by itself, after the statement was answered.
        until = wall_clock.monotonic() + 10
        while self.ledger.height() < self.world.head.height and wall_clock.monotonic() < until:
            wall_clock.sleep(0.005)

    def furnish(self) -> None:
        """Code tables, a line with room for a thousand yuan, a payee."""
        tables = [
            PublishCodes(
                organisation="city",
                table=table,  # type: ignore[arg-type]
                year=2022,
                entries=[CodeEntry(code=code, name=code, parent="")],
                basis="test",
            )
            for table, code in CODES
        ]
        line = ApproveLine(
            line_id="hospital:line",
            organisation="hospital",
            project_id=None,
            year=2022,
            function_code="2100202",
            department_economic_code="30201",
            government_economic_code="50201",
            fund_type="1",
            approved_fen=100_000,
            paid_from="treasury",
            document="test",
        )
        payee = RegisterPayee(
            payee_id="hospital:payee",
            organisation="hospital",
            kind="enterprise",
            name="供应商",
            name_commitment=None,
            account_commitment="0" * 64,
            account_index="1" * 64,
            contact_commitment=None,
        )
        for person, commands in (("committee", tables), ("budget", [line]), ("cashier", [payee])):
            codes = self.do(person, *commands)
            if set(codes) != {"ok"}:
                raise AssertionError(f"{person}: {codes} {self.world.records[-1].facts}")

    def live(self) -> None:
        """Furnish; then a batch of three payments of which the last is refused, a single one, and a finding that
        becomes overdue by itself.
        """
        self.furnish()
        self.do("cashier", payment(1, 40_000), payment(2, 50_001), payment(3, 30_000))
        self.do("cashier", payment(4, 5))
        self.do("auditor", finding("city:late", questioned=len(self.world.leaves) - 2))
        self.at(START + 11 * DAY)


def payment(number: int, amount_fen: int) -> RequestPayment:
    return RequestPayment(
        payment_id=f"hospital:pay-{number}",
        line_id="hospital:line",
        payee_id="hospital:payee",
        amount_fen=amount_fen,
        purpose="办公用品",
        business_date="2022-04-15",
        invoice=None,
        evidence=[],
    )


def finding(finding_id: str, *, questioned: int, deadline: int = START + 10 * DAY) -> RaiseFinding:
    return RaiseFinding(
        finding_id=finding_id,
        level="audit",
        subject_kind="organisation",
        subject_id="hospital",
        questioned_record=questioned,
        title="支付依据不足",
        text="未附合同。",
        legal_basis="预算法",
        severity="general",
        responsible="hospital",
        deadline=deadline,
        follows=None,
        files=[],
    )
