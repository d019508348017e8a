"""A small log with envelopes, checkpoints and trust file, from which tests take bundles, and into which they put lies.

Keys are fixed, so that only SM2's own randomness differs between runs.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from mingzhang.chain import merkle
from mingzhang.chain.bundles import EnvelopeProof, build_bundle, envelope_proof, item_leaf
from mingzhang.chain.checkpoints import (
    SignedCheckpoint,
    build_consistency_bundle,
    checkpoint_body,
    signed_checkpoint,
    trust_file,
)
from mingzhang.chain.suites import suite_named

CHAIN_ID = "ycz-test-1"
START = 1_767_225_600  # 2026-01-01T00:00:00Z
ORGANISATIONS = ("audit-bureau", "finance-bureau", "health-commission")
THRESHOLD = 2

SuiteName = Literal["gm", "intl"]


def compact(value: Any) -> bytes:
    """Canonical JSON with the order of fields as given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def private_key(label: str) -> bytes:
    return hashlib.sha256(f"a key for tests only: {label}".encode()).digest()


def blinder(label: str) -> str:
    return hashlib.sha256(f"blinder {label}".encode()).hexdigest()[:32]


def payment(number: int, amount_fen: int) -> dict[str, Any]:
    return {
        "type": "payments.request/1",
        "payment_id": f"health-commission:2026-{number:04}",
        "line_id": "health-commission:2026-2100302-30218",
        "amount_fen": amount_fen,
        "purpose": '购置"基层卫生院"急救设备\n第一批',
    }


@dataclass
class Envelope:
    """A signed batch, as the node keeps it."""

    header: bytes
    signature: bytes
    items: list[bytes]
    commands: list[dict[str, Any]]
    blinders: list[str]


@dataclass
class SampleLog:
    """Leaves in order, and the heights at which a checkpoint was due."""

    suite_name: SuiteName
    leaves: list[bytes] = field(default_factory=list)
    envelopes: dict[int, tuple[Envelope, int]] = field(default_factory=dict)
    """By index of the record: its envelope, and its number there."""
    checkpoints: list[tuple[int, int, int]] = field(default_factory=list)
    """(height, size, time) after each block."""
    time: int = START
    height: int = 1

    def __post_init__(self) -> None:
        self.suite = suite_named(self.suite_name)

    def envelope(self, commands: list[dict[str, Any]], **changes: Any) -> Envelope:
        """A batch signed by 王敏 of the health commission; `changes` are to the header."""
        blinders = [blinder(f"{self.height} item {number}") for number in range(len(commands))]
        items = [item_leaf(blind, compact(command)) for blind, command in zip(blinders, commands, strict=True)]
        key = private_key("wang-min")
        fields = {
            "type": "envelope/1",
            "chain_id": CHAIN_ID,
            "envelope_id": blinder(f"{self.height} id"),
            "signer": "health-commission.wang-min",
            "public_key": self.suite.public_key(key).hex(),
            "expires_at": self.time + 3_600,
            "items_root": self.tree_root(items).hex(),
            "items_count": len(items),
        }
        header = compact(fields | changes)
        return Envelope(header, self.suite.sign(key, header), items, commands, blinders)

    def record(self, envelope: Envelope | None = None, number: int = 0, **changes: Any) -> int:
        """Append the record of an item (or of the ledger's own command); `changes` make it lie. Returns its index."""
        index = len(self.leaves)
        command = envelope.commands[number] if envelope else {"type": "payments.release/1", "payment_id": "x:1"}
        fields = {
            "type": "record/1",
            "index": index,
            "height": self.height,
            "time": self.time,
            "envelope": self.suite.hash(envelope.header).hex() if envelope else "",
            "signer": "health-commission.wang-min" if envelope else "ledger",
            "item": number,
            "cause": None if envelope else max(index - 1, 0),
            "blinder": envelope.blinders[number] if envelope else blinder(f"record {index}"),
            "command": command,
            "code": "ok",
            "facts": {},
            "events": [{"type": "payments.requested/1", "amount_fen": command.get("amount_fen", 0), "note": "已受理"}],
        }
        self.leaves.append(compact(fields | changes))
        if envelope:
            self.envelopes[index] = (envelope, number)
        return index

    def close_block(self) -> None:
        fields = {"type": "block/1", "height": self.height, "time": self.time, "writes": "00" * 32}
        self.leaves.append(compact(fields | {"blinder": blinder(f"block {self.height}")}))
        self.checkpoints.append((self.height, len(self.leaves), self.time))
        self.height += 1
        self.time += 40

    def tree_root(self, leaves: list[bytes]) -> bytes:
        return merkle.root_over(self.suite.hash, [merkle.leaf_hash(self.suite.hash, leaf) for leaf in leaves])

    def inclusion(self, leaves: list[bytes], index: int) -> list[bytes]:
        hashes = [merkle.leaf_hash(self.suite.hash, leaf) for leaf in leaves]
        node = merkle.nodes_over(self.suite.hash, hashes)
        return merkle.inclusion_path(self.suite.hash, node, index=index, size=len(leaves))

    def body(self, number: int = -1, **changes: Any) -> bytes:
        height, size, time = self.checkpoints[number]
        root = self.tree_root(self.leaves[:size])
        fields: dict[str, Any] = {"clock": "block", "height": height, "size": size, "root": root, "time": time}
        return checkpoint_body(chain_id=CHAIN_ID, suite=self.suite_name, **(fields | changes))

    def sign(self, body: bytes, signers: tuple[str, ...] = ORGANISATIONS[:2]) -> SignedCheckpoint:
        return signed_checkpoint(body, {one: self.suite.sign(private_key(one), body) for one in signers})

    def proof(self, index: int) -> EnvelopeProof | None:
        if index not in self.envelopes:
            return None
        envelope, number = self.envelopes[index]
        path = self.inclusion(envelope.items, number)
        return envelope_proof(header=envelope.header, signature=envelope.signature, item_inclusion=path)

    def bundle(self, index: int, number: int = -1, **changes: Any) -> bytes:
        """A bundle of leaf `index` at the given checkpoint; `changes` are to what `build_bundle` is given."""
        size = self.checkpoints[number][1]
        parts: dict[str, Any] = {
            "record": self.leaves[index],
            "index": index,
            "inclusion": self.inclusion(self.leaves[:size], index),
            "checkpoint": changes.get("checkpoint") or self.sign(self.body(number)),
            "envelope": self.proof(index),
        }
        return build_bundle(**(parts | changes))

    def consistency(self, first: int, second: int) -> bytes:
        old_size, new_size = self.checkpoints[first][1], self.checkpoints[second][1]
        hashes = [merkle.leaf_hash(self.suite.hash, leaf) for leaf in self.leaves[:new_size]]
        node = merkle.nodes_over(self.suite.hash, hashes)
        path = merkle.consistency_path(self.suite.hash, node, old_size=old_size, new_size=new_size)
        return build_consistency_bundle(
            first=self.sign(self.body(first)), second=self.sign(self.body(second), ORGANISATIONS), path=path
        )

    def trust(self, **changes: Any) -> bytes:
        keys = {one: self.suite.public_key(private_key(one)) for one in ORGANISATIONS}
        fields: dict[str, Any] = {"threshold": THRESHOLD, "organisations": keys}
        return trust_file(chain_id=CHAIN_ID, suite=self.suite_name, **(fields | changes))


def sample_log(suite_name: SuiteName) -> SampleLog:
    """Three blocks: genesis; a batch of three payments of which the first has a follow-up; a single payment."""
    log = SampleLog(suite_name)
    log.record()
    log.close_block()
    batch = log.envelope([payment(1, 86_500_000), payment(2, 12_340_050), payment(3, 7)])
    log.record(batch, 0)
    log.record()
    log.record(batch, 1)
    log.record(batch, 2)
    log.close_block()
    single = log.envelope([payment(4, 99)])
    log.record(single, 0)
    log.close_block()
    return log
