"""Durable payments a second with the guards on, against the ceiling and against PostgreSQL doing the same control.

Everything in one run, each measurement three times, the median shown; the machine's own noise is the spread beside it.
Envelopes are signed before the clock starts, as clients would. `python bench/payments.py [payments]`.
"""

import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from ceiling import ceiling
from postgres import batches, cluster, furnish, singles
from stage import Stage, staged

from mingzhang.node.embedded import EmbeddedLedger
from mingzhang.node.ledger import Receipt
from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
SINGLES = COUNT // 4
BATCH = 500
RUNS = 3


def measured(one_run: Callable[[], float]) -> tuple[float, float]:
    """Median of RUNS, and the spread (largest less smallest) as a share of it."""
    values = [one_run() for _ in range(RUNS)]
    median = statistics.median(values)
    return median, (max(values) - min(values)) / median


def ledger_rate(suite: str, count: int, batch: int, *, views: bool) -> float:
    """Payments a second until the last is on disk (and, with views, until the views show it)."""
    with staged(suite) as (stage, ledger):
        envelopes = stage.payments(count, batch=batch)
        follower = Follower(open_views(str(stage.directory / "views.sqlite")), ledger.store)
        stop = threading.Event()
        thread = threading.Thread(target=follower.run, args=(stop,), daemon=True)
        if views:
            follower.catch_up()
            ledger.tell(lambda _height: follower.wake())
            thread.start()
        started = time.perf_counter()
        waiting: list[Future[Receipt]] = [ledger.submit_soon(envelope) for envelope in envelopes]
        receipts = [answer.result() for answer in waiting]
        if views and not follower.wait_for(receipts[-1].height, 600):
            raise RuntimeError("the views did not catch up")
        seconds = time.perf_counter() - started
        stop.set()
        if views:
            follower.wake()
            thread.join()
        accepted = sum(code == "ok" for receipt in receipts for _index, code in receipt.items)
        if accepted != count:
            raise RuntimeError(f"only {accepted} of {count} were accepted")
        return count / seconds


def verify_rate(stage: Stage, ledger: EmbeddedLedger, count: int) -> float:
    """Signatures a second that the suite verifies on this machine, with the threads it uses."""
    opened = [ledger.machine.open(raw) for raw in stage.payments(count, batch=1)]
    items = [(one.public_key, one.header_bytes, one.signature) for one in opened]
    started = time.perf_counter()
    stage.suite.verify_many(items)
    return count / (time.perf_counter() - started)


def ceiling_rate(suite: str, count: int, batch: int) -> float:
    """The same bytes with nothing decided."""
    with staged(suite) as (stage, _ledger):
        envelopes = stage.payments(count, batch=batch)
        return ceiling(stage.suite, envelopes, stage.directory / "ceiling.sqlite", chain_id=stage.chain_id)


def limit(suite: str) -> float:
    """Verification limit of the suite."""
    with staged(suite) as (stage, ledger):
        return verify_rate(stage, ledger, SINGLES)


def show(name: str, rate: tuple[float, float], *against: tuple[str, float]) -> None:
    """One line: rate, spread, ratios."""
    ratios = "  ".join(f"{value:5.2f} x {what}" for what, value in ((what, rate[0] / other) for what, other in against))
    print(f"{name:58s}{rate[0]:9.0f}/s  ±{rate[1]:4.0%}  {ratios}", flush=True)


def main() -> None:
    """Measure and print."""
    print(f"{COUNT} payments in batches of {BATCH}, {SINGLES} single; guards on; durable; median of {RUNS}")
    with cluster() as url:
        furnish(url)
        numbers = iter(range(1_000))
        pg_batch = measured(lambda: batches(url, COUNT, BATCH, run=next(numbers)))
        pg_single = measured(lambda: singles(url, SINGLES, 16, run=next(numbers)))
    show("PostgreSQL, batches of 500 (better of 1 and 2 clients)", pg_batch)
    show("PostgreSQL, single calls from 16 clients", pg_single)
    for suite in ("gm", "intl"):
        top = measured(lambda: ceiling_rate(suite, COUNT, BATCH))  # noqa: B023 (called at once)
        verifying = measured(lambda: limit(suite))  # noqa: B023
        show(f"{suite}: ceiling, batches", top)
        show(f"{suite}: signatures verified", verifying)
        for views in (False, True):
            said = "views caught up" if views else "on disk"
            rate = measured(lambda: ledger_rate(suite, COUNT, BATCH, views=views))  # noqa: B023
            show(f"{suite}: batches, {said}", rate, ("ceiling", top[0]), ("PostgreSQL's best batch", pg_batch[0]))
            rate = measured(lambda: ledger_rate(suite, SINGLES, 1, views=views))  # noqa: B023
            against = ("verification limit", verifying[0]), ("PostgreSQL's single calls", pg_single[0])
            show(f"{suite}: single-signed, {said}", rate, *against)


if __name__ == "__main__":
    main()
