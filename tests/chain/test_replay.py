"""Whatever is asked, the ledger stays sound: no rule fails, events alone rebuild state, all nodes get the same root."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.fuzz import rebuilt, run, steady_key, stored, story
from tests.chain.world import MemoryReader, World
from tests.tidy import ROOT

from mingzhang.chain.codec import decode, encode
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.disclosure import Published
from mingzhang.chain.machine import Machine
from mingzhang.chain.operations import LEDGER, Record
from mingzhang.chain.outcome import Head
from mingzhang.chain.statedigest import digest_of


@pytest.fixture(autouse=True)
def _steady_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed that fails fails again."""
    monkeypatch.setattr(World, "key", steady_key)


def test_the_story_reaches_every_part() -> None:
    """Against tests below that would pass because nothing happens."""
    world = story()
    assert {record.code for record in world.records} <= {"ok", "exists"}
    said = {type(event).__module__.rpartition(".")[2] for record in world.records for event in record.events}
    wanted = {"projects", "budgets", "agreements", "milestones", "payments", "evaluations", "oversight", "disclosure"}
    assert wanted <= said
    assert isinstance(world.records[-1].events[-1], Published)


def test_no_event_without_a_command_or_a_recorded_cause() -> None:
    world = run(3, 60)
    by_index = {record.index: record for record in world.records}
    followed = 0
    for record in world.records:
        if record.signer == LEDGER and record.index > 0:
            assert record.cause is not None
            assert record.cause < record.index
            assert by_index[record.cause].code == "ok"
            assert record.envelope == ""
            followed += 1
        else:
            assert record.cause is None
        assert record.code == "ok" or record.events == []
    assert followed > 2


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_whatever_is_asked_no_rule_fails_and_events_alone_rebuild_the_state(seed: int) -> None:
    world = run(seed, 40)
    assert [(alert.command, alert.failure) for outcome in world.outcomes for alert in outcome.alerts] == []
    assert world.broken_invariants() == []
    assert rebuilt(world) == stored(world)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_node_that_restarts_after_every_block_gets_the_same_roots(seed: int) -> None:
    """What lies in memory makes no difference: the other node reads every value anew from its bytes."""
    world = run(seed, 30)
    reader, head, index = MemoryReader(), Head(), 0
    for outcome in world.outcomes:
        machine = Machine(REGISTRY, world.suite, chain_id=world.chain_id, reader=reader)
        if index == 0:
            again = machine.apply_genesis(world.records[0].command, world.records[0].time, "00" * 16)
        elif not outcome.recorded:
            continue
        else:
            time = machine.block_time(head.time)
            again = machine.apply_block(head, time, [machine.open(one.raw) for one in outcome.passed])
        index += 1
        assert (again.root, again.leaves, again.head) == (outcome.root, outcome.leaves, outcome.head)
        for name, value in again.writes:
            if value is None:
                reader.rows.pop(name, None)
            else:
                reader.rows[name] = value
        head = again.head
    assert reader.rows == world.reader.rows


def test_two_processes_with_different_hash_seeds_get_the_same_root() -> None:
    roots = set()
    for hash_seed in ("0", "1", "4242"):
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        }
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests/chain/fuzz.py"), "7"],
            env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        roots.add(done.stdout.strip())
    assert len(roots) == 1, roots
    assert len(roots.pop()) == 64


def test_the_digest_of_the_state_is_that_of_its_rows() -> None:
    world = story()
    rows = sorted(world.reader.rows.items())
    keys, digest = digest_of(world.suite, iter(rows))
    assert keys == len(rows)
    changed = [(name, value if at else value + b" ") for at, (name, value) in enumerate(rows)]
    assert digest_of(world.suite, iter(changed))[1] != digest
    assert digest_of(world.suite, iter(rows[1:]))[1] != digest


def test_stored_leaves_are_never_encoded_anew() -> None:
    """Each decodes to a value that encodes to the very same bytes: canonical for ever."""
    world = run(11, 40)
    kinds = set()
    for leaf in world.leaves:
        value = decode(leaf, REGISTRY.leaves)
        assert encode(value) == leaf
        kinds.add(type(value).__name__)
        assert not isinstance(value, Record) or value.index == world.leaves.index(leaf)
    assert kinds == {"Record", "BlockLeaf"}
