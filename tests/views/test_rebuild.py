"""Views can be thrown away: built anew they are the same, and no crash in between loses or doubles a row."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.chain.world import World
from tests.views.source import WorldSource, rows_of, views_of
from tests.views.story import votes_story, whole_story

from mingzhang.views import db, follow
from mingzhang.views.db import RebuildNeeded, open_views, ready_of
from mingzhang.views.follow import Follower
from mingzhang.views.payments import PAYMENTS
from mingzhang.views.rebuild import BUILDING, open_current, rebuild

CHILD = """
import os, signal, sys
from pathlib import Path
from bench.city import City
from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower
from mingzhang.views.rebuild import rebuild

class Dying(City):
    def blocks(self, after_height, limit):
        for height, time, leaves in super().blocks(after_height, min(limit, 3)):
            if height == int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield height, time, leaves

if sys.argv[1] == "follow":
    Follower(open_views(sys.argv[2]), Dying(2_500, units=4)).catch_up()
else:
    rebuild(Dying(2_500, units=4), sys.argv[2])
"""


@pytest.fixture(scope="module")
def world() -> World:
    return whole_story()


@pytest.fixture(autouse=True)
def _engines_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[sa.Engine] = []
    make = db.make_engine

    def remembered(place: str | Path, **options: str) -> sa.Engine:
        made.append(make(place, **options))
        return made[-1]

    monkeypatch.setattr(db, "make_engine", remembered)
    yield
    for engine in made:
        engine.dispose()


def die(what: str, place: Path, height: int) -> None:
    """Do it in another process, which is killed when it reads that block."""
    run = subprocess.run([sys.executable, "-c", CHILD, what, str(place), str(height)], check=False, env=dict(
        os.environ, PYTHONPATH=os.pathsep.join(["src", "."])))  # fmt: skip
    assert run.returncode == -9


# --- The same rows ----------------------------------------------------------------------------------------------------


def test_built_anew_is_as_followed(world: World, tmp_path: Path) -> None:
    live = open_views(tmp_path / "views.sqlite")
    for height in range(world.head.height + 1):
        Follower(live, WorldSource(world, height)).catch_up()
    followed = rows_of(live)
    anew = rebuild(WorldSource(world), tmp_path / "views.sqlite")
    assert len(followed) > 500
    assert rows_of(anew) == followed


def test_blocks_share_a_transaction_without_a_trace(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = rows_of(views_of(world, tmp_path))
    monkeypatch.setattr(follow, "RECORDS_PER_TRANSACTION", 7)
    apart = open_views(tmp_path / "apart.sqlite")
    Follower(apart, WorldSource(world)).catch_up()
    assert rows_of(apart) == together


def test_progress_is_told(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "RECORDS_PER_TRANSACTION", 50)
    told: list[tuple[int, int]] = []
    rebuild(WorldSource(world), tmp_path / "views.sqlite", progress=lambda done, whole: told.append((done, whole)))
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == (world.head.height, world.head.height)


# --- Death in between -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [1, 4])
def test_death_while_following_loses_and_doubles_nothing(height: int, tmp_path: Path) -> None:
    from bench.city import City

    straight = open_views(tmp_path / "straight.sqlite")
    Follower(straight, City(2_500, units=4)).catch_up()
    die("follow", tmp_path / "views.sqlite", height)
    again = open_views(tmp_path / "views.sqlite")
    Follower(again, City(2_500, units=4)).catch_up()
    assert rows_of(again) == rows_of(straight)


def test_death_while_building_leaves_the_old_ones_as_they_were(tmp_path: Path) -> None:
    from bench.city import City

    place = tmp_path / "views.sqlite"
    old = open_views(place)
    Follower(old, City(1_000, units=4)).catch_up()
    before = rows_of(old)
    old.dispose()
    die("rebuild", place, 5)
    assert place.with_name(place.name + BUILDING).exists()
    assert rows_of(open_views(place)) == before
    anew = rebuild(City(1_000, units=4), place)
    assert rows_of(anew) == before
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(("-wal", "-shm"))) == [place.name]


def test_a_switch_cut_short_is_finished(world: World, tmp_path: Path) -> None:
    place = tmp_path / "views.sqlite"
    old = open_views(place)
    Follower(old, WorldSource(world, 3)).catch_up()
    rebuilt = open_views(tmp_path / "other.sqlite")
    Follower(rebuilt, WorldSource(world)).catch_up()
    whole = rows_of(rebuilt)
    connection = rebuilt.raw_connection()
    connection.cursor().execute("PRAGMA journal_mode = DELETE")
    connection.close()
    rebuilt.dispose()
    with old.connect() as reader:  # The old one's log is still there, as after a crash.
        reader.execute(sa.select(PAYMENTS.table)).all()
        (tmp_path / "other.sqlite").rename(ready_of(place))
        assert place.with_name(place.name + "-wal").exists()
        assert rows_of(open_views(place)) == whole
    assert not ready_of(place).exists()


# --- Of no use --------------------------------------------------------------------------------------------------------


def spoil(place: Path, statement: str) -> None:
    with sqlite3.connect(place) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE views_state SET schema = 'older'", "another version"),
        ("DELETE FROM views_state", "another version"),
        ("DROP TABLE views_state", "half built"),
    ],
)
def test_another_version_or_a_half_built_file_is_built_anew(
    statement: str, why: str, world: World, tmp_path: Path
) -> None:
    place = tmp_path / "views.sqlite"
    engine = views_of(world, tmp_path)
    whole = rows_of(engine)
    engine.dispose()
    spoil(place, statement)
    with pytest.raises(RebuildNeeded, match=why):
        open_views(place)
    assert rows_of(open_current(WorldSource(world), place)) == whole


def test_what_is_no_database_is_built_anew(world: World, tmp_path: Path) -> None:
    place = tmp_path / "views.sqlite"
    place.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(RebuildNeeded, match="cannot be read"):
        open_views(place)
    assert len(rows_of(open_current(WorldSource(world), place))) > 500


def test_views_of_another_ledger_are_built_anew(world: World, tmp_path: Path) -> None:
    views_of(votes_story(), tmp_path).dispose()
    (tmp_path / "own").mkdir()
    engine = open_current(WorldSource(world), tmp_path / "views.sqlite")
    assert rows_of(engine) == rows_of(views_of(world, tmp_path / "own"))


def test_views_ahead_of_a_restored_ledger_are_built_anew(world: World, tmp_path: Path) -> None:
    views_of(world, tmp_path).dispose()
    engine = open_current(WorldSource(world, 5), tmp_path / "views.sqlite")
    with engine.connect() as connection:
        assert db.read_state(connection).height == 5


def test_views_that_are_of_use_are_kept(world: World, tmp_path: Path) -> None:
    views_of(world, tmp_path).dispose()
    before = (tmp_path / "views.sqlite").stat().st_ino
    open_current(WorldSource(world), tmp_path / "views.sqlite")
    assert (tmp_path / "views.sqlite").stat().st_ino == before


def test_a_changed_table_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = db.schema_version()
    monkeypatch.setattr(db, "PROJECTION", db.PROJECTION + 1)
    projected = db.schema_version()
    with monkeypatch.context() as patched:
        patched.setattr(PAYMENTS.table, "indexes", set())
        assert len({before, projected, db.schema_version()}) == 3
