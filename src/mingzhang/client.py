"""A Python client of the doors: sign here, submit there, read what is public, check proofs without trusting anybody.

The same command structs and the same checks as the ledger's own; nothing secret ever leaves this process. How a key
file is sealed is in node/key_files.py.
"""

from __future__ import annotations

import secrets
import time as wall_clock
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from mingzhang.chain.bundles import verify_bundle
from mingzhang.chain.checkpoints import Verdict, verify_consistency_bundle
from mingzhang.chain.codec import CodecError
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.chain.tx import build_envelope
from mingzhang.node.keys import KeyInfo, OpenedKey, create_key_file, open_key_file

EXPIRES_AFTER_SECONDS: Final = 3600
"""Time bound of what is signed: long enough for a queue, short enough that a stolen envelope soon is worthless."""
TIMEOUT_SECONDS: Final = 30.0
"""More than the server itself waits for a block."""
QUIET_SECONDS: Final = 60.0
"""A feed that says nothing for so long, not even that it is quiet, is broken and is opened again."""
PAUSE_SECONDS: Final = 1.0
"""Between looks at what is still waiting, and before a broken feed is opened again."""
PATH: Final = "/api/v1"

T = TypeVar("T")


class Ledger(msgspec.Struct, frozen=True):
    """Which ledger a server keeps and how far it is; times are ledger time in seconds since 1970."""

    chain_id: str
    suite: str
    clock: str
    clock_notice_zh: str
    clock_notice_en: str
    notice: str
    height: int
    views_height: int
    time: int
    version: str


class Item(msgspec.Struct, frozen=True):
    """The ledger's answer to one item; `index` is that of its record. Amounts among the facts are in fen."""

    item: int
    index: int
    number: int
    code: str
    type: str = ""
    sentence_zh: str = ""
    sentence_en: str = ""
    facts: dict[str, int | str] = {}
    basis: str = ""
    remedy_zh: str = ""
    remedy_en: str = ""
    retry: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What became of an envelope. state: done, recorded (on disk, lists will show it) or waiting (look again)."""

    state: str
    accepted: bool
    envelope: str
    height: int | None
    items: list[Item]
    time: int | None = None
    look: str = ""


class Field(msgspec.Struct, frozen=True):
    """What must hold of a field."""

    field: str
    sentence_zh: str
    sentence_en: str


class Event(msgspec.Struct, frozen=True):
    """One event of the feed: block, publication or checkpoint. `height` is where to go on from, up to this event."""

    event: str
    data: dict[str, Any]
    height: int


class RefusedError(Exception):
    """The server said no: the code, its sentences, and what would make it pass."""

    def __init__(self, status: int, told: dict[str, Any]) -> None:
        self.status = status
        self.code = str(told.get("code", "unknown"))
        self.sentence_zh = str(told.get("sentence_zh", ""))
        self.sentence_en = str(told.get("sentence_en", ""))
        self.fields = msgspec.convert(told.get("fields", []), list[Field])
        self.explanation: dict[str, Any] = told.get("explanation", {})
        super().__init__(f"{self.code}: {self.sentence_en}")


class UnreachableError(Exception):
    """The server could not be reached, or did not speak as it should."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url}: {why}")
        self.sentence_zh = f"无法连接 {url}，或其应答不符合约定"
        self.sentence_en = f"{url}: {why}"


def new_key(path: Path, key_id: str, *, password: str, suite: str = "gm") -> KeyInfo:
    """Make a key in a new file, sealed by a password. An administrator enrols its public key before it can sign.

    Raises KeyFileError and its subclasses.
    """
    return create_key_file(path, key_id, password=password, suite=suite_named(suite))


def open_key(path: Path, password: str) -> OpenedKey:
    """Open a key file. Raises KeyFileError and its subclasses, WrongPasswordError among them."""
    return open_key_file(path, password)


def command(value: dict[str, Any]) -> Any:
    """A command struct from a JSON object with its `type`. Raises CodecError naming the field."""
    kind = REGISTRY.command_by_name.get(str(value.get("type")))
    if kind is None:
        raise CodecError(f"type: there is no command {value.get('type')!r}")
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise CodecError(str(error)) from None


class Client:
    """A server's doors. A context manager; one for each thread."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """`url` is the server's root, such as http://127.0.0.1:8642."""
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT_SECONDS, transport=transport)
        self._ledger: Ledger | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # ---- Writing ----

    def sign(self, commands: Sequence[Any], key: OpenedKey, *, expires_at: int | None = None) -> bytes:
        """The envelope of 1 to 1,000 commands (structs, or JSON objects), signed here. `expires_at` is ledger time; an
        hour ahead if left out. Raises CodecError naming a field.
        """
        known = self._ledger or self.ledger()
        if expires_at is None:
            # A sandbox clock is moved by people, so it is asked for each time; a block clock goes by itself.
            now = self.ledger().time if known.clock == "stated" else max(known.time, int(wall_clock.time()))
            expires_at = now + EXPIRES_AFTER_SECONDS
        return build_envelope(
            self.suite(),
            [command(one) if isinstance(one, dict) else one for one in commands],
            chain_id=known.chain_id,
            envelope_id=secrets.token_hex(16),
            signer=key.key_id,
            private_key=key.private_key,
            expires_at=expires_at,
            seed=secrets.token_hex(16),
        )

    def send(self, envelope: bytes) -> Answer:
        """Submit an envelope signed before. Sent again after a broken connection it is not carried out twice: the
        answer is then what became of it (codes without sentences). Raises RefusedError, UnreachableError.
        """
        try:
            return self._json("POST", f"{PATH}/transactions", Answer, content=envelope)
        except RefusedError as refused:
            look = refused.explanation.get("look")
            if refused.code != "envelope_replayed" or not isinstance(look, str):
                raise
            return self._json("GET", look, Answer)

    def submit(self, commands: Sequence[Any], key: OpenedKey, *, wait_seconds: float = 30.0) -> Answer:
        """Sign, submit, and look again while it waits, for so long. Each item has its own code, refused ones too.

        Raises RefusedError when nothing was recorded, UnreachableError, CodecError.
        """
        answer = self.send(self.sign(commands, key))
        until = wall_clock.monotonic() + wait_seconds
        while answer.state != "done" and answer.look and wall_clock.monotonic() < until:
            wall_clock.sleep(PAUSE_SECONDS)
            answer = msgspec.structs.replace(self._json("GET", answer.look, Answer), look=answer.look)
        return answer

    # ---- Reading what is public ----

    def ledger(self) -> Ledger:
        """Which ledger this is and how far."""
        self._ledger = self._json("GET", f"{PATH}/ledger", Ledger)
        return self._ledger

    def suite(self) -> Suite:
        """The ledger's crypto suite."""
        return suite_named((self._ledger or self.ledger()).suite)

    def publications(self, **query: str | int) -> Iterator[dict[str, Any]]:
        """All publications that fit (kind, text, since, organisation, status, sort), page after page."""
        after: str | None = None
        while True:
            asked = query if after is None else query | {"after": after}
            page = self._json("GET", f"{PATH}/publications", dict[str, Any], params=asked)
            yield from page["rows"]
            after = page["next"]
            if after is None:
                return

    def publication(self, publication_id: str) -> dict[str, Any]:
        """One publication with its clarifications."""
        return self._json("GET", f"{PATH}/publications/{quote(publication_id, safe=':')}", dict[str, Any])

    def proof(self, publication_id: str) -> bytes:
        """The bundle/1 file of a publication."""
        return self._get(f"{PATH}/publications/{quote(publication_id, safe=':')}/proof")

    def consistency(self, first_size: int, second_size: int) -> bytes:
        """The consistency/1 file between the checkpoints of two sizes."""
        return self._get(f"{PATH}/consistency", params={"from": first_size, "to": second_size})

    def checkpoint(self) -> dict[str, Any]:
        """The latest signed checkpoint."""
        return self._json("GET", f"{PATH}/checkpoints/latest", dict[str, Any])

    def trust(self) -> bytes:
        """The trust/1 file. Compare it with a copy got by another way before believing it."""
        return self._get(f"{PATH}/trust")

    def feed(self, from_height: int | None = None) -> Iterator[Event]:
        """What is public as it happens, from after a height (now if left out), for ever. A broken connection is opened
        again where it stopped: an event may come twice, none is left out. Raises RefusedError.
        """
        last = from_height
        while True:
            try:
                for event in self._stream(last):
                    last = event.height if event.event == "block" else last
                    yield event
            except (httpx.TransportError, UnreachableError):
                pass
            wall_clock.sleep(PAUSE_SECONDS)

    @staticmethod
    def verify(proof: bytes, trust: bytes) -> Verdict:
        """Check a bundle/1 or consistency/1 file against a trust/1 file, offline. Never raises for what they hold."""
        if proof.startswith(b'{"type":"consistency/1"'):
            return verify_consistency_bundle(proof, trust)
        return verify_bundle(proof, trust)

    # ---- Speaking ----

    def _stream(self, last: int | None) -> Iterator[Event]:
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        timeout = httpx.Timeout(TIMEOUT_SECONDS, read=QUIET_SECONDS)
        with self._http.stream("GET", f"{PATH}/feed", headers=headers, timeout=timeout) as response:
            if response.status_code != httpx.codes.OK:
                response.read()
                self._check(response)
            height, name, data = last or 0, "", ""
            for line in response.iter_lines():
                field, _colon, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "id":
                    height = int(value)
                elif field == "data":
                    data = value
                elif not line and data:
                    yield Event(name, msgspec.json.decode(data), height)
                    name = data = ""

    def _get(self, path: str, **options: Any) -> bytes:
        return self._ask("GET", path, **options).content

    def _json(self, method: str, path: str, kind: type[T], **options: Any) -> T:
        response = self._ask(method, path, **options)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.MsgspecError as error:
            raise UnreachableError(self.url, f"{path}: {error}") from None

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            headers = {"Content-Type": "application/json"} if "content" in options else {}
            response = self._http.request(method, path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise UnreachableError(self.url, str(error) or type(error).__name__) from None
        self._check(response)
        return response

    def _check(self, response: httpx.Response) -> None:
        if response.status_code in {httpx.codes.OK, httpx.codes.ACCEPTED}:
            return
        try:
            told = msgspec.json.decode(response.content, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise UnreachableError(self.url, f"HTTP {response.status_code}") from None
        raise RefusedError(response.status_code, told)
