"""A ledger in memory for contract tests: people by name, commands signed and judged for real, codes as answers."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import astuple

from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.credentials import GrantRole
from mingzhang.chain.contracts.founding import Founder, Founding, FoundLedger
from mingzhang.chain.contracts.members import EnrolPerson, RegisterOrganisation
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.chain.machine import Machine
from mingzhang.chain.operations import Due, Record
from mingzhang.chain.outcome import Head, Outcome
from mingzhang.chain.suites import suite_named
from mingzhang.chain.tx import build_envelope

START = 1_650_000_000
"""2022-04-15, when most stories begin."""


class MemoryReader:
    """Committed state in a dict."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.rows.get(key)

    def get_many(self, keys: list[str]) -> dict[str, bytes]:
        return {key: self.rows[key] for key in keys if key in self.rows}

    def scan(self, first: str, beyond: str) -> Iterator[tuple[str, bytes]]:
        for name in sorted(name for name in self.rows if first <= name < beyond):
            yield name, self.rows[name]


class World:
    """One ledger: `do(person, command)` signs, judges and commits, and answers with the code's name."""

    def __init__(
        self,
        suite: str = "intl",
        chain_id: str = "test-city",
        *,
        clock: str = "stated",
        consortium: tuple[str, ...] = (),
        threshold: int = 1,
    ) -> None:
        """`consortium` names the organisations that have a checkpoint key; `threshold` of them must sign."""
        self.suite = suite_named(suite)
        self.clock = clock
        self.consortium = consortium
        self.threshold = threshold
        self.chain_id = chain_id
        self.reader = MemoryReader()
        self.machine = Machine(REGISTRY, self.suite, chain_id=chain_id, reader=self.reader)
        self.head = Head()
        self.keys: dict[str, bytes] = {}
        self.records: list[Record] = []
        self.leaves: list[bytes] = []
        self.outcomes: list[Outcome] = []
        self.numbers = 0
        self._found()

    def key(self, person: str) -> bytes:
        """The person's private key, made when first asked for."""
        if person not in self.keys:
            self.keys[person] = self.suite.generate_private_key()
        return self.keys[person]

    def public(self, person: str) -> str:
        return self.suite.public_key(self.key(person)).hex()

    def _found(self) -> None:
        def organisation(name: str, kind: Any, parent: str | None) -> Founder:
            return Founder(
                organisation_id=name, name=name, kind=kind, parent=parent, division_code="441900000",
                checkpoint_key=self.public("node-of-" + name) if name in self.consortium else None,
            )  # fmt: skip

        def person(name: str, organisation_id: str, *roles: str) -> Founding:
            return Founding(
                person_id=name, organisation=organisation_id, post=name, public_key=self.public(name),
                roles=list(roles),
            )  # fmt: skip

        genesis = FoundLedger(
            chain_id=self.chain_id,
            suite=self.suite.name,  # type: ignore[arg-type]
            clock=self.clock,  # type: ignore[arg-type]
            time=START,
            notice="test",
            checkpoint_threshold=self.threshold,
            organisations=[
                organisation("city", "government", None),
                organisation("finance", "finance", "city"),
                organisation("audit", "audit", "city"),
                organisation("health", "department", "city"),
                organisation("hospital", "unit", "health"),
                organisation("school", "unit", "city"),
                organisation("bank", "bank", "city"),
                organisation("builder", "supplier", "city"),
                organisation("supervisor", "supervisor", "city"),
            ],
            people=[
                person("root", "city", "administrator", "clock_keeper"),
                person("root2", "city", "administrator"),
                person("committee", "city", "standards_committee"),
                person("budget", "city", "finance_budget"),
                person("treasury", "city", "finance_treasury"),
                person("treasury2", "city", "finance_treasury"),
                person("performance", "city", "finance_performance"),
                person("auditor", "city", "auditor"),
                person("reviewer", "health", "department_reviewer"),
                person("clerk", "hospital", "unit_business"),
                person("cashier", "hospital", "unit_finance"),
                person("head", "hospital", "unit_head"),
                person("schoolclerk", "school", "unit_business"),
                person("schoolcashier", "school", "unit_finance"),
                person("teller", "city", "bank"),
                person("foreman", "builder", "contractor"),
                person("engineer", "supervisor", "attestor"),
                person("expert", "city", "expert"),
                person("publisher", "city", "publisher"),
            ],
        )
        self._take(self.machine.apply_genesis(genesis, START, "00" * 16))
        if self.records[0].code != "ok":
            raise RuntimeError(f"genesis was refused: {self.records[0].code} {self.records[0].facts}")

    def _take(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        for name, value in outcome.writes:
            if value is None:
                self.reader.rows.pop(name, None)
            else:
                self.reader.rows[name] = value
                self._reads_back(name, value, outcome.values[name])
        self.machine.committed(outcome)
        self.head = outcome.head
        self.leaves += outcome.leaves
        for leaf in outcome.leaves:
            decoded = REGISTRY.leaves.decode(leaf)
            if isinstance(decoded, Record):
                self.records.append(decoded)

    def _reads_back(self, name: str, stored: bytes, meant: Any) -> None:
        """A node that restarts reads what the others still have in memory: both must be the same value."""
        prefix = "/".join(name.split("/")[:2]) + "/"
        read: Any = self.machine.registry.keys[prefix].decoder.decode(stored)
        same = astuple(read) == astuple(meant) if isinstance(meant, Due) else read == meant
        if not same:
            raise AssertionError(f"{name} is stored as {stored!r}, which does not read back as {meant!r}")

    def sign(self, person: str, *commands: Any, **header: Any) -> bytes:
        """A signed envelope of the commands."""
        self.numbers += 1
        fields: dict[str, Any] = {
            "chain_id": self.chain_id,
            "envelope_id": f"{self.numbers:032x}",
            "signer": person,
            "private_key": self.key(person),
            "expires_at": self.time + 3600,
            "seed": f"{self.numbers:032x}",
        } | header
        return build_envelope(self.suite, commands, **fields)

    @property
    def time(self) -> int:
        """Ledger time of the next block."""
        return self.machine.block_time(self.head.time)

    def submit(self, *raws: bytes) -> Outcome:
        """Judge envelopes as one block."""
        opened: list[Any] = []
        for raw in raws:
            try:
                opened.append(self.machine.open(raw))
            except Refused as refusal:
                opened.append(refusal)
        outcome = self.machine.apply_block(self.head, self.time, opened, verified=set())
        self._take(outcome)
        return outcome

    def do(self, person: str, *commands: Any) -> str:
        """Sign and submit; the code's name of the last item, or of the refusal at the door."""
        result = self.submit(self.sign(person, *commands)).results[0]
        return result.door.name if result.door is not None else result.items[-1][1]

    def must(self, person: str, *commands: Any) -> None:
        """Like `do`, and everything has to be accepted."""
        result = self.submit(self.sign(person, *commands)).results[0]
        answers = [result.door.name] if result.door else [code for _index, code in result.items]
        bad = [code for code in answers if code != "ok"]
        if bad:
            raise AssertionError(f"expected ok, got {bad}: {self.records[-1].facts}")

    def at(self, time: int) -> None:
        """Move the sandbox clock, and let what fell due happen."""
        self.must("root", StateTime(time=time))
        self.submit()

    def enrol(self, person: str, organisation: str, *roles: str) -> None:
        """Enrol a person of an organisation with roles over it."""
        self.must("root", EnrolPerson(person_id=person, organisation=organisation, post=person,
                                      public_key=self.public(person), name_commitment=None))  # fmt: skip
        for role in roles:
            grant_id = f"{person}-{role}".replace("_", "-")
            self.must("root", GrantRole(grant_id=grant_id, person_id=person, role=role, organisation=organisation,
                                        project=None, from_time=0, until_time=None))  # fmt: skip

    def register(self, organisation: str, parent: str, kind: Any = "unit") -> None:
        """Register an organisation below another."""
        self.must("root", RegisterOrganisation(organisation_id=organisation, name=organisation, kind=kind,
                                               parent=parent, division_code="441900000"))  # fmt: skip

    def view(self) -> Any:
        """A view of the committed state."""
        return self.machine.view()

    def broken_invariants(self) -> list[str]:
        """What the whole-state invariants complain of."""
        return [f"{name}: {what}" for name, check in REGISTRY.invariants.items() for what in check(self.view())]
