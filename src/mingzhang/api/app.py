"""The application: all doors in one list, what happens to what no door answers, and running it on a port.

What a door does is in its noun's file; what stands before all of them in hardening.py.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from litestar import Litestar, Request
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.response import Response

from mingzhang.api import checkpoints, errors, feed, ledger, openapi, publications, transactions
from mingzhang.api.deps import Doors, Limits
from mingzhang.api.door import Door, failed, routes
from mingzhang.api.errors import ApiError, not_found
from mingzhang.api.hardening import Wall, log_failure
from mingzhang.desk import Desk

CLOSING_SECONDS: Final = 20
"""How long a stopping server lets requests end: more than a write may wait."""
HEADER_BYTES: Final = 32 * 1024
"""A request's line and headers."""
KEEP_ALIVE_SECONDS: Final = 10
NOUNS: Final = (transactions, publications, checkpoints, ledger, feed)


def all_doors() -> tuple[Door, ...]:
    """Every door there is."""
    doors = tuple(door for noun in NOUNS for door in noun.DOORS)
    return (*doors, openapi.door(doors))


def make_app(desk: Desk, limits: Limits = Limits()) -> Wall:  # noqa: B008 (a tuple)
    """The ASGI application over a desk that writes. It closes nothing of the desk."""
    doors = Doors(desk, limits)

    async def start(_app: Litestar) -> None:
        doors.start(asyncio.get_running_loop())

    async def stop(_app: Litestar) -> None:
        await doors.begin_stopping()
        await asyncio.get_running_loop().run_in_executor(None, doors.stop)

    app = Litestar(
        route_handlers=[routes(door, doors) for door in all_doors()],
        openapi_config=None,
        logging_config=None,
        cors_config=None,
        request_max_body_size=limits.body_bytes + 1,
        on_startup=[start],
        on_shutdown=[stop],
        exception_handlers={
            ApiError: lambda _request, error: failed(error),
            HTTPException: _http,
            Exception: _exception,
        },
    )
    return Wall(app, doors)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refuses, in our shape."""
    if isinstance(error, NotFoundException):
        return failed(not_found(f"{request.scope['path'][:200]}"))
    if isinstance(error, MethodNotAllowedException):
        return failed(ApiError(errors.METHOD_NOT_ALLOWED, headers=dict(error.headers or {})))
    if error.status_code == 413:
        return failed(ApiError(errors.BODY_TOO_LARGE, facts={"limit": 0}))
    if error.status_code < 500:
        return failed(ApiError(errors.REQUEST_WRONG))
    return _exception(request, error)


def _exception(_request: Request[Any, Any, Any], failure: Exception) -> Response[bytes]:
    log_failure(failure)
    return failed(ApiError(errors.INTERNAL))


class Server(uvicorn.Server):
    """A server that ends feeds before it waits for connections to close."""

    def __init__(self, wall: Wall, *, limits: Limits) -> None:
        config = uvicorn.Config(
            wall,
            http="h11",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=limits.connections,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=CLOSING_SECONDS,
            h11_max_incomplete_event_size=HEADER_BYTES,
        )
        super().__init__(config)
        self._doors = wall.doors

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await self._doors.begin_stopping()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio would leave Nagle on and every answer would wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(512)
    except BaseException:
        listening.close()
        raise
    return listening


def serve(desk: Desk, listening: socket.socket, *, limits: Limits = Limits(), ready: Callable[[], None]) -> None:  # noqa: B008
    """Serve until SIGTERM or SIGINT: then take in nothing more, answer what was taken in, end the feeds, return.

    The desk is the caller's to close. `ready` is called before the first request.
    """
    server = Server(make_app(desk, limits), limits=limits)
    # The server raises the signal again when it has ended: by then it must only be noted, or the desk is never closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: None)
    ready()
    server.run(sockets=[listening])


