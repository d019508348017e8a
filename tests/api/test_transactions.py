"""The door for signed transactions: answers with codes, refusals in one shape, nothing lost and nothing doubled."""

import asyncio
import contextlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.api.stage import JSON, LINE_FEN, Served, command, found, payment, served

from mingzhang.api.deps import Limits
from mingzhang.chain.state import NodeFailed
from mingzhang.chain.suites import suite_named
from mingzhang.chain.tx import MAX_ENVELOPE_BYTES, build_envelope
from mingzhang.node.ledger import Receipt
from mingzhang.views.payments import PAYMENTS

PATH = "/api/v1/transactions"
CLIENTS = 24
EACH = 12


def error_of(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    told: dict[str, Any] = response.json()
    assert (response.status_code, told["code"]) == (status, code), response.text
    assert set(told) == {"code", "sentence_zh", "sentence_en", "fields", "explanation"}
    return told


def forged(served: Served, signer: str, *, private_key: bytes | None = None, chain_id: str = "test-city") -> bytes:
    suite = suite_named("intl")
    return build_envelope(
        suite,
        [command(payment("forged"))],
        chain_id=chain_id,
        envelope_id=secrets.token_hex(16),
        signer=signer,
        private_key=private_key or secrets.token_bytes(32),
        expires_at=served.desk.time() + 60,
        seed=secrets.token_hex(16),
    )


# --- Taken in --------------------------------------------------------------------------------------------------------


def test_a_payment_is_accepted_and_lists_show_it(city: Served) -> None:
    response = city.pay(1)
    told = response.json()
    assert response.status_code == 200
    assert (told["state"], told["accepted"]) == ("done", True)
    (item,) = told["items"]
    assert (item["code"], item["number"], item["type"]) == ("ok", 1, "payments.request/1")
    assert item["sentence_zh"] == "已受理"
    assert told["height"] == city.desk.ledger.height() == city.doors.views_height
    record = json.loads(city.desk.store.leaf(item["index"]))
    assert record["command"]["payment_id"] == "city:pay-1"
    assert record["envelope"] == told["envelope"]


def test_items_have_codes_of_their_own_and_say_why(city: Served) -> None:
    values = [payment(1), payment(2, amount_fen=LINE_FEN), payment(3)]
    told = city.post(city.desk.sign("cashier", [command(value) for value in values])).json()
    assert not told["accepted"]
    first, refused, third = told["items"]
    assert first["code"] == third["code"] == "ok"
    assert refused["code"] == "exceeds_available_balance"
    assert refused["facts"]["available_fen"] == LINE_FEN - 1_000
    assert refused["remedy_zh"]
    assert refused["basis"]
    assert "99,990.00" in refused["sentence_zh"], "rendered in yuan"


def test_what_became_of_an_envelope_is_told_in_codes_alone(city: Served) -> None:
    told = city.pay(1, amount_fen=LINE_FEN + 1).json()
    by_height = city.get(told["look"])
    by_memory = city.get(f"{PATH}/{told['envelope']}")
    assert by_height.json() == by_memory.json()
    (item,) = by_height.json()["items"]
    assert set(item) == {"item", "index", "number", "code"}
    assert item["code"] == "exceeds_available_balance"
    assert "city:" not in by_height.text


def test_the_very_same_envelope_is_not_carried_out_twice(city: Served) -> None:
    raw = city.desk.sign("cashier", [command(payment(1))])
    first = city.post(raw).json()
    again = error_of(city.post(raw), 409, "envelope_replayed")
    look = again["explanation"]["look"]
    assert city.get(look).json()["items"][0]["index"] == first["items"][0]["index"]
    city.doors._remembered.clear()  # As after a restart.
    assert city.get(look).json()["items"][0]["index"] == first["items"][0]["index"]
    error_of(city.get(look.replace("expires_at=1", "expires_at=2")), 404, "envelope_unknown")


def test_the_same_object_sent_again_exists(city: Served) -> None:
    city.pay(1)
    assert city.pay(1).json()["items"][0]["code"] == "exists"
    assert city.pay(1).json()["accepted"] is True


# --- Refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_only_json_is_taken(public: Served, media_type: str) -> None:
    raw = public.desk.sign("cashier", [command(payment("media"))])
    error_of(public.http.post(PATH, content=raw, headers={"Content-Type": media_type}), 415, "media_type_wrong")


def test_a_body_beyond_the_bound_is_refused_by_its_length(public: Served) -> None:
    error_of(public.post(b" " * (MAX_ENVELOPE_BYTES + 1)), 413, "body_too_large")


def test_a_body_beyond_the_bound_is_refused_without_a_length(public: Served) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1
            yield b" " * 65_536

    # That the server cuts the connection while we are still sending is as good an answer.
    with contextlib.suppress(httpx.WriteError):
        error_of(public.http.post(PATH, content=endless(), headers=JSON), 413, "body_too_large")
    assert sent < 1_000, "the rest is not read"


@pytest.mark.parametrize(
    ("alter", "field"),
    [
        (lambda raw: b"", None),
        (lambda raw: b"{}", None),
        (lambda raw: raw[:-1], None),
        (lambda raw: raw + b" ", None),
        (lambda raw: raw.replace(b'"amount_fen":1000', b'"amount_fen":"1000"'), "items[0].amount_fen"),
        (lambda raw: raw.replace(b'"amount_fen":1000', b'"amount_fen":1000.0'), "items[0].amount_fen"),
        (lambda raw: raw.replace(b'"amount_fen":1000', b'"amount_fen":1000,"amount_fen":1000'), None),
        (lambda raw: b"[" * 100_000, None),
        (lambda raw: b"\xff\xfe" + raw, None),
    ],
)
def test_decoding_is_strict(public: Served, alter: Callable[[bytes], bytes], field: str | None) -> None:
    raw = alter(public.desk.sign("cashier", [command(payment("strict"))]))
    told = error_of(public.post(raw), 400, "envelope_malformed")
    assert [one["field"] for one in told["fields"]] == ([] if field is None else [field])


def test_another_ledgers_envelope_is_refused(public: Served) -> None:
    error_of(public.post(forged(public, "cashier", chain_id="other")), 400, "wrong_chain")


def test_an_altered_item_is_refused(public: Served) -> None:
    raw = public.desk.sign("cashier", [command(payment("altered"))])
    error_of(public.post(raw.replace(b'"amount_fen":1000', b'"amount_fen":9000')), 400, "items_root_wrong")


def test_a_role_that_is_lacking_is_told_to_whoever_holds_the_key(public: Served) -> None:
    raw = public.desk.sign("auditor", [command(payment("role"))])
    error_of(public.post(raw), 403, "signer_has_no_grant_for_command")


def test_a_stranger_learns_nothing_of_who_is_enrolled(public: Served) -> None:
    """Enrolled or not, the answer is the same but for the name that was asked for."""
    unknown = error_of(public.post(forged(public, "nobody")), 403, "key_not_of_signer")
    enrolled = error_of(public.post(forged(public, "cashier")), 403, "key_not_of_signer")
    assert json.dumps(unknown).replace("nobody", "cashier") == json.dumps(enrolled)


def test_a_stranger_with_somebodys_public_key_learns_nothing_of_their_roles(public: Served) -> None:
    raw = public.desk.sign("auditor", [command(payment("role"))])
    signature = json.loads(raw)["signature"]
    error_of(public.post(raw.replace(signature.encode(), b"0" * 128)), 403, "signature_invalid")


def test_an_unknown_envelope(public: Served) -> None:
    error_of(public.get(f"{PATH}/{'0' * 64}"), 404, "envelope_unknown")
    error_of(public.get(f"{PATH}/{'0' * 64}?height=1"), 404, "envelope_unknown")
    error_of(public.get(f"{PATH}/{'0' * 64}?height=999999"), 404, "envelope_unknown")
    error_of(public.get(f"{PATH}/{'0' * 63}"), 400, "query_wrong")


# --- Waiting, and many at once ---------------------------------------------------------------------------------------


def test_a_write_that_is_late_is_told_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger holds its answer back; the door answers 202, and the envelope goes on its way all the same."""
    desk = found(tmp_path / "city")
    limits = Limits(write_seconds=0.3)
    with served(desk, limits) as running:
        held: list[tuple[Future[Receipt], bytes]] = []

        def hold(raw: bytes) -> Future[Receipt]:
            promise: Future[Receipt] = Future()
            held.append((promise, raw))
            return promise

        with monkeypatch.context() as patched:
            patched.setattr(desk.ledger, "submit_soon", hold)
            response = running.pay(1)
        told = response.json()
        assert (response.status_code, told["state"], told["height"]) == (202, "waiting", None)
        assert running.get(told["look"]).json()["state"] == "waiting"
        promise, raw = held[0]
        assert not promise.cancelled(), "the ledger's own promise is never cancelled"
        promise.set_result(desk.ledger.submit(raw))
        desk.wait_for_views()
        assert running.get(told["look"]).json()["items"][0]["code"] == "ok"


def test_too_many_at_once_are_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = found(tmp_path / "city")
    with served(desk, Limits(writes=1, write_seconds=5)) as running:
        promise: Future[Receipt] = Future()
        receipt = desk.act("cashier", command(payment(1)))
        with monkeypatch.context() as patched:
            patched.setattr(desk.ledger, "submit_soon", lambda raw: promise)
            with ThreadPoolExecutor(1) as pool:
                first = pool.submit(running.pay, 1)
                while running.doors.writes == 0:
                    threading.Event().wait(0.01)
                second = error_of(running.pay(2), 503, "busy")
                assert second["explanation"]["retry"] is True
                promise.set_result(receipt)
                assert first.result().status_code == 200


def test_parallel_clients_lose_nothing_and_double_nothing(city: Served) -> None:
    """Each sends payments of its own, one shared by all, and everything twice."""

    def work(number: int) -> list[int]:
        codes = []
        with httpx.Client(base_url=city.url, timeout=60) as http:
            for at in range(EACH):
                values = [payment(f"{number}-{at}"), payment(f"shared-{at}")]
                raw = city.desk.sign("cashier", [command(value) for value in values])
                first = http.post(PATH, content=raw, headers=JSON)
                again = http.post(PATH, content=raw, headers=JSON)
                codes += [first.status_code, again.status_code]
        return codes

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [code for codes in pool.map(work, range(CLIENTS)) for code in codes]
    assert answers.count(200) == answers.count(409) == CLIENTS * EACH
    with city.desk.views.connect() as connection:
        ids = [row.payment_id for row in connection.execute(PAYMENTS.table.select())]
    wanted = {f"city:pay-{number}-{at}" for number in range(CLIENTS) for at in range(EACH)}
    assert sorted(ids) == sorted(wanted | {f"city:pay-shared-{at}" for at in range(EACH)})


def test_a_request_that_is_gone_leaves_its_envelope_on_its_way(city: Served) -> None:
    """The client hangs up after sending; what it sent is recorded, and the node goes on."""

    async def hang_up(raw: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(city.url.rpartition(":")[2]))
        headers = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}"
        head = f"POST {PATH} HTTP/1.1\r\n{headers}\r\n\r\n"
        writer.write(head.encode() + raw)
        await writer.drain()
        writer.close()
        del reader

    for number in range(20):
        asyncio.run(hang_up(city.desk.sign("cashier", [command(payment(f"gone-{number}"))])))
    assert city.pay("after").status_code == 200
    city.desk.wait_for_views()
    assert city.get("/healthz").json()["status"] == "ok"
    assert msgspec.json.decode(city.get("/api/v1/ledger").content)["height"] >= 4


def test_a_node_that_has_stopped_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = found(tmp_path / "city")
    with served(desk) as running:
        promise: Future[Receipt] = Future()
        promise.set_exception(NodeFailed("the disk is gone"))
        with monkeypatch.context() as patched:
            patched.setattr(desk.ledger, "submit_soon", lambda raw: promise)
            told = error_of(running.pay(1), 503, "node_stopped")
            patched.setattr(desk.ledger, "has_stopped", lambda: True)
            error_of(running.get("/healthz"), 503, "node_stopped")
        assert "gone" not in json.dumps(told)
        assert running.doors.writes == 0
