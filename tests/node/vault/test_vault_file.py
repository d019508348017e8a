"""The vault's file: whatever is altered in it is found and named."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.node.vault.case import (
    NODE_KEY,
    People,
    erased,
    sealed,
)

from mingzhang.chain.suites import Suite, suite_named
from mingzhang.node import vault_file
from mingzhang.node.vault import (
    CorruptError,
    Vault,
    VaultError,
    check_vault,
)

# --- The file ---------------------------------------------------------------------------------------------------------


def test_files_are_readable_by_their_owner_only(vault: Vault, people: People) -> None:
    sealed(vault, people)
    files = list(vault.path.parent.glob("vault.sqlite*"))
    assert len(files) == 3
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_vault_is_neither_made_twice_nor_by_accident(vault: Vault, suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="exists already"):
        Vault.create(vault.path, suite, node_key=NODE_KEY)
    with pytest.raises(VaultError, match="there is no vault"):
        Vault(tmp_path / "elsewhere.sqlite", suite, node_key=NODE_KEY)
    with pytest.raises(VaultError, match="node_key"):
        Vault.create(tmp_path / "elsewhere.sqlite", suite, node_key=b"short")


def test_another_node_key_or_suite_does_not_open_it(vault: Vault, suite: Suite) -> None:
    with pytest.raises(CorruptError, match="node key"):
        Vault(vault.path, suite, node_key=bytes(32))
    assert any("node key" in problem.what for problem in check_vault(vault.path, suite, node_key=bytes(32)))
    other = suite_named("intl" if suite.name == "gm" else "gm")
    with pytest.raises(CorruptError):
        Vault(vault.path, other, node_key=NODE_KEY)


def test_a_file_that_is_no_database_is_a_problem(suite: Suite, tmp_path: Path) -> None:
    path = tmp_path / "vault.sqlite"
    assert [problem.table for problem in check_vault(path, suite, node_key=NODE_KEY)] == ["file"]
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    assert [problem.table for problem in check_vault(path, suite, node_key=NODE_KEY)] == ["file"]
    with pytest.raises(CorruptError):
        Vault(path, suite, node_key=NODE_KEY)
    path.write_bytes(b"")
    assert any(problem.what.endswith("missing") for problem in check_vault(path, suite, node_key=NODE_KEY))


@pytest.fixture
def full(vault: Vault, people: People) -> Vault:
    """A vault with at least two rows in every table."""
    for number in range(4):
        sealed(vault, people, b"%d" % number)
    for entry in vault.entries()[:2]:
        erased(vault, people, entry.commitment)
    vault.blind_index("payee", "张三")
    vault.blind_index("invoice", "No 1")
    assert list(vault.check()) == []
    return vault


def altered(vault: Vault, *statements: str) -> None:
    connection = sqlite3.connect(vault.path, isolation_level=None)
    for statement in statements:
        assert connection.execute(statement).rowcount != 0, f"{statement} altered nothing"
    connection.close()


def every_column() -> list[Any]:
    cases = []
    for table in (*vault_file.TABLES, None):
        name, columns, key = (
            (table.name, {**table.columns, "mac": "BLOB"}, table.key[-1])
            if table
            else ("seals", {"row_count": "INTEGER", "total": "BLOB", "mac": "BLOB"}, "table_name")
        )
        for column, kind in columns.items():
            cases.append(pytest.param(name, key, column, kind, id=f"{name}.{column}"))
    return cases


@pytest.mark.parametrize(("table", "key", "column", "kind"), every_column())
def test_an_altered_byte_in_any_column_is_found(full: Vault, table: str, key: str, column: str, kind: str) -> None:
    connection = sqlite3.connect(full.path, isolation_level=None)
    rowid, value, row = connection.execute(f"SELECT rowid, {column}, {key} FROM {table} LIMIT 1").fetchone()
    change: Callable[[Any], Any] = {
        "INTEGER": lambda old: old + 1,
        "TEXT": lambda old: old[:-1] + chr(ord(old[-1]) ^ 1),
        "BLOB": lambda old: old[:-1] + bytes((old[-1] ^ 1,)),
    }[kind]
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (change(value), rowid))
    connection.close()
    problems = list(full.check())
    assert problems[0].table == table
    named = change(row) if column == key else row
    assert any(problem.table == table and named in problem.row for problem in problems)


@pytest.mark.parametrize("table", [*(table.name for table in vault_file.TABLES), "seals"])
def test_a_removed_row_is_found(full: Vault, table: str) -> None:
    altered(full, f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
    assert any(problem.table == table for problem in full.check())


@pytest.mark.parametrize("table", [table.name for table in vault_file.TABLES])
def test_an_added_row_is_found(full: Vault, table: str) -> None:
    columns = next(one.columns for one in vault_file.TABLES if one.name == table)
    first = next(iter(columns))
    names = ", ".join([*columns, "mac"])
    values = names.replace(first, f"{first} || 'x'", 1)
    altered(full, f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} LIMIT 1")
    assert any(problem.table == table for problem in full.check())


def test_a_row_put_back_from_an_older_copy_is_found(full: Vault, people: People, tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    full.copy_to(old)
    commitment = full.entries()[0].commitment
    erased(full, people, commitment)
    altered(
        full,
        f"ATTACH '{old}' AS old",
        *(
            f"INSERT INTO {table} SELECT * FROM old.{table} WHERE commitment = '{commitment}'"
            for table in ("entries", "contents", "reader_keys")
        ),
    )
    found = {(problem.table, problem.what.split(",")[0]) for problem in full.check()}
    assert ("entries", "is there") in found
    assert {"entries", "contents", "reader_keys"} <= {table for table, _ in found}


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE TABLE extra (x)", "extra"),
        ("CREATE VIEW extra AS SELECT 1", "extra"),
        ("CREATE INDEX extra ON entries (owner)", "extra"),
        ("CREATE TRIGGER extra AFTER INSERT ON entries BEGIN DELETE FROM entries; END", "extra"),
        ("ALTER TABLE entries ADD COLUMN note TEXT", "entries"),
        ("ALTER TABLE entries RENAME COLUMN owner TO proprietor", "entries"),
        ("DROP TABLE index_keys", "index_keys"),
    ],
)
def test_an_altered_schema_is_found(full: Vault, statement: str, name: str) -> None:
    altered(full, statement)
    assert any(problem.table == "sqlite_schema" and problem.row == name for problem in full.check())


def test_an_extra_seal_is_found(full: Vault) -> None:
    altered(full, "INSERT INTO seals SELECT 'extra', row_count, total, mac FROM seals LIMIT 1")
    assert any(problem.table == "seals" for problem in full.check())


def test_an_altered_page_of_the_file_is_found(full: Vault, suite: Suite) -> None:
    full.close()
    data = bytearray(full.path.read_bytes())
    start = data.index(b"dg-hospital")
    data[start : start + 2] = b"\xff\xfe"
    full.path.write_bytes(data)
    problems = list(check_vault(full.path, suite, node_key=NODE_KEY))
    assert problems
    assert problems[0].table in {"entries", "receipts"}


def test_an_altered_row_is_not_used(full: Vault, people: People) -> None:
    commitment = full.entries()[0].commitment
    altered(
        full, f"UPDATE reader_keys SET reader = 'stranger' WHERE commitment = '{commitment}' AND reader = 'officer'"
    )
    with pytest.raises(CorruptError, match="reader_keys"):
        full.open(commitment, "stranger", people.private["officer"])
    with pytest.raises(CorruptError, match="reader_keys"):
        full.readers(commitment)
    with pytest.raises(CorruptError):
        erased(full, people, commitment)
