"""A small city behind real doors: a ledger in a folder, a server on a free port, and what tests say to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from mingzhang.api.app import Server, listen, make_app
from mingzhang.api.deps import Doors, Limits
from mingzhang.api.hardening import Wall
from mingzhang.chain.contracts import REGISTRY
from mingzhang.cli.genesis import genesis_of_yaml
from mingzhang.desk import Desk
from mingzhang.node import proofs

GENESIS = """
chain_id: test-city
suite: intl
clock: stated
time: 2022-06-10T08:00:00+08:00
checkpoint_threshold: 2
organisations:
  - {organisation_id: city, name: 市政府, kind: government, parent: null, division_code: "441900000"}
  - {organisation_id: finance, name: 财政局, kind: finance, parent: city, division_code: "441900000",
     checkpoint_key: new}
  - {organisation_id: audit, name: 审计局, kind: audit, parent: city, division_code: "441900000",
     checkpoint_key: new}
people:
  - {person_id: root, organisation: city, post: 管理员,
     roles: [administrator, clock_keeper, finance_budget, standards_committee, publisher]}
  - {person_id: cashier, organisation: city, post: 出纳, roles: [unit_finance]}
  - {person_id: auditor, organisation: city, post: 审计员, roles: [auditor]}
"""
LINE_FEN = 10_000_000
GENEROUS = Limits(rate_per_second=100_000.0, burst=100_000.0)
"""Tests send many requests from one address."""
JSON = {"Content-Type": "application/json"}
CODES = {"function": "2100202", "department_economic": "30201", "government_economic": "50201", "fund_type": "1"}


def furnishing() -> list[dict[str, Any]]:
    """Code tables, a budget line, and what of payments the public sees."""
    tables = [
        {"type": "standards.publish_codes/1", "organisation": "city", "table": table, "year": 2022,
         "entries": [{"code": code, "name": f"=名称{code}", "parent": ""}], "basis": "测试"}
        for table, code in CODES.items()
    ]  # fmt: skip
    line = {
        "type": "budgets.approve_line/1", "line_id": "city:line", "organisation": "city", "project_id": None,
        "year": 2022, "function_code": "2100202", "department_economic_code": "30201",
        "government_economic_code": "50201", "fund_type": "1", "approved_fen": LINE_FEN, "paid_from": "treasury",
        "document": "预算批复 1 号",
    }  # fmt: skip
    rules = [
        {"type": "disclosure.set_field_rule/1", "organisation": "city", "kind": "payment", "field": field,
         "treatment": "clear", "basis": "预算法第十四条"}
        for field in ("amount_fen", "purpose")
    ]  # fmt: skip
    return [*tables, line, *rules]


PAYEE = {
    "type": "payees.register/1", "payee_id": "city:payee", "organisation": "city", "kind": "enterprise",
    "name": "供应商", "name_commitment": None, "account_commitment": "0" * 64, "account_index": "1" * 64,
    "contact_commitment": None,
}  # fmt: skip


def payment(name: str | int, **fields: Any) -> dict[str, Any]:
    """A payment of ten yuan."""
    made = {
        "type": "payments.request/1", "payment_id": f"city:pay-{name}", "line_id": "city:line",
        "payee_id": "city:payee", "amount_fen": 1_000, "purpose": "办公用品", "business_date": "2022-06-10",
        "invoice": None, "evidence": [],
    }  # fmt: skip
    return made | fields


def publish(name: str, of: str, **fields: Any) -> dict[str, Any]:
    """Publish a payment."""
    made = {
        "type": "disclosure.publish/1", "publication_id": f"city:{name}", "kind": "payment", "object_id": of,
        "title": f"办公用品采购 {name}", "notice": "测试", "due_time": None, "replaces": None,
    }  # fmt: skip
    return made | fields


def command(value: dict[str, Any]) -> Any:
    """The command struct of a JSON object."""
    return msgspec.convert(value, REGISTRY.command_by_name[value["type"]])


def act(desk: Desk, person: str, *values: dict[str, Any]) -> None:
    """Have somebody act, and it has to succeed."""
    receipt = desk.act(person, *(command(value) for value in values))
    if receipt.door is not None or any(code != "ok" for _index, code in receipt.items):
        raise AssertionError(f"{person}: {receipt}")


def sign_checkpoint(desk: Desk) -> None:
    """Have all members sign where the ledger stands."""
    proofs.sign_checkpoint(desk.store, {key.key_id: key.private_key for key in desk.organisation_keys()})


def found(folder: Path, *, published: bool = False) -> Desk:
    """A city with a budget line and a payee; with `published` also two payments made public under a checkpoint."""
    desk = Desk.create(folder, genesis_of_yaml(GENESIS, "genesis"), sandbox_keys=True)
    act(desk, "root", *furnishing())
    act(desk, "cashier", PAYEE)
    if published:
        act(desk, "cashier", payment("a"), payment("b"), payment("c"))
        act(desk, "root", publish("a", "city:pay-a", title="=cmd|' /C calc'!A0"))
        sign_checkpoint(desk)
        act(desk, "root", publish("with/slash", "city:pay-b"))
        clarification = {"type": "disclosure.clarify/1", "publication_id": "city:a", "number": 1, "text": "澄清"}
        act(desk, "root", clarification)
        sign_checkpoint(desk)
    return desk


class Served:
    """A server that runs, and a connection to it."""

    def __init__(self, desk: Desk, wall: Wall, port: int) -> None:
        self.desk = desk
        self.wall = wall
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, timeout=30)

    @property
    def doors(self) -> Doors:
        return self.wall.doors

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)

    def post(self, raw: bytes, **headers: str) -> httpx.Response:
        return self.http.post("/api/v1/transactions", content=raw, headers=JSON | headers)

    def pay(self, name: str | int, **fields: Any) -> httpx.Response:
        return self.post(self.desk.sign("cashier", [command(payment(name, **fields))]))


@contextmanager
def served(desk: Desk, limits: Limits = GENEROUS) -> Iterator[Served]:
    """Serve a desk on a free port; the desk is closed afterwards."""
    listening = listen("127.0.0.1", 0)
    wall = make_app(desk, limits)
    server = Server(wall, limits=limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until and thread.is_alive():
            time.sleep(0.01)
        running = Served(desk, wall, listening.getsockname()[1])
        with running.http:
            yield running
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
        desk.close()
