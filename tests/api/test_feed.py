"""The live feed: what is public as it happens, resumed from a height with nothing left out."""

import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from tests.api.stage import GENEROUS, Served, act, found, publish, served, sign_checkpoint

from mingzhang.client import Client, Event


def take(url: str, count: int, from_height: int | None = None) -> list[Event]:
    with Client(url) as client:
        return list(islice(client.feed(from_height), count))


def told(events: list[Event]) -> list[Any]:
    """Events in short."""
    names: dict[str, Callable[[dict[str, Any]], Any]] = {
        "block": lambda data: data["height"],
        "publication": lambda data: (data["what"], data["publication_id"]),
        "checkpoint": lambda data: ("checkpoint", data["checkpoint"]["size"]),
    }
    return [names[event.event](event.data) for event in events]


def test_everything_public_from_the_beginning(public: Served) -> None:
    sizes = [row["size"] for row in public.get("/api/v1/checkpoints").json()["rows"]]
    events = told(take(public.url, 12, 0))
    assert events == [
        ("checkpoint", sizes[0]), ("checkpoint", sizes[1]), 1, 2, 3, 4, ("published", "city:a"), 5,
        ("published", "city:with/slash"), 6, ("clarified", "city:a"), 7,
    ]  # fmt: skip


def test_it_goes_on_where_it_stopped(public: Served) -> None:
    events = told(take(public.url, 6, 5))
    assert [one for one in events if not isinstance(one, tuple) or one[0] != "checkpoint"][:4] == [
        ("published", "city:with/slash"), 6, ("clarified", "city:a"), 7,
    ]  # fmt: skip


def test_what_happens_while_one_listens(city: Served) -> None:
    heard: list[Event] = []
    ready = threading.Event()

    def listen() -> None:
        with Client(city.url) as client:
            feed: Iterator[Event] = client.feed(city.desk.ledger.height() - 1)
            for event in feed:
                heard.append(event)
                ready.set()
                if event.event == "checkpoint":
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert ready.wait(10)
    city.pay("x")
    act(city.desk, "root", publish("x", "city:pay-x"))
    sign_checkpoint(city.desk)
    city.pay("y")  # A checkpoint is seen at the next block, or at the next heartbeat.
    thread.join(20)
    assert not thread.is_alive()
    assert ("published", "city:x") in told(heard)
    assert told(heard)[-1][0] == "checkpoint"


def test_a_client_resumes_after_the_server_was_restarted(tmp_path: Path) -> None:
    """Every height is heard once although the connection broke; a height lost would leave a gap."""
    desk = found(tmp_path / "city")
    with served(desk) as running:
        running.pay(1)
        before = told(take(running.url, 3, 0))
    from mingzhang.desk import Desk

    with served(Desk.open(tmp_path / "city")) as running:
        running.pay(2)
        after = told(take(running.url, 2, before[-1]))
    assert before + after == [1, 2, 3, 4, 5]


def test_a_payment_that_is_not_public_is_only_a_height(city: Served) -> None:
    city.pay("quiet")
    with httpx.stream("GET", f"{city.url}/api/v1/feed?from_height=0", timeout=10) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        text = ""
        for part in response.iter_text():
            text += part
            if "id: 4" in text:
                break
    assert "pay-quiet" not in text
    assert "cashier" not in text


def test_feeds_are_few_for_one_address_and_end_with_the_server(tmp_path: Path) -> None:
    desk = found(tmp_path / "city")
    ended = []
    with served(desk, GENEROUS._replace(feeds_per_address=2, heartbeat_seconds=0.2)) as running:

        def hear() -> None:
            with httpx.stream("GET", f"{running.url}/api/v1/feed", timeout=30) as response:
                ended.append("".join(response.iter_text()))

        threads = [threading.Thread(target=hear) for _ in range(2)]
        for thread in threads:
            thread.start()
        until = threading.Event()
        while sum(running.doors.feeds.values()) < 2:
            until.wait(0.01)
        refused = running.get("/api/v1/feed")
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        until.wait(0.5)
    for thread in threads:
        thread.join(10)
    assert len(ended) == 2
    assert all(": \n" in text for text in ended), "heartbeats were sent"
    assert not running.doors.feeds


def test_a_wrong_place_to_begin(public: Served) -> None:
    response = public.get("/api/v1/feed", headers={"Last-Event-ID": "yesterday"})
    assert (response.status_code, response.json()["fields"][0]["field"]) == (400, "Last-Event-ID")
