"""The signatures of stored envelopes, verified a chunk at a time in any process.

A chunk's answer holds a digest over what was verified: the replay, which takes the signatures as verified, makes the
same digest over what it judged, so that both have seen the same bytes. Whether the key was the signer's is for the
replay to say.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mingzhang.audit.files import DAMAGE, open_for_reading
from mingzhang.chain.suites import suite_named

CHUNK_ENVELOPES = 250
"""Some 60 ms of SM2: small enough to share out evenly at the end."""


class BadSignature(NamedTuple):
    """An envelope whose signature does not hold; `signer` as its header says."""

    envelope: int
    height: int | None
    signer: str


class Verified(NamedTuple):
    """A chunk's answer. `unreadable` are ids of envelopes in which no header or signature could be found."""

    digest: bytes
    verified: int
    bad: tuple[BadSignature, ...]
    unreadable: tuple[int, ...]
    damage: str


class ChunkDigest:
    """Digests, by chunk, over the envelopes in the order of their ids."""

    def __init__(self) -> None:
        self._running: dict[int, Any] = {}

    def add(self, envelope: int, envelope_hash: bytes, signature: bytes) -> None:
        """Take an envelope's hash (of its header) and signature, as they are in it."""
        chunk = chunk_of(envelope)
        running = self._running.get(chunk)
        if running is None:
            running = self._running[chunk] = hashlib.sha256()
        running.update(envelope_hash + signature)

    def of(self, chunk: int) -> bytes:
        """The digest of a chunk."""
        running = self._running.get(chunk)
        return hashlib.sha256().digest() if running is None else running.digest()


def chunk_of(envelope: int) -> int:
    """Number of the chunk an envelope's id lies in; ids begin at 1."""
    return (envelope - 1) // CHUNK_ENVELOPES


def verify_chunk(path: Path, suite_name: str, chunk: int, *, last: int) -> Verified:
    """Verify the envelopes of one chunk up to the id `last`: a node may be adding others.

    Never raises for what the file holds.
    """
    suite = suite_named(suite_name)
    first = chunk * CHUNK_ENVELOPES + 1
    digest = ChunkDigest()
    bad: list[BadSignature] = []
    unreadable: list[int] = []
    count, damage = 0, ""
    connection = None
    try:
        connection = open_for_reading(path)
        rows = connection.execute(
            "SELECT id, height, bytes FROM envelopes WHERE id >= ? AND id <= ? ORDER BY id",
            (first, min(first + CHUNK_ENVELOPES - 1, last)),
        )
        for envelope, height, raw in rows:
            read = _read(raw)
            if read is None:
                unreadable.append(envelope)
                continue
            header, signer, public_key, signature = read
            digest.add(envelope, suite.hash(header), signature)
            count += 1
            if not suite.verify(public_key, header, signature):
                bad.append(BadSignature(envelope, height if isinstance(height, int) else None, signer))
    except DAMAGE as error:
        damage = str(error)
    finally:
        if connection is not None:
            connection.close()
    return Verified(digest.of(chunk), count, tuple(bad), tuple(unreadable), damage)


class _Signed(msgspec.Struct):
    """Of an envelope only what is verified; that all of it is canonical is for the replay to say."""

    header: msgspec.Raw
    signature: str


class _Header(msgspec.Struct):
    signer: str
    public_key: str


_signed = msgspec.json.Decoder(_Signed)
_header = msgspec.json.Decoder(_Header)


def _read(raw: object) -> tuple[bytes, str, bytes, bytes] | None:
    """(header's bytes, signer, public key, signature), or None if they are not to be found."""
    if not isinstance(raw, bytes):
        return None
    try:
        signed = _signed.decode(raw)
        data = bytes(signed.header)
        header = _header.decode(data)
        return data, header.signer, bytes.fromhex(header.public_key), bytes.fromhex(signed.signature)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
