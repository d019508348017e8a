"""Scores in integers: the formulas on the real defects of published tables, rounding by name, and what always holds."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingzhang.chain.scoring import (
    Rounding,
    Share,
    at_finest,
    at_least,
    at_most,
    at_most_by_excess,
    equal,
    of_rate,
    part_of,
    points,
    reaches,
    reduced,
    rescaled,
    shown_bp,
    weighted_mean,
)


def score(weight: int, share: Share, rounding: Rounding = "half_up", step: int = 1) -> int:
    return points(weight, share, rounding=rounding, step=step)


def loosely(target: int, actual: int) -> Share:
    return equal(target, actual, by_share=True)


def strictly(target: int, actual: int) -> Share:
    return equal(target, actual, by_share=False)


@pytest.mark.parametrize(
    ("what", "share", "weight", "expected"),
    [
        ("63 % done is 63 % of the points, not 90 %", at_least(100, 63), 1000, 630),
        ("target met gets all, not 7 of 10", at_least(266, 266), 1000, 1000),
        ("over-completion gets no more than the weight", at_least(100, 2500), 1000, 1000),
        ("a third is rounded half up", at_least(3, 1), 1000, 333),
        ("two thirds are rounded half up", at_least(3, 2), 1000, 667),
        ("the rate is not rounded first", at_least(7, 5), 5000, 3571),
        ("nothing done", at_least(100, 0), 1000, 0),
        ("a fall where growth was wanted", at_least(5, -3), 1000, 0),
        ("a target of 0 is met", at_least(0, 0), 1000, 1000),
        ("a target of 0 is missed", at_least(0, -1), 1000, 0),
        ("a negative target is met", at_least(-5, -3), 1000, 1000),
        ("30 days wanted, 40 taken", at_most(30, 40), 1000, 750),
        ("30 days wanted, none taken", at_most(30, 0), 1000, 1000),
        ("the wrong direction shows: area at most 266, 300 built", at_most(266, 300), 1000, 887),
        ("no accident allowed, one happened", at_most(0, 1), 1000, 0),
        ("no accident allowed, none happened", at_most(0, 0), 1000, 1000),
        ("a fall of 5 wanted, one of 3 reached", at_most(-5, -3), 1000, 0),
        ("a tenth over cost by ratio", at_most(100, 110), 1000, 909),
        ("a tenth over cost by excess", at_most_by_excess(100, 110), 1000, 900),
        ("twice the cost by excess", at_most_by_excess(100, 200), 1000, 0),
        ("thrice the cost by excess", at_most_by_excess(100, 300), 1000, 0),
        ("below cost by excess", at_most_by_excess(100, 99), 1000, 1000),
        ("no cost allowed, some came", at_most_by_excess(0, 1), 1000, 0),
        ("equal, met", strictly(12, 12), 1000, 1000),
        ("equal, missed", strictly(12, 11), 1000, 0),
        ("equal by share, below", loosely(12, 9), 1000, 750),
        ("equal by share, above", loosely(9, 12), 1000, 750),
        ("equal to 0 by share, missed", loosely(0, 3), 1000, 0),
        ("equal by share, of another sign", loosely(3, -3), 1000, 0),
        ("a level at 85 %", of_rate(8500, "band"), 3000, 2550),
        ("150 % at a threshold of 130 %", reduced(at_least(100, 150), 13_000), 1000, 800),
        ("just at the threshold", reduced(at_least(100, 130), 13_000), 1000, 1000),
        ("2500 % loses half, no more", reduced(at_least(100, 2500), 13_000), 1000, 500),
    ],
)
def test_formulas(what: str, share: Share, weight: int, expected: int) -> None:
    assert score(weight, share) == expected, what


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounding", "step", "expected"),
    [
        (1, 8, "half_up", 1, 125),
        (1, 16, "half_up", 1, 63),
        (1, 16, "down", 1, 62),
        (5, 8, "half_up", 10, 630),
        (5, 8, "down", 10, 620),
        (449, 1000, "half_up", 100, 400),
        (450, 1000, "half_up", 100, 500),
        (999, 1000, "half_up", 50, 1000),
        (999, 1000, "down", 50, 950),
    ],
)
def test_rounding_is_named(numerator: int, denominator: int, rounding: Rounding, step: int, expected: int) -> None:
    assert score(1000, Share(numerator, denominator, ""), rounding, step) == expected


def test_rounding_up_to_a_step_stays_within_the_weight() -> None:
    assert score(1050, at_least(100, 99), "half_up", 100) == 1000
    assert score(1060, at_least(100, 99), "half_up", 100) == 1000
    assert score(1099, at_least(1000, 999), "half_up", 100) == 1099


def test_a_target_that_is_met_gets_all_whatever_the_step() -> None:
    assert score(1040, at_least(1, 1), "half_up", 100) == 1040
    assert score(1040, at_least(1, 1), "down", 100) == 1040


@pytest.mark.parametrize(
    ("total", "applicable", "expected"), [(7200, 9000, 8000), (0, 9000, 0), (9000, 9000, 10_000), (1, 3, 3333)]
)
def test_what_does_not_apply_is_rescaled(total: int, applicable: int, expected: int) -> None:
    assert rescaled(total, applicable, rounding="half_up", step=1) == expected


def test_smaller_helpers() -> None:
    assert [at_finest(533850, 2), at_finest(-7, 0), at_finest(5, 4)] == [53385000, -70000, 5]
    assert [shown_bp(at_least(3, 2)), shown_bp(at_least(1, 10**9))] == [6666, 10_000_000]
    assert [reaches(at_least(10, 13), 13_000), reaches(at_least(100, 129), 13_000)] == [True, False]
    assert [part_of(100_005, 1000), part_of(1, 4999), part_of(0, 3000)] == [10_001, 0, 0]
    assert weighted_mean([(9000, 1), (8000, 3)], rounding="half_up", step=1) == 8250


values = st.integers(min_value=-(10**12), max_value=10**19)
weights = st.integers(min_value=0, max_value=10_000)
ways = st.tuples(st.sampled_from(["half_up", "down"]), st.sampled_from([1, 10, 50, 100]))
Way = tuple[Rounding, int]


@given(st.sampled_from([at_least, at_most, at_most_by_excess, loosely, strictly]), values, values, weights, ways)
def test_a_score_is_an_integer_within_its_weight(
    formula: Callable[[int, int], Share], target: int, actual: int, weight: int, way: Way
) -> None:
    share = formula(target, actual)
    got = score(weight, share, *way)
    assert isinstance(got, int)
    assert 0 <= got <= weight
    assert not share.met or got == weight


@given(values, values, values, weights, ways)
def test_more_is_never_worse_where_more_is_wanted(target: int, one: int, other: int, weight: int, way: Way) -> None:
    low, high = sorted((one, other))
    assert score(weight, at_least(target, low), *way) <= score(weight, at_least(target, high), *way)
    for formula in (at_most, at_most_by_excess):
        assert score(weight, formula(target, low), *way) >= score(weight, formula(target, high), *way)


@given(st.integers(min_value=1, max_value=10**9), st.integers(min_value=0, max_value=10**12), weights)
def test_a_score_is_the_exact_fraction_rounded_once(target: int, actual: int, weight: int) -> None:
    exact = min(weight * actual, weight * target)
    assert abs(score(weight, at_least(target, actual)) * target - exact) * 2 <= target


@given(st.integers(min_value=1, max_value=10**9), st.integers(min_value=0, max_value=10**12), weights)
def test_reduction_lies_between_half_and_all(target: int, actual: int, weight: int) -> None:
    share = at_least(target, actual)
    if reaches(share, 13_000):
        assert weight <= 2 * score(weight, reduced(share, 13_000)) + 1
        assert score(weight, reduced(share, 13_000)) <= weight


