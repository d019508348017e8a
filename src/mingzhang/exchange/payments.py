"""Import of a payments file: rows become payments and refunds, in signed batches, each judged alone by the ledger.

Started again after any interruption it finishes and doubles nothing: ids come from the file, so the ledger knows them.
Reading the file stands in rows.py, payees in payees.py.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from mingzhang.chain.calendar import date_of
from mingzhang.chain.codes import Code, code_named, kernel
from mingzhang.chain.codes import budgets as budget_codes
from mingzhang.chain.codes import payments as payment_codes
from mingzhang.chain.contracts.budgets import find_line
from mingzhang.chain.contracts.payments import RequestPayment, scan_payments
from mingzhang.chain.contracts.settlements import RecordRefund
from mingzhang.chain.tx import MAX_ITEMS
from mingzhang.exchange import ExchangeError
from mingzhang.exchange.faults import REFUND_WITHOUT_PAYMENT, Fault, fault_of, refusal_of
from mingzhang.exchange.mapping import PaymentsMap, digest_of_map
from mingzhang.exchange.payees import Payees, prepare_payees
from mingzhang.exchange.posting import Answer, Desk, Sent, leaf_digest, send
from mingzhang.exchange.progress import Header, Progress
from mingzhang.exchange.rows import Entry, Ground, Paid, Reading

BATCH = 500
"""Rows under one signature: large enough that the signature costs little, small enough that blocks stay short."""
WINDOW = 8
"""Batches in flight: the ledger never waits for the next, and memory stays bounded."""
STRANGE_SHARE = 2
"""More than one of so many rows answered `exists_with_different_content`: this is another file under an old name."""
STRANGE_MIN_ROWS = 20


class Answered(NamedTuple):
    """One batch and its answers, one each."""

    entries: Sequence[Entry]
    answers: Sequence[Answer]


@dataclass
class Summary:
    """What an import came to. `taken` and `refunds` are rows taken in this run, `held` those of them that wait for a
    person; `before` were seen taken by an earlier run, `exists` the ledger knew; the amounts are of `taken`, `refunds`.
    `notices` are about rows that were taken and should be looked at.
    """

    rows: int
    ignored: int
    taken: int = 0
    refunds: int = 0
    held: int = 0
    before: int = 0
    exists: int = 0
    payees_registered: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0
    faults: list[Fault] = field(default_factory=list)
    notices: list[Fault] = field(default_factory=list)
    by_code: Counter[str] = field(default_factory=Counter)

    @property
    def not_taken(self) -> int:
        """Rows in the error file."""
        return len({fault.row for fault in self.faults})


def ground_of(desk: Desk) -> Ground:
    """What the check of a file needs of a ledger."""
    view = desk.view()
    return Ground(today=date_of(desk.time()), find_line=lambda line_id: find_line(view, line_id))


def import_payments(
    desk: Desk,
    reading: Reading,
    mapping: PaymentsMap,
    *,
    signer: str,
    source: str,
    table: dict[str, str] | None = None,
    progress: Progress | None = None,
    batch: int = BATCH,
    window: int = WINDOW,
    on_rows: Callable[[int], None] = lambda _number: None,
    on_answered: Callable[[Answered], None] = lambda _answered: None,
) -> Summary:
    """Send what `read_rows` gave, in order of dates, as `signer`; `on_rows` hears how many rows each batch had.

    Raises ExchangeError when the ledger takes no batches of this signer, or the file is not what it was; everything
    answered until then stays, and is known to `progress`.
    """
    if not 1 <= batch <= MAX_ITEMS:
        raise ExchangeError(f"每批须为 1 至 {MAX_ITEMS} 行", f"batch: must be 1 to {MAX_ITEMS}")
    run = _Run(desk, reading, mapping, signer=signer)
    todo = run.begin(progress, source=source, table=table)
    payees = run.register(todo, batch=batch)
    todo = [entry for entry in todo if entry.paid in payees.ids]
    in_flight: deque[tuple[Sequence[Entry], Sent]] = deque()

    def catch_up(beyond: int) -> None:
        while len(in_flight) > beyond:
            answered = run.answer(*in_flight.popleft())
            on_answered(answered)
            on_rows(len(answered.entries))

    for part in _parts(todo, batch):
        in_flight.append((part, send(desk, signer, [run.command(entry, payees.ids) for entry in part])))
        catch_up(window)
    catch_up(0)
    return run.summary


class _Run:
    """One import under way."""

    def __init__(self, desk: Desk, reading: Reading, mapping: PaymentsMap, *, signer: str) -> None:
        self.desk, self.reading, self.mapping, self.signer = desk, reading, mapping, signer
        self.progress: Progress | None = None
        self.payee_ids: Payees | None = None
        self.paid: set[tuple[str, str]] | None = None
        self.summary = Summary(rows=reading.rows, ignored=sum(reading.ignored.values()))
        for fault in reading.faults:
            self._refuse(fault)

    def begin(self, progress: Progress | None, *, source: str, table: dict[str, str] | None) -> list[Entry]:
        """What is still to be sent, in order of dates, payments before refunds."""
        reading = self.reading
        todo: Sequence[Entry] = reading.entries
        if progress is not None:
            header = Header(
                ledger=leaf_digest(self.desk.store, 0),
                source=source,
                map=digest_of_map(self.mapping, table),
                rows=reading.rows,
                digest=reading.digest,
            )
            progress.begin(
                header,
                earlier_digest=reading.earlier_digest,
                is_unique=self.mapping.unique is not None,
                leaf_hash=lambda index: leaf_digest(self.desk.store, index),
            )
            todo = [entry for entry in todo if entry.row not in progress.taken]
            self.progress = progress
        self.summary.before = len(reading.entries) - len(todo)
        return sorted(todo)

    def register(self, todo: Sequence[Entry], *, batch: int) -> Payees:
        """Find or register payees; rows of those who cannot be paid go into the error file."""
        payees = prepare_payees(
            self.desk, dict.fromkeys(entry.paid for entry in todo), self.mapping, signer=self.signer, batch=batch
        )
        self.summary.payees_registered = payees.registered
        self.payee_ids = payees
        column = self.mapping.payees.column
        for entry in todo if payees.refused else ():
            if entry.paid in payees.refused:
                code, facts = payees.refused[entry.paid]
                self._refuse(refusal_of(code, facts, entry.row, field=column, value=entry.paid.name))
        return payees

    def command(self, entry: Entry, payee_ids: dict[Paid, str]) -> RequestPayment | RecordRefund:
        """The command of a row."""
        if entry.is_refund:
            return RecordRefund(
                refund_id=entry.object_id,
                line_id=entry.line_id,
                payee_id=payee_ids[entry.paid],
                amount_fen=entry.amount_fen,
                purpose=entry.purpose,
                business_date=entry.date,
            )
        return RequestPayment(
            payment_id=entry.object_id,
            line_id=entry.line_id,
            payee_id=payee_ids[entry.paid],
            amount_fen=entry.amount_fen,
            purpose=entry.purpose,
            business_date=entry.date,
            invoice=self.desk.vault.blind_index("invoice", entry.invoice) if entry.invoice else None,
            evidence=[],
        )

    def answer(self, entries: Sequence[Entry], sent: Sent) -> Answered:
        """Count a batch's answers, and keep in mind what was taken."""
        summary, answers = self.summary, sent.answers()
        taken: list[int] = []
        self._notice_refunds(entries, answers)
        differing = 0
        for entry, answer in zip(entries, answers, strict=True):
            code = code_named(answer.code)
            if code is kernel.OK:
                taken.append(entry.row)
                summary.taken += not entry.is_refund
                summary.refunds += entry.is_refund
                summary.held += answer.status == "held"
                summary.paid_fen += 0 if entry.is_refund else entry.amount_fen
                summary.refunded_fen += entry.amount_fen if entry.is_refund else 0
            elif code is kernel.EXISTS:
                taken.append(entry.row)
                summary.exists += 1
            else:
                differing += code is kernel.EXISTS_WITH_DIFFERENT
                field_name, value = self._field(code, entry)
                self._refuse(refusal_of(code, answer.facts, entry.row, field=field_name, value=value))
        if self.progress is not None:
            self.progress.add(taken, *sent.last())
        if len(entries) >= STRANGE_MIN_ROWS and differing * STRANGE_SHARE > len(entries):
            raise ExchangeError(
                f"一批 {len(entries)} 行中有 {differing} 行与账本已登记的同编号内容不同："
                "这不是原来以同一 source 导入的文件；请在映射中另取 source",
                f"{differing} of {len(entries)} rows differ from what the ledger holds under their ids: this is not the"
                " file that was imported under this source before; give it a source of its own in the map",
            )
        return Answered(entries, answers)

    def _notice_refunds(self, entries: Sequence[Entry], answers: Sequence[Answer]) -> None:
        """Note the refunds taken of payees who were never paid from the line: it may be no refund."""
        if self.payee_ids is None:
            return
        ids = self.payee_ids.ids
        if self.paid is not None:
            # What was sent after the ledger was looked through.
            self.paid |= {(one.line_id, ids[one.paid]) for one in entries if not one.is_refund}
        for entry, answer in zip(entries, answers, strict=True):
            if not entry.is_refund or code_named(answer.code) is not kernel.OK:
                continue
            if self.paid is None:
                self.paid = {(one.line_id, one.payee_id) for _name, one in scan_payments(self.desk.view())}
            if (entry.line_id, ids[entry.paid]) not in self.paid:
                self.summary.notices.append(
                    fault_of(
                        REFUND_WITHOUT_PAYMENT, entry.row, self.mapping.amounts.column, value=_plain(-entry.amount_fen)
                    )
                )

    def _field(self, code: Code, entry: Entry) -> tuple[str, str]:
        """The column that a refusal is about, and what stood there; the whole row where it is about none."""
        amount_fen = -entry.amount_fen if entry.is_refund else entry.amount_fen
        if code in _ABOUT_AMOUNT:
            return self.mapping.amounts.column, _plain(amount_fen)
        if code in _ABOUT_LINE:
            return self.mapping.line_template, entry.line_id
        if code in _ABOUT_PAYEE:
            return self.mapping.payees.column, entry.paid.name
        if code is payment_codes.INVOICE_USED:
            return self.mapping.invoice or "", entry.invoice
        return "", entry.object_id

    def _refuse(self, fault: Fault) -> None:
        self.summary.faults.append(fault)
        self.summary.by_code[fault.code] += 1


_ABOUT_AMOUNT = (
    budget_codes.EXCEEDS_AVAILABLE,
    budget_codes.EXCEEDS_ALLOCATED,
    payment_codes.EXCEEDS_PLAN,
    payment_codes.REFUND_EXCEEDS_PAID,
)
_ABOUT_LINE = (budget_codes.LINE_UNKNOWN, budget_codes.LINE_FROZEN, budget_codes.LINE_OF_ANOTHER_YEAR)
_ABOUT_PAYEE = (payment_codes.PAYEE_UNKNOWN, payment_codes.PAYEE_SUSPENDED)


def _parts(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while part := list(islice(rest, size)):
        yield part


def _plain(amount_fen: int) -> str:
    """Yuan without separators, as a spreadsheet reads a number."""
    sign, size = ("-", -amount_fen) if amount_fen < 0 else ("", amount_fen)
    return f"{sign}{size // 100}.{size % 100:02d}"
