"""`mingzhang seal`, `unseal` and `blind-index`: for commands that carry only commitments. The vault knows how."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from mingzhang.chain.contracts.members import read_organisation
from mingzhang.cli.command import Group, describe
from mingzhang.cli.errors import Failed, WrongUse
from mingzhang.cli.keys import DIRECTORY, PASSWORD_FILE, ask_password, can_ask, read_password
from mingzhang.cli.output import Output
from mingzhang.desk import Desk, PasswordNeeded

FILE = click.Path(path_type=Path, dir_okay=False)
_own = Group(zh="", en="")


def add_to(group: Group) -> None:
    """Add seal, unseal and blind-index."""
    for command in (seal, unseal, blind_index):
        group.add_command(command)


@describe(
    _own, "seal",
    zh="把文件或字段密封进保管库，输出承诺，填入指令。字段的内容从键盘或标准输入读取，不写在命令行上。",
    en="Seal a file or a field in the vault and print the commitment that commands carry. A field is typed or comes"
    " from standard input, never from the command line.",
    examples=(
        "mingzhang seal mydir invoice.pdf --owner hospital --readers hospital-cashier,treasury",
        "mingzhang seal mydir --field account --owner hospital --readers hospital-cashier < account.txt",
    ),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False)
@click.option("--owner", required=True, metavar="ORG", help="内容属于哪个单位 organisation it belongs to")
@click.option("--readers", required=True, metavar="A,B", help="谁能打开，逗号分隔 who may open it")
@click.option("--field", metavar="LABEL", help="密封一个字段：此处写名称，如 account a field, by its label")
def seal(output: Output, directory: Path, file: Path | None, **options: Any) -> None:
    """Seal, and print the commitment."""
    readers = [one.strip() for one in options["readers"].split(",") if one.strip()]
    label, owner = options["field"], options["owner"]
    if (file is None) == (label is None):
        raise WrongUse("须指明文件或 --field 之一", "either FILE or --field LABEL is needed")
    if not readers:
        raise WrongUse("--readers 须至少有一人", "--readers: at least one person is needed")
    with Desk.open(directory, writing=False) as desk:
        read_organisation(desk.view(), owner)
        if file is None:
            commitment = desk.seal_field(_secret(label), owner, readers=readers, label=label)
        else:
            commitment = desk.seal_file(file.read_bytes(), owner, readers=readers, label=file.name)
    if output.as_json:
        output.json({"commitment": commitment, "owner": owner, "readers": readers})
    else:
        click.echo(commitment)


@describe(
    _own, "unseal",
    zh="以有权阅读者的密钥打开密封的内容，写入新文件（仅本人可读）。",
    en="Open a sealed content with a permitted reader's key, into a new file that only this user can read.",
    examples=("mingzhang unseal mydir COMMITMENT --as hospital-cashier -o invoice.pdf",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("commitment")
@click.option("--as", "person", required=True, metavar="PERSON", help="阅读者 who reads")
@click.option("-o", "--output", "target", type=FILE, required=True, help="写入何处，不覆盖 where to; never overwrites")
@click.option("--password-file", type=PASSWORD_FILE, help="口令所在文件 file whose first line is the password")
def unseal(output: Output, directory: Path, commitment: str, **options: Any) -> None:
    """Open what was sealed."""
    person, target = options["person"], options["target"]
    if target.exists():
        raise Failed(f"{target} 已存在，不会覆盖", f"{target}: exists and is not overwritten")
    with Desk.open(directory, writing=False) as desk:
        try:
            content = desk.open_sealed(commitment, person, read_password(options["password_file"]))
        except PasswordNeeded:
            content = desk.open_sealed(commitment, person, ask_password(person))
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    if output.as_json:
        output.json({"file": str(target), "bytes": len(content)})
    output.say(f"已写入 {target}，{len(content)} 字节", f"{target}: {len(content)} bytes written")


@describe(
    _own, "blind-index",
    zh="算出一个值的盲索引（64 位十六进制），供账本比较是否相同。值从键盘或标准输入读取。",
    en="Print the blind index of a value (64 hexadecimal digits), by which the ledger compares. The value is typed or"
    " comes from standard input.",
    examples=("mingzhang blind-index mydir --purpose invoice < number.txt",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.option(
    "--purpose", required=True, help="用途，如 invoice、account；不同用途不能互相比较 what it is compared for"
)
def blind_index(output: Output, directory: Path, purpose: str) -> None:
    """Print the 64 digits."""
    value = _secret(purpose)
    with Desk.open(directory, writing=False) as desk:
        index = desk.vault.blind_index(purpose, value)
    if output.as_json:
        output.json({"purpose": purpose, "index": index})
    else:
        click.echo(index)


def _secret(label: str) -> str:
    """A value typed unseen, or standard input without its last line end. Raises Failed when there is none."""
    if can_ask():
        value: str = click.prompt(f"{label} 的内容 value", hide_input=True, err=True)
    else:
        try:
            value = sys.stdin.buffer.read().decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise Failed(f"{label}：须为 UTF-8 编码", f"{label}: byte {error.start} is not UTF-8") from None
    if not value:
        raise Failed(f"{label}：内容不能为空", f"{label}: must not be empty")
    return value
