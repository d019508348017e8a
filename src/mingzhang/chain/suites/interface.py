"""What a crypto suite is: the interface, its errors and the check against published vectors.

The suites themselves are in `gm` and `intl`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, Protocol, Self

HASH_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64
PRIVATE_KEY_SIZE: Final = 32
# NIST SP 800-38D: 96-bit nonces need no extra hashing and are what both libraries are tuned for.
NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16
# Wrapping is for keys, and GmSSL takes no more.
SECRET_SIZE_MAX: Final = 255

# Below this, starting threads costs more than they save (0.25 ms a signature).
_SIGNATURES_WORTH_THREADS: Final = 8


class SuiteError(ValueError):
    """A key or ciphertext cannot be used; the message names the argument and what must hold."""


class UnwrapError(SuiteError):
    """A wrapped key was altered, or was made for another private key."""


class OpenSealedError(SuiteError):
    """Sealed bytes, their nonce or their associated data were altered, or the key is another."""


class Hash(Protocol):
    """The part of a hashlib object that the project uses."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...

    def copy(self) -> Self: ...


class Suite(ABC):
    """One set of algorithms. Get it by `suite_named`; instances are shared and thread-safe."""

    name: str
    #: bytes of a public key: 64 (X || Y) in gm, 32 in intl
    public_key_size: int
    #: bytes of a key for `seal`: 16 (SM4) in gm, 32 (AES-256) in intl
    cipher_key_size: int
    #: which library makes and checks signatures
    provider_name: str
    #: 32-byte digest of bytes (no bytearray or memoryview); a plain function, the fastest way to hash many leaves
    hash: Callable[[bytes], bytes]
    _threads_help: bool

    @abstractmethod
    def new_hash(self) -> Hash:
        """Return a fresh hash object with update, digest and copy."""

    @abstractmethod
    def hmac(self, key: bytes, data: bytes) -> bytes:
        """Return the 32-byte HMAC of `data` by the suite's hash."""

    @abstractmethod
    def generate_private_key(self) -> bytes:
        """Return a new private key, 32 bytes, from the library's random source."""

    @abstractmethod
    def public_key(self, private_key: bytes) -> bytes:
        """Return the public key of a private key. Raises SuiteError if the private key is not valid."""

    @abstractmethod
    def sign(self, private_key: bytes, message: bytes) -> bytes:
        """Return a signature of 64 bytes. Raises SuiteError if the private key is not valid."""

    @abstractmethod
    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Return whether the signature holds. Anything malformed gives False, never an exception."""

    def verify_many(self, items: Sequence[tuple[bytes, bytes, bytes]], *, threads: int = 2) -> list[bool]:
        """Verify (public_key, message, signature) triples; the answers are in their order.

        With SM2 from libcrypto n threads on n cores verify n times as fast, because ctypes releases the interpreter
        lock. With Ed25519 a second thread was measured and gains nothing, so there `threads` has no effect.
        """
        if not self._threads_help or threads < 2 or len(items) < _SIGNATURES_WORTH_THREADS:
            return self._verify_each(items)
        share = -(-len(items) // threads)
        shares = [items[start : start + share] for start in range(0, len(items), share)]
        # The caller's thread takes the first share itself. Threads live for this call only, so a fork finds none.
        with ThreadPoolExecutor(max_workers=threads - 1) as pool:
            others = [pool.submit(self._verify_each, part) for part in shares[1:]]
            answers = self._verify_each(shares[0])
            for other in others:
                answers.extend(other.result())
        return answers

    @abstractmethod
    def wrap(self, public_key: bytes, secret: bytes) -> bytes:
        """Encrypt a key of 1 to 255 bytes to a public key. Raises SuiteError for a bad key or length."""

    @abstractmethod
    def unwrap(self, private_key: bytes, wrapped: bytes) -> bytes:
        """Return what `wrap` encrypted. Raises UnwrapError if it was altered or the key is another."""

    @abstractmethod
    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, *, aad: bytes) -> bytes:
        """Return ciphertext and a tag of 16 bytes. A nonce (12 bytes) must never be used twice with one key."""

    @abstractmethod
    def open_sealed(self, key: bytes, nonce: bytes, ciphertext: bytes, *, aad: bytes) -> bytes:
        """Return the plaintext of `seal`. Raises OpenSealedError if anything differs."""

    @abstractmethod
    def forget_private_keys(self) -> None:
        """Drop private keys that were kept parsed for speed; a signer calls this when it locks."""

    def _verify_each(self, items: Sequence[tuple[bytes, bytes, bytes]]) -> list[bool]:
        verify = self.verify
        return [verify(public_key, message, signature) for public_key, message, signature in items]

    def _check_cipher_arguments(self, key: bytes, nonce: bytes) -> None:
        if len(key) != self.cipher_key_size:
            raise SuiteError(f"key: must be {self.cipher_key_size} bytes, not {len(key)}")
        if len(nonce) != NONCE_SIZE:
            raise SuiteError(f"nonce: must be {NONCE_SIZE} bytes, not {len(nonce)}")


class Vectors(NamedTuple):
    """Hexadecimal, from the sources named beside them."""

    hash_of_abc: str
    public_key: str
    message: str
    signature: str
    seal_key: str
    seal_nonce: str
    seal_aad: str
    plaintext: str
    sealed: str


def check_vectors(suite: Suite, vectors: Vectors) -> None:
    """Raise RuntimeError if the libraries under a suite do not reproduce its published vectors."""
    public_key, message, signature = map(bytes.fromhex, (vectors.public_key, vectors.message, vectors.signature))
    key, nonce, aad = map(bytes.fromhex, (vectors.seal_key, vectors.seal_nonce, vectors.seal_aad))
    plaintext, sealed = bytes.fromhex(vectors.plaintext), bytes.fromhex(vectors.sealed)
    streamed = suite.new_hash()
    streamed.update(b"abc")
    holds = {
        "hash": suite.hash(b"abc").hex() == vectors.hash_of_abc,
        "new_hash": streamed.digest().hex() == vectors.hash_of_abc,
        "verify": suite.verify(public_key, message, signature),
        "verify of an altered message": not suite.verify(public_key, message + b".", signature),
        "seal": suite.seal(key, nonce, plaintext, aad=aad) == sealed,
        "open_sealed": suite.open_sealed(key, nonce, sealed, aad=aad) == plaintext,
    }
    for what, is_right in holds.items():
        if not is_right:
            raise RuntimeError(f"suite {suite.name}: {what} differs from the published vector")
