"""Lets the next block be judged while the last one is being written: committed state is the file's rows under what is
still on its way there. A block is answered only when its own commit is done.
"""

import queue
import threading
from collections.abc import Callable, Iterator

from mingzhang.chain.outcome import Outcome
from mingzhang.chain.state import StateReader
from mingzhang.chain.statedigest import laid_over

DEPTH = 1
"""Blocks waiting to be written while one is being written: more would only make answers later."""


class InFlight:
    """A StateReader that also sees blocks judged but not yet written."""

    def __init__(self, beneath: StateReader) -> None:
        self._beneath = beneath
        self._changing = threading.Lock()  # Judging adds at one end while committing takes from the other.
        self._blocks: tuple[dict[str, bytes | None], ...] = ()

    def put(self, outcome: Outcome) -> None:
        """A block was judged: its writes count from now on."""
        with self._changing:
            self._blocks = (*self._blocks, dict(outcome.writes))

    def written(self) -> None:
        """The oldest block is on disk. Only then do its rows leave here, so no reader ever misses them."""
        with self._changing:
            self._blocks = self._blocks[1:]

    def get(self, key: str) -> bytes | None:
        """See StateReader."""
        for block in reversed(self._blocks):
            if key in block:
                return block[key]
        return self._beneath.get(key)

    def get_many(self, keys: list[str]) -> dict[str, bytes]:
        """See StateReader."""
        blocks = self._blocks
        found = self._beneath.get_many(keys)
        for block in blocks:
            for key in block.keys() & set(keys):
                value = block[key]
                if value is None:
                    found.pop(key, None)
                else:
                    found[key] = value
        return found

    def scan(self, first: str, beyond: str) -> Iterator[tuple[str, bytes]]:
        """See StateReader."""
        blocks = self._blocks
        rows = self._beneath.scan(first, beyond)
        for block in blocks:
            rows = laid_over(rows, sorted((key, value) for key, value in block.items() if first <= key < beyond))
        return rows


Done = Callable[[BaseException | None], None]
"""Called when a block is on disk (None), or will never be (why)."""


class Committer:
    """One thread that writes judged blocks in order, and nothing more after one that could not be written."""

    def __init__(self, commit: Callable[[Outcome], None]) -> None:
        self._commit = commit
        self._queue: queue.Queue[tuple[Outcome, Done] | None] = queue.Queue(DEPTH)
        self._thread = threading.Thread(target=self._run, name="commits", daemon=True)
        self._thread.start()

    def put(self, outcome: Outcome, done: Done) -> None:
        """Write a block after those before it; waits while DEPTH blocks wait already."""
        self._queue.put((outcome, done))

    def close(self) -> None:
        """Write what waits and stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        failure: BaseException | None = None
        while (task := self._queue.get()) is not None:
            outcome, done = task
            if failure is None and outcome.recorded:
                try:
                    self._commit(outcome)
                except BaseException as error:  # noqa: BLE001 (whatever it is, no further block may be written)
                    failure = error
            done(failure)
