"""`mingzhang init` and `mingzhang submit`: founding a ledger, and having people act on it."""

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from mingzhang.chain.codes import code_named
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.contracts.members import ROLES
from mingzhang.chain.operations import Record, wire_name
from mingzhang.cli import explaining
from mingzhang.cli.command import Group, describe, wrapped
from mingzhang.cli.errors import Failed, WrongUse
from mingzhang.cli.fields import described_zh, example_of, fields_of, first_paragraph
from mingzhang.cli.genesis import EXAMPLE, passwords_for, read_genesis, read_yaml
from mingzhang.cli.intake import OPEN_COMMANDS, read_commands
from mingzhang.cli.keys import DIRECTORY, PASSWORD_FILE, ask_new_password, ask_password, can_ask, read_password
from mingzhang.cli.output import GOOD_CODES, Column, Output, explained
from mingzhang.cli.serve import submit_by_url
from mingzhang.desk import Desk, PasswordNeeded
from mingzhang.node.key_files import PASSWORD_CHARACTERS_MIN
from mingzhang.node.ledger import Receipt
from mingzhang.node.store import Store

MAX_FOLLOW_UPS_SHOWN = 100
"""An attestation releases a handful; `show record` has them all."""


def add_to(group: Group) -> None:
    """Add init and submit."""
    for command in (init, submit):
        group.add_command(command)


_own = Group(zh="", en="")


@describe(
    _own, "init",
    zh="按创世文件新建账本：账本、视图、保管库、节点密钥和人员密钥。目录须是新的或空的。",
    en="Found a ledger from a genesis file: ledger, views, vault, node key, keys of the first people."
    " The directory must be new or empty.",
    examples=(
        "mingzhang init --example > genesis.yaml",
        "mingzhang init mydir --genesis genesis.yaml",
        "mingzhang init trial --genesis genesis.yaml --sandbox-keys",
    ),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY, required=False)
@click.option("--genesis", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="创世文件 (YAML) genesis file")  # fmt: skip
@click.option("--example", is_flag=True, help="输出一份带说明的创世文件 print a commented genesis file")
@click.option("--sandbox-keys", is_flag=True,
              help="人员密钥不设口令，仅供演示和培训 keys without passwords, only for demonstration")  # fmt: skip
@click.option("--passwords", type=PASSWORD_FILE,
              help="口令文件 (YAML, 人员：口令) passwords by person, instead of asking")  # fmt: skip
def init(output: Output, directory: Path | None, genesis: Path | None, **options: Any) -> None:
    """Found a ledger."""
    if options["example"]:
        if output.as_json:
            output.json({"genesis": EXAMPLE})
        else:
            click.echo(EXAMPLE, nl=False)
        return
    if directory is None or genesis is None:
        raise click.UsageError("DIRECTORY and --genesis are needed (or --example)")
    command = read_genesis(genesis)
    passwords: dict[str, str] = {}
    if not options["sandbox_keys"]:
        passwords = _passwords_of(command, _passwords(options["passwords"]), file=options["passwords"])
    with Desk.create(directory, command, passwords=passwords, sandbox_keys=options["sandbox_keys"]) as desk:
        block = desk.store.block(1)
        root = "" if block is None else block.root.hex()
        if output.as_json:
            output.json({"directory": str(directory), "chain_id": desk.chain_id, "height": 1, "root": root})
        output.say(
            f"账本 {desk.chain_id} 已建立：{len(command.organisations)} 家单位，"
            f"{len(command.people)} 名人员，根 {root}",
            f"the ledger {desk.chain_id} is founded: {len(command.organisations)} organisations,"
            f" {len(command.people)} people, root {root}",
            style="green",
        )
    if options["sandbox_keys"]:
        output.note(
            "人员密钥没有口令：只可用于演示、测试和培训", "keys have no passwords: for demonstration and training only"
        )
    elif not output.as_json:
        output.note(
            f"请另行妥善保存 {directory}/node.key 和 {directory}/keys 的备份",
            "keep a copy of node.key and keys elsewhere",
        )


@describe(
    _own, "submit",
    zh="以某人的密钥签名并提交一项指令或一批（JSON 列表）。"
    "显示结果代码、原因，以及怎样才能通过。任何一项被拒绝则退出码为 1。",
    en="Sign a command, or a batch (a JSON list), with somebody's key and submit it. Shows code, reason, and what would"
    " make it pass. Exits with 1 if any item was refused.",
    examples=(
        "mingzhang submit --types",
        "mingzhang submit --example payments.request/1 > pay.json",
        "mingzhang submit mydir --as dg.clerk pay.json",
        "cat batch.json | mingzhang submit mydir --as dg.clerk - --password-file secret.txt --json",
        "mingzhang submit --sign-with adapter.key.json --url http://127.0.0.1:8642 pay.json",
    ),
)  # fmt: skip
@click.argument("directory", type=click.Path(path_type=Path, allow_dash=True), required=False)
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--as", "person", metavar="PERSON", help="提交人 who signs")
@click.option("--sign-with", type=PASSWORD_FILE, help="用此密钥文件在本机签名 sign here with this key file")
@click.option("--url", metavar="URL", help="提交到此服务，不用目录 submit to this server instead of a directory")
@click.option("--password", is_flag=True, help="先问口令 ask for the password beforehand")
@click.option("--password-file", type=PASSWORD_FILE, help="口令所在文件 file whose first line is the password")
@click.option(
    "--example", metavar="TYPE", help="输出某类指令的样例和字段说明 print an example and the fields of a command"
)
@click.option("--types", is_flag=True, help="列出全部指令类型 list all command types")
def submit(output: Output, directory: Path | None, file: Any, *, person: str | None, **options: Any) -> None:
    """Sign and submit commands."""
    if options["types"]:
        _show_types(output)
        return
    if options["example"]:
        _show_example(output, options["example"])
        return
    if options["url"] or options["sign_with"]:
        _submit_by_url(output, directory, file, **options)
        return
    if directory is None or file is None or person is None:
        raise click.UsageError("DIRECTORY, --as PERSON and FILE (or - for standard input) are needed")
    commands = read_commands(file.read())
    with Desk.open(directory) as desk:
        password = read_password(options["password_file"])
        if options["password"] and password is None:
            password = ask_password(person)
        try:
            desk.private_key(person, password)
        except PasswordNeeded:
            if _is_input_used(file):
                raise
            desk.unlock(person, ask_password(person))
        receipt = desk.act(person, *commands)
        good = _show_receipt(output, desk.store, receipt, commands=commands)
    if not good:
        raise click.exceptions.Exit(1)


def _submit_by_url(output: Output, path: Path | None, file: Any, **options: Any) -> None:
    """With a server there is no directory: the one argument is the file."""
    if path is None or file is not None or not (options["url"] and options["sign_with"]):
        raise click.UsageError("--sign-with KEYFILE, --url URL and FILE (or - for standard input) are needed together")
    data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    commands = read_commands(data)
    good = submit_by_url(
        output, options["url"], options["sign_with"], commands=commands, password_file=options["password_file"]
    )
    if not good:
        raise click.exceptions.Exit(1)


def _is_input_used(file: Any) -> bool:
    """Whether commands came from standard input, where a password can then no longer be typed."""
    source = click.get_current_context().get_parameter_source("file")
    return source is ParameterSource.COMMANDLINE and file.fileno() == 0 and not sys.stdin.isatty()


def _passwords(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    value = read_yaml(path.read_text(encoding="utf-8"), path.name)
    if not isinstance(value, dict) or not all(isinstance(one, str) for pair in value.items() for one in pair):
        raise Failed(
            f"{path.name}：须为“人员：口令”，口令加引号", f"{path.name}: must be `person: password`, in quotes"
        )
    return value


def _passwords_of(command: FoundLedger, given: dict[str, str], *, file: Path | None) -> dict[str, str]:
    """A good password for each new key, asked for where the file gives none. Raises WrongUse, Failed."""
    people = {one.person_id for one in command.people}
    if strangers := sorted(set(given) - people):
        named, name = "、".join(strangers), "" if file is None else file.name
        raise Failed(
            f"{name}：创世文件中没有人员 {named}", f"{name}: not a person of the genesis: {', '.join(strangers)}"
        )
    passwords: dict[str, str] = {}
    lacking = [person for person in passwords_for(command, lambda _person: "") if not given.get(person)]
    if lacking and not can_ask():
        raise WrongUse(
            f"没有终端可问口令，--passwords 中缺少：{'、'.join(lacking)}",
            f"no terminal to ask at; --passwords FILE lacks: {', '.join(lacking)}",
        )
    for person, password in passwords_for(command, lambda one: given.get(one) or ask_new_password(one)).items():
        if len(password) < PASSWORD_CHARACTERS_MIN:
            raise Failed(
                f"{person} 的口令太短：须至少 {PASSWORD_CHARACTERS_MIN} 个字符",
                f"{person}: the password must have at least {PASSWORD_CHARACTERS_MIN} characters",
            )
        passwords[person] = password
    return passwords


def _show_types(output: Output) -> None:
    rows: list[dict[str, Any]] = [
        {"type": name, "what": first_paragraph(kind), "roles": list(REGISTRY.commands[kind].roles)}
        for name, kind in sorted(OPEN_COMMANDS.items())
    ]
    if output.as_json:
        output.json(rows)
        return
    if output.lang != "en":
        rows = [row | {"roles": [f"{role} {ROLES.get(role, '')}".rstrip() for role in row["roles"]]} for row in rows]
    if output.out.is_terminal:
        _show_types_in_lines(output, rows)
        return
    columns = (Column("type", "类型", "type"), Column("roles", "可办岗位", "roles"), Column("what", "说明", "what"))
    output.table(columns, rows)


def _show_types_in_lines(output: Output, rows: list[dict[str, Any]]) -> None:
    """Types, roles and what they do below each other, broken at the terminal's width."""
    for row in rows:
        output.out.print(row["type"], style="bold", markup=False, highlight=False)
        for text in (", ".join(row["roles"]), row["what"]):
            for line in wrapped(text, output.out.width - 4):
                output.out.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)


def _show_example(output: Output, name: str) -> None:
    kind = OPEN_COMMANDS.get(name)
    if kind is None:
        raise Failed(f"没有指令类型 {name}", f"there is no command {name}; `mingzhang submit --types` lists them")
    fields = [field._asdict() | {"description_zh": described_zh(field)} for field in fields_of(kind)]
    if output.as_json:
        output.json({"example": example_of(kind), "fields": fields})
        return
    output.json(example_of(kind))
    # The fields go to standard error, so that `> file.json` holds a command and nothing else.
    output.out = output.err
    output.table(
        (
            Column("path", "字段", "field"), Column("type", "类型", "type"), Column("bounds", "范围", "bounds"),
            Column(output.pick("description_zh", "description"), "说明", "description"),
        ),
        fields,
        title=f"{name}: {first_paragraph(kind)}",
    )  # fmt: skip


def _show_receipt(output: Output, store: Store, receipt: Receipt, *, commands: list[Any]) -> bool:
    """Show an answer; returns whether everything was accepted."""
    if receipt.door is not None:
        if output.as_json:
            output.json({"accepted": False, "recorded": False, **explained(receipt.door, receipt.facts)})
        else:
            output.answer(receipt.door, receipt.facts)
            output.say("在入口被拒绝，账本没有记录", "refused at the door; nothing was recorded")
        return False
    items = []
    for (index, name), command in zip(receipt.items, commands, strict=True):
        items.append({"index": index, "type": wire_name(command), **_answered(_record(store, index), name)})
    follow_ups = _follow_ups(store, receipt)
    good = all(item["number"] in GOOD_CODES for item in items)
    if output.as_json:
        output.json(
            {
                "accepted": good,
                "recorded": True,
                "height": receipt.height,
                "time": receipt.time,
                "items": items,
                "follow_ups": follow_ups,
            }
        )
        return good
    _show_items(output, items, receipt)
    if follow_ups:
        columns = (
            Column("index", "记录", "record", "int"), Column("cause", "起因", "cause", "int"),
            Column("type", "指令", "command"), Column("code", "结果", "result"),
            Column(output.pick("sentence_zh", "sentence_en"), "说明", "what"),
        )  # fmt: skip
        shown = follow_ups[:MAX_FOLLOW_UPS_SHOWN]
        output.table(columns, shown, title=output.pick("由此引发的事项", "what followed"))
    return good


def _show_items(output: Output, items: list[dict[str, Any]], receipt: Receipt) -> None:
    if len(items) == 1:
        output.answer(code_named(items[0]["code"]), items[0]["facts"])
        if items[0]["holds"]:
            output.say(items[0]["sentence_zh"], items[0]["sentence_en"], style="yellow")
        output.pairs((("记录", "record", items[0]["index"]), ("高度", "height", receipt.height)))
        return
    columns = (
        Column("index", "记录", "record", "int"), Column("type", "指令", "command"), Column("code", "结果", "result"),
        Column(output.pick("sentence_zh", "sentence_en"), "说明", "why"),
        Column(output.pick("remedy_zh", "remedy_en"), "怎样才能通过", "what would make it pass"),
    )  # fmt: skip
    output.table(columns, items)
    refused = sum(item["number"] not in GOOD_CODES for item in items)
    output.say(
        f"{len(items)} 项中 {len(items) - refused} 项受理，{refused} 项拒绝；高度 {receipt.height}",
        f"{len(items) - refused} of {len(items)} items accepted, {refused} refused; height {receipt.height}",
    )


def _answered(record: Record, code_name: str) -> dict[str, Any]:
    """An item's answer; of an accepted one that waits for a person the sentence says so, and `holds` why."""
    about = explained(code_named(code_name), record.facts) | {"holds": explaining.holds_of(record)}
    held = explaining.held_told(record)
    return about if held is None else about | {"sentence_zh": held[0], "sentence_en": held[1]}


def _record(store: Store, index: int) -> Record:
    record = REGISTRY.leaves.decode(store.leaf(index))
    if not isinstance(record, Record):
        raise Failed(f"第 {index} 条不是事项记录", f"leaf {index} is not a record")
    return record


def _follow_ups(store: Store, receipt: Receipt) -> list[dict[str, Any]]:
    """Records of this block that the items called for, directly or through others."""
    called = {index for index, _code in receipt.items}
    block = store.block(receipt.height)
    if block is None or not receipt.items:
        return []
    found = []
    for leaf in store.leaves(receipt.items[0][0], block.first_leaf + block.leaves):
        record = REGISTRY.leaves.decode(leaf)
        if isinstance(record, Record) and record.cause in called:
            called.add(record.index)
            about = _answered(record, record.code)
            found.append({"index": record.index, "cause": record.cause, "type": wire_name(record.command), **about})
    return found
