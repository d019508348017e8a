"""The signed envelope: how it is made, opened and checked as far as no state is needed.

Whether its signer may, and what its commands do, is decided elsewhere (machine.py, contracts/).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mingzhang.chain.codec import CodecError, decode, encode
from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.merkle import leaf_hash, root_over
from mingzhang.chain.operations import Envelope, Header, ItemLeaf, Registry, wire_name
from mingzhang.chain.suites import Suite

MAX_ENVELOPE_BYTES = 2 * 1024 * 1024
"""A thousand payments take about 0.6 MB; more would stall a block."""
MAX_ITEMS = 1_000
"""Items under one signature: as the guide promises; each is judged alone."""
MAX_AHEAD_SECONDS = 24 * 3600
"""How far ahead a time bound may lie: bounds the table of envelopes seen."""

_BLINDER_TAG = b"mingzhang/blinder/1"
_SEED_TAG = b"mingzhang/seed/1"


class Opened(NamedTuple):
    """An envelope whose form, chain, items and length have been checked; its signature has not."""

    raw: bytes
    header: Header
    header_bytes: bytes
    hash: bytes
    commands: list[Any]
    blinders: list[str]
    seed: bytes
    public_key: bytes
    signature: bytes


def blinder(suite: Suite, seed: bytes, number: int) -> str:
    """The published 128-bit blinder of item `number` under a seed, in hexadecimal."""
    return suite.hash(_BLINDER_TAG + seed + number.to_bytes(4, "big"))[:16].hex()


def seed_below(suite: Suite, seed: bytes, number: int) -> bytes:
    """The secret seed for what follows from item `number`: published blinders tell nothing of it."""
    return suite.hash(_SEED_TAG + seed + number.to_bytes(4, "big"))[:16]


def envelope_hash(suite: Suite, header_bytes: bytes) -> bytes:
    """The name of an envelope in records: the hash of its exact header bytes."""
    return suite.hash(header_bytes)


def items_root(suite: Suite, blinders: Sequence[str], commands: Sequence[Any]) -> bytes:
    """Root over the item leaves."""
    hash_function = suite.hash
    leaves = [
        leaf_hash(hash_function, encode(ItemLeaf(blinder=blind, command=command)))
        for blind, command in zip(blinders, commands, strict=True)
    ]
    return root_over(hash_function, leaves)


def build_envelope(
    suite: Suite,
    commands: Sequence[Any],
    *,
    chain_id: str,
    envelope_id: str,
    signer: str,
    private_key: bytes,
    expires_at: int,
    seed: str,
) -> bytes:
    """Canonical bytes of a signed envelope. `envelope_id` and `seed` are 128 random bits each in hexadecimal, made by
    the caller; commands are the contracts' command structs.
    """
    origin = bytes.fromhex(seed)
    blinders = [blinder(suite, origin, number) for number in range(len(commands))]
    header = Header(
        chain_id=chain_id,
        envelope_id=envelope_id,
        signer=signer,
        public_key=suite.public_key(private_key).hex(),
        expires_at=expires_at,
        items_root=items_root(suite, blinders, commands).hex(),
        items_count=len(commands),
    )
    signature = suite.sign(private_key, encode(header))
    return encode(Envelope(header=header, items=list(commands), seed=seed, signature=signature.hex()))


def open_envelope(suite: Suite, registry: Registry, raw: bytes, *, chain_id: str) -> Opened:
    """Check all that needs no state. Raises Refused with a code of the door."""
    if len(raw) > MAX_ENVELOPE_BYTES:
        raise Refused(kernel.ENVELOPE_TOO_LARGE, bytes=len(raw), limit=MAX_ENVELOPE_BYTES)
    try:
        envelope = decode(raw, registry.envelopes)
    except CodecError as error:
        raise Refused(kernel.ENVELOPE_MALFORMED, detail=_printable(str(error))) from None
    header = envelope.header
    if header.chain_id != chain_id:
        raise Refused(kernel.WRONG_CHAIN, chain_id=header.chain_id, expected=chain_id)
    if not 1 <= len(envelope.items) <= MAX_ITEMS:
        raise Refused(kernel.ENVELOPE_MALFORMED, detail=f"items: between 1 and {MAX_ITEMS} must be given")
    for command in envelope.items:
        if not registry.commands[_kind(command)].roles:
            raise Refused(kernel.COMMAND_IS_INTERNAL, command=wire_name(command))
    origin = bytes.fromhex(envelope.seed)
    blinders = [blinder(suite, origin, number) for number in range(len(envelope.items))]
    root = items_root(suite, blinders, envelope.items).hex()
    if header.items_count != len(envelope.items) or header.items_root != root:
        raise Refused(kernel.ITEMS_ROOT_WRONG, items=len(envelope.items))
    header_bytes = encode(header)
    return Opened(
        raw=raw,
        header=header,
        header_bytes=header_bytes,
        hash=envelope_hash(suite, header_bytes),
        commands=envelope.items,
        blinders=blinders,
        seed=origin,
        public_key=bytes.fromhex(header.public_key),
        signature=bytes.fromhex(envelope.signature),
    )


def _kind(command: Any) -> type:
    return type(command)


def _printable(text: str) -> str:
    """An error's text cut to a length that a log and a screen can bear."""
    return text[:300]
