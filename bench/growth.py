"""How work, memory and start-up grow from 10^5 to 10^6 payments on one ledger, views followed in the same process.

`python bench/growth.py [payments]`: a point each tenth of the way. Payments are signed in batches of 500 while the
clock is stopped. Memory is the process's own (RssAnon); opening is a second process's look at the same directory.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path

from stage import Stage, staged

from mingzhang.node.embedded import EmbeddedLedger
from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower

TOTAL = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
POINTS = 10
BATCH = 500
OPEN = """
import sys, time
from pathlib import Path
started = time.perf_counter()
from mingzhang.node.store import FILE_NAME, Store
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.machine import Machine
from mingzhang.chain.suites import suite_named
loaded = time.perf_counter()
store = Store(Path(sys.argv[1]) / FILE_NAME)
machine = Machine(REGISTRY, suite_named("gm"), chain_id="bench", reader=store)
machine.block_time(0), store.head()
print((time.perf_counter() - loaded) * 1000)
"""


def own_mib() -> float:
    """Memory of this process's own; pages of files that are only mapped, and can be dropped, do not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell a process's own memory")


def opening_ms(directory: Path) -> float:
    """Milliseconds from loaded code to a machine that can judge, in a fresh process."""
    done = subprocess.run([sys.executable, "-c", OPEN, str(directory)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def fill(stage: Stage, ledger: EmbeddedLedger, follower: Follower, *, first: int, count: int) -> tuple[float, float]:
    """(seconds until on disk, seconds until the views have caught up) for `count` further payments."""
    part = 20_000
    on_disk = shown = 0.0
    for start in range(first, first + count, part):
        envelopes = stage.payments(min(part, first + count - start), batch=BATCH, first=start)
        started = time.perf_counter()
        receipts = [answer.result() for answer in [ledger.submit_soon(raw) for raw in envelopes]]
        on_disk += time.perf_counter() - started
        if not follower.wait_for(receipts[-1].height, 600):
            raise RuntimeError("the views did not catch up")
        shown += time.perf_counter() - started
    return on_disk, shown


def main() -> None:
    """Fill and print a line a point."""
    titles = ("on disk/s", "shown/s", "memory MiB", "opening ms", "ledger MiB", "views MiB")
    print(f"{'payments':>10}" + "".join(f"{title:>12}" for title in titles))
    with staged("gm") as (stage, ledger):
        follower = Follower(open_views(str(stage.directory / "views.sqlite")), ledger.store)
        follower.catch_up()
        ledger.tell(lambda _height: follower.wake())
        stop = threading.Event()
        threading.Thread(target=follower.run, args=(stop,), daemon=True).start()
        step = TOTAL // POINTS
        for point in range(POINTS):
            on_disk, shown = fill(stage, ledger, follower, first=point * step, count=step)
            sizes = [(stage.directory / name).stat().st_size / 2**20 for name in ("ledger.sqlite", "views.sqlite")]
            print(
                f"{(point + 1) * step:>10}{step / on_disk:>12.0f}{step / shown:>12.0f}{own_mib():>12.0f}"
                f"{opening_ms(stage.directory):>12.1f}{sizes[0]:>12.0f}{sizes[1]:>12.0f}",
                flush=True,
            )
        stop.set()
        follower.wake()


if __name__ == "__main__":
    main()
