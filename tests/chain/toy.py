"""A contract made to try the loop: accounts that add up, items that break in every way, items that call for others."""

from types import SimpleNamespace
from typing import Any

import msgspec
from tests.chain.world import MemoryReader

from mingzhang.chain.codec import Wire
from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.machine import Machine
from mingzhang.chain.operations import Block, Item, Later, Operation, Record, Registry
from mingzhang.chain.outcome import Head, Outcome
from mingzhang.chain.state import Draft, Key, NodeFailed, View
from mingzhang.chain.suites import suite_named
from mingzhang.chain.tx import build_envelope

SUITE = suite_named("intl")
PRIVATE = bytes(range(32))
PUBLIC = SUITE.public_key(PRIVATE).hex()


class Add(Wire, frozen=True, tag="toy.add/1"):
    account: str
    amount: int


class Break(Wire, frozen=True, tag="toy.break/1"):
    how: str


class Fan(Wire, frozen=True, tag="toy.fan/1"):
    name: str
    depth: int
    width: int


class Remind(Wire, frozen=True, tag="toy.remind/1"):
    times: list[int]
    text: str


class Ring(Wire, frozen=True, tag="toy.ring/1"):
    text: str


class Added(Wire, frozen=True, tag="toy.added/1"):
    account: str
    amount: int


class Broken(Wire, frozen=True, tag="toy.broken/1"):
    how: str
    value: Any


class Fanned(Wire, frozen=True, tag="toy.fanned/1"):
    name: str
    depth: int
    width: int


class Reminded(Wire, frozen=True, tag="toy.reminded/1"):
    time: int
    text: str


class Rang(Wire, frozen=True, tag="toy.rang/1"):
    text: str


class Balance(msgspec.Struct, frozen=True):
    amount: int


BALANCE = Key("toy/balance", Balance)


def decide_add(view: View, item: Item, block: Block) -> list[Wire]:
    balance = view.get(BALANCE, item.command.account) or Balance(amount=0)
    if balance.amount + item.command.amount > 1000:
        raise Refused(kernel.EXISTS, object_id=item.command.account)
    return [Added(account=item.command.account, amount=item.command.amount)]


def decide_break(view: View, item: Item, block: Block) -> list[Any]:
    how = item.command.how
    added = Added(account="broken", amount=1)
    if how == "decide":
        return [added, 1 // 0]
    if how == "unknown event":
        return [added, item.command]
    if how == "stack":
        raise RecursionError
    if how == "memory":
        raise MemoryError
    if how == "disk":
        raise NodeFailed("disk")
    value = object() if how == "encoding" else "\ud800" if how == "surrogate" else None
    return [added, Broken(how=how, value=value)]


def evolve_broken(draft: Draft, event: Broken) -> None:
    draft.put(BALANCE, "trace", Balance(amount=1))
    if event.how == "evolve":
        raise KeyError(event.how)
    if event.how == "invariant":
        draft.put(BALANCE, "overdrawn", Balance(amount=-1))


def evolve_added(draft: Draft, event: Added) -> None:
    balance = draft.get(BALANCE, event.account) or Balance(amount=0)
    draft.put(BALANCE, event.account, Balance(amount=balance.amount + event.amount))


def follow_broken(view: View, event: Broken, block: Block) -> list[Any]:
    if event.how == "follow-up":
        raise LookupError(event.how)
    return []


def follow_fanned(view: View, event: Fanned, block: Block) -> list[Any]:
    below = [f"{event.name}.{number}" for number in range(event.width)]
    return [Fan(name=name, depth=event.depth - 1, width=event.width) for name in below] if event.depth else []


def follow_reminded(view: View, event: Reminded, block: Block) -> list[Any]:
    return [Later(event.time, Ring(text=event.text))]


def decide_ring(view: View, item: Item, block: Block) -> list[Wire]:
    if item.command.text == "broken bell":
        raise ZeroDivisionError
    return [Rang(text=item.command.text)]


TOY = SimpleNamespace(
    __name__="tests.toy",
    BALANCE=BALANCE,
    COMMANDS={
        Add: Operation(decide_add, ("any",)),
        Break: Operation(decide_break, ("any",)),
        Fan: Operation(lambda _view, item, _block: [Fanned(**msgspec.structs.asdict(item.command))], ("any",)),
        Remind: Operation(
            lambda _view, item, _block: [Reminded(time=time, text=item.command.text) for time in item.command.times],
            ("any",),
        ),
        Ring: Operation(decide_ring),
    },
    EVENTS={
        Added: evolve_added,
        Broken: evolve_broken,
        Fanned: lambda draft, event: draft.put(BALANCE, "fan/" + event.name, Balance(amount=1)),
        Reminded: lambda _draft, _event: None,
        Rang: lambda draft, event: draft.put(BALANCE, "bell/" + event.text, Balance(amount=1)),
    },
    FOLLOW_UPS={Broken: follow_broken, Fanned: follow_fanned, Reminded: follow_reminded},
    TOUCHED={BALANCE: ("never_overdrawn", lambda balance: balance.amount >= 0)},
)


class Door:
    """Everybody is known by one key and may do anything."""

    def key_of(self, view: View, signer: str) -> tuple[str, bool] | None:
        return PUBLIC, True

    def holds_role(self, view: View, signer: str, roles: tuple[str, ...], *, time: int) -> bool:
        return True

    def block_time(self, view: View, proposed: int) -> int:
        return proposed


REGISTRY = Registry([TOY], Door())


class Toy:
    """A ledger of the toy contract in memory."""

    def __init__(self) -> None:
        self.reader = MemoryReader()
        self.machine = Machine(REGISTRY, SUITE, chain_id="toy", reader=self.reader)
        self.head = Head()
        self.numbers = 0
        self.leaves: list[bytes] = []

    def block(self, *batches: list[Any], time: int = 100) -> Outcome:
        """Judge and commit one block of envelopes, each a batch of commands."""
        opened = []
        for commands in batches:
            self.numbers += 1
            number = f"{self.numbers:032x}"
            opened.append(self.machine.open(build_envelope(
                SUITE, commands, chain_id="toy", envelope_id=number, signer="somebody", private_key=PRIVATE,
                expires_at=time + 60, seed=number)))  # fmt: skip
        outcome = self.machine.apply_block(self.head, time, opened)
        for name, value in outcome.writes:
            if value is None:
                self.reader.rows.pop(name, None)
            else:
                self.reader.rows[name] = value
        self.machine.committed(outcome)
        self.head = outcome.head
        self.leaves += outcome.leaves
        return outcome

    def balances(self) -> dict[str, int]:
        return {name: balance.amount for name, balance in self.machine.view().scan(BALANCE)}


def records(outcome: Outcome) -> list[Record]:
    """A block's records, without block and state leaf."""
    leaves = [REGISTRY.leaves.decode(leaf) for leaf in outcome.leaves]
    return [leaf for leaf in leaves if isinstance(leaf, Record)]


def codes(outcome: Outcome) -> list[str]:
    return [record.code for record in records(outcome)]
