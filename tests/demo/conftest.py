"""The case, played once for all tests of it: on a real directory, in the gm suite, without the city."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from mingzhang.demo.case import chapters
from mingzhang.demo.people import genesis
from mingzhang.demo.playing import Player, Row
from mingzhang.demo.story import Stage
from mingzhang.desk import Desk


class Played(NamedTuple):
    """The stage after the last step, still open, and what was told."""

    stage: Stage
    desk: Desk
    player: Player
    rows: list[Row]

    def row(self, what: str) -> Row:
        """The one row whose sentence holds these words."""
        found = [row for row in self.rows if what in row.what]
        assert len(found) == 1, [row.what for row in found]
        return found[0]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    directory = tmp_path_factory.mktemp("demo") / "ledger"
    rows: list[Row] = []
    with Desk.create(directory, genesis("gm"), sandbox_keys=True) as desk:
        stage = Stage(desk)
        player = Player(stage, rows.append, before=lambda _date: None)
        player.play(chapters())
        player.finish()
        yield Played(stage, desk, player, rows)
