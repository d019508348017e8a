"""Bundles and checkpoints: what must hold holds, and whatever is changed fails at the step that says so."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chain import naive_bundle
from tests.chain.bundle_log import CHAIN_ID, SuiteName, private_key, sample_log
from tests.chain.make_bundle_example import DOCUMENT, example
from tests.chain.make_bundle_vectors import FOLDER, Bad, all_bad

from mingzhang.chain import bundles, checkpoints, findings
from mingzhang.chain.bundles import item_leaf, verify_bundle
from mingzhang.chain.checkpoints import ConsistencyBundle, Verdict, verify_consistency_bundle
from mingzhang.chain.codec import CodecError, Wire, encode
from mingzhang.chain.operations import Header, ItemLeaf, Record
from mingzhang.chain.suites import suite_named
from mingzhang.chain.tx import build_envelope

Check = Callable[[bytes, bytes], Verdict]
SUITES: tuple[SuiteName, ...] = ("gm", "intl")
LOGS = {name: sample_log(name) for name in SUITES}
TRUST = (FOLDER / "keys.json").read_bytes()
GOOD_FILES = sorted(FOLDER.glob("good*.json"))
BAD = [
    Bad(
        one["name"],
        one["fails_at"],
        one["text"].encode(),
        None if one["trust"] is None else one["trust"].encode(),
        one["kind"],
    )
    for one in json.loads((FOLDER / "bad.json").read_text(encoding="utf-8"))
]
STEPS = ["trust", "format", "chain", "checkpoint", "signatures", "record", "inclusion", "envelope", "item"]


def check_of(kind: str) -> Check:
    return verify_bundle if kind == "bundle" else verify_consistency_bundle


def trust_of(bad: Bad) -> bytes:
    return bad.trust if bad.trust is not None else TRUST


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_leaf_is_proved_at_every_checkpoint_after_it(suite: SuiteName, number: int) -> None:
    log = LOGS[suite]
    for index in range(log.checkpoints[number][1]):
        verdict = verify_bundle(log.bundle(index, number), log.trust())
        assert verdict.ok, verdict.findings[-1]
        signed = index in log.envelopes
        assert [one.step for one in verdict.findings] == (STEPS if signed else STEPS[:-1])
        assert verdict.record == json.loads(log.leaves[index])
        assert verdict.checkpoint is not None
        assert (verdict.checkpoint.height, verdict.checkpoint.size) == log.checkpoints[number][:2]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (0, 2), (1, 2)])
def test_a_log_that_only_grew_is_consistent(suite: SuiteName, first: int, second: int) -> None:
    log = LOGS[suite]
    verdict = verify_consistency_bundle(log.consistency(first, second), log.trust())
    assert verdict.ok, verdict.findings[-1]


def test_what_the_machine_writes_is_what_a_bundle_reads() -> None:
    """The record, header and item leaf of the ledger's own code, not those of the sample log."""

    class Request(Wire, tag="payments.request/1", frozen=True):
        payment_id: str
        amount_fen: int

    suite = suite_named("gm")
    log = sample_log("gm")
    commands = [Request(payment_id="a:1", amount_fen=5), Request(payment_id="a:2", amount_fen=6)]
    key = private_key("wang-min")
    expires_at = log.time + 60
    raw = build_envelope(
        suite,
        commands,
        chain_id=CHAIN_ID,
        envelope_id="0" * 32,
        signer="wang-min",
        private_key=key,
        expires_at=expires_at,
        seed="1" * 32,
    )
    sent = json.loads(raw)
    made = log.envelope([json.loads(encode(command)) for command in commands])
    made.header, made.signature = encode_header(sent["header"]), bytes.fromhex(sent["signature"])
    made.blinders = [suite.hash(b"mingzhang/blinder/1" + b"\x11" * 16 + bytes([0, 0, 0, n]))[:16].hex() for n in (0, 1)]
    made.items = [encode(ItemLeaf(blinder=made.blinders[n], command=commands[n])) for n in (0, 1)]
    assert made.items == [item_leaf(made.blinders[n], encode(commands[n])) for n in (0, 1)]
    index = log.record(made, 1)
    log.leaves[index] = encode(
        Record(
            index=index,
            height=log.height,
            time=log.time,
            envelope=suite.hash(made.header).hex(),
            signer="wang-min",
            item=1,
            cause=None,
            blinder=made.blinders[1],
            command=commands[1],
            code="ok",
            facts={},
            events=[],
        )
    )
    log.close_block()
    verdict = verify_bundle(log.bundle(index), log.trust())
    assert verdict.ok, verdict.findings[-1]
    assert naive_bundle.check_bundle(log.bundle(index), log.trust()) == "ok"


def encode_header(fields: dict[str, Any]) -> bytes:
    return encode(Header(**{name: value for name, value in fields.items() if name != "type"}))


@pytest.mark.parametrize("path", GOOD_FILES, ids=lambda path: path.name)
def test_golden_bundle_holds(path: Path) -> None:
    verdict = verify_bundle(path.read_bytes(), TRUST)
    assert verdict.ok, verdict.findings[-1]
    assert naive_bundle.check_bundle(path.read_bytes(), TRUST) == "ok"


def test_every_proof_of_a_sandbox_ledger_says_so_and_no_other_does() -> None:
    said = "账本使用沙盒时钟（演示/培训），时间由人设定。"
    for path in GOOD_FILES:
        verdict = verify_bundle(path.read_bytes(), TRUST)
        sentences = "".join(one.sentence_zh for one in verdict.findings)
        assert (said in sentences) == (path.name == "good-sandbox.json")
        assert verdict.checkpoint is not None
        assert (verdict.checkpoint.clock == "stated") == (path.name == "good-sandbox.json")


def test_golden_consistency_bundle_holds() -> None:
    data = (FOLDER / "consistency.json").read_bytes()
    assert verify_consistency_bundle(data, TRUST).ok
    assert naive_bundle.check_consistency(data, TRUST) == "ok"


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_golden_bad_file_fails_at_its_step(bad: Bad) -> None:
    verdict = check_of(bad.kind)(bad.text, trust_of(bad))
    assert not verdict.ok
    assert verdict.findings[-1].step == bad.fails_at, verdict.findings[-1]
    assert [one.ok for one in verdict.findings] == [True] * (len(verdict.findings) - 1) + [False]
    assert verdict.findings[-1].sentence_zh
    assert verdict.findings[-1].sentence_en
    assert (verdict.record, verdict.checkpoint) == (None, None)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_the_checker_written_from_the_document_fails_at_the_same_step(bad: Bad) -> None:
    check = naive_bundle.check_bundle if bad.kind == "bundle" else naive_bundle.check_consistency
    assert check(bad.text, trust_of(bad)) == bad.fails_at


def test_golden_vectors_are_mostly_bad_ones_and_cover_every_step() -> None:
    names = [bad.name for bad in BAD]
    assert len(names) == len(set(names))
    assert len(names) > 100
    consistency_steps = {"first-checkpoint", "first-signatures", "second-checkpoint", "second-signatures"}
    assert {bad.fails_at for bad in BAD} == {*STEPS, *consistency_steps, "order", "consistency"}


def test_the_golden_vectors_can_be_made_again() -> None:
    made = {(bad.name, bad.fails_at) for bad in all_bad(sample_log("gm"))}
    assert made == {(bad.name, bad.fails_at) for bad in BAD}


def alterations(data: bytes) -> Iterator[bytes]:
    """Each byte with a low, a case or a high bit flipped, taken away, written twice, and with a byte put before it."""
    for place, byte in enumerate(data):
        before, after = data[:place], data[place + 1 :]
        for bit in (0x01, 0x20, 0x80):
            yield before + bytes([byte ^ bit]) + after
        yield before + after
        yield before + bytes([byte, byte]) + after
        for inserted in b" 0\n":
            yield before + bytes([inserted, byte]) + after
    for appended in b" 0\n}":
        yield data + bytes([appended])


def assert_every_alteration_fails(check: Check, data: bytes, trust: bytes) -> None:
    assert check(data, trust).ok
    steps = set()
    for altered in alterations(data):
        verdict = check(altered, trust)
        assert not verdict.ok, f"holds although altered: {altered!r}"
        last = verdict.findings[-1]
        assert not last.ok
        assert last.sentence_zh
        assert last.sentence_en
        steps.add(last.step)
    assert {"format", "chain"} <= steps


@pytest.mark.parametrize("index", [0, 2, 4, 6, 7])
def test_no_byte_of_a_bundle_can_be_altered_intl(index: int) -> None:
    log = LOGS["intl"]
    assert_every_alteration_fails(verify_bundle, log.bundle(index), log.trust())


def test_no_byte_of_a_bundle_can_be_altered_gm() -> None:
    assert_every_alteration_fails(verify_bundle, (FOLDER / "good.json").read_bytes(), TRUST)


@pytest.mark.parametrize(("first", "second"), [(0, 2), (1, 1)])
def test_no_byte_of_a_consistency_bundle_can_be_altered(first: int, second: int) -> None:
    log = LOGS["intl"]
    assert_every_alteration_fails(verify_consistency_bundle, log.consistency(first, second), log.trust())


@given(st.binary(max_size=200), st.sampled_from(["bundle", "consistency"]))
def test_any_bytes_get_a_verdict(data: bytes, kind: str) -> None:
    for verdict in (check_of(kind)(data, TRUST), check_of(kind)((FOLDER / "good.json").read_bytes(), data)):
        assert not verdict.ok


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_any_value_in_any_field_gets_a_verdict(data: st.DataObject) -> None:
    """Every place in a bundle, at whatever depth and inside texts too, takes any value without an exception."""
    value = json.loads((FOLDER / "good.json").read_bytes())
    holder, name = data.draw(st.sampled_from(list(places(value))))
    holder[name] = data.draw(JSON_VALUES)
    altered = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    assert not verify_bundle(altered, TRUST).ok


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    names = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for name in names:
        yield value, name
        yield from places(value[name])


def test_a_file_beyond_the_limit_is_not_parsed() -> None:
    verdict = verify_bundle(b"[" * (findings.MAXIMUM_FILE_BYTES + 1), TRUST)
    assert verdict.findings[-1].step == "format"
    assert str(findings.MAXIMUM_FILE_BYTES) in verdict.findings[-1].sentence_zh


def test_the_trust_finding_names_the_fingerprint() -> None:
    verdict = verify_bundle((FOLDER / "good.json").read_bytes(), TRUST)
    assert suite_named("gm").hash(TRUST).hex() in verdict.findings[0].sentence_zh


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("inclusion", [b"short"]),
        ("inclusion", [bytes(32)] * 55),
        ("record", '{"a":"\N{RIGHT-TO-LEFT OVERRIDE}"}'.encode()),
    ],
)
def test_a_bundle_that_nobody_could_read_is_not_built(part: str, value: Any) -> None:
    with pytest.raises(CodecError):
        LOGS["gm"].bundle(4, **{part: value})


@pytest.mark.parametrize(
    "change",
    [{"clock": "wall"}, {"height": -1}, {"size": 0}, {"size": 2**53}, {"root": b"short"}, {"time": -1}],
    ids=lambda change: next(iter(change)),
)
def test_a_checkpoint_that_nobody_could_read_is_not_made(change: dict[str, Any]) -> None:
    with pytest.raises(CodecError):
        LOGS["gm"].body(**change)


def test_a_trust_file_that_nobody_could_read_is_not_made() -> None:
    changes: list[dict[str, Any]] = [
        {"threshold": 0},
        {"organisations": {}},
        {"organisations": {"Bad Id": bytes(64)}},
        {"organisations": {"short-key": bytes(31)}},
    ]
    for change in changes:
        with pytest.raises(CodecError):
            LOGS["gm"].trust(**change)


def test_a_bundle_does_not_hold_the_other_items_of_its_batch_nor_its_neighbours() -> None:
    log = LOGS["gm"]
    text = log.bundle(4).decode()
    assert "12340050" in text
    assert "86500000" not in text
    assert not any(envelope.blinders[0] in text for envelope, _number in log.envelopes.values())


@pytest.mark.parametrize("kind", [bundles.Bundle, ConsistencyBundle, checkpoints.Checkpoint, checkpoints.Trust, Header])
def test_the_document_lists_every_field_of_every_format(kind: Any) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f'"{kind.__struct_config__.tag}"' in text
    for name in kind.__struct_fields__:
        assert f"`{name}`" in text


def test_the_documents_example_is_the_golden_bundle() -> None:
    assert DOCUMENT.read_text(encoding="utf-8").endswith(example())
