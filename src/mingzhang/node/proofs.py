"""Proofs from a ledger's store: checkpoints signed for members, bundles of records, consistency, the trust file.

What a proof holds and how it is checked is in chain/checkpoints.py and chain/bundles.py. Whoever has a proof needs no
store. Which record somebody means (the payment of an id) is known to the views.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated

from msgspec import Meta

from mingzhang.chain import merkle
from mingzhang.chain.bundles import EnvelopeProof, build_bundle, envelope_proof
from mingzhang.chain.checkpoints import (
    MAXIMUM_ORGANISATIONS,
    CheckpointSignature,
    SignedCheckpoint,
    build_consistency_bundle,
    checkpoint_body,
    signed_checkpoint,
    trust_file,
)
from mingzhang.chain.codec import decode, decoder, encode
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.members import read_consortium
from mingzhang.chain.contracts.settings import read_settings
from mingzhang.chain.operations import ItemLeaf, Record
from mingzhang.chain.state import Base, Overlay, View
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.chain.tx import open_envelope
from mingzhang.node.embedded import genesis_of
from mingzhang.node.store import CheckpointRow, Store

_signatures = decoder(Annotated[tuple[CheckpointSignature, ...], Meta(max_length=MAXIMUM_ORGANISATIONS)])


class ProofError(ValueError):
    """There is no such proof; the message says what is lacking."""


def committed_view(store: Store) -> View:
    """The committed state, for any thread: each look-up sees the last block on disk at that moment."""
    return View(Overlay(Base(_Reading(store))))


def sign_checkpoint(store: Store, private_keys: Mapping[str, bytes]) -> CheckpointRow:
    """Sign where the ledger stands for these organisations (id -> private key), keep the checkpoint and return it.

    If nothing was recorded since the last checkpoint, that one is returned, with the signatures it still lacked.
    Any thread may call it, also beside a running node. Raises ProofError for a key that is not the organisation's on
    the ledger.
    """
    genesis, _blinder = genesis_of(store)
    suite = suite_named(genesis.suite)
    consortium = read_consortium(committed_view(store))
    for organisation, private_key in private_keys.items():
        if consortium.get(organisation) != suite.public_key(private_key).hex():
            raise ProofError(f"{organisation}: this is not its checkpoint key on the ledger")
    block = store.block(store.height())
    if block is None:
        raise ProofError("the ledger has no block")
    size = block.first_leaf + block.leaves
    last = store.checkpoint()
    if last is not None and last.size == size:
        body, signatures = last.body, _signatures_of(last)
    else:
        signatures = {}
        body = checkpoint_body(
            chain_id=genesis.chain_id,
            suite=genesis.suite,
            clock=genesis.clock,
            height=block.height,
            size=size,
            root=block.root,
            time=block.time,
        )
    lacking = [organisation for organisation in private_keys if organisation not in signatures]
    if last is not None and last.body == body and not lacking:
        return last
    signatures |= {organisation: suite.sign(private_keys[organisation], body) for organisation in lacking}
    row = CheckpointRow(size, block.height, body, encode(signed_checkpoint(body, signatures).signatures))
    store.save_checkpoint(row)
    return row


def read_checkpoint(row: CheckpointRow) -> SignedCheckpoint:
    """A stored checkpoint as bundles hold it. Raises CodecError if the row is not what was written."""
    return signed_checkpoint(row.body, _signatures_of(row))


def bundle(store: Store, index: int, checkpoint: CheckpointRow | None = None) -> bytes:
    """The bundle/1 file of the leaf `index`, at the given checkpoint or the latest.

    Raises IndexError for a leaf that is not there, ProofError if no checkpoint covers it.
    """
    leaf = store.leaf(index)
    row = checkpoint or store.checkpoint()
    if row is None or row.size <= index:
        raise ProofError(f"record {index} is later than the last signed checkpoint; let the members sign a new one")
    genesis, _blinder = genesis_of(store)
    suite = suite_named(genesis.suite)
    inclusion = merkle.inclusion_path(suite.hash, partial(store.node, suite), index=index, size=row.size)
    return build_bundle(
        record=leaf,
        index=index,
        inclusion=inclusion,
        checkpoint=_provable(store, suite, row),
        envelope=_envelope_proof(store, suite, leaf),
    )


def consistency(store: Store, first_size: int, second_size: int) -> bytes:
    """The consistency/1 file between the checkpoints of two sizes. Raises ProofError if one is not there."""
    rows = []
    for size in (first_size, second_size):
        row = store.checkpoint(size)
        if row is None:
            raise ProofError(f"there is no checkpoint of size {size}")
        rows.append(row)
    if first_size > second_size:
        raise ProofError(f"the first checkpoint must not be the larger: {first_size} is above {second_size}")
    genesis, _blinder = genesis_of(store)
    suite = suite_named(genesis.suite)
    path = merkle.consistency_path(suite.hash, partial(store.node, suite), old_size=first_size, new_size=second_size)
    first, second = (_provable(store, suite, row) for row in rows)
    return build_consistency_bundle(first=first, second=second, path=path)


def trust(store: Store) -> bytes:
    """The trust/1 file (keys.json): the member organisations' checkpoint keys and how many must sign, as they are now
    on the ledger. Raises ProofError if the ledger has no member with a key.
    """
    view = committed_view(store)
    settings, consortium = read_settings(view), read_consortium(view)
    if not consortium:
        raise ProofError("no organisation on this ledger has a checkpoint key")
    return trust_file(
        chain_id=settings.chain_id,
        suite="gm" if settings.suite == "gm" else "intl",
        threshold=settings.checkpoint_threshold,
        organisations={organisation: bytes.fromhex(key) for organisation, key in consortium.items()},
    )


def _signatures_of(row: CheckpointRow) -> dict[str, bytes]:
    return {one.organisation: bytes.fromhex(one.signature) for one in decode(row.signatures, _signatures)}


def _provable(store: Store, suite: Suite, row: CheckpointRow) -> SignedCheckpoint:
    """The checkpoint with those signatures that today's trust file can check: members leave and change their keys,
    and a proof with a signature nobody can check is refused as a whole.
    """
    consortium = read_consortium(committed_view(store))
    signatures = {
        organisation: signature
        for organisation, signature in _signatures_of(row).items()
        if organisation in consortium and suite.verify(bytes.fromhex(consortium[organisation]), row.body, signature)
    }
    return signed_checkpoint(row.body, signatures)


def _envelope_proof(store: Store, suite: Suite, leaf: bytes) -> EnvelopeProof | None:
    """Who signed: for a record that came in an envelope; None for what the ledger wrote itself."""
    record = REGISTRY.leaves.decode(leaf)
    if not isinstance(record, Record) or record.envelope == "":
        return None
    raw = store.envelope_by_hash(record.height, bytes.fromhex(record.envelope))
    if raw is None:
        raise ProofError(f"record {record.index}: its signed envelope is not stored; run the audit")
    opened = open_envelope(suite, REGISTRY, raw, chain_id=genesis_of(store)[0].chain_id)
    hashes = [
        merkle.leaf_hash(suite.hash, encode(ItemLeaf(blinder=blinder, command=command)))
        for blinder, command in zip(opened.blinders, opened.commands, strict=True)
    ]
    path = merkle.inclusion_path(suite.hash, merkle.nodes_over(suite.hash, hashes), index=record.item, size=len(hashes))
    return envelope_proof(header=opened.header_bytes, signature=opened.signature, item_inclusion=path)


class _Reading:
    """Committed state on the calling thread's own connection."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> bytes | None:
        """See StateReader."""
        row = self._store.reading.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def get_many(self, keys: list[str]) -> dict[str, bytes]:
        """See StateReader."""
        return {key: value for key in keys if (value := self.get(key)) is not None}

    def scan(self, first: str, beyond: str) -> Iterator[tuple[str, bytes]]:
        """See StateReader."""
        yield from self._store.reading.execute(
            "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key", (first, beyond)
        )
