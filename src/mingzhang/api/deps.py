"""What the doors share: the desk, bounded threads for reading and checking, who waits for views, and all limits.

What is done with them is each noun's matter.
"""

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple, TypeVar

import sqlalchemy as sa

from mingzhang.api.errors import BUSY, NODE_STOPPED, ApiError
from mingzhang.chain.state import NodeFailed
from mingzhang.chain.tx import MAX_ENVELOPE_BYTES
from mingzhang.desk import Desk
from mingzhang.node.ledger import Receipt
from mingzhang.views.follow import FollowFailed

READERS: Final = 4
"""Threads that read. Each has its own connection and page cache, so the number bounds memory."""
CHECKERS: Final = 2
"""Threads that check the form of envelopes; the ledger has its own for signatures and rules."""
REMEMBERED: Final = 50_000
"""Envelopes taken in lately whose time bound is remembered, so that they can be looked up by hash alone."""
LOOK_AGAIN_SECONDS: Final = 1.0
"""How often the watcher looks whether it shall stop."""
RETRY_SECONDS: Final = 1
"""What Retry-After says."""

T = TypeVar("T")
log = logging.getLogger("mingzhang.api")


class Limits(NamedTuple):
    """Every bound of the doors in one place, with its reason."""

    body_bytes: int = MAX_ENVELOPE_BYTES
    """What the ledger takes as one envelope; no door takes more."""
    rate_per_second: float = 50.0
    """Requests of one address on the long run: an adapter that pays one by one, several times over."""
    burst: float = 200.0
    """Requests of one address at once: a page that loads, a queue that was held up."""
    addresses: int = 10_000
    """Addresses remembered; the one heard of longest ago is forgotten first, so memory stays bounded."""
    request_seconds: float = 60.0
    """From a request's head to its answer's end, uploads included; the feed alone may last longer."""
    write_seconds: float = 10.0
    """How long a write waits for its block and for the views before it answers 202."""
    writes: int = 64
    """Transactions held in memory at once: 64 of the largest take 128 MiB."""
    feeds: int = 256
    """Feeds open at once."""
    feeds_per_address: int = 8
    """Feeds of one address at once."""
    heartbeat_seconds: float = 15.0
    """A quiet feed says so, that proxies do not close it."""
    connections: int = 1_000
    """Connections at once; more are answered 503 by the server itself."""


class Taken(NamedTuple):
    """What is remembered of an envelope that was taken in; no height while it was not answered in time."""

    expires_at: int
    height: int | None


class Doors:
    """What all handlers are given. Lives as long as the server; `start` and `stop` run on its event loop."""

    def __init__(self, desk: Desk, limits: Limits = Limits()) -> None:  # noqa: B008 (a tuple)
        self.desk = desk
        self.limits = limits
        self.stopping = asyncio.Event()
        self.writes = 0
        self.feeds: dict[str, int] = {}
        self.views_failed = False
        self._remembered: OrderedDict[bytes, Taken] = OrderedDict()
        self._readers = ThreadPoolExecutor(READERS, "api-read")
        self._checkers = ThreadPoolExecutor(CHECKERS, "api-check")
        self._moved = asyncio.Condition()
        self._stop = threading.Event()
        self._height = 0
        self._watcher: threading.Thread | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch the views."""
        self._height = self._views_height()
        self._watcher = threading.Thread(target=self._watch, args=(loop,), name="api-views", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Let go of all threads; what was submitted is finished by the ledger."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._checkers.shutdown(wait=True)

    @property
    def views_height(self) -> int:
        """Height up to which lists and feed show the ledger."""
        return self._height

    async def read(self, query: Callable[..., T], *arguments: Any) -> T:
        """Run something that reads, on one of the reading threads."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, query, *arguments)

    async def read_views(self, query: Callable[[sa.Connection], T]) -> T:
        """Run a query of the views in a transaction of its own."""

        def run() -> T:
            with self.desk.views.connect() as connection:
                return query(connection)

        return await self.read(run)

    async def submit(self, raw: bytes, *, until: float) -> Receipt | None:
        """Give an envelope to the ledger; None when it was not answered by the loop's time `until`.

        It goes on its way all the same. Raises ApiError when the node has stopped or too many wait.
        """
        if self.writes >= self.limits.writes:
            raise ApiError(BUSY, headers={"Retry-After": str(RETRY_SECONDS)})
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt] = loop.create_future()
        self.writes += 1
        try:
            promise = await loop.run_in_executor(self._checkers, self.desk.ledger.submit_soon, raw)
        except NodeFailed:
            self._written()
            raise ApiError(NODE_STOPPED) from None
        except BaseException:
            self._written()
            raise
        # A future of asyncio's own: cancelling a request must never cancel what the ledger is about to answer. The
        # write counts until the ledger lets go of it, not only while somebody waits for it.
        promise.add_done_callback(lambda done: _pass_on(loop, done, answer, then=self._written))
        try:
            async with asyncio.timeout_at(until):
                return await answer
        except TimeoutError:
            return None
        except NodeFailed:
            raise ApiError(NODE_STOPPED) from None

    def _written(self) -> None:
        self.writes -= 1

    async def views_reach(self, height: int, *, until: float) -> bool:
        """Whether lists show a height by the loop's time `until`."""
        try:
            async with asyncio.timeout_at(until), self._moved:
                await self._moved.wait_for(
                    lambda: self._height >= height or self.stopping.is_set() or self.views_failed
                )
        except TimeoutError:
            return False
        return self._height >= height

    def remember(self, envelope: bytes, expires_at: int, height: int | None) -> None:
        """Keep the time bound of an envelope that was taken in, and its height when that is known."""
        self._remembered[envelope] = Taken(expires_at, height)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def remembered(self, envelope: bytes) -> Taken | None:
        """What is remembered of an envelope that was taken in lately."""
        return self._remembered.get(envelope)

    async def begin_stopping(self) -> None:
        """Wake all who wait, so that feeds end and the server can close."""
        self.stopping.set()
        async with self._moved:
            self._moved.notify_all()

    def _views_height(self) -> int:
        with self.desk.views.connect() as connection:
            return int(connection.exec_driver_sql("SELECT height FROM views_state").scalar_one())

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """The watching thread: it tells the loop of each height that the views reach."""
        while not self._stop.is_set():
            try:
                reached = self.desk.wait_for_height(self._height + 1, LOOK_AGAIN_SECONDS)
            except FollowFailed:
                log.error("视图停止跟随 the views have stopped")  # noqa: TRY400 (whoever follows has told why)
                _tell(loop, self._move(self._height, failed=True))
                return
            if reached > self._height:
                _tell(loop, self._move(reached, failed=False))
                self._height = reached

    async def _move(self, height: int, *, failed: bool) -> None:
        async with self._moved:
            self._height = max(self._height, height)
            self.views_failed = failed
            self._moved.notify_all()


def _tell(loop: asyncio.AbstractEventLoop, what: Any) -> None:
    try:
        asyncio.run_coroutine_threadsafe(what, loop)
    except RuntimeError:  # The loop has just been closed; nobody waits any more.
        what.close()


def _pass_on(
    loop: asyncio.AbstractEventLoop,
    done: "Future[Receipt]",
    answer: "asyncio.Future[Receipt]",
    *,
    then: Callable[[], None],
) -> None:
    """On the ledger's thread: hand the answer to the loop. One that is gone has nobody who waits."""

    def settle() -> None:
        then()
        if answer.done():
            return
        failure = done.exception()
        if failure is None:
            answer.set_result(done.result())
        else:
            answer.set_exception(failure)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        return
