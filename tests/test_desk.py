"""The desk: a directory made and opened whole, people acting on it, views that follow, and reading beside a writer."""

import logging
import threading
from pathlib import Path

import msgspec
import pytest
from tests.cli.city import GENESIS

from mingzhang.chain.codec import CodecError
from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.contracts.members import RegisterOrganisation
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.cli.genesis import genesis_of_yaml
from mingzhang.desk import Desk, DeskError, PasswordNeeded
from mingzhang.node.embedded import LedgerLocked
from mingzhang.node.keys import WrongPasswordError
from mingzhang.node.vault import NotAReaderError
from mingzhang.views import follow
from mingzhang.views.db import read_state
from mingzhang.views.members import list_organisations


def genesis(suite: str = "intl", **changes: str) -> FoundLedger:
    text = GENESIS.format(suite=suite)
    for wrong, right in changes.items():
        text = text.replace(wrong, right)
    return genesis_of_yaml(text, "genesis.yaml")


def school(number: int) -> RegisterOrganisation:
    return RegisterOrganisation(
        organisation_id=f"school-{number}",
        name=f"第{number}小学",
        kind="unit",
        parent="city",
        division_code="441900000",
    )


def organisations(desk: Desk) -> set[str]:
    with desk.views.connect() as connection:
        return {row.organisation_id for row in list_organisations(connection, limit=500).rows}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Desk.create(tmp_path / "city", genesis(), sandbox_keys=True).close()
    return tmp_path / "city"


@pytest.mark.parametrize("suite", ["gm", "intl"])
def test_a_new_desk_is_at_work_at_once(tmp_path: Path, suite: str) -> None:
    with Desk.create(tmp_path / "city", genesis(suite), sandbox_keys=True) as desk:
        receipt = desk.act("root", school(1), school(2))
        assert [code for _index, code in receipt.items] == ["ok", "ok"]
        assert {"school-1", "school-2"} <= organisations(desk), "what one wrote one can read"
        assert {key.key_id for key in desk.organisation_keys()} == {"finance", "audit"}


def test_views_hold_what_was_acknowledged_under_load(directory: Path) -> None:
    with Desk.open(directory) as desk:
        futures = [desk.act_soon("root", school(number)) for number in range(60)]
        assert all(future.result().code.name == "ok" for future in futures)
        desk.wait_for_views()
        assert len(organisations(desk)) == 63


def test_many_threads_act_and_each_reads_its_own_writes(directory: Path) -> None:
    missing: list[int] = []

    def act(first: int) -> None:
        for number in range(first, first + 5):
            desk.act("root", school(number))
            if f"school-{number}" not in organisations(desk):
                missing.append(number)

    with Desk.open(directory) as desk:
        threads = [threading.Thread(target=act, args=(100 * at,)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert missing == []


def test_views_are_whole_when_the_desk_is_closed(directory: Path) -> None:
    with Desk.open(directory) as desk:
        for number in range(20):
            desk.act_soon("root", school(number))
    with Desk.open(directory, writing=False) as desk:
        with desk.views.connect() as connection:
            assert read_state(connection).height == desk.store.height()
        assert len(organisations(desk)) == 23


def test_views_that_fail_do_not_stop_the_ledger(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError("a projector is wrong")

    with Desk.open(directory) as desk:
        monkeypatch.setattr(follow, "project_record", fail)
        with caplog.at_level(logging.WARNING, logger="mingzhang"):
            assert desk.act("root", school(1)).code.name == "ok"
            assert desk.act("root", school(2)).code.name == "ok"
        assert "视图停止跟随" in caplog.text
        assert all("\n" not in record.getMessage() for record in caplog.records)
        monkeypatch.undo()
    with Desk.open(directory) as desk:
        desk.wait_for_views()
        assert {"school-1", "school-2"} <= organisations(desk), "the next opening goes on"


def test_one_writes_and_others_read(directory: Path) -> None:
    with Desk.open(directory) as writer, Desk.open(directory, writing=False) as reader:
        with pytest.raises(LedgerLocked):
            Desk.open(directory)
        writer.act("root", school(1))
        assert "school-1" in organisations(reader)
        assert reader.store.height() == 2
        with pytest.raises(DeskError, match="opened for reading"):
            reader.act("root", school(2))


def test_ledger_time_is_the_same_for_readers(directory: Path) -> None:
    with Desk.open(directory) as writer, Desk.open(directory, writing=False) as reader:
        writer.act("root", StateTime(time=1_700_000_000))
        assert writer.time() == reader.time() == 1_700_000_000


def test_a_desk_without_a_ledger(tmp_path: Path) -> None:
    for writing in (True, False):
        with pytest.raises(DeskError, match="no ledger"):
            Desk.open(tmp_path, writing=writing)
    with pytest.raises(DeskError, match="no ledger"):
        Desk.rebuild_views(tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- Founding ---


def test_a_refused_genesis_leaves_nothing(tmp_path: Path) -> None:
    bad = genesis(**{"roles: [auditor]": "roles: [wizard]"})
    with pytest.raises(ValueError, match="wizard"):
        Desk.create(tmp_path / "city", bad, sandbox_keys=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="wizard"):
        Desk.create(tmp_path / "empty", bad, sandbox_keys=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_genesis_out_of_bounds_is_named(tmp_path: Path) -> None:
    bad = msgspec.structs.replace(genesis(), chain_id="Not An Id")
    with pytest.raises(CodecError, match="chain_id"):
        Desk.create(tmp_path / "city", bad, sandbox_keys=True)
    assert list(tmp_path.iterdir()) == []


def test_passwords_are_needed_for_every_new_key(tmp_path: Path) -> None:
    with pytest.raises(DeskError, match="cashier, auditor"):
        Desk.create(tmp_path / "city", genesis(), passwords={"root": "a long password"})
    assert list(tmp_path.iterdir()) == []


# --- Keys ---


def test_a_key_under_a_password_opens_once(tmp_path: Path) -> None:
    passwords = {name: f"password of {name}" for name in ("root", "cashier", "auditor")}
    with Desk.create(tmp_path / "city", genesis(), passwords=passwords) as desk:
        with pytest.raises(PasswordNeeded):
            desk.act("root", school(1))
        with pytest.raises(WrongPasswordError):
            desk.unlock("root", passwords["cashier"])
        desk.unlock("root", passwords["root"])
        assert desk.act("root", school(1)).code.name == "ok"


def test_what_is_sealed_opens_for_its_readers_only(directory: Path) -> None:
    with Desk.open(directory) as desk:
        commitment = desk.seal_field("6222 0000 1111", "city", readers=["root"])
        assert desk.open_sealed(commitment, "root") == b"6222 0000 1111"
        with pytest.raises(NotAReaderError):
            desk.open_sealed(commitment, "cashier")
        with pytest.raises(Refused):
            desk.seal_field("x", "city", readers=["nobody"])
