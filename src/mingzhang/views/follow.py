"""The one loop from ledger to rows: next blocks, project, save the height, commit, all in one transaction.

Which rows an event makes is said by the nouns; how rows are held and written by batch.py.
"""

import gc
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import sqlalchemy as sa

from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.operations import Record, Registry, StateLeaf
from mingzhang.views import PROJECTORS, REFUSALS
from mingzhang.views.batch import Batch
from mingzhang.views.blocks import project_block_leaf, project_state_leaf
from mingzhang.views.db import read_state, write_state
from mingzhang.views.records import project_record

RECORDS_PER_TRANSACTION = 20_000
"""What is far behind catches up in steps of so many records: rows of many payments share pages and are written once."""
BLOCKS_PER_READ = 500
"""Blocks asked of the source at once; a transaction may end before all of them."""
LOOK_AGAIN_SECONDS = 1.0
"""How long the thread sleeps when nobody wakes it: a wake that was missed costs no more than this."""
WRITER_CACHE_KIB = 64 * 1024
"""SQLite page cache of the one connection that writes."""

Progress = Callable[[int, int], None]
"""(height reached, height wanted) -> None, after each transaction."""


class Source(Protocol):
    """Where leaves come from: the node's store."""

    def head_height(self) -> int:
        """Height of the last block there is; 0 before any."""

    def blocks(self, after_height: int, limit: int) -> Iterator[tuple[int, int, list[bytes]]]:
        """(height, time, leaves in order) of at most `limit` blocks above a height, in order."""


class FollowFailed(RuntimeError):
    """A projector failed: the views stay where they were. The message names the record."""


class Follower:
    """Keeps one database up with one source. One at a time may follow into a database."""

    def __init__(self, engine: sa.Engine, source: Source, *, registry: Registry = REGISTRY) -> None:
        self._engine = engine
        self._source = source
        self._decode = registry.leaves.decode
        self._batch = Batch()
        self._step = threading.Lock()
        self._changed = threading.Condition()
        self._woken = False
        self._failure: Exception | None = None
        with engine.connect() as connection:
            self._height = read_state(connection).height

    @property
    def height(self) -> int:
        """Height of the last block whose rows are committed."""
        return self._height

    def catch_up(self, progress: Progress | None = None) -> int:
        """Follow until the source's head as it is now, and return the height reached. Raises FollowFailed."""
        with self._step:
            wanted = self._source.head_height()
            while self._height < wanted and self._follow_some():
                if progress is not None:
                    progress(self._height, wanted)
            return self._height

    def run(self, stop: threading.Event) -> None:
        """Follow until told to stop: the body of a thread. A failure ends it, and `wait_for` then raises it."""
        while not stop.is_set():
            with self._changed:
                self._woken = False
            try:
                self.catch_up()
            except Exception as failure:
                with self._changed:
                    self._failure = failure
                    self._changed.notify_all()
                raise
            with self._changed:
                if not self._woken and not stop.is_set():
                    self._changed.wait(LOOK_AGAIN_SECONDS)

    def wake(self) -> None:
        """There is a new block, or the thread shall stop: go on at once."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def wait_for(self, height: int, timeout_seconds: float) -> bool:
        """Whether the views reach a height in time: what was written up to there can then be read.

        Raises FollowFailed when the thread that follows has ended by a failure.
        """
        until = time.monotonic() + timeout_seconds
        with self._changed:
            while self._height < height:
                if self._failure is not None:
                    raise FollowFailed(str(self._failure)) from self._failure
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def _follow_some(self) -> bool:
        """One transaction of whole blocks; whether there were any."""
        with _collecting_no_garbage():
            try:
                with self._engine.begin() as connection:
                    reached = self._project(connection)
            except BaseException:
                self._batch.forget()
                raise
            self._batch.written()
        with self._changed:
            went_on, self._height = reached > self._height, reached
            self._changed.notify_all()
        return went_on

    def _project(self, connection: sa.Connection) -> int:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
        state = read_state(connection)
        if state.height != self._height:
            self._batch.forget()
        self._batch.begin(connection)
        height, origin, leaves_read = state.height, state.origin, 0
        for at, _time, leaves in self._source.blocks(state.height, BLOCKS_PER_READ):
            origin = origin or hashlib.sha256(leaves[0]).hexdigest()
            for leaf in leaves:
                self._leaf(leaf)
            height = at
            leaves_read += len(leaves)
            if leaves_read >= RECORDS_PER_TRANSACTION:
                break
        self._batch.write()
        write_state(connection, origin=origin, height=height)
        return height

    def _leaf(self, leaf: bytes) -> None:
        decoded, batch = self._decode(leaf), self._batch
        if isinstance(decoded, Record):
            try:
                _project_record(batch, decoded)
            except Exception as failure:
                raise FollowFailed(f"record {decoded.index}: {failure!r}") from failure
        elif isinstance(decoded, StateLeaf):
            project_state_leaf(batch, decoded)
        else:
            project_block_leaf(batch, decoded)


@contextmanager
def _collecting_no_garbage() -> Iterator[None]:
    """A transaction makes many objects that live until its end and none that refer to themselves: looking through them
    again and again for such ones would take a fifth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _project_record(batch: Batch, record: Record) -> None:
    batch.record = record
    project_record(batch, record)
    if record.code != "ok":
        refused = REFUSALS.get(type(record.command))
        if refused is not None:
            refused(batch, record.command)
    for number, event in enumerate(record.events):
        projector = PROJECTORS.get(type(event))
        if projector is not None:
            batch.number = number
            projector(batch, event)
