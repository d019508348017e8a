"""The suite `gm`: SM2 signatures and key wrapping, SM3, SM4-GCM.

SM2's own checks and providers are in `sm2` and `sm2_providers`, the choice of an SM3 in `sm3`.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from mingzhang.chain.suites import sm2_providers
from mingzhang.chain.suites.interface import (
    TAG_SIZE,
    Hash,
    OpenSealedError,
    Suite,
    SuiteError,
    UnwrapError,
    Vectors,
    check_vectors,
)
from mingzhang.chain.suites.sm2 import Sm2, Sm2Error
from mingzhang.chain.suites.sm3 import fastest_hmac_sm3, fastest_sm3, new_sm3


class GmSuite(Suite):
    """SM2 (GB/T 32918) over one provider, SM3 (GB/T 32905), SM4-GCM (GB/T 32907, RFC 8998)."""

    name = "gm"
    public_key_size = 64
    cipher_key_size = 16
    _threads_help = True

    def __init__(self, provider: Sm2) -> None:
        self._sm2 = provider
        self.provider_name = provider.name
        self.hash = fastest_sm3()
        self._empty_hash = new_sm3()
        self._hmac = fastest_hmac_sm3()
        check_vectors(self, _GM_VECTORS)

    def new_hash(self) -> Hash:
        return self._empty_hash.copy()

    def hmac(self, key: bytes, data: bytes) -> bytes:
        return self._hmac(key, data)

    def generate_private_key(self) -> bytes:
        return self._sm2.generate_private_key()

    def public_key(self, private_key: bytes) -> bytes:
        try:
            return self._sm2.public_key(private_key)
        except Sm2Error as error:
            raise SuiteError(str(error)) from error

    def sign(self, private_key: bytes, message: bytes) -> bytes:
        try:
            return self._sm2.sign(private_key, message)
        except Sm2Error as error:
            raise SuiteError(str(error)) from error

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return self._sm2.verify(public_key, message, signature)

    def wrap(self, public_key: bytes, secret: bytes) -> bytes:
        """As in `Suite`; the form is the DER ciphertext of GM/T 0009."""
        try:
            return self._sm2.encrypt(public_key, secret)
        except Sm2Error as error:
            raise SuiteError(str(error)) from error

    def unwrap(self, private_key: bytes, wrapped: bytes) -> bytes:
        try:
            return self._sm2.decrypt(private_key, wrapped)
        except Sm2Error as error:
            raise UnwrapError(f"wrapped: {error}") from error

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, *, aad: bytes) -> bytes:
        self._check_cipher_arguments(key, nonce)
        encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(aad)
        return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag

    def open_sealed(self, key: bytes, nonce: bytes, ciphertext: bytes, *, aad: bytes) -> bytes:
        self._check_cipher_arguments(key, nonce)
        if len(ciphertext) < TAG_SIZE:
            raise OpenSealedError(f"ciphertext: must be at least its tag of {TAG_SIZE} bytes")
        decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, ciphertext[-TAG_SIZE:])).decryptor()
        decryptor.authenticate_additional_data(aad)
        plaintext = decryptor.update(ciphertext[:-TAG_SIZE])
        try:
            return plaintext + decryptor.finalize()
        except InvalidTag:
            raise OpenSealedError("ciphertext: altered, or sealed with another key, nonce or aad") from None

    def forget_private_keys(self) -> None:
        self._sm2.forget_private_keys()


_GM_VECTORS: Final = Vectors(
    # GB/T 32905-2016, annex A.1.
    hash_of_abc="66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    # GM/T 0003.5-2012, annex A.
    public_key=sm2_providers.VECTOR_PUBLIC_KEY.hex(),
    message=sm2_providers.VECTOR_MESSAGE.hex(),
    signature=sm2_providers.VECTOR_SIGNATURE.hex(),
    # RFC 8998, appendix A.1.
    seal_key="0123456789abcdeffedcba9876543210",
    seal_nonce="00001234567800000000abcd",
    seal_aad="feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plaintext="aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
    "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
    sealed="17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
    "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    "83de3541e4c2b58177e065a9bf7b62ec",
)
