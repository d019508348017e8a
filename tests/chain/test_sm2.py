"""SM2: each provider against the published vectors, all three crosswise, range checks, and the choice of provider."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingzhang.chain.suites import sm2, sm2_providers
from mingzhang.chain.suites.sm2 import ORDER, Sm2, Sm2Error
from mingzhang.chain.suites.sm2_providers import PROVIDERS, ProviderUnavailableError, choose_provider

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "suites.json").read_text(encoding="utf-8")
)["gm"]
SAMPLE = VECTORS["sign"][0]
PRIVATE_KEY = bytes.fromhex(SAMPLE["private_key"])
PUBLIC_KEY = bytes.fromhex(SAMPLE["public_key"])
MESSAGE = bytes.fromhex(SAMPLE["message"])
SIGNATURE = bytes.fromhex(SAMPLE["signature"])
R, S = int.from_bytes(SIGNATURE[:32], "big"), int.from_bytes(SIGNATURE[32:], "big")


def provider_named(name: str) -> Sm2:
    try:
        return PROVIDERS[name]()
    except ProviderUnavailableError as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Sm2:
    return provider_named(request.param)


pytestmark = pytest.mark.real


def numbers(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# --- Vectors ---------------------------------------------------------------------------------------------------------


def test_the_published_signature_holds(provider: Sm2) -> None:
    sm2_providers.self_test(provider)
    assert provider.public_key(PRIVATE_KEY) == sm2.derive_public_key(PRIVATE_KEY) == PUBLIC_KEY
    assert provider.verify(PUBLIC_KEY, MESSAGE, SIGNATURE)


def test_the_published_ciphertext_opens(provider: Sm2) -> None:
    (sample,) = VECTORS["wrap"]
    ciphertext = sm2.encode_ciphertext(
        int(sample["x"], 16), int(sample["y"], 16), c3=bytes.fromhex(sample["c3"]), c2=bytes.fromhex(sample["c2"])
    )
    assert provider.decrypt(bytes.fromhex(sample["private_key"]), ciphertext).hex() == sample["secret"]


def bad_signatures() -> list[Any]:
    return [
        pytest.param(signature, id=what)
        for what, signature in {
            "r + 1": numbers(R + 1, S),
            "s + 1": numbers(R, S + 1),
            "r - 1": numbers(R - 1, S),
            "r and s swapped": numbers(S, R),
            "s negated": numbers(R, ORDER - S),
            "r negated": numbers(ORDER - R, S),
            "r = 0": numbers(0, S),
            "s = 0": numbers(R, 0),
            "r = s = 0": numbers(0, 0),
            "r = n": numbers(ORDER, S),
            "s = n": numbers(R, ORDER),
            "r = n + 1": numbers(ORDER + 1, S),
            "s = n - 1": numbers(R, ORDER - 1),
            "r + s = n": numbers(R, ORDER - R),
            "r largest": numbers(2**256 - 1, S),
            "short": SIGNATURE[:-1],
            "long": SIGNATURE + b"\x00",
            "empty": b"",
            "as DER": sm2.signature_to_der(SIGNATURE),
        }.items()
    ]


@pytest.mark.parametrize("signature", bad_signatures())
def test_bad_signatures_are_refused_by_all(provider: Sm2, signature: bytes) -> None:
    assert not provider.verify(PUBLIC_KEY, MESSAGE, signature)


def test_signatures_out_of_range_never_reach_a_provider() -> None:
    for r, s in ((0, S), (R, 0), (ORDER, S), (R, ORDER), (ORDER + 1, S), (2**256 - 1, S), (R, ORDER - R)):
        assert not sm2.is_signature_in_range(numbers(r, s))
    for r, s in ((1, 1), (ORDER - 1, ORDER - 1), (R, ORDER - R - 1), (R, S)):
        assert sm2.is_signature_in_range(numbers(r, s))


def bad_public_keys() -> list[Any]:
    x, y = PUBLIC_KEY[:32], PUBLIC_KEY[32:]
    other_y = (int.from_bytes(y, "big") + 1).to_bytes(32, "big")
    mirrored = (sm2.FIELD_PRIME - int.from_bytes(y, "big")).to_bytes(32, "big")
    # The smallest x with a point; x + p still fits into 32 bytes and names the same point to a careless reader.
    small = next(n for n in range(1, 100) if sm2.is_on_curve(n, square_root(n)))
    aliased = (small + sm2.FIELD_PRIME).to_bytes(32, "big") + square_root(small).to_bytes(32, "big")
    return [
        pytest.param(key, id=what)
        for what, key in {
            "off the curve": x + other_y,
            "mirrored": x + mirrored,
            "coordinates swapped": y + x,
            "zero": bytes(64),
            "x = p": sm2.FIELD_PRIME.to_bytes(32, "big") + y,
            "x above p": aliased,
            "largest": b"\xff" * 64,
            "the generator": b"".join(n.to_bytes(32, "big") for n in sm2.GENERATOR),
            "with prefix 04": b"\x04" + PUBLIC_KEY,
            "compressed": b"\x03" + x,
            "short": PUBLIC_KEY[:-1],
            "empty": b"",
        }.items()
    ]


def square_root(x: int) -> int:
    return pow(x**3 + sm2.COEFFICIENT_A * x + sm2.COEFFICIENT_B, (sm2.FIELD_PRIME + 1) // 4, sm2.FIELD_PRIME)


@pytest.mark.parametrize("public_key", bad_public_keys())
def test_bad_public_keys_are_refused_by_all(provider: Sm2, public_key: bytes) -> None:
    assert not provider.verify(public_key, MESSAGE, SIGNATURE)


def test_public_keys_off_the_curve_never_reach_a_provider() -> None:
    bad = {parameter.id: parameter.values[0] for parameter in bad_public_keys()}
    well_formed = [what for what, key in bad.items() if sm2.is_public_key(key)]
    assert well_formed == ["mirrored", "the generator"], "only these two are points, though not the signer's"


@pytest.mark.parametrize("number", [0, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1])
def test_private_keys_out_of_range_are_refused(provider: Sm2, number: int) -> None:
    bad = number.to_bytes(32, "big")
    with pytest.raises(Sm2Error, match="private_key: must be in"):
        provider.sign(bad, b"")
    with pytest.raises(Sm2Error, match="private_key: must be in"):
        provider.public_key(bad)
    with pytest.raises(Sm2Error, match="private_key: must be in"):
        provider.decrypt(bad, b"")


@pytest.mark.parametrize("number", [1, 2, 3, 255, 2**128, ORDER - 3, ORDER - 2])
def test_private_keys_at_the_edges_work(provider: Sm2, number: int) -> None:
    private_key = number.to_bytes(32, "big")
    public_key = provider.public_key(private_key)
    assert public_key == sm2.derive_public_key(private_key)
    assert provider.verify(public_key, b"edge", provider.sign(private_key, b"edge"))


# --- Crosswise -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verifier_name", PROVIDERS)
def test_what_one_signs_another_verifies(provider: Sm2, verifier_name: str) -> None:
    verifier = provider_named(verifier_name)
    private_key = provider.generate_private_key()
    public_key = verifier.public_key(private_key)
    assert public_key == provider.public_key(private_key)
    for message in (b"", b"m", bytes(1000)):
        signature = provider.sign(private_key, message)
        assert verifier.verify(public_key, message, signature)
        assert not verifier.verify(public_key, message + b".", signature)


@pytest.mark.parametrize("reader_name", PROVIDERS)
def test_what_one_wraps_another_unwraps(provider: Sm2, reader_name: str) -> None:
    reader = provider_named(reader_name)
    private_key = reader.generate_private_key()
    for secret in (b"k", bytes(16), b"\xff" * 32, b"\x01" * 255):
        assert reader.decrypt(private_key, provider.encrypt(reader.public_key(private_key), secret)) == secret


def test_altered_ciphertexts_are_refused_by_all(provider: Sm2) -> None:
    ciphertext = provider.encrypt(PUBLIC_KEY, bytes(16))
    x, y, c3, c2 = sm2.decode_ciphertext(ciphertext)
    bad = {
        "C2 altered": sm2.encode_ciphertext(x, y, c3=c3, c2=bytes((c2[0] ^ 1,)) + c2[1:]),
        "C3 altered": sm2.encode_ciphertext(x, y, c3=bytes((c3[0] ^ 1,)) + c3[1:], c2=c2),
        "C1 of another": sm2.encode_ciphertext(*sm2.GENERATOR, c3=c3, c2=c2),
        "C1 mirrored": sm2.encode_ciphertext(x, sm2.FIELD_PRIME - y, c3=c3, c2=c2),
        "C1 off the curve": sm2.encode_ciphertext(x, y ^ 1, c3=c3, c2=c2),
        "C2 shorter": sm2.encode_ciphertext(x, y, c3=c3, c2=c2[1:]),
        "cut": ciphertext[:-1],
        "longer": ciphertext + b"\x00",
        "empty": b"",
        "long form of a short length": ciphertext[:1] + b"\x81" + ciphertext[1:],
    }
    for what, altered in bad.items():
        try:
            opened = provider.decrypt(PRIVATE_KEY, altered)
        except Sm2Error:
            continue
        pytest.fail(f"{what}: opened to {opened.hex()}")


# --- DER -------------------------------------------------------------------------------------------------------------


@given(r=st.integers(0, 2**256 - 1), s=st.integers(0, 2**256 - 1))
def test_a_signature_survives_der(r: int, s: int) -> None:
    assert sm2.signature_from_der(sm2.signature_to_der(numbers(r, s))) == numbers(r, s)


@given(
    x=st.integers(0, 2**256 - 1),
    y=st.integers(0, 2**256 - 1),
    c3=st.binary(min_size=32, max_size=32),
    c2=st.binary(min_size=1, max_size=255),
)
def test_a_ciphertext_survives_der(x: int, y: int, c3: bytes, c2: bytes) -> None:
    assert sm2.decode_ciphertext(sm2.encode_ciphertext(x, y, c3=c3, c2=c2)) == (x, y, c3, c2)


@given(junk=st.binary(max_size=150))
def test_junk_is_no_der(junk: bytes) -> None:
    for read in (sm2.decode_ciphertext, sm2.signature_from_der):
        with pytest.raises(Sm2Error):
            read(b"\x30" + junk)


# --- The choice ------------------------------------------------------------------------------------------------------


class Broken(sm2_providers.GmalgSm2):
    """Works, but for the one method that a test breaks."""


def never() -> Sm2:
    raise ProviderUnavailableError("built without SM2")


@pytest.mark.parametrize(
    ("method", "broken"),
    [
        ("_verify", lambda *_: True),
        ("_verify", lambda *_: False),
        ("_public_key", lambda *_: PUBLIC_KEY[::-1]),
        ("_sign", lambda *_: SIGNATURE),
        ("_sign", lambda *_: bytes(64)),
        ("_decrypt", lambda *_: b"something else"),
    ],
)
def test_a_provider_that_errs_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, method: str, broken: Callable[..., Any]
) -> None:
    monkeypatch.setattr(Broken, method, broken)
    with pytest.raises(ProviderUnavailableError):
        sm2_providers.self_test(Broken())
    monkeypatch.setattr(
        sm2_providers, "PROVIDERS", {"missing": never, "broken": Broken, "gmalg": sm2_providers.GmalgSm2}
    )
    assert type(choose_provider()) is sm2_providers.GmalgSm2


def test_without_any_provider_every_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2_providers, "PROVIDERS", {"one": never, "two": never})
    with pytest.raises(ProviderUnavailableError, match="one: built without SM2; two: built without SM2"):
        choose_provider()


def test_without_openssl_3_libcrypto_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2_providers, "_LIBRARY_NAMES", ("libc.so.6", "no-such-library.so"))
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    with pytest.raises(ProviderUnavailableError, match="OpenSSL 3 or later"):
        sm2_providers.LibcryptoSm2()


def test_compiled_and_constant_time_comes_first() -> None:
    assert list(PROVIDERS) == ["libcrypto", "gmssl_pyx", "gmalg"]
