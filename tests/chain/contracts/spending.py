"""A hospital with two lines and a payee, in basic expenditure, for tests of lines and payments. Amounts in fen."""

from typing import Any

from tests.chain.world import World

from mingzhang.chain.contracts.budgets import ApproveLine, Line, read_line
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.settlements import SettlePayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes

LINE = "hospital:office"
OTHER = "hospital:travel"
PAYEE = "hospital:paper"
TODAY = "2022-04-15"
CODES = {
    "function": "2100201",
    "department_economic": "30201",
    "government_economic": "50201",
    "fund_type": "1",
}
ROOM_FEN = 100_000


def publish(world: World, year: int, **codes: str) -> None:
    """The year's code tables, one code each."""
    commands = [
        PublishCodes(
            organisation="city",
            table=table,  # type: ignore[arg-type]
            year=year,
            entries=[CodeEntry(code=code, name=f"科目{code}", parent="")],
            basis="示例",
        )
        for table, code in (CODES | codes).items()
    ]
    world.must("committee", *commands)


def line(line_id: str = LINE, approved_fen: int = ROOM_FEN, **changes: Any) -> ApproveLine:
    """A line of the hospital's basic expenditure, paid by the treasury unless told otherwise."""
    fields: dict[str, Any] = {
        "organisation": "hospital",
        "project_id": None,
        "year": 2022,
        "function_code": CODES["function"],
        "department_economic_code": CODES["department_economic"],
        "government_economic_code": CODES["government_economic"],
        "fund_type": CODES["fund_type"],
        "paid_from": "treasury",
        "document": "示例〔2022〕1号",
    } | changes
    return ApproveLine(line_id=line_id, approved_fen=approved_fen, **fields)


def payee(payee_id: str = PAYEE, account: str = "aa" * 32, **changes: Any) -> RegisterPayee:
    """An enterprise, unless told otherwise."""
    fields: dict[str, Any] = {
        "organisation": "hospital",
        "kind": "enterprise",
        "name": "示例办公用品公司",
        "name_commitment": None,
        "account_commitment": "00" * 32,
        "account_index": account,
        "contact_commitment": None,
    } | changes
    return RegisterPayee(payee_id=payee_id, **fields)


def pay(payment_id: str, amount_fen: int, **changes: Any) -> RequestPayment:
    """An ordinary payment from the line, without an invoice unless told otherwise."""
    fields: dict[str, Any] = {
        "line_id": LINE,
        "payee_id": PAYEE,
        "purpose": "办公用品",
        "business_date": TODAY,
        "invoice": None,
        "evidence": [],
    } | changes
    return RequestPayment(payment_id=f"hospital:{payment_id}", amount_fen=amount_fen, **fields)


def settle(payment_id: str, outcome: Any = "settled", receipt: str = "") -> SettlePayment:
    """The bank's receipt for a payment."""
    return SettlePayment(
        receipt_id=f"city:{receipt or 'r-' + payment_id}",
        payment_id=f"hospital:{payment_id}",
        outcome=outcome,
        settled_date=TODAY,
        reason="" if outcome == "settled" else "账号有误",
    )


def ready() -> World:
    """Codes of 2022 and 2023, two lines of 1,000.00 yuan each, one payee."""
    world = World()
    publish(world, 2022)
    publish(world, 2023, function="2100299")
    world.must("budget", line(), line(OTHER))
    world.must("cashier", payee())
    return world


def balance(world: World, line_id: str = LINE) -> Line:
    """A line as it stands."""
    return read_line(world.view(), line_id)
