"""Sealing one value or file: the commitment for the ledger, the sealed bytes, and the key wrapped for each reader.

Pure computation over a suite and the system's random source. Where sealed things are kept, and who may ask for them, is
in `vault`.

- commitment = hash("mingzhang/commitment/1" || salt || content), the salt 32 random bytes, so that a guess of a short
  content (an account number) cannot be tried against the ledger
- sealed     = cipher(data key, nonce, salt || label length (2 bytes) || label || content), bound to the commitment and
  the kind; the data key is fresh for each sealing, so destroying it destroys the content in every copy of these bytes
- wrapped    = the data key encrypted to a reader's public key
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from mingzhang.chain import codec
from mingzhang.chain.suites import NONCE_SIZE, Suite, SuiteError, UnwrapError

Kind = Literal["field", "file"]

COMMITMENT_TAG: Final = b"mingzhang/commitment/1"
SALT_SIZE: Final = 32
# A field is one value of a form; a file is what an office scans and a browser can still hold and hash at once.
CONTENT_SIZE_MAX: Final[Mapping[str, int]] = {"field": 64 * 1024, "file": 64 * 1024 * 1024}
# Each reader costs a wrapped key (0.7 ms and about 130 bytes in gm); groups are kept as service keys instead.
READERS_MAX: Final = 64

_SEALED_TAG: Final = b"mingzhang/sealed/1"
_LABEL: Final = codec.decoder(codec.Name)
_ID: Final = codec.decoder(codec.Id)
_LABEL_LENGTH_SIZE: Final = 2


class VaultError(Exception):
    """What was asked of the vault cannot be done; the message names the field and what must hold."""


class NotAReaderError(VaultError):
    """This reader was never permitted, or the private key is not the one the reader was permitted with."""


class CorruptError(VaultError):
    """Something stored is not what was sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSeal:
    """What to seal: at most 64 KiB as a field, 64 MiB as a file. `readers` maps reader ids to their public keys.

    The label (1 to 200 characters, such as a file name) is sealed too, because names of files often name people.
    """

    content: bytes = field(repr=False)
    kind: Kind
    label: str
    owner: str
    readers: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a permitted reader gets. With salt and content anyone can check the commitment: `verify_commitment`."""

    salt: bytes = field(repr=False)
    label: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContent:
    """The sealed bytes as they are kept. The commitment has 64 hexadecimal digits."""

    commitment: str
    kind: Kind
    nonce: bytes
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedContent:
    """A sealing before it is kept: the sealed bytes, the salt, and the data key wrapped for each reader."""

    stored: StoredContent
    salt: bytes = field(repr=False)
    wrapped: Mapping[str, bytes] = field(repr=False)


def commitment_of(suite: Suite, salt: bytes, content: bytes) -> str:
    """Return the commitment as 64 hexadecimal digits."""
    return suite.hash(COMMITMENT_TAG + salt + content).hex()


def verify_commitment(suite: Suite, commitment: str, opening: Opening) -> bool:
    """Return whether an opening is what the commitment was made of."""
    return hmac.compare_digest(commitment_of(suite, opening.salt, opening.content), commitment)


def seal_content(suite: Suite, item: ToSeal) -> SealedContent:
    """Seal with a fresh salt, data key and nonce. Raises VaultError if a bound or a public key does not hold."""
    _check(item)
    salt = secrets.token_bytes(SALT_SIZE)
    data_key = secrets.token_bytes(suite.cipher_key_size)
    nonce = secrets.token_bytes(NONCE_SIZE)
    commitment = commitment_of(suite, salt, item.content)
    label = item.label.encode("utf-8")
    plaintext = salt + len(label).to_bytes(_LABEL_LENGTH_SIZE, "big") + label + item.content
    ciphertext = suite.seal(data_key, nonce, plaintext, aad=_aad(suite, commitment, item.kind))
    return SealedContent(
        stored=StoredContent(commitment=commitment, kind=item.kind, nonce=nonce, ciphertext=ciphertext),
        salt=salt,
        wrapped={reader: wrap_key(suite, key, data_key) for reader, key in item.readers.items()},
    )


def open_content(suite: Suite, data_key: bytes, stored: StoredContent) -> Opening:
    """Return what was sealed. Raises CorruptError if the key, the bytes, the commitment or the kind differ."""
    try:
        aad = _aad(suite, stored.commitment, stored.kind)
        plaintext = suite.open_sealed(data_key, stored.nonce, stored.ciphertext, aad=aad)
    except SuiteError as error:
        raise CorruptError(f"sealed content {stored.commitment}: {error}") from error
    label_start = SALT_SIZE + _LABEL_LENGTH_SIZE
    label_end = label_start + int.from_bytes(plaintext[SALT_SIZE:label_start], "big")
    opening = Opening(
        salt=plaintext[:SALT_SIZE],
        label=plaintext[label_start:label_end].decode("utf-8", "replace"),
        content=plaintext[label_end:],
    )
    if not verify_commitment(suite, stored.commitment, opening):
        raise CorruptError(f"sealed content {stored.commitment}: does not fit its commitment")
    return opening


def wrap_key(suite: Suite, public_key: bytes, data_key: bytes) -> bytes:
    """Return the data key wrapped for a reader. Raises VaultError if the public key is not one of the suite."""
    try:
        return suite.wrap(public_key, data_key)
    except SuiteError as error:
        raise VaultError(f"readers: {error}") from error


def unwrap_key(suite: Suite, private_key: bytes, wrapped: bytes) -> bytes:
    """Return the data key. Raises NotAReaderError if it was wrapped for another key."""
    try:
        return suite.unwrap(private_key, wrapped)
    except UnwrapError:
        raise NotAReaderError("private_key: is not the one this reader was permitted with") from None
    except SuiteError as error:
        raise VaultError(str(error)) from error


def check_id(name: str, value: str) -> None:
    """Raise VaultError, naming the field, unless the value is an identifier as the ledger writes them."""
    try:
        codec.decode(msgspec.json.encode(value), _ID)
    except codec.CodecError as error:
        raise VaultError(f"{name}: {error}") from None


def _check(item: ToSeal) -> None:
    if item.kind not in CONTENT_SIZE_MAX:
        raise VaultError(f"kind: must be field or file, not {item.kind!r}")
    if len(item.content) > CONTENT_SIZE_MAX[item.kind]:
        raise VaultError(f"content: a {item.kind} must be at most {CONTENT_SIZE_MAX[item.kind]} bytes")
    try:
        codec.decode(msgspec.json.encode(item.label), _LABEL)
    except (codec.CodecError, UnicodeEncodeError) as error:
        raise VaultError(f"label: {error}") from None
    check_id("owner", item.owner)
    if not 1 <= len(item.readers) <= READERS_MAX:
        raise VaultError(f"readers: must be 1 to {READERS_MAX}, not {len(item.readers)}")
    for reader in item.readers:
        check_id("readers", reader)


def _aad(suite: Suite, commitment: str, kind: str) -> bytes:
    return b"\n".join((_SEALED_TAG, suite.name.encode("ascii"), kind.encode("ascii"), commitment.encode("ascii")))
