"""Commands of every contract made at random from what a story has said: mutated, or put together field by field.

`python tests/chain/fuzz.py SEED` prints the root after the story and a hundred such commands; run it under different
PYTHONHASHSEED to see that the root does not depend on it.
"""

import hashlib
import random
import re
import sys
from typing import Any

import msgspec
from msgspec import inspect
from tests.chain.contracts.declared import actual, entry, lift, self_evaluation
from tests.chain.contracts.signed import LINE, agree, attest, funded
from tests.chain.world import START, MemoryReader, World

from mingzhang.chain.codec import encode
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.disclosure import Publish
from mingzhang.chain.contracts.fieldrules import SetFieldRule
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.contracts.oversight import RaiseFinding
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.chain.state import Base, Draft, Overlay

DAY = 24 * 3600
FEW_INTS = (0, 1, 2, 100, 10_000, 1_000_000, 2022, 2023, START, START + DAY, START + 40 * DAY)


def steady_key(world: World, person: str) -> bytes:
    """In place of World.key: a person's private key from their name, so that every run signs alike."""
    return world.keys.setdefault(person, hashlib.sha256(person.encode()).digest())


def story() -> World:
    """A project with line, agreement, released milestone, payment, evaluation, finding and publication."""
    world = funded()
    agree(world)
    attest(world, "engineer", "node.done")
    world.must("cashier", RequestPayment(
        payment_id="hospital:p1", line_id=LINE, payee_id="hospital:builder", amount_fen=12_345, purpose="租金",
        business_date="2022-04-15", invoice="9a" * 32, evidence=["cd" * 32]))  # fmt: skip
    lift(world)
    world.must("clerk", actual("area", 533850, 2), actual("quality", 100), actual("delay", 30), actual("patients", 90),
               actual("beds", level="achieved", completion_bp=10000))  # fmt: skip
    scores = [entry("area", 2000), entry("quality", 2000), entry("delay", 1000), entry("beds", 3000),
              entry("patients", 1000), entry(None, 950)]  # fmt: skip
    world.must("head", self_evaluation(*scores))
    world.must("auditor", RaiseFinding(
        finding_id="city:f1", level="audit", subject_kind="payment", subject_id="hospital:p1", questioned_record=5,
        title="发现", text="说明", legal_basis="审计法", severity="general", responsible="hospital",
        deadline=START + 5 * DAY, follows=None, files=[]))  # fmt: skip
    world.must("publisher", SetFieldRule(organisation="city", kind="project", field="name", treatment="clear",
                                         basis="示例"))  # fmt: skip
    world.must("publisher", Publish(publication_id="city:pub1", kind="project", object_id="hospital:ward", title="公开",
                                    notice="", due_time=None, replaces=None))  # fmt: skip
    return world


class Fuzzer:
    """Makes commands for a world, and signs them by somebody who may."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.kinds = [kind for kind, one in REGISTRY.commands.items() if one.roles and kind is not StateTime]
        self.strings = _strings([msgspec.to_builtins(record) for record in world.records])
        self.anywhere = sorted({text for texts in self.strings.values() for text in texts})
        genesis = world.records[0].command
        assert isinstance(genesis, FoundLedger)
        self.roles = {person.person_id: person.roles for person in genesis.people}

    def envelope(self) -> bytes:
        """One to three commands, signed by somebody who holds a role for the first."""
        commands = [self.command() for _ in range(self.dice.choice([1, 1, 2, 3]))]
        allowed = REGISTRY.commands[type(commands[0])].roles
        people = [person for person, roles in sorted(self.roles.items()) if set(roles) & set(allowed)]
        return self.world.sign(self.dice.choice(people), *commands)

    def command(self) -> Any:
        """One of any kind, or one accepted before under a new id, perhaps with another field changed as well."""
        if self.dice.random() < 0.6:
            return self.value(inspect.type_info(self.dice.choice(self.kinds)), "")
        accepted = [record.command for record in self.world.records if record.code == "ok"]
        command = self.dice.choice([command for command in accepted if type(command) in self.kinds])
        first, *others = inspect.type_info(type(command)).fields  # type: ignore[attr-defined]
        changed = [first, self.dice.choice(others)] if others and self.dice.random() < 0.5 else [first]
        return msgspec.structs.replace(command, **{field.name: self.value(field.type, field.name) for field in changed})

    def value(self, kind: Any, name: str) -> Any:
        """A value of a wire type, as `msgspec.inspect` describes it, for a field of that name."""
        made: Any
        if isinstance(kind, inspect.Metadata):
            made = self.value(kind.type, name)
        elif isinstance(kind, inspect.StructType):
            made = kind.cls(**{field.name: self.value(field.type, field.name) for field in kind.fields})
        elif isinstance(kind, inspect.UnionType):
            made = self.value(self.dice.choice(kind.types), name)
        elif isinstance(kind, inspect.LiteralType):
            made = self.dice.choice(kind.values)
        elif isinstance(kind, inspect.ListType):
            length = max(kind.min_length or 0, self.dice.choice([0, 1, 1, 2]))
            made = [self.value(kind.item_type, name) for _ in range(length)]
        elif isinstance(kind, inspect.IntType):
            low, high = kind.ge or 0, kind.le if kind.le is not None else 2**53 - 1
            made = self.dice.choice([low, high, *[number for number in FEW_INTS if low <= number <= high]])
        elif isinstance(kind, inspect.StrType):
            made = self.string(kind, name)
        elif isinstance(kind, inspect.BoolType):
            made = self.dice.random() < 0.5
        elif isinstance(kind, inspect.NoneType):
            made = None
        else:
            raise TypeError(f"no values of {kind}: add them here")
        return made

    def string(self, kind: inspect.StrType, name: str) -> str:
        """A string said before that fits, mostly one of a field of that name, sometimes with a new ending."""
        if kind.pattern is None:
            return self.dice.choice(["说明", "a", "x" * (kind.max_length or 10)])
        among = self.strings.get(name, []) if self.dice.random() < 0.9 else []
        fitting = [text for text in among if re.match(kind.pattern, text)]
        text = self.dice.choice(fitting or [text for text in self.anywhere if re.match(kind.pattern, text)] or ["a"])
        fresh = f"{text}-{self.dice.randrange(100)}" if ":" in text and self.dice.random() < 0.3 else text
        return fresh if re.match(kind.pattern, fresh) else text


def _strings(value: Any) -> dict[str, list[str]]:
    """All strings by the name of the field they stand in, as often as they were said."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, str):
            found.setdefault(name, []).append(one)
        elif isinstance(one, dict):
            waiting += one.items()
        elif isinstance(one, list):
            waiting += [(name, inner) for inner in one]
    return found


def rebuilt(world: World) -> dict[str, bytes]:
    """State made from the events of all records alone, on nothing; without the kernel's own keys."""
    overlay = Overlay(Base(MemoryReader()))
    for record in world.records:
        for event in record.events:
            REGISTRY.events[type(event)](Draft(overlay), event)
    return {name: encode(value) for name, value in overlay.writes.items() if value is not None}


def stored(world: World) -> dict[str, bytes]:
    """Committed state without the kernel's own keys."""
    return {name: value for name, value in world.reader.rows.items() if not name.startswith("kernel/")}


def run(seed: int, commands: int) -> World:
    """The story, then so many envelopes, with the clock moved now and then."""
    world = story()
    fuzzer = Fuzzer(world, seed)
    for _ in range(commands):
        world.submit(fuzzer.envelope())
        if fuzzer.dice.random() < 0.1:
            world.do("root", StateTime(time=world.time + fuzzer.dice.choice([1, DAY, 30 * DAY])))
            world.submit()
    return world


if __name__ == "__main__":
    World.key = steady_key  # type: ignore[method-assign, assignment]
    print(run(int(sys.argv[1]), 100).outcomes[-1].root.hex())
