"""The suite `intl`: Ed25519 signatures, libsodium's sealed box for wrapping, SHA-256, AES-256-GCM."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import nacl.bindings
import nacl.exceptions
import nacl.public
import nacl.signing
import nacl.utils
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mingzhang.chain.suites.interface import (
    PRIVATE_KEY_SIZE,
    SECRET_SIZE_MAX,
    SIGNATURE_SIZE,
    TAG_SIZE,
    Hash,
    OpenSealedError,
    Suite,
    SuiteError,
    UnwrapError,
    Vectors,
    check_vectors,
)


class IntlSuite(Suite):
    """Ed25519 (RFC 8032), SHA-256, AES-256-GCM; wrapping is libsodium's sealed box over the key's X25519 form."""

    name = "intl"
    public_key_size = 32
    cipher_key_size = 32
    provider_name = "libsodium"
    _threads_help = False

    def __init__(self) -> None:
        self.hash = _sha256
        check_vectors(self, _INTL_VECTORS)

    def new_hash(self) -> Hash:
        return hashlib.sha256()

    def hmac(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, "sha256")

    def generate_private_key(self) -> bytes:
        return nacl.utils.random(PRIVATE_KEY_SIZE)

    def public_key(self, private_key: bytes) -> bytes:
        return bytes(_signing_key(private_key).verify_key)

    def sign(self, private_key: bytes, message: bytes) -> bytes:
        return _signing_key(private_key).sign(message).signature

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        if len(public_key) != self.public_key_size or len(signature) != SIGNATURE_SIZE:
            return False
        try:
            # libsodium refuses s >= L, small-order points and keys in a form that is not canonical.
            nacl.bindings.crypto_sign_open(signature + message, public_key)
        except nacl.exceptions.BadSignatureError:
            return False
        return True

    def wrap(self, public_key: bytes, secret: bytes) -> bytes:
        if not 1 <= len(secret) <= SECRET_SIZE_MAX:
            raise SuiteError(f"secret: must be 1 to {SECRET_SIZE_MAX} bytes, not {len(secret)}")
        try:
            recipient = nacl.signing.VerifyKey(public_key).to_curve25519_public_key()
        except (nacl.exceptions.CryptoError, TypeError):
            raise SuiteError("public_key: must be 32 bytes, an Ed25519 public key") from None
        return bytes(nacl.public.SealedBox(recipient).encrypt(secret))

    def unwrap(self, private_key: bytes, wrapped: bytes) -> bytes:
        recipient = _signing_key(private_key).to_curve25519_private_key()
        try:
            return nacl.public.SealedBox(recipient).decrypt(wrapped)
        except (nacl.exceptions.CryptoError, TypeError):
            raise UnwrapError("wrapped: altered, or made for another key") from None

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, *, aad: bytes) -> bytes:
        self._check_cipher_arguments(key, nonce)
        return AESGCM(key).encrypt(nonce, plaintext, aad)

    def open_sealed(self, key: bytes, nonce: bytes, ciphertext: bytes, *, aad: bytes) -> bytes:
        self._check_cipher_arguments(key, nonce)
        if len(ciphertext) < TAG_SIZE:
            raise OpenSealedError(f"ciphertext: must be at least its tag of {TAG_SIZE} bytes")
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, aad)
        except InvalidTag:
            raise OpenSealedError("ciphertext: altered, or sealed with another key, nonce or aad") from None

    def forget_private_keys(self) -> None:
        """Nothing is kept: PyNaCl parses a seed in 20 µs."""


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _signing_key(private_key: bytes) -> nacl.signing.SigningKey:
    if len(private_key) != PRIVATE_KEY_SIZE:
        raise SuiteError(f"private_key: must be {PRIVATE_KEY_SIZE} bytes")
    return nacl.signing.SigningKey(private_key)


_INTL_VECTORS: Final = Vectors(
    # FIPS 180-2, appendix B.1.
    hash_of_abc="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    # RFC 8032, section 7.1, test 2.
    public_key="3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message="72",
    signature="92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    # McGrew and Viega, The Galois/Counter Mode of Operation, test case 14.
    seal_key="00" * 32,
    seal_nonce="00" * 12,
    seal_aad="",
    plaintext="00" * 16,
    sealed="cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
)
