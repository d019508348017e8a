"""`mingzhang serve` as a process, told to stop under load; submitting to it with a key file; the guide as printed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.stage import GENESIS, JSON, PAYEE, act, command, found, furnishing, payment
from tests.tidy import ROOT

from mingzhang.cli.genesis import genesis_of_yaml
from mingzhang.client import Client, RefusedError, UnreachableError, new_key, open_key
from mingzhang.desk import Desk

CLIENTS = 8
PASSWORD = "korrekt-pferd-batterie"
GUIDES = ("docs/guides/integrators-hour.md", "docs/guides/integrators-hour.zh-CN.md")


@contextmanager
def process(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server in a process of its own, and its address."""
    command = [sys.executable, "-m", "mingzhang", "serve", str(directory), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            text = ""
            while not text.rstrip().endswith("}"):
                line = server.stdout.readline()
                assert line, server.stderr.read() if server.stderr else ""
                text += line
            yield server, json.loads(text)["url"]
        finally:
            server.kill()


@pytest.mark.real
def test_stopped_under_load_it_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    desk = found(tmp_path / "city")
    raws = [
        [(f"{number}-{at}", desk.sign("cashier", [command(payment(f"{number}-{at}"))])) for at in range(300)]
        for number in range(CLIENTS)
    ]
    desk.close()
    acknowledged: list[str] = []
    enough = threading.Event()

    def work(mine: list[tuple[str, bytes]], url: str) -> None:
        with httpx.Client(base_url=url, timeout=30) as http:
            for name, raw in mine:
                try:
                    response = http.post("/api/v1/transactions", content=raw, headers=JSON)
                except httpx.TransportError:
                    return
                if response.status_code == 200 and response.json()["accepted"]:
                    acknowledged.append(name)
                if len(acknowledged) > 60:
                    enough.set()

    with process(tmp_path / "city") as (server, url):
        threads = [threading.Thread(target=work, args=(mine, url)) for mine in raws]
        for thread in threads:
            thread.start()
        assert enough.wait(30)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0, "a stop is no failure"
        for thread in threads:
            thread.join()
        errors = server.stderr.read() if server.stderr else ""
    assert "Traceback" not in errors
    lines = [json.loads(line) for line in errors.splitlines()]
    assert {"method", "path", "status", "ms"} <= set(lines[0])
    assert all("city:pay" not in line for line in errors.splitlines())
    with Desk.open(tmp_path / "city") as after:
        records = [json.loads(leaf) for leaf in after.store.leaves(0, 10_000)]
        paid = [one["command"]["payment_id"] for one in records
                if one["type"] == "record/1" and one["command"]["type"] == "payments.request/1"]  # fmt: skip
    assert len(set(paid)) == len(paid), "nothing doubled"
    assert {f"city:pay-{name}" for name in acknowledged} <= set(paid), "nothing lost"


@pytest.mark.real
def test_signing_with_a_key_file_and_submitting_to_a_server(tmp_path: Path) -> None:
    """An adapter is enrolled with a key that never was in the ledger's folder, files a payment, is refused another."""
    info = new_key(tmp_path / "adapter.key.json", "adapter", password=PASSWORD, suite="intl")
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    desk = Desk.create(tmp_path / "city", genesis_of_yaml(GENESIS, "genesis"), sandbox_keys=True)
    enrol = {
        "type": "members.enrol_person/1", "person_id": "adapter", "organisation": "city", "post": "支付接口",
        "public_key": info.public_key.hex(), "name_commitment": None,
    }  # fmt: skip
    grant = {
        "type": "members.grant_role/1", "grant_id": "adapter-pays", "person_id": "adapter", "role": "unit_finance",
        "organisation": "city", "project": None, "from_time": 0, "until_time": None,
    }  # fmt: skip
    act(desk, "root", *furnishing(), enrol, grant)
    act(desk, "cashier", PAYEE)
    desk.close()

    def submit(url: str, value: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        arguments = ["submit", "--sign-with", str(tmp_path / "adapter.key.json"), "--url", url, "-",
                     "--password-file", str(tmp_path / "password"), "--json"]  # fmt: skip
        return subprocess.run(
            [sys.executable, "-m", "mingzhang", *arguments], input=json.dumps(value), capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    with process(tmp_path / "city") as (server, url):
        done = submit(url, payment(1))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["items"][0]["code"] == "ok"
        refused = submit(url, payment(2, amount_fen=10**12))
        assert refused.returncode == 1
        assert json.loads(refused.stdout)["items"][0]["code"] == "exceeds_available_balance"
        key = open_key(tmp_path / "adapter.key.json", PASSWORD)
        with Client(url) as client:
            raw = client.sign([payment(3)], key)
            first, again = client.send(raw), client.send(raw)
            assert (first.envelope, first.items[0].index) == (again.envelope, again.items[0].index)
            with pytest.raises(RefusedError) as wrong:
                client.submit([publishing()], key)
            assert wrong.value.code == "signer_has_no_grant_for_command"
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
    gone = submit(url, payment(4))
    assert gone.returncode == 1
    assert url in json.loads(gone.stderr)["error"]["zh"]
    with Client(url) as client, pytest.raises(UnreachableError):
        client.ledger()


def publishing() -> dict[str, Any]:
    """What the adapter has no role for."""
    return {"type": "disclosure.clarify/1", "publication_id": "city:a", "number": 1, "text": "x"}


# --- The guide -------------------------------------------------------------------------------------------------------


def blocks(path: str) -> list[str]:
    """What a reader types, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_both_guides_show_the_same_commands() -> None:
    first, second = (blocks(path) for path in GUIDES)
    assert first == second
    assert len(first) >= 6


@pytest.mark.real
def test_the_guide_works_as_printed(tmp_path: Path) -> None:
    """But for the port: another server may be running on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = "set -eu\n" + "\n".join(blocks(GUIDES[0])).replace("8642", str(port))
    script = script.replace("mingzhang serve trial ", f"mingzhang serve trial --port {port} ")
    (tmp_path / "mingzhang").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mingzhang "$@"\n', encoding="utf-8")
    (tmp_path / "mingzhang").chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    wanted = ("exceeds_available_balance", "核验通过", "city:public-1", "event: publication", "python: verified True")
    for said in wanted:
        assert said in done.stdout, said
