"""The loop: which envelopes pass the door, and what a block of them does. No domain word lives here.

`check_door` and `apply_block` are functions of committed state and bytes; nothing is on disk until the node commits
the outcome. The order of steps is the ledger's law: DESIGN in docs/ARCHITECTURE.md shows it in fifteen lines.
"""

from collections import deque
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from mingzhang.chain.codec import encode
from mingzhang.chain.codes import Facts, Refused, kernel
from mingzhang.chain.merkle import leaf_hash
from mingzhang.chain.operations import (
    LEDGER,
    Block,
    BlockLeaf,
    Due,
    Item,
    Later,
    Record,
    Registry,
    StateLeaf,
    wire_name,
)
from mingzhang.chain.outcome import Alert, Head, Outcome, Result
from mingzhang.chain.state import Base, Draft, Overlay, StateReader, View, encode_writes, writes_payload
from mingzhang.chain.statedigest import state_digest
from mingzhang.chain.suites import Suite
from mingzhang.chain.tx import MAX_AHEAD_SECONDS, Opened, blinder, open_envelope, seed_below

APPLICATION_VERSION = 1
"""Chooses the decide functions in force; written into every block leaf."""
MAX_FOLLOW_UP_DEPTH = 8
"""An attestation releases payments, which may freeze a line, which may open a case: four levels; eight leave room."""
MAX_FOLLOW_UPS = 1_000
"""Follow-ups of one item: an agreement has at most a hundred milestones."""
MAX_DUE_PER_BLOCK = 200
"""Due items judged in one block; the rest come in the next, so that a deadline of thousands cannot stall a node."""
MAX_ITEMS_PER_SIGNER = 10_000
"""Quota of a signer in one block: ten full batches."""
MAX_FORGOTTEN_PER_BLOCK = 4_000
"""Expired envelope hashes forgotten per block; more than a block can bring, so the table shrinks."""
FIRST_LATER_NUMBER = 1_000_000
"""Scheduled follow-ups of an item are numbered from here, those at once from zero: their blinders never meet."""
BLOCK_LEAF_NUMBER = 2_000_000
"""The block leaf's place under the last record's seed, likewise."""
STATE_LEAF_MIN_WRITES = 20_000
"""A state leaf follows when writes since the last reach this and twice the keys it covered: its cost stays a constant
share of the work however large the state grows."""


class Machine:
    """The rules of one ledger over one committed state. Synchronous, and used by one thread at a time."""

    def __init__(self, registry: Registry, suite: Suite, *, chain_id: str, reader: StateReader) -> None:
        self.registry = registry
        self.suite = suite
        self.chain_id = chain_id
        self.reader = reader
        self.base = Base(reader)

    def open(self, raw: bytes) -> Opened:
        """Check an envelope's form. Raises Refused."""
        return open_envelope(self.suite, self.registry, raw, chain_id=self.chain_id)

    def view(self) -> View:
        """A view of the committed state."""
        return View(Overlay(self.base))

    def block_time(self, proposed: int) -> int:
        """Ledger time the next block will have if proposed for this time."""
        return self.registry.door.block_time(self.view(), proposed)

    def next_due(self) -> int | None:
        """Ledger time at which the next scheduled item falls due, or None."""
        for name, _due in self.view().scan(self.registry.due):
            return int(name.partition("/")[0])
        return None

    def check_door(self, view: View, opened: Opened, time: int) -> None:
        """Everything about an envelope but its signature that needs state. Raises Refused."""
        header = opened.header
        if header.expires_at <= time:
            raise Refused(kernel.ENVELOPE_EXPIRED, expires_at=header.expires_at, time=time)
        if header.expires_at > time + MAX_AHEAD_SECONDS:
            raise Refused(kernel.TIME_BOUND_TOO_FAR, expires_at=header.expires_at)
        if view.get(self.registry.seen, seen_name(opened.header.expires_at, opened.hash)) is not None:
            raise Refused(kernel.ENVELOPE_REPLAYED, envelope=opened.hash.hex())
        key = self.registry.door.key_of(view, header.signer)
        if key is None:
            raise Refused(kernel.SIGNER_UNKNOWN, signer=header.signer)
        public_key, valid = key
        if not valid:
            raise Refused(kernel.SIGNER_REVOKED, signer=header.signer)
        if public_key != header.public_key:
            raise Refused(kernel.KEY_NOT_OF_SIGNER, signer=header.signer)
        kinds = dict.fromkeys(type(command) for command in opened.commands)
        for kind in kinds:
            if self.registry.door.holds_role(view, header.signer, self.registry.commands[kind].roles, time=time):
                return
        raise Refused(kernel.NO_GRANT, signer=header.signer, command=wire_name(opened.commands[0]))

    def apply_genesis(self, command: Any, time: int, seed: str) -> Outcome:
        """The first block: one command of the ledger itself on an empty state. `seed` is published as its blinder."""
        run = _Run(self, Head(), time)
        run.judge(_Pending(command, LEDGER, "", 0, None, seed, bytes.fromhex(seed), 0))
        return run.close([], [])

    def apply_block(
        self,
        head: Head,
        time: int,
        envelopes: Sequence[Opened | Refused],
        *,
        verified: AbstractSet[bytes] = frozenset(),
    ) -> Outcome:
        """Judge a block. `time` is ledger time as `block_time` gave it; `envelopes` are in agreed order, opened or
        refused for their form; `verified` holds hash + signature of those whose signature this node has seen verify.
        """
        self._prefetch(envelopes)
        run = _Run(self, head, max(time, head.time))
        run.fall_due()
        genuine = self._verify([one for one in envelopes if isinstance(one, Opened)], verified)
        results: list[Result] = []
        passed: list[Opened] = []
        for envelope in envelopes:
            try:
                if isinstance(envelope, Refused):
                    raise envelope
                items = run.envelope(envelope, genuine)
            except Refused as refusal:
                results.append(Result(refusal.code, refusal.facts, ()))
            else:
                results.append(Result(None, {}, items))
                passed.append(envelope)
        return run.close(results, passed)

    def committed(self, outcome: Outcome) -> None:
        """The node has the outcome on disk: later reads see its values."""
        self.base.committed(outcome.values)

    def _prefetch(self, envelopes: Sequence[Opened | Refused]) -> None:
        """Read at once the keys that many commands will each ask for; what they answer is the same without."""
        names: list[str] = []
        for envelope in envelopes:
            for command in envelope.commands if isinstance(envelope, Opened) else ():
                wanted = self.registry.prefetch.get(type(command))
                if wanted is not None:
                    names += wanted(command)
        self.base.prefetch(names)

    def _verify(self, opened: Sequence[Opened], verified: AbstractSet[bytes]) -> set[bytes]:
        unseen = [one for one in opened if one.hash + one.signature not in verified]
        answers = self.suite.verify_many([(one.public_key, one.header_bytes, one.signature) for one in unseen])
        genuine = {one.hash + one.signature for one, answer in zip(unseen, answers, strict=True) if answer}
        genuine.update(one.hash + one.signature for one in opened if one.hash + one.signature in verified)
        return genuine


class _Pending(NamedTuple):
    """An item waiting to be judged. `number` counts within `seed`; together they give the published blinder."""

    command: Any
    signer: str
    envelope: str
    number: int
    cause: int | None
    blinder: str
    seed: bytes
    depth: int


class _Run:
    """One block being judged."""

    def __init__(self, machine: Machine, head: Head, time: int) -> None:
        self.machine = machine
        self.registry = machine.registry
        self.suite = machine.suite
        self.head = head
        self.block = Block(head.height + 1, time)
        self.writes = Overlay(machine.base)
        self.leaves: list[bytes] = []
        self.alerts: list[Alert] = []
        self.next_index = head.frontier.size
        self.last: _Pending | None = None
        self.quota: dict[str, int] = {}

    def fall_due(self) -> None:
        """Judge scheduled items whose time has come, in (due, key) order, up to the cap."""
        reached: list[tuple[str, Due]] = []
        for name, due in self.machine.view().scan(self.registry.due):
            if len(reached) == MAX_DUE_PER_BLOCK or int(name.partition("/")[0]) > self.block.time:
                break
            reached.append((name, due))
        for name, due in reached:
            Draft(self.writes).delete(self.registry.due, name)
            seed = bytes.fromhex(due.seed)
            blind = blinder(self.suite, seed, due.number)
            self.judge(_Pending(due.command, LEDGER, "", due.number, due.cause, blind, seed, 0))

    def envelope(self, opened: Opened, genuine: set[bytes]) -> tuple[tuple[int, str], ...]:
        """Pass one envelope through the door and judge its items. Raises Refused if it does not pass."""
        view = View(self.writes)
        signer = opened.header.signer
        self.machine.check_door(view, opened, self.block.time)
        if opened.hash + opened.signature not in genuine:
            raise Refused(kernel.SIGNATURE_INVALID, signer=signer)
        used = self.quota.get(signer, 0) + len(opened.commands)
        if used > MAX_ITEMS_PER_SIGNER:
            raise Refused(kernel.OVER_QUOTA, signer=signer, limit=MAX_ITEMS_PER_SIGNER)
        self.quota[signer] = used
        Draft(self.writes).put(self.registry.seen, seen_name(opened.header.expires_at, opened.hash), self.block.height)
        envelope = opened.hash.hex()
        answers = []
        for number, (command, blind) in enumerate(zip(opened.commands, opened.blinders, strict=True)):
            answers.append(self.judge(_Pending(command, signer, envelope, number, None, blind, opened.seed, 0)))
        return tuple(answers)

    def judge(self, first: _Pending) -> tuple[int, str]:
        """Judge an item and all that follows from it. Returns (record index, code name) of the item itself."""
        answer: tuple[int, str] | None = None
        pending = deque([first])
        followed = 0
        while pending:
            item = pending.popleft()
            index = self.next_index
            overlay = Overlay(self.writes)
            try:
                if item.depth > MAX_FOLLOW_UP_DEPTH:
                    raise Refused(kernel.FOLLOW_UPS_TOO_DEEP, limit=MAX_FOLLOW_UP_DEPTH)
                if followed > MAX_FOLLOW_UPS:
                    raise Refused(kernel.FOLLOW_UPS_TOO_MANY, limit=MAX_FOLLOW_UPS)
                events, follow_ups = self._carry_out(item, overlay, index)
                leaf = self._leaf(item, kernel.OK.name, {}, events=events)
            except Refused as refusal:
                if refusal.code is kernel.INVARIANT_BROKEN:
                    self.alerts.append(Alert(index, wire_name(item.command), refusal))
                leaf = self._leaf(item, refusal.code.name, refusal.facts, events=[])
                self._record(item, refusal.code.name, leaf)
            except (MemoryError, RecursionError):
                raise  # Not of the item's making on every node alike: the node stops, and replays after repair.
            except Exception as failure:
                self.alerts.append(Alert(index, wire_name(item.command), failure))
                leaf = self._leaf(item, kernel.INTERNAL_REFUSAL.name, {}, events=[])
                self._record(item, kernel.INTERNAL_REFUSAL.name, leaf)
            else:
                self._record(item, kernel.OK.name, leaf)
                self.writes.merge(overlay)
                pending.extendleft(reversed(self._called_for(item, follow_ups, index)))
                followed += len(follow_ups)
            if answer is None:
                answer = (index, self.last_code)
        if answer is None:
            raise RuntimeError("an item always has an answer")
        return answer

    def _called_for(self, item: _Pending, commands: list[Any], index: int) -> list[_Pending]:
        if not commands:
            return []
        seed = seed_below(self.suite, item.seed, item.number)
        return [
            _Pending(command, LEDGER, "", number, index, blinder(self.suite, seed, number), seed, item.depth + 1)
            for number, command in enumerate(commands)
        ]

    def _carry_out(self, item: _Pending, overlay: Overlay, index: int) -> tuple[list[Any], list[Any]]:
        view, draft = View(overlay), Draft(overlay)
        operation = self.registry.commands[type(item.command)]
        events = operation.decide(view, Item(item.command, item.signer, index), self.block)
        for event in events:
            self.registry.events[type(event)](draft, event)
        self._check_touched(overlay)
        follow_ups: list[Any] = []
        later: list[Later] = []
        for event in events:
            calls = self.registry.follow_ups.get(type(event))
            for call in calls(view, event, self.block) if calls else ():
                (later if isinstance(call, Later) else follow_ups).append(call)
        for number, call in enumerate(later, start=FIRST_LATER_NUMBER):
            seed = seed_below(self.suite, item.seed, item.number)
            due = Due(command=call.command, cause=index, seed=seed.hex(), number=number)
            draft.put(self.registry.due, f"{call.due_time:013d}/{index:012d}.{number}", due)
        return events, follow_ups

    def _check_touched(self, overlay: Overlay) -> None:
        touched = self.registry.touched
        for name, value in overlay.writes.items():
            cut = name.index("/", name.index("/") + 1) + 1
            check = touched.get(name[:cut])
            if check is not None and value is not None and not check[1](value):
                raise Refused(kernel.INVARIANT_BROKEN, invariant=check[0], key=name)

    def _leaf(self, item: _Pending, code: str, facts: Facts, *, events: list[Any]) -> bytes:
        record = Record(
            index=self.next_index,
            height=self.block.height,
            time=self.block.time,
            envelope=item.envelope,
            signer=item.signer,
            item=item.number,
            cause=item.cause,
            blinder=item.blinder,
            command=item.command,
            code=code,
            facts=facts,
            events=events,
        )
        return encode(record)

    def _record(self, item: _Pending, code: str, leaf: bytes) -> None:
        self.leaves.append(leaf)
        self.next_index += 1
        self.last = item
        self.last_code = code

    def close(self, results: Sequence[Result], passed: Sequence[Opened]) -> Outcome:
        """Add the block leaf and, on the rhythm, the state leaf; hash and grow the tree."""
        head, hash_function = self.head, self.suite.hash
        if self.last is None:
            root = head.frontier.root(hash_function)
            return Outcome(head, root, tuple(results), (), (), (), (), [], {}, tuple(self.alerts))
        self._forget_expired()
        writes = encode_writes(self.writes.writes)
        self.leaves.append(
            encode(
                BlockLeaf(
                    height=self.block.height,
                    time=self.block.time,
                    application_version=APPLICATION_VERSION,
                    records=len(self.leaves),
                    writes=hash_function(writes_payload(writes)).hex(),
                    blinder=blinder(
                        self.suite, seed_below(self.suite, self.last.seed, self.last.number), BLOCK_LEAF_NUMBER
                    ),
                )
            )
        )
        counted, keys = head.writes_since_state_leaf + len(writes), head.keys_at_state_leaf
        if counted >= max(STATE_LEAF_MIN_WRITES, 2 * keys):
            keys, digest = state_digest(self.suite, self.machine.reader, writes)
            self.leaves.append(encode(StateLeaf(height=self.block.height, keys=keys, digest=digest.hex())))
            counted = 0
        hashes = [leaf_hash(hash_function, leaf) for leaf in self.leaves]
        frontier, nodes = head.frontier.extend(hash_function, hashes)
        return Outcome(
            head=Head(self.block.height, self.block.time, frontier, counted, keys),
            root=frontier.root(hash_function),
            results=tuple(results),
            passed=tuple(passed),
            leaves=tuple(self.leaves),
            leaf_hashes=tuple(hashes),
            nodes=tuple(nodes),
            writes=writes,
            values=self.writes.writes,
            alerts=tuple(self.alerts),
        )

    def _forget_expired(self) -> None:
        """Drop hashes of envelopes whose time bound has passed: replaying one is then refused as expired."""
        draft = Draft(self.writes)
        forgotten: list[str] = []
        for name, _height in self.machine.view().scan(self.registry.seen):
            if len(forgotten) == MAX_FORGOTTEN_PER_BLOCK or int(name.partition("/")[0]) > self.block.time:
                break
            forgotten.append(name)
        for name in forgotten:
            draft.delete(self.registry.seen, name)


def seen_name(expires_at: int, envelope: bytes) -> str:
    """Where the state keeps the height of an envelope (by its hash) until its time bound has passed."""
    return f"{expires_at:013d}/{envelope.hex()}"
