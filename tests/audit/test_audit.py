"""The audit as a whole: beside a running node, in several processes, its other files, its report."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from tests.audit.stage import make_ledger, seal
from tests.audit.tampering import connect, execute, rows_of, tables_of
from tests.node.twin import Twin, payment

from mingzhang.audit import Finding, audit, auditing
from mingzhang.audit.files import open_for_reading
from mingzhang.audit.merging import ABSENT, ROWS_AT_ONCE, Difference, differences
from mingzhang.audit.sealed import check_keys
from mingzhang.audit.signatures import verify_chunk
from mingzhang.audit.stored import StoredBlock
from mingzhang.audit.workers import Task, Workers
from mingzhang.chain.checkpoints import Checkpoint
from mingzhang.chain.codec import decode
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.machine import Machine
from mingzhang.node import proofs
from mingzhang.node.keys import read_node_key
from mingzhang.node.store import Store
from mingzhang.node.vault import Vault


def test_a_ledger_of_the_gm_suite_in_two_processes(tmp_path: Path) -> None:
    make_ledger(tmp_path, "gm", payments=20)
    stages: list[tuple[str, int, int]] = []
    report = audit(tmp_path, processes=2, progress=lambda *told: stages.append(told))
    assert report.ok, report.findings
    assert report.counts["signatures"] == report.counts["envelopes"]
    last = {stage: (done, total) for stage, done, total in stages}
    assert set(last) == {"replay", "state", "signatures", "views", "vault", "keys"}
    assert all(done == total for done, total in last.values())
    (envelope,) = [table for table in tables_of(tmp_path / "ledger.sqlite") if table.name == "envelopes"]
    row = rows_of(tmp_path / "ledger.sqlite", envelope)[2]
    with closing(connect(tmp_path / "ledger.sqlite")) as connection:
        forged = row["bytes"][:-3] + (b'0"}' if row["bytes"][-3:] != b'0"}' else b'1"}')
        connection.execute("UPDATE envelopes SET bytes = ? WHERE id = 3", (forged,))
    report = audit(tmp_path, processes=2)
    assert [(one.table, one.key) for one in report.findings] == [("envelopes", "3")]


def test_the_report_says_where_the_ledger_stands_so_that_it_can_be_compared(directory: Path) -> None:
    report = audit(directory, processes=1)
    store = Store(directory / "ledger.sqlite")
    row, checkpoint = store.block(store.height()), store.checkpoint()
    store.reading.close()
    store.close()
    assert row is not None
    assert checkpoint is not None
    assert report.standing is not None
    assert (report.standing.height, report.standing.root) == (row.height, row.root.hex())
    assert decode(checkpoint.body, Checkpoint).clock == report.standing.clock == "stated"
    for said in (row.root.hex(), "审计通过", "沙盒时钟", str(report.counts["leaves"])):
        assert said in report.summary_zh()
    for said in (row.root.hex(), "The audit passed", "sandbox clock", str(report.counts["leaves"])):
        assert said in report.summary_en()


def test_a_failed_audit_names_the_first_error_in_both_languages(directory: Path) -> None:
    execute(directory / "ledger.sqlite", "UPDATE state SET value = x'7b7d' WHERE key LIKE 'budgets/%'")
    report = audit(directory, processes=1)
    assert not report.ok
    assert report.first is not None
    assert "审计未通过" in report.summary_zh()
    assert "The audit failed" in report.summary_en()
    for summary in (report.summary_zh(), report.summary_en()):
        assert "state" in summary
        assert report.first.key in summary


def test_an_audit_runs_beside_a_node_that_writes(tmp_path: Path) -> None:
    with Twin(tmp_path) as twin:
        twin.live()
        before = twin.ledger.height()
        answers = []

        def write() -> None:
            for number in range(400):
                answers.append(twin.ledger.submit_soon(twin.world.sign("cashier", payment(5_000 + number, 1))))
                answers[-1].result()

        thread = Thread(target=write)
        thread.start()
        reports = [audit(tmp_path, processes=1) for _ in range(5)]
        thread.join()
        assert [report.findings for report in reports if not report.ok] == []
        heights = [report.standing.height for report in reports if report.standing is not None]
        assert len(heights) == 5
        assert heights == sorted(heights)
        assert before <= heights[0] < heights[-1] <= twin.ledger.height()


def test_where_nothing_can_be_written_it_reads_all_the_same(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    with closing(open_for_reading(directory / "ledger.sqlite")) as connection:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM leaves")
        assert connection.execute("SELECT count(*) FROM leaves").fetchone()[0] > 0
    assert sorted(path.name for path in directory.glob("ledger.sqlite*")) == ["ledger.sqlite"]


def test_what_does_not_belong_into_the_directory_is_a_warning(directory: Path) -> None:
    (directory / "notes.txt").write_text("?")
    (directory / "keys" / "old.json").write_text("{}")
    report = audit(directory, processes=1)
    assert report.ok
    assert {(one.severity, one.file) for one in report.findings} == {
        ("warning", "notes.txt"),
        ("warning", "keys/old.json"),
    }


@pytest.mark.parametrize("name", ["cashier", "importer", "auditor", "organisations/finance"])
def test_any_changed_byte_of_a_key_file_is_found(directory: Path, name: str) -> None:
    path = directory / "keys" / f"{name}.key.json"
    data = path.read_bytes()
    for place in range(0, len(data), 41):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        (finding,) = [one for one in keys_findings(directory) if one.severity == "error"]
        assert finding.file == f"keys/{name}.key.json"


def test_key_files_must_be_their_own_and_private(directory: Path) -> None:
    keys = directory / "keys"
    shutil.copy(keys / "cashier.key.json", keys / "director.key.json")
    (keys / "importer.key.json").chmod(0o644)
    found = {(one.severity, one.file) for one in keys_findings(directory)}
    assert found == {("error", "keys/director.key.json"), ("warning", "keys/importer.key.json")}


def test_another_node_key_opens_neither_vault_nor_keys(directory: Path) -> None:
    path = directory / "node.key"
    path.write_bytes(bytes(32))
    report = audit(directory, processes=1)
    assert [one.file for one in report.findings if one.severity == "error"] == ["node.key"]
    path.write_bytes(b"short")
    files = {one.file for one in audit(directory, processes=1).findings if one.severity == "error"}
    assert {"vault.sqlite", "node.key"} <= files


def keys_findings(directory: Path) -> tuple[Finding, ...]:
    return check_keys(directory, "intl").findings


def test_a_receipt_signed_by_a_stranger_is_found(tmp_path: Path) -> None:
    with Twin(tmp_path) as twin:
        seal(tmp_path, twin)
        suite = twin.suite
    assert audit(tmp_path, processes=1).ok
    with Vault(tmp_path / "vault.sqlite", suite, node_key=read_node_key(tmp_path / "node.key")) as vault:
        entry = vault.entries()[0]
        vault.erase(entry.commitment, reason="?", by="head", at=1, sign=suite.generate_private_key())
    report = audit(tmp_path, processes=1)
    assert report.first is not None
    assert (report.first.file, report.first.table, report.first.key) == ("vault.sqlite", "receipts", entry.commitment)
    assert report.counts["errors"] == 1


def test_checkpoints_of_too_few_signatures_are_a_note_and_false_ones_errors(tmp_path: Path) -> None:
    with Twin(tmp_path) as twin:
        twin.live()
        row = proofs.sign_checkpoint(twin.store, twin.member_keys("audit"))
        notes = audit(tmp_path, processes=1)
        assert notes.ok
        assert any((one.severity, one.table) == ("note", "checkpoints") for one in notes.findings)
        stranger = twin.suite.sign(twin.world.key("cashier"), row.body).hex()
        for signatures in (
            f'[{{"organisation":"hospital","signature":"{stranger}"}}]',
            f'[{{"organisation":"finance","signature":"{stranger}"}}]',
            row.signatures.decode()[:-1] + "," + row.signatures.decode()[1:],
            "[]x",
        ):
            twin.store.save_checkpoint(row._replace(signatures=signatures.encode()))
            report = audit(tmp_path, processes=1)
            assert report.first is not None, signatures
            assert (report.first.table, report.first.key) == ("checkpoints", str(row.size))


def test_no_ledger_and_no_directory(tmp_path: Path) -> None:
    report = audit(tmp_path, processes=1)
    assert [(one.severity, one.file) for one in report.findings] == [("error", "ledger.sqlite")]
    with pytest.raises(NotADirectoryError):
        audit(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "genesis", [b"", b"{}", b"[" * 100_000, b'{"type":"record/1"}', "明".encode("gb18030"), b"\xff\x00"]
)
def test_an_unreadable_genesis_is_one_finding(directory: Path, genesis: bytes) -> None:
    with closing(connect(directory / "ledger.sqlite")) as connection:
        connection.execute("UPDATE leaves SET bytes = ? WHERE idx = 0", (genesis,))
    report = audit(directory, processes=1)
    assert report.first is not None
    assert (report.first.table, report.first.key, report.standing) == ("leaves", "0", None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *((column, str(value)) for column in StoredBlock._fields for value in (-1, 2**63 - 1)),
        # A height is SQLite's own row number and always whole.
        *((column, value) for column in StoredBlock._fields[1:] for value in ("x'00'", "'text'", "1.5")),
    ],
)
def test_values_of_any_type_and_size_are_findings(directory: Path, column: str, value: str) -> None:
    execute(directory / "ledger.sqlite", f"UPDATE blocks SET {column} = {value} WHERE height = 9")
    (directory / "views.sqlite").unlink()
    report = audit(directory, processes=1)
    assert report.first is not None
    assert (report.first.table, report.first.height) == ("blocks", 9)


def test_rows_that_no_ledger_has_are_counted_and_not_listed_for_ever(directory: Path) -> None:
    execute(directory / "ledger.sqlite", "UPDATE state SET value = x'7b7d'")
    report = audit(directory, processes=1)
    assert len([one for one in report.findings if one.table == "state"]) == 100
    assert report.counts["errors"] > 300


def test_a_file_changed_during_the_audit_is_found(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever shows the verifying process other bytes than the replaying one gains nothing."""
    shown = verify_chunk(directory / "ledger.sqlite", "intl", 0, last=9)
    monkeypatch.setattr(auditing, "verify_chunk", lambda *_chunk, last: shown._replace(verified=last))
    report = audit(directory, processes=1)
    assert report.first is not None
    assert (report.first.table, report.first.key) == ("envelopes", "1…250")
    assert "审计期间文件被改动" in report.first.what_zh


def test_a_chunk_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all, but long enough" * 40)
    verified = verify_chunk(tmp_path / "ledger.sqlite", "intl", 0, last=9)
    assert verified.verified == 0
    assert verified.damage
    assert verify_chunk(tmp_path / "none.sqlite", "intl", 0, last=9).damage


def test_rows_are_compared_in_sqlites_order_of_any_values() -> None:
    """Whatever row one side lacks, at whatever place, it is that one that is named, on the right side."""
    keys = [None, -1, 2, 2.5, 3, "", "a", "a\U00010000", "a\uffff", b"", b"\x00", b"a"]
    with closing(sqlite3.connect(":memory:")) as connection:
        for table in ("one", "other"):
            connection.execute(f"CREATE TABLE {table} (k, v)")
            connection.executemany(f"INSERT INTO {table} VALUES (?, 1)", [(key,) for key in reversed(keys)])
        for key in keys:
            connection.execute("DELETE FROM other WHERE k IS ?", (key,))
            cursors = [connection.execute(f"SELECT k, v FROM {table} ORDER BY k") for table in ("one", "other")]
            assert all_of(*cursors) == [Difference((key,), (1,), ABSENT)]
            cursors = [connection.execute(f"SELECT k, v FROM {table} ORDER BY k") for table in ("other", "one")]
            assert all_of(*cursors) == [Difference((key,), ABSENT, (1,))]
            connection.execute("INSERT INTO other VALUES (?, 1)", (key,))


def test_rows_beyond_the_first_difference_are_compared_too() -> None:
    rows = 3 * ROWS_AT_ONCE + 7
    with closing(sqlite3.connect(":memory:")) as connection:
        for table in ("one", "other"):
            connection.execute(f"CREATE TABLE {table} (k INTEGER PRIMARY KEY, v)")
            connection.executemany(f"INSERT INTO {table} VALUES (?, 0)", [(key,) for key in range(rows)])
        connection.execute("DELETE FROM one WHERE k = ?", (ROWS_AT_ONCE + 1,))
        connection.execute("UPDATE other SET v = 1 WHERE k = ?", (rows - 1,))
        cursors = [connection.execute(f"SELECT k, v FROM {table} ORDER BY k") for table in ("one", "other")]
        pieces = list(differences(*cursors, key_columns=1))
    assert sum(number for number, _found in pieces) == rows
    assert [one for _number, found in pieces for one in found] == [
        Difference((ROWS_AT_ONCE + 1,), ABSENT, (0,)),
        Difference((rows - 1,), (0,), (1,)),
    ]


def all_of(stored: sqlite3.Cursor, right: sqlite3.Cursor) -> list[Difference]:
    return [one for _number, found in differences(stored, right, key_columns=1) for one in found]


def test_a_broken_invariant_is_an_error(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY.invariants, "never_holds", lambda _view: iter(["line hospital:line"]))
    report = audit(directory, processes=1)
    assert report.first is not None
    assert (report.first.table, report.first.key) == ("state", "never_holds")
    assert "hospital:line" in report.first.what_zh


def test_rules_that_fail_in_the_replay_are_a_finding(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise KeyError("something")

    monkeypatch.setattr(Machine, "apply_block", fail)
    report = audit(directory, processes=1)
    assert report.first is not None
    assert (report.first.table, report.first.key) == ("blocks", "2")
    assert "KeyError" in report.first.what_en


def number_unless_elsewhere(home: int, number: int) -> int:
    """A task that kills every process but the first."""
    if os.getpid() != home:
        os._exit(1)
    return number


def test_when_the_other_processes_die_this_one_does_everything() -> None:
    with Workers(2) as workers:
        for number in range(20):
            workers.submit(Task("number", number_unless_elsewhere, (os.getpid(), number)))
        assert sorted(result for _task, result in workers.results()) == list(range(20))


def test_what_a_task_raises_is_raised() -> None:
    with Workers(2) as workers:
        workers.submit(Task("number", int, ("no number",)))
        with pytest.raises(ValueError, match="no number"):
            list(workers.results())
