"""Reads and writes per second through HTTP, beside the same framework and server doing nothing, in the same run.

Everything shares this machine's cores: clients, server, ledger. The server runs in a process of its own; clients are
processes that use raw keep-alive connections, so that what is measured is the server.
"""

import http.client
import multiprocessing
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, get
from stage import Stage

from mingzhang.api.app import listen, serve
from mingzhang.api.deps import Limits
from mingzhang.chain.suites import suite_named
from mingzhang.desk import Desk
from mingzhang.node.embedded import EmbeddedLedger

CLIENTS = 4
READS = 500
WRITES = 150
UNBOUNDED = Limits(rate_per_second=1e9, burst=1e9)
Request = tuple[str, str, bytes | None]


@get("/healthz", sync_to_thread=False)
def nothing() -> dict[str, str]:
    """The peer: one route that gives a constant."""
    return {"status": "ok"}


def bare(listening: socket.socket) -> None:
    """Litestar and uvicorn, doing nothing."""
    app = Litestar(route_handlers=[nothing], openapi_config=None, logging_config=None)
    config = uvicorn.Config(app, http="h11", log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


def ours(listening: socket.socket, directory: Path) -> None:
    """The doors over a ledger."""
    with Desk.open(directory) as desk:
        serve(desk, listening, limits=UNBOUNDED, ready=lambda: None)


Told = tuple[float, float, list[float], int]
"""Begin and end by the machine's clock, each request's seconds, how many answers were not 200."""


def work(port: int, requests: list[Request], *, all_there: Any, out: "multiprocessing.Queue[Told]") -> None:
    """One client; it begins when all are there."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took: list[float] = []
    bad = 0
    all_there.wait()
    start = time.perf_counter()
    for method, path, body in requests:
        began = time.perf_counter()
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        took.append(time.perf_counter() - began)
        bad += response.status != 200
    out.put((start, time.perf_counter(), took, bad))


def measure(name: str, port: int, plans: list[list[Request]]) -> float:
    """Run clients side by side, print a line, return requests a second."""
    out: multiprocessing.Queue[Told] = multiprocessing.Queue()
    all_there = multiprocessing.Barrier(len(plans))
    clients = [
        multiprocessing.Process(target=work, args=(port, plan), kwargs={"all_there": all_there, "out": out})
        for plan in plans
    ]
    for client in clients:
        client.start()
    answers = [out.get() for _ in clients]
    seconds = max(one[1] for one in answers) - min(one[0] for one in answers)
    took = sorted(one for answer in answers for one in answer[2])
    cuts = statistics.quantiles(took, n=100)
    rate = len(took) / seconds
    bad = sum(answer[3] for answer in answers)
    print(
        f"{name:34} {rate:8,.0f}/s   p50 {cuts[49] * 1e3:6.1f} ms   p95 {cuts[94] * 1e3:6.1f} ms"
        f"   p99 {cuts[98] * 1e3:6.1f} ms   not 200: {bad}"
    )
    return rate


def running(target: Callable[..., None], *arguments: Path) -> tuple[multiprocessing.Process, int]:
    """A server process and its port, once it answers."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    process = multiprocessing.Process(target=target, args=(listening, *arguments))
    process.start()
    listening.close()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    return process, port


def main() -> None:
    """Print both, then the ratios."""
    folder = Path(tempfile.mkdtemp(prefix="doors-"))
    print(f"{CLIENTS} clients, suite gm, one payment an envelope")
    try:
        process, port = running(bare)
        peer = measure("bare Litestar, constant", port, [[("GET", "/healthz", None)] * READS] * CLIENTS)
        process.terminate()
        process.join()
        stage = Stage(folder, suite_named("gm"))
        with EmbeddedLedger(folder) as ledger:
            stage.furnish(ledger)
        plans: list[list[Request]] = [
            [("POST", "/api/v1/transactions", raw) for raw in stage.payments(WRITES, batch=1, first=client * WRITES)]
            for client in range(CLIENTS)
        ]
        process, port = running(ours, folder)
        for name, path in (
            ("GET /healthz", "/healthz"),
            ("GET /api/v1/ledger", "/api/v1/ledger"),
            ("GET /api/v1/publications", "/api/v1/publications"),
            ("GET /api/v1/code-tables/function", "/api/v1/code-tables/function/2022"),
        ):
            rate = measure(name, port, [[("GET", path, None)] * READS] * CLIENTS)
            print(f"{'':34} {rate / peer:8.2f} of bare Litestar")
        rate = measure("POST /api/v1/transactions", port, plans)
        print(f"{'':34} {rate / peer:8.2f} of bare Litestar; each on disk and in the views")
        process.terminate()
        process.join()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
