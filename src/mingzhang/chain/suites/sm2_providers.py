"""The three libraries that can do SM2, and the choice between them.

Why three: no single one covers every machine. The system's libcrypto is fastest, constant-time and lets two threads
verify at once, but RHEL, Rocky, Fedora and some Alpine builds of OpenSSL are configured with `no-sm2`. gmssl_pyx has
wheels for a few platforms only and holds the interpreter lock. gmalg is plain Python: about a hundred times slower and
not constant-time, but it runs everywhere. `choose_provider` takes the first that passes the published test vector, so a
broken or missing library is passed over and never trusted. All three read and write the wire forms of `sm2`, so a
ledger may move between machines.

Checks of ranges and points are not here: `sm2.Sm2` has done them before a provider is asked.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from mingzhang.chain.suites import sm2
from mingzhang.chain.suites.sm2 import DEFAULT_SIGNER_ID, PUBLIC_KEYS_CACHED, Sm2, Sm2Error

# GM/T 0003.5-2012, annex A: the sample signature with the default signer id.
VECTOR_PRIVATE_KEY: Final = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
VECTOR_PUBLIC_KEY: Final = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
VECTOR_MESSAGE: Final = b"message digest"
VECTOR_SIGNATURE: Final = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)


class ProviderUnavailableError(RuntimeError):
    """The library is missing, too old, built without SM2, or fails the test vector."""


def choose_provider() -> Sm2:
    """Return the first of libcrypto, gmssl_pyx, gmalg that passes `self_test`.

    Raises ProviderUnavailableError, with each one's reason, if none does.
    """
    reasons = []
    for name, open_provider in PROVIDERS.items():
        try:
            provider = open_provider()
            self_test(provider)
        except ProviderUnavailableError as unavailable:
            reasons.append(f"{name}: {unavailable}")
        else:
            return provider
    raise ProviderUnavailableError("no SM2 provider works: " + "; ".join(reasons))


def self_test(provider: Sm2) -> None:
    """Check a provider against the published vector and a round trip.

    Raises ProviderUnavailableError on any difference.
    """
    try:
        if provider.public_key(VECTOR_PRIVATE_KEY) != VECTOR_PUBLIC_KEY:
            raise ProviderUnavailableError("the public key of the GM/T 0003.5 sample differs")
        if not provider.verify(VECTOR_PUBLIC_KEY, VECTOR_MESSAGE, VECTOR_SIGNATURE):
            raise ProviderUnavailableError("the GM/T 0003.5 sample signature is refused")
        if provider.verify(VECTOR_PUBLIC_KEY, VECTOR_MESSAGE + b".", VECTOR_SIGNATURE):
            raise ProviderUnavailableError("an altered message is accepted")
        signature = provider.sign(VECTOR_PRIVATE_KEY, b"round trip")
        if not provider.verify(VECTOR_PUBLIC_KEY, b"round trip", signature):
            raise ProviderUnavailableError("its own signature is refused")
        if provider.decrypt(VECTOR_PRIVATE_KEY, provider.encrypt(VECTOR_PUBLIC_KEY, b"data key")) != b"data key":
            raise ProviderUnavailableError("its own ciphertext is not decrypted")
    except (Sm2Error, OSError, RuntimeError) as failure:
        if isinstance(failure, ProviderUnavailableError):
            raise
        raise ProviderUnavailableError(f"self-test failed: {failure}") from failure


# ---- libcrypto (OpenSSL 3 or later) by ctypes ----

# SubjectPublicKeyInfo and PKCS#8 up to the key itself: algorithm id-ecPublicKey, curve 1.2.156.10197.1.301 by name.
_SPKI_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
_PKCS8_PREFIX: Final = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420")

_LIBRARY_NAMES: Final = ("libcrypto.so.3", "libcrypto.3.dylib", "libcrypto-3-x64.dll", "libcrypto-3-arm64.dll")
_OLDEST_VERSION: Final = 0x30000000
# Each parsed private key saves 0.3 ms a signature. Few, because they are secrets: `forget_private_keys` drops them.
_PRIVATE_KEYS_CACHED: Final = 16
_DER_SIGNATURE_SIZE_MAX: Final = 72

_POINTER: Final = ctypes.c_void_p
_SIZE: Final = ctypes.c_size_t
_SIZE_OUT: Final = ctypes.POINTER(ctypes.c_size_t)
_BYTES: Final = ctypes.c_char_p
_INT: Final = ctypes.c_int
# name -> result, arguments. Only functions that exist since OpenSSL 3.0.
_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "OpenSSL_version_num": (ctypes.c_ulong, ()),
    "ERR_clear_error": (None, ()),
    "EVP_sm3": (_POINTER, ()),
    "d2i_PUBKEY": (_POINTER, (_POINTER, ctypes.POINTER(_BYTES), ctypes.c_long)),
    "d2i_AutoPrivateKey": (_POINTER, (_POINTER, ctypes.POINTER(_BYTES), ctypes.c_long)),
    "EVP_PKEY_free": (None, (_POINTER,)),
    "EVP_PKEY_get_octet_string_param": (_INT, (_POINTER, _BYTES, _BYTES, _SIZE, _SIZE_OUT)),
    "EVP_PKEY_get_bn_param": (_INT, (_POINTER, _BYTES, ctypes.POINTER(_POINTER))),
    "BN_bn2binpad": (_INT, (_POINTER, _BYTES, _INT)),
    "BN_clear_free": (None, (_POINTER,)),
    "EVP_PKEY_CTX_new": (_POINTER, (_POINTER, _POINTER)),
    "EVP_PKEY_CTX_new_from_name": (_POINTER, (_POINTER, _BYTES, _BYTES)),
    "EVP_PKEY_CTX_free": (None, (_POINTER,)),
    "EVP_PKEY_CTX_set1_id": (_INT, (_POINTER, _BYTES, _INT)),
    "EVP_PKEY_keygen_init": (_INT, (_POINTER,)),
    "EVP_PKEY_generate": (_INT, (_POINTER, ctypes.POINTER(_POINTER))),
    "EVP_PKEY_encrypt_init": (_INT, (_POINTER,)),
    "EVP_PKEY_encrypt": (_INT, (_POINTER, _BYTES, _SIZE_OUT, _BYTES, _SIZE)),
    "EVP_PKEY_decrypt_init": (_INT, (_POINTER,)),
    "EVP_PKEY_decrypt": (_INT, (_POINTER, _BYTES, _SIZE_OUT, _BYTES, _SIZE)),
    "EVP_MD_CTX_new": (_POINTER, ()),
    "EVP_MD_CTX_free": (None, (_POINTER,)),
    "EVP_MD_CTX_set_pkey_ctx": (None, (_POINTER, _POINTER)),
    "EVP_DigestSignInit": (_INT, (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER)),
    "EVP_DigestSign": (_INT, (_POINTER, _BYTES, _SIZE_OUT, _BYTES, _SIZE)),
    "EVP_DigestVerifyInit": (_INT, (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER)),
    "EVP_DigestVerify": (_INT, (_POINTER, _BYTES, _SIZE, _BYTES, _SIZE)),
}


class _Key:
    """An EVP_PKEY, freed with its last Python reference, so that a cache may drop it while a thread still uses it."""

    __slots__ = ("_free", "handle")

    def __init__(self, handle: int, free: Callable[[int], None]) -> None:
        self.handle = handle
        self._free = free

    def __del__(self) -> None:
        self._free(self.handle)


class LibcryptoSm2(Sm2):
    """SM2 by the system's OpenSSL 3. Thread-safe; ctypes releases the interpreter lock during each call.

    A fresh context is made for every operation: keeping prepared ones was measured and gains nothing beside the curve's
    arithmetic (4,050 against 4,150 verifications a second).
    """

    name = "libcrypto"

    def __init__(self) -> None:
        self._c = _load_libcrypto()
        self._sm3 = self._c.EVP_sm3()
        self._parsed_public_key = lru_cache(maxsize=PUBLIC_KEYS_CACHED)(self._parse_public_key)
        self._parsed_private_key = lru_cache(maxsize=_PRIVATE_KEYS_CACHED)(self._parse_private_key)

    def forget_private_keys(self) -> None:
        self._parsed_private_key.cache_clear()

    def _generate_private_key(self) -> bytes:
        context = self._not_null(self._c.EVP_PKEY_CTX_new_from_name(None, b"SM2", None))
        try:
            handle, number = ctypes.c_void_p(), ctypes.c_void_p()
            self._must(self._c.EVP_PKEY_keygen_init(context))
            self._must(self._c.EVP_PKEY_generate(context, ctypes.byref(handle)))
            key = _Key(self._not_null(handle.value), self._c.EVP_PKEY_free)
            self._must(self._c.EVP_PKEY_get_bn_param(key.handle, b"priv", ctypes.byref(number)))
            try:
                private_key = ctypes.create_string_buffer(sm2.PRIVATE_KEY_SIZE)
                if self._c.BN_bn2binpad(number, private_key, sm2.PRIVATE_KEY_SIZE) != sm2.PRIVATE_KEY_SIZE:
                    raise self._failure()
                return private_key.raw
            finally:
                self._c.BN_clear_free(number)
        finally:
            self._c.EVP_PKEY_CTX_free(context)

    def _public_key(self, private_key: bytes) -> bytes:
        key = self._parsed_private_key(private_key)
        point = ctypes.create_string_buffer(1 + sm2.PUBLIC_KEY_SIZE)
        size = ctypes.c_size_t()
        self._must(
            self._c.EVP_PKEY_get_octet_string_param(
                key.handle, b"encoded-pub-key", point, len(point), ctypes.byref(size)
            )
        )
        if size.value != len(point) or point.raw[0] != 0x04:
            raise self._failure()
        return point.raw[1:]

    def _sign(self, private_key: bytes, message: bytes) -> bytes:
        key = self._parsed_private_key(private_key)
        digest_context, key_context = self._digest_context(key)
        try:
            self._must(self._c.EVP_DigestSignInit(digest_context, None, self._sm3, None, key.handle))
            der = ctypes.create_string_buffer(_DER_SIGNATURE_SIZE_MAX)
            size = ctypes.c_size_t(len(der))
            self._must(self._c.EVP_DigestSign(digest_context, der, ctypes.byref(size), message, len(message)))
            return sm2.signature_from_der(der.raw[: size.value])
        finally:
            self._c.EVP_MD_CTX_free(digest_context)
            self._c.EVP_PKEY_CTX_free(key_context)

    def _verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        key = self._parsed_public_key(public_key)
        der = sm2.signature_to_der(signature)
        digest_context, key_context = self._digest_context(key)
        try:
            self._must(self._c.EVP_DigestVerifyInit(digest_context, None, self._sm3, None, key.handle))
            result = self._c.EVP_DigestVerify(digest_context, der, len(der), message, len(message))
        finally:
            self._c.EVP_MD_CTX_free(digest_context)
            self._c.EVP_PKEY_CTX_free(key_context)
        # Some errors give -1, which is true in Python: only 1 is a valid signature.
        if result != 1:
            self._c.ERR_clear_error()
            return False
        return True

    def _encrypt(self, public_key: bytes, plaintext: bytes) -> bytes:
        return self._crypt("encrypt", self._parsed_public_key(public_key), plaintext)

    def _decrypt(self, private_key: bytes, ciphertext: bytes) -> bytes:
        try:
            return self._crypt("decrypt", self._parsed_private_key(private_key), ciphertext)
        except ProviderUnavailableError:
            raise Sm2Error("ciphertext: altered, or made for another key") from None

    def _crypt(self, operation: str, key: _Key, data: bytes) -> bytes:
        run = getattr(self._c, f"EVP_PKEY_{operation}")
        context = self._not_null(self._c.EVP_PKEY_CTX_new(key.handle, None))
        try:
            self._must(getattr(self._c, f"EVP_PKEY_{operation}_init")(context))
            size = ctypes.c_size_t()
            self._must(run(context, None, ctypes.byref(size), data, len(data)))
            output = ctypes.create_string_buffer(size.value)
            self._must(run(context, output, ctypes.byref(size), data, len(data)))
            return output.raw[: size.value]
        finally:
            self._c.EVP_PKEY_CTX_free(context)

    def _digest_context(self, key: _Key) -> tuple[int, int]:
        """Return a digest context and the key context it uses, with the signer id set; the caller frees both."""
        digest_context = self._not_null(self._c.EVP_MD_CTX_new())
        key_context = self._c.EVP_PKEY_CTX_new(key.handle, None)
        if not key_context or self._c.EVP_PKEY_CTX_set1_id(key_context, DEFAULT_SIGNER_ID, len(DEFAULT_SIGNER_ID)) != 1:
            self._c.EVP_MD_CTX_free(digest_context)
            self._c.EVP_PKEY_CTX_free(key_context)
            raise self._failure()
        self._c.EVP_MD_CTX_set_pkey_ctx(digest_context, key_context)
        return digest_context, key_context

    def _parse_public_key(self, public_key: bytes) -> _Key:
        return self._parse(self._c.d2i_PUBKEY, _SPKI_PREFIX + public_key)

    def _parse_private_key(self, private_key: bytes) -> _Key:
        return self._parse(self._c.d2i_AutoPrivateKey, _PKCS8_PREFIX + private_key)

    def _parse(self, parse: Callable[..., int | None], der: bytes) -> _Key:
        cursor = ctypes.c_char_p(der)
        return _Key(self._not_null(parse(None, ctypes.byref(cursor), len(der))), self._c.EVP_PKEY_free)

    def _must(self, result: int) -> None:
        if result != 1:
            raise self._failure()

    def _not_null(self, pointer: int | None) -> int:
        if not pointer:
            raise self._failure()
        return pointer

    def _failure(self) -> ProviderUnavailableError:
        # libcrypto's queue of errors is per thread; what we leave there would be blamed on the next TLS call.
        self._c.ERR_clear_error()
        return ProviderUnavailableError("libcrypto refused an SM2 operation")


def _load_libcrypto() -> Any:
    """Return libcrypto with its functions typed; the one that Python's own ssl already holds comes first."""
    for name in (*_LIBRARY_NAMES, ctypes.util.find_library("crypto")):
        if name is None:
            continue
        try:
            library = ctypes.CDLL(name)
            for function_name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(library, function_name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError):
            continue
        if library.OpenSSL_version_num() >= _OLDEST_VERSION:
            return library
    raise ProviderUnavailableError("OpenSSL 3 or later with SM2 was not found among the system's libraries")


# ---- gmssl_pyx (GmSSL 3) ----


class GmsslSm2(Sm2):
    """SM2 by GmSSL 3. It writes a trace to stderr for every bad signature, which we can lessen but not silence."""

    name = "gmssl_pyx"

    def __init__(self) -> None:
        try:
            module: Any = import_module("gmssl_pyx")
        except ImportError as missing:
            raise ProviderUnavailableError(f"gmssl_pyx cannot be imported: {missing}") from missing
        self._gmssl = module

    def forget_private_keys(self) -> None:
        sm2.derive_public_key.cache_clear()

    def _generate_private_key(self) -> bytes:
        _, private_key = self._gmssl.sm2_key_generate()
        return bytes(private_key)

    def _public_key(self, private_key: bytes) -> bytes:
        return sm2.derive_public_key(private_key)

    def _sign(self, private_key: bytes, message: bytes) -> bytes:
        der = self._gmssl.sm2_sign(private_key, sm2.derive_public_key(private_key), message, DEFAULT_SIGNER_ID)
        return sm2.signature_from_der(bytes(der))

    def _verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        der = sm2.signature_to_der(signature)
        try:
            return self._gmssl.sm2_verify(public_key, message, der, DEFAULT_SIGNER_ID) is True
        except self._gmssl.GmsslInnerError:
            return False

    def _encrypt(self, public_key: bytes, plaintext: bytes) -> bytes:
        return bytes(self._gmssl.sm2_encrypt(public_key, plaintext))

    def _decrypt(self, private_key: bytes, ciphertext: bytes) -> bytes:
        try:
            return bytes(self._gmssl.sm2_decrypt(private_key, ciphertext))
        except self._gmssl.GmsslInnerError:
            raise Sm2Error("ciphertext: altered, or made for another key") from None


# ---- gmalg (plain Python) ----


class GmalgSm2(Sm2):
    """SM2 by gmalg: slow and not constant-time; the last resort where nothing compiled is at hand."""

    name = "gmalg"

    def __init__(self) -> None:
        try:
            module: Any = import_module("gmalg")
        except ImportError as missing:
            raise ProviderUnavailableError(f"gmalg cannot be imported: {missing}") from missing
        self._gmalg = module

    def forget_private_keys(self) -> None:
        sm2.derive_public_key.cache_clear()

    def _generate_private_key(self) -> bytes:
        private_key, _ = self._gmalg.SM2().generate_keypair()
        return bytes(private_key).rjust(sm2.PRIVATE_KEY_SIZE, b"\x00")

    def _public_key(self, private_key: bytes) -> bytes:
        return sm2.derive_public_key(private_key)

    def _sign(self, private_key: bytes, message: bytes) -> bytes:
        public_point = b"\x04" + sm2.derive_public_key(private_key)
        r, s = self._gmalg.SM2(private_key, DEFAULT_SIGNER_ID, public_point).sign(message)
        return bytes(r).rjust(32, b"\x00") + bytes(s).rjust(32, b"\x00")

    def _verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        verifier = self._gmalg.SM2(None, DEFAULT_SIGNER_ID, b"\x04" + public_key)
        return verifier.verify(message, signature[:32], signature[32:]) is True

    def _encrypt(self, public_key: bytes, plaintext: bytes) -> bytes:
        raw = bytes(self._gmalg.SM2(pk=b"\x04" + public_key).encrypt(plaintext))
        x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:65], "big")
        return sm2.encode_ciphertext(x, y, c3=raw[65:97], c2=raw[97:])

    def _decrypt(self, private_key: bytes, ciphertext: bytes) -> bytes:
        x, y, c3, c2 = sm2.decode_ciphertext(ciphertext)
        raw = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") + c3 + c2
        # Passing the public key spares gmalg deriving it anew, which would take longer than the decryption.
        reader = self._gmalg.SM2(private_key, pk=b"\x04" + sm2.derive_public_key(private_key))
        try:
            return bytes(reader.decrypt(raw))
        except self._gmalg.errors.GMError:
            raise Sm2Error("ciphertext: altered, or made for another key") from None


# In order of preference.
PROVIDERS: Final[dict[str, Callable[[], Sm2]]] = {
    LibcryptoSm2.name: LibcryptoSm2,
    GmsslSm2.name: GmsslSm2,
    GmalgSm2.name: GmalgSm2,
}
