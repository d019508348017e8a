"""Rows of a payments file read by its map: what each would become, or what is wrong with it. Writes nothing.

All rows are held at once (about 400 bytes each), because they are imported in the order of their dates.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mingzhang.chain.codec import CodecError, ObjectId, decode, decoder, encode
from mingzhang.chain.codes import Code, Facts
from mingzhang.chain.codes import budgets as budget_codes
from mingzhang.chain.codes import payments as payment_codes
from mingzhang.chain.contracts.budgets import Line
from mingzhang.exchange import faults
from mingzhang.exchange.cells import check_allowed, compile_formats, read_amount, read_date, read_text
from mingzhang.exchange.faults import CellFault, Fault, FaultKind, fault_of, refusal_of
from mingzhang.exchange.mapping import Conditions, PaymentsMap, compile_template
from mingzhang.exchange.payments_file import Cell, PaymentsFile, Row
from mingzhang.exchange.texts import repaired, tidy

NAME_LENGTH_MAX = 200
"""Characters of a Name on the ledger: payee names and purposes."""
LOCAL_LENGTH_MAX = 64
EXAMPLES_KEPT = 3
NOTES = {
    "mojibake": ("疑似乱码（UTF-8 被当作西文编码）", "looks like UTF-8 taken for a Western encoding"),
    "mojibake_repaired": ("乱码已还原", "mojibake was repaired"),
    "purpose_cut": ("用途超过 200 字，已截断", "purposes longer than 200 characters were cut"),
    "person_in_purpose": (
        "用途中疑似有个人姓名（对全体成员公开）",
        "the purpose may name a person; all members see it",
    ),
    "person_in_clear": ("收款人疑似个人，却将公开登记名称", "the payee may be a person, yet is to be named in clear"),
}
"""What keeps no row out but should be looked at, in Chinese and English."""


class Paid(NamedTuple):
    """Who is paid: `name` and `account` as in the file, or `payee_id` where the map gives it."""

    name: str
    account: str
    is_individual: bool
    payee_id: str


class Entry(NamedTuple):
    """A row that can be sent. `object_id` is its payment's or refund's; `invoice` is the number itself, or ""."""

    date: str
    is_refund: bool
    row: int
    object_id: str
    line_id: str
    paid: Paid
    amount_fen: int
    purpose: str
    invoice: str


@dataclass
class Reading:
    """What reading a file gave. `digest` is of all data rows; `earlier_digest` of as many as were asked for."""

    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    digest: str = ""
    earlier_digest: str = ""

    def note(self, name: str, row: int, text: str) -> None:
        """Count one of NOTES, and keep the first few as examples."""
        self.notes[name] += 1
        if self.notes[name] <= EXAMPLES_KEPT:
            self.examples.setdefault(name, []).append(f"{row}: {text}")


class Ground(NamedTuple):
    """What the check needs of the ledger: its date, and how to find a line."""

    today: str
    find_line: Callable[[str], Line | None]


def read_rows(
    file: PaymentsFile,
    mapping: PaymentsMap,
    *,
    source: str,
    ground: Ground,
    table: Mapping[str, str] | None = None,
    earlier_rows: int = 0,
    on_rows: Callable[[int], None] = lambda _number: None,
) -> Reading:
    """Read and check every row. `earlier_rows`: how many data rows an earlier run read, to compare their digest;
    `on_rows` hears of progress every thousand rows. Raises ExchangeError where the file or the map as a whole is unfit.
    """
    reader = _RowReader(file, mapping, source=source, ground=ground, table=table)
    reading, digest = reader.reading, hashlib.sha256()
    if not earlier_rows:
        reading.earlier_digest = digest.hexdigest()
    for row in file.rows:
        reading.rows += 1
        digest.update(encode([str(cell) for cell in row.cells]))
        if reading.rows == earlier_rows:
            reading.earlier_digest = digest.hexdigest()
        if reading.rows % 1000 == 0:
            on_rows(reading.rows)
        reader.read(row)
    reading.digest = digest.hexdigest()
    return reading


# --- One row ---------------------------------------------------------------------------------------------------------

_object_id = decoder(ObjectId)
_local_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_title = re.compile(r"(?:^|[\s(/,])(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+[A-Z]|(?:先生|女士|小姐|同志|老师|医生|教授)")
_Template = Callable[[Sequence[str], str], str]


class _RowReader:
    """The map made ready for one file's header. A row's faults are gathered in `found`."""

    def __init__(
        self, file: PaymentsFile, mapping: PaymentsMap, *, source: str, ground: Ground, table: Mapping[str, str] | None
    ) -> None:
        self.reading = Reading()
        self.mapping, self.source, self.ground, self.table = mapping, source, ground, table
        self.width = len(file.header)
        names = mapping.columns()
        self.names = tuple(names)
        self.plain_names = tuple(re.sub(r"#\d+$", "", name) for name in names)
        self.places = [file.header.index(name) for name in names]
        self.amount_rule, self.payee_rule = mapping.amounts, mapping.payees
        self.amount_column, self.date_column = tidy(self.amount_rule.column), tidy(mapping.days.column)
        self.amount_at = file.header.index(self.amount_column)
        self.date_at = file.header.index(self.date_column)
        self.formats = compile_formats(mapping.days.formats)
        self.payee_at = names.index(tidy(self.payee_rule.column))
        self.ignored_where = _compiled(mapping.ignore_rows_where, names)
        self.individuals_where = _compiled(self.payee_rule.individuals_where, names)

        def template(text: str | None) -> _Template | None:
            return None if text is None else compile_template(text, names)

        self.line = compile_template(mapping.line_template, names)
        self.purpose = compile_template(mapping.purpose, names)
        self.unique, self.invoice = template(mapping.unique), template(mapping.invoice)
        self.account, self.payee_id = template(self.payee_rule.account), template(self.payee_rule.id)
        self.lines: dict[str, Line | None] = {}
        self.uniques: dict[str, int] = {}
        self.paid: dict[Paid, Paid] = {}
        self.found: list[Fault] = []

    def read(self, row: Row) -> None:
        """Add the row's entry to the reading, or its faults, or count it as ignored."""
        number, cells = row
        if not any(cell != "" and not (isinstance(cell, str) and cell.isspace()) for cell in cells):
            self.reading.ignored["blank"] += 1
            return
        if len(cells) < self.width:
            cells = [*cells, *("",) * (self.width - len(cells))]
        texts = self._texts(number, cells)
        if texts in (self.names, self.plain_names):
            self.reading.ignored["repeated_header"] += 1
        elif self.ignored_where and _meets(self.ignored_where, texts):
            self.reading.ignored["by_rule"] += 1
        else:
            self.found = []
            entry = self._entry(number, cells, texts)
            if entry is not None and not self.found:
                self.reading.entries.append(entry)
            self.reading.faults += self.found

    def _texts(self, number: int, cells: Sequence[Cell]) -> tuple[str, ...]:
        """The texts of the columns that the map names."""
        texts = tuple([read_text(cells[place]) for place in self.places])
        if "".join(texts).isascii():
            return texts
        raw = [cells[place] for place in self.places]
        better = tuple([tidy(repaired(cell)) if isinstance(cell, str) else read_text(cell) for cell in raw])
        if better == texts:
            return texts
        worse = next(text for text, good in zip(texts, better, strict=True) if text != good)
        self.reading.note("mojibake_repaired" if self.mapping.repair_mojibake else "mojibake", number, worse)
        return better if self.mapping.repair_mojibake else texts

    def _entry(self, number: int, cells: Sequence[Cell], texts: Sequence[str]) -> Entry | None:
        if len(cells) > self.width and any(cell != "" for cell in cells[self.width :]):
            self._fault(faults.TOO_MANY_CELLS, number, "", value="")
        date = self._date(number, cells[self.date_at])
        amount_fen = self._amount_fen(number, cells[self.amount_at])
        paid = self._paid(number, texts, date)
        purpose = self._purpose(number, texts, date, paid=paid)
        local_id = self._local(number, texts, date)
        line = self._line(number, texts, date) if date else None
        if line is None or paid is None:
            return None
        return Entry(
            date=date,
            is_refund=amount_fen < 0,
            row=number,
            object_id=f"{line[1].organisation}:{local_id}",
            line_id=line[0],
            paid=paid,
            amount_fen=abs(amount_fen),
            purpose=purpose,
            invoice="" if self.invoice is None else self.invoice(texts, date).strip(),
        )

    def _date(self, number: int, cell: Cell) -> str:
        """The business date; "" with a fault found."""
        try:
            date = read_date(cell, self.formats)
        except CellFault as fault:
            self._fault(fault.kind, number, self.date_column, value=str(cell))
            return ""
        today = self.ground.today
        if date > today:
            facts: Facts = {"business_date": date, "today": today}
            self._refusal(payment_codes.BUSINESS_DATE_IN_FUTURE, facts, number, field=self.date_column, value=str(cell))
        return date

    def _amount_fen(self, number: int, cell: Cell) -> int:
        """The signed amount; 0 with a fault found."""
        try:
            return read_amount(cell, self.amount_rule)
        except CellFault as fault:
            self._fault(fault.kind, number, self.amount_column, value=str(cell))
            return 0

    def _paid(self, number: int, texts: Sequence[str], date: str) -> Paid | None:
        name, column = texts[self.payee_at], self.payee_rule.column
        if self.payee_id is not None:
            payee_id = self.payee_id(texts, date)
            if not _is_object_id(payee_id):
                self._fault(faults.PAYEE_ID_MALFORMED, number, self.payee_rule.id or "", value=payee_id)
            paid = Paid(name, "", _meets(self.individuals_where, texts), payee_id)
        else:
            account = "" if self.account is None else self.account(texts, date).strip()
            paid = Paid(name, account, _meets(self.individuals_where, texts), "")
        known = self.paid.get(paid)
        if known is not None:
            return known
        if not self._is_name(name, number, column, missing=faults.PAYEE_MISSING):
            return None
        if self.mapping.register_payees and not paid.is_individual and _title.search(name):
            self.reading.note("person_in_clear", number, name)
        self.paid[paid] = paid
        return paid

    def _purpose(self, number: int, texts: Sequence[str], date: str, *, paid: Paid | None) -> str:
        purpose = self.purpose(texts, date).strip()
        if len(purpose) > NAME_LENGTH_MAX:
            purpose = purpose[: NAME_LENGTH_MAX - 1] + "…"
            self.reading.note("purpose_cut", number, purpose)
        self._is_name(purpose, number, self.mapping.purpose, missing=faults.PURPOSE_MISSING)
        if paid is not None and paid.is_individual and paid.name in purpose:
            self._fault(faults.PURPOSE_NAMES_PERSON, number, self.mapping.purpose, value=purpose)
        elif _title.search(purpose):
            self.reading.note("person_in_purpose", number, purpose)
        return purpose

    def _is_name(self, text: str, number: int, column: str, *, missing: FaultKind) -> bool:
        """Whether the ledger takes the text as a Name; if not, a fault is found."""
        kind = missing if not text else faults.TEXT_TOO_LONG if len(text) > NAME_LENGTH_MAX else None
        if kind is None:
            try:
                check_allowed(text)
                return True
            except CellFault as fault:
                kind = fault.kind
        self._fault(kind, number, column, value=text)
        return False

    def _local(self, number: int, texts: Sequence[str], date: str) -> str:
        """The local part of the object id: source and unique number, or source and row."""
        if self.unique is None:
            return f"{self.source}-{number}"
        unique = self.unique(texts, date).strip()
        first = self.uniques.setdefault(unique, number)
        if not unique:
            self._fault(faults.UNIQUE_MISSING, number, self.mapping.unique or "", value="")
        elif first != number:
            self._fault(faults.UNIQUE_REPEATED, number, self.mapping.unique or "", value=f"{unique} ({first})")
        local = f"{self.source}-{unique}"
        if len(local) <= LOCAL_LENGTH_MAX and _local_id.fullmatch(local):
            return local
        # Twenty characters of a digest: what does not fit an id is still told apart.
        return f"{self.source}-x{hashlib.sha256(unique.encode('utf-8')).hexdigest()[:20]}"

    def _line(self, number: int, texts: Sequence[str], date: str) -> tuple[str, Line] | None:
        field_name = self.mapping.line_template
        line_id = self.line(texts, date).strip()
        if self.table is not None:
            key, line_id = tidy(line_id), self.table.get(tidy(line_id), "")
            if not line_id:
                self._fault(faults.LINE_NOT_IN_TABLE, number, field_name, value=key)
                return None
        if line_id not in self.lines:
            self.lines[line_id] = self.ground.find_line(line_id) if _is_object_id(line_id) else None
        line = self.lines[line_id]
        if line is None:
            if _is_object_id(line_id):
                self._refusal(budget_codes.LINE_UNKNOWN, {"line": line_id}, number, field=field_name, value=line_id)
            else:
                self._fault(faults.LINE_ID_MALFORMED, number, field_name, value=line_id)
            return None
        if line.year != int(date[:4]):
            facts: Facts = {"line": line_id, "line_year": line.year, "year": int(date[:4])}
            self._refusal(budget_codes.LINE_OF_ANOTHER_YEAR, facts, number, field=field_name, value=line_id)
        return line_id, line

    def _fault(self, kind: FaultKind, number: int, column: str, *, value: str) -> None:
        self.found.append(fault_of(kind, number, column, value=value))

    def _refusal(self, code: Code, facts: Facts, number: int, *, field: str, value: str) -> None:
        self.found.append(refusal_of(code, facts, number, field=field, value=value))


def _compiled(conditions: Conditions, names: Sequence[str]) -> list[list[tuple[int, re.Pattern[str]]]]:
    return [[(names.index(tidy(name)), re.compile(pattern)) for name, pattern in one.items()] for one in conditions]


def _meets(conditions: list[list[tuple[int, re.Pattern[str]]]], texts: Sequence[str]) -> bool:
    """Whether the row meets one of the conditions, all columns of it."""
    return any(all(pattern.fullmatch(texts[at]) for at, pattern in one) for one in conditions)


def _is_object_id(text: str) -> bool:
    try:
        decode(encode(text), _object_id)
    except (CodecError, UnicodeEncodeError):
        return False
    return True
