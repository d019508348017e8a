"""Any row of any table that is changed, taken away, added or exchanged is found, and named by file, table and key."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.audit.tampering import (
    Table,
    change,
    connect,
    delete,
    execute,
    insert,
    key_text,
    other,
    other_in,
    rows_of,
    swap,
    tables_of,
)

from mingzhang.audit import Finding, Report, audit

LEDGER, VAULT, VIEWS = "ledger.sqlite", "vault.sqlite", "views.sqlite"
FILES = (LEDGER, VAULT)
"""Those that are audited whole for each change; the views, which take longest to build, are in test_views.py."""


def audited(directory: Path) -> Report:
    return audit(directory, processes=1)


def named(report: Report, file: str, table: str, key: str) -> Finding | None:
    """The finding of this very row."""
    assert not report.ok
    assert report.first is not None
    found = [one for one in report.findings if (one.file, one.table) == (file, table) and one.severity == "error"]
    return next((one for one in found if one.key in (key, key.replace("/", ", "))), None)


@pytest.fixture
def tampered(made: Path, tmp_path: Path) -> Callable[[], Path]:
    """A fresh copy each time it is called, without the views."""
    numbers = iter(range(100_000))
    without = shutil.ignore_patterns(VIEWS)
    return lambda: Path(shutil.copytree(made, tmp_path / str(next(numbers)), ignore=without))


def test_a_ledger_that_nobody_changed_passes(directory: Path) -> None:
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    report = audited(directory)
    assert report.ok
    assert report.findings == ()
    assert report.first is None
    for name in ("blocks", "leaves", "envelopes", "signatures", "state", "checkpoints", "views", "vault", "keys"):
        assert report.counts[name] > 0, name
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


def every_table(directory: Path) -> list[tuple[str, Table]]:
    return [(file, table) for file in FILES for table in tables_of(directory / file)]


def some_rows(path: Path, table: Table) -> list[int]:
    """The first, the last and one in the middle."""
    count = len(rows_of(path, table))
    return sorted({0, count // 2, count - 1})


def test_a_changed_value_of_any_column_is_found_and_named(made: Path, tampered: Callable[[], Path]) -> None:
    tried = 0
    for file, table in every_table(made):
        for at in some_rows(made / file, table):
            row = rows_of(made / file, table)[at]
            for column in table.columns:
                directory = tampered()
                changed = {**row, column: other_in(table, row, column)}
                change(directory / file, table, row, **{column: changed[column]})
                report = audited(directory)
                keys = {key_text(table, row), key_text(table, changed)}
                what = f"{file} {table.name} {key_text(table, row)} {column}: {report.findings[:4]}"
                assert not report.ok, what
                assert any(named(report, file, table.name, key) for key in keys), what
                tried += 1
                shutil.rmtree(directory)
    assert tried > 80


def test_a_row_taken_away_is_found_and_named(made: Path, tampered: Callable[[], Path]) -> None:
    for file, table in every_table(made):
        if table.name == "checkpoints":
            continue  # Can be taken away unseen: see the test below.
        for at in some_rows(made / file, table):
            row = rows_of(made / file, table)[at]
            directory = tampered()
            delete(directory / file, table, row)
            report = audited(directory)
            what = f"{file} {table.name} {key_text(table, row)}: {report.findings[:4]}"
            assert not report.ok, what
            # A vault's table is sealed as a whole: that a row is gone is known, and not which.
            key = "" if file == VAULT and table.name != "seals" else key_text(table, row)
            assert named(report, file, table.name, key), what
            shutil.rmtree(directory)


def test_only_a_checkpoint_can_be_taken_away_unseen(directory: Path) -> None:
    """It is a signature that can be made again; nothing of the ledger hangs on it, and the package says so."""
    (table,) = [one for one in tables_of(directory / LEDGER) if one.name == "checkpoints"]
    delete(directory / LEDGER, table, rows_of(directory / LEDGER, table)[0])
    report = audited(directory)
    assert report.ok
    assert report.counts["checkpoints"] == 1


def test_a_row_added_is_found_and_named(made: Path, tampered: Callable[[], Path]) -> None:
    for file, table in every_table(made):
        rows = rows_of(made / file, table)
        for at in some_rows(made / file, table):
            added = dict(rows[at])
            for name in table.key[-1:]:
                value = added[name]
                numbers = [row[name] for row in rows if isinstance(row[name], int)]
                added[name] = max(numbers) + 1 if isinstance(value, int) else other(value)
            directory = tampered()
            insert(directory / file, table, added)
            report = audited(directory)
            what = f"{file} {table.name} {key_text(table, added)}: {report.findings[:4]}"
            assert not report.ok, what
            assert named(report, file, table.name, key_text(table, added)), what
            shutil.rmtree(directory)


def test_two_rows_exchanged_are_found_and_named(made: Path, tampered: Callable[[], Path]) -> None:
    for file, table in every_table(made):
        rows = rows_of(made / file, table)
        for first, second in {(0, len(rows) - 1), (len(rows) // 2 - 1, len(rows) // 2)}:
            if first < 0 or first == second:
                continue
            directory = tampered()
            swap(directory / file, table, (rows[first], rows[second]))
            report = audited(directory)
            what = f"{file} {table.name} {first} {second}: {report.findings[:4]}"
            assert not report.ok, what
            keys = [key_text(table, rows[at]) for at in (first, second)]
            assert any(named(report, file, table.name, key) for key in keys), what
            shutil.rmtree(directory)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("notes", "CREATE TABLE notes (text TEXT)"),
        ("{table}", "ALTER TABLE {table} ADD COLUMN note TEXT"),
        ("watch", "CREATE TRIGGER watch AFTER INSERT ON {table} BEGIN DELETE FROM {table}; END"),
        ("seen", "CREATE VIEW seen AS SELECT * FROM {table}"),
        ("quick", "CREATE INDEX quick ON {table} ({column})"),
        ("{table}", "DROP TABLE {table}"),
    ],
)
def test_another_schema_is_found_and_named(directory: Path, file: str, name: str, statement: str) -> None:
    table = tables_of(directory / file)[-1]
    execute(directory / file, statement.format(table=table.name, column=table.columns[0]))
    report = audited(directory)
    assert named(report, file, name.format(table=table.name), ""), report.findings


def test_an_index_that_does_not_fit_its_table_is_found(directory: Path) -> None:
    """A row is taken out while SQLite is made to believe that there is no index."""
    path = directory / LEDGER
    name = "envelopes_by_height"
    with closing(connect(path)) as connection:
        found = connection.execute("SELECT * FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name = ?", (name,))
    execute(path, "DELETE FROM envelopes WHERE id = 3")
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", found)
    report = audited(directory)
    assert named(report, LEDGER, "envelopes", "")
    assert any(name in one.what_en for one in report.findings)


def test_the_first_bad_record_is_named_with_who_and_what(directory: Path) -> None:
    path = directory / LEDGER
    (table,) = [one for one in tables_of(path) if one.name == "leaves"]
    for row in rows_of(path, table):
        if b'"amount_fen":40000' in row["bytes"]:
            change(path, table, row, bytes=row["bytes"].replace(b'"amount_fen":40000', b'"amount_fen":90000', 1))
            break
    first = audited(directory).first
    assert first is not None
    assert (first.file, first.table, first.key, first.height) == (LEDGER, "leaves", str(row["idx"]), 5)
    for said in ("cashier", "payments.request/1", "hospital:pay-1", "/command/amount_fen: 90000 ≠ 40000"):
        assert said in first.what_zh
        assert said in first.what_en


def test_a_forged_signature_is_found_though_nothing_else_depends_on_it(directory: Path) -> None:
    path = directory / LEDGER
    (table,) = [one for one in tables_of(path) if one.name == "envelopes"]
    row = rows_of(path, table)[4]
    change(path, table, row, bytes=row["bytes"][:-6] + bytes([row["bytes"][-6] ^ 1]) + row["bytes"][-5:])
    report = audited(directory)
    assert [(one.table, one.key, one.height) for one in report.findings] == [("envelopes", "5", row["height"])]
    assert "cashier" in report.findings[0].what_zh
    assert report.counts["signatures"] == report.counts["envelopes"]


def test_a_whole_envelope_put_in_place_of_another_is_found(directory: Path) -> None:
    """Well formed, rightly signed by the same person, and yet not what was recorded."""
    path = directory / LEDGER
    (table,) = [one for one in tables_of(path) if one.name == "envelopes"]
    rows = [row for row in rows_of(path, table) if b"hospital:pay-1001" in row["bytes"] or b"pay-1002" in row["bytes"]]
    change(path, table, rows[0], bytes=rows[1]["bytes"], hash=rows[1]["hash"])
    report = audited(directory)
    assert named(report, LEDGER, "envelopes", str(rows[0]["id"]))
    assert report.standing is None
    assert "重放止于此" in "".join(one.what_zh for one in report.findings)
