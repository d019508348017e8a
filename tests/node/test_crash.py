"""Crash safety: the process is killed (SIGKILL) before every write of a commit and at random instants under load.

After each death the ledger is opened again, and must hold every acknowledged envelope exactly once, nothing in halves,
and in the end the very root of a run without deaths. The child is forked, so a death costs milliseconds.
"""

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.node.stage import NodeStage

from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.machine import Machine
from mingzhang.chain.suites import suite_named
from mingzhang.chain.tx import open_envelope
from mingzhang.node.embedded import EmbeddedLedger, genesis_of
from mingzhang.node.store import FILE_NAME, Store
from mingzhang.views.db import dump, open_views
from mingzhang.views.follow import Follower

STEPS = ("begin", "envelopes", "leaves", "nodes", "state", "block", "head", "commit", "committed")
PAYMENTS = 5


def run_and_die(child: Callable[[int], None]) -> tuple[str, int]:
    """Run `child(pipe)` in a fork; what it wrote into the pipe, and the signal that ended it (0 if none did)."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        try:
            child(writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _pid, status = os.waitpid(process, 0)
    return said, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def hashes_in(directory: Path) -> list[bytes]:
    """Hashes of all envelopes the ledger holds, in order."""
    store = Store(directory / FILE_NAME)
    try:
        return [row[0] for row in store.reading.execute("SELECT hash FROM envelopes ORDER BY id")]
    finally:
        store.close()


def root_of(directory: Path) -> bytes:
    store = Store(directory / FILE_NAME)
    try:
        row = store.block(store.height())
        return row.root if row is not None else b""
    finally:
        store.close()


def replayed_root(directory: Path) -> bytes:
    """The root of a straight run: the same envelopes in the same blocks, on an empty state."""
    store = Store(directory / FILE_NAME)
    twin_path = directory / "twin.sqlite"
    Store.create(twin_path)
    twin = Store(twin_path)
    try:
        genesis, seed = genesis_of(store)
        machine = Machine(REGISTRY, suite_named(genesis.suite), chain_id=genesis.chain_id, reader=twin)
        outcome = machine.apply_genesis(genesis, genesis.time, seed)
        twin.commit(outcome)
        machine.committed(outcome)
        for row in store.block_rows(1, 100_000):
            opened = [machine.open(raw) for raw in store.envelopes(row.height)]
            outcome = machine.apply_block(outcome.head, row.time, opened)
            assert outcome.root == row.root, f"block {row.height} was not what its envelopes give"
            twin.commit(outcome)
            machine.committed(outcome)
        return outcome.root
    finally:
        store.close()
        twin.close()
        for file in directory.glob("twin.sqlite*"):
            file.unlink()


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A furnished directory, and envelopes to submit one by one."""
    directory = tmp_path_factory.mktemp("furnished")
    stage = NodeStage(directory)
    with EmbeddedLedger(directory) as ledger:
        for raw in stage.furnishing():
            assert ledger.submit(raw).code.name == "ok"
    return directory, [stage.payment(number) for number in range(PAYMENTS)]


def fresh_copy(furnished: Path, target: Path) -> Path:
    shutil.copytree(furnished, target)
    return target


def submit_all(directory: Path, raws: list[bytes], pipe: int, on_step: Callable[[str], None]) -> None:
    """Submit what the ledger does not hold yet, one block each; say every acknowledged envelope into the pipe."""
    held = set(hashes_in(directory))
    with EmbeddedLedger(directory, on_step=on_step) as ledger:
        for raw in raws:
            digest = ledger.machine.open(raw).hash
            if digest not in held:
                receipt = ledger.submit(raw)
                os.write(pipe, f"{digest.hex()} {receipt.code.name}\n".encode())


@pytest.mark.parametrize("block", range(PAYMENTS))
def test_killed_before_every_write_of_a_commit(furnished: tuple[Path, list[bytes]], tmp_path: Path, block: int) -> None:
    directory, raws = furnished
    straight = fresh_copy(directory, tmp_path / "straight")
    run_and_die(lambda pipe: submit_all(straight, raws, pipe, lambda step: None))
    expected = root_of(straight)
    for step in STEPS:
        crashed = fresh_copy(directory, tmp_path / step)
        blocks_begun = -1

        def die(now: str, wanted: str = step) -> None:
            nonlocal blocks_begun
            blocks_begun += now == "begin"
            if now == wanted and blocks_begun == block:
                os.kill(os.getpid(), signal.SIGKILL)

        said, ended_by = run_and_die(lambda pipe, where=crashed: submit_all(where, raws, pipe, die))  # type: ignore[misc]
        assert ended_by == signal.SIGKILL
        acknowledged = [bytes.fromhex(line.split()[0]) for line in said.splitlines()]
        held = hashes_in(crashed)
        assert len(held) == len(set(held)), "an envelope is there twice"
        assert set(acknowledged) <= set(held), "an acknowledged envelope was lost"
        assert len(held) - 2 == block + (step == "committed"), f"died before {step}: neither half a block nor one more"
        said, ended_by = run_and_die(lambda pipe, where=crashed: submit_all(where, raws, pipe, lambda step: None))  # type: ignore[misc]
        assert ended_by == 0
        assert {line.split()[1] for line in said.splitlines()} <= {"ok"}
        assert root_of(crashed) == expected, "the root differs from a run without a death"


def test_killed_at_random_instants_under_load(tmp_path: Path) -> None:
    directory = tmp_path / "loaded"
    directory.mkdir()
    stage = NodeStage(directory, suite="intl")
    with EmbeddedLedger(directory) as ledger:
        for raw in stage.furnishing():
            ledger.submit(raw)
    chance = random.Random(20221123)
    raws = [stage.sign("cashier", *(stage.request(20 * number + item) for item in range(20))) for number in range(300)]
    acknowledged: set[bytes] = set()
    deaths = 0
    for _attempt in range(12):
        held = set(hashes_in(directory))
        assert acknowledged <= held, "an acknowledged envelope was lost"
        left = [raw for raw in raws if digest_of(stage, raw) not in held]

        def load(pipe: int, todo: list[bytes] = left) -> None:
            with EmbeddedLedger(directory) as ledger:
                follower = Follower(open_views(directory / "views.sqlite"), ledger.store)
                ledger.tell(lambda _height: follower.wake())
                threading.Thread(target=follower.run, args=(threading.Event(),), daemon=True).start()
                os.write(pipe, b"open\n")
                waiting = [(digest_of(stage, raw), ledger.submit_soon(raw)) for raw in todo]
                for digest, answer in waiting:
                    assert answer.result().door is None
                    os.write(pipe, digest.hex().encode() + b"\n")

        said = kill_after_open(load, chance.uniform(0.0, 0.4))
        deaths += 1
        acknowledged |= {bytes.fromhex(line) for line in said}
    with EmbeddedLedger(directory) as ledger:
        for raw in raws:
            receipt = ledger.submit(raw)
            assert receipt.code.name in {"ok", "envelope_replayed"}
    held_list = hashes_in(directory)
    assert len(held_list) == len(set(held_list)) == len(raws) + 2
    assert deaths == 12
    assert replayed_root(directory) == root_of(directory)
    assert views_of(directory, "views.sqlite") == views_of(directory, "fresh.sqlite"), "the views tell another story"


def views_of(directory: Path, name: str) -> list[tuple[str, tuple[object, ...]]]:
    """Every row of the views, caught up with the ledger: those that died with it, or ones made from nothing."""
    store, engine = Store(directory / FILE_NAME), open_views(directory / name)
    try:
        Follower(engine, store).catch_up()
        return sorted(dump(engine), key=repr)
    finally:
        engine.dispose()
        store.close()


def digest_of(stage: NodeStage, raw: bytes) -> bytes:
    return open_envelope(stage.suite, REGISTRY, raw, chain_id=stage.chain_id).hash


def kill_after_open(child: Callable[[int], None], seconds: float) -> list[str]:
    """Kill the child a while after it opened the ledger; the whole lines it had said."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        try:
            child(writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.readline() == "open\n"
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return [line.strip() for line in pipe if line.endswith("\n")]
