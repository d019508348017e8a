"""The loop: each item judged alone, what follows from it, what falls due, how a block is closed; on a toy contract."""

import hashlib
from typing import Any

import pytest
from tests.chain import toy
from tests.chain.naive_merkle import tree_hash
from tests.chain.toy import Add, Break, Fan, Remind, Toy, codes, records

from mingzhang.chain import machine as kernel
from mingzhang.chain import statedigest
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import kernel as kernel_codes
from mingzhang.chain.operations import LEDGER, BlockLeaf, Record, Registry, StateLeaf
from mingzhang.chain.state import NodeFailed


@pytest.fixture
def ledger() -> Toy:
    return Toy()


def block_leaf(outcome: Any) -> BlockLeaf:
    found = [toy.REGISTRY.leaves.decode(leaf) for leaf in outcome.leaves]
    (leaf,) = [one for one in found if isinstance(one, BlockLeaf)]
    return leaf


# --- Each item alone --------------------------------------------------------------------------------------------------


def test_a_batch_whose_middle_item_is_refused(ledger: Toy) -> None:
    outcome = ledger.block([Add(account="a", amount=600), Add(account="a", amount=600), Add(account="a", amount=400)])
    assert codes(outcome) == ["ok", "exists", "ok"]
    assert [index for index, _code in outcome.results[0].items] == [0, 1, 2]
    assert [record.item for record in records(outcome)] == [0, 1, 2]
    assert records(outcome)[1].events == []
    assert ledger.balances() == {"a": 1000}
    assert outcome.alerts == ()


@pytest.mark.parametrize("how", ["decide", "unknown event", "evolve", "follow-up", "encoding", "surrogate"])
def test_a_rule_that_fails_is_a_recorded_refusal_and_the_chain_goes_on(ledger: Toy, how: str) -> None:
    outcome = ledger.block([Add(account="a", amount=1), Break(how=how), Add(account="a", amount=1)])
    assert codes(outcome) == ["ok", "internal_refusal", "ok"]
    assert records(outcome)[1].events == []
    assert ledger.balances() == {"a": 2}, "nothing of the broken item is kept"
    assert [(alert.index, alert.command) for alert in outcome.alerts] == [(1, "toy.break/1")]
    assert codes(ledger.block([Add(account="a", amount=1)])) == ["ok"]


def test_a_broken_invariant_drops_the_item_and_alerts(ledger: Toy) -> None:
    outcome = ledger.block([Break(how="invariant"), Add(account="a", amount=-1), Add(account="a", amount=1)])
    assert codes(outcome) == ["invariant_would_break", "invariant_would_break", "ok"]
    assert records(outcome)[1].facts == {"invariant": "never_overdrawn", "key": "toy/balance/a"}
    assert ledger.balances() == {"a": 1}
    assert len(outcome.alerts) == 2


@pytest.mark.parametrize(("how", "failure"), [("stack", RecursionError), ("memory", MemoryError), ("disk", NodeFailed)])
def test_only_the_node_itself_running_out_stops_it(ledger: Toy, how: str, failure: type[BaseException]) -> None:
    with pytest.raises(failure):
        ledger.block([Break(how=how)])
    assert codes(ledger.block([Add(account="a", amount=1)])) == ["ok"], "nothing had been committed"


def test_later_items_see_earlier_ones_of_the_block(ledger: Toy) -> None:
    outcome = ledger.block([Add(account="a", amount=1000)], [Add(account="a", amount=1)])
    assert codes(outcome) == ["ok", "exists"]
    assert codes(ledger.block([Add(account="a", amount=1)])) == ["exists"]


def test_each_record_has_its_own_blinder(ledger: Toy) -> None:
    first = ledger.block([Fan(name="f", depth=2, width=3), Fan(name="g", depth=1, width=2)])
    again = ledger.block([Remind(times=[1, 1], text="x"), Add(account="a", amount=1)])
    rung = ledger.block()
    leaves = [*records(first), *records(again), *records(rung)]
    blinders = [record.blinder for record in leaves] + [block_leaf(one).blinder for one in (first, again, rung)]
    assert len(set(blinders)) == len(blinders) == 13 + 3 + 4 + 3


# --- What follows -----------------------------------------------------------------------------------------------------


def test_what_follows_comes_before_the_next_item_with_its_cause(ledger: Toy) -> None:
    outcome = ledger.block([Fan(name="f", depth=2, width=2), Add(account="a", amount=1)])
    told = [(getattr(one.command, "name", "a"), one.cause, one.item, one.signer) for one in records(outcome)]
    assert told == [
        ("f", None, 0, "somebody"),
        ("f.0", 0, 0, LEDGER),
        ("f.0.0", 1, 0, LEDGER),
        ("f.0.1", 1, 1, LEDGER),
        ("f.1", 0, 1, LEDGER),
        ("f.1.0", 4, 0, LEDGER),
        ("f.1.1", 4, 1, LEDGER),
        ("a", None, 1, "somebody"),
    ]
    assert [index for index, _code in outcome.results[0].items] == [0, 7]
    assert {one.envelope for one in records(outcome) if one.signer == LEDGER} == {""}


def test_follow_ups_nest_eight_deep_and_no_deeper(ledger: Toy) -> None:
    assert codes(ledger.block([Fan(name="f", depth=8, width=1)])) == ["ok"] * 9
    assert codes(ledger.block([Fan(name="f", depth=20, width=1)])) == ["ok"] * 9 + ["follow_ups_too_deep"]


def test_an_item_calls_for_a_thousand_and_no_more(ledger: Toy) -> None:
    assert codes(ledger.block([Fan(name="f", depth=1, width=1000)])) == ["ok"] * 1001
    outcome = ledger.block([Fan(name="g", depth=1, width=1001), Fan(name="h", depth=1, width=3)])
    assert codes(outcome) == ["ok"] + ["follow_ups_too_many"] * 1001 + ["ok"] * 4
    assert codes(ledger.block([Fan(name="i", depth=3, width=20)])).count("ok") <= 1 + kernel.MAX_FOLLOW_UPS


# --- What falls due ---------------------------------------------------------------------------------------------------


def bells(outcome: Any) -> list[str]:
    return [event.text for record in records(outcome) for event in record.events if isinstance(event, toy.Rang)]


def test_what_falls_due_comes_at_its_time_before_anything_else(ledger: Toy) -> None:
    ledger.block([Remind(times=[300, 200], text="b"), Remind(times=[200], text="c")])
    assert ledger.machine.next_due() == 200
    assert bells(ledger.block([Add(account="a", amount=1)], time=199)) == []
    outcome = ledger.block([Add(account="a", amount=1)], time=200)
    assert bells(outcome) == ["b", "c"]
    assert [record.cause for record in records(outcome)] == [0, 1, None]
    assert [record.signer for record in records(outcome)] == [LEDGER, LEDGER, "somebody"]
    assert ledger.machine.next_due() == 300
    assert bells(ledger.block(time=1_000)) == ["b"]
    assert ledger.machine.next_due() is None
    assert bells(ledger.block(time=1_001)) == []


def test_two_reminders_of_one_item_at_one_time_both_come(ledger: Toy) -> None:
    ledger.block([Remind(times=[200, 200, 200], text="b")])
    assert bells(ledger.block(time=200)) == ["b"] * 3


def test_so_many_fall_due_in_one_block_and_the_rest_in_the_next(ledger: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "MAX_DUE_PER_BLOCK", 2)
    ledger.block([Remind(times=[205], text="e"), Remind(times=[204, 203], text="d"), Remind(times=[201], text="b")])
    assert bells(ledger.block(time=300)) == ["b", "d"]
    assert bells(ledger.block(time=300)) == ["d", "e"]
    assert bells(ledger.block(time=300)) == []


def test_what_is_late_is_asked_at_the_next_block_and_far_times_keep_their_order(ledger: Toy) -> None:
    ledger.block([Remind(times=[2**40, 10**11, 1], text="b")], time=100)
    assert ledger.machine.next_due() == 1
    assert bells(ledger.block(time=100)) == ["b"]
    assert ledger.machine.next_due() == 10**11


def test_what_falls_due_and_fails_is_recorded_and_does_not_come_again(ledger: Toy) -> None:
    ledger.block([Remind(times=[200], text="broken bell"), Remind(times=[200], text="b")])
    outcome = ledger.block(time=200)
    assert codes(outcome) == ["internal_refusal", "ok"]
    assert len(outcome.alerts) == 1
    assert codes(ledger.block(time=400)) == []


def test_a_dropped_due_item_leaves_nothing(ledger: Toy) -> None:
    class Alas(Exception):
        pass

    registry = Registry([toy.TOY], toy.Door())
    ledger.machine.registry = registry

    def fails(*_given: Any) -> list[Any]:
        raise Alas

    registry.follow_ups[toy.Rang] = fails
    ledger.block([Remind(times=[200], text="b")])
    assert codes(ledger.block(time=200)) == ["internal_refusal"]
    assert ledger.balances() == {}
    assert ledger.machine.next_due() is None


# --- Closing a block --------------------------------------------------------------------------------------------------


def test_an_empty_block_leaves_no_trace(ledger: Toy) -> None:
    first = ledger.block([Add(account="a", amount=1)])
    outcome = ledger.block(time=500)
    assert not outcome.recorded
    assert (outcome.head, outcome.root, outcome.leaves, outcome.writes) == (first.head, first.root, (), [])
    refused = ledger.machine.apply_block(ledger.head, 500, [Refused(kernel_codes.WRONG_CHAIN)])
    assert not refused.recorded
    assert (refused.head, refused.root) == (first.head, first.root)


def test_the_root_is_the_merkle_root_of_all_leaves(ledger: Toy) -> None:
    for width in (1, 3, 7):
        outcome = ledger.block([Fan(name=f"f{width}", depth=1, width=width)], [Break(how="decide")])
        assert outcome.root == tree_hash(ledger.leaves)
        assert outcome.head.frontier.size == len(ledger.leaves)
    indexes = [one.index for one in map(toy.REGISTRY.leaves.decode, ledger.leaves) if isinstance(one, Record)]
    assert [ledger.leaves[at].startswith(b'{"type":"record/1","index":%d,' % at) for at in indexes] == [True] * 17


def test_the_block_leaf_says_what_was_written(ledger: Toy) -> None:
    ledger.block([Remind(times=[100], text="b")])
    outcome = ledger.block([Add(account="z", amount=1), Break(how="evolve")], [Add(account="a", amount=2)])
    leaf = block_leaf(outcome)
    assert (leaf.height, leaf.time, leaf.application_version, leaf.records) == (2, 100, 1, 4)
    lines = [f"{name}\t{'-' if value is None else value.decode()}\n" for name, value in outcome.writes]
    assert [line.split("/")[1] for line in lines] == ["due", "seen", "seen", "balance", "balance", "balance"]
    assert [line for line in lines if line.endswith("\t-\n")] == lines[:1]
    assert lines == sorted(lines)
    assert leaf.writes == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_state_leaf_comes_on_its_rhythm_and_covers_the_whole_state(
    ledger: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "STATE_LEAF_MIN_WRITES", 10)
    monkeypatch.setattr(statedigest, "BUCKET_KEYS", 3)
    states = []
    for number in range(12):
        outcome = ledger.block([Add(account=f"a{number}", amount=1), Add(account="a0", amount=1)])
        last = toy.REGISTRY.leaves.decode(outcome.leaves[-1])
        if isinstance(last, StateLeaf):
            states.append((number, last))
            rows = [f"{name}\t{value.decode()}\n" for name, value in sorted(ledger.reader.rows.items())]
            buckets = ["".join(rows[at : at + 3]) for at in range(0, len(rows), 3)]
            hashes = b"".join(hashlib.sha256(bucket.encode()).digest() for bucket in buckets)
            assert (last.height, last.keys) == (number + 1, len(rows))
            assert last.digest == hashlib.sha256(hashes).hexdigest()
            assert outcome.head.writes_since_state_leaf == 0
    assert [number for number, _leaf in states] == [3, 9], "after 10 writes, then after twice the 8 keys it covered"


def test_a_wrong_write_shows_in_the_next_state_leaf(ledger: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "STATE_LEAF_MIN_WRITES", 1)
    other = Toy()
    roots = []
    for one in (ledger, other):
        one.block([Add(account="a", amount=1)])
        if one is other:
            one.reader.rows["toy/balance/a"] = b'{"amount":2}'
        roots.append([one.block([Add(account=f"b{n}", amount=1)]).root for n in range(3)][-1])
    assert roots[0] != roots[1]


def test_two_contracts_claim_nothing_twice() -> None:
    with pytest.raises(ValueError, match="claimed by two"):
        Registry([toy.TOY, toy.TOY], toy.Door())
