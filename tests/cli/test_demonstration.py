"""`mingzhang demo`: headless it ends after the case; otherwise the finished ledger is served, also when run again."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from mingzhang.cli import demonstration, main


def test_a_finished_demo_is_served_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The case itself is played in tests/demo; here only what stands around it."""
    told: list[str] = []

    def run(*_arguments: object, **_options: object) -> int:
        told.append("run")
        return 0

    monkeypatch.setattr(demonstration, "run", run)
    monkeypatch.setattr(demonstration, "open_doors", lambda *_a, **_k: told.append("serve"))
    for finished, arguments, expected in (
        (False, [], ["run", "serve"]),
        (True, [], ["serve"]),
        (False, ["--headless"], ["run"]),
        (True, ["--headless"], ["run"]),
    ):
        monkeypatch.setattr(demonstration, "is_finished", lambda _directory, answer=finished: answer)
        told.clear()
        result = CliRunner().invoke(main, ["demo", str(tmp_path), *arguments])
        assert (told, result.exit_code) == (expected, 0)


def test_a_demo_that_went_wrong_is_not_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demonstration, "run", lambda *_a, **_k: 1)
    monkeypatch.setattr(demonstration, "open_doors", lambda *_a, **_k: pytest.fail("served"))
    assert CliRunner().invoke(main, ["demo", str(tmp_path)]).exit_code == 1


def test_a_directory_is_served_until_told_to_stop(tmp_path: Path) -> None:
    genesis = tmp_path / "genesis.yaml"
    example = subprocess.run([sys.executable, "-m", "mingzhang", "init", "--example"], check=True, capture_output=True)
    genesis.write_bytes(example.stdout)
    directory = tmp_path / "ledger"
    found = [sys.executable, "-m", "mingzhang", "init", str(directory), "--genesis", str(genesis), "--sandbox-keys"]
    subprocess.run(found, check=True, capture_output=True)
    serving = [sys.executable, "-m", "mingzhang", "--json", "serve", str(directory), "--port", "0"]
    with subprocess.Popen(serving, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            text += process.stdout.readline()
        url = json.loads(text)["url"]
        with urllib.request.urlopen(f"{url}/api/v1/ledger", timeout=10) as answer:
            assert json.load(answer)["chain_id"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
