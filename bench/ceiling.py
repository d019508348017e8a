"""The ceiling: the same envelopes verified, decoded, hashed and appended durably, with nothing decided.

What a ledger in this language on this machine could do at most if rules cost nothing: signature, canonical decoding,
item root, one leaf an item, Merkle tree, one synchronous SQLite transaction a block.
"""

import sqlite3
import time
from pathlib import Path

from mingzhang.chain.codec import encode
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.merkle import Frontier, leaf_hash
from mingzhang.chain.operations import ItemLeaf
from mingzhang.chain.suites import Suite
from mingzhang.chain.tx import open_envelope

BLOCK_ITEMS = 2_000


def ceiling(suite: Suite, raws: list[bytes], path: Path, *, chain_id: str) -> float:
    """Items a second."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE envelopes (id INTEGER PRIMARY KEY, bytes BLOB)")
    connection.execute("CREATE TABLE leaves (idx INTEGER PRIMARY KEY, hash BLOB, bytes BLOB)")
    frontier, items, started = Frontier(), 0, time.perf_counter()
    at = 0
    while at < len(raws):
        opened = []
        while at < len(raws) and sum(len(one.commands) for one in opened) < BLOCK_ITEMS:
            opened.append(open_envelope(suite, REGISTRY, raws[at], chain_id=chain_id))
            at += 1
        if not all(suite.verify_many([(one.public_key, one.header_bytes, one.signature) for one in opened])):
            raise RuntimeError("a signature does not verify")
        leaves = [
            encode(ItemLeaf(blinder=blinder, command=command))
            for one in opened
            for blinder, command in zip(one.blinders, one.commands, strict=True)
        ]
        hashes = [leaf_hash(suite.hash, leaf) for leaf in leaves]
        first, (frontier, _nodes) = frontier.size, frontier.extend(suite.hash, hashes)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO envelopes (bytes) VALUES (?)", [(one.raw,) for one in opened])
        connection.executemany(
            "INSERT INTO leaves VALUES (?, ?, ?)", zip(range(first, frontier.size), hashes, leaves, strict=True)
        )
        connection.execute("COMMIT")
        items += len(leaves)
    seconds = time.perf_counter() - started
    connection.close()
    return items / seconds
