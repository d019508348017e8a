"""What proves: `checkpoint`, `bundle`, `consistency` and `trust` make files for others, `verify` checks one anywhere.

Nothing is decided here: proofs are made in node/proofs.py and checked in chain/bundles.py and chain/checkpoints.py.
"""

from pathlib import Path
from typing import Any

import click
import msgspec

from mingzhang.chain import bundles, checkpoints
from mingzhang.chain.codes import code_named
from mingzhang.chain.contracts.disclosure import read_publication
from mingzhang.chain.contracts.members import read_consortium
from mingzhang.chain.contracts.settings import read_settings
from mingzhang.chain.findings import MAXIMUM_FILE_BYTES
from mingzhang.cli import explaining
from mingzhang.cli.command import Group, describe
from mingzhang.cli.errors import Failed
from mingzhang.cli.keys import DIRECTORY
from mingzhang.cli.output import Column, Output, beijing, explained
from mingzhang.cli.published import show_published
from mingzhang.desk import Desk
from mingzhang.node import proofs
from mingzhang.views import payment_lists
from mingzhang.views.records import RecordFilter, list_records
from mingzhang.views.settlements import list_receipts

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
OUTPUT_FILE = click.Path(path_type=Path, dir_okay=False)
CHECKPOINT_COLUMNS = (
    Column("size", "条数", "size", "int"),
    Column("height", "高度", "height", "int"),
    Column("time", "账本时间", "ledger time", "time"),
    Column("signed_by", "已签单位", "signed by"),
    Column("root", "根", "root"),
)
_own = Group(zh="", en="")


def add_to(group: Group) -> None:
    """Add the five commands."""
    for command in (checkpoint, bundle, consistency, trust, verify):
        group.add_command(command)


@describe(
    _own, "checkpoint",
    zh="以本目录保存的各单位密钥签署检查点：账本到此为止的条数和根。此前没有新记录时补齐所缺签名，不另立新点。",
    en="Sign a checkpoint (how many leaves, under which root) with the organisations' keys in this directory."
    " If nothing was recorded since the last one, that one gets the signatures it lacks.",
    examples=("mingzhang checkpoint mydir",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
def checkpoint(output: Output, directory: Path) -> None:
    """Sign where the ledger stands."""
    with Desk.open(directory, writing=False) as desk:
        consortium = read_consortium(desk.view())
        private_keys = {
            key.key_id: key.private_key
            for key in desk.organisation_keys()
            if consortium.get(key.key_id) == key.public_key.hex()
        }
        if not private_keys:
            raise Failed("本目录没有任何单位的检查点密钥", "this directory holds no organisation's checkpoint key")
        row = proofs.sign_checkpoint(desk.store, private_keys)
        threshold = read_settings(desk.view()).checkpoint_threshold
    signers = [one.organisation for one in proofs.read_checkpoint(row).signatures]
    body = msgspec.json.decode(row.body)
    if output.as_json:
        output.json({"checkpoint": body, "signed_by": signers, "threshold": threshold})
    else:
        output.pairs(
            (
                ("账本", "ledger", body["chain_id"]), ("高度", "height", body["height"]),
                ("条数", "size", body["size"]), ("根", "root", body["root"]),
                ("账本时间", "ledger time", beijing(body["time"])), ("已签单位", "signed by", signers),
            )
        )  # fmt: skip
    if len(signers) < threshold:
        output.note(
            f"须有 {threshold} 家签名，现有 {len(signers)} 家，尚不能用于证明",
            f"{threshold} organisations must sign and {len(signers)} have: it cannot prove anything yet",
        )


@describe(
    _own, "bundle",
    zh="导出一条记录的证明文件：记录原文、归入路径、已签检查点、签名信封头。任何人可用 verify 核验。",
    en="Export the proof of one record: its exact bytes, its path, a signed checkpoint, who signed it."
    " Anyone can check it with `verify`.",
    examples=(
        "mingzhang bundle mydir --payment hospital:2022-001 > b.json",
        "mingzhang bundle mydir --record 120 -o b.json",
    ),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.option("--payment", metavar="ID", help="支付编号 a payment, by its id")
@click.option("--publication", metavar="ID", help="公开编号 a publication, by its id")
@click.option("--settlement", metavar="ID", help="支付编号（取其银行回单）the receipt of a payment, by its id")
@click.option("--record", type=click.IntRange(0), metavar="INDEX", help="记录序号 a record, by its index")
@click.option("--output", "-o", "target", type=OUTPUT_FILE, help="写入文件 write to a file")
def bundle(_output: Output, directory: Path, *, target: Path | None, **which: Any) -> None:
    """Write a bundle/1 file."""
    if sum(value is not None for value in which.values()) != 1:
        raise click.UsageError("exactly one of --payment, --settlement, --publication, --record is needed")
    with Desk.open(directory, writing=False) as desk:
        index = _index(desk, **which)
        checkpoint = desk.store.checkpoint()
        if index < desk.store.head().frontier.size and (checkpoint is None or checkpoint.size <= index):
            raise Failed(
                f"第 {index} 条记录尚未归入已签检查点，请先运行 mingzhang checkpoint {directory}",
                f"record {index} is later than the last signed checkpoint;"
                f" sign a new one first: mingzhang checkpoint {directory}",
            )
        _write(proofs.bundle(desk.store, index), target)


@describe(
    _own, "consistency",
    zh="导出两个检查点之间的一致性证明：账本只有追加，没有改动。",
    en="Export the proof that between two checkpoints the ledger was appended to and not changed.",
    examples=("mingzhang consistency mydir --from 12 --to 340 > c.json", "mingzhang consistency mydir"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.option("--from", "first", type=click.IntRange(1), metavar="SIZE", help="前一检查点的条数 size of the first")
@click.option("--to", "second", type=click.IntRange(1), metavar="SIZE", help="后一检查点的条数 size of the second")
@click.option("--output", "-o", "target", type=OUTPUT_FILE, help="写入文件 write to a file")
def consistency(output: Output, directory: Path, *, first: int | None, second: int | None, target: Path | None) -> None:
    """Write a consistency/1 file; without sizes, list the checkpoints there are."""
    with Desk.open(directory, writing=False) as desk:
        if first is None and second is None:
            _list_checkpoints(output, desk)
            return
        if first is None or second is None:
            raise click.UsageError("--from and --to are needed (or neither, to list the checkpoints)")
        _write(proofs.consistency(desk.store, first, second), target)


@describe(
    _own, "trust",
    zh="导出信任文件：哪些单位的公钥可签检查点，须有几家。核验人应从可靠的途径另行取得它。",
    en="Export the trust file: whose keys sign checkpoints, and how many must. A verifier should get it by another way"
    " than the proofs.",
    examples=("mingzhang trust mydir > keys.json",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.option("--output", "-o", "target", type=OUTPUT_FILE, help="写入文件 write to a file")
def trust(_output: Output, directory: Path, *, target: Path | None) -> None:
    """Write a trust/1 file."""
    with Desk.open(directory, writing=False) as desk:
        _write(proofs.trust(desk.store), target)


@describe(
    _own, "verify",
    zh="核验证明文件（记录或一致性），不需要任何节点。逐步说明所核验的内容；任何一字节有改动即失败，退出码为 1。",
    en="Check a proof file (of a record or of consistency) without any node, step by step."
    " Any altered byte fails, with exit code 1.",
    examples=("mingzhang verify b.json --trust keys.json", "mingzhang verify c.json --trust keys.json --json"),
)  # fmt: skip
@click.argument("file", type=FILE)
@click.option("--trust", "trust_file", type=FILE, required=True, help="信任文件 the trust file")
def verify(output: Output, file: Path, *, trust_file: Path) -> None:
    """Check a bundle/1 or consistency/1 file."""
    data, trust_data = _read(file), _read(trust_file)
    if _type_of(data) == "consistency/1":
        verdict = checkpoints.verify_consistency_bundle(data, trust_data)
    else:
        verdict = bundles.verify_bundle(data, trust_data)
    if output.as_json:
        output.json(
            {
                "ok": verdict.ok,
                "findings": [finding._asdict() for finding in verdict.findings],
                "record": verdict.record,
                "checkpoint": verdict.checkpoint,
            }
        )
    else:
        _show_verdict(output, verdict)
    if not verdict.ok:
        raise click.exceptions.Exit(1)


def _show_verdict(output: Output, verdict: checkpoints.Verdict) -> None:
    for finding in verdict.findings:
        mark = "✓" if finding.ok else "✗"
        style = "" if finding.ok else "red"
        output.say(f"{mark} {finding.sentence_zh}", f"{mark if output.lang == 'en' else ' '} {finding.sentence_en}",
                   style=style)  # fmt: skip
    if not verdict.ok:
        output.say("核验不通过：此文件不能作为证明", "NOT verified: this file proves nothing", style="bold red")
        return
    if verdict.checkpoint is not None and verdict.checkpoint.clock == "stated":
        output.say(
            "注意：沙盒时钟，演示或培训用账本",
            "note: sandbox clock, a ledger for demonstration or training",
            style="yellow",
        )
    if verdict.record is not None:
        _show_record(output, verdict.record)
    output.say("核验通过", "verified", style="bold green")


def _show_record(output: Output, record: dict[str, Any]) -> None:
    if record.get("type") != "record/1":
        return
    pairs = [
        ("记录", "record", record["index"]),
        ("高度", "height", record["height"]),
        ("账本时间", "ledger time", beijing(record["time"])),
        ("提交人", "signer", record["signer"]),
        ("结果", "result", f"{record['code']} {_sentence(output, record)}".strip()),
    ]
    output.pairs(pairs)
    explaining.show_fields(output, output.pick("指令", "command"), record["command"])
    for event in record["events"]:
        if event.get("type") == "disclosure.published/1":
            show_published(output, event)
        else:
            explaining.show_fields(output, output.pick("事件", "event"), event)


def _sentence(output: Output, record: dict[str, Any]) -> str:
    """What the code says; a record of a newer version may have a code this one does not know."""
    try:
        about = explained(code_named(record["code"]), record["facts"])
    except KeyError:
        return ""
    return str(about[output.pick("sentence_zh", "sentence_en")])


def _index(
    desk: Desk, *, payment: str | None, settlement: str | None, publication: str | None, record: int | None
) -> int:
    if payment is not None:
        return _requested(desk, payment)
    if settlement is not None:
        return _settled(desk, settlement)
    if publication is not None:
        return read_publication(desk.view(), publication).record
    if record is None:
        raise click.UsageError("--record INDEX is needed")
    return record


def _requested(desk: Desk, payment_id: str) -> int:
    """The record in which the payment came to be; its amount and payee stand there, and not in what followed."""
    with desk.views.connect() as connection:
        found = payment_lists.get_payment(connection, payment_id)
        asked = RecordFilter(subject=("payment", payment_id), refused=True)
        refusals = [] if found else list_records(connection, asked, limit=1).rows
    if found is not None:
        return found.record
    if refusals:
        index = refusals[0].record
        raise Failed(
            f"支付 {payment_id} 被拒绝，没有成立。原因：mingzhang why {desk.directory} {payment_id}；"
            f"证明其被拒绝：mingzhang bundle {desk.directory} --record {index}",
            f"the payment {payment_id} was refused. Why: mingzhang why {desk.directory} {payment_id};"
            f" to prove the refusal: mingzhang bundle {desk.directory} --record {index}",
        )
    raise Failed(f"没有支付 {payment_id}", f"there is no payment {payment_id}")


def _settled(desk: Desk, payment_id: str) -> int:
    """The record of the bank's last receipt for a payment."""
    _requested(desk, payment_id)
    with desk.views.connect() as connection:
        receipts = list_receipts(connection, payment_id)
    if not receipts:
        raise Failed(f"支付 {payment_id} 尚无银行回单", f"the payment {payment_id} has no receipt of the bank yet")
    return max(one.record for one in receipts)


def _list_checkpoints(output: Output, desk: Desk) -> None:
    rows = []
    for row in desk.store.checkpoints():
        signed = proofs.read_checkpoint(row)
        body = msgspec.json.decode(row.body)
        signers = [one.organisation for one in signed.signatures]
        rows.append({"size": row.size, "height": row.height, "time": body["time"], "signed_by": signers,
                     "root": body["root"]})  # fmt: skip
    output.table(CHECKPOINT_COLUMNS, rows)


def _type_of(data: bytes) -> str:
    try:
        value = msgspec.json.decode(data, type=_Typed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return value.type


class _Typed(msgspec.Struct):
    type: str


def _read(path: Path) -> bytes:
    """The file's bytes, no more than a check would accept."""
    with path.open("rb") as file:
        return file.read(MAXIMUM_FILE_BYTES + 1)


def _write(data: bytes, target: Path | None) -> None:
    """Exactly these bytes: a line feed more would be another file."""
    if target is None:
        click.echo(data, nl=False)
    else:
        target.write_bytes(data)
