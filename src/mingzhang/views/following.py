"""The thread that keeps a node's views up with its ledger, and who waits for it.

What the thread does is in follow.py. That it fails is told in the log and to those who wait; it never stops the ledger.
"""

import logging
import threading
from pathlib import Path
from typing import Final

from mingzhang.views.follow import Follower, FollowFailed, Source
from mingzhang.views.rebuild import open_current

VIEWS_WAIT_SECONDS: Final = 10.0
"""How long an act waits for the views: a block's rows take milliseconds, so a longer wait means that they are stuck."""

log = logging.getLogger(__name__)


class Following:
    """The views of a desk that writes, and the thread that keeps them up with the ledger."""

    def __init__(self, source: Source, place: str | Path) -> None:
        self.engine = open_current(source, place)
        self.follower = Follower(self.engine, source)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="views", daemon=True)
        self._thread.start()

    def wait_for(self, height: int) -> None:
        """Wait for the views; that they do not come is logged."""
        try:
            if self.follower.wait_for(height, VIEWS_WAIT_SECONDS):
                return
        except FollowFailed as failure:
            log.warning("视图停止跟随 the views have stopped: %s", failure)
        else:
            log.warning("视图落后 the views are at height %d, not yet at %d", self.follower.height, height)

    def close(self) -> None:
        """Bring the views up to the ledger's end and stop."""
        self._stop.set()
        self.follower.wake()
        self._thread.join()
        try:
            self.follower.catch_up()
        except Exception as failure:  # noqa: BLE001 (the ledger is whole; the views are followed on at the next opening)
            log.warning("视图未跟上 the views did not catch up: %s", failure)
        self.engine.dispose()

    def _run(self) -> None:
        try:
            self.follower.run(self._stop)
        except Exception as failure:  # noqa: BLE001 (a thread has no caller to raise to; whoever waits is told)
            log.error(  # noqa: TRY400 (one line; the failure names the record)
                "视图停止跟随 the views have stopped: %s", failure
            )
