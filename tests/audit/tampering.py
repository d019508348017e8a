"""Somebody changes a database behind the program's back: any value of any column, rows, tables, bytes of the file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

Content = dict[str, Any]


class Table(NamedTuple):
    """A table as its file describes it."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    # A tamperer is not held up by the constraints that can be switched off.
    connection.execute("PRAGMA ignore_check_constraints = ON")
    return connection


def tables_of(path: Path) -> list[Table]:
    with closing(connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        found = []
        for name in names:
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            key = [column[1] for column in sorted(columns, key=lambda one: one[5]) if column[5]]
            found.append(Table(name, tuple(column[1] for column in columns), tuple(key)))
        return found


def rows_of(path: Path, table: Table) -> list[dict[str, Any]]:
    with closing(connect(path)) as connection:
        rows = connection.execute(f"SELECT * FROM {table.name} ORDER BY {', '.join(map(quoted, table.key))}")
        return [dict(zip(table.columns, row, strict=True)) for row in rows]


def other(value: Any) -> Any:
    """Another value of the same type; of text and bytes one bit of the middle differs."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        middle = len(value) // 2
        return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
    if isinstance(value, str) and value:
        middle = len(value) // 2
        return value[:middle] + ("x" if value[middle] != "x" else "y") + value[middle + 1 :]
    return "x" if isinstance(value, str) else 1


def other_in(table: Table, row: dict[str, Any], column: str) -> Any:
    """Another value for a column; one that no other row has, where it is part of the key."""
    value = row[column]
    return value + 1_000 if isinstance(value, int) and column in table.key else other(value)


def key_text(table: Table, row: dict[str, Any]) -> str:
    """A row's key as a finding names it."""
    return "/".join(str(row[one]) for one in table.key)


def quoted(name: str) -> str:
    """A column's name, which may be a word of SQL."""
    return f'"{name}"'


def matching(table: Table) -> str:
    return " AND ".join(f"{quoted(one)} IS ?" for one in table.key)


def change(path: Path, table: Table, row: dict[str, Any], /, **values: Any) -> None:
    """Give columns of one row other values."""
    settings = ", ".join(f"{quoted(name)} = ?" for name in values)
    with closing(connect(path)) as connection:
        done = connection.execute(
            f"UPDATE {table.name} SET {settings} WHERE {matching(table)}",
            (*values.values(), *(row[one] for one in table.key)),
        )
        assert done.rowcount == 1


def delete(path: Path, table: Table, row: dict[str, Any]) -> None:
    with closing(connect(path)) as connection:
        done = connection.execute(f"DELETE FROM {table.name} WHERE {matching(table)}", [row[one] for one in table.key])
        assert done.rowcount == 1


def insert(path: Path, table: Table, row: dict[str, Any]) -> None:
    with closing(connect(path)) as connection:
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO {table.name} ({', '.join(map(quoted, row))}) VALUES ({marks})", tuple(row.values())
        )


def swap(path: Path, table: Table, rows: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Exchange all but the keys of two rows."""
    contents = [{name: row[name] for name in row if name not in table.key} for row in rows]
    change(path, table, rows[0], **contents[1])
    change(path, table, rows[1], **contents[0])


def execute(path: Path, statement: str) -> None:
    with closing(connect(path)) as connection:
        connection.execute(statement)


def content_of(path: Path) -> Content | str:
    """Everything a file says, by table and index; the error where it cannot be read."""
    try:
        with closing(connect(path)) as connection:
            schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
            content: Content = {"schema": schema}
            for kind, name, _table, _sql in schema:
                if kind == "table":
                    content[name] = connection.execute(f"SELECT * FROM {name}").fetchall()
            return content
    except sqlite3.Error as error:
        return str(error)


def flipped(path: Path, places: Iterator[int]) -> Iterator[int]:
    """Flip a bit at each place in turn; the file is as it was before when the next is asked for."""
    data = path.read_bytes()
    for place in places:
        bit = 1 << (place % 8)
        path.write_bytes(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
        yield place
    path.write_bytes(data)
