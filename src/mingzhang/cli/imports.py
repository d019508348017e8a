"""`mingzhang import payments`: a year's payments from another system's file, checked, sent and summed up.

What rows mean and how they are sent stands in mingzhang.exchange; here are options, progress and tables.
"""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from mingzhang.chain.codes.code import yuan
from mingzhang.chain.tx import MAX_ITEMS
from mingzhang.cli.command import Group, describe
from mingzhang.cli.errors import Failed
from mingzhang.cli.genesis import read_yaml
from mingzhang.cli.keys import DIRECTORY, PASSWORD_FILE, ask_password, read_password
from mingzhang.cli.output import Column, Output
from mingzhang.desk import Desk, PasswordNeeded
from mingzhang.exchange import ExchangeError, payments
from mingzhang.exchange.faults import Fault, check_error_file, write_error_file
from mingzhang.exchange.mapping import EXAMPLE, PaymentsMap, load_map, source_of
from mingzhang.exchange.payments import BATCH, Summary, ground_of
from mingzhang.exchange.payments_file import PaymentsFile, open_payments_file
from mingzhang.exchange.progress import Progress
from mingzhang.exchange.rows import NOTES, Reading, read_rows

PREVIEW_ROWS = 5
FAULTS_SHOWN = 10

imports = Group("import", zh="从其他系统的文件导入。", en="Import from files of other systems.")


@describe(
    imports, "payments",
    zh="导入一年的支付文件（CSV、XLSX、XLS，可 .gz）。按映射逐行检查，以提交人的密钥分批签名提交，账本逐笔裁定。"
    "中断后再次运行即可续完，不会重复。未受理的行连同原因写入错误清单；有未受理的行则退出码为 1。",
    en="Import a year's payments (CSV, XLSX, XLS, also .gz). Rows are checked by the map, sent in batches signed with"
    " the person's key, and judged one by one. Run again after an interruption it finishes and doubles nothing. Rows"
    " that are not taken go into an error file with their reasons; exits with 1 if there are any.",
    examples=(
        "mingzhang import payments --example > map.yaml",
        "mingzhang import payments mydir 2022.xlsx --map map.yaml --dry-run",
        "mingzhang import payments mydir 2022.xlsx --map map.yaml --as hospital-cashier",
    ),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY, required=False)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--map", "map_path", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="列映射 (YAML) what the columns mean")  # fmt: skip
@click.option("--as", "person", metavar="PERSON", help="提交人（单位财务岗） who signs")
@click.option("--dry-run", is_flag=True, help="只检查文件，不提交 check the file, send nothing")
@click.option("--errors", type=click.Path(path_type=Path, dir_okay=False),
              help="错误清单，默认 FILE.errors.csv；进度文件在其旁 where errors are listed")  # fmt: skip
@click.option("--batch", type=click.IntRange(1, MAX_ITEMS), default=BATCH, show_default=True,
              help="每批行数 rows under one signature")  # fmt: skip
@click.option("--resend", is_flag=True, help="不用进度文件，全部重发 ignore the progress, send every row again")
@click.option("--password-file", type=PASSWORD_FILE, help="口令所在文件 file whose first line is the password")
@click.option("--example", is_flag=True, help="输出一份带说明的列映射 print a commented map")
def import_payments(
    output: Output, directory: Path | None, file: Path | None, *, map_path: Path | None, **options: Any
) -> None:
    """Check, send, sum up."""
    if options["example"]:
        text = EXAMPLE.read_text(encoding="utf-8")
        if output.as_json:
            output.json(read_yaml(text, EXAMPLE.name))
        else:
            click.echo(text, nl=False)
        return
    if directory is None or file is None or map_path is None or (options["person"] is None and not options["dry_run"]):
        raise click.UsageError("DIRECTORY, FILE, --map and --as PERSON (or --dry-run) are needed")
    try:
        if options["dry_run"]:
            is_whole = _check(output, directory, file, map_path=map_path, errors=options["errors"])
        else:
            is_whole = _import(output, directory, file, map_path=map_path, options=options)
    except ExchangeError as error:
        raise Failed(error.sentence_zh, error.sentence_en) from error
    if not is_whole:
        raise click.exceptions.Exit(1)


def _check(output: Output, directory: Path, path: Path, *, map_path: Path, errors: Path | None) -> bool:
    """Check the file against the ledger; send nothing. Returns whether every row could be sent."""
    mapping, table = load_map(map_path)
    with Desk.open(directory, writing=False) as desk:
        reading = _read(output, desk, path, mapping=mapping, table=table)
    if errors is not None:
        write_error_file(errors, reading.faults)
    if output.as_json:
        output.json({"sent": False, **_counts(reading), "errors": [fault._asdict() for fault in reading.faults]})
    else:
        _show_faults(output, reading.faults, errors)
        output.say("只作检查，未提交", "checked only; nothing was sent")
    return not reading.faults


def _import(output: Output, directory: Path, path: Path, *, map_path: Path, options: dict[str, Any]) -> bool:
    """Import. Returns whether every row was taken, now or before."""
    mapping, table = load_map(map_path)
    errors = options["errors"] or path.with_name(path.name + ".errors.csv")
    check_error_file(errors)
    person = options["person"]
    with Desk.open(directory) as desk, _progress_file(errors, resend=options["resend"]) as progress:
        try:
            desk.private_key(person, read_password(options["password_file"]))
        except PasswordNeeded:
            desk.unlock(person, ask_password(person))
        reading = _read(output, desk, path, mapping=mapping, table=table, progress=progress)
        started = time.monotonic()
        try:
            with output.progress() as bar:
                task = bar.add_task(output.pick("导入", "importing"), total=len(reading.entries))
                summary = payments.import_payments(
                    desk,
                    reading,
                    mapping,
                    signer=person,
                    source=source_of(mapping, path),
                    table=table,
                    progress=progress,
                    batch=options["batch"],
                    on_rows=lambda number: bar.advance(task, number),
                )
        except KeyboardInterrupt:
            output.note("已中断；再次运行同一命令即可续完", "interrupted; the same command goes on from here")
            raise
    seconds = time.monotonic() - started
    written = write_error_file(errors, [*summary.faults, *summary.notices])
    _show_summary(output, summary, seconds, errors=errors if written else None)
    return not summary.faults


def _progress_file(errors: Path, *, resend: bool) -> Any:
    """The progress beside the error file, or a context of none."""
    if resend:
        return nullcontext()
    return Progress(errors.with_name(errors.name.removesuffix(".csv").removesuffix(".errors") + ".progress.jsonl"))


def _read(
    output: Output,
    desk: Desk,
    path: Path,
    *,
    mapping: PaymentsMap,
    table: dict[str, str] | None,
    progress: Progress | None = None,
) -> Reading:
    """Read and check the file, and show what was found."""
    file = open_payments_file(
        path,
        columns=mapping.columns(),
        sheet=mapping.sheet,
        encoding=mapping.encoding,
        delimiter=mapping.delimiter,
        skip_until_header=mapping.skip_until_header,
    )
    with output.progress() as bar:
        task = bar.add_task(output.pick("检查", "checking"), total=None)
        reading = read_rows(
            file,
            mapping,
            source=source_of(mapping, path),
            ground=ground_of(desk),
            table=table,
            earlier_rows=progress.earlier_rows if progress is not None else 0,
            on_rows=lambda number: bar.update(task, completed=number),
        )
    if not output.as_json:
        _show_reading(output, file, reading)
    return reading


# ---- What is shown ----


def _show_reading(output: Output, file: PaymentsFile, reading: Reading) -> None:
    rows = [
        {
            "row": entry.row,
            "date": entry.date,
            "kind": output.pick("退款", "refund") if entry.is_refund else output.pick("支付", "payment"),
            "amount": entry.amount_fen,
            "line": entry.line_id,
            "payee": output.pick("（个人）", "(individual)") if entry.paid.is_individual else entry.paid.name,
            "purpose": entry.purpose,
        }
        for entry in reading.entries[:PREVIEW_ROWS]
    ]
    columns = (
        Column("row", "行号", "row", "int"), Column("date", "日期", "date"), Column("kind", "种类", "kind"),
        Column("amount", "金额（元）", "yuan", "fen"), Column("line", "指标", "line"),
        Column("payee", "收款人", "payee"), Column("purpose", "用途", "purpose"),
    )  # fmt: skip
    if rows:
        output.table(columns, rows, title=output.pick(f"前 {len(rows)} 行", f"the first {len(rows)} rows"))
    refunds = [entry.amount_fen for entry in reading.entries if entry.is_refund]
    paid_fen = sum(entry.amount_fen for entry in reading.entries if not entry.is_refund)
    ignored = sum(reading.ignored.values())
    output.pairs(
        (
            ("文件", "file", file.name),
            ("编码或工作表", "encoding or sheet", file.encoding or file.sheet),
            ("表头在第几行", "header row", file.header_row),
            ("数据行", "data rows", f"{reading.rows:,}"),
            ("略过（空行、重复表头、按规则）", "ignored (blank, header, by rule)", f"{ignored:,}"),
            ("可提交：支付", "to send: payments", f"{len(reading.entries) - len(refunds):,} / {yuan(paid_fen)}"),
            ("可提交：退款", "to send: refunds", f"{len(refunds):,} / {yuan(sum(refunds))}"),
            ("收款人", "payees", f"{len({entry.paid for entry in reading.entries}):,}"),
            ("指标", "lines", f"{len({entry.line_id for entry in reading.entries}):,}"),
            ("有误的行", "rows with errors", f"{len({fault.row for fault in reading.faults}):,}"),
        )
    )
    for name, count in reading.notes.items():
        zh, en = NOTES[name]
        examples = "; ".join(reading.examples[name])
        output.note(f"注意：{zh}:{count} 行，如 {examples}", f"note: {en}: {count} rows, such as {examples}")


def _show_faults(output: Output, faults: Sequence[Fault], errors: Path | None) -> None:
    """The first faults, and where the others are."""
    if not faults:
        return
    columns = (
        Column("row", "行号", "row", "int"), Column("field", "字段", "field"), Column("value", "原值", "value"),
        Column("code", "代码", "code"), Column(output.pick("reason_zh", "reason_en"), "原因", "reason"),
    )  # fmt: skip
    output.table(columns, [fault._asdict() for fault in sorted(faults)[:FAULTS_SHOWN]])
    if errors is not None:
        output.say(f"全部 {len(faults)} 条见 {errors}", f"all {len(faults)} are in {errors}")
    elif len(faults) > FAULTS_SHOWN:
        output.say(
            f"共 {len(faults)} 条；加 --errors 写成清单", f"{len(faults)} in all; --errors FILE writes them down"
        )


def _show_summary(output: Output, summary: Summary, seconds: float, *, errors: Path | None) -> None:
    sent = summary.taken + summary.refunds + summary.exists
    rate = f"{sent / seconds:,.0f}" if seconds > 0 else ""
    if output.as_json:
        output.json(
            {
                "sent": True,
                "rows": summary.rows,
                "ignored": summary.ignored,
                "payments_taken": summary.taken,
                "refunds_taken": summary.refunds,
                "held": summary.held,
                "exists": summary.exists,
                "taken_before": summary.before,
                "not_taken": summary.not_taken,
                "notices": len(summary.notices),
                "payees_registered": summary.payees_registered,
                "paid_fen": summary.paid_fen,
                "refunded_fen": summary.refunded_fen,
                "by_code": dict(summary.by_code),
                "error_file": None if errors is None else str(errors),
                "seconds": f"{seconds:.1f}",
            }
        )
        return
    output.pairs(
        (
            ("读取行", "rows read", f"{summary.rows:,}"),
            ("略过", "ignored", f"{summary.ignored:,}"),
            ("本次受理：支付", "taken now: payments", f"{summary.taken:,} / {yuan(summary.paid_fen)}"),
            ("本次受理：退款", "taken now: refunds", f"{summary.refunds:,} / {yuan(summary.refunded_fen)}"),
            ("其中待审核", "of these held", f"{summary.held:,}"),
            ("账本已有", "exists on the ledger", f"{summary.exists:,}"),
            ("上次已受理", "taken by an earlier run", f"{summary.before:,}"),
            ("新登记收款人", "payees registered", f"{summary.payees_registered:,}"),
            ("未受理", "not taken", f"{summary.not_taken:,}"),
            ("受理但须核对", "taken, to be looked at", f"{len(summary.notices):,}"),
            ("用时（秒）", "seconds", f"{seconds:.1f}"),
            ("行/秒", "rows/s", rate),
        )
    )
    _show_reasons(output, summary, errors)


def _show_reasons(output: Output, summary: Summary, errors: Path | None) -> None:
    """Why rows were not taken, what was noticed, and where that is written."""
    if summary.by_code:
        reasons = {fault.code: fault for fault in reversed(summary.faults)}
        rows = [
            {"code": code, "count": count, **reasons[code]._asdict(), "such": reasons[code].row}
            for code, count in summary.by_code.most_common()
        ]
        columns = (
            Column("code", "代码", "code"), Column("count", "条数", "count", "int"),
            Column("such", "如第几行", "such as row", "int"),
            Column(output.pick("reason_zh", "reason_en"), "原因", "reason"),
        )  # fmt: skip
        output.table(columns, rows, title=output.pick("未受理的原因", "why rows were not taken"))
    if summary.notices:
        first = summary.notices[0]
        zh, en, count = first.reason_zh, first.reason_en, len(summary.notices)
        output.note(f"{zh}：{count} 行，如第 {first.row} 行", f"{en}: {count} rows, such as {first.row}")
    if errors is not None and not summary.faults:
        output.say(f"全部行已受理；提示见 {errors}", f"every row is on the ledger; notices are in {errors}")
    elif errors is not None:
        output.say(
            f"未受理的行见 {errors}；改正后再次运行同一命令",
            f"rows not taken are in {errors}; run again when corrected",
        )
    else:
        output.say("全部行已受理", "every row is on the ledger", style="green")


def _counts(reading: Reading) -> dict[str, Any]:
    return {
        "rows": reading.rows,
        "ignored": dict(reading.ignored),
        "to_send": len(reading.entries),
        "refunds": sum(entry.is_refund for entry in reading.entries),
        "paid_fen": sum(entry.amount_fen for entry in reading.entries if not entry.is_refund),
        "refunded_fen": sum(entry.amount_fen for entry in reading.entries if entry.is_refund),
        "notes": dict(reading.notes),
    }
