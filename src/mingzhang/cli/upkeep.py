"""Keeping a ledger in order: `audit`, `rebuild`, `erase`, `receipts`. The work is done elsewhere; here it is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from mingzhang.audit import Report, audit
from mingzhang.cli.command import Group, describe
from mingzhang.cli.keys import DIRECTORY, PASSWORD_FILE, ask_password, read_password
from mingzhang.cli.output import Column, Output, beijing
from mingzhang.desk import Desk, DeskError, PasswordNeeded
from mingzhang.node.receipts import PurgeReceipt
from mingzhang.node.store import FILE_NAME

Progress = Callable[[str, int, int], None]
"""(stage, done, total)"""
STAGES = {
    "files": "检查文件 files",
    "replay": "从创世重放 replay",
    "state": "比对状态 state",
    "views": "比对视图 views",
    "signatures": "验证签名 signatures",
    "vault": "检查保管库 vault",
    "keys": "检查密钥 keys",
    "root": "重算根 root",
}
"""Stages of long work, as progress bars name them; others are file names."""
FINDINGS_SHOWN = 20
"""Findings of an audit shown as a table; --json has them all."""
_own = Group(zh="", en="")


def add_to(group: Group) -> None:
    """Add the four commands."""
    for command in (audit_command, rebuild, erase, receipts):
        group.add_command(command)


@describe(
    _own, "audit",
    zh="独立审计：验证每个签名，从创世重放全部事项，比对根、不变式、状态、视图和保管库。发现问题则退出码为 1。",
    en="Audit: verify every signature, replay everything from genesis, compare roots, invariants, state, views and"
    " vault. Exits with 1 if anything is wrong.",
    examples=("mingzhang audit mydir", "mingzhang audit mydir --json > report.json"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True,
              help="同时使用的进程 processes to use")  # fmt: skip
def audit_command(output: Output, directory: Path, *, processes: int) -> None:
    """Audit a directory."""
    # A desk is not opened for this: what a damaged ledger holds is for the audit to say.
    if not (directory / FILE_NAME).exists():
        raise DeskError(f"{directory} 中没有账本", f"{directory}: there is no ledger here")
    with progress(output) as report_progress:
        report = audit(directory, processes=processes, progress=report_progress)
    show_report(output, report)
    if not report.ok:
        raise click.exceptions.Exit(1)


@describe(
    _own, "rebuild",
    zh="由账本重建视图，结果与跟随所得逐行相同。",
    en="Build the views anew from the ledger; the rows are the same as those that were followed.",
    examples=("mingzhang rebuild mydir",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
def rebuild(output: Output, directory: Path) -> None:
    """Build the views anew."""
    with progress(output) as report_progress:
        height = Desk.rebuild_views(directory, progress=lambda done, total: report_progress("views", done, total))
    if output.as_json:
        output.json({"height": height})
    output.say(f"视图已重建至高度 {height}", f"the views are rebuilt up to height {height}", style="green")


@describe(
    _own, "erase",
    zh="销毁保管库中一份密封内容的密钥和字节，留下签名回执。账本上的承诺值和证明不受影响。已打开过的副本无法收回。",
    en="Destroy a sealed content and its keys, leaving a signed receipt. The commitment on the ledger and its proofs"
    " still verify. Copies that readers have opened cannot be recalled.",
    examples=('mingzhang erase mydir COMMITMENT --as hospital-publisher --reason "患者要求删除"',),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("commitment")
@click.option("--as", "person", required=True, metavar="PERSON", help="由谁销毁 who erases")
@click.option("--reason", required=True, metavar="TEXT", help="理由，写入回执 why, kept in the receipt")
@click.option("--password-file", type=PASSWORD_FILE, help="口令所在文件 file whose first line is the password")
def erase(
    output: Output, directory: Path, commitment: str, *, person: str, reason: str, password_file: Path | None
) -> None:
    """Erase one sealed content."""
    with Desk.open(directory, writing=False) as desk:
        try:
            desk.private_key(person, read_password(password_file))
        except PasswordNeeded:
            desk.unlock(person, ask_password(person))
        receipt = desk.erase(commitment, by=person, reason=reason)
    if output.as_json:
        output.json(receipt)
        return
    output.say("已销毁，回执如下", "destroyed; the receipt:", style="green")
    _show_receipt(output, receipt)


@describe(
    _own, "receipts",
    zh="列出销毁回执。以 --json 输出的文件可用于 restore --receipts,使已销毁的内容在恢复后仍然销毁。",
    en="List purge receipts. With --json the output can be given to `restore --receipts`, so that what was erased stays"
    " erased.",
    examples=("mingzhang receipts mydir", "mingzhang receipts mydir --json > receipts.json"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
def receipts(output: Output, directory: Path) -> None:
    """List the vault's receipts."""
    with Desk.open(directory, writing=False) as desk:
        found = desk.vault.receipts()
    if output.as_json:
        output.json(found)
        return
    columns = (
        Column("subject", "承诺值", "commitment"), Column("what", "种类", "what"), Column("owner", "所属单位", "owner"),
        Column("by", "由谁", "by"), Column("at", "账本时间", "ledger time", "time"), Column("reason", "理由", "reason"),
    )  # fmt: skip
    output.table(columns, [msgspec.structs.asdict(one.purge) for one in found])


@contextmanager
def progress(output: Output) -> Iterator[Progress]:
    """Progress bars on standard error, one a stage: yields report(stage, done, total)."""
    with output.progress() as bars:
        tasks = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES.get(stage, stage), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def show_report(output: Output, report: Report) -> None:
    """An audit's report: findings, then the summary."""
    if output.as_json:
        output.json(
            {
                "ok": report.ok,
                "standing": None if report.standing is None else report.standing._asdict(),
                "counts": report.counts,
                "seconds": report.seconds,
                "findings": [finding._asdict() for finding in report.findings],
            }
        )
        return
    what = output.pick("what_zh", "what_en")
    rows = [finding._asdict() for finding in report.findings[:FINDINGS_SHOWN]]
    if rows:
        columns = (
            Column("severity", "程度", "severity"), Column("file", "文件", "file"), Column("table", "表", "table"),
            Column("key", "行", "row"), Column("height", "高度", "height", "int"), Column(what, "问题", "what"),
        )  # fmt: skip
        output.table(columns, rows)
    total = sum(report.counts[name] for name in ("errors", "warnings", "notes"))
    if total > len(rows):
        output.say(
            f"共 {total} 处，以上为前 {len(rows)} 处；其余见 --json",
            f"{total} findings in all, of which the first {len(rows)} are above; see --json for the others",
        )
    output.say(report.summary_zh(), report.summary_en(), style="" if report.ok else "red")


def _show_receipt(output: Output, receipt: PurgeReceipt) -> None:
    purge = receipt.purge
    output.pairs(
        (
            ("承诺值", "commitment", purge.subject), ("种类", "what", purge.what), ("所属单位", "owner", purge.owner),
            ("曾可打开", "could open it", purge.readers), ("由谁", "by", purge.by),
            ("账本时间", "ledger time", beijing(purge.at)), ("理由", "reason", purge.reason),
            ("签名", "signature", receipt.signature),
        )
    )  # fmt: skip
