"""The crypto suites behind one interface: `gm` (SM2, SM3, SM4-GCM) and `intl` (Ed25519, SHA-256, AES-256-GCM).

A ledger names its suite in its genesis and keeps it for life. Here live signatures, hashing, key wrapping and sealing;
what is signed, hashed or sealed is the business of others. Nothing here takes randomness from Python: keys, the
signatures' inner numbers and the wrapping's ephemeral keys come from the crypto libraries, and nonces are arguments.

Every suite checks itself against published vectors when it is made, so a broken library stops a node before its first
block.
"""

from __future__ import annotations

from functools import cache

from mingzhang.chain.suites.gm import GmSuite
from mingzhang.chain.suites.interface import (
    HASH_SIZE,
    NONCE_SIZE,
    PRIVATE_KEY_SIZE,
    SECRET_SIZE_MAX,
    SIGNATURE_SIZE,
    TAG_SIZE,
    Hash,
    OpenSealedError,
    Suite,
    SuiteError,
    UnwrapError,
)
from mingzhang.chain.suites.intl import IntlSuite
from mingzhang.chain.suites.sm2_providers import choose_provider

__all__ = [
    "HASH_SIZE",
    "NONCE_SIZE",
    "PRIVATE_KEY_SIZE",
    "SECRET_SIZE_MAX",
    "SIGNATURE_SIZE",
    "TAG_SIZE",
    "Hash",
    "OpenSealedError",
    "Suite",
    "SuiteError",
    "UnwrapError",
    "suite_named",
]


@cache
def suite_named(name: str) -> Suite:
    """Return the suite `gm` or `intl`; the first call of each checks it against published vectors.

    Raises SuiteError for another name, RuntimeError where this machine's libraries fail the vectors.
    """
    if name == "gm":
        return GmSuite(choose_provider())
    if name == "intl":
        return IntlSuite()
    raise SuiteError(f"suite: must be gm or intl, not {name!r}")
