"""The same views on PostgreSQL: equal rows, equal answers, rebuilt beside and switched in whole."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bench.city import City
from tests.chain.world import World
from tests.views.source import WorldSource, rows_of, views_of
from tests.views.story import whole_story
from tests.views.test_plans import RECORD_FILTERS, combinations

from mingzhang.views.budgets import LineFilter, list_lines, total_lines
from mingzhang.views.db import RebuildNeeded, open_views
from mingzhang.views.follow import Follower
from mingzhang.views.members import list_organisations, list_people
from mingzhang.views.payment_lists import PaymentFilter, list_payments, list_refused_payments, total_payments
from mingzhang.views.projects import ProjectFilter, list_projects
from mingzhang.views.rebuild import open_current, rebuild
from mingzhang.views.records import RecordFilter, list_records
from mingzhang.views.standards import list_codes

pytestmark = pytest.mark.real


def program(name: str) -> str:
    """A program of the server, wherever the distribution puts it."""
    for folder in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin")):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name}: the PostgreSQL server is not installed")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A throw-away server; the URL of its database. It refuses to run as root, so that another user then runs it."""
    owner = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else os.geteuid()
    directory = Path(tempfile.mkdtemp(prefix="mingzhang-views-"))
    os.chown(directory, owner, -1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: str) -> None:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, user=owner, cwd=directory)

    data = str(directory / "data")
    run(program("initdb"), "-D", data, "-U", "views", "-A", "trust", "-E", "UTF8", "--no-locale")
    options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(program("pg_ctl"), "-D", data, "-w", "-l", str(directory / "log"), "-o", options, "start")
    yield f"postgresql+psycopg://views@127.0.0.1:{port}/postgres"
    run(program("pg_ctl"), "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(directory, ignore_errors=True)


def emptied(server: str) -> str:
    """The database, without views."""
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS views CASCADE"))
    engine.dispose()
    return server


@pytest.fixture
def url(server: str) -> str:
    return emptied(server)


@pytest.fixture(scope="module")
def world() -> World:
    return whole_story()


def test_rows_are_equal(url: str, world: World, tmp_path: Path) -> None:
    engine = open_views(url)
    for height in range(0, world.head.height + 1, 10):
        Follower(engine, WorldSource(world, height)).catch_up()
    Follower(engine, WorldSource(world)).catch_up()
    assert rows_of(engine) == rows_of(views_of(world, tmp_path))
    engine.dispose()


def test_built_beside_and_switched(url: str, world: World, tmp_path: Path) -> None:
    engine = open_views(url)
    Follower(engine, WorldSource(world, 5)).catch_up()
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE views_state SET schema = 'older'"))
    engine.dispose()
    with pytest.raises(RebuildNeeded, match="another version"):
        open_views(url)
    anew = open_current(WorldSource(world), url)
    whole = rows_of(views_of(world, tmp_path))
    assert rows_of(anew) == whole
    anew.dispose()
    again = rebuild(WorldSource(world), url)
    assert rows_of(again) == whole
    again.dispose()


SMALL: dict[str, Callable[[sa.Connection], Any]] = {
    "lines": lambda c: list_lines(c, LineFilter(organisation="dept01", function_code="2100"), sort="-available"),
    "line sums": lambda c: total_lines(c, by="project_id"),
    "organisations": lambda c: list_organisations(c, within="dept01"),
    "people": lambda c: list_people(c, within="city", role="auditor"),
    "projects": lambda c: list_projects(c, ProjectFilter(year=2022, text="x")),
    "codes": lambda c: list_codes(c, "function", 2022, text="21"),
    "refused": lambda c: list_refused_payments(c, limit=20),
}


@pytest.fixture(scope="module")
def both(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[sa.Connection, sa.Connection]]:
    """One city on SQLite and on PostgreSQL."""
    lite, post = open_views(tmp_path_factory.mktemp("lite") / "views.sqlite"), open_views(emptied(server))
    for engine in (lite, post):
        Follower(engine, City(2_000, units=6)).catch_up()
    with lite.connect() as one, post.connect() as other:
        yield one, other
    post.dispose()


def test_lists_answer_alike(both: tuple[sa.Connection, sa.Connection]) -> None:
    lite, post = both
    for name, ask in SMALL.items():
        assert ask(lite) == ask(post), name
    for wanted in (PaymentFilter(**fields) for fields in combinations()):
        for sort in ("-date", "amount"):
            page = list_payments(lite, wanted, sort=sort, limit=20)
            assert list_payments(post, wanted, sort=sort, limit=20) == page, wanted
            later = list_payments(lite, wanted, sort=sort, limit=20, after=page.next)
            assert list_payments(post, wanted, sort=sort, limit=20, after=page.next) == later, wanted
        assert total_payments(lite, wanted, by="month") == total_payments(post, wanted, by="month")
    for fields in RECORD_FILTERS:
        records = RecordFilter(**fields)
        assert list_records(lite, records, limit=20) == list_records(post, records, limit=20), records
