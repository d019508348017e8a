"""`mingzhang keys`: the keys that this directory holds. How a key is sealed is the node's matter."""

import sys
from pathlib import Path
from typing import Any

import click

from mingzhang.chain.contracts.members import PERSON, read_consortium
from mingzhang.chain.suites import suite_named
from mingzhang.cli.command import Group, describe
from mingzhang.cli.errors import Failed
from mingzhang.cli.output import Column, Output
from mingzhang.desk import Desk
from mingzhang.node.keys import KeyInfo

DIRECTORY = click.Path(path_type=Path, file_okay=False)
PASSWORD_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)

keys = Group("keys", zh="管理本目录保存的密钥。", en="Manage the keys that this directory holds.")


def read_password(path: Path | None) -> str | None:
    """The first line of a password file, or None without one. Raises Failed when it is empty."""
    if path is None:
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0]:
        raise Failed(f"{path}：第一行须是口令", f"{path}: the first line must be the password")
    return lines[0]


def can_ask() -> bool:
    """Whether there is a terminal to ask at: without one Python would warn, and show what is typed."""
    return sys.stdin.isatty()


def ask_password(person_id: str) -> str:
    """Ask for an existing password."""
    answer: str = click.prompt(f"{person_id} 的口令 password", hide_input=True, err=True)
    return answer


def ask_new_password(person_id: str) -> str:
    """Ask for a new password, twice."""
    answer: str = click.prompt(
        f"{person_id} 的新口令 new password", hide_input=True, confirmation_prompt="再输一次 again", err=True
    )
    return answer


@describe(
    keys, "list",
    zh="列出密钥：属于谁、怎样保护、是否与账本上登记的一致。",
    en="List the keys: whose, how protected, whether the ledger knows them.",
    examples=("mingzhang keys list mydir",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
def list_keys(output: Output, directory: Path) -> None:
    """List person keys, then the organisations' checkpoint keys."""
    with Desk.open(directory, writing=False) as desk:
        view = desk.view()
        rows = []
        for info in desk.keyring.list():
            person = view.get(PERSON, info.key_id)
            enrolled = None if person is None else person.public_key
            revoked = person is not None and person.revoked_by != ""
            rows.append(_row(info, "person", _status(info, enrolled, revoked=revoked)))
        consortium = read_consortium(view)
        for info in desk.organisation_keyring.list():
            status = _status(info, consortium.get(info.key_id), revoked=False)
            rows.append(_row(info, "organisation", status))
    output.table(
        (
            Column("key_id", "编号", "id"), Column("of", "所属", "of"), Column("protection", "保护方式", "protection"),
            Column("suite", "套件", "suite"), Column("status", "账本上", "on the ledger"),
            Column("public_key", "公钥", "public key"),
        ),
        rows,
    )  # fmt: skip


@describe(
    keys, "new",
    zh="新建一把密钥，输出公钥。默认由口令保护；公钥须由管理员登记后才能使用。",
    en="Make a key and print its public key. Under a password unless told; an administrator must enrol it before use.",
    examples=(
        "mingzhang keys new mydir dg.clerk",
        "mingzhang keys new mydir import-service --service",
        "mingzhang keys new mydir dg.congress --organisation",
    ),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("key_id", metavar="ID")
@click.option("--service", is_flag=True, help="无口令的服务密钥 a service key, opened without a password")
@click.option("--organisation", is_flag=True, help="单位的检查点密钥 an organisation's checkpoint key")
@click.option("--sandbox", is_flag=True, help="演示人员的密钥 a key of an invented person, without a password")
@click.option("--password-file", type=PASSWORD_FILE, help="口令所在文件 file whose first line is the password")
def new_key(output: Output, directory: Path, key_id: str, **options: Any) -> None:
    """Make a person's, service's or organisation's key."""
    kinds = [name for name in ("service", "sandbox", "organisation") if options[name]]
    if len(kinds) > 1:
        raise click.UsageError("--service, --sandbox and --organisation exclude each other")
    of_organisation = kinds == ["organisation"]
    with Desk.open(directory, writing=False) as desk:
        if of_organisation:
            desk.new_organisation_key(key_id)
        else:
            password = None if kinds else read_password(options["password_file"]) or ask_new_password(key_id)
            desk.new_key(key_id, password=password, sandbox=options["sandbox"])
        info = (desk.organisation_keyring if of_organisation else desk.keyring).info(key_id)
    if output.as_json:
        output.json(_row(info, "organisation" if of_organisation else "person", ""))
    else:
        click.echo(info.public_key.hex())


@describe(
    keys, "passwd",
    zh="更换一把密钥的口令。",
    en="Change the password of a key.",
    examples=("mingzhang keys passwd mydir dg.clerk",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("key_id", metavar="ID")
@click.option("--password-file", type=PASSWORD_FILE, help="原口令所在文件 file with the old password")
@click.option("--new-password-file", type=PASSWORD_FILE, help="新口令所在文件 file with the new password")
def change_password(
    output: Output, directory: Path, key_id: str, *, password_file: Path | None, new_password_file: Path | None
) -> None:
    """Seal the key anew under another password."""
    with Desk.open(directory, writing=False) as desk:
        old = read_password(password_file) or ask_password(key_id)
        desk.keyring.open(key_id, old)
        new = read_password(new_password_file) or ask_new_password(key_id)
        desk.keyring.change_password(key_id, old=old, new=new)
    if output.as_json:
        output.json({"key_id": key_id, "changed": True})
    output.say(f"{key_id} 的口令已更换", f"the password of {key_id} has been changed")


@describe(
    keys, "export-public",
    zh="输出一把密钥的公钥，供登记。",
    en="Print a key's public key, to be enrolled.",
    examples=("mingzhang keys export-public mydir dg.clerk",),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("key_id", metavar="ID")
@click.option("--organisation", is_flag=True, help="单位的检查点密钥 an organisation's checkpoint key")
def export_public(output: Output, directory: Path, key_id: str, *, organisation: bool) -> None:
    """Print it in hexadecimal."""
    with Desk.open(directory, writing=False) as desk:
        info = (desk.organisation_keyring if organisation else desk.keyring).info(key_id)
    if output.as_json:
        output.json(_row(info, "organisation" if organisation else "person", ""))
    else:
        click.echo(info.public_key.hex())


def _status(info: KeyInfo, enrolled: str | None, *, revoked: bool) -> str:
    if enrolled is None:
        return "未登记 not enrolled"
    if enrolled != info.public_key.hex():
        return "与登记的不同 differs"
    return "已注销 revoked" if revoked else "有效 valid"


def _row(info: KeyInfo, of: str, status: str) -> dict[str, Any]:
    row = {
        "key_id": info.key_id,
        "of": of,
        "protection": info.protection,
        "suite": suite_named(info.suite).name,
        "status": status,
        "public_key": info.public_key.hex(),
    }
    return {name: value for name, value in row.items() if value != ""}
