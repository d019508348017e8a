"""Evaluation methods: what must hold in one, who may publish it, which place's holds where, and those shipped."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.chain.world import World

from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts.methods import (
    Grade,
    PointsBand,
    PublishMethod,
    Scheme,
    WeightGroup,
    read_method,
    read_scheme,
)
from mingzhang.rulebooks import load_method, shipped_methods

replace = msgspec.structs.replace
NATIONAL = load_method(shipped_methods()["national"], organisation="city", year=2022)


def changed(**fields: Any) -> PublishMethod:
    return replace(NATIONAL, method=replace(NATIONAL.method, **fields))


def scheme(execution: int, *groups: tuple[list[Any], int]) -> Scheme:
    parts = [WeightGroup(dimensions=dimensions, weight=weight) for dimensions, weight in groups]
    return Scheme(scheme="s", name="s", execution=execution, groups=parts)


def bands(*spans: tuple[int, int]) -> list[Any]:
    one = NATIONAL.method.bands[0]
    return [replace(one, level=f"l{n}", from_bp=low, to_bp=high) for n, (high, low) in enumerate(spans)]


def grades(*given: tuple[int, str, int]) -> list[Any]:
    return [
        Grade(grade=f"g{n}", name=f"g{n}", at_least=floor, next_year=what, change_bp=change, basis="x",  # type: ignore[arg-type]
              rectification_days=0)
        for n, (floor, what, change) in enumerate(given)
    ]  # fmt: skip


TWICE = [*NATIONAL.method.grades, NATIONAL.method.grades[0]]
SATISFIED = [PointsBand(from_bp=9000, points_bp=10000), PointsBand(from_bp=8000, points_bp=8000)]


@pytest.mark.parametrize(
    ("person", "command", "expected"),
    [
        ("committee", NATIONAL, "ok"),
        ("performance", NATIONAL, "ok"),
        ("clerk", NATIONAL, "signer_has_no_grant_for_command"),
        ("committee", changed(schemes=[scheme(1000, (["output"], 8999))]), "scheme_weights_must_sum_to_100"),
        ("committee", changed(schemes=[scheme(1000, (["output", "benefit"], 9000))]), "ok"),
        ("committee", changed(schemes=[scheme(1000, (["cost"], 4000), (["cost"], 5000))]), "dimension_in_two_groups"),
        ("committee", changed(bands=bands((10000, 8000), (8000, 0))), "bands_must_cover_all"),
        ("committee", changed(bands=bands((10000, 8000), (7998, 0))), "bands_must_cover_all"),
        ("committee", changed(bands=bands((10000, 8000), (7999, 1))), "bands_must_cover_all"),
        ("committee", changed(bands=bands((9999, 0))), "bands_must_cover_all"),
        ("committee", changed(bands=bands((10000, 0))), "ok"),
        ("committee", changed(satisfaction_bands=SATISFIED), "bands_must_cover_all"),
        ("committee", changed(satisfaction_bands=[*SATISFIED, PointsBand(from_bp=0, points_bp=0)]), "ok"),
        ("committee", changed(satisfaction_bands=[PointsBand(from_bp=0, points_bp=10001)]), "bands_must_cover_all"),
        ("committee", changed(grades=grades((9000, "keep", 0), (1, "keep", 0))), "grades_must_fall_to_zero"),
        ("committee", changed(grades=grades((6000, "keep", 0), (8000, "keep", 0))), "grades_must_fall_to_zero"),
        ("committee", changed(grades=grades((0, "keep", 0), (0, "keep", 0))), "grades_must_fall_to_zero"),
        ("committee", changed(grades=grades((0, "cut", 0))), "consequence_needs_its_rate"),
        ("committee", changed(grades=grades((0, "cut", 10001))), "consequence_needs_its_rate"),
        ("committee", changed(grades=grades((0, "keep", 1))), "consequence_needs_its_rate"),
        ("committee", changed(grades=grades((0, "raise", 500))), "ok"),
        ("committee", changed(grades=TWICE), "method_lists_id_twice"),
    ],
)  # fmt: skip
def test_a_method_is_whole_before_it_is_published(person: str, command: PublishMethod, expected: str) -> None:
    assert World().do(person, command) == expected


def test_a_published_method_never_changes() -> None:
    world = World()
    world.must("committee", NATIONAL)
    assert world.do("committee", NATIONAL) == "exists"
    assert world.do("committee", changed(rounding="down")) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "method"
    world.must("committee", replace(NATIONAL, year=2023))


@pytest.mark.parametrize(
    ("division", "found"),
    [
        ("441900000", "441900000"),
        ("441900123", "441900000"),
        ("441902000", "441900000"),
        ("440305008", "440305000"),
        ("441800000", "440000000"),
        ("440000000", "440000000"),
        ("110000000", "000000000"),
    ],
)
def test_the_nearest_division_s_method_holds(division: str, found: str) -> None:
    world = World()
    for code in ("000000000", "440000000", "441900000", "440305000"):
        world.must("committee", replace(NATIONAL, division_code=code, name=code))
    assert read_method(world.view(), "national", year=2022, division_code=division).name == found


def test_another_year_s_method_does_not_hold() -> None:
    world = World()
    world.must("committee", NATIONAL)
    with pytest.raises(Refused) as refusal:
        read_method(world.view(), "national", year=2021, division_code="441900000")
    assert refusal.value.code.name == "method_not_found"
    with pytest.raises(Refused) as refusal:
        read_scheme(NATIONAL.method, "nowhere")
    assert refusal.value.facts["known"] == "standard、with-cost、no-satisfaction、with-cost-no-satisfaction"


@pytest.mark.parametrize(
    ("method_id", "scheme_id", "weights"),
    [
        ("national", "standard", [1000, 5000, 3000, 1000]),
        ("national", "with-cost", [1000, 2000, 4000, 2000, 1000]),
        ("provincial-hb", "standard", [2000, 4000, 4000]),
        ("yunnan-yongde", "standard", [1000, 4000, 3000, 2000]),
        ("ningxia-yuanzhou", "standard", [0, 4000, 4000, 2000]),
    ],
)
def test_shipped_methods_are_accepted(method_id: str, scheme_id: str, weights: list[int]) -> None:
    world = World()
    command = load_method(shipped_methods()[method_id], organisation="city", year=2022)
    world.must("committee", command)
    found = read_method(world.view(), method_id, year=2022, division_code=command.division_code)
    one = read_scheme(found.method, scheme_id)
    assert [one.execution, *(group.weight for group in one.groups)] == weights


def test_what_was_not_read_in_the_official_text_is_marked() -> None:
    for path in shipped_methods().values():
        command = load_method(path, organisation="city", year=2022)
        assert command.unverified
        assert "grades: " in command.notes
    assert "bands: " not in NATIONAL.notes
    assert NATIONAL.notes.count("schemes: ") == 1, "the three with or without cost and satisfaction, not the first"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: [", "m.yaml: "),
        ("method_id: M", "m.yaml: "),
        ("method_id: m\ndivision_code: '0'\nname: m\nbasis: m\nrows: []", "missing required field `schemes`"),
        ("method_id: m\ndivision_code: '0'\nname: m\nbasis: m\nrows: []\nextra: 1", "unknown field `extra`"),
    ],
)
def test_a_file_that_is_no_method_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_method(path, organisation="city", year=2022)
