"""The loop: what was written can be read, failures stop it where it was, a second writer is noticed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.chain.contracts.signed import LINE, funded
from tests.chain.world import World
from tests.views.source import WorldSource, rows_of, views_of
from tests.views.story import pay, whole_story

import mingzhang.views
from mingzhang.chain.contracts.payments import PaymentRequested
from mingzhang.views.budgets import get_line
from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower, FollowFailed
from mingzhang.views.payment_lists import get_payment


@contextmanager
def following(follower: Follower) -> Iterator[None]:
    """A thread that follows."""
    stop = threading.Event()
    thread = threading.Thread(target=_quietly, args=(follower, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        follower.wake()
        thread.join(10)
    assert not thread.is_alive()


def _quietly(follower: Follower, stop: threading.Event) -> None:
    try:
        follower.run(stop)
    except FollowFailed:
        return


def test_one_reads_what_one_wrote(tmp_path: Path) -> None:
    world = funded()
    engine = open_views(tmp_path / "views.sqlite")
    follower = Follower(engine, WorldSource(world))
    with following(follower):
        for number in range(5):
            world.must("cashier", pay(f"hospital:p{number}", 10))
            follower.wake()
            assert follower.wait_for(world.head.height, timeout_seconds=10)
            with engine.connect() as connection:
                line = get_line(connection, LINE)
                assert get_payment(connection, f"hospital:p{number}") is not None
                assert line is not None
                assert line.in_transit_fen == 10 * (number + 1)


def test_a_missed_wake_costs_a_second_at_most(tmp_path: Path) -> None:
    world = funded()
    follower = Follower(open_views(tmp_path / "views.sqlite"), WorldSource(world))
    with following(follower):
        assert follower.wait_for(world.head.height, timeout_seconds=10)
        world.must("cashier", pay("hospital:p1", 10))
        assert follower.wait_for(world.head.height, timeout_seconds=10)


def test_waiting_ends_in_time(tmp_path: Path) -> None:
    world = funded()
    follower = Follower(open_views(tmp_path / "views.sqlite"), WorldSource(world))
    begun = time.monotonic()
    assert not follower.wait_for(1, timeout_seconds=0.05)
    assert time.monotonic() - begun < 5
    follower.catch_up()
    assert follower.wait_for(world.head.height, timeout_seconds=0)


def test_a_failing_projector_names_the_record_and_leaves_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = funded()
    engine = views_of(world, tmp_path)
    before = rows_of(engine)
    world.must("cashier", pay("hospital:p1", 10))

    def broken(*_given: object) -> None:
        raise ValueError("broken")

    follower = Follower(engine, WorldSource(world))
    with monkeypatch.context() as patched:
        patched.setitem(mingzhang.views.PROJECTORS, PaymentRequested, broken)
        with pytest.raises(FollowFailed, match=rf"record {world.records[-1].index}: .*broken"):
            follower.catch_up()
        with following(follower), pytest.raises(FollowFailed, match="broken"):
            follower.wait_for(world.head.height, timeout_seconds=10)
    assert rows_of(engine) == before
    assert follower.catch_up() == world.head.height
    with engine.connect() as connection:
        assert get_payment(connection, "hospital:p1") is not None


def test_another_writer_is_noticed(tmp_path: Path) -> None:
    world = whole_story()
    engine = open_views(tmp_path / "views.sqlite")
    first, second = Follower(engine, WorldSource(world, 60)), Follower(engine, WorldSource(world))
    first.catch_up()
    assert second.catch_up() == world.head.height
    late = Follower(engine, WorldSource(world))
    world.must("cashier", pay("hospital:more", 10))
    second.catch_up()
    world.must("cashier", pay("hospital:most", 10))
    assert late.catch_up() == world.head.height
    (tmp_path / "alone").mkdir()
    assert rows_of(engine) == rows_of(views_of(world, tmp_path / "alone"))


def test_an_empty_ledger_has_empty_views(tmp_path: Path) -> None:
    world = World()
    engine = open_views(tmp_path / "views.sqlite")
    assert Follower(engine, WorldSource(world, 0)).catch_up() == 0
    assert rows_of(engine) == []
