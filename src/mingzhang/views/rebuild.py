"""Building the views anew from the ledger: beside the old ones, and switched in whole or not at all.

A reader of the old database goes on reading it until it opens the new one. Nobody else may follow into the place
meanwhile; the node's lock sees to that.
"""

import hashlib
import os
from pathlib import Path

import sqlalchemy as sa

from mingzhang.views.db import (
    SCHEMA,
    RebuildNeeded,
    finish_switch,
    make_engine,
    open_views,
    place_of,
    prepare,
    read_state,
    ready_of,
)
from mingzhang.views.follow import Follower, Progress, Source

BUILDING = ".building"
BUILDING_SCHEMA = SCHEMA + "_building"


def open_current(source: Source, place: str | Path, *, progress: Progress | None = None) -> sa.Engine:
    """The views of this source: opened where they are of use, else built anew. They may still be behind its head."""
    try:
        engine = open_views(place)
    except RebuildNeeded:
        return rebuild(source, place, progress=progress)
    try:
        check_origin(engine, source)
    except RebuildNeeded:
        engine.dispose()
        return rebuild(source, place, progress=progress)
    return engine


def check_origin(engine: sa.Engine, source: Source) -> None:
    """Raise RebuildNeeded when the views come from another ledger, or from more of this one than there now is."""
    with engine.connect() as connection:
        state = read_state(connection)
    if state.height > source.head_height():
        raise RebuildNeeded(f"the views are at height {state.height}, the ledger only at {source.head_height()}")
    for _height, _time, leaves in source.blocks(0, 1):
        if state.origin not in {"", hashlib.sha256(leaves[0]).hexdigest()}:
            raise RebuildNeeded("the views are of another ledger")


def rebuild(source: Source, place: str | Path, *, progress: Progress | None = None) -> sa.Engine:
    """Build the views from height 0 beside what is there, switch, and open them. Raises FollowFailed."""
    path = place_of(place)
    if path is None:
        _rebuild_schema(source, str(place), progress=progress)
    else:
        _rebuild_file(source, path, progress=progress)
    return open_views(place)


def _rebuild_file(source: Source, path: Path, *, progress: Progress | None) -> None:
    building = path.with_name(path.name + BUILDING)
    for end in ("", "-wal", "-shm", "-journal"):
        building.with_name(building.name + end).unlink(missing_ok=True)
    engine = open_views(building)
    # A build that is cut short is thrown away, so nothing waits for the disk until it is whole.
    sa.event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
    engine.dispose()
    try:
        Follower(engine, source).catch_up(progress)
        connection = engine.raw_connection()
        connection.cursor().execute("PRAGMA journal_mode = DELETE")  # Everything in the one file that is moved.
        connection.close()
    finally:
        engine.dispose()
    _sync(building)
    building.rename(ready_of(path))
    _sync(path.parent)
    finish_switch(path)


def _rebuild_schema(source: Source, url: str, *, progress: Progress | None) -> None:
    engine = make_engine(url, schema=BUILDING_SCHEMA)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {BUILDING_SCHEMA} CASCADE"))
        prepare(engine)
        Follower(engine, source).catch_up(progress)
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
            connection.execute(sa.text(f"ALTER SCHEMA {BUILDING_SCHEMA} RENAME TO {SCHEMA}"))
    finally:
        engine.dispose()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
