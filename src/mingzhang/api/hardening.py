"""The wall before all doors: rate by address, size and time of a request, headers of every answer, one log line each.

Plain ASGI around the application, so that nothing it does comes before these checks.
"""

import asyncio
import ipaddress
import json
import logging
import sys
import time as wall_clock
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from mingzhang.api import errors
from mingzhang.api.deps import Doors
from mingzhang.api.errors import ApiError
from mingzhang.api.feed import PATH as FEED_PATH

HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-store"),
)
"""On every answer. There is no Access-Control-Allow-Origin: pages of other origins cannot read these doors."""
_CLOSING = (413, 503)
"""After these the rest of what the client sends is not read."""
LOGGED_PATH_CHARACTERS: Final = 200
access = logging.getLogger("mingzhang.api.access")
log = logging.getLogger("mingzhang.api")


class _Bucket(NamedTuple):
    tokens: float
    at: float


class Buckets:
    """A token bucket an address, in bounded memory: the one heard of longest ago is forgotten first."""

    def __init__(self, *, rate_per_second: float, burst: float, most: int) -> None:
        self.rate_per_second = rate_per_second
        self.burst = burst
        self.most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str, now: float) -> float:
        """Take a token: 0, or how many seconds until there is one."""
        tokens, at = self._buckets.pop(address, _Bucket(self.burst, now))
        tokens = min(self.burst, tokens + (now - at) * self.rate_per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self.rate_per_second
        self._buckets[address] = _Bucket(tokens if wait else tokens - 1, now)
        if len(self._buckets) > self.most:
            self._buckets.popitem(last=False)
        return wait


class _Exchange:
    """One request and its answer on their way: counts what comes in, adds headers to what goes out."""

    def __init__(self, receive: Any, send: Any, *, limit: int) -> None:
        self._receive, self._send, self._left, self._limit = receive, send, limit, limit
        self.status = 0

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise ApiError(errors.BODY_TOO_LARGE, facts={"limit": self._limit})
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            set_already = {name.lower() for name, _value in message.get("headers", [])}
            more = [(name, value) for name, value in HEADERS if name not in set_already]
            if self.status in _CLOSING:
                more.append((b"connection", b"close"))
            message = message | {"headers": [*message.get("headers", []), *more]}
        await self._send(message)

    async def refuse(self, error: ApiError) -> None:
        """Answer with an error, unless an answer has begun: then the connection can only be cut."""
        if self.status:
            raise ConnectionAbortedError
        body = msgspec.json.encode(error.error())
        more = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *more]
        await self.send({"type": "http.response.start", "status": error.fault.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


class Wall:
    """An ASGI application around another."""

    def __init__(self, inner: Any, doors: Doors, *, clock: Callable[[], float] = wall_clock.monotonic) -> None:
        self.inner = inner
        self.doors = doors
        self.clock = clock
        limits = doors.limits
        self.buckets = Buckets(rate_per_second=limits.rate_per_second, burst=limits.burst, most=limits.addresses)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        began = self.clock()
        exchange = _Exchange(receive, send, limit=self.doors.limits.body_bytes)
        try:
            await self._pass(scope, exchange)
        except ApiError as error:
            await exchange.refuse(error)
        except TimeoutError:
            await exchange.refuse(ApiError(errors.TIMED_OUT, headers={"Retry-After": "1"}))
        except ConnectionAbortedError:
            raise
        except Exception as failure:  # noqa: BLE001 (nothing may leave as a stack trace)
            log_failure(failure)
            await exchange.refuse(ApiError(errors.INTERNAL))
        finally:
            milliseconds = round((self.clock() - began) * 1000, 1)
            path = scope["path"][:LOGGED_PATH_CHARACTERS]
            told = {"method": scope["method"], "path": path, "status": exchange.status, "ms": milliseconds}
            access.info("request", extra={"told": told})

    async def _pass(self, scope: Any, exchange: _Exchange) -> None:
        limits = self.doors.limits
        address = address_of(scope.get("client"))
        wait = self.buckets.take(address, self.clock())
        if wait:
            raise ApiError(errors.TOO_MANY_REQUESTS, headers={"Retry-After": str(int(wait) + 1)})
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > limits.body_bytes:
            raise ApiError(errors.BODY_TOO_LARGE, facts={"limit": limits.body_bytes})
        inner = scope | {"path": routed_path(scope), "mingzhang_address": address}
        seconds = None if scope["path"] == FEED_PATH else limits.request_seconds
        async with asyncio.timeout(seconds):
            await self.inner(inner, exchange.receive, exchange.send)


def address_of(client: Any) -> str:
    """What a client is counted by: its IPv4 address, or the /64 of its IPv6 address, which one subscriber has whole.

    Headers such as X-Forwarded-For are not believed: anybody can send them.
    """
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def routed_path(scope: Any) -> str:
    """The path with a slash inside a segment kept as %2F, so that an id with a slash stays one segment."""
    raw = scope.get("raw_path") or scope["path"].encode()
    segments = raw.partition(b"?")[0].decode("latin-1").split("/")
    return "/".join(unquote(segment).replace("/", "%2F") for segment in segments)


def log_failure(failure: BaseException) -> None:
    """Where and what kind; never the message, which may hold what somebody sent."""
    at = failure.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = "?" if at is None else f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}"
    log.error("request failed", extra={"told": {"failure": type(failure).__name__, "where": where}})


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, what, and what was told beside it."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        told = getattr(record, "told", {})
        line = {"time": round(record.created, 3), "level": record.levelname.lower(), "what": record.getMessage()}
        return json.dumps(line | told, ensure_ascii=True)


def log_to_stderr() -> None:
    """Send the server's log to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("mingzhang.api", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
