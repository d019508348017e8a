"""Both suites against published vectors, and all that must be refused. SM2's providers crosswise are in test_sm2.py."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mingzhang.chain import suites
from mingzhang.chain.suites import OpenSealedError, Suite, SuiteError, UnwrapError, sm3, suite_named

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "suites.json").read_text(encoding="utf-8")
)
NAMES = ("gm", "intl")
NONCE = bytes(range(12))
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def cases(kind: str) -> list[Any]:
    """Every vector of a kind as (suite, vector), with its source as the test's name."""
    return [
        pytest.param(suite_named(name), vector, id=f"{name} {vector['source']}")
        for name in NAMES
        for vector in VECTORS[name][kind]
    ]


def of_hex(vector: dict[str, str], *names: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(vector[name]) for name in names)


@pytest.fixture(params=NAMES)
def suite(request: pytest.FixtureRequest) -> Suite:
    return suite_named(request.param)


# --- The choice of suite ---------------------------------------------------------------------------------------------


def test_a_suite_is_made_once() -> None:
    assert suite_named("gm") is suite_named("gm")
    assert suite_named("gm").name == "gm"


@pytest.mark.parametrize("name", ["", "GM", "sm2", "intl ", "国密"])
def test_an_unknown_suite_is_refused(name: str) -> None:
    with pytest.raises(SuiteError, match="must be gm or intl"):
        suite_named(name)


# --- Hashing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suite", "vector"), cases("hash"))
def test_hashes_are_the_published(suite: Suite, vector: dict[str, str]) -> None:
    data, digest = of_hex(vector, "data", "digest")
    assert suite.hash(data) == digest
    streamed = suite.new_hash()
    for byte in data:
        streamed.update(bytes((byte,)))
    assert streamed.digest() == digest


@given(data=st.binary(max_size=300))
def test_every_way_to_sm3_gives_the_same(data: bytes) -> None:
    gm = suite_named("gm")
    digest = hashlib.new("sm3", data).digest()
    assert gm.hash(data) == sm3.sm3_by_copy(sm3.CryptographySm3())(data) == digest
    fallback = sm3.CryptographySm3()
    fallback.update(data)
    assert fallback.digest() == digest


def test_a_copied_hash_goes_its_own_way(suite: Suite) -> None:
    for first in (suite.new_hash(), *([sm3.CryptographySm3()] if suite.name == "gm" else [])):
        first.update(b"common")
        second = first.copy()
        first.update(b" left")
        second.update(b" right")
        assert first.digest() == suite.hash(b"common left")
        assert second.digest() == suite.hash(b"common right")
        second.update(b" on")
        assert second.digest() == suite.hash(b"common right on"), "digest must not end the hash"


@pytest.mark.parametrize("key_size", [0, 1, 32, 64, 65, 200])
def test_hmac_is_rfc_2104(suite: Suite, key_size: int) -> None:
    key, data = bytes(range(key_size)), b"HMAC over the suite's hash"
    block = (suite.hash(key) if key_size > 64 else key).ljust(64, b"\x00")
    inner = suite.hash(bytes(byte ^ 0x36 for byte in block) + data)
    outer = suite.hash(bytes(byte ^ 0x5C for byte in block) + inner)
    assert suite.hmac(key, data) == outer
    if suite.name == "gm":
        assert sm3.hmac_sm3_by_cryptography(key, data) == outer


# --- Signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suite", "vector"), cases("sign"))
def test_published_signatures_hold(suite: Suite, vector: dict[str, str]) -> None:
    private_key, public_key, message, signature = of_hex(vector, "private_key", "public_key", "message", "signature")
    assert suite.public_key(private_key) == public_key
    assert suite.verify(public_key, message, signature)
    assert suite.verify(public_key, message, suite.sign(private_key, message))


@pytest.mark.parametrize(("suite", "vector"), cases("sign"))
def test_an_altered_signature_key_or_message_is_refused(suite: Suite, vector: dict[str, str]) -> None:
    public_key, message, signature = of_hex(vector, "public_key", "message", "signature")
    for index in range(64):
        for bit in (0x01, 0x80):
            assert not suite.verify(public_key, message, flipped(signature, index, bit))
    for index in range(len(public_key)):
        assert not suite.verify(flipped(public_key, index, 0x01), message, signature)
    assert not suite.verify(public_key, message + b"\x00", signature)
    assert not suite.verify(public_key, message[1:] + b"?", signature)


@pytest.mark.parametrize(("suite", "vector"), cases("sign"))
def test_a_malformed_signature_or_key_is_refused_without_an_exception(suite: Suite, vector: dict[str, str]) -> None:
    public_key, message, signature = of_hex(vector, "public_key", "message", "signature")
    r, s = signature[:32], signature[32:]
    zero, ones = bytes(32), b"\xff" * 32
    for bad in (b"", r, signature[:63], signature + b"\x00", b"\x00" + signature, s + r, zero + s, r + zero):
        assert not suite.verify(public_key, message, bad)
    for bad in (zero + zero, ones + s, r + ones, ones + ones):
        assert not suite.verify(public_key, message, bad)
    size = suite.public_key_size
    for bad in (b"", public_key[:-1], public_key + b"\x00", b"\x04" + public_key, bytes(size), b"\xff" * size):
        assert not suite.verify(bad, message, signature)


def test_a_signature_fits_its_own_key_and_message_only(suite: Suite) -> None:
    mine, other = suite.generate_private_key(), suite.generate_private_key()
    signature = suite.sign(mine, b"pay 100")
    assert suite.verify(suite.public_key(mine), b"pay 100", signature)
    assert not suite.verify(suite.public_key(other), b"pay 100", signature)
    assert not suite.verify(suite.public_key(mine), b"pay 101", signature)


@settings(max_examples=30, deadline=None)
@given(message=st.binary(max_size=300), junk=st.binary(min_size=64, max_size=64))
def test_any_message_can_be_signed_and_junk_never_holds(message: bytes, junk: bytes) -> None:
    for name in NAMES:
        suite = suite_named(name)
        private_key = bytes.fromhex(VECTORS[name]["sign"][0]["private_key"])
        public_key = suite.public_key(private_key)
        assert suite.verify(public_key, message, suite.sign(private_key, message))
        assert not suite.verify(public_key, message, junk)
        assert not suite.verify(junk[: suite.public_key_size], message, junk)


def test_ed25519_takes_neither_a_second_form_of_s_nor_a_point_of_small_order() -> None:
    intl, vector = suite_named("intl"), VECTORS["intl"]["sign"][1]
    public_key, message, signature = of_hex(vector, "public_key", "message", "signature")
    second_form = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    assert not intl.verify(public_key, message, signature[:32] + second_form.to_bytes(32, "little"))
    # With the neutral element as key and R and with s = 0 the bare equation holds for every message.
    neutral = b"\x01" + bytes(31)
    assert not intl.verify(neutral, message, neutral + bytes(32))


@pytest.mark.parametrize("threads", [1, 2, 3, 64])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 25])
def test_many_answers_come_in_the_order_of_the_questions(suite: Suite, count: int, threads: int) -> None:
    private_key = suite.generate_private_key()
    public_key = suite.public_key(private_key)
    chance = random.Random(count)
    items, expected = [], []
    for number in range(count):
        message, holds = str(number).encode(), chance.random() < 0.6
        signature = suite.sign(private_key, message if holds else b"another")
        items.append((public_key, message, signature if chance.random() < 0.9 else signature[:-1]))
        expected.append(holds and len(items[-1][2]) == 64)
    assert suite.verify_many(items, threads=threads) == expected


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33)])
def test_a_private_key_of_the_wrong_size_is_refused(suite: Suite, bad: bytes) -> None:
    with pytest.raises(SuiteError, match="private_key"):
        suite.sign(bad, b"message")
    with pytest.raises(SuiteError, match="private_key"):
        suite.public_key(bad)
    with pytest.raises(SuiteError, match="private_key"):
        suite.unwrap(bad, b"wrapped")


def test_new_keys_differ_and_have_the_stated_sizes(suite: Suite) -> None:
    keys = {suite.generate_private_key() for _ in range(20)}
    assert len(keys) == 20
    assert {len(key) for key in keys} == {suites.PRIVATE_KEY_SIZE}
    assert {len(suite.public_key(key)) for key in keys} == {suite.public_key_size}
    suite.forget_private_keys()
    assert {len(suite.sign(key, b"after forgetting")) for key in keys} == {suites.SIGNATURE_SIZE}


# --- Wrapping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 16, 32, 255])
def test_a_wrapped_key_opens_for_its_reader_only(suite: Suite, size: int) -> None:
    reader, other = suite.generate_private_key(), suite.generate_private_key()
    secret = random.Random(size).randbytes(size)
    wrapped = suite.wrap(suite.public_key(reader), secret)
    assert suite.unwrap(reader, wrapped) == secret
    assert suite.wrap(suite.public_key(reader), secret) != wrapped, "wrapping must not show that two keys are equal"
    with pytest.raises(UnwrapError):
        suite.unwrap(other, wrapped)


def test_an_altered_wrapped_key_is_refused(suite: Suite) -> None:
    reader = suite.generate_private_key()
    wrapped = suite.wrap(suite.public_key(reader), bytes(16))
    for index in range(len(wrapped)):
        with pytest.raises(UnwrapError):
            suite.unwrap(reader, flipped(wrapped, index, 0x01))
    for bad in (b"", wrapped[:-1], wrapped + b"\x00", bytes(len(wrapped))):
        with pytest.raises(UnwrapError):
            suite.unwrap(reader, bad)


@pytest.mark.parametrize("size", [0, 256])
def test_only_short_secrets_are_wrapped(suite: Suite, size: int) -> None:
    public_key = suite.public_key(suite.generate_private_key())
    with pytest.raises(SuiteError, match="must be 1 to 255 bytes"):
        suite.wrap(public_key, bytes(size))


def test_nothing_is_wrapped_to_a_bad_public_key(suite: Suite) -> None:
    size = suite.public_key_size
    for bad in (b"", bytes(size - 1), bytes(size), b"\xff" * size, bytes(size + 1)):
        with pytest.raises(SuiteError, match="public_key"):
            suite.wrap(bad, b"secret")


# --- Sealing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suite", "vector"), cases("seal"))
def test_sealing_is_the_published(suite: Suite, vector: dict[str, str]) -> None:
    key, nonce, aad, plaintext, sealed = of_hex(vector, "key", "nonce", "aad", "plaintext", "sealed")
    assert suite.seal(key, nonce, plaintext, aad=aad) == sealed
    assert suite.open_sealed(key, nonce, sealed, aad=aad) == plaintext


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100_000])
def test_what_was_sealed_opens(suite: Suite, size: int) -> None:
    key, plaintext = bytes(range(suite.cipher_key_size)), random.Random(size).randbytes(size)
    sealed = suite.seal(key, NONCE, plaintext, aad=b"header")
    assert len(sealed) == size + suites.TAG_SIZE
    assert suite.open_sealed(key, NONCE, sealed, aad=b"header") == plaintext


def test_anything_altered_does_not_open(suite: Suite) -> None:
    key = bytes(range(suite.cipher_key_size))
    sealed = suite.seal(key, NONCE, b"sixteen bytes ok", aad=b"header")
    for index in range(len(sealed)):
        with pytest.raises(OpenSealedError):
            suite.open_sealed(key, NONCE, flipped(sealed, index, 0x01), aad=b"header")
    for bad_key, nonce, ciphertext, aad in (
        (flipped(key, 0, 0x01), NONCE, sealed, b"header"),
        (key, flipped(NONCE, 0, 0x01), sealed, b"header"),
        (key, NONCE, sealed, b"Header"),
        (key, NONCE, sealed, b""),
        (key, NONCE, sealed[:-1], b"header"),
        (key, NONCE, sealed + b"\x00", b"header"),
        (key, NONCE, sealed[-16:], b"header"),
        (key, NONCE, b"", b"header"),
    ):
        with pytest.raises(OpenSealedError):
            suite.open_sealed(bad_key, nonce, ciphertext, aad=aad)


def test_sizes_of_key_and_nonce_are_checked(suite: Suite) -> None:
    key = bytes(suite.cipher_key_size)
    for bad_key, nonce, field in ((key + b"\x00", NONCE, "key"), (key[1:], NONCE, "key"), (key, bytes(16), "nonce")):
        with pytest.raises(SuiteError, match=f"^{field}: must be"):
            suite.seal(bad_key, nonce, b"", aad=b"")
        with pytest.raises(SuiteError, match=f"^{field}: must be"):
            suite.open_sealed(bad_key, nonce, bytes(16), aad=b"")


def flipped(data: bytes, index: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[index] ^= bit
    return bytes(changed)
