"""The files of a ledger directory: opened for reading only, their schemas, SQLite's own check, and what is foreign.

What the rows mean is not known here.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from mingzhang.audit.records import printable
from mingzhang.audit.report import LEDGER_FILE, VAULT_FILE, VIEWS_FILE, Finding, found

NODE_KEY_FILE = "node.key"
LOCK_FILE = "lock"
KEYS_FOLDER = "keys"
DATABASES = (LEDGER_FILE, VIEWS_FILE, VAULT_FILE)
_KNOWN = {NODE_KEY_FILE, LOCK_FILE, KEYS_FOLDER} | {
    name + suffix for name in DATABASES for suffix in ("", "-wal", "-shm")
}
BUSY_SECONDS = 30
DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises; the second when SQLite's own message quotes bytes that are not UTF-8."""
INTEGRITY_PROBLEMS = 100

Schema = dict[tuple[str, str], tuple[str, str | None]]
"""(kind, name) -> (table it is of, SQL), as SQLite keeps it."""


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that does not write, also where the directory cannot be written to. Raises sqlite3.Error.

    Text that is not UTF-8 is given with surrogates, so that a damaged row can be named and does not stop the reading.
    """
    if not path.is_file():
        raise sqlite3.OperationalError("there is no such file")
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        # An ordinary connection, because one opened with mode=ro leaves its -wal and -shm files behind.
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    else:
        # Without a write-ahead log nobody is writing; SQLite must not ask for the files it would need beside one.
        options = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
        place = f"file:{quote(str(path))}?{options}"
        connection = sqlite3.connect(place, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
    connection.text_factory = _text
    try:
        for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def foreign_files(directory: Path) -> Iterator[Finding]:
    """A warning for each file or folder that no part of the program makes there."""
    for path in sorted(directory.iterdir()):
        if path.name not in _KNOWN:
            what_en = "This file does not belong into a ledger's directory; what it holds was not audited."
            what = "账本目录中不应有这个文件，其内容未经审计。", what_en
            yield found(path.name, "", "", what=what, severity="warning")


def schema_of(connection: sqlite3.Connection) -> Schema:
    """All tables, indexes, triggers and views. Raises sqlite3.Error."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")
    return {(printable(kind), printable(name)): (table, sql) for kind, name, table, sql in rows}


def schema_made_by(statements: Mapping[str, str]) -> Schema:
    """The schema of a fresh database in which these statements were run."""
    connection = sqlite3.connect(":memory:")
    try:
        for statement in statements.values():
            connection.execute(statement)
        return schema_of(connection)
    finally:
        connection.close()


def check_schema(file: str, connection: sqlite3.Connection, expected: Schema) -> Iterator[Finding]:
    """An error for each thing that is unknown, missing or of another form. Raises sqlite3.Error."""
    actual = schema_of(connection)
    names = {"table": "表", "index": "索引", "trigger": "触发器", "view": "视图"}
    for kind, name in sorted(actual):
        said = names.get(kind, kind)
        if (kind, name) not in expected:
            yield found(file, name, "", what=(f"未知的{said}。", f"Unknown {kind}."))
        elif actual[kind, name] != expected[kind, name]:
            what = f"{said}的列或约束与应有的不同。", f"This {kind} has other columns or constraints."
            yield found(file, name, "", what=what)
    for kind, name in sorted(expected.keys() - actual.keys()):
        yield found(file, name, "", what=(f"缺少{names.get(kind, kind)}。", f"This {kind} is missing."))


def check_integrity(file: str, path: Path) -> list[Finding]:
    """SQLite's own check of one file: pages, order of keys, indexes against their tables, constraints."""
    problems: list[Finding] = []
    try:
        connection = open_for_reading(path)
        try:
            tables = _tables_by_page(connection)
            for (message,) in connection.execute(f"PRAGMA integrity_check({INTEGRITY_PROBLEMS})"):
                if message != "ok":
                    problems += [_integrity_error(file, _table_in(line, tables), line) for line in _lines(message)]
        finally:
            connection.close()
    except DAMAGE as error:
        problems.append(unreadable(file, "", error))
    return problems


def unreadable(file: str, table: str, error: Exception) -> Finding:
    """The finding for a file or table that SQLite cannot read."""
    said = printable(error)
    what = f"SQLite 无法读取，文件已损坏（{said}）。", f"SQLite cannot read it, the file is damaged: {said}."
    return found(file, table, "", what=what)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _integrity_error(file: str, table: str, message: str) -> Finding:
    what = f"SQLite 完整性检查：{message}。", f"SQLite's integrity check: {message}."
    return found(file, table, "", what=what)


def _lines(message: object) -> list[str]:
    lines = printable(message).splitlines()
    return [line for line in lines if line.strip() and not line.startswith("***")]


def _tables_by_page(connection: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    """Root page -> (name of the tree, name of its table)."""
    rows = connection.execute("SELECT rootpage, name, tbl_name FROM sqlite_schema WHERE rootpage > 0")
    return {page: (str(name), str(table)) for page, name, table in rows}


_tree = re.compile(r"[Tt]ree (?:page )?(\d+)")
_index = re.compile(r"index ([^\s,]+)")
_column = re.compile(r"(?:value in|constraint failed in) ([^\s.]+)")


def _table_in(message: str, tables: dict[int, tuple[str, str]]) -> str:
    """The table an integrity message speaks of, as far as it says."""
    tree = _tree.search(message)
    if tree is not None and int(tree.group(1)) in tables:
        return tables[int(tree.group(1))][1]
    named = _index.search(message) or _column.search(message)
    if named is None:
        return ""
    return next((table for name, table in tables.values() if named.group(1) in (name, table)), named.group(1))
