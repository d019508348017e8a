"""Lists at a million payments: fills views with a made-up city, asks every list many times, prints times and plans.

`python bench/lists.py [PAYMENTS] [--keep FILE] [--plans]`: how many (1,000,000 unless told), where the database is kept
for another run, and whether each list's query plan is printed. The first lines are the time to project a payment.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from city import FIRST_YEAR, LINES_PER_UNIT, PAYEES_PER_UNIT, PER_BLOCK, SETUP_BLOCKS, City

from mingzhang.views.budgets import LineFilter, list_lines, list_movements, total_lines
from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower
from mingzhang.views.payment_lists import (
    PaymentFilter,
    RefusedFilter,
    list_payments,
    list_refused_payments,
    total_payments,
)
from mingzhang.views.records import RecordFilter, list_records

TIMES = 40
"""Runs of each list, with other values every time."""
CHUNK_BLOCKS = 100
"""Blocks made at once, so that making them is not counted as projecting them."""

Ask = Callable[[sa.Connection, Random], Any]


def lists() -> dict[str, Ask]:
    """What is asked, by name."""
    unit = lambda dice: f"unit{dice.randrange(40):02d}"  # noqa: E731
    line = lambda dice: f"{unit(dice)}:line{dice.randrange(LINES_PER_UNIT):02d}"  # noqa: E731
    payee = lambda dice: f"{unit(dice)}:payee{dice.randrange(PAYEES_PER_UNIT):03d}"  # noqa: E731
    month = lambda dice: f"{dice.randrange(FIRST_YEAR, FIRST_YEAR + 3)}-{dice.randrange(1, 13):02d}"  # noqa: E731

    def pay(sort: str, **filters: Callable[[Random], Any]) -> Ask:
        def ask(connection: sa.Connection, dice: Random) -> Any:
            wanted = PaymentFilter(**{name: value(dice) for name, value in filters.items()})
            return list_payments(connection, wanted, sort=sort)

        return ask

    def days(dice: Random) -> PaymentFilter:
        chosen = month(dice)
        return PaymentFilter(from_date=chosen + "-05", until_date=chosen + "-11")

    def deep(connection: sa.Connection, dice: Random) -> Any:
        page = list_payments(connection, PaymentFilter(until_date=month(dice) + "-15"), limit=500)
        return list_payments(connection, PaymentFilter(), limit=50, after=page.next)

    def traced(dice: Random) -> RecordFilter:
        number = dice.randrange(0, 10_000)
        return RecordFilter(subject=("payment", f"unit{number % 40:02d}:p{number:07d}"))

    everywhere = lambda _dice: "city"  # noqa: E731
    department = lambda dice: f"dept{dice.randrange(12):02d}"  # noqa: E731
    return {
        "payments, newest first": pay("-date"),
        "payments, largest first": pay("-amount"),
        "payments of the city, a year, oldest first": pay("date", organisation=everywhere, year=lambda _d: 2022),
        "payments of a department, newest first": pay("-date", organisation=department),
        "payments of a department, largest first": pay("-amount", organisation=department),
        "payments of a unit, newest first": pay("-date", organisation=unit),
        "payments of a unit, largest first": pay("-amount", organisation=unit),
        "payments of a week, largest first": lambda c, d: list_payments(c, days(d), sort="-amount"),
        "payments held": pay("-date", status=lambda _d: ("held",)),
        "payments held in a unit": pay("-date", organisation=unit, status=lambda _d: ("held",)),
        "payments settled in a unit, smallest first": pay("amount", organisation=unit, status=lambda _d: ("settled",)),
        "payments from a line": pay("-date", line_id=line),
        "payments of a project": pay("-date", project_id=lambda d: f"{unit(d)}:project{d.randrange(5)}"),
        "payments to a payee, largest first": pay("-amount", payee_id=payee),
        "payments of a million yuan and more": pay("-date", from_fen=lambda _d: 100_000_000),
        "payments of 1,000 to 2,000 yuan in a unit": pay(
            "-date", organisation=unit, from_fen=lambda _d: 100_000, until_fen=lambda _d: 200_000
        ),
        "payments with a common text": pay("-date", text=lambda d: d.choice(["水电费", "图书馆", "费"])),
        "payments with a text of two conditions in a unit": pay(
            "-date", organisation=unit, text=lambda d: f"图书馆{d.randrange(1, 13)}月培训"
        ),
        "payments with a text nobody wrote": pay("-date", text=lambda d: d.choice(["违规", "无此事项", "xyz"])),
        "payments with a text whose pairs all occur": pay("-amount", text=lambda _d: "馆111月"),
        "payments, a page in the middle": deep,
        "payment sums of the city by month": lambda c, _d: total_payments(c, PaymentFilter(), by="month"),
        "payment sums of a department by status": lambda c, d: total_payments(
            c, PaymentFilter(organisation=department(d)), by="status"
        ),
        "payment sums of a payee by month": lambda c, d: total_payments(
            c, PaymentFilter(payee_id=payee(d)), by="month"
        ),
        "refused requests": lambda c, _d: list_refused_payments(c),
        "refused requests of a unit": lambda c, d: list_refused_payments(c, RefusedFilter(organisation=unit(d))),
        "records, newest first": lambda c, _d: list_records(c),
        "records of a payment": lambda c, d: list_records(c, traced(d)),
        "records of a line": lambda c, d: list_records(c, RecordFilter(subject=("budget_line", line(d)))),
        "records signed by the bank's teller": lambda c, _d: list_records(c, RecordFilter(signer="teller")),
        "records refused": lambda c, _d: list_records(c, RecordFilter(refused=True)),
        "records of a kind nobody has asked for lately": lambda c, _d: list_records(
            c, RecordFilter(command="payees.register/1")
        ),
        "budget lines of a department, least left first": lambda c, d: list_lines(
            c, LineFilter(organisation=department(d)), sort="available"
        ),
        "budget line sums by unit": lambda c, _d: total_lines(c, by="organisation"),
        "movements of a line": lambda c, d: list_movements(c, line(d)),
    }


def fill(engine: sa.Engine, city: City) -> None:
    """Project the city, and say what a payment cost."""

    class Made:
        """Blocks made beforehand."""

        blocks_made: list[tuple[int, int, list[bytes]]]

        def head_height(self) -> int:
            return self.blocks_made[-1][0]

        def blocks(self, after_height: int, limit: int) -> Iterator[tuple[int, int, list[bytes]]]:
            return iter([block for block in self.blocks_made if block[0] > after_height][:limit])

    made = Made()
    follower = Follower(engine, made)
    made.blocks_made = list(city.blocks(0, SETUP_BLOCKS))
    follower.catch_up()
    wall = cpu = 0.0
    for first in range(SETUP_BLOCKS, city.head_height(), CHUNK_BLOCKS):
        made.blocks_made = list(city.blocks(first, CHUNK_BLOCKS))
        begun, busy = time.perf_counter(), time.process_time()
        follower.catch_up()
        wall, cpu = wall + time.perf_counter() - begun, cpu + time.process_time() - busy
        done = min((made.head_height() - SETUP_BLOCKS) * PER_BLOCK, city.payments)
        print(f"\r{done:,} payments: {1e6 * cpu / done:.0f} µs", end="", file=sys.stderr)
    what = "requested and settled" if city.settled else "requested"
    print(f"\na payment, {what}, was projected in {1e6 * cpu / city.payments:.1f} µs of one core, ", end="")
    print(f"{1e6 * wall / city.payments:.1f} µs by the clock")


@contextmanager
def noted(connection: sa.Connection) -> Iterator[list[tuple[str, Any]]]:
    """The statements run meanwhile."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    yield statements
    sa.event.remove(connection, "before_cursor_execute", note)


def plans(connection: sa.Connection, ask: Ask) -> dict[str, int]:
    """The distinct plans of a list's queries, and how many queries had each."""
    with noted(connection) as statements:
        ask(connection, Random(1))
    found: dict[str, int] = {}
    for statement, parameters in statements:
        rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
        plan = "; ".join(row.detail for row in rows)
        found[plan] = found.get(plan, 0) + 1
    return found


def main() -> None:
    """Fill, ask, print."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("payments", nargs="?", type=int, default=1_000_000)
    reader.add_argument("--keep", type=Path, help="the database's file, used again when it is there")
    reader.add_argument("--unsettled", action="store_true", help="payments are requested only: one record each")
    reader.add_argument("--plans", action="store_true", help="print the plan of each list's queries")
    given = reader.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = given.keep or Path(directory) / "views.sqlite"
        there = place.exists()
        engine = open_views(place)
        if not there:
            fill(engine, City(given.payments, settled=not given.unsettled))
        print(f"{place.stat().st_size / given.payments:,.0f} bytes a payment\n")
        print(f"{'list':52}{'p50 ms':>9}{'p95 ms':>9}")
        with engine.connect() as connection:
            for name, ask in lists().items():
                taken = []
                for run in range(TIMES):
                    begun = time.perf_counter()
                    ask(connection, Random(run))
                    taken.append(1e3 * (time.perf_counter() - begun))
                taken.sort()
                print(f"{name:52}{taken[TIMES // 2]:9.1f}{taken[TIMES * 95 // 100]:9.1f}")
                for plan, times in plans(connection, ask).items() if given.plans else ():
                    print(f"    {times} x {plan}")
        engine.dispose()


if __name__ == "__main__":
    main()
