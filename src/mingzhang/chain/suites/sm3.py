"""SM3 (GB/T 32905) from whichever library has it: as a hash object, in one shot, and as HMAC."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from mingzhang.chain.suites.interface import Hash

# Around the edges of padding and blocks, where an implementation would go wrong first.
_SIZES_COMPARED: Final = (0, 1, 33, 55, 56, 63, 64, 65, 119, 120, 128, 1000)


class CryptographySm3:
    """SM3 of the `cryptography` wheel in hashlib's shape, for Pythons whose OpenSSL was built without SM3."""

    def __init__(self, context: hashes.Hash | None = None) -> None:
        self._context = hashes.Hash(hashes.SM3()) if context is None else context

    def update(self, data: bytes, /) -> None:
        self._context.update(data)

    def digest(self) -> bytes:
        return self._context.copy().finalize()

    def copy(self) -> CryptographySm3:
        return CryptographySm3(self._context.copy())


def new_sm3() -> Hash:
    """Return a fresh hash object: hashlib's, or `CryptographySm3` where hashlib has none."""
    try:
        return hashlib.new("sm3")
    except ValueError:
        return CryptographySm3()


def sm3_by_copy(empty_hash: Hash) -> Callable[[bytes], bytes]:
    """Return a one-shot SM3 that copies an empty hash object, which is faster than making one by name."""
    copy_empty = empty_hash.copy

    def hash_by_copy(data: bytes) -> bytes:
        context = copy_empty()
        context.update(data)
        return context.digest()

    return hash_by_copy


def fastest_sm3() -> Callable[[bytes], bytes]:
    """Return a one-shot SM3: GmSSL's where it is installed and agrees with `sm3_by_copy`, else that.

    Measured on 65 bytes: GmSSL 2.27 million a second, a copied hashlib object 1.34, hashlib.new 0.81.
    """
    hash_by_copy = sm3_by_copy(new_sm3())
    try:
        hash_by_gmssl: Any = import_module("gmssl_pyx").sm3_hash
    except (ImportError, AttributeError):
        return hash_by_copy
    for size in _SIZES_COMPARED:
        if hash_by_gmssl(bytes(size)) != hash_by_copy(bytes(size)):
            return hash_by_copy
    return hash_by_gmssl  # type: ignore[no-any-return]


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """Return HMAC-SM3 of `data`, 32 bytes."""
    return hmac.digest(key, data, "sm3")


def hmac_sm3_by_cryptography(key: bytes, data: bytes) -> bytes:
    """The same as `hmac_sm3`, for Pythons whose OpenSSL was built without SM3."""
    context = HMAC(key, hashes.SM3())
    context.update(data)
    return context.finalize()


def fastest_hmac_sm3() -> Callable[[bytes, bytes], bytes]:
    try:
        hmac_sm3(b"key", b"")
    except ValueError:
        return hmac_sm3_by_cryptography
    return hmac_sm3
