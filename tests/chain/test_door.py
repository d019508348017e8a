"""What does not get in: every code of the door with a real envelope, and that nothing of it is recorded."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.contracts.declared import WARD, declaration, prepared
from tests.chain.world import START, World

from mingzhang.chain import machine as kernel
from mingzhang.chain.codec import MAX_SAFE_INT, CodecError, decode, encode
from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.answers import MarkOverdue
from mingzhang.chain.contracts.credentials import GrantRole, RevokeKey
from mingzhang.chain.contracts.members import EnrolPerson, RegisterOrganisation
from mingzhang.chain.contracts.projects import DeclareProject
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.chain.operations import Envelope, Header
from mingzhang.chain.tx import MAX_AHEAD_SECONDS, MAX_ENVELOPE_BYTES, build_envelope

DAY = 24 * 3600


@pytest.fixture
def world() -> World:
    return World()


def organisation(number: int = 0, name: str = "门诊部") -> RegisterOrganisation:
    return RegisterOrganisation(
        organisation_id=f"clinic{number}", name=name, kind="unit", parent="hospital", division_code="441900000"
    )


def door(world: World, raw: bytes) -> tuple[str, dict[str, Any]]:
    """(code name, facts) of the refusal at the door; checks that nothing was recorded and no root changed."""
    before = (world.head, list(world.leaves))
    outcome = world.submit(raw)
    assert (world.head, world.leaves) == before
    assert not outcome.recorded
    result = outcome.results[0]
    assert result.items == ()
    assert result.door is not None, "it passed"
    return result.door.name, result.facts


def resigned(world: World, person: str, *commands: Any, **changes: Any) -> bytes:
    """An envelope whose header was changed and then signed for real."""
    envelope = decode(world.sign(person, *commands), REGISTRY.envelopes)
    fields = {name: getattr(envelope.header, name) for name in Header.__struct_fields__} | changes
    header = Header(**fields)
    signature = world.suite.sign(world.key(person), encode(header))
    return encode(Envelope(header=header, items=list(commands), seed=envelope.seed, signature=signature.hex()))


# --- Form -------------------------------------------------------------------------------------------------------------


def test_the_envelope_itself_passes(world: World) -> None:
    """Against tests below that would pass because everything is refused."""
    assert world.submit(world.sign("root", organisation())).results[0].items[0][1] == "ok"


def test_ten_megabytes_are_refused_unread(world: World) -> None:
    raw = world.sign("root", organisation())
    assert door(world, raw + b" " * (10 * 1024 * 1024)) == (
        "envelope_too_large", {"bytes": len(raw) + 10 * 1024 * 1024, "limit": MAX_ENVELOPE_BYTES}
    )  # fmt: skip


def amount_of(raw: bytes, text: bytes) -> bytes:
    found = b'"total_fen":1281760000'
    assert raw.count(found) == 1
    return raw.replace(found, b'"total_fen":' + text)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"1281760000.0", "total_fen"),
        (b"1281760000.5", "total_fen"),
        (b"1.28176e9", "total_fen"),
        (b"-1281760000", "total_fen"),
        (b"0", "total_fen"),
        (b"9007199254740992", "total_fen"),
        (b"9223372036854775808", "total_fen"),
        (b"1" + b"0" * 400, "total_fen"),
        (b'"1281760000"', "total_fen"),
        (b"01281760000", "JSON"),
        (b"null", "total_fen"),
        (b"true", "total_fen"),
        (b"NaN", "JSON"),
        (b"[" * 200_000 + b"]" * 200_000, "total_fen"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "total_fen"),
    ],
)  # fmt: skip
def test_an_amount_is_a_positive_whole_number_of_fen(text: bytes, detail: str) -> None:
    world = prepared()
    raw = amount_of(world.sign("clerk", DeclareProject(project_id=WARD, declaration=declaration())), text)
    code, facts = door(world, raw)
    assert code == "envelope_malformed"
    assert detail in facts["detail"]
    assert len(facts["detail"]) <= 300


def test_the_largest_amount_is_exact_in_a_browser() -> None:
    assert MAX_SAFE_INT == 2**53 - 1 == int(float(MAX_SAFE_INT))


def _reordered(raw: bytes) -> bytes:
    return json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "alter",
    [
        lambda raw: raw.replace(b'"name":', b'"colour":"red","name":'),
        lambda raw: raw.replace(b'"name":', b'"name":"x","name":'),
        lambda raw: raw.replace(b'"name":', b'"name": '),
        lambda raw: raw.replace(b'"name":', b'"Name":'),
        lambda raw: raw.replace(b'"parent":"hospital",', b""),
        lambda raw: raw.replace("门诊部".encode(), b"\\u95e8\\u8bca\\u90e8"),
        lambda raw: raw.replace("门诊部".encode(), "门诊部".encode("gb18030")),
        lambda raw: raw.replace("门诊部".encode(), b"\xed\xa0\x80"),
        lambda raw: raw.replace(b'"members.register_organisation/1"', b'"members.register_organisation/2"'),
        lambda raw: raw.replace(b'"members.register_organisation/1"', b'"founding.everything/1"'),
        lambda raw: raw.replace(b'"signed/1"', b'"signed/2"'),
        lambda raw: raw.replace(b'"envelope/1"', b'"envelope/9"'),
        lambda raw: raw + b"\n",
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw[:-1],
        lambda raw: raw + raw,
        lambda _raw: b"",
        lambda _raw: b"null",
        lambda _raw: b"[" * 200_000,
        lambda _raw: b"\x00" * 1000,
        _reordered,
    ],
)
def test_only_the_canonical_form_of_known_fields_gets_in(world: World, alter: Any) -> None:
    raw = world.sign("root", organisation())
    assert alter(raw) != raw
    assert door(world, alter(raw))[0] == "envelope_malformed"


@pytest.mark.parametrize(
    "name",
    ["a\x00b", "a\tb", "a\rb", "a\x1bb", "a\x7fb", "a\x85b", "\u202eabc", "a\u2066b", "a\u200fb", "a\u200bb", "\ufeffa",
     "a\u2028b", "a\U000e0041b", "a\ufffeb", "a\ue000b"],
)  # fmt: skip
def test_controls_bidi_marks_and_invisible_characters_are_refused(world: World, name: str) -> None:
    code, facts = door(world, world.sign("root", organisation(name=name)))
    assert code == "envelope_malformed"
    assert "not allowed" in facts["detail"]


def test_ordinary_chinese_and_rare_characters_get_in(world: World) -> None:
    for number, name in enumerate(("东莞市康复医院", "㐀𠀀", "Müller & Söhne", "(一)“二”、…—·℃㎡")):
        assert world.do("root", organisation(number, name)) == "ok"


def test_an_id_ends_where_it_ends(world: World) -> None:
    for name in ("clinic\n", "Clinic", "-clinic", "a" * 65, "门诊", ""):
        command = msgspec.structs.replace(organisation(), organisation_id=name)
        assert door(world, world.sign("root", command))[0] == "envelope_malformed"


def test_between_one_and_a_thousand_items(world: World) -> None:
    assert door(world, world.sign("root"))[0] == "envelope_malformed"
    many = [organisation(number) for number in range(1001)]
    assert door(world, world.sign("root", *many))[0] == "envelope_malformed"
    assert len(world.submit(world.sign("root", *many[:1000])).results[0].items) == 1000


# --- What was signed --------------------------------------------------------------------------------------------------


def test_signed_for_another_ledger(world: World) -> None:
    code, facts = door(world, world.sign("root", organisation(), chain_id="other-city"))
    assert (code, facts) == ("wrong_chain", {"chain_id": "other-city", "expected": "test-city"})


def test_what_only_the_ledger_may_ask(world: World) -> None:
    for inner in (MarkOverdue(finding_id="city:1", round=1), world.records[0].command):
        assert door(world, world.sign("root", inner))[0] == "command_is_internal"
        assert door(world, world.sign("root", organisation(), inner))[0] == "command_is_internal"


def test_items_are_those_that_were_signed(world: World) -> None:
    two = [organisation(1), organisation(2)]
    raw = world.sign("root", *two)
    envelope = decode(raw, REGISTRY.envelopes)
    for items in ([organisation(1)], [*two, organisation(3)], two[::-1], [organisation(1), organisation(3)]):
        changed = encode(msgspec.structs.replace(envelope, items=items))
        assert door(world, changed)[0] == "items_root_wrong"
    assert door(world, encode(msgspec.structs.replace(envelope, seed="f" * 32)))[0] == "items_root_wrong"
    assert door(world, resigned(world, "root", *two, items_count=3))[0] == "items_root_wrong"
    assert door(world, resigned(world, "root", *two, items_root="0" * 64))[0] == "items_root_wrong"


def test_an_altered_header_or_signature(world: World) -> None:
    raw = world.sign("root", organisation())
    envelope = decode(raw, REGISTRY.envelopes)
    signature = envelope.signature
    for bad in ("0" * 128, "f" * 128, signature[:-1] + ("0" if signature[-1] != "0" else "1")):
        assert door(world, encode(msgspec.structs.replace(envelope, signature=bad)))[0] == "signature_invalid"
    later = msgspec.structs.replace(envelope.header, expires_at=envelope.header.expires_at + 1)
    assert door(world, encode(msgspec.structs.replace(envelope, header=later)))[0] == "signature_invalid"
    assert world.submit(raw).results[0].items[0][1] == "ok"


def test_signed_by_somebody_else_in_the_name_of_another(world: World) -> None:
    assert door(world, world.sign("root", organisation(), private_key=world.key("clerk")))[0] == "key_not_of_signer"
    forged = resigned(world, "clerk", organisation(), signer="root", public_key=world.public("root"))
    assert door(world, forged)[0] == "signature_invalid"


# --- Time and replay --------------------------------------------------------------------------------------------------


def test_the_time_bound_lies_within_a_day(world: World) -> None:
    for bound, code in (
        (START - 1, "envelope_expired"),
        (START, "envelope_expired"),
        (START + MAX_AHEAD_SECONDS + 1, "time_bound_too_far"),
        (2**40, "time_bound_too_far"),
    ):
        assert door(world, world.sign("root", organisation(), expires_at=bound))[0] == code
    assert world.do("root", organisation(1)) == "ok"
    for number, bound in enumerate((START + 1, START + MAX_AHEAD_SECONDS)):
        result = world.submit(world.sign("root", organisation(number + 5), expires_at=bound)).results[0]
        assert result.items[0][1] == "ok"


def test_an_envelope_counts_once(world: World) -> None:
    raw = world.sign("root", organisation(), expires_at=START + DAY)
    both = world.submit(raw, raw).results
    assert (both[0].items[0][1], both[1].door and both[1].door.name) == ("ok", "envelope_replayed")
    assert door(world, raw)[0] == "envelope_replayed"
    world.at(START + DAY - 1)
    assert door(world, raw)[0] == "envelope_replayed"
    world.at(START + DAY)
    assert door(world, raw)[0] == "envelope_expired"
    seen = f"kernel/seen/{START + DAY:013d}"
    assert [name for name in world.reader.rows if name.startswith(seen)]
    world.must("root", organisation(1))
    assert not [name for name in world.reader.rows if name.startswith(seen)], "the table must not grow for ever"


def test_a_refused_item_is_replayed_no_more_than_an_accepted_one(world: World) -> None:
    raw = world.sign("root", msgspec.structs.replace(organisation(), parent="nowhere"))
    assert world.submit(raw).results[0].items[0][1] == "organisation_not_found"
    assert door(world, raw)[0] == "envelope_replayed"


# --- Who --------------------------------------------------------------------------------------------------------------


def test_unknown_revoked_and_ungranted_signers(world: World) -> None:
    assert door(world, world.sign("stranger", organisation()))[0] == "signer_unknown"
    assert door(world, world.sign("ledger", organisation()))[0] == "signer_unknown"
    assert door(world, world.sign("clerk", organisation()))[0] == "signer_has_no_grant_for_command"
    assert door(world, world.sign("root2", StateTime(time=START)))[0] == "signer_has_no_grant_for_command"
    world.must("root", RevokeKey(person_id="clerk", reason="x"))
    assert door(world, world.sign("clerk", organisation()))[0] == "signer_revoked"


def test_a_key_of_another_suites_length_is_no_key_here(world: World) -> None:
    raw = resigned(world, "root", organisation(), public_key="ab" * 64)
    assert door(world, raw)[0] == "key_not_of_signer"
    assert door(world, resigned(world, "root", organisation(), public_key="zz" * 32))[0] == "envelope_malformed"


def test_a_grant_of_the_past_or_the_future_opens_no_door(world: World) -> None:
    world.enrol("temp", "hospital")
    span = GrantRole(grant_id="t", person_id="temp", role="administrator", organisation="hospital", project=None,
                     from_time=START + DAY, until_time=START + 2 * DAY)  # fmt: skip
    world.must("root", span)
    assert door(world, world.sign("temp", organisation()))[0] == "signer_has_no_grant_for_command"
    world.at(START + DAY)
    assert world.do("temp", organisation()) == "ok"
    world.at(START + 2 * DAY)
    assert door(world, world.sign("temp", organisation(1)))[0] == "signer_has_no_grant_for_command"


def test_a_quota_for_each_signer_and_block(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "MAX_ITEMS_PER_SIGNER", 3)
    envelopes = [world.sign("root", organisation(2 * n), organisation(2 * n + 1)) for n in range(2)]
    other = world.sign("root2", organisation(9))
    results = world.submit(*envelopes, other).results
    assert [result.door and result.door.name for result in results] == [None, "over_quota", None]
    assert world.submit(envelopes[1]).results[0].door is None, "it may come again with the next block"


def test_what_a_door_let_in_is_refused_with_a_record(world: World) -> None:
    before = len(world.records)
    assert world.do("root", msgspec.structs.replace(organisation(), parent="nowhere")) == "organisation_not_found"
    record = world.records[-1]
    assert len(world.records) == before + 1
    assert (record.signer, record.code, record.events, record.facts) == (
        "root", "organisation_not_found", [], {"organisation": "nowhere"}
    )  # fmt: skip


# --- Any bytes --------------------------------------------------------------------------------------------------------

ONE = World()
RAW = build_envelope(
    ONE.suite, [EnrolPerson(person_id="nurse", organisation="hospital", post="护士", public_key=ONE.public("nurse"),
                            name_commitment=None)],
    chain_id="test-city", envelope_id="ab" * 16, signer="root", private_key=ONE.key("root"), expires_at=START + 60,
    seed="cd" * 16,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_altered_byte_gets_in(data: st.DataObject) -> None:
    """Not even one that changes only the form: what is stored is what was signed."""
    at = data.draw(st.integers(0, len(RAW) - 1))
    new = data.draw(st.integers(0, 255))
    if new == RAW[at]:
        return
    try:
        opened: Any = ONE.machine.open(RAW[:at] + bytes([new]) + RAW[at + 1 :])
    except Refused as refusal:
        opened = refusal
    outcome = ONE.machine.apply_block(ONE.head, START, [opened])
    assert outcome.results[0].door is not None
    assert not outcome.recorded


@settings(max_examples=200, deadline=None)
@given(raw=st.one_of(st.binary(max_size=200), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_any_bytes_are_answered_with_a_code(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        ONE.machine.open(raw)
    assert refusal.value.code.name == "envelope_malformed"
    with pytest.raises(CodecError):
        decode(raw, REGISTRY.leaves)
