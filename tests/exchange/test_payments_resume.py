"""An import interrupted, killed, or run again on a file that has changed: nothing twice, nothing lost."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from tests.exchange.stage import Office, codes, everything_on, found_city, records_on, row

from mingzhang.exchange import ExchangeError
from mingzhang.exchange.payments import Answered
from mingzhang.exchange.progress import Progress, format_rows, parse_rows


def test_what_is_known_to_be_taken_is_not_sent_again_and_refused_rows_are(office: Office) -> None:
    path = office.write("2022.csv", [row(1), row(2, amount="-5"), row(3)])
    first = office.run(path, progress=True)
    assert (first.taken, first.not_taken) == (2, 1)
    office.settle()
    records = everything_on(office.directory).count("\n")
    again = office.run(path, progress=True)
    assert (again.before, again.taken, again.refunds, again.exists) == (2, 0, 1, 0)
    assert everything_on(office.directory).count("\n") - records == 2, "one record and its block, nothing else was sent"
    assert office.run(path, progress=True).before == 3


def test_the_progress_of_another_ledger_or_map_is_not_believed(office: Office, city: Path, tmp_path: Path) -> None:
    path = office.write("2022.csv", [row(1), row(2)])
    office.run(path, progress=True)
    changed = office.run(path, progress=True, purpose='"改:{摘要}"')
    assert (changed.before, changed.not_taken) == (0, 2)
    assert set(codes(changed).values()) == {"exists_with_different_content"}
    found_city(tmp_path / "new")
    new = Office(tmp_path / "new", office.folder)
    assert (new.run(path, progress=True).before, len(new.payments())) == (0, 2)


def test_the_progress_is_believed_only_as_far_as_the_ledger_goes(office: Office, city: Path) -> None:
    """A ledger restored to an earlier state lacks what the progress says was taken."""
    path = office.write("2022.csv", [row(number) for number in range(20)])
    office.run(path, progress=True, batch=10)
    shutil.rmtree(office.directory)
    shutil.copytree(city, office.directory)
    restored = office.run(path, progress=True)
    assert (restored.before, restored.taken) == (0, 20)


def test_a_torn_last_line_of_the_progress_is_left_out(office: Office) -> None:
    path = office.write("2022.csv", [row(number) for number in range(20)])
    office.run(path, progress=True, batch=10)
    kept = office.folder / "progress.jsonl"
    kept.write_bytes(kept.read_bytes()[:-5])
    again = office.run(path, progress=True)
    assert (again.before, again.exists) == (10, 10)
    kept.write_bytes(b"something else\n")
    with pytest.raises(ExchangeError, match="is no progress of an import"):
        office.run(path, progress=True)


def test_rows_added_at_the_end_are_imported(office: Office) -> None:
    rows = [row(number) for number in range(5)]
    office.run(office.write("2022.csv", rows), progress=True)
    summary = office.run(office.write("2022.csv", [*rows, row(6), row(7)]), progress=True)
    assert (summary.before, summary.taken, summary.exists) == (5, 2, 0)


def test_a_file_that_was_empty_is_imported_once_it_is_filled(office: Office) -> None:
    office.run(office.write("2022.csv", []), progress=True)
    assert office.run(office.write("2022.csv", [row(1)]), progress=True).taken == 1


def test_a_corrected_row_is_imported_and_the_others_are_not_doubled(office: Office) -> None:
    rows = [row(1), row(2, amount="twelve"), row(3)]
    office.run(office.write("2022.csv", rows), progress=True)
    rows[1] = row(2, amount="12.00")
    summary = office.run(office.write("2022.csv", rows), progress=True)
    assert (summary.taken, summary.exists, summary.not_taken) == (1, 2, 0)


def test_rows_inserted_in_the_middle_are_refused_unless_rows_have_numbers_of_their_own(office: Office) -> None:
    rows = [row(number) for number in range(5)]
    office.run(office.write("2022.csv", rows), progress=True)
    inserted = office.write("2022.csv", [*rows[:2], row(99), *rows[2:]])
    with pytest.raises(ExchangeError, match="row numbers tell nothing"):
        office.run(inserted, progress=True)
    assert len(office.payments()) == 5
    office.run(office.write("2022.csv", rows), progress=True, unique='"{凭证号}"', source="u")
    inserted = office.write("2022.csv", [*rows[:2], row(99), *rows[2:]])
    summary = office.run(inserted, progress=True, unique='"{凭证号}"', source="u")
    assert (summary.taken, summary.exists) == (1, 5)


def test_another_file_under_the_same_source_is_noticed(office: Office) -> None:
    office.run(office.write("2022.csv", [row(number, amount="1.00") for number in range(60)]))
    with pytest.raises(ExchangeError, match="give it a source of its own"):
        office.run(office.write("2022.csv", [row(number, amount="2.00") for number in range(60)]), batch=30)
    assert office.line("city:a-2022").in_transit_fen == 60 * 100


# ---- Killed ----

ROWS = 3_000


def test_killed_in_mid_import_it_finishes_and_doubles_nothing(office: Office) -> None:
    """SIGKILL at several instants, then a run to the end: every row once, sums to the fen, all errors of the file."""
    amounts = [100 + number % 977 for number in range(ROWS)]
    lines = ("a", "b")
    rows = [
        row(number, amount=f"{fen / 100:.2f}" if number % 100 else "bad", line=lines[number % 2],
            payee=f"供应商{number % 40}")
        for number, fen in enumerate(amounts)
    ]  # fmt: skip
    path = office.write("2022.csv", rows)
    seen_before = 0
    for seconds in (0.0, 0.05, 0.15, 0.2):
        counted = kill_while_importing(office, path, seconds)
        assert counted >= seen_before, "what one run saw taken the next one knows"
        seen_before = counted
    done = office.run(path, progress=True, batch=25)
    good = [fen for number, fen in enumerate(amounts) if number % 100]
    assert done.before + done.taken + done.exists == len(good)
    assert done.before > 0, "no run got far enough to be resumed"
    assert done.taken > 0, "no run was killed before its end"
    assert (done.not_taken, done.by_code["amount_unreadable"]) == (ROWS // 100, ROWS // 100)
    assert len(office.payments()) == len(good)
    assert sum(office.payments().values()) == sum(good)
    for line_at, line in enumerate(lines):
        expected = sum(fen for number, fen in enumerate(amounts) if number % 100 and number % 2 == line_at)
        assert office.line(f"city:{line}-2022").in_transit_fen == expected
    requests = [one for one in records_on(office.directory, "RequestPayment") if one.code == "ok"]
    assert len(requests) == len(good), "no row was accepted twice"


def kill_while_importing(office: Office, path: Path, seconds: float) -> int:
    """Import in a fork and kill it a while after its first batch was answered; rows known to the progress then."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(reading)

            def tell(_answered: Answered) -> None:
                os.write(writing, b"x")
                time.sleep(0.005)  # so that on no machine the import ends before it is killed

            office.run(path, progress=True, batch=25, window=2, on_answered=tell)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read(1) == b"x"
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    kept = Progress(office.folder / "progress.jsonl")
    return sum(1 for line in kept._lines for _row in parse_rows(line.rows))


def test_rows_are_kept_as_spans() -> None:
    rows = [9, 2, 3, 4, 7]
    assert format_rows(rows) == "2-4,7,9"
    assert sorted(rows) == list(parse_rows("2-4,7,9"))
