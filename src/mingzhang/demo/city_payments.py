"""The example city's payments: requested month by month from each line, held and decided, settled, returned, corrected.

The generator knows what each line has left, so it knows which request the ledger must refuse. All is illustrative.
Payments of agreements are released by the ledger itself; city_agreements.py says which.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import date as calendar_date
from random import Random
from typing import Any, NamedTuple

from mingzhang.chain.contracts.payments import DecidePayment, RequestPayment
from mingzhang.chain.contracts.settlements import (
    DecideReversal,
    RecordRefund,
    RequestReversal,
    SettlePayment,
)
from mingzhang.demo.batches import Batch, in_batches
from mingzhang.demo.city_bodies import LABOUR_PEOPLE, PAYEES, Unit, cashier
from mingzhang.demo.city_budget import CityLine
from mingzhang.demo.founding import HOLD_ABOVE_FEN
from mingzhang.demo.story import Stage

YEAR_END_HOLD = 1215
"""The ledger's own default for payments looked at before the year's end, as month and day."""
SALARY_DAY = 10
NEVER_REJECTED = ("payroll", "social", "housing", "welfare")
MIN_PAYMENT_FEN = 10_000
PERIODS = 24


class Wish(NamedTuple):
    """A payment somebody means to request; `refused` is the code that the ledger must answer with, or ""."""

    date: str
    line: CityLine
    amount_fen: int
    payee_id: str
    invoice: str
    payment_id: str
    refused: str = ""


class Cash:
    """Who is paid, and where each payment stands; one for the whole city, over all years."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.held: list[Wish] = []
        self.in_transit: list[Wish] = []
        self.released: list[str] = []
        """Payments of agreements, for the bank to settle at the next date."""
        self._to_reverse: list[Wish] = []
        self._reversing: list[tuple[str, Wish]] = []
        self._refunds: list[tuple[Wish, int]] = []
        self._waiting: dict[str, list[Wish]] = {}
        self._numbers: dict[str, int] = {}
        self._invoice = 0

    def bank(self, date: str) -> Iterator[Batch]:
        """Receipts for all that was in transit; a few come back."""
        settles: list[SettlePayment] = []
        for wish in self.in_transit:
            returned = self.random.random() < 0.004 and wish.line.payee_group not in NEVER_REJECTED
            settles.append(_receipt(wish.payment_id, date, returned=returned))
            if returned:
                wish.line.left_fen += wish.amount_fen
            else:
                self._perhaps_wrong(wish)
        settles += [_receipt(payment_id, date, returned=False) for payment_id in self.released]
        self.in_transit, self.released = [], []
        yield from in_batches(date, "teller", settles)

    def treasury(self, date: str) -> Iterator[Batch]:
        """Verdicts on held payments, then on the reversals asked for."""
        verdicts: list[Any] = []
        for wish in self.held:
            reject = wish.line.payee_group not in NEVER_REJECTED and self.random.random() < 0.08
            verdicts.append(
                DecidePayment(
                    payment_id=wish.payment_id,
                    verdict="reject" if reject else "approve",
                    opinion="支出依据不足,不属当年必须,退回。" if reject else "依据充分,同意支付。",
                )
            )
            if reject:
                wish.line.left_fen += wish.amount_fen
            else:
                self.in_transit.append(wish)
        self.held = []
        yield from in_batches(date, "finance-treasury2", verdicts)
        reversals = [
            DecideReversal(reversal_id=reversal_id, verdict="approve", opinion="款已退回,同意红冲。")
            for reversal_id, _wish in self._reversing
        ]
        for _reversal_id, wish in self._reversing:
            wish.line.left_fen += wish.amount_fen
        self._reversing = []
        yield from in_batches(date, "finance-treasury", reversals)

    def month(self, lines: Sequence[CityLine], year: int, month: int) -> None:
        """Plan a month's payments of all lines: what the seasons ask for by then and is not yet spent."""
        for line in lines:
            for wish in self._wishes(line, year, month):
                self._waiting.setdefault(line.unit.unit_id, []).append(wish)

    def units(self, date: str, chosen: Sequence[Unit]) -> Iterator[Batch]:
        """One batch a unit: corrections, then the payments due by the date, then now and then what will be refused."""
        for unit in chosen:
            waiting = self._waiting.get(unit.unit_id, [])
            due = sorted((wish for wish in waiting if wish.date <= date), key=_order)
            self._waiting[unit.unit_id] = [wish for wish in waiting if wish.date > date]
            commands: list[Callable[[Stage], Any]] = list(self._corrections(unit, date))
            refused: dict[int, str] = {}
            for wish in due:
                for request in self._requested(wish):
                    if request.refused:
                        refused[len(commands)] = request.refused
                    commands.append(_request(request))
            if commands:
                yield Batch(date, cashier(unit.unit_id), _made(commands), refused)

    def _requested(self, wish: Wish) -> list[Wish]:
        """The payment, if the line still has the money, and what goes wrong beside it."""
        line, random = wish.line, self.random
        amount_fen = min(wish.amount_fen, line.left_fen)
        if amount_fen < MIN_PAYMENT_FEN:
            return []
        good = wish._replace(amount_fen=amount_fen, payment_id=self._new_id(line))
        line.left_fen -= amount_fen
        month_day = int(wish.date[5:7] + wish.date[8:10])
        (self.held if amount_fen >= HOLD_ABOVE_FEN or month_day >= YEAR_END_HOLD else self.in_transit).append(good)
        requests = [good]
        if good.invoice and amount_fen <= line.left_fen and random.random() < 0.004:
            requests.append(good._replace(payment_id=self._new_id(line), refused="invoice_already_used"))
        if line.payee_group in ("office", "misc") and random.random() < 0.012:
            over_fen = line.left_fen + random.choice((1, 100, 58_000, 1_200_000))
            requests.append(
                good._replace(
                    payment_id=self._new_id(line),
                    amount_fen=over_fen,
                    invoice=self._new_invoice(),
                    refused="exceeds_available_balance",
                )
            )
        return requests

    def _wishes(self, line: CityLine, year: int, month: int) -> Iterator[Wish]:
        seasons, random = line.seasons, self.random
        if seasons[month - 1] == 0:
            return
        spent_fen = line.approved_fen - line.left_fen
        planned_fen = line.approved_fen * line.use_percent // 100 * sum(seasons[:month]) // sum(seasons)
        expected = line.payments * seasons[month - 1] / sum(seasons)
        count = int(expected) + (random.random() < expected % 1)
        if planned_fen - spent_fen < MIN_PAYMENT_FEN or count == 0:
            return
        shares = [random.randint(60, 140) for _one in range(count)]
        payee_id = self._payee(line)
        for share in shares:
            yield Wish(
                date=self._day(line, year, month),
                line=line,
                amount_fen=(planned_fen - spent_fen) * share // sum(shares),
                payee_id=payee_id if random.random() < 0.6 else self._payee(line),
                invoice=self._new_invoice() if line.invoiced else "",
                payment_id="",
            )

    def _day(self, line: CityLine, year: int, month: int) -> str:
        if line.payee_group in ("payroll", "social", "housing"):
            return f"{year}-{month:02d}-{SALARY_DAY}"
        day = self.random.randint(3, monthrange(year, month)[1])
        while calendar_date(year, month, day).weekday() >= 5:
            day -= 1
        return f"{year}-{month:02d}-{max(day, 1):02d}"

    def _payee(self, line: CityLine) -> str:
        if line.payee_group == "labour":
            return f"finance:labour-{self.random.randrange(LABOUR_PEOPLE)}"
        return f"finance:{line.payee_group}-{self.random.randrange(len(PAYEES[line.payee_group]))}"

    def _perhaps_wrong(self, wish: Wish) -> None:
        """A few settled payments turn out wrong in whole, a few more in part."""
        if wish.line.payee_group in NEVER_REJECTED:
            return
        chance = self.random.random()
        if chance < 0.002:
            self._to_reverse.append(wish)
        elif chance < 0.007:
            self._refunds.append((wish, wish.amount_fen * self.random.randint(5, 30) // 100))

    def _corrections(self, unit: Unit, date: str) -> Iterator[Callable[[Stage], Any]]:
        for wish in [one for one in self._to_reverse if one.line.unit == unit]:
            self._to_reverse.remove(wish)
            reversal_id = wish.payment_id + "-r"
            self._reversing.append((reversal_id, wish))
            yield _ready(
                RequestReversal(
                    reversal_id=reversal_id, payment_id=wish.payment_id, reason="收款人有误,款已退回。", evidence=[]
                )
            )
        for wish, amount_fen in [one for one in self._refunds if one[0].line.unit == unit]:
            self._refunds.remove((wish, amount_fen))
            wish.line.left_fen += amount_fen
            yield _ready(
                RecordRefund(
                    refund_id=wish.payment_id + "-t",
                    line_id=wish.line.line_id,
                    payee_id=wish.payee_id,
                    amount_fen=amount_fen,
                    purpose="多付款项退回",
                    business_date=date,
                )
            )

    def _new_id(self, line: CityLine) -> str:
        unit_id = line.unit.unit_id
        self._numbers[unit_id] = self._numbers.get(unit_id, 0) + 1
        return f"{unit_id}:{line.year}-{self._numbers[unit_id]:05d}"

    def _new_invoice(self) -> str:
        self._invoice += 1
        return f"城市示例票-{self._invoice:06d}"


def period_date(year: int, period: int) -> str:
    """The fifteenth and the last day of each month: period 0 to 23."""
    month = period // 2 + 1
    return f"{year}-{month:02d}-{15 if period % 2 == 0 else monthrange(year, month)[1]}"


def _order(wish: Wish) -> tuple[str, str]:
    return wish.date, wish.line.line_id


def _request(wish: Wish) -> Callable[[Stage], Any]:
    def made(stage: Stage) -> RequestPayment:
        return RequestPayment(
            payment_id=wish.payment_id,
            line_id=wish.line.line_id,
            payee_id=wish.payee_id,
            amount_fen=wish.amount_fen,
            purpose=wish.line.purpose,
            business_date=wish.date,
            invoice=stage.index("invoice", wish.invoice) if wish.invoice else None,
            evidence=[],
        )

    return made


def _receipt(payment_id: str, date: str, *, returned: bool) -> SettlePayment:
    return SettlePayment(
        receipt_id=f"bank:{payment_id.replace(':', '.')}",
        payment_id=payment_id,
        outcome="returned" if returned else "settled",
        settled_date=date,
        reason="账户名称不符" if returned else "",
    )


def _ready(command: Any) -> Callable[[Stage], Any]:
    return lambda _stage: command


def _made(commands: Sequence[Callable[[Stage], Any]]) -> Callable[[Stage], Sequence[Any]]:
    return lambda stage: [make(stage) for make in commands]
