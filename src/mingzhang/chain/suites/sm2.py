"""SM2 (GB/T 32918, GM/T 0003): what every provider must agree on, and the checks none of them is trusted with.

Here live the curve, the fixed wire forms, the range and curve checks, and the abstract `Sm2` whose public methods apply
them before a provider sees anything. The providers themselves (libcrypto, gmssl_pyx, gmalg) are in `sm2_providers`;
hashing, sealing and the choice between suites are in `suites`.

Wire forms, the same for all providers:

- private key: 32 bytes, big-endian, in [1, n-2]
- public key:  64 bytes, X || Y, a point on the curve, coordinates below p
- signature:   64 bytes, r || s, both in [1, n-1], made over SM3(Z || message) with the default signer id
- ciphertext:  ASN.1 DER of GM/T 0009: SEQUENCE { INTEGER x, INTEGER y, OCTET STRING C3 (32), OCTET STRING C2 }
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Final

FIELD_PRIME: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
COEFFICIENT_A: Final = FIELD_PRIME - 3
COEFFICIENT_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GENERATOR: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
# GM/T 0009 section 10: the identity used where two parties agreed on none.
DEFAULT_SIGNER_ID: Final = b"1234567812345678"

PRIVATE_KEY_SIZE: Final = 32
PUBLIC_KEY_SIZE: Final = 64
SIGNATURE_SIZE: Final = 64
# GmSSL's limit. We only ever encrypt data keys, so the smallest limit among the providers is the limit of all.
PLAINTEXT_SIZE_MAX: Final = 255
# Point checks and parsed keys kept per process: more than the members of a province-wide consortium sign in one day.
PUBLIC_KEYS_CACHED: Final = 4096

_DIGEST_SIZE: Final = 32
_ZERO: Final = bytes(32)
_ORDER_BYTES: Final = ORDER.to_bytes(32, "big")


class Sm2Error(ValueError):
    """A key, plaintext or ciphertext given to SM2 cannot be used; the message says what must hold."""


class Sm2(ABC):
    """SM2 by one provider. Public methods check sizes and ranges; the underscored ones may assume them."""

    name: str

    def generate_private_key(self) -> bytes:
        """Return a new private key (32 bytes) from the provider's random source."""
        private_key = self._generate_private_key()
        check_private_key(private_key)
        return private_key

    def public_key(self, private_key: bytes) -> bytes:
        """Return the public key X || Y (64 bytes). Raises Sm2Error if the private key is not in [1, n-2]."""
        check_private_key(private_key)
        return self._public_key(private_key)

    def sign(self, private_key: bytes, message: bytes) -> bytes:
        """Return r || s (64 bytes). Raises Sm2Error if the private key is not in [1, n-2]."""
        check_private_key(private_key)
        signature = self._sign(private_key, message)
        if not is_signature_in_range(signature):
            raise RuntimeError(f"SM2 provider {self.name} made a signature out of range")
        return signature

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Return whether the signature holds. Malformed keys and signatures give False, never an exception."""
        if not is_signature_in_range(signature) or not is_public_key(public_key):
            return False
        return self._verify(public_key, message, signature)

    def encrypt(self, public_key: bytes, plaintext: bytes) -> bytes:
        """Return the DER ciphertext of 1 to 255 bytes. Raises Sm2Error for a bad key or length."""
        if not is_public_key(public_key):
            raise Sm2Error("public_key: must be 64 bytes, X || Y of a point on the SM2 curve")
        if not 1 <= len(plaintext) <= PLAINTEXT_SIZE_MAX:
            raise Sm2Error(f"plaintext: must be 1 to {PLAINTEXT_SIZE_MAX} bytes, not {len(plaintext)}")
        return self._encrypt(public_key, plaintext)

    def decrypt(self, private_key: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext. Raises Sm2Error for a malformed or altered ciphertext or the wrong key."""
        check_private_key(private_key)
        x, y, _, _ = decode_ciphertext(ciphertext)
        if not is_on_curve(x, y):
            raise Sm2Error("ciphertext: C1 must be a point on the SM2 curve")
        return self._decrypt(private_key, ciphertext)

    @abstractmethod
    def forget_private_keys(self) -> None:
        """Drop private keys kept parsed for speed; a signer calls this when it locks."""

    @abstractmethod
    def _generate_private_key(self) -> bytes: ...

    @abstractmethod
    def _public_key(self, private_key: bytes) -> bytes: ...

    @abstractmethod
    def _sign(self, private_key: bytes, message: bytes) -> bytes: ...

    @abstractmethod
    def _verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool: ...

    @abstractmethod
    def _encrypt(self, public_key: bytes, plaintext: bytes) -> bytes: ...

    @abstractmethod
    def _decrypt(self, private_key: bytes, ciphertext: bytes) -> bytes: ...


# ---- Checks ----


def is_on_curve(x: int, y: int) -> bool:
    """Return whether (x, y) are field elements that satisfy the curve equation."""
    if not (0 <= x < FIELD_PRIME and 0 <= y < FIELD_PRIME):
        return False
    return (y * y - (x * x + COEFFICIENT_A) * x - COEFFICIENT_B) % FIELD_PRIME == 0


@lru_cache(maxsize=PUBLIC_KEYS_CACHED)
def is_public_key(public_key: bytes) -> bool:
    """Return whether 64 bytes X || Y are a point on the curve. The cofactor is 1, so such a point has order n."""
    if len(public_key) != PUBLIC_KEY_SIZE:
        return False
    return is_on_curve(int.from_bytes(public_key[:32], "big"), int.from_bytes(public_key[32:], "big"))


def is_signature_in_range(signature: bytes) -> bool:
    """Return whether r and s are in [1, n-1] and r + s is not n; big-endian bytes of one length compare as numbers."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    r, s = signature[:32], signature[32:]
    if not (_ZERO < r < _ORDER_BYTES and _ZERO < s < _ORDER_BYTES):
        return False
    # r + s = n would cancel the public key out of the equation (GB/T 32918.2, 7.1 B5).
    return int.from_bytes(r, "big") + int.from_bytes(s, "big") != ORDER


def check_private_key(private_key: bytes) -> None:
    """Raise Sm2Error unless the private key is 32 bytes in [1, n-2]; n-1 has no inverse of 1+d and cannot sign."""
    if len(private_key) != PRIVATE_KEY_SIZE:
        raise Sm2Error("private_key: must be 32 bytes")
    if not 1 <= int.from_bytes(private_key, "big") <= ORDER - 2:
        raise Sm2Error("private_key: must be in [1, n-2]")


# ---- The public key without a library's help ----


@lru_cache(maxsize=64)
def derive_public_key(private_key: bytes) -> bytes:
    """Return d·G as X || Y, in plain Python (about 2 ms).

    For providers that cannot derive it. Python's integers do not run in constant time, so this is for machines without
    libcrypto's SM2 only; the provider order sees to that.
    """
    x, y, z = 0, 1, 0
    for bit in f"{int.from_bytes(private_key, 'big'):0256b}":
        x, y, z = _double(x, y, z)
        if bit == "1":
            x, y, z = _add_generator(x, y, z)
    inverse = pow(z, -1, FIELD_PRIME)
    inverse_squared = inverse * inverse % FIELD_PRIME
    affine_x = x * inverse_squared % FIELD_PRIME
    affine_y = y * inverse_squared * inverse % FIELD_PRIME
    return affine_x.to_bytes(32, "big") + affine_y.to_bytes(32, "big")


def _double(x: int, y: int, z: int) -> tuple[int, int, int]:
    """Double a point in Jacobian coordinates (x/z², y/z³); z = 0 is the point at infinity. Uses a = -3."""
    z_squared = z * z % FIELD_PRIME
    slope = 3 * (x - z_squared) * (x + z_squared) % FIELD_PRIME
    y_squared = y * y % FIELD_PRIME
    s = 4 * x * y_squared % FIELD_PRIME
    new_x = (slope * slope - 2 * s) % FIELD_PRIME
    new_y = (slope * (s - new_x) - 8 * y_squared * y_squared) % FIELD_PRIME
    return new_x, new_y, 2 * y * z % FIELD_PRIME


def _add_generator(x: int, y: int, z: int) -> tuple[int, int, int]:
    """Add the generator to a Jacobian point that is a multiple of it, but neither the generator nor its negative.

    Within double-and-add over a scalar in [1, n-2] the running multiple is even and below n-2, so those never occur.
    """
    if z == 0:
        return GENERATOR[0], GENERATOR[1], 1
    z_squared = z * z % FIELD_PRIME
    h = (GENERATOR[0] * z_squared - x) % FIELD_PRIME
    r = (GENERATOR[1] * z_squared * z - y) % FIELD_PRIME
    h_squared = h * h % FIELD_PRIME
    h_cubed = h_squared * h % FIELD_PRIME
    v = x * h_squared % FIELD_PRIME
    new_x = (r * r - h_cubed - 2 * v) % FIELD_PRIME
    new_y = (r * (v - new_x) - y * h_cubed) % FIELD_PRIME
    return new_x, new_y, z * h % FIELD_PRIME


# ---- DER, as far as SM2 needs it ----


def signature_to_der(signature: bytes) -> bytes:
    """Return the DER SEQUENCE { r, s } that libraries want for r || s."""
    body = _der_integer(signature[:32]) + _der_integer(signature[32:])
    return b"\x30" + bytes((len(body),)) + body


def signature_from_der(der: bytes) -> bytes:
    """Return r || s from a library's DER SEQUENCE { r, s }. Raises Sm2Error if it is not one."""
    body, end = _read_der(der, 0, tag=0x30)
    r, after_r = _read_der(body, 0, tag=0x02)
    s, after_s = _read_der(body, after_r, tag=0x02)
    if end != len(der) or after_s != len(body):
        raise Sm2Error("signature: bytes after the end of its DER form")
    return _unsigned_32(r) + _unsigned_32(s)


def encode_ciphertext(x: int, y: int, *, c3: bytes, c2: bytes) -> bytes:
    """Return the DER ciphertext of GM/T 0009 from its parts."""
    point = _der_integer(x.to_bytes(32, "big")) + _der_integer(y.to_bytes(32, "big"))
    body = point + b"\x04" + _der_length(len(c3)) + c3 + b"\x04" + _der_length(len(c2)) + c2
    return b"\x30" + _der_length(len(body)) + body


def decode_ciphertext(ciphertext: bytes) -> tuple[int, int, bytes, bytes]:
    """Return x, y of C1, then C3 and C2. Raises Sm2Error unless the DER is exactly what `encode_ciphertext` makes."""
    body, end = _read_der(ciphertext, 0, tag=0x30)
    x, after_x = _read_der(body, 0, tag=0x02)
    y, after_y = _read_der(body, after_x, tag=0x02)
    c3, after_c3 = _read_der(body, after_y, tag=0x04)
    c2, after_c2 = _read_der(body, after_c3, tag=0x04)
    if end != len(ciphertext) or after_c2 != len(body):
        raise Sm2Error("ciphertext: bytes after the end of its DER form")
    if len(c3) != _DIGEST_SIZE or not 1 <= len(c2) <= PLAINTEXT_SIZE_MAX:
        raise Sm2Error(f"ciphertext: C3 must be 32 bytes and C2 1 to {PLAINTEXT_SIZE_MAX}")
    x_number = int.from_bytes(_unsigned_32(x), "big")
    y_number = int.from_bytes(_unsigned_32(y), "big")
    if encode_ciphertext(x_number, y_number, c3=c3, c2=c2) != ciphertext:
        raise Sm2Error("ciphertext: must be canonical DER")
    return x_number, y_number, c3, c2


def _der_integer(number: bytes) -> bytes:
    """DER INTEGER of a big-endian number of at most 32 bytes: no leading zeros, but one where the top bit is set."""
    digits = number.lstrip(b"\x00") or b"\x00"
    if digits[0] & 0x80:
        digits = b"\x00" + digits
    return b"\x02" + bytes((len(digits),)) + digits


def _der_length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    if length < 0x100:
        return bytes((0x81, length))
    return bytes((0x82, length >> 8, length & 0xFF))


def _read_der(data: bytes, start: int, *, tag: int) -> tuple[bytes, int]:
    """Return the content of the element at `start` and the index after it. Raises Sm2Error if it is not that tag."""
    header = data[start : start + 4]
    if len(header) < 2 or header[0] != tag:
        raise Sm2Error(f"DER: element with tag 0x{tag:02x} expected at byte {start}")
    length, body = header[1], start + 2
    if length == 0x81 and len(header) >= 3:
        length, body = header[2], start + 3
    elif length == 0x82 and len(header) == 4:
        length, body = header[2] << 8 | header[3], start + 4
    elif length >= 0x80:
        raise Sm2Error(f"DER: length at byte {start + 1} must be at most two bytes long")
    if body + length > len(data):
        raise Sm2Error(f"DER: element at byte {start} is cut short")
    return data[body : body + length], body + length


def _unsigned_32(digits: bytes) -> bytes:
    """Return a DER INTEGER's content as 32 bytes. Raises Sm2Error for negative or larger numbers."""
    if not digits or digits[0] & 0x80 or len(digits) > 33 or (len(digits) == 33 and digits[0] != 0):
        raise Sm2Error("DER: INTEGER must be in [0, 2^256)")
    return digits[-32:].rjust(32, b"\x00")
