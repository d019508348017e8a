"""Ledgers in memory as sources of the views, and the views of one, caught up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.chain.world import World

from mingzhang.views import paging
from mingzhang.views.db import dump, open_views
from mingzhang.views.follow import Follower


class WorldSource:
    """The blocks of a world up to a height, all of them unless told otherwise."""

    def __init__(self, world: World, height: int | None = None) -> None:
        self.world = world
        self.height = height

    def head_height(self) -> int:
        return self.world.head.height if self.height is None else self.height

    def blocks(self, after_height: int, limit: int) -> Iterator[tuple[int, int, list[bytes]]]:
        recorded = [outcome for outcome in self.world.outcomes if outcome.recorded]
        for outcome in recorded[after_height : min(after_height + limit, self.head_height())]:
            yield outcome.head.height, outcome.head.time, list(outcome.leaves)


def views_of(world: World, directory: Path) -> sa.Engine:
    """Views of all that happened in a world."""
    engine = open_views(directory / "views.sqlite")
    Follower(engine, WorldSource(world)).catch_up()
    return engine


def rows_of(engine: sa.Engine) -> list[tuple[object, ...]]:
    """Everything in the views, to be compared; but how far they are, which is no row of the ledger's."""
    return [(table, *row) for table, row in dump(engine) if table != "views_state"]


def count_as_few(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a path count as narrow up to this many rows, so that a small city has wide ones too."""
    defaults = paging.Path._field_defaults | {"few": rows}
    given = tuple(defaults[name] for name in paging.Path._fields if name in defaults)
    monkeypatch.setattr(paging.Path.__new__, "__defaults__", given)
