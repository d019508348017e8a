"""Import of 402,049 payments of a real city council through a generated budget: counts, rates, and sums reconciled.

Usage: python bench/newcastle.py [DATA] [--suite gm|intl] [--rows N] [--no-settle] [--keep DIRECTORY]

DATA (or MINGZHANG_DATA) is a folder with payments/uk_newcastle_payments.csv.gz: what Newcastle City Council published
for 2017-01 to 2022-08. Pounds are taken for yuan, as a test of volume and ugliness, not of the budget. Without the
folder a file of the same form is generated. Nothing of the file is kept. bench/README.md says what each number means.
"""

import argparse
import csv
import gzip
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections import deque
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.budgets import ApproveLine, scan_lines
from mingzhang.chain.contracts.founding import Founder, Founding, FoundLedger
from mingzhang.chain.contracts.settlements import SettlePayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes, SetParameter
from mingzhang.desk import NEW_KEY, Desk
from mingzhang.exchange.faults import write_error_file
from mingzhang.exchange.mapping import PaymentsMap, load_map, source_of
from mingzhang.exchange.payments import Answered, Summary, ground_of, import_payments
from mingzhang.exchange.payments_file import open_payments_file
from mingzhang.exchange.progress import Progress
from mingzhang.exchange.rows import Reading, read_rows

NOW = 1_661_990_400
"""2022-09-01: after the last payment."""
NAME = "payments/uk_newcastle_payments.csv.gz"
GENERATED_ROWS = 20_000
MAP = """\
organisation: newcastle
source: newcastle-2017-2022
amount: {column: amount, unit: 元, rounding: refuse}   # pounds taken for yuan
date: {column: payment_date, formats: [YYYY-MM-DD]}
payee: {column: supplier_name, individuals_where: [{supplier_name: "Redacted.*"}]}
register_payees: true
line: "newcastle:{cost_centre}-{year}"
purpose: "{category} {cost_centre_name}"
"""
CODES = (
    ("function", "2010301"),
    ("department_economic", "30201"),
    ("government_economic", "50201"),
    ("fund_type", "1"),
)
WINDOW = 2
"""Batches of the import, and of the bank, in flight: fewer than usual, so that refunds soon find what was settled."""


class Truth:
    """The file read a second time, by other means: what the ledger's sums are compared with."""

    def __init__(self, path: Path, rows: int | None) -> None:
        self.lines: dict[str, int] = {}
        self.amount_fen: dict[int, int] = {}
        self.year: dict[int, int] = {}
        self.rows = 0
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if rows is not None and number > rows + 1:
                    break
                self.rows += 1
                try:
                    fen = Decimal(row["amount"]) * 100
                except InvalidOperation:
                    continue
                is_dated = re.fullmatch(r"\d{4}-\d\d-\d\d", row["payment_date"])
                if fen == 0 or fen != fen.to_integral_value() or not is_dated:
                    continue
                self.amount_fen[number] = int(fen)
                self.year[number] = int(row["payment_date"][:4])
                line = f"newcastle:{row['cost_centre']}-{row['payment_date'][:4]}"
                self.lines[line] = self.lines.get(line, 0) + max(int(fen), 0)

    def of_year(self, year: int, left_out: set[int]) -> int:
        """Net amount of a year's rows in fen, without some."""
        return sum(
            fen for number, fen in self.amount_fen.items() if self.year[number] == year and number not in left_out
        )


def generate(path: Path) -> None:
    """A file of the same form: seasons, repeats, refunds and a few unfit rows."""
    chance = random.Random(2022)
    header = ("body", "source_file", "source_row", "payment_date", "amount", "supplier_name", "department",
              "service_area", "category", "transaction_no", "cap_rev", "cost_centre", "cost_centre_name")  # fmt: skip
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number in range(GENERATED_ROWS):
            year, month = 2017 + number * 6 // GENERATED_ROWS, chance.choice((1, 2, 3, 3, 3, 4, 5, 6, 7, 8))
            amount = chance.choice(("", "0.00")) if number % 5000 == 4999 else f"{chance.lognormvariate(6, 2):.2f}"
            sign = "-" if amount and number % 40 == 39 else ""
            centre = chance.randrange(300)
            writer.writerow((
                "City", "generated.csv", number + 2, f"{year}-{month:02d}-{chance.randrange(1, 29):02d}", sign + amount,
                f"SUPPLIER {chance.randrange(900)} LTD", "Department", "Service", "Revenue Expenditure", number,
                "Revenue", f"1C{centre:03d}", f"Centre {centre}",
            ))  # fmt: skip


def found(directory: Path, suite: str) -> Desk:
    """A ledger with a city, and the people who budget, pay and settle."""

    def person(name: str, *roles: str) -> Founding:
        return Founding(person_id=name, organisation="newcastle", post=name, public_key=NEW_KEY, roles=list(roles))

    city = Founder(organisation_id="newcastle", name="newcastle", kind="government", parent=None,
                   division_code="449900000", checkpoint_key=None)  # fmt: skip
    genesis = FoundLedger(
        chain_id="newcastle", suite=suite, clock="stated", time=NOW,  # type: ignore[arg-type]
        notice="benchmark: real payments through a generated budget, pounds taken for yuan", checkpoint_threshold=1,
        organisations=[city],
        people=[person("root", "administrator", "finance_budget", "standards_committee"),
                person("cashier", "unit_finance"), person("teller", "bank")],
    )  # fmt: skip
    return Desk.create(directory, genesis, sandbox_keys=True)


def furnish(desk: Desk, truth: Truth) -> None:
    """Code tables of every year, rules that hold no history, and a line for each cost centre and year with a tenth more
    than its payments.
    """
    years = sorted({int(line[-4:]) for line in truth.lines})
    commands: list[Any] = [
        PublishCodes(organisation="newcastle", table=table, year=year, basis="bench",  # type: ignore[arg-type]
                     entries=[CodeEntry(code=code, name=code, parent="")])
        for year in years for table, code in CODES
    ]  # fmt: skip
    for name, value in (("payment_hold_above_fen", 2**53 - 1), ("year_end_hold_from_day", 1232)):
        commands.append(SetParameter(organisation="newcastle", name=name, value=value, from_time=NOW, basis="bench"))
    commands += [
        ApproveLine(
            line_id=line, organisation="newcastle", project_id=None, year=int(line[-4:]), function_code="2010301",
            department_economic_code="30201", government_economic_code="50201", fund_type="1",
            approved_fen=paid_fen + paid_fen // 10 + 100, paid_from="treasury", document="generated",
        )
        for line, paid_fen in truth.lines.items()
    ]  # fmt: skip
    for start in range(0, len(commands), 500):
        receipt = desk.act("root", *commands[start : start + 500])
        if receipt.door is not None or {code for _index, code in receipt.items} != {"ok"}:
            raise RuntimeError(f"the budget could not be made: {receipt.door} {set(receipt.items)}")


class Bank:
    """Settles what was taken, in batches that follow the import's."""

    def __init__(self, desk: Desk, *, is_settling: bool) -> None:
        self.desk, self.is_settling = desk, is_settling
        self.settled = 0
        self.in_flight: deque[Any] = deque()

    def hear(self, answered: Answered) -> None:
        """Settle the payments of one answered batch."""
        if not self.is_settling:
            return
        receipts = [
            SettlePayment(receipt_id=f"newcastle:receipt-{entry.row}", payment_id=entry.object_id, outcome="settled",
                          settled_date=entry.date, reason="")
            for entry, answer in zip(answered.entries, answered.answers, strict=True)
            if answer.code == "ok" and not entry.is_refund
        ]  # fmt: skip
        if receipts:
            self.in_flight.append(self.desk.act_soon("teller", *receipts))
        self.wait(WINDOW)

    def wait(self, beyond: int = 0) -> None:
        """Wait until no more than so many batches are in flight."""
        while len(self.in_flight) > beyond:
            receipt = self.in_flight.popleft().result()
            if receipt.door is not None or {code for _index, code in receipt.items} != {"ok"}:
                raise RuntimeError(f"the bank's receipts were refused: {receipt.door}")
            self.settled += len(receipt.items)


def memory_mib() -> int:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


def limited(reading: Reading, rows: int | None) -> Reading:
    """The first rows only."""
    if rows is not None:
        reading.entries = [entry for entry in reading.entries if entry.row <= rows + 1]
        reading.faults = [fault for fault in reading.faults if fault.row <= rows + 1]
    return reading


def run(desk: Desk, path: Path, mapping: PaymentsMap, *, errors: Path, rows: int | None, settling: bool, again: str
        ) -> Summary:  # fmt: skip
    """One run of the import, told on the screen. `again` names it; "anew" sends all rows without the progress."""
    progress = Progress(errors.with_suffix(".progress.jsonl")) if again != "anew" else None
    started, cpu = time.perf_counter(), time.process_time()
    file = open_payments_file(path, columns=mapping.columns())
    source = source_of(mapping, path)
    reading = limited(read_rows(file, mapping, source=source, ground=ground_of(desk),
                                earlier_rows=progress.earlier_rows if progress else 0), rows)  # fmt: skip
    read, read_cpu = time.perf_counter(), time.process_time()
    bank = Bank(desk, is_settling=settling)
    summary = import_payments(desk, reading, mapping, signer="cashier", source=source, progress=progress,
                              window=WINDOW, on_answered=bank.hear)  # fmt: skip
    bank.wait()
    done, done_cpu = time.perf_counter(), time.process_time()
    if progress is not None:
        progress.close()
    write_error_file(errors, summary.faults)
    total = len(reading.entries) + len(reading.faults)
    print(f"[{again}] check {read - started:.1f} s ({total / (read - started):,.0f} rows/s), "
          f"import {done - read:.1f} s ({(len(reading.entries) - summary.before) / (done - read):,.0f} rows/s), "
          f"end to end {total / (done - started):,.0f} rows/s; settled {bank.settled:,}")  # fmt: skip
    print(f"  CPU seconds: check {read_cpu - cpu:.1f}, import {done_cpu - read_cpu:.1f}; memory now {memory_mib()} MiB")
    print(f"  rows {reading.rows:,} | payments taken {summary.taken:,} | refunds taken {summary.refunds:,} | "
          f"held {summary.held:,} | exists {summary.exists:,} | taken before {summary.before:,} | "
          f"payees registered {summary.payees_registered:,} | not taken {summary.not_taken:,}")  # fmt: skip
    for code, count in summary.by_code.most_common():
        print(f"    not taken {count:>7,}  {code}")
    return summary


def reconcile(desk: Desk, truth: Truth, summary: Summary) -> None:
    """Compare each year's lines with the file, less the rows not taken. Raises RuntimeError on a difference."""
    left_out = {fault.row for fault in summary.faults}
    on_ledger: dict[int, int] = {}
    for _name, line in scan_lines(desk.view()):
        on_ledger[line.year] = on_ledger.get(line.year, 0) + line.paid_fen + line.in_transit_fen + line.reserved_fen
    print("  year        file, net        not taken           ledger  difference")
    for year, fen in sorted(on_ledger.items()):
        whole, taken = truth.of_year(year, set()), truth.of_year(year, left_out)
        print(f"  {year} {yuan(whole):>16} {yuan(whole - taken):>16} {yuan(fen):>16} {yuan(fen - taken):>11}")
        if fen != taken:
            raise RuntimeError(f"{year}: the ledger's lines have {fen} fen, the file gives {taken}")


def check_invariants(desk: Desk) -> None:
    """Every invariant over the whole state."""
    for name, check in REGISTRY.invariants.items():
        complaints = list(check(desk.view()))
        if complaints:
            raise RuntimeError(f"{name}: {complaints[:3]}")
    print(f"  {len(REGISTRY.invariants)} invariants over the whole state hold")


def main() -> None:
    """Import, settle, import again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default=os.environ.get("MINGZHANG_DATA", ""))
    parser.add_argument("--suite", default="gm", choices=("gm", "intl"))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--no-settle", action="store_true")
    parser.add_argument("--keep", type=Path, help="keep the ledger in this new folder")
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="mingzhang-bench-"))
    try:
        path = Path(given.data) / NAME if given.data else work / "generated.csv.gz"
        if not given.data:
            print(f"no folder of data given (MINGZHANG_DATA): {GENERATED_ROWS:,} generated rows", file=sys.stderr)
            generate(path)
        (work / "map.yaml").write_text(MAP, encoding="utf-8")
        mapping, _table = load_map(work / "map.yaml")
        truth = Truth(path, given.rows)
        with found(given.keep or work / "ledger", given.suite) as desk:
            furnish(desk, truth)
            print(f"suite {given.suite}; {truth.rows:,} rows; {len(truth.lines):,} lines; pounds taken for yuan")
            options: dict[str, Any] = {"errors": work / "errors.csv", "rows": given.rows}
            options["settling"] = not given.no_settle
            reconcile(desk, truth, run(desk, path, mapping, again="first", **options))
            reconcile(desk, truth, run(desk, path, mapping, again="again, with its progress", **options))
            last = run(desk, path, mapping, again="anew", **options)
            reconcile(desk, truth, last)
            if last.taken:
                raise RuntimeError(f"{last.taken} payments were taken twice")
            check_invariants(desk)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        size = sum(file.stat().st_size for file in (given.keep or work / "ledger").rglob("*") if file.is_file())
        print(f"peak memory {peak} MiB; ledger directory {size / 2**20:,.0f} MiB")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
