"""The ledger alone in this process: three threads in a row check signatures, judge blocks and write them.

The default node. Blocks are made of whatever waits when the last one is done, so that load makes larger blocks and
quiet makes small ones; signatures of the next block are checked while this one is judged and the last one written.
Under a block clock a heartbeat looks for what fell due; under a stated clock it follows every statement.
"""

import fcntl
import queue
import threading
import time as wall_clock
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.machine import Machine
from mingzhang.chain.operations import Record, Registry
from mingzhang.chain.outcome import Alert, Outcome
from mingzhang.chain.state import NodeFailed
from mingzhang.chain.suites import suite_named
from mingzhang.chain.tx import Opened
from mingzhang.node.ledger import Receipt
from mingzhang.node.pipeline import Committer, InFlight
from mingzhang.node.store import FILE_NAME, Store

MAX_BLOCK_ITEMS = 2_000
"""Items in one block: some 200 ms of work, so that a single payment never waits long behind batches."""
HEARTBEAT_SECONDS = 30
"""How long scheduled items may wait on an idle ledger; the documented staleness bound."""
MAX_WAITING = 4_096
"""Envelopes waiting; beyond this `submit` itself waits, so memory stays bounded."""


def _ignore(_told: object) -> None:
    """Nobody listens."""


class LedgerLocked(RuntimeError):
    """Another process writes this ledger; commands beside a running server go through the server."""


class _Waiting(NamedTuple):
    opened: Opened
    answer: "Future[Receipt]"


class _Checked(NamedTuple):
    """A block's worth of envelopes, and hash + signature of those that verify."""

    batch: list[_Waiting]
    genuine: set[bytes]


def found(directory: Path, genesis: FoundLedger, seed: str, *, registry: Registry = REGISTRY) -> None:
    """Create a ledger in an existing directory. `seed`: 128 random bits in hexadecimal, the genesis record's blinder.

    Raises FileExistsError where there is a ledger, ValueError when the rules refuse the genesis.
    """
    path = directory / FILE_NAME
    Store.create(path)
    store = Store(path)
    try:
        machine = Machine(registry, suite_named(genesis.suite), chain_id=genesis.chain_id, reader=store)
        outcome = machine.apply_genesis(genesis, genesis.time, seed)
        record = registry.leaves.decode(outcome.leaves[0])
        if not isinstance(record, Record) or record.code != "ok":
            raise ValueError(f"genesis was refused: {getattr(record, 'code', '?')} {getattr(record, 'facts', {})}")
        store.commit(outcome)
    except BaseException:
        store.close()
        for file in directory.glob(FILE_NAME + "*"):
            file.unlink()
        raise
    store.close()


def genesis_of(store: Store, registry: Registry = REGISTRY) -> tuple[FoundLedger, str]:
    """(genesis command, its blinder) of a ledger. Raises ValueError when the first record is not a genesis."""
    record = registry.leaves.decode(store.leaf(0))
    if not isinstance(record, Record) or not isinstance(record.command, FoundLedger):
        raise ValueError("the first record is not a genesis")  # noqa: TRY004 (stored bytes, not a caller's type)
    return record.command, record.blinder


class EmbeddedLedger:
    """A ledger directory opened for writing. Use as a context manager, or call `close`."""

    def __init__(
        self,
        directory: Path,
        *,
        registry: Registry = REGISTRY,
        clock: Callable[[], float] = wall_clock.time,
        on_step: Callable[[str], None] = _ignore,
        on_alert: Callable[[Alert], None] = _ignore,
        on_block: Callable[[int], None] = _ignore,
    ) -> None:
        """Open. `on_alert` hears of rules that failed, `on_block` of each committed height (on the block thread).

        Raises LedgerLocked when another process has it open.
        """
        self.directory = directory
        self._lock = lock_ledger(directory)
        self.store = Store(directory / FILE_NAME, on_step=on_step)
        genesis, _blinder = genesis_of(self.store, registry)
        self.chain_id = genesis.chain_id
        self.suite = suite_named(genesis.suite)
        self._in_flight = InFlight(self.store)
        self.machine = Machine(registry, self.suite, chain_id=self.chain_id, reader=self._in_flight)
        self._stated = genesis.clock == "stated"
        self._head = self._written = self.store.head()
        self._next_time = self.machine.block_time(0)
        self._clock, self._on_alert, self._on_block = clock, on_alert, on_block
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(MAX_WAITING)
        self._failure: BaseException | None = None
        self._committer = Committer(self.store.commit)
        self._checked: queue.Queue[_Checked | None] = queue.Queue(1)
        self._checked.put(_Checked([], set()))  # What fell due before a crash comes before anything new.
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("signatures", self._check), ("blocks", self._judge))
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what waits, stop, release the directory."""
        self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._committer.close()
        self.store.close()
        self._lock.close()

    def tell(self, on_block: Callable[[int], None]) -> None:
        """From now on tell this listener of each committed height, in place of the one before."""
        self._on_block = on_block

    def height(self) -> int:
        """Height of the last committed block."""
        return self._written.height

    def has_stopped(self) -> bool:
        """Whether disk or rules failed, so that nothing is taken in any more."""
        return self._failure is not None

    def time(self) -> int:
        """Ledger time the next block would have."""
        return self._next_time if self._stated else max(int(self._clock()), self._head.time)

    def submit(self, raw: bytes) -> Receipt:
        """See Ledger.submit. Raises NodeFailed when the node has stopped."""
        return self.submit_soon(raw).result()

    def submit_soon(self, raw: bytes) -> "Future[Receipt]":
        """See Ledger.submit_soon. The form is checked here, on the caller's thread."""
        answer: Future[Receipt] = Future()
        if self._failure is not None:
            raise NodeFailed("the node has stopped") from self._failure
        try:
            opened = self.machine.open(raw)
        except Refused as refusal:
            answer.set_result(Receipt(self._written.height, self._written.time, refusal.code, refusal.facts, ()))
        else:
            self._queue.put(_Waiting(opened, answer))
        return answer

    def _has_failed(self) -> bool:
        """Asked anew each time: the committing thread may have set it meanwhile."""
        return self._failure is not None

    def _check(self) -> None:
        """The first thread: gather what waits and check its signatures; refuse everything once the node has failed."""
        running = True
        while running:
            batch, running = self._collect()
            opened = [one.opened for one in batch]
            answers = self.suite.verify_many([(one.public_key, one.header_bytes, one.signature) for one in opened])
            genuine = {one.hash + one.signature for one, answer in zip(opened, answers, strict=True) if answer}
            self._checked.put(_Checked(batch, genuine))
        self._checked.put(None)

    def _judge(self) -> None:
        """The second thread: it alone runs the rules. An empty batch is a heartbeat."""
        while (checked := self._checked.get()) is not None:
            try:
                if self._has_failed():
                    self._refuse(checked.batch)
                    continue
                if checked.batch:
                    self._make_block(checked)
                while self._is_due() and not self._has_failed():
                    self._make_block(_Checked([], set()))
            except BaseException as failure:  # noqa: BLE001 (whatever stops the rules stops the node)
                self._failure = failure
                self._refuse(checked.batch)

    def _collect(self) -> tuple[list[_Waiting], bool]:
        """What waits, up to a block's worth; an empty list after a heartbeat without any. False to stop."""
        batch: list[_Waiting] = []
        items = 0
        try:
            waiting = self._queue.get(timeout=HEARTBEAT_SECONDS)
            while waiting is not None:
                batch.append(waiting)
                items += len(waiting.opened.commands)
                if items >= MAX_BLOCK_ITEMS:
                    return batch, True
                waiting = self._queue.get_nowait()
        except queue.Empty:
            return batch, True
        return batch, False

    def _is_due(self) -> bool:
        due = self.machine.next_due()
        return due is not None and due <= self.time()

    def _make_block(self, checked: _Checked) -> None:
        batch = checked.batch
        envelopes = [one.opened for one in batch]
        outcome = self.machine.apply_block(self._head, self.time(), envelopes, verified=checked.genuine)
        if outcome.recorded:
            self._in_flight.put(outcome)
            self.machine.committed(outcome)
            self._head = outcome.head
            self._next_time = self.machine.block_time(0)
        self._committer.put(outcome, lambda failure: self._committed(batch, outcome, failure))

    def _committed(self, batch: list[_Waiting], outcome: Outcome, failure: BaseException | None) -> None:
        """On the committing thread: the block is on disk (or there was nothing to write), and is answered now."""
        if failure is not None:
            self._failure = failure
            self._refuse(batch)
            return
        if outcome.recorded:
            self._in_flight.written()
            self._written = outcome.head
        for alert in outcome.alerts:
            self._on_alert(alert)
        for waiting, result in zip(batch, outcome.results, strict=True):
            head = outcome.head
            waiting.answer.set_result(Receipt(head.height, head.time, result.door, result.facts, result.items))
        if outcome.recorded:
            self._on_block(outcome.head.height)

    def _refuse(self, batch: list[_Waiting]) -> None:
        stopped = NodeFailed("the node has stopped")
        stopped.__cause__ = self._failure
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_exception(stopped)


def lock_ledger(directory: Path) -> IO[Any]:
    """The right to write a ledger directory, held until the file is closed. Raises LedgerLocked."""
    file = (directory / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise LedgerLocked(f"{directory}: another process writes this ledger") from None
    return file
