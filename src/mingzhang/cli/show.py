"""`mingzhang show` and `mingzhang why`: what the ledger holds, the trace of one object, and why something was answered
as it was. Lists come from the views, records from the ledger's exact bytes.
"""

from pathlib import Path
from typing import Any

import click
import msgspec
import sqlalchemy as sa

from mingzhang.cli import explaining
from mingzhang.cli.command import Group, describe
from mingzhang.cli.errors import Failed
from mingzhang.cli.keys import DIRECTORY
from mingzhang.cli.lists import LISTS, ORGANISATION, List
from mingzhang.cli.output import Column, Output, beijing, shown
from mingzhang.cli.words import STATUSES, heading, status_named, word
from mingzhang.desk import Desk
from mingzhang.views import members, records
from mingzhang.views.paging import MAX_LIMIT
from mingzhang.views.subjects import OBJECTS

DEFAULT_ROWS = 20
"""A screen."""
MAX_TRACE_RECORDS = 500
"""Records of an object's trace: a budget line has more, and its payments are better listed."""
KINDS = tuple(sorted({*OBJECTS.values(), "organisation"}))
"""Kinds of objects that a trace is looked for under."""
WORDS = (*LISTS, "record", "object")
SINGULAR = {"people": "person"} | {name: name.removesuffix("s") for name in LISTS if name != "people"}
"""Also understood: what one thing of a list is called."""
_own = Group(zh="", en="")


class What(click.Choice[str]):
    """A word of `show`, in the plural or the singular."""

    def __init__(self) -> None:
        super().__init__(WORDS)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See click."""
        plural = next((name for name, singular in SINGULAR.items() if singular == value and value != "record"), value)
        return super().convert(plural, param, ctx)


def add_to(group: Group) -> None:
    """Add both commands."""
    for command in (show, why):
        group.add_command(command)


@describe(
    _own, "show",
    zh="查看账本：省略 WHAT 为概况；WHAT 为 " + " ".join(LISTS) + " 之一则列表，加编号看一项；"
    "record 序号看一条记录；object 编号看一件事从头到尾（谁、何时、改了什么、为什么）。",
    en="Look into the ledger: an overview, a list, one thing by its id, one record by its index, or an object's whole"
    " trace (who, when, which fields, why).",
    examples=(
        "mingzhang show mydir",
        "mingzhang show mydir payments --organisation dg.hospital --status held --limit 50",
        "mingzhang show mydir payments hospital:2022-001",
        "mingzhang show mydir record 120",
        "mingzhang show mydir object hospital:rehab-building",
        "mingzhang show mydir records --refused --json",
    ),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("what", metavar="[WHAT]", type=What(), required=False)
@click.argument("name", metavar="[ID]", required=False)
@click.option("--status", multiple=True, metavar="WORD", help="状态（中文或英文词），可重复 status, may be repeated")
@click.option("--year", type=click.IntRange(1990, 2999), help="年度 year")
@click.option("--organisation", metavar="ID", help="单位及其下级 organisation and those below it")
@click.option("--project", "project_id", metavar="ID", help="项目 project")
@click.option("--line", "line_id", metavar="ID", help="指标 budget line")
@click.option("--payee", "payee_id", metavar="ID", help="收款人 payee")
@click.option("--signer", metavar="ID", help="提交人 signer")
@click.option("--command", metavar="TYPE", help="指令类型 command type")
@click.option("--code", metavar="NAME", help="结果代码 result")
@click.option("--role", metavar="ROLE", help="岗位 role")
@click.option("--text", metavar="TEXT", help="名称或用途中的文字 text in name or purpose")
@click.option("--refused", is_flag=True, default=None, help="只看被拒绝的 refused ones only")
@click.option("--sort", metavar="ORDER", help="排序，前加 - 为倒序 order, - before it for descending")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=DEFAULT_ROWS, show_default=True,
              help="行数 rows")  # fmt: skip
@click.option("--after", metavar="CURSOR", help="接上一页所给的位置 go on where the page before ended")
def show(output: Output, directory: Path, what: str | None, *, name: str | None, **options: Any) -> None:
    """Show something."""
    paging = {key: options.pop(key) for key in ("sort", "limit", "after")}
    filters = {key: value for key, value in options.items() if value not in (None, ())}
    with Desk.open(directory, writing=False) as desk:
        if what is None:
            _show_overview(output, desk)
        elif what == "record":
            record = explaining.record_at(desk.store, _index(name))
            followers = explaining.followers_of(desk.store, record)
            if output.as_json:
                output.json(explaining.as_json(record) | {"followed_by": [one.index for one in followers]})
            else:
                explaining.show_record(output, record, followers)
        elif what == "object":
            _show_trace(output, desk, _given(name))
        elif name is not None:
            _show_one(output, desk, LISTS[what], name=name)
        else:
            _check_filters(what, filters)
            given = {key: value for key, value in paging.items() if value is not None}
            _show_list(output, desk, LISTS[what], filters=filters, paging=given)


@describe(
    _own, "why",
    zh="说明为什么：某条记录，或某对象最近一次被拒绝（没有则最近一次）的规则、事实、依据，以及怎样才能通过。",
    en="Say why: of a record, or of an object's latest refusal (else its latest record): the rule, the facts it read,"
    " the basis, and what would make it pass.",
    examples=("mingzhang why mydir 120", "mingzhang why mydir hospital:2022-001"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("name", metavar="INDEX|ID")
def why(output: Output, directory: Path, name: str) -> None:
    """Explain an answer."""
    with Desk.open(directory, writing=False) as desk:
        if name.isascii() and name.isdigit():
            record = explaining.record_at(desk.store, int(name))
        else:
            found = _records_of(desk, name, sort="-record")
            refused = [one for one in found if one.code not in {"ok", "exists"}]
            record = explaining.record_at(desk.store, (refused or found)[0].record)
        cause = None if record.cause is None else explaining.record_at(desk.store, record.cause)
    if output.as_json:
        about = explaining.as_json(record)
        output.json(about | {"roles": explaining.roles_of(record), "holds": explaining.holds_of(record)})
    else:
        explaining.show_why(output, record, cause)


def _show_overview(output: Output, desk: Desk) -> None:
    height = desk.store.height()
    block = desk.store.block(height)
    time = desk.time() if block is None else block.time
    checkpoint = desk.store.checkpoint()
    with desk.views.connect() as connection:
        counted = [msgspec.structs.asdict(one) for one in records.count_records(connection)]
    about = {
        "chain_id": desk.chain_id,
        "suite": desk.genesis.suite,
        "clock": desk.genesis.clock,
        "notice": desk.genesis.notice,
        "time": time,
        "height": height,
        "size": 0 if block is None else block.first_leaf + block.leaves,
        "root": "" if block is None else block.root.hex(),
        "last_checkpoint": None if checkpoint is None else checkpoint.size,
    }
    if output.as_json:
        output.json(about | {"records": counted})
        return
    clock = "沙盒时钟 sandbox clock" if about["clock"] == "stated" else "真实时间 real time"
    output.pairs(
        (
            ("账本", "ledger", about["chain_id"]), ("说明", "notice", about["notice"]),
            ("密码套件", "suite", about["suite"]), ("时钟", "clock", clock),
            ("账本时间", "ledger time", beijing(time)), ("高度", "height", height),
            ("条数", "size", about["size"]), ("根", "root", about["root"]),
            ("最近检查点", "last checkpoint", about["last_checkpoint"]),
        )
    )  # fmt: skip
    columns = (
        Column("command", "指令", "command"), Column("code", "结果", "result"),
        Column("count", "记录数", "records", "int"),
    )  # fmt: skip
    output.table(columns, counted)


def _show_list(output: Output, desk: Desk, about: List, *, filters: dict[str, Any], paging: dict[str, Any]) -> None:
    with desk.views.connect() as connection:
        page = about.page(connection, filters, **paging)
    rows: list[dict[str, Any]] = [msgspec.to_builtins(one) for one in page.rows]
    if output.as_json:
        output.json({"rows": rows, "total": page.total, "next": page.next})
        return
    what = next(key for key, one in LISTS.items() if one is about)
    output.table(about.columns, [{key: word(key, one, output.lang, what=what) for key, one in row.items()}
                                 for row in rows])  # fmt: skip
    if not rows:
        output.say(f"没有符合条件的{about.zh}", f"no {about.en} match")
    elif page.next is not None:
        total = "" if page.total is None else f" / {page.total}"
        output.note(
            f"{len(rows)}{total} 行；下一页：--after {page.next}",
            f"{len(rows)}{total} rows; the next page: --after {page.next}",
        )


def _show_one(output: Output, desk: Desk, about: List, *, name: str) -> None:
    with desk.views.connect() as connection:
        found = about.get(connection, name)
    if found is None:
        raise Failed(f"没有编号为 {name} 的{about.zh}", f"{about.en}: there is no {name}")
    row = msgspec.to_builtins(found)
    if output.as_json:
        output.json(row)
        return
    columns = {column.field: column for column in about.columns}
    what = next(key for key, one in LISTS.items() if one is about)
    output.pairs(_pair(output, columns.get(field), field, value=value, what=what) for field, value in row.items())
    output.note(f"来龙去脉：mingzhang show {desk.directory} object {name}", "its trace: show … object")


def _pair(output: Output, column: Column | None, field: str, *, value: Any, what: str) -> tuple[str, str, str]:
    """A field of one thing, headed and shown as in the list it stands in, where it stands there."""
    if column is not None and column.kind != "text":
        return column.zh, column.en, shown(value, column.kind)
    told = explaining.short(output, field, value, what=what)
    if column is not None and column.field == field and column is not ORGANISATION:
        return column.zh, column.en, told
    return heading(field, "zh"), heading(field, "en"), told


def _show_trace(output: Output, desk: Desk, object_id: str) -> None:
    found = [explaining.record_at(desk.store, one.record) for one in _records_of(desk, object_id, sort="record")]
    steps = explaining.trace(found, object_id)
    if output.as_json:
        output.json({"object": object_id, "steps": [explaining.step_as_json(step) for step in steps]})
        return
    with desk.views.connect() as connection:
        people = {step.record.signer: members.get_person(connection, step.record.signer) for step in steps}
    posts = {name: person.post for name, person in people.items() if person is not None}
    for step in steps:
        explaining.show_step(output, step, posts)
    if len(steps) == MAX_TRACE_RECORDS:
        output.note(f"只显示前 {MAX_TRACE_RECORDS} 条", f"only the first {MAX_TRACE_RECORDS} records are shown")


def _records_of(desk: Desk, object_id: str, *, sort: str) -> list[records.RecordRow]:
    """Records about an object of whatever kind, each once. Raises Failed when there is none."""
    found: dict[int, records.RecordRow] = {}
    with desk.views.connect() as connection:
        for kind in KINDS:
            for one in _of_kind(connection, (kind, object_id), sort=sort):
                found[one.record] = one
    if not found:
        raise Failed(f"账本中没有 {object_id}", f"nothing on the ledger is called {object_id}")
    ordered = sorted(found, reverse=sort.startswith("-"))[:MAX_TRACE_RECORDS]
    return [found[index] for index in ordered]


def _of_kind(connection: sa.Connection, subject: tuple[str, str], *, sort: str) -> list[records.RecordRow]:
    wanted = records.RecordFilter(subject=subject)
    return records.list_records(connection, wanted, sort=sort, limit=MAX_TRACE_RECORDS).rows


def _check_filters(what: str, filters: dict[str, Any]) -> None:
    wrong = sorted(filters.keys() - LISTS[what].filters)
    if wrong:
        named = ", ".join("--" + name.removesuffix("_id") for name in wrong)
        raise click.UsageError(f"{what} takes no {named}")
    if "status" in filters:
        filters["status"], unknown = status_named(what, filters["status"])
        if unknown is not None:
            words = STATUSES[what]
            raise Failed(
                f"{LISTS[what].zh}没有状态 {unknown}；可用：" + "、".join(f"{zh}（{en}）" for en, zh in words.items()),
                f"--status: there is no {unknown}; it must be one of {', '.join(words)}",
            )


def _index(name: str | None) -> int:
    if name is None or not (name.isascii() and name.isdigit()):
        raise click.UsageError("record needs an INDEX, a whole number")
    return int(name)


def _given(name: str | None) -> str:
    if name is None:
        raise click.UsageError("object needs an ID")
    return name
