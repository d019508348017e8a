"""A city with lines and people for tests of imports, and files of payments as ugly as the real ones are.

All rows here are made up; their uglinesses were seen in files that public bodies have published.
"""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.budgets import ApproveLine, Line, read_line
from mingzhang.chain.contracts.founding import Founder, Founding, FoundLedger
from mingzhang.chain.contracts.payments import scan_payments
from mingzhang.chain.contracts.settlements import SettlePayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes
from mingzhang.chain.operations import Record
from mingzhang.desk import NEW_KEY, Desk
from mingzhang.exchange.mapping import load_map, source_of
from mingzhang.exchange.payments import Answered, Summary, ground_of, import_payments
from mingzhang.exchange.payments_file import open_payments_file
from mingzhang.exchange.progress import Progress
from mingzhang.exchange.rows import Reading, read_rows

NOW = 1_661_990_400
"""2022-09-01."""
LINE_FEN = 1_000_000
HEADER = ("日期", "金额", "收款人", "指标", "摘要", "凭证号")
MAP = """
organisation: city
source: y2022
amount: 金额
date: {column: 日期, formats: [YYYY-MM-DD]}
payee: 收款人
register_payees: true
line: "city:{指标}-{year}"
purpose: "{摘要}"
"""
CODES = (("function", "2100202"), ("department_economic", "30201"), ("government_economic", "50201"),
         ("fund_type", "1"))  # fmt: skip


def found_city(directory: Path) -> None:
    """A ledger with the lines a, b of 2022 and a of 2021, ten thousand yuan each."""

    def person(name: str, *roles: str) -> Founding:
        return Founding(person_id=name, organisation="city", post=name, public_key=NEW_KEY, roles=list(roles))

    city = Founder(organisation_id="city", name="city", kind="government", parent=None, division_code="441900000",
                   checkpoint_key=None)  # fmt: skip
    genesis = FoundLedger(
        chain_id="city", suite="intl", clock="stated", time=NOW, notice="test", checkpoint_threshold=1,
        organisations=[city],
        people=[person("root", "administrator", "finance_budget", "standards_committee"),
                person("cashier", "unit_finance"), person("teller", "bank"), person("auditor", "auditor")],
    )  # fmt: skip
    with Desk.create(directory, genesis, sandbox_keys=True) as desk:
        tables = [
            PublishCodes(organisation="city", table=table, year=year, basis="test",  # type: ignore[arg-type]
                         entries=[CodeEntry(code=code, name=code, parent="")])
            for table, code in CODES for year in (2021, 2022)
        ]  # fmt: skip
        lines = [
            ApproveLine(
                line_id=line_id, organisation="city", project_id=None, year=int(line_id[-4:]), function_code="2100202",
                department_economic_code="30201", government_economic_code="50201", fund_type="1",
                approved_fen=LINE_FEN, paid_from="treasury", document="test",
            )
            for line_id in ("city:a-2022", "city:b-2022", "city:a-2021")
        ]  # fmt: skip
        receipt = desk.act("root", *tables, *lines)
        if {code for _index, code in receipt.items} != {"ok"}:
            raise RuntimeError(f"the city could not be furnished: {receipt}")


class Office:
    """A desk, and the folder in which files to be imported lie."""

    def __init__(self, directory: Path, folder: Path) -> None:
        self.directory, self.folder = directory, folder

    def write(self, name: str, rows: Sequence[Sequence[Any]], *, header: Sequence[str] = HEADER) -> Path:
        """A clean CSV file."""
        text = io.StringIO()
        csv.writer(text).writerows([header, *rows])
        return self.write_bytes(name, text.getvalue().encode("utf-8"))

    def write_bytes(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def write_map(self, text: str = MAP, **changes: str) -> Path:
        """A map file: the text, with lines replaced or added."""
        lines = [line for line in text.strip().splitlines() if line.split(":")[0] not in changes]
        lines += [f"{name}: {value}" for name, value in changes.items() if value]
        path = self.folder / "map.yaml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def read(self, path: Path, desk: Desk, *, earlier_rows: int = 0, **changes: str) -> Reading:
        """Check a file against the ledger."""
        mapping, table = load_map(self.write_map(**changes))
        file = open_payments_file(
            path, columns=mapping.columns(), sheet=mapping.sheet, encoding=mapping.encoding,
            delimiter=mapping.delimiter, skip_until_header=mapping.skip_until_header,
        )  # fmt: skip
        return read_rows(file, mapping, source=source_of(mapping, path), ground=ground_of(desk), table=table,
                         earlier_rows=earlier_rows)  # fmt: skip

    def run(
        self,
        path: Path,
        *,
        desk: Desk | None = None,
        progress: bool = False,
        batch: int = 500,
        window: int = 8,
        signer: str = "cashier",
        on_answered: Callable[[Answered], None] = lambda _answered: None,
        **changes: str,
    ) -> Summary:
        """Import a file, on an open desk or on one opened for it."""
        if desk is None:
            with Desk.open(self.directory) as opened:
                return self.run(path, desk=opened, progress=progress, batch=batch, window=window, signer=signer,
                                on_answered=on_answered, **changes)  # fmt: skip
        kept = Progress(self.folder / "progress.jsonl") if progress else None
        reading = self.read(path, desk, earlier_rows=kept.earlier_rows if kept else 0, **changes)
        mapping, table = load_map(self.folder / "map.yaml")
        try:
            return import_payments(
                desk, reading, mapping, signer=signer, source=source_of(mapping, path), table=table, progress=kept,
                batch=batch, window=window, on_answered=on_answered,
            )  # fmt: skip
        finally:
            if kept is not None:
                kept.close()

    def settle(self) -> None:
        """The bank settles everything in transit."""
        with Desk.open(self.directory) as desk:
            waiting = [name for name, payment in scan_payments(desk.view()) if payment.status == "in_transit"]
            desk.act("teller", *(
                SettlePayment(receipt_id=f"city:receipt-{name.partition(':')[2]}", payment_id=name, outcome="settled",
                              settled_date="2022-08-31", reason="")
                for name in waiting
            ))  # fmt: skip

    def line(self, line_id: str) -> Line:
        with Desk.open(self.directory, writing=False) as desk:
            return read_line(desk.view(), line_id)

    def payments(self) -> dict[str, int]:
        """Amounts of all payments on the ledger, in fen."""
        with Desk.open(self.directory, writing=False) as desk:
            return {name: payment.amount_fen for name, payment in scan_payments(desk.view())}


def row(number: int, *, amount: str = "12.50", payee: str = "甲公司", line: str = "a", date: str = "2022-03-01"
        ) -> list[str]:  # fmt: skip
    """A good row."""
    return [date, amount, payee, line, f"办公用品 {number}", f"V{number}"]


def codes(summary: Summary) -> dict[int, str]:
    """The code of each row that was not taken."""
    return {fault.row: fault.code.split()[-1] for fault in summary.faults}


def everything_on(directory: Path) -> str:
    """All records of a ledger, as text."""
    with Desk.open(directory, writing=False) as desk:
        block = desk.store.block(desk.store.height())
        assert block is not None
        return b"\n".join(desk.store.leaves(0, block.first_leaf + block.leaves)).decode("utf-8")


def records_on(directory: Path, kind: str) -> list[Record]:
    with Desk.open(directory, writing=False) as desk:
        block = desk.store.block(desk.store.height())
        assert block is not None
        leaves = [REGISTRY.leaves.decode(leaf) for leaf in desk.store.leaves(0, block.first_leaf + block.leaves)]
    return [one for one in leaves if isinstance(one, Record) and type(one.command).__name__ == kind]
