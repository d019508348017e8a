"""The views are compared with what the ledger's records make: any other value, row, table or order is named."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from tests.audit.tampering import (
    Table,
    change,
    delete,
    execute,
    insert,
    key_text,
    other_in,
    rows_of,
    swap,
    tables_of,
)

from mingzhang.audit import Finding, audit
from mingzhang.audit.files import open_for_reading
from mingzhang.audit.views import LeavesUpTo, check_views, compare_views
from mingzhang.views.rebuild import rebuild

VIEWS = "views.sqlite"


def compared(path: Path, made: Path) -> tuple[Finding, ...]:
    """What differs from the untouched views; that those are what a rebuild gives is tested by itself."""
    with closing(open_for_reading(path)) as connection:
        return compare_views(connection, made / VIEWS).findings


def names(findings: tuple[Finding, ...], table: Table, key: str) -> bool:
    return any((one.severity, one.table, one.key) == ("error", table.name, key) for one in findings)


def filled(made: Path) -> list[Table]:
    return [table for table in tables_of(made / VIEWS) if rows_of(made / VIEWS, table)]


def test_untouched_views_are_what_a_rebuild_gives(made: Path) -> None:
    checked = check_views(made)
    assert checked.findings == ()
    assert checked.number == sum(len(rows_of(made / VIEWS, table)) for table in tables_of(made / VIEWS))
    assert len(filled(made)) > 15


def test_a_changed_value_of_any_column_is_named(made: Path, tmp_path: Path) -> None:
    path = tmp_path / VIEWS
    for table in filled(made):
        rows = rows_of(made / VIEWS, table)
        row = rows[len(rows) // 2]
        for column in table.columns:
            shutil.copy(made / VIEWS, path)
            value = other_in(table, row, column)
            change(path, table, row, **{column: value})
            findings = compared(path, made)
            for key in {key_text(table, row), key_text(table, {**row, column: value})}:
                assert names(findings, table, key), (table.name, column, findings)


def test_a_row_taken_away_or_added_is_named(made: Path, tmp_path: Path) -> None:
    path = tmp_path / VIEWS
    for table in filled(made):
        for row in (rows_of(made / VIEWS, table)[0], rows_of(made / VIEWS, table)[-1]):
            shutil.copy(made / VIEWS, path)
            delete(path, table, row)
            assert names(compared(path, made), table, key_text(table, row)), table
            added = {**row, table.key[-1]: other_in(table, row, table.key[-1])}
            if key_text(table, added) not in {key_text(table, one) for one in rows_of(made / VIEWS, table)}:
                shutil.copy(made / VIEWS, path)
                insert(path, table, added)
                assert names(compared(path, made), table, key_text(table, added)), table


def test_two_rows_exchanged_are_named(made: Path, tmp_path: Path) -> None:
    path = tmp_path / VIEWS
    for table in filled(made):
        rows = rows_of(made / VIEWS, table)
        first, last = rows[0], rows[-1]
        if all(first[name] == last[name] for name in table.columns if name not in table.key):
            continue
        shutil.copy(made / VIEWS, path)
        swap(path, table, (first, last))
        findings = compared(path, made)
        assert names(findings, table, key_text(table, first)), table
        assert names(findings, table, key_text(table, last)), table


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("notes", "CREATE TABLE notes (text TEXT)"),
        ("payments", "ALTER TABLE payments ADD COLUMN note TEXT"),
        ("payments", "DROP TABLE payments"),
        ("records", "ALTER TABLE records RENAME COLUMN signer TO who"),
        ("watch", "CREATE TRIGGER watch AFTER INSERT ON payments BEGIN DELETE FROM payments; END"),
        ("quick", "CREATE INDEX quick ON payments (amount_fen)"),
    ],
)
def test_another_schema_is_named(directory: Path, table: str, statement: str) -> None:
    execute(directory / VIEWS, statement)
    findings = check_views(directory).findings
    assert any((one.severity, one.table) == ("error", table) for one in findings), findings


def test_the_whole_audit_rebuilds_and_names_the_row_and_column(directory: Path) -> None:
    (table,) = [one for one in tables_of(directory / VIEWS) if one.name == "payments"]
    row = rows_of(directory / VIEWS, table)[0]
    change(directory / VIEWS, table, row, amount_fen=row["amount_fen"] + 1)
    report = audit(directory, processes=1)
    assert report.first is not None
    assert (report.first.file, report.first.table, report.first.key) == (VIEWS, "payments", key_text(table, row))
    assert f"amount_fen: {row['amount_fen'] + 1} ≠ {row['amount_fen']}" in report.first.what_zh
    assert "amount_fen" in report.first.what_en
    assert report.standing is not None  # The ledger itself is whole.


@pytest.mark.parametrize("change_by", [-1, 1, 1_000])
def test_a_false_height_of_the_views_is_named(directory: Path, change_by: int) -> None:
    execute(directory / VIEWS, f"UPDATE views_state SET height = height + {change_by}")
    findings = check_views(directory).findings
    assert [(one.severity, one.table) for one in findings] == [("error", "views_state")], findings


def test_views_that_are_behind_are_compared_as_far_as_they_are(directory: Path, made: Path) -> None:
    """As beside a node that writes: the views of an earlier height are right for that height."""
    with closing(open_for_reading(made / "ledger.sqlite")) as ledger:
        rebuild(LeavesUpTo(ledger, 9), directory / VIEWS).dispose()
    (note,) = check_views(directory).findings
    assert note.severity == "note"
    assert "视图落后账本 6 个区块" in note.what_zh


def test_views_of_records_that_cannot_be_read_are_a_finding(directory: Path) -> None:
    execute(directory / "ledger.sqlite", "UPDATE leaves SET bytes = x'00' WHERE idx = 7")
    (finding,) = check_views(directory).findings
    assert finding.severity == "error"
    assert "无法由账本的记录重建视图" in finding.what_zh


def test_no_views_is_a_note(directory: Path) -> None:
    (directory / VIEWS).unlink()
    report = audit(directory, processes=1)
    assert report.ok
    assert [one.severity for one in report.findings] == ["note"]
