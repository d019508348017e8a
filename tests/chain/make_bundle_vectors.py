"""Writes tests/vectors/bundles/: bundles that hold, a trust file, and bundles that must fail, each at its step.

`python -m tests.chain.make_bundle_vectors`. SM2 signatures hold chance, so each run writes other bytes of the same
sense; then run make_bundle_example too.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.chain.bundle_log import ORGANISATIONS, SampleLog, compact, payment, private_key, sample_log

from mingzhang.chain.checkpoints import signed_checkpoint

FOLDER = Path(__file__).parent.parent / "vectors" / "bundles"
SHOWN = 4
"""The record the good bundle is of: item 1 of three, not at the edge of either tree."""

SM2_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


class Bad(NamedTuple):
    """A file that must fail, the step at which it must, and the trust file to check it against (None: keys.json)."""

    name: str
    fails_at: str
    text: bytes
    trust: bytes | None = None
    kind: str = "bundle"


def changed(text: bytes, change: Callable[[Any], None]) -> bytes:
    """A JSON text after a change to its value; the order of fields is kept."""
    value = json.loads(text)
    change(value)
    return compact(value)


def setting(**fields: Any) -> Callable[[Any], None]:
    """A change that gives fields other values."""
    return lambda value: value.update(fields)


def replaced(text: bytes, *, old: str, new: str) -> bytes:
    if text.count(old.encode()) < 1:
        raise ValueError(f"{old!r} is not in the text, so nothing would be spoiled")
    return text.replace(old.encode(), new.encode(), 1)


def flip(hexadecimal: str, position: int = -1) -> str:
    """The same with one bit of one digit flipped."""
    digit = f"{int(hexadecimal[position], 16) ^ 1:x}"
    place = position % len(hexadecimal)
    return hexadecimal[:place] + digit + hexadecimal[place + 1 :]


def bad_texts(log: SampleLog) -> Iterator[Bad]:
    good = log.bundle(SHOWN)
    value = json.loads(good)
    yield Bad("nothing", "format", b"")
    yield Bad("a line feed at the end", "format", good + b"\n")
    yield Bad("a byte order mark", "format", b"\xef\xbb\xbf" + good)
    yield Bad("a second object", "format", good + good)
    yield Bad("cut in the middle", "format", good[: len(good) // 2])
    yield Bad("written with spaces", "format", json.dumps(value, ensure_ascii=False).encode())
    yield Bad("Chinese characters escaped", "format", json.dumps(value, separators=(",", ":")).encode())
    yield Bad("a slash escaped", "format", replaced(good, old="bundle/1", new="bundle\\/1"))
    yield Bad("a field twice", "format", replaced(good, old=f'"index":{SHOWN}', new=f'"index":9,"index":{SHOWN}'))
    yield Bad("a field unknown", "format", replaced(good, old=f'"index":{SHOWN}', new=f'"index":{SHOWN},"note":""'))
    yield Bad("a field missing", "format", changed(good, lambda bundle: bundle.pop("suite")))
    yield Bad("fields in another order", "format", compact(dict(reversed(value.items()))))
    yield Bad("another type", "format", replaced(good, old="bundle/1", new="bundle/2"))
    yield Bad("the index as a fraction", "format", changed(good, setting(index=4.0)))
    yield Bad("the index as text", "format", changed(good, setting(index="4")))
    yield Bad("the index below 0", "format", changed(good, setting(index=-1)))
    yield Bad("the index beyond 2^53", "format", changed(good, setting(index=2**53)))
    upper = changed(good, setting(inclusion=[one.upper() for one in value["inclusion"]]))
    yield Bad("hexadecimal in upper case", "format", upper)
    signature = value["checkpoint"]["signatures"][0]["signature"]
    line_feed = replaced(good, old=signature, new=signature + "\\n")
    yield Bad("a line feed after a signature", "format", line_feed)
    long = changed(good, setting(inclusion=value["inclusion"] * 20))
    yield Bad("a path of more hashes than any tree needs", "format", long)
    yield Bad("of another ledger", "chain", changed(good, setting(chain_id="ycz-test-2")))
    yield Bad("of another suite", "chain", changed(good, setting(suite="intl")))
    yield Bad("a consistency bundle in its place", "format", log.consistency(0, 2))


def bad_checkpoints(log: SampleLog) -> Iterator[Bad]:
    body = log.body()

    def with_body(text: bytes) -> bytes:
        """All that follows is signed anew, so that only the body's own text can be at fault."""
        good = json.loads(log.bundle(SHOWN))
        good["checkpoint"] = json.loads(compact_checkpoint(log, text))
        return compact(good)

    other_chain = replaced(body, old="ycz-test-1", new="ycz-test-2")
    yield Bad("a checkpoint of another ledger, signed", "checkpoint", with_body(other_chain))
    other_suite = replaced(body, old='"suite":"gm"', new='"suite":"intl"')
    yield Bad("a checkpoint of another suite, signed", "checkpoint", with_body(other_suite))
    yield Bad("a checkpoint with a space, signed", "checkpoint", with_body(replaced(body, old=",", new=", ")))
    yield Bad(
        "a checkpoint of no leaves, signed", "checkpoint", with_body(replaced(body, old='"size":9', new='"size":0'))
    )
    other_clock = replaced(body, old='"clock":"block"', new='"clock":"wall"')
    yield Bad("a checkpoint of an unknown clock, signed", "checkpoint", with_body(other_clock))
    no_clock = replaced(body, old='"clock":"block",', new="")
    yield Bad("a checkpoint without a clock, signed", "checkpoint", with_body(no_clock))
    yield Bad("a signed header in the checkpoint's place", "checkpoint", with_body(log.envelopes[SHOWN][0].header))
    good = log.bundle(SHOWN)
    yield Bad("another size than was signed", "signatures", replaced(good, old='size\\":9', new='size\\":8'))
    yield Bad(
        "another height than was signed",
        "signatures",
        replaced(good, old='height\\":3,\\"size', new='height\\":4,\\"size'),
    )
    sandbox = json.loads(log.bundle(SHOWN, checkpoint=log.sign(log.body(clock="stated"))))
    as_real = changed(compact(sandbox), lambda one: one["checkpoint"].update(body=body.decode()))
    yield Bad("a sandbox ledger passed off as a real one", "signatures", as_real)
    root = json.loads(body)["root"]
    yield Bad("another root than was signed", "signatures", replaced(good, old=root, new=flip(root)))


def compact_checkpoint(log: SampleLog, body: bytes) -> bytes:
    signed = log.sign(body)
    signatures = [{"organisation": one.organisation, "signature": one.signature} for one in signed.signatures]
    return compact({"body": signed.body, "signatures": signatures})


def bad_signatures(log: SampleLog) -> Iterator[Bad]:
    body = log.body()
    order = SM2_ORDER if log.suite_name == "gm" else ED25519_ORDER

    def spoilt(name: str, change: Callable[[list[Any]], Any]) -> Bad:
        return Bad(name, "signatures", changed(log.bundle(SHOWN), lambda one: change(one["checkpoint"]["signatures"])))

    def second_half(new: Callable[[int], int]) -> Callable[[list[Any]], None]:
        """Set s of the first signature: big-endian in SM2, little-endian in Ed25519."""
        byte_order: Any = "big" if log.suite_name == "gm" else "little"

        def change(signatures: list[Any]) -> None:
            signature = bytes.fromhex(signatures[0]["signature"])
            number = new(int.from_bytes(signature[32:], byte_order)) % 2**256
            signatures[0]["signature"] = (signature[:32] + number.to_bytes(32, byte_order)).hex()

        return change

    yield spoilt("no signatures", lambda signatures: signatures.clear())
    yield spoilt("fewer signatures than the threshold", lambda signatures: signatures.pop())
    yield spoilt("signatures in another order", lambda signatures: signatures.reverse())
    yield spoilt("one organisation twice", lambda signatures: signatures.append(signatures[-1]))
    yield spoilt("one bit of a signature", lambda ones: ones[0].update(signature=flip(ones[0]["signature"], 5)))
    yield spoilt("s negated", second_half(lambda s: order - s))
    yield spoilt("s plus the order", second_half(lambda s: s + order))
    yield spoilt("s is 0", second_half(lambda _s: 0))
    yield spoilt("a signature of zeros", lambda signatures: signatures[0].update(signature="00" * 64))
    yield spoilt("one organisation's under another's name", lambda ones: ones[1].update(signature=ones[0]["signature"]))
    yield spoilt("a name changed", lambda signatures: signatures[1].update(organisation="health-commission"))
    yield spoilt("a stranger's name", lambda signatures: signatures[0].update(organisation="a-stranger"))
    earlier = log.sign(log.body(1)).signatures[0].signature
    yield spoilt("a signature on an earlier checkpoint", lambda signatures: signatures[0].update(signature=earlier))
    two_and_one_bad = log.sign(body, ORGANISATIONS)
    text = log.bundle(SHOWN, checkpoint=two_and_one_bad)
    last = two_and_one_bad.signatures[-1].signature
    yield Bad("enough signatures and a bad one", "signatures", replaced(text, old=last, new=flip(last)))
    stranger = {one: log.suite.sign(private_key(one), body) for one in (*ORGANISATIONS[:2], "stranger")}
    text = log.bundle(SHOWN, checkpoint=signed_checkpoint(body, stranger))
    yield Bad("enough signatures and a stranger's", "signatures", text)
    forged = {one: log.suite.sign(private_key("stranger"), body) for one in ORGANISATIONS[:2]}
    yield Bad("signed by another key", "signatures", log.bundle(SHOWN, checkpoint=signed_checkpoint(body, forged)))


def bad_records(log: SampleLog) -> Iterator[Bad]:
    good = log.bundle(SHOWN)
    yield Bad("another amount", "inclusion", replaced(good, old="12340050", new="12340051"))
    yield Bad("another code", "inclusion", replaced(good, old='\\"code\\":\\"ok\\"', new='\\"code\\":\\"no\\"'))
    yield Bad("a space in the record", "record", replaced(good, old='\\"code\\":', new='\\"code\\": '))
    yield Bad("another index in the bundle", "record", changed(good, setting(index=5)))
    beyond = changed(good, setting(index=9))
    yield Bad("an index beyond the log", "record", beyond)
    both = replaced(replaced(good, old='\\"index\\":4', new='\\"index\\":5'), old='"index":4', new='"index":5')
    yield Bad("another index in the bundle and the record", "inclusion", both)
    for text in ["", "{}", "[]", "1", "明", '{"type":"record/1"}', '{"type":"record/2"}', "[" * 5_000]:
        name = f"{text[:20] or 'nothing'} as the record"
        yield Bad(name, "record", changed(good, setting(record=text)))
    later = log.bundle(7, 2, checkpoint=log.sign(log.body(2, height=2)))
    yield Bad("a record of a later height than its checkpoint", "record", later)
    later = log.bundle(7, 2, checkpoint=log.sign(log.body(2, time=1)))
    yield Bad("a record of a later time than its checkpoint", "record", later)
    beyond = changed(log.bundle(6), setting(index=9))
    yield Bad("a block leaf beyond the log", "record", beyond)
    yield from bad_paths(log)


def bad_paths(log: SampleLog) -> Iterator[Bad]:
    good = log.bundle(SHOWN)
    path = json.loads(good)["inclusion"]
    garbage = "ab" * 32
    for name, hashes in [
        ("no path", []),
        ("a path without its first hash", path[1:]),
        ("a path without its last hash", path[:-1]),
        ("a path with a hash more", [*path, garbage]),
        ("a path after garbage", [garbage, *path]),
        ("a path with two hashes swapped", [path[1], path[0], *path[2:]]),
        ("one bit of a path", [flip(path[0]), *path[1:]]),
    ]:
        yield Bad(name, "inclusion", changed(good, setting(inclusion=hashes)))
    other = json.loads(log.bundle(5))["inclusion"]
    yield Bad("a neighbour's path", "inclusion", changed(good, setting(inclusion=other)))
    other = json.loads(log.bundle(SHOWN, 1))["inclusion"]
    yield Bad("a path to an earlier root", "inclusion", changed(good, setting(inclusion=other)))


def bad_envelopes(log: SampleLog) -> Iterator[Bad]:
    good = log.bundle(SHOWN)
    path = json.loads(good)["envelope"]["item_inclusion"]

    def spoilt(name: str, fails_at: str, **fields: Any) -> Bad:
        return Bad(name, fails_at, changed(good, lambda bundle: bundle["envelope"].update(fields)))

    yield Bad("no envelope", "envelope", changed(good, setting(envelope=None)))
    own = log.bundle(3, envelope=log.proof(SHOWN))
    yield Bad("an envelope at the ledger's own record", "envelope", own)
    yield Bad("an envelope at a block leaf", "envelope", log.bundle(6, envelope=log.proof(SHOWN)))
    other = log.envelopes[7][0]
    yield spoilt("another envelope", "envelope", header=other.header.decode(), signature=other.signature.hex())
    signature = json.loads(good)["envelope"]["signature"]
    yield spoilt("one bit of the signer's signature", "envelope", signature=flip(signature))
    yield spoilt("another envelope's signature", "envelope", signature=other.signature.hex())
    header = log.envelopes[SHOWN][0].header
    yield spoilt(
        "a longer time bound", "envelope", header=replaced(header, old=":1767229240", new=":1767229241").decode()
    )
    yield spoilt("no item path", "item", item_inclusion=[])
    yield spoilt("an item path with a hash more", "item", item_inclusion=[*path, path[0]])
    yield spoilt("an item path reversed", "item", item_inclusion=path[::-1])
    yield spoilt("one bit of the item path", "item", item_inclusion=[flip(path[0]), *path[1:]])


def bad_ledgers() -> Iterator[Bad]:
    """Organisations that together sign a false log still cannot make a person's signature, nor an ambiguous record."""

    def log_with(**lies: Any) -> SampleLog:
        log = sample_log("gm")
        envelope = log.envelope([payment(5, 100), payment(6, 200)], **lies.pop("header", {}))
        log.record(envelope, 0, **lies)
        log.close_block()
        return log

    last = 9
    yield Bad("an amount the signer did not sign", "item", log_with(command=payment(5, 101)).bundle(last))
    yield Bad("a blinder the signer did not sign", "item", log_with(blinder="0" * 32).bundle(last))
    yield Bad("another item of what was signed", "item", log_with(item=1).bundle(last))
    yield Bad("an item beyond what was signed", "item", log_with(item=2).bundle(last))
    yield Bad("another signer than signed", "envelope", log_with(signer="health-commission.li-jie").bundle(last))
    yield Bad("a record after the time bound", "envelope", log_with(header={"expires_at": 0}).bundle(last))
    yield Bad("an envelope for another ledger", "envelope", log_with(header={"chain_id": "x"}).bundle(last))
    yield Bad("an envelope of another form", "envelope", log_with(header={"type": "envelope/2"}).bundle(last))
    upper = sample_log("gm").suite.public_key(private_key("wang-min")).hex().upper()
    yield Bad("a public key in upper case", "envelope", log_with(header={"public_key": upper}).bundle(last))
    yield Bad("a public key that is no number", "envelope", log_with(header={"public_key": "zz" * 64}).bundle(last))
    yield Bad("a public key off the curve", "envelope", log_with(header={"public_key": "ab" * 64}).bundle(last))
    yield Bad("another's public key", "envelope", log_with(header={"public_key": "00" * 32}).bundle(last))
    for name, old, new in [
        ("a field twice in a record", '"code":"ok"', '"code":"ok","code":"ok"'),
        ("a number with an exponent in a record", '"facts":{}', '"facts":{"score":1e2}'),
        ("a fraction in a record", '"facts":{}', '"facts":{"score":1.5}'),
        ("a signed zero in a record", '"facts":{}', '"facts":{"score":-0}'),
        ("an item below 0 in a record", '"item":0', '"item":-1'),
        ("a blinder of the wrong length in a record", '"blinder":"', '"blinder":"00'),
        ("another index in a record", '"index":9', '"index":8'),
        ("an escape for a Chinese character in a record", "已", "\\u5df2"),
        ("a leaf of another type", "record/1", "record/9"),
    ]:
        log = log_with()
        log.leaves[last] = replaced(log.leaves[last], old=old, new=new)
        yield Bad(name, "record", log.bundle(last))


def bad_trusts(log: SampleLog) -> Iterator[Bad]:
    good, trust = log.bundle(SHOWN), log.trust()
    keys = {one: log.suite.public_key(private_key(one)) for one in ORGANISATIONS}

    def with_trust(name: str, text: bytes, fails_at: str = "trust") -> Bad:
        return Bad(name, fails_at, good, text)

    yield with_trust("an empty trust file", b"")
    yield with_trust("a bundle as trust file", good)
    yield with_trust("a trust file with a line feed at its end", trust + b"\n")
    yield with_trust("a threshold of 0", replaced(trust, old='"threshold":2', new='"threshold":0'))
    yield with_trust("a threshold above the number", log.trust(threshold=4))
    twice = keys | {ORGANISATIONS[2]: keys[ORGANISATIONS[0]]}
    yield with_trust("two organisations with one key", log.trust(organisations=twice))
    short = keys | {ORGANISATIONS[2]: bytes(32)}
    yield with_trust("a key of the wrong length", log.trust(organisations=short))
    yield with_trust("organisations out of order", changed(trust, reverse_organisations))
    yield with_trust(
        "a key twice for one organisation",
        replaced(trust, old='"organisations":{', new='"organisations":{"audit-bureau":"' + "0" * 128 + '",'),
    )
    yield with_trust("a trust file of another ledger", replaced(trust, old="test-1", new="test-2"), "chain")
    yield with_trust("a trust file of another suite", sample_log("intl").trust(), "chain")
    yield with_trust("a higher threshold than signatures", log.trust(threshold=3), "signatures")
    others = {one: log.suite.public_key(private_key(one + " new")) for one in ORGANISATIONS}
    yield with_trust("other keys of the same names", log.trust(organisations=others), "signatures")


def reverse_organisations(trust: Any) -> None:
    trust["organisations"] = dict(reversed(trust["organisations"].items()))


def bad_consistencies(log: SampleLog) -> Iterator[Bad]:
    good = log.consistency(0, 2)

    def spoilt(name: str, fails_at: str, change: Callable[[Any], Any]) -> Bad:
        return Bad(name, fails_at, changed(good, change), kind="consistency")

    value = json.loads(good)
    path = value["path"]
    body, later = log.body(0), log.body(2)
    yield spoilt("consistency: a field missing", "format", lambda one: one.pop("path"))
    yield spoilt("consistency: of another ledger", "chain", setting(chain_id="x"))
    yield spoilt("consistency: changed about", "order", setting(first=value["second"], second=value["first"]))
    yield spoilt("consistency: no path", "consistency", setting(path=[]))
    yield spoilt("consistency: a hash more", "consistency", setting(path=[*path, path[0]]))
    yield spoilt("consistency: a hash fewer", "consistency", setting(path=path[:-1]))
    yield spoilt("consistency: one bit", "consistency", setting(path=[flip(path[0]), *path[1:]]))
    yield spoilt("consistency: too few in the first", "first-signatures", lambda one: one["first"]["signatures"].pop())
    yield spoilt(
        "consistency: none in the second", "second-signatures", lambda one: one["second"]["signatures"].clear()
    )
    not_a_body = {"body": "{}", "signatures": []}
    yield spoilt("consistency: no first body", "first-checkpoint", setting(first=not_a_body))
    yield spoilt("consistency: no second body", "second-checkpoint", setting(second=not_a_body))
    for name, old, new in [
        ("the same height, another size", replaced(body, old='"height":1', new='"height":3'), later),
        ("time going back", body, replaced(later, old='"time":1767225680', new='"time":1767225599')),
        ("another clock", body, replaced(later, old='"clock":"block"', new='"clock":"stated"')),
        ("fewer leaves later", body, replaced(later, old='"size":9', new='"size":1')),
    ]:
        first, second = json.loads(compact_checkpoint(log, old)), json.loads(compact_checkpoint(log, new))
        changes = {"first": first, "second": second}
        yield spoilt(f"consistency: {name}", "order", setting(**changes))
    rewritten = sample_log("gm")
    rewritten.leaves[0] = replaced(rewritten.leaves[0], old='"code":"ok"', new='"code":"no"')
    second = json.loads(compact_checkpoint(rewritten, rewritten.body(2)))
    yield spoilt("consistency: a history rewritten", "consistency", setting(second=second))
    same = changed(log.consistency(2, 2), setting(path=path))
    yield Bad("consistency: a path between equals", "consistency", same, kind="consistency")


def all_bad(log: SampleLog) -> Iterator[Bad]:
    for some in (bad_texts, bad_checkpoints, bad_signatures, bad_records, bad_envelopes, bad_trusts, bad_consistencies):
        yield from some(log)
    yield from bad_ledgers()


def write_vectors() -> None:
    log = sample_log("gm")
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "keys.json").write_bytes(log.trust())
    (FOLDER / "good.json").write_bytes(log.bundle(SHOWN))
    (FOLDER / "good-single.json").write_bytes(log.bundle(7))
    (FOLDER / "good-ledger.json").write_bytes(log.bundle(3))
    (FOLDER / "good-block.json").write_bytes(log.bundle(6))
    (FOLDER / "good-sandbox.json").write_bytes(log.bundle(SHOWN, checkpoint=log.sign(log.body(clock="stated"))))
    (FOLDER / "consistency.json").write_bytes(log.consistency(0, 2))
    bad = [
        {
            "name": one.name,
            "kind": one.kind,
            "fails_at": one.fails_at,
            "text": one.text.decode(),
            "trust": one.trust.decode() if one.trust is not None else None,
        }
        for one in all_bad(log)
    ]
    (FOLDER / "bad.json").write_text(json.dumps(bad, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_vectors()
