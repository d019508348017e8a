"""The digest of the whole state that a state leaf carries: keys in order, cut into buckets, so that a snapshot can be
verified a bucket at a time and a wrong evolve shows at once. Reads state as bytes; knows nothing of what it means.
"""

from collections.abc import Iterator, Sequence

from mingzhang.chain.state import StateReader, writes_payload
from mingzhang.chain.suites import Suite

BUCKET_KEYS = 1_024
"""Keys in a bucket: some 300 KB, a sensible piece to send and to check."""

LAST = chr(0x10FFFF)
"""Beyond every key."""


def buckets(rows: Iterator[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes | None]]]:
    """Rows in key order, BUCKET_KEYS at a time."""
    bucket: list[tuple[str, bytes | None]] = []
    for row in rows:
        bucket.append(row)
        if len(bucket) == BUCKET_KEYS:
            yield bucket
            bucket = []
    if bucket:
        yield bucket


def digest_of(suite: Suite, rows: Iterator[tuple[str, bytes]]) -> tuple[int, bytes]:
    """(number of keys, digest): the hash over the concatenated hashes of the buckets' payloads."""
    keys, hashes = 0, []
    for bucket in buckets(rows):
        keys += len(bucket)
        hashes.append(suite.hash(writes_payload(bucket)))
    return keys, suite.hash(b"".join(hashes))


def state_digest(suite: Suite, reader: StateReader, writes: Sequence[tuple[str, bytes | None]]) -> tuple[int, bytes]:
    """Digest of committed state with a block's sorted writes laid over it."""
    return digest_of(suite, laid_over(reader.scan("", LAST), writes))


def laid_over(
    rows: Iterator[tuple[str, bytes]], writes: Sequence[tuple[str, bytes | None]]
) -> Iterator[tuple[str, bytes]]:
    """Sorted writes laid over rows in key order."""
    at = 0
    for name, data in rows:
        while at < len(writes) and writes[at][0] < name:
            key, value = writes[at]
            if value is not None:
                yield key, value
            at += 1
        if at < len(writes) and writes[at][0] == name:
            continue
        yield name, data
    for key, value in writes[at:]:
        if value is not None:
            yield key, value
