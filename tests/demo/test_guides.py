"""The guides to the demo tell what the demo does: their steps have the dates and codes they name, their ids exist."""

import re

import pytest
from tests.demo.conftest import Played
from tests.tidy import ROOT

GUIDES = ("docs/guides/demo.zh-CN.md", "docs/guides/demo.md")


def rows_of(guide: str) -> list[tuple[int, str, str]]:
    """(step, date, code) of each row of the guide's table."""
    text = (ROOT / guide).read_text(encoding="utf-8")
    found = re.findall(r"^\| (\d+) \| (\S+) \| [^|]+ \| (\w+) \| [^|]+ \|$", text, re.MULTILINE)
    return [(int(number), date, code) for number, date, code in found]


@pytest.mark.parametrize("guide", GUIDES)
def test_the_steps_of_a_guide_are_those_of_the_demo(played: Played, guide: str) -> None:
    told = {row.number: (row.date, row.code) for row in played.rows if row.number is not None}
    rows = rows_of(guide)
    assert len(rows) >= 25
    assert [(number, *told[number]) for number, _date, _code in rows] == rows


def test_both_guides_show_the_same_steps() -> None:
    assert rows_of(GUIDES[0]) == rows_of(GUIDES[1])


@pytest.mark.parametrize("guide", GUIDES)
def test_scores_of_a_guide_are_those_of_the_demo(played: Played, guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    said = " ".join(row.why for row in played.rows)
    for score in ("69.05", "76.55", "68.30", "93.25", "88.45"):
        assert score in text
        assert score in said
