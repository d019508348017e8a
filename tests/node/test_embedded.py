"""The embedded node: answers come after the disk has them, failures stop it loudly, several threads lose nothing."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.node.stage import NOW, NodeStage
from tests.node.test_crash import hashes_in, replayed_root, root_of

from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.credentials import GrantRole
from mingzhang.chain.contracts.members import EnrolPerson
from mingzhang.chain.contracts.oversight import RaiseFinding
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.chain.operations import Record
from mingzhang.chain.outcome import Outcome
from mingzhang.chain.state import NodeFailed
from mingzhang.node import embedded
from mingzhang.node.embedded import EmbeddedLedger, LedgerLocked, found, genesis_of
from mingzhang.node.store import FILE_NAME, Store


@pytest.fixture
def stage(tmp_path: Path) -> NodeStage:
    directory = tmp_path / "ledger"
    directory.mkdir()
    made = NodeStage(directory)
    with EmbeddedLedger(directory) as ledger:
        for raw in made.furnishing():
            assert ledger.submit(raw).code.name == "ok"
    return made


def test_founding_twice_in_one_place_is_refused(stage: NodeStage) -> None:
    with pytest.raises(FileExistsError):
        found(stage.directory, stage.genesis(), "00" * 16)


def test_a_genesis_the_rules_refuse_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    genesis = NodeStage(tmp_path / "good").genesis()
    nowhere = msgspec.structs.replace(genesis.people[0], organisation="nowhere")
    with pytest.raises(ValueError, match="organisation_not_found"):
        found(tmp_path, msgspec.structs.replace(genesis, people=[nowhere]), "00" * 16)
    assert not list(tmp_path.glob(FILE_NAME + "*"))


def test_genesis_is_the_first_record(stage: NodeStage) -> None:
    store = Store(stage.directory / FILE_NAME)
    assert genesis_of(store) == (stage.genesis(), "00" * 16)
    store.close()


def test_only_one_process_writes(stage: NodeStage) -> None:
    with EmbeddedLedger(stage.directory), pytest.raises(LedgerLocked):
        EmbeddedLedger(stage.directory)
    EmbeddedLedger(stage.directory).close()


def test_what_was_answered_is_on_disk(stage: NodeStage) -> None:
    with EmbeddedLedger(stage.directory) as ledger:
        receipt = ledger.submit(stage.payment(1))
        elsewhere = Store(stage.directory / FILE_NAME)
        assert elsewhere.height() == receipt.height == ledger.height()
        record = ledger.machine.registry.leaves.decode(elsewhere.leaf(receipt.items[0][0]))
        assert isinstance(record, Record)
        assert record.signer == "cashier"
        elsewhere.close()


def test_a_refusal_at_the_door_is_answered_and_leaves_no_trace(stage: NodeStage) -> None:
    with EmbeddedLedger(stage.directory) as ledger:
        height = ledger.height()
        assert ledger.submit(b"not an envelope").code.name == "envelope_malformed"
        raw = stage.payment(1)
        assert ledger.submit(raw.replace(b'"amount_fen":1000', b'"amount_fen":1001')).code.name == "items_root_wrong"
        assert ledger.height() == height


def test_many_threads_lose_nothing_and_double_nothing(stage: NodeStage) -> None:
    raws = [stage.payment(number, amount_fen=1) for number in range(240)]
    answers: dict[int, str] = {}

    def client(first: int) -> None:
        for number in range(first, len(raws), 24):
            answers[number] = ledger.submit(raws[number]).code.name

    with EmbeddedLedger(stage.directory) as ledger:
        threads = [threading.Thread(target=client, args=(first,)) for first in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {ledger.submit(raw).code.name for raw in raws} == {"envelope_replayed"}
    assert answers == dict.fromkeys(range(240), "ok")
    held = hashes_in(stage.directory)
    assert len(held) == len(set(held)) == 242
    assert replayed_root(stage.directory) == root_of(stage.directory)


def test_closing_finishes_what_waits(stage: NodeStage) -> None:
    ledger = EmbeddedLedger(stage.directory)
    waiting = [ledger.submit_soon(stage.payment(number, amount_fen=1)) for number in range(50)]
    ledger.close()
    assert {answer.result(timeout=1).code.name for answer in waiting} == {"ok"}


def failing(message: str, *, after: bool) -> Callable[[Store, Outcome], None]:
    """A commit that fails before anything is written, or although everything was."""
    real = Store.commit

    def commit(store: Store, outcome: Outcome) -> None:
        if after:
            real(store, outcome)
        raise NodeFailed(message) from sqlite3.OperationalError(message)

    return commit


@pytest.mark.parametrize("stored", [False, True])
def test_a_disk_that_fails_stops_the_node(stage: NodeStage, monkeypatch: pytest.MonkeyPatch, stored: bool) -> None:
    raw, later = stage.payment(1), stage.payment(2)
    with monkeypatch.context() as broken:
        broken.setattr(Store, "commit", failing("disk I/O error", after=stored))
        ledger = EmbeddedLedger(stage.directory)
        with pytest.raises(NodeFailed):
            ledger.submit(raw)
        with pytest.raises(NodeFailed):
            ledger.submit(later)
        ledger.close()
    with EmbeddedLedger(stage.directory) as again:
        assert again.submit(raw).code.name == ("envelope_replayed" if stored else "ok")
        assert again.submit(later).code.name == "ok"
    assert replayed_root(stage.directory) == root_of(stage.directory)


def test_rules_that_cannot_read_the_state_stop_the_node(stage: NodeStage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_store: Store, _keys: list[str]) -> dict[str, bytes]:
        raise NodeFailed("the state cannot be read")

    ledger = EmbeddedLedger(stage.directory)
    monkeypatch.setattr(Store, "get_many", broken)
    with pytest.raises(NodeFailed):
        ledger.submit(stage.payment(1))
    with pytest.raises(NodeFailed):
        ledger.submit(stage.payment(2))
    ledger.close()


def finding(stage: NodeStage, deadline: int) -> RaiseFinding:
    return RaiseFinding(
        finding_id="city:f1", level="audit", subject_kind="budget_line", subject_id="city:line", questioned_record=1,
        title="指标用途不明", text="请说明", legal_basis="审计法", severity="general", responsible="city",
        deadline=deadline, follows=None, files=[],
    )  # fmt: skip


def as_auditor(stage: NodeStage) -> list[bytes]:
    """The city gets an auditor; the stage signs for them as well."""
    stage.keys["auditor"] = stage.suite.generate_private_key()
    public_key = stage.suite.public_key(stage.keys["auditor"]).hex()
    enrol = EnrolPerson(person_id="auditor", organisation="city", post="审计", public_key=public_key,
                        name_commitment=None)  # fmt: skip
    grant = GrantRole(grant_id="g", person_id="auditor", role="auditor", organisation="city", project=None,
                      from_time=0, until_time=None)  # fmt: skip
    return [stage.sign("root", enrol, grant)]


def records(directory: Path) -> list[Any]:
    store = Store(directory / FILE_NAME)
    try:
        decode = REGISTRY.leaves.decode
        leaves = [decode(leaf) for _h, _t, block in store.blocks(0, 1_000) for leaf in block]
        return [leaf for leaf in leaves if isinstance(leaf, Record)]
    finally:
        store.close()


def test_what_is_scheduled_happens_when_the_clock_has_moved(stage: NodeStage) -> None:
    with EmbeddedLedger(stage.directory) as ledger:
        for raw in [*as_auditor(stage), stage.sign("auditor", finding(stage, NOW + 100))]:
            assert ledger.submit(raw).code.name == "ok"
        assert ledger.submit(stage.sign("root", StateTime(time=NOW + 200))).code.name == "ok"
    last = records(stage.directory)[-1]
    assert (last.signer, last.time, last.code) == ("ledger", NOW + 200, "ok")


def test_a_heartbeat_brings_what_is_scheduled_on_an_idle_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "HEARTBEAT_SECONDS", 0.02)
    directory = tmp_path / "own-clock"
    directory.mkdir()
    (tmp_path / "stated").mkdir()
    stage = NodeStage(tmp_path / "stated")
    found(directory, msgspec.structs.replace(stage.genesis(), clock="block"), "00" * 16)
    now, happened = [NOW], threading.Event()

    def on_block(height: int) -> None:
        if height >= 6:
            happened.set()

    with EmbeddedLedger(directory, clock=lambda: now[0], on_block=on_block) as ledger:
        for raw in [*stage.furnishing(), *as_auditor(stage), stage.sign("auditor", finding(stage, NOW + 100))]:
            assert ledger.submit(raw).code.name == "ok"
        assert not happened.wait(0.2)
        now[0] = NOW + 101
        assert happened.wait(5), "nobody submitted anything, yet the deadline passed"
    last = records(directory)[-1]
    assert (last.signer, last.time) == ("ledger", NOW + 101)


def test_ledger_time_never_goes_back(tmp_path: Path) -> None:
    directory = tmp_path / "own-clock"
    directory.mkdir()
    (tmp_path / "stated").mkdir()
    stage = NodeStage(tmp_path / "stated")
    found(directory, msgspec.structs.replace(stage.genesis(), clock="block"), "00" * 16)
    now = [NOW + 50]
    first, second = stage.furnishing()
    with EmbeddedLedger(directory, clock=lambda: now[0]) as ledger:
        assert ledger.submit(first).time == NOW + 50
        now[0] = NOW + 10
        assert ledger.submit(second).time == NOW + 50
