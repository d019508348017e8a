"""What rules may see of the state: typed keys, a View that reads, a Draft that also writes, and the overlays beneath.

A value is a frozen struct; it is encoded only when a block is done. Where the bytes lie on disk is the node's matter
(`StateReader`); what the values mean is the contracts' matter.
"""

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from mingzhang.chain.codec import decode_stored, decoder, encode

T = TypeVar("T")
ABSENT: Any = object()
"""Marks "not looked up here"; None means "known to be absent"."""


class NodeFailed(BaseException):
    """Disk, memory or stored bytes failed under the rules: the node stops. Never a refusal, so not an Exception."""


class StateReader(Protocol):
    """Committed state by key, as bytes. Raises NodeFailed when it cannot answer."""

    def get(self, key: str) -> bytes | None:
        """Bytes stored under the key, or None."""

    def get_many(self, keys: list[str]) -> dict[str, bytes]:
        """Bytes of those of the keys that exist."""

    def scan(self, first: str, beyond: str) -> Iterator[tuple[str, bytes]]:
        """Keys and bytes with first <= key < beyond, in key order."""


class Key(Generic[T]):
    """One line of a contract's Keys section: a prefix and the type stored under it."""

    __slots__ = ("decoder", "kind", "prefix")

    def __init__(self, prefix: str, kind: type[T]) -> None:
        self.prefix = prefix + "/"
        self.kind = kind
        self.decoder: msgspec.json.Decoder[T] = decoder(kind)


class Overlay:
    """Writes kept apart from what lies beneath, so that they can be kept whole or dropped whole."""

    __slots__ = ("beneath", "writes")

    def __init__(self, beneath: "Overlay | Base") -> None:
        self.beneath = beneath
        self.writes: dict[str, Any] = {}

    def lookup(self, name: str, key: "Key[Any]") -> Any:
        """Value under the full key name, or None."""
        value = self.writes.get(name, ABSENT)
        return self.beneath.lookup(name, key) if value is ABSENT else value

    def scan(self, key: "Key[Any]", first: str, beyond: str) -> Iterator[tuple[str, Any]]:
        """Names and values in order, this overlay's writes laid over what lies beneath."""
        mine = sorted(name for name in self.writes if first <= name < beyond)
        at = 0
        for name, value in self.beneath.scan(key, first, beyond):
            while at < len(mine) and mine[at] < name:
                if self.writes[mine[at]] is not None:
                    yield mine[at], self.writes[mine[at]]
                at += 1
            if at < len(mine) and mine[at] == name:
                continue
            yield name, value
        for own in mine[at:]:
            if self.writes[own] is not None:
                yield own, self.writes[own]

    def merge(self, above: "Overlay") -> None:
        """Keep an overlay that lay on this one."""
        self.writes.update(above.writes)


class Base:
    """Committed state as values, with a bounded cache. One per machine; `forget` is told what a commit changed."""

    __slots__ = ("_cache", "_prefetched", "_reader")

    CACHE_ENTRIES = 200_000
    """About 200 MB of structs at most: the working set of lines, projects and people of a city; memory stays flat."""

    def __init__(self, reader: StateReader) -> None:
        self._reader = reader
        self._cache: dict[str, Any] = {}
        self._prefetched: dict[str, bytes | None] = {}

    def prefetch(self, names: list[str]) -> None:
        """Read at once what a block is going to ask for one by one; only until the next prefetch."""
        unknown = sorted({name for name in names if name not in self._cache})
        self._prefetched = dict.fromkeys(unknown) | self._reader.get_many(unknown) if unknown else {}

    def lookup(self, name: str, key: "Key[Any]") -> Any:
        """Value under the full key name, or None."""
        value = self._cache.get(name, ABSENT)
        if value is ABSENT:
            data = self._prefetched[name] if name in self._prefetched else self._reader.get(name)
            value = None if data is None else decode_stored(data, key.decoder)
            self.remember(name, value)
        return value

    def scan(self, key: "Key[Any]", first: str, beyond: str) -> Iterator[tuple[str, Any]]:
        """Names and values in order; values of a scan are not cached."""
        for name, data in self._reader.scan(first, beyond):
            yield name, decode_stored(data, key.decoder)

    def remember(self, name: str, value: Any) -> None:
        """Cache a value; the oldest entries give way (insertion order, so every run does the same)."""
        cache = self._cache
        if len(cache) >= self.CACHE_ENTRIES:
            for old in list(cache)[: self.CACHE_ENTRIES // 4]:
                del cache[old]
        cache[name] = value

    def committed(self, writes: dict[str, Any]) -> None:
        """Take over the values of a block that is now on disk."""
        for name, value in writes.items():
            self.remember(name, value)


class View:
    """What a decide function is given: reads only."""

    __slots__ = ("_overlay",)

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def get(self, key: Key[T], name: str) -> T | None:
        """Value stored under prefix/name, or None."""
        return cast("T | None", self._overlay.lookup(key.prefix + name, key))

    def scan(self, key: Key[T], start: str = "") -> Iterator[tuple[str, T]]:
        """(name, value) of all names beginning with `start`, in code-point order; names without the prefix."""
        first = key.prefix + start
        beyond = first[:-1] + chr(ord(first[-1]) + 1)
        cut = len(key.prefix)
        for full, value in self._overlay.scan(key, first, beyond):
            yield full[cut:], value


class Draft(View):
    """What an evolve function is given: a View that also writes."""

    __slots__ = ()

    def put(self, key: Key[T], name: str, value: T) -> None:
        """Store a value under prefix/name."""
        self._overlay.writes[key.prefix + name] = value

    def delete(self, key: Key[Any], name: str) -> None:
        """Remove what is stored under prefix/name; removing nothing is allowed."""
        self._overlay.writes[key.prefix + name] = None


def encode_writes(writes: dict[str, Any]) -> list[tuple[str, bytes | None]]:
    """A block's writes in key order as bytes; None deletes."""
    return [(name, None if value is None else encode(value)) for name, value in sorted(writes.items(), key=_first)]


def writes_payload(writes: list[tuple[str, bytes | None]]) -> bytes:
    """The bytes whose hash the block leaf states: one line a write, key, tab, value ('-' deletes), line feed."""
    parts: list[bytes] = []
    for name, value in writes:
        parts += (name.encode(), b"\t", b"-" if value is None else value, b"\n")
    return b"".join(parts)


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]
