"""Signed checkpoints, the trust file they are checked against, and the proof that a log only grew between two of them.

A checkpoint says how long the log was at a height, and its root; member organisations sign its exact bytes. When one
is due, and where it is kept, is decided elsewhere (contracts, node). The formats are written down byte by byte in
docs/reference/bundle-format.md, so that other programs can check them.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from mingzhang.chain import merkle
from mingzhang.chain.codec import MAX_SAFE_INT, Count, Digest, Id, PublicKey, Seconds, Signature, Wire, decode, encode
from mingzhang.chain.findings import CheckFailed, Finding, held, read
from mingzhang.chain.suites import Suite, suite_named

MAXIMUM_ORGANISATIONS = 200
"""Bounds a check at one signature an organisation; a province has fewer departments that could be members."""

ChainId = Annotated[str, Meta(min_length=1, max_length=64, description="name of a ledger, fixed at its genesis")]
SuiteName = Literal["gm", "intl"]
Clock = Literal["block", "stated"]
"""Whether the ledger's time is its blocks' own, or stated by a person (沙盒时钟): fixed at its genesis."""

# A tree of 2^53 leaves is 53 levels deep; a consistency path has one hash more.
Path = Annotated[tuple[Digest, ...], Meta(max_length=54, description="hashes of a Merkle path, from the leaf upwards")]

_SAID_OF_CLOCK = {
    "block": ("", ""),
    "stated": (
        "账本使用沙盒时钟（演示/培训），时间由人设定。",
        " The ledger runs on a sandbox clock (demonstration, training): its time was set by a person.",
    ),
}


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what only stands inside another format, and so names no type of its own."""


class Checkpoint(Wire, tag="checkpoint/1", frozen=True):
    """The body that is signed: at `height`, closed at ledger time `time`, the log held `size` leaves under `root`.

    `clock` stands here so that no proof of a sandbox ledger can be shown without saying so.
    """

    chain_id: ChainId
    suite: SuiteName
    clock: Clock
    height: Count
    size: Annotated[int, Meta(ge=1, le=MAX_SAFE_INT, description="number of leaves; that of genesis is the first")]
    root: Digest
    time: Seconds


class CheckpointSignature(Part, frozen=True):
    """One organisation's signature over the exact bytes of a checkpoint's body."""

    organisation: Id
    signature: Signature


class SignedCheckpoint(Part, frozen=True):
    """A checkpoint's body as the exact text that was signed, and the signatures, ordered by organisation."""

    body: str
    signatures: Annotated[tuple[CheckpointSignature, ...], Meta(max_length=MAXIMUM_ORGANISATIONS)]


class Trust(Wire, tag="trust/1", frozen=True):
    """What a verifier must have from elsewhere: who may sign checkpoints of a ledger, and how many of them must."""

    chain_id: ChainId
    suite: SuiteName
    threshold: Annotated[int, Meta(ge=1, le=MAXIMUM_ORGANISATIONS)]
    organisations: Annotated[dict[Id, PublicKey], Meta(min_length=1, max_length=MAXIMUM_ORGANISATIONS)]


class ConsistencyBundle(Wire, tag="consistency/1", frozen=True):
    """Two signed checkpoints, and the path showing that the second log begins with all of the first."""

    chain_id: ChainId
    suite: SuiteName
    first: SignedCheckpoint
    second: SignedCheckpoint
    path: Path


class Verdict(NamedTuple):
    """The outcome of a check: the steps in order, up to the first that failed.

    `record` (decoded) and `checkpoint` are there to be shown, and only when everything held.
    """

    ok: bool
    findings: tuple[Finding, ...]
    record: dict[str, Any] | None = None
    checkpoint: Checkpoint | None = None


def checkpoint_body(
    *, chain_id: str, suite: SuiteName, clock: Clock, height: int, size: int, root: bytes, time: int
) -> bytes:
    """The exact bytes that member organisations sign; `time` is ledger time in seconds.

    Raises CodecError for values out of bounds.
    """
    return checked_bytes(
        Checkpoint(chain_id=chain_id, suite=suite, clock=clock, height=height, size=size, root=root.hex(), time=time)
    )


def signed_checkpoint(body: bytes, signatures: Mapping[str, bytes]) -> SignedCheckpoint:
    """Put signatures (by organisation id) beside the body they were made over."""
    ordered = [
        CheckpointSignature(organisation=organisation, signature=signatures[organisation].hex())
        for organisation in sorted(signatures)
    ]
    return SignedCheckpoint(body=body.decode("utf-8"), signatures=tuple(ordered))


def trust_file(*, chain_id: str, suite: SuiteName, threshold: int, organisations: Mapping[str, bytes]) -> bytes:
    """The bytes of keys.json: public keys by organisation id. Raises CodecError for values out of bounds."""
    keys = {organisation: key.hex() for organisation, key in organisations.items()}
    return checked_bytes(Trust(chain_id=chain_id, suite=suite, threshold=threshold, organisations=keys))


def build_consistency_bundle(*, first: SignedCheckpoint, second: SignedCheckpoint, path: Sequence[bytes]) -> bytes:
    """The bytes showing that the log of `second` begins with that of `first`. Raises CodecError for malformed parts."""
    body = decode(first.body.encode("utf-8"), Checkpoint)
    hashes = tuple(one.hex() for one in path)
    return checked_bytes(
        ConsistencyBundle(chain_id=body.chain_id, suite=body.suite, first=first, second=second, path=hashes)
    )


def verify_consistency_bundle(bundle_bytes: bytes, trust_bytes: bytes) -> Verdict:
    """Check a consistency/1 file against a trust/1 file. Never raises for what the files hold.

    Steps: trust, format, chain, first-checkpoint, first-signatures, second-checkpoint, second-signatures, order,
    consistency. The verdict's checkpoint is the second.
    """
    findings: list[Finding] = []
    try:
        trust, suite = check_trust(findings, trust_bytes)
        bundle = read("format", bundle_bytes, ConsistencyBundle, names=("一致性证明文件", "consistency bundle"))
        findings.append(held("format", "一致性证明文件格式规范。", "The consistency bundle is in its canonical form."))
        check_belongs(findings, trust, bundle)
        first = check_checkpoint(findings, trust, bundle.first, which=("前一", "first"))
        second = check_checkpoint(findings, trust, bundle.second, which=("后一", "second"))
        _check_order(findings, first, second)
        _check_consistency(findings, suite, first, second=second, path=bundle.path)
    except CheckFailed as failed:
        return Verdict(False, (*findings, failed.finding))
    return Verdict(True, tuple(findings), None, second)


def check_trust(findings: list[Finding], data: bytes) -> tuple[Trust, Suite]:
    """Read a trust file. Appends to `findings`; raises CheckFailed if it cannot be relied on."""
    step = "trust"
    trust = read(step, data, Trust, names=("信任文件", "trust file"))
    suite = suite_named(trust.suite)
    count = len(trust.organisations)
    if trust.threshold > count:
        raise CheckFailed(
            step,
            f"信任文件要求 {trust.threshold} 家机构签名，却只列出 {count} 家。",
            f"The trust file asks for {trust.threshold} organisations but lists only {count}.",
        )
    if len(frozenset(trust.organisations.values())) < count:
        raise CheckFailed(
            step,
            "信任文件中有两家机构使用同一公钥，一方的签名会被重复计数。",
            "Two organisations in the trust file have the same public key, so one party could count twice.",
        )
    for organisation, public_key in trust.organisations.items():
        if len(public_key) != 2 * suite.public_key_size:
            raise CheckFailed(
                step,
                f"信任文件中 {organisation} 的公钥长度不符合 {trust.suite} 套件。",
                f"The trust file's public key of {organisation} has the wrong length for the suite {trust.suite}.",
            )
    fingerprint = suite.hash(data).hex()
    findings.append(
        held(
            step,
            f"信任文件有效：账本 {trust.chain_id}，{count} 家机构中须有 {trust.threshold} 家签名；指纹 {fingerprint}。",
            f"The trust file is valid: ledger {trust.chain_id}, {trust.threshold} of {count} organisations must sign;"
            f" fingerprint {fingerprint}.",
        )
    )
    return trust, suite


def check_belongs(findings: list[Finding], trust: Trust, bundle: Any) -> None:
    """A file (anything with chain_id and suite) must speak of the ledger and suite that the trust file names."""
    _require_same_ledger("chain", trust, bundle, names=("证明文件", "bundle"))
    findings.append(
        held(
            "chain",
            f"证明文件与信任文件属于同一账本 {trust.chain_id}，套件 {trust.suite}。",
            f"The bundle and the trust file are of the same ledger {trust.chain_id}, suite {trust.suite}.",
        )
    )


def check_checkpoint(
    findings: list[Finding], trust: Trust, signed: SignedCheckpoint, *, which: tuple[str, str] = ("", "")
) -> Checkpoint:
    """Check a checkpoint's body, then its signatures. `which` tells two checkpoints of one file apart."""
    names = (f"{which[0]}检查点", f"{which[1]} checkpoint".strip())
    prefix = f"{which[1]}-" if which[1] else ""
    checkpoint = read(f"{prefix}checkpoint", signed.body.encode("utf-8"), Checkpoint, names=names)
    _require_same_ledger(f"{prefix}checkpoint", trust, checkpoint, names=names)
    said_zh, said_en = _SAID_OF_CLOCK[checkpoint.clock]
    findings.append(
        held(
            f"{prefix}checkpoint",
            f"{names[0]}格式规范：区块高度 {checkpoint.height}，共 {checkpoint.size} 条。{said_zh}",
            f"The {names[1]} is well formed: height {checkpoint.height}, {checkpoint.size} leaves.{said_en}",
        )
    )
    findings.append(_check_signatures(f"{prefix}signatures", trust, signed, names=names))
    return checkpoint


def checked_bytes(value: Wire) -> bytes:
    """Canonical bytes of a value, read back once because constructors check nothing. Raises CodecError."""
    data = encode(value)
    decode(data, type(value))
    return data


def _require_same_ledger(step: str, trust: Trust, file: Any, *, names: tuple[str, str]) -> None:
    if file.chain_id != trust.chain_id:
        raise CheckFailed(
            step,
            f"{names[0]}属于账本 {file.chain_id}，信任文件属于账本 {trust.chain_id}。",
            f"The {names[1]} is of ledger {file.chain_id}, the trust file of ledger {trust.chain_id}.",
        )
    if file.suite != trust.suite:
        raise CheckFailed(
            step,
            f"{names[0]}使用 {file.suite} 套件，信任文件使用 {trust.suite} 套件。",
            f"The {names[1]} uses the suite {file.suite}, the trust file {trust.suite}.",
        )


def _check_signatures(step: str, trust: Trust, signed: SignedCheckpoint, *, names: tuple[str, str]) -> Finding:
    name_zh, name_en = names
    suite = suite_named(trust.suite)
    organisations = [one.organisation for one in signed.signatures]
    if any(first >= second for first, second in pairwise(organisations)):
        raise CheckFailed(
            step,
            f"{name_zh}的签名须按机构标识排列，每家机构一个。",
            f"The {name_en}'s signatures must be ordered by organisation, one each.",
        )
    for one in signed.signatures:
        public_key = trust.organisations.get(one.organisation)
        if public_key is None:
            raise CheckFailed(
                step,
                f"在{name_zh}上签名的 {one.organisation} 不在信任文件中。",
                f"{one.organisation}, which signed the {name_en}, is not in the trust file.",
            )
        if not suite.verify(bytes.fromhex(public_key), signed.body.encode("utf-8"), bytes.fromhex(one.signature)):
            raise CheckFailed(
                step,
                f"{one.organisation} 在{name_zh}上的签名无效。",
                f"The signature of {one.organisation} on the {name_en} does not hold.",
            )
    if len(organisations) < trust.threshold:
        raise CheckFailed(
            step,
            f"{name_zh}只有 {len(organisations)} 家机构签名，少于所需的 {trust.threshold} 家。",
            f"The {name_en} is signed by {len(organisations)} organisations, fewer than the {trust.threshold} needed.",
        )
    return held(
        step,
        f"{name_zh}由 {'、'.join(organisations)} 有效签名，达到所需的 {trust.threshold} 家。",
        f"The {name_en} is validly signed by {', '.join(organisations)}; {trust.threshold} were needed.",
    )


def _check_order(findings: list[Finding], first: Checkpoint, second: Checkpoint) -> None:
    """The same checkpoint twice, or a later one: blocks follow each other, and neither leaves nor time go back."""
    if first.clock != second.clock:
        raise CheckFailed(
            "order",
            "两个检查点所称的账本时钟不同；时钟由创世确定，不能改变。",
            "The two checkpoints name different clocks; a ledger's clock is fixed at its genesis.",
        )
    follows = first.height < second.height and first.size <= second.size and first.time <= second.time
    if not follows and first != second:
        raise CheckFailed(
            "order",
            "后一检查点的高度须大于前一检查点，条数和时间不得小于前一检查点。",
            "The second checkpoint must have a greater height than the first, and no smaller size or time.",
        )
    findings.append(
        held(
            "order",
            f"高度由 {first.height} 到 {second.height}，条数由 {first.size} 到 {second.size}。",
            f"From height {first.height} to {second.height}, from {first.size} leaves to {second.size}.",
        )
    )


def _check_consistency(
    findings: list[Finding], suite: Suite, first: Checkpoint, *, second: Checkpoint, path: Sequence[str]
) -> None:
    consistent = merkle.verify_consistency(
        suite.hash,
        old_size=first.size,
        new_size=second.size,
        old_root=bytes.fromhex(first.root),
        new_root=bytes.fromhex(second.root),
        path=[bytes.fromhex(one) for one in path],
    )
    if not consistent:
        raise CheckFailed(
            "consistency",
            "后一检查点的账本并非由前一检查点续写而成，或路径有改动。",
            "The second checkpoint's log does not continue the first's, or the path was altered.",
        )
    findings.append(
        held(
            "consistency",
            f"后一检查点的前 {first.size} 条与前一检查点完全相同：只有追加，没有改动。",
            f"The first {first.size} leaves are the same in both: the log was appended to, not changed.",
        )
    )
