"""Proof bundles: what a citizen needs to check one record of the ledger without asking the node.

The format, its builder from plain values, and its verification against a trust file. Every byte of a bundle is
covered: the file is canonical, and each field is fixed by another, by the root or by a signature. Reading records and
paths from a store is done elsewhere, and so is showing the verdict. docs/reference/bundle-format.md writes the format
down byte by byte.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from mingzhang.chain import merkle
from mingzhang.chain.checkpoints import (
    ChainId,
    Checkpoint,
    Part,
    Path,
    SignedCheckpoint,
    SuiteName,
    Verdict,
    check_belongs,
    check_checkpoint,
    check_trust,
    checked_bytes,
)
from mingzhang.chain.codec import (
    Blinder,
    CodecError,
    Count,
    Seconds,
    Signature,
    Wire,
    check_text,
    decode,
)
from mingzhang.chain.findings import CheckFailed, Finding, held, read
from mingzhang.chain.operations import Header
from mingzhang.chain.suites import Suite

_LEAF_TYPES = ("record/1", "block/1", "state/1")
_public_key = re.compile(r"(?:[0-9a-f]{64}|[0-9a-f]{128})\Z")


class EnvelopeProof(Part, frozen=True):
    """That the record's command was an item of a batch its signer signed.

    The item leaf itself is not here: it is rebuilt from the record's own blinder and command.
    """

    header: str
    signature: Signature
    item_inclusion: Path


class Bundle(Wire, tag="bundle/1", frozen=True):
    """One leaf as its exact text, its path to a root, and the signatures under that root."""

    chain_id: ChainId
    suite: SuiteName
    record: str
    index: Count
    inclusion: Path
    checkpoint: SignedCheckpoint
    envelope: EnvelopeProof | None


class _Record(msgspec.Struct, tag_field="type", tag="record/1", frozen=True):
    """Those fields of a record that other parts of a bundle must agree with."""

    index: Count
    height: Count
    time: Seconds
    envelope: str
    signer: str
    item: Count
    blinder: Blinder
    command: msgspec.Raw


def item_leaf(blinder: str, command: bytes) -> bytes:
    """The data of an item's leaf, given the command's exact bytes."""
    return b'{"type":"item/1","blinder":"%s","command":%s}' % (blinder.encode("ascii"), command)


def envelope_proof(*, header: bytes, signature: bytes, item_inclusion: Sequence[bytes]) -> EnvelopeProof:
    """The part of a bundle that shows who signed; `item_inclusion` is the item's path under the header's items root."""
    hashes = tuple(one.hex() for one in item_inclusion)
    return EnvelopeProof(header=header.decode("utf-8"), signature=signature.hex(), item_inclusion=hashes)


def build_bundle(
    *,
    record: bytes,
    index: int,
    inclusion: Sequence[bytes],
    checkpoint: SignedCheckpoint,
    envelope: EnvelopeProof | None,
) -> bytes:
    """The bytes of a bundle for the leaf `record`, whose path leads to the checkpoint's root.

    A record that came in an envelope needs its proof, any other leaf has none. Raises CodecError for malformed parts;
    whether they belong together is for `verify_bundle` to say.
    """
    body = decode(checkpoint.body.encode("utf-8"), Checkpoint)
    bundle = Bundle(
        chain_id=body.chain_id,
        suite=body.suite,
        record=record.decode("utf-8"),
        index=index,
        inclusion=tuple(one.hex() for one in inclusion),
        checkpoint=checkpoint,
        envelope=envelope,
    )
    return checked_bytes(bundle)


def verify_bundle(bundle_bytes: bytes, trust_bytes: bytes) -> Verdict:
    """Check a bundle/1 file against a trust/1 file. Never raises for what the files hold.

    Steps: trust, format, chain, checkpoint, signatures, record, inclusion, envelope, item (the last only where the
    record came in an envelope).
    """
    findings: list[Finding] = []
    try:
        trust, suite = check_trust(findings, trust_bytes)
        bundle = read("format", bundle_bytes, Bundle, names=("证明文件", "bundle"))
        findings.append(held("format", "证明文件格式规范。", "The bundle is in its canonical form."))
        check_belongs(findings, trust, bundle)
        checkpoint = check_checkpoint(findings, trust, bundle.checkpoint)
        shown, record = _check_record(findings, bundle, checkpoint)
        findings.append(_check_inclusion(suite, bundle, checkpoint))
        if record is None or record.envelope == "":
            findings.append(_check_no_envelope(bundle))
        else:
            header, finding = _check_envelope(suite, bundle, record)
            findings.append(finding)
            findings.append(_check_item(suite, bundle, header, record=record))
    except CheckFailed as failed:
        return Verdict(False, (*findings, failed.finding))
    return Verdict(True, tuple(findings), shown, checkpoint)


def _check_record(
    findings: list[Finding], bundle: Bundle, checkpoint: Checkpoint
) -> tuple[dict[str, Any], _Record | None]:
    """The leaf decoded for showing, and the fields to compare if it is a record (else None)."""
    step = "record"
    data = bundle.record.encode("utf-8")
    try:
        shown = _decode_leaf(data)
        record = msgspec.json.decode(data, type=_Record) if shown["type"] == "record/1" else None
    except (CodecError, msgspec.DecodeError) as error:
        raise CheckFailed(step, f"记录的格式不规范（{error}）。", f"The record is not well formed: {error}.") from None
    if bundle.index >= checkpoint.size:
        raise CheckFailed(
            step,
            f"记录序号 {bundle.index} 超出检查点的 {checkpoint.size} 条。",
            f"The record's index {bundle.index} lies beyond the checkpoint's {checkpoint.size} leaves.",
        )
    if record is not None and record.index != bundle.index:
        raise CheckFailed(
            step,
            f"记录自称第 {record.index} 条，证明文件称第 {bundle.index} 条。",
            f"The record says it is number {record.index}, the bundle says {bundle.index}.",
        )
    if record is not None and (record.height > checkpoint.height or record.time > checkpoint.time):
        raise CheckFailed(
            step,
            f"记录（高度 {record.height}、时间 {record.time}）晚于检查点"
            f"（高度 {checkpoint.height}、时间 {checkpoint.time}）。",
            f"The record (height {record.height}, time {record.time}) is later than the checkpoint (height"
            f" {checkpoint.height}, time {checkpoint.time}).",
        )
    findings.append(
        held(
            step,
            f"记录格式规范：第 {bundle.index} 条（{shown['type']}）。",
            f"The record is well formed: number {bundle.index} ({shown['type']}).",
        )
    )
    return shown, record


def _decode_leaf(data: bytes) -> dict[str, Any]:
    """A leaf as plain values, of which no other text is possible. Raises CodecError or msgspec.DecodeError."""
    try:
        value = _leaf_decoder.decode(data)
        same = msgspec.json.encode(value)
    except RecursionError:
        raise CodecError("nested too deeply") from None
    # Fields keep the record's own order, so encoding anew finds duplicate keys, white space and odd forms of numbers.
    if same != data:
        raise CodecError("duplicate keys, white space or number form")
    check_text(data)
    if not isinstance(value, dict) or value.get("type") not in _LEAF_TYPES:
        raise CodecError(f"type: must be one of {', '.join(_LEAF_TYPES)}")
    return value


def _refuse_fraction(text: str) -> int:
    raise ValueError(f"{text}: numbers must be integers")


_leaf_decoder = msgspec.json.Decoder(float_hook=_refuse_fraction)


def _check_inclusion(suite: Suite, bundle: Bundle, checkpoint: Checkpoint) -> Finding:
    included = merkle.verify_inclusion(
        suite.hash,
        leaf_hash=merkle.leaf_hash(suite.hash, bundle.record.encode("utf-8")),
        index=bundle.index,
        size=checkpoint.size,
        path=[bytes.fromhex(one) for one in bundle.inclusion],
        root=bytes.fromhex(checkpoint.root),
    )
    if not included:
        raise CheckFailed(
            "inclusion",
            "记录不能归入检查点的根：记录、序号或路径有改动。",
            "The record does not lead to the checkpoint's root: the record, its index or the path was altered.",
        )
    return held(
        "inclusion",
        f"记录确为检查点所证账本的第 {bundle.index} 条（共 {checkpoint.size} 条）。",
        f"The record is number {bundle.index} of the {checkpoint.size} leaves the checkpoint stands for.",
    )


def _check_no_envelope(bundle: Bundle) -> Finding:
    if bundle.envelope is not None:
        raise CheckFailed(
            "envelope",
            "记录由账本自身产生，证明文件却附有签名信封。",
            "The ledger made this record itself, yet the bundle carries a signed envelope.",
        )
    return held(
        "envelope",
        "记录由账本自身产生，没有签发人。",
        "The ledger made this record itself; it has no signer.",
    )


def _check_envelope(suite: Suite, bundle: Bundle, record: _Record) -> tuple[Header, Finding]:
    step = "envelope"
    proof = bundle.envelope
    if proof is None:
        raise CheckFailed(
            step,
            "记录来自签名信封，证明文件却没有附上。",
            "The record came in a signed envelope, which the bundle lacks.",
        )
    data = proof.header.encode("utf-8")
    if suite.hash(data).hex() != record.envelope:
        raise CheckFailed(
            step,
            "信封头不是记录所指的信封。",
            "The envelope's header is not the one that the record names.",
        )
    header = read(step, data, Header, names=("信封头", "envelope's header"))
    _require_header_agrees(step, header, bundle, record=record)
    if not suite.verify(bytes.fromhex(header.public_key), data, bytes.fromhex(proof.signature)):
        raise CheckFailed(
            step,
            f"签发人 {header.signer} 在信封上的签名无效。",
            f"The signature of {header.signer} on the envelope does not hold.",
        )
    finding = held(
        step,
        f"信封由 {header.signer} 签名，签名有效（公钥 {header.public_key}）。",
        f"The envelope is signed by {header.signer}, and the signature holds (public key {header.public_key}).",
    )
    return header, finding


def _require_header_agrees(step: str, header: Header, bundle: Bundle, *, record: _Record) -> None:
    """What a header and its record say of the same things must be the same."""
    if header.chain_id != bundle.chain_id:
        raise CheckFailed(
            step,
            f"信封属于账本 {header.chain_id}，不是 {bundle.chain_id}。",
            f"The envelope is of ledger {header.chain_id}, not of {bundle.chain_id}.",
        )
    if header.signer != record.signer:
        raise CheckFailed(
            step,
            f"信封的签发人是 {header.signer}，记录的签发人是 {record.signer}。",
            f"The envelope's signer is {header.signer}, the record's is {record.signer}.",
        )
    if record.time >= header.expires_at:
        raise CheckFailed(
            step,
            f"记录的时间 {record.time} 已到信封的有效期 {header.expires_at}。",
            f"The record's time {record.time} is not before the envelope's time bound {header.expires_at}.",
        )
    if _public_key.match(header.public_key) is None:
        raise CheckFailed(step, "信封中的公钥格式不规范。", "The envelope's public key is not well formed.")


def _check_item(suite: Suite, bundle: Bundle, header: Header, *, record: _Record) -> Finding:
    path = bundle.envelope.item_inclusion if bundle.envelope is not None else ()
    included = merkle.verify_inclusion(
        suite.hash,
        leaf_hash=merkle.leaf_hash(suite.hash, item_leaf(record.blinder, bytes(record.command))),
        index=record.item,
        size=header.items_count,
        path=[bytes.fromhex(one) for one in path],
        root=bytes.fromhex(header.items_root),
    )
    if not included:
        raise CheckFailed(
            "item",
            f"记录的指令不是信封所签的第 {record.item} 项：指令、盲因子或路径有改动。",
            f"The record's command is not item {record.item} of what was signed: command, blinder or path differ.",
        )
    return held(
        "item",
        f"记录的指令正是信封所签 {header.items_count} 项中的第 {record.item} 项（从 0 起）。",
        f"The record's command is item {record.item} (from 0) of the {header.items_count} that were signed.",
    )
