"""The vault and the key files, checked as far as that is possible without anybody's password."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from mingzhang.audit.files import DAMAGE, KEYS_FOLDER, NODE_KEY_FILE, open_for_reading, unreadable
from mingzhang.audit.records import printable
from mingzhang.audit.report import VAULT_FILE, Finding, found
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.node.keys import KEY_FILE_SUFFIX, KeyFileError, Keyring, read_node_key
from mingzhang.node.receipts import ReceiptError, decode_receipt, verify_receipt
from mingzhang.node.vault import Problem, VaultError, check_vault

ORGANISATIONS_FOLDER = "organisations"
"""Below the folder of keys: the keys with which organisations sign checkpoints."""


class Checked(NamedTuple):
    """What was found, and how many rows or files were checked."""

    findings: tuple[Finding, ...]
    number: int


def check_node_key(directory: Path, suite: Suite) -> Iterator[Finding]:
    """One finding, instead of one for each row, when the node key opens no row of the vault's description."""
    try:
        node_key = read_node_key(directory / NODE_KEY_FILE)
        problems = list(check_vault(directory / VAULT_FILE, suite, node_key=node_key))
    except (KeyFileError, *DAMAGE):
        return
    meta = {problem.row for problem in problems if problem.table == "meta"}
    if {"format", "suite", "erasing"} <= meta:
        what_en = "It is not this ledger's node key, or is damaged; vault and key files were not checked."
        what = "node.key 不是这个账本的（或已损坏）；保管库与密钥文件因此未检查。", what_en
        yield found(NODE_KEY_FILE, "", "", what=what)


def check_vault_file(directory: Path, suite_name: str) -> Checked:
    """Every row, seal and relation of the vault. Never raises for what the file holds."""
    path = directory / VAULT_FILE
    if not path.exists():
        missing = found(VAULT_FILE, "", "", what=("没有保管库。", "There is no vault."), severity="warning")
        return Checked((missing,), 0)
    try:
        node_key = read_node_key(directory / NODE_KEY_FILE)
    except KeyFileError as error:
        said = printable(error)
        return Checked((found(VAULT_FILE, "", "", what=(f"无法检查：{said}。", f"It cannot be checked: {said}.")),), 0)
    try:
        problems = list(check_vault(path, suite_named(suite_name), node_key=node_key))
    except DAMAGE as error:
        return Checked((unreadable(VAULT_FILE, "", error),), 0)
    return Checked(tuple(_finding_of(problem) for problem in problems), _count_rows(path))


def check_receipts(directory: Path, suite: Suite, signing_keys: Collection[str]) -> Iterator[Finding]:
    """Each purge receipt must be signed by a key that somebody had on the ledger (`signing_keys`, hexadecimal)."""
    path = directory / VAULT_FILE
    if not path.exists():
        return
    try:
        with closing(open_for_reading(path)) as connection:
            rows = connection.execute("SELECT subject, receipt FROM receipts").fetchall()
    except DAMAGE as error:
        yield unreadable(VAULT_FILE, "receipts", error)
        return
    for subject, data in rows:
        try:
            verify_receipt(suite, decode_receipt(data), trusted_keys=signing_keys)
        except (VaultError, ReceiptError, TypeError) as error:
            said = printable(error)
            yield found(
                VAULT_FILE,
                "receipts",
                printable(subject),
                what=(f"销毁凭据不成立：{said}。", f"It does not hold: {said}."),
            )


def check_keys(directory: Path, suite_name: str) -> Checked:
    """Every key file: whole, under its own name, of the ledger's suite; without a password also that it opens."""
    findings: list[Finding] = []
    number = 0
    try:
        node_key = read_node_key(directory / NODE_KEY_FILE)
    except KeyFileError as error:
        node_key = None
        if (directory / NODE_KEY_FILE).exists():
            said = printable(error)
            findings.append(found(NODE_KEY_FILE, "", "", what=(f"{said}。", f"{said}.")))
    for folder in (directory / KEYS_FOLDER, directory / KEYS_FOLDER / ORGANISATIONS_FOLDER):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            file = str(path.relative_to(directory))
            if path.name.endswith(KEY_FILE_SUFFIX):
                number += 1
                findings += _check_key(file, path, suite_name, node_key=node_key)
            elif path.name != ORGANISATIONS_FOLDER:
                what = ("这里只应有密钥文件。", "Only key files belong here.")
                findings.append(found(file, "", "", what=what, severity="warning"))
    return Checked(tuple(findings), number)


def _check_key(file: str, path: Path, suite_name: str, *, node_key: bytes | None) -> Iterator[Finding]:
    keyring, key_id = Keyring(path.parent), path.name.removesuffix(KEY_FILE_SUFFIX)
    try:
        info = keyring.info(key_id)
        if info.suite != suite_name:
            raise KeyFileError(f"{key_id}: suite must be {suite_name}, not {info.suite}")
        if info.protection != "password" and node_key is not None:
            keyring.open_under_node_key(key_id, node_key=node_key, sandbox=info.protection == "sandbox")
    except KeyFileError as error:
        said = printable(error)
        yield found(file, "", "", what=(f"密钥文件不成立：{said}。", f"This key file does not hold: {said}."))
        return
    if path.stat().st_mode & 0o077:
        what = ("其他用户可以读取；请运行 chmod 600。", "Others can read it; run chmod 600.")
        yield found(file, "", "", what=what, severity="warning")


def _finding_of(problem: Problem) -> Finding:
    table, row = printable(problem.table), printable(problem.row)
    if table == "sqlite_schema":
        return found(VAULT_FILE, row, "", what=(f"库结构与应有的不同：{problem.what}。", f"Schema: {problem.what}."))
    what_zh = f"与保管库自己写入的不符：{problem.what}。"
    return found(VAULT_FILE, "" if table == "file" else table, row, what=(what_zh, f"It {problem.what}."))


def _count_rows(path: Path) -> int:
    try:
        with closing(open_for_reading(path)) as connection:
            tables = [
                str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            ]
            # Names come from the file and are quoted as SQL asks.
            counts = [_quoted_count(connection, name) for name in tables]
    except DAMAGE:
        return 0
    return sum(counts)


def _quoted_count(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 - quoted
