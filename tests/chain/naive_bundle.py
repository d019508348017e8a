"""A second checker of bundles, written only from docs/reference/bundle-format.md: nothing of `mingzhang` is imported.

SM3 comes from hashlib, SM2 from gmalg, Ed25519 from cryptography. It returns the name of the step that fails, or "ok".
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import gmalg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SM2_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
KEY_BYTES = {"gm": 64, "intl": 32}
LIMIT = 8 * 1024 * 1024

Test = Callable[[Any], bool]


class Failed(Exception):
    """Carries the name of the step."""


def check_bundle(bundle_bytes: bytes, trust_bytes: bytes) -> str:
    try:
        trust = read_trust(trust_bytes)
        bundle = read("format", bundle_bytes, BUNDLE)
        require("chain", same_ledger(bundle, trust))
        checkpoint = check_checkpoint(trust, bundle["checkpoint"], prefix="")
        check_record(trust["suite"], bundle, checkpoint)
    except Failed as failed:
        return str(failed)
    return "ok"


def check_consistency(bundle_bytes: bytes, trust_bytes: bytes) -> str:
    try:
        trust = read_trust(trust_bytes)
        bundle = read("format", bundle_bytes, CONSISTENCY)
        require("chain", same_ledger(bundle, trust))
        first = check_checkpoint(trust, bundle["first"], prefix="first-")
        second = check_checkpoint(trust, bundle["second"], prefix="second-")
        grows = first["height"] < second["height"]
        grows = grows and first["size"] <= second["size"] and first["time"] <= second["time"]
        grows = grows and first["clock"] == second["clock"]
        require("order", grows or bundle["first"]["body"] == bundle["second"]["body"])
        require("consistency", continues(trust["suite"], first, second, bundle["path"]))
    except Failed as failed:
        return str(failed)
    return "ok"


def require(step: str, condition: bool) -> None:
    if not condition:
        raise Failed(step)


# ---- Section 1: text ----


def parse(text: str) -> Any:
    """The value of a canonical text, or ValueError."""

    def fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _value in pairs}) != len(pairs):
            raise ValueError("duplicate name")
        return dict(pairs)

    def refuse(text: str) -> Any:
        raise ValueError(f"{text} is no integer")

    value = json.loads(text, object_pairs_hook=fields, parse_float=refuse, parse_constant=refuse)
    if json.dumps(value, ensure_ascii=False, separators=(",", ":")) != text:
        raise ValueError("not canonical")
    return value


def read(step: str, data: bytes, form: Test) -> Any:
    try:
        require(step, len(data) <= LIMIT)
        value = parse(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Failed(step) from None
    require(step, form(value))
    return value


def integer(first: int = 0, last: int = 2**53 - 1) -> Test:
    return lambda value: type(value) is int and first <= value <= last


def text(pattern: str) -> Test:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None


def hexadecimal(*sizes: int) -> Test:
    return lambda value: any(text(f"[0-9a-f]{{{2 * size}}}")(value) for size in sizes)


def list_of(item: Test, most: int) -> Test:
    return lambda value: isinstance(value, list) and len(value) <= most and all(item(one) for one in value)


def map_of(item: Test, most: int) -> Test:
    def test(value: Any) -> bool:
        if not isinstance(value, dict) or not 1 <= len(value) <= most or list(value) != sorted(value):
            return False
        return all(ID(name) and item(one) for name, one in value.items())

    return test


def fields_of(**fields: Test) -> Test:
    return lambda value: (
        isinstance(value, dict) and list(value) == list(fields) and all(fields[name](value[name]) for name in fields)
    )


def either(*tests: Test) -> Test:
    return lambda value: any(test(value) for test in tests)


# ---- Section 3: formats ----

ID = text("[a-z0-9][a-z0-9._-]{0,63}")
TIME = integer(0, 2**40)
PATH = list_of(hexadecimal(32), 54)
LEDGER = {"chain_id": text(".{1,64}"), "suite": text("gm|intl")}
SIGNED = fields_of(body=text(".*"), signatures=list_of(fields_of(organisation=ID, signature=hexadecimal(64)), 200))
TRUST = fields_of(
    type=text("trust/1"), **LEDGER, threshold=integer(1, 200), organisations=map_of(hexadecimal(32, 64), 200)
)
CHECKPOINT = fields_of(
    type=text("checkpoint/1"),
    **LEDGER,
    clock=text("block|stated"),
    height=integer(),
    size=integer(1),
    root=hexadecimal(32),
    time=TIME,
)
ENVELOPE = fields_of(header=text(".*"), signature=hexadecimal(64), item_inclusion=PATH)
BUNDLE = fields_of(
    type=text("bundle/1"),
    **LEDGER,
    record=text(".*"),
    index=integer(),
    inclusion=PATH,
    checkpoint=SIGNED,
    envelope=either(lambda value: value is None, ENVELOPE),
)
CONSISTENCY = fields_of(type=text("consistency/1"), **LEDGER, first=SIGNED, second=SIGNED, path=PATH)
HEADER = fields_of(
    type=text("envelope/1"),
    chain_id=text(".*"),
    envelope_id=hexadecimal(16),
    signer=text(".*"),
    public_key=hexadecimal(32, 64),
    expires_at=TIME,
    items_root=hexadecimal(32),
    items_count=integer(),
)
RECORD: dict[str, Test] = {
    "index": integer(),
    "height": integer(),
    "time": TIME,
    "envelope": text(".*"),
    "signer": text(".*"),
    "item": integer(),
    "blinder": hexadecimal(16),
    "command": lambda value: isinstance(value, dict),
}


# ---- Section 4: checking ----


def same_ledger(file: Any, trust: Any) -> bool:
    return (file["chain_id"], file["suite"]) == (trust["chain_id"], trust["suite"])


def read_trust(data: bytes) -> Any:
    trust = read("trust", data, TRUST)
    keys = list(trust["organisations"].values())
    require("trust", trust["threshold"] <= len(keys) == len(set(keys)))
    require("trust", all(len(key) == 2 * KEY_BYTES[trust["suite"]] for key in keys))
    return trust


def check_checkpoint(trust: Any, signed: Any, *, prefix: str) -> Any:
    body = signed["body"].encode("utf-8")
    checkpoint = read(prefix + "checkpoint", body, CHECKPOINT)
    require(prefix + "checkpoint", same_ledger(checkpoint, trust))
    names = [one["organisation"] for one in signed["signatures"]]
    require(prefix + "signatures", names == sorted(set(names)) and len(names) >= trust["threshold"])
    for one in signed["signatures"]:
        key = trust["organisations"].get(one["organisation"])
        require(prefix + "signatures", key is not None and verifies(trust["suite"], key, body, one["signature"]))
    return checkpoint


def check_record(suite: str, bundle: Any, checkpoint: Any) -> None:
    data = bundle["record"].encode("utf-8")
    record = read("record", data, lambda value: isinstance(value, dict))
    require("record", record.get("type") in ("record/1", "block/1", "state/1"))
    require("record", bundle["index"] < checkpoint["size"])
    envelope = ""
    if record["type"] == "record/1":
        require("record", all(name in record and test(record[name]) for name, test in RECORD.items()))
        require("record", record["index"] == bundle["index"])
        require("record", record["height"] <= checkpoint["height"] and record["time"] <= checkpoint["time"])
        envelope = record["envelope"]
    place = (bundle["index"], checkpoint["size"])
    require("inclusion", included(suite, data, place, bundle["inclusion"], checkpoint["root"]))
    if envelope == "":
        require("envelope", bundle["envelope"] is None)
        return
    require("envelope", bundle["envelope"] is not None)
    header_bytes = bundle["envelope"]["header"].encode("utf-8")
    require("envelope", digest(suite, header_bytes).hex() == envelope)
    header = read("envelope", header_bytes, HEADER)
    require("envelope", (header["chain_id"], header["signer"]) == (bundle["chain_id"], record["signer"]))
    require("envelope", header["expires_at"] > record["time"])
    require("envelope", verifies(suite, header["public_key"], header_bytes, bundle["envelope"]["signature"]))
    item = '{"type":"item/1","blinder":"BLINDER","command":COMMAND}'
    item = item.replace("BLINDER", record["blinder"]).replace("COMMAND", command_text(record))
    place = (record["item"], header["items_count"])
    path = bundle["envelope"]["item_inclusion"]
    require("item", included(suite, item.encode("utf-8"), place, path, header["items_root"]))


def command_text(record: Any) -> str:
    """The record's text is canonical, so writing its command anew gives the very characters that stand in it."""
    return json.dumps(record["command"], ensure_ascii=False, separators=(",", ":"))


# ---- Section 2: algorithms ----


def digest(suite: str, data: bytes) -> bytes:
    return hashlib.new({"gm": "sm3", "intl": "sha256"}[suite], data).digest()


def verifies(suite: str, key_hex: str, message: bytes, signature_hex: str) -> bool:
    key, signature = bytes.fromhex(key_hex), bytes.fromhex(signature_hex)
    if len(key) != KEY_BYTES[suite]:
        return False
    if suite == "intl":
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        except InvalidSignature:
            return False
        return True
    r, s = signature[:32], signature[32:]
    if not all(1 <= int.from_bytes(part, "big") < SM2_ORDER for part in (r, s)):
        return False
    point = b"\x04" + key
    if not gmalg.SM2().verify_pk(point):
        return False
    return bool(gmalg.SM2(uid=b"1234567812345678", pk=point).verify(message, r, s))


def included(suite: str, data: bytes, place: tuple[int, int], path: list[str], root: str) -> bool:
    """RFC 9162, section 2.1.3.2."""
    index, size = place
    if index >= size:
        return False
    fn, sn = index, size - 1
    r = digest(suite, b"\x00" + data)
    for p in map(bytes.fromhex, path):
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            r = digest(suite, b"\x01" + p + r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = digest(suite, b"\x01" + r + p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r.hex() == root


def continues(suite: str, first: Any, second: Any, path_hex: list[str]) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if first["size"] == second["size"]:
        return not path_hex and first["root"] == second["root"]
    path = [bytes.fromhex(one) for one in path_hex]
    if not path:
        return False
    if first["size"] & (first["size"] - 1) == 0:
        path.insert(0, bytes.fromhex(first["root"]))
    fn, sn = first["size"] - 1, second["size"] - 1
    while fn % 2 == 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            fr, sr = digest(suite, b"\x01" + c + fr), digest(suite, b"\x01" + c + sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = digest(suite, b"\x01" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr.hex(), sr.hex()) == (first["root"], second["root"])
