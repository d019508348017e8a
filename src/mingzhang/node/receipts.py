"""Purge receipts: the signed statement that a sealed thing, or a key of a blind index, was destroyed.

A receipt names what was destroyed, for whom, why, when and by whom, and who could have opened it before: what readers
have already copied cannot be recalled. It never holds anything of the content, not even its label. Destroying itself is
in `vault`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Final, Literal

from msgspec import Meta

from mingzhang.chain import codec
from mingzhang.chain.suites import Suite, SuiteError
from mingzhang.node.sealing import READERS_MAX, VaultError

_SIGNATURE_TAG: Final = b"mingzhang/purge-receipt/1\n"

What = Literal["field", "file", "index_key"]


class Purge(codec.Wire, frozen=True, kw_only=True, tag="vault.purge/1"):
    """What was destroyed. `subject` is a commitment, or with `index_key` the purpose of a blind index."""

    suite: str
    what: What
    subject: codec.Id
    owner: Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9._-]{0,63})?(?!\n)$", description="empty for an index key")]
    readers: Annotated[list[codec.Id], Meta(max_length=READERS_MAX)]
    reason: codec.Name
    by: codec.Id
    at: codec.Seconds


class PurgeReceipt(codec.Wire, frozen=True, kw_only=True, tag="vault.purge_receipt/1"):
    """A purge with the signature of who ordered it, over its canonical bytes."""

    purge: Purge
    public_key: codec.PublicKey
    signature: codec.Signature


class ReceiptError(VaultError):
    """A purge receipt is malformed, its signature does not hold, or its signer is not trusted."""


def sign_receipt(suite: Suite, purge: Purge, private_key: bytes) -> PurgeReceipt:
    """Return the signed receipt. Raises ReceiptError if a field of the purge or the key does not hold."""
    statement = codec.encode(purge)
    try:
        codec.decode(statement, Purge)
        return PurgeReceipt(
            purge=purge,
            public_key=suite.public_key(private_key).hex(),
            signature=suite.sign(private_key, _SIGNATURE_TAG + statement).hex(),
        )
    except (codec.CodecError, SuiteError) as error:
        raise ReceiptError(str(error)) from None


def verify_receipt(suite: Suite, receipt: PurgeReceipt, *, trusted_keys: Collection[str]) -> None:
    """Raise ReceiptError unless one of `trusted_keys` (hexadecimal public keys) signed exactly this receipt."""
    # A receipt built in Python has not passed the decoder's bounds yet.
    purge = decode_receipt(encode_receipt(receipt)).purge
    about = f"receipt of {purge.subject}"
    if purge.suite != suite.name:
        raise ReceiptError(f"{about}: suite must be {suite.name}, not {purge.suite}")
    if receipt.public_key not in trusted_keys:
        raise ReceiptError(f"{about}: public_key must be a trusted one")
    statement = _SIGNATURE_TAG + codec.encode(purge)
    if not suite.verify(bytes.fromhex(receipt.public_key), statement, bytes.fromhex(receipt.signature)):
        raise ReceiptError(f"{about}: the signature does not hold")


def encode_receipt(receipt: PurgeReceipt) -> bytes:
    """Return the canonical JSON of a receipt, as kept in the vault and handed on to a restore."""
    return codec.encode(receipt)


def decode_receipt(data: bytes) -> PurgeReceipt:
    """Return the receipt of canonical JSON. Raises ReceiptError if it is none."""
    try:
        return codec.decode(data, PurgeReceipt)
    except codec.CodecError as error:
        raise ReceiptError(f"receipt: {error}") from None
