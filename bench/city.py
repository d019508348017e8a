"""A made-up city's ledger as a stream of leaves, for benchmarks and tests of the views: nothing was signed or judged.

The leaves are of the ledger's own form and tell of organisations, lines, payees and any number of payments, most of
them settled by the bank in the next block. Everything follows from the numbers given, so a block can be made again.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from mingzhang.chain.calendar import date_of, time_of
from mingzhang.chain.codec import encode
from mingzhang.chain.contracts.budgets import ApproveLine, LineApproved, Moved
from mingzhang.chain.contracts.members import OrganisationRegistered, RegisterOrganisation
from mingzhang.chain.contracts.payees import PayeeRegistered, RegisterPayee
from mingzhang.chain.contracts.payments import PaymentRequested, PaymentStatusChanged, RequestPayment
from mingzhang.chain.contracts.settlements import PaymentSettled, SettlePayment
from mingzhang.chain.operations import BlockLeaf, Record

FIRST_YEAR, YEARS = 2021, 3
DEPARTMENTS, UNITS = 12, 40
LINES_PER_UNIT = 30
PAYEES_PER_UNIT = 150
PER_BLOCK = 500
SETUP_BLOCKS = 1
PURPOSES = (
    "水电费",
    "办公用品采购",
    "差旅费报销",
    "设备维修款",
    "物业管理费",
    "培训费",
    "印刷费",
    "药品采购款",
    "系统运维费",
)
PLACES = ("第一人民医院", "实验小学", "图书馆", "康复医院", "档案馆", "体育中心", "疾控中心", "文化馆")
SEALED = "cd" * 32


class City:
    """Leaves of so many payments; a source for the views' follower."""

    def __init__(self, payments: int, *, seed: int = 1, settled: bool = True, units: int = UNITS) -> None:
        self.payments = payments
        self.seed = seed
        self.settled = settled
        self.units = [f"unit{number:02d}" for number in range(units)]
        self.setup = self._setup()

    def head_height(self) -> int:
        """Height of the last block."""
        return SETUP_BLOCKS + -(-self.payments // PER_BLOCK) + (1 if self.settled else 0)

    def blocks(self, after_height: int, limit: int) -> Iterator[tuple[int, int, list[bytes]]]:
        """(height, time, leaves) of at most `limit` blocks above a height."""
        for height in range(after_height + 1, min(after_height + limit, self.head_height()) + 1):
            yield self.block(height)

    def block(self, height: int) -> tuple[int, int, list[bytes]]:
        """(height, time, leaves) of one block."""
        number = height - SETUP_BLOCKS - 1
        time = self._time(number * PER_BLOCK)
        said = self.setup if number < 0 else [*self._requests(number), *self._settlements(number - 1)]
        first = 0 if number < 0 else self._first_index(number)
        leaves = [
            encode(
                Record(
                    index=first + at,
                    height=height,
                    time=time,
                    envelope="ab" * 32,
                    signer=signer,
                    item=at % PER_BLOCK,
                    cause=None,
                    blinder=f"{first + at:032x}",
                    command=command,
                    code=code,
                    facts={} if code == "ok" else {"available_fen": 1},
                    events=[_with_record(event, first + at) for event in events],
                )
            )
            for at, (signer, command, code, events) in enumerate(said)
        ]
        leaf = BlockLeaf(
            height=height, time=time, application_version=1, records=len(said), writes="00" * 32, blinder="00" * 16
        )
        return height, time, [*leaves, encode(leaf)]

    def payment(self, number: int) -> dict[str, Any]:
        """The number-th payment: who pays whom from where, and what becomes of it."""
        dice = Random(f"{self.seed}/{number}")
        unit = self.units[min(int(dice.expovariate(0.12)), len(self.units) - 1)]
        day = date_of(self._time(number))
        line = dice.randrange(LINES_PER_UNIT // YEARS) * YEARS + int(day[:4]) - FIRST_YEAR
        status = "refused" if number % 50 == 7 else "held" if number % 97 == 5 else "in_transit"
        return {
            "payment_id": f"{unit}:p{number:07d}",
            "line_id": f"{unit}:line{line:02d}",
            "organisation": unit,
            "project_id": f"{unit}:project{line // 6}" if line % 2 else None,
            "payee_id": f"{unit}:payee{min(int(dice.expovariate(0.03)), PAYEES_PER_UNIT - 1):03d}",
            "amount_fen": int(dice.lognormvariate(13, 1.5)) + 1,
            "purpose": f"{dice.choice(PLACES)}{int(day[5:7])}月{dice.choice(PURPOSES)}",
            "business_date": day,
            "status": status,
            "outcome": "returned" if number % 113 == 3 else "settled",
        }

    def _time(self, number: int) -> int:
        first, beyond = time_of(f"{FIRST_YEAR}-01-04"), time_of(f"{FIRST_YEAR + YEARS}-01-01")
        return first + (beyond - first) * number // max(self.payments, 1)

    def _first_index(self, number: int) -> int:
        """Index of the first record of the number-th block of payments."""
        requests = min(number * PER_BLOCK, self.payments)
        settlements = min(max(number - 1, 0) * PER_BLOCK, self.payments) if self.settled else 0
        return len(self.setup) + 1 + requests + settlements + number

    def _settling(self, number: int) -> range:
        """Payments of a block, which the bank answers in the next one, held and refused ones in vain."""
        first = number * PER_BLOCK
        return range(first, min(first + PER_BLOCK, self.payments)) if number >= 0 and self.settled else range(0)

    def _requests(self, number: int) -> Iterator[tuple[str, Any, str, list[Any]]]:
        first = number * PER_BLOCK
        for each in range(first, min(first + PER_BLOCK, self.payments)):
            paid = self.payment(each)
            wanted = {name: paid[name] for name in ("payment_id", "line_id", "payee_id", "amount_fen", "purpose",
                                                    "business_date")}  # fmt: skip
            command = RequestPayment(**wanted, invoice=None, evidence=[SEALED])
            signer = "cashier-" + paid["organisation"]
            if paid["status"] == "refused":
                yield signer, command, "exceeds_available_balance", []
                continue
            requested = PaymentRequested(
                **wanted, organisation=paid["organisation"], project_id=paid["project_id"], invoice=None,
                evidence=[SEALED], agreement_id=None, milestone_id=None, status=paid["status"], holds=[], by=signer,
                record=0,
            )  # fmt: skip
            target = "reserved" if paid["status"] == "held" else "in_transit"
            yield signer, command, "ok", [requested, _moved(paid, "available", target)]

    def _settlements(self, number: int) -> Iterator[tuple[str, Any, str, list[Any]]]:
        for each in self._settling(number):
            paid = self.payment(each)
            receipt = {"receipt_id": f"bank:r{each:07d}", "payment_id": paid["payment_id"],
                       "outcome": paid["outcome"], "settled_date": paid["business_date"], "reason": ""}  # fmt: skip
            command = SettlePayment(**receipt)
            if paid["status"] != "in_transit":
                yield "teller", command, "payment_not_in_transit", []
                continue
            settled = PaymentSettled(
                **receipt, line_id=paid["line_id"], amount_fen=paid["amount_fen"], by="teller", record=0
            )
            turned = PaymentStatusChanged(
                payment_id=paid["payment_id"], status=paid["outcome"], invoice_freed=None, record=0
            )
            target = "paid" if paid["outcome"] == "settled" else "available"
            yield "teller", command, "ok", [settled, turned, _moved(paid, "in_transit", target)]

    def _setup(self) -> list[tuple[str, Any, str, list[Any]]]:
        """Organisations, lines and payees, one record each."""
        said = [_organisation("city", "", "government"), _organisation("bank", "city/", "bank")]
        said += [_organisation(f"dept{number:02d}", "city/", "department") for number in range(DEPARTMENTS)]
        for number, unit in enumerate(self.units):
            said.append(_organisation(unit, f"city/dept{number % DEPARTMENTS:02d}/", "unit"))
            said += [_line(unit, line) for line in range(LINES_PER_UNIT)]
            said += [_payee(unit, payee) for payee in range(PAYEES_PER_UNIT)]
        return said


def _with_record(event: Any, record: int) -> Any:
    if "record" not in event.__struct_fields__:
        return event
    return type(event)(**{name: getattr(event, name) for name in event.__struct_fields__} | {"record": record})


def _moved(paid: dict[str, Any], source: Any, target: Any) -> Moved:
    return Moved(
        line_id=paid["line_id"], amount_fen=paid["amount_fen"], source=source, target=target,
        cause_id=paid["payment_id"],
    )  # fmt: skip


def _organisation(name: str, above: str, kind: Any) -> tuple[str, Any, str, list[Any]]:
    fields = {"organisation_id": name, "name": f"机构{name}", "kind": kind, "division_code": "441900000"}
    parent = above.split("/")[-2] if above else None
    registered = OrganisationRegistered(**fields, parent=parent, path=f"{above}{name}/", checkpoint_key=None)
    return "root", RegisterOrganisation(**fields, parent=parent or "city"), "ok", [registered]


def _line(unit: str, number: int) -> tuple[str, Any, str, list[Any]]:
    line = ApproveLine(
        line_id=f"{unit}:line{number:02d}", organisation=unit,
        project_id=f"{unit}:project{number // 6}" if number % 2 else None, year=FIRST_YEAR + number % YEARS,
        function_code="2100202", department_economic_code="30201", government_economic_code="50201", fund_type="1",
        approved_fen=10**14, paid_from="treasury", document="示例〔2021〕1号",
    )  # fmt: skip
    fields = {name: getattr(line, name) for name in line.__struct_fields__}
    return "budget", line, "ok", [LineApproved(**fields, by="budget", record=0)]


def _payee(unit: str, number: int) -> tuple[str, Any, str, list[Any]]:
    payee = RegisterPayee(
        payee_id=f"{unit}:payee{number:03d}", organisation=unit, kind="enterprise", name=f"供应商{number}",
        name_commitment=None, account_commitment=SEALED, account_index=f"{int(unit[4:]) * 1_000 + number:064x}",
        contact_commitment=None,
    )  # fmt: skip
    fields = {name: getattr(payee, name) for name in payee.__struct_fields__}
    return "cashier-" + unit, payee, "ok", [PayeeRegistered(**fields, record=0)]
