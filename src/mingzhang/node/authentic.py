"""SQLite tables whose every row is authenticated: what is changed, added or removed behind the program's back is found.

Each row carries a MAC over its table and all its columns. Each table has a seal: the number of its rows and the sum of
their MACs, authenticated in turn and written in the same transaction. A changed or added row fails its own MAC; a
removed one, or an older version put back, fails the seal. Replacing the whole file by an older copy is not visible
here; comparing with the ledger finds it.

What the rows mean is the business of who declares the tables (the vault). The key comes from the node key.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from mingzhang.chain.suites import HASH_SIZE, Suite

Value = str | int | bytes
Row = dict[str, Value]

# Whoever has old backups may look for a set of old rows whose MACs sum to the same as the present ones. For XOR a few
# hundred rows are enough; for a sum of n bits it takes about 2^(2 * sqrt(n)) steps (Wagner 2002), here 2^128.
_SUM_BITS: Final = 4096
_SUM_BYTES: Final = _SUM_BITS // 8
_SEALS_SQL: Final = """CREATE TABLE seals (
    table_name TEXT PRIMARY KEY, row_count INTEGER NOT NULL, total BLOB NOT NULL, mac BLOB NOT NULL
) STRICT"""
# A file that is broken everywhere need not be described row by row.
_PROBLEMS_PER_TABLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: the table (or `file`), the row's key, and what does not hold."""

    table: str
    row: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its columns with their SQLite types (TEXT, INTEGER or BLOB), and the columns of its key."""

    name: str
    columns: Mapping[str, str]
    key: Sequence[str]

    @property
    def sql(self) -> str:
        """The statement that makes it. STRICT, so that SQLite never changes a value's type."""
        columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in self.columns.items())
        return f"CREATE TABLE {self.name} ({columns}, mac BLOB NOT NULL, PRIMARY KEY ({', '.join(self.key)})) STRICT"


class ChangedRowError(Exception):
    """A row or seal that was read is not what this program wrote."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.table} {problem.row}: {problem.what}")
        self.problem = problem


class AuthenticTables:
    """A set of authenticated tables on one connection in autocommit mode. Not thread-safe: the owner holds a lock."""

    def __init__(self, connection: sqlite3.Connection, suite: Suite, *, key: bytes, tables: Sequence[Table]) -> None:
        self._connection = connection
        # Text that is no longer UTF-8 must reach the check of its MAC instead of stopping the read.
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        self._suite = suite
        self._key = key
        self._tables = {table.name: table for table in tables}
        # Seals that the running transaction has changed: table -> (rows, sum of MACs).
        self._changed: dict[str, tuple[int, int]] = {}

    def create(self) -> None:
        """Make the tables and their empty seals, in one transaction."""
        with self.transaction():
            for sql in self._schema_sql():
                self._connection.execute(sql)
            self._changed = dict.fromkeys(self._tables, (0, 0))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one durable transaction; an exception undoes all of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._changed = {}
        try:
            yield
            for name, (count, total) in self._changed.items():
                self._write_seal(name, count, total)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def insert(self, name: str, row: Row) -> None:
        """Add a row, inside a transaction. Raises sqlite3.IntegrityError if its key is taken."""
        table = self._tables[name]
        mac = self._row_mac(table, row)
        columns = (*table.columns, "mac")
        marks = ", ".join("?" * len(columns))
        self._connection.execute(
            f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - names are our constants
            (*(row[column] for column in table.columns), mac),
        )
        count, total = self._seal(name)
        self._changed[name] = (count + 1, (total + self._spread(mac)) % (1 << _SUM_BITS))

    def delete(self, name: str, *key: Value) -> None:
        """Remove a row, inside a transaction; its key may be the first columns of the key, then all that match go."""
        table = self._tables[name]
        rows = list(self._select(table, key))
        count, total = self._seal(name)
        for row, mac in rows:
            self._must_be_authentic(table, row, mac)
            total -= self._spread(mac)
        self._connection.execute(f"DELETE FROM {name} WHERE {_matches(table, key)}", key)  # noqa: S608 - as in insert
        self._changed[name] = (count - len(rows), total % (1 << _SUM_BITS))

    def get(self, name: str, *key: Value) -> Row | None:
        """Return the row with this whole key, or None. Raises ChangedRowError if its MAC does not fit."""
        for row in self.rows(name, *key):
            return row
        return None

    def rows(self, name: str, *key: Value) -> Iterator[Row]:
        """Yield the rows whose key begins with these values, in key order. Raises ChangedRowError as `get` does."""
        table = self._tables[name]
        for row, mac in self._select(table, key):
            self._must_be_authentic(table, row, mac)
            yield row

    def page(self, name: str, *, after: str, limit: int) -> list[Row]:
        """Return up to `limit` rows whose key is above `after`, for tables with one key column of text."""
        table = self._tables[name]
        (column,) = table.key
        sql = f"SELECT * FROM {name} WHERE {column} > ? ORDER BY {column} LIMIT ?"  # noqa: S608 - as in insert
        page = [_split(one) for one in _dicts(self._connection.execute(sql, (after, limit)))]
        for row, mac in page:
            self._must_be_authentic(table, row, mac)
        return [row for row, _ in page]

    def count(self, name: str) -> int:
        """Return the number of rows, from the seal."""
        return self._seal(name)[0]

    def check(self) -> Iterator[Problem]:
        """Yield what is wrong with the file, the schema, any row or any seal. Reads everything once."""
        checks = [self._check_file(), self._check_schema(), *(self._check_table(one) for one in self._tables.values())]
        for problems in checks:
            try:
                yield from problems
            except sqlite3.Error as error:
                yield Problem(table="file", row="", what=f"SQLite cannot read it: {error}")

    # ---- Checks ----

    def _check_file(self) -> Iterator[Problem]:
        for (message,) in self._connection.execute("PRAGMA integrity_check"):
            if message != "ok":
                yield Problem(table="file", row="", what=f"SQLite's integrity check: {message}")

    def _check_schema(self) -> Iterator[Problem]:
        fresh = sqlite3.connect(":memory:")
        try:
            for sql in self._schema_sql():
                fresh.execute(sql)
            expected = _schema(fresh)
        finally:
            fresh.close()
        actual = _schema(self._connection)
        for (kind, name), found in actual.items():
            if (kind, name) not in expected:
                yield Problem(table="sqlite_schema", row=name, what=f"unknown {kind}")
            elif found != expected[kind, name]:
                yield Problem(table="sqlite_schema", row=name, what=f"{kind} has other columns or constraints")
        for kind, name in expected:
            if (kind, name) not in actual:
                yield Problem(table="sqlite_schema", row=name, what=f"{kind} is missing")
        for (name,) in self._connection.execute("SELECT table_name FROM seals"):
            if name not in self._tables:
                yield Problem(table="seals", row=name, what="is the seal of an unknown table")

    def _check_table(self, table: Table) -> Iterator[Problem]:
        count = total = problems = 0
        for row, mac in self._select(table, ()):
            count += 1
            if len(mac) == HASH_SIZE:
                total += self._spread(mac)
            problem = self._problem_of(table, row, mac)
            if problem is not None and problems < _PROBLEMS_PER_TABLE:
                problems += 1
                yield problem
        try:
            sealed_count, sealed_total = self._read_seal(table.name)
        except ChangedRowError as error:
            yield error.problem
            return
        if count != sealed_count:
            yield Problem(table=table.name, row="", what=f"has {count} rows, but was sealed with {sealed_count}")
        elif total % (1 << _SUM_BITS) != sealed_total:
            yield Problem(table=table.name, row="", what="its rows are not those it was sealed with")

    def _must_be_authentic(self, table: Table, row: Row, mac: bytes) -> None:
        problem = self._problem_of(table, row, mac)
        if problem is not None:
            raise ChangedRowError(problem)

    def _problem_of(self, table: Table, row: Row, mac: bytes) -> Problem | None:
        if set(row) == set(table.columns) and hmac.compare_digest(self._row_mac(table, row), mac):
            return None
        key = ", ".join(str(row.get(column, "?")) for column in table.key)
        printable = key.encode("utf-8", "backslashreplace").decode("utf-8")
        return Problem(table=table.name, row=printable, what="was changed or added outside, or the node key is another")

    # ---- Seals ----

    def _seal(self, name: str) -> tuple[int, int]:
        return self._changed[name] if name in self._changed else self._read_seal(name)

    def _read_seal(self, name: str) -> tuple[int, int]:
        found = self._connection.execute("SELECT row_count, total, mac FROM seals WHERE table_name = ?", (name,))
        seal = found.fetchone()
        if seal is None:
            raise ChangedRowError(Problem(table="seals", row=name, what="is missing"))
        count, total, mac = seal
        if not hmac.compare_digest(self._seal_mac(name, count, total), mac):
            raise ChangedRowError(
                Problem(table="seals", row=name, what="was changed outside, or the node key is another")
            )
        return count, int.from_bytes(total, "big")

    def _write_seal(self, name: str, count: int, total: int) -> None:
        data = total.to_bytes(_SUM_BYTES, "big")
        self._connection.execute(
            "INSERT OR REPLACE INTO seals VALUES (?, ?, ?, ?)", (name, count, data, self._seal_mac(name, count, data))
        )

    # ---- MACs ----

    def _row_mac(self, table: Table, row: Row) -> bytes:
        return self._mac("row", table.name, *(row[column] for column in table.columns))

    def _seal_mac(self, name: str, count: int, total: bytes) -> bytes:
        return self._mac("seal", name, count, total)

    def _mac(self, *values: Value) -> bytes:
        return self._suite.hmac(self._key, b"".join(self._encoded(value) for value in values))

    def _encoded(self, value: Value) -> bytes:
        """Type, length, content: no two lists of values have the same encoding. Blobs go in by their hash."""
        if isinstance(value, bytes):
            tag, content = b"b", self._suite.hash(value)
        elif isinstance(value, str):
            tag, content = b"s", value.encode("utf-8", "surrogateescape")
        else:
            tag, content = b"i", str(value).encode("ascii")
        return tag + len(content).to_bytes(8, "big") + content

    def _spread(self, mac: bytes) -> int:
        """Stretch a MAC to the width of the sum; see `_SUM_BITS`."""
        parts = [self._suite.hash(mac + bytes((part,))) for part in range(_SUM_BYTES // HASH_SIZE)]
        return int.from_bytes(b"".join(parts), "big")

    # ---- Reading ----

    def _select(self, table: Table, key: Sequence[Value]) -> Iterator[tuple[Row, bytes]]:
        order = ", ".join(table.key)
        sql = f"SELECT * FROM {table.name} WHERE {_matches(table, key)} ORDER BY {order}"  # noqa: S608 - as in insert
        for one in _dicts(self._connection.execute(sql, tuple(key))):
            yield _split(one)

    def _schema_sql(self) -> list[str]:
        return [_SEALS_SQL, *(table.sql for table in self._tables.values())]


def _matches(table: Table, key: Sequence[Value]) -> str:
    return " AND ".join(f"{column} = ?" for column in table.key[: len(key)]) or "TRUE"


def _dicts(cursor: sqlite3.Cursor) -> Iterator[Row]:
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield dict(zip(names, values, strict=True))


def _split(row: Row) -> tuple[Row, bytes]:
    mac = row.pop("mac", b"")
    return row, mac if isinstance(mac, bytes) else b""


def _schema(connection: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str | None]]:
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")
    return {(kind, name): (table, sql) for kind, name, table, sql in found}
