"""The arithmetic of scores, in integers: shares of a target, points from a weight, rescaling, one named rounding.

No threshold, weight or grade stands here: methods.py holds them as data. Values come as two integers of one scale,
weights and points in hundredths. A share is kept as an exact fraction until the points are rounded, because rounding
the rate first is one of the mistakes printed tables are full of.
"""

from typing import Literal, NamedTuple

FULL_BP = 10_000
MAX_SHOWN_BP = 10_000_000
"""A completion is shown up to 1,000 times the target; the share itself is not cut."""
Rounding = Literal["half_up", "down"]


class Share(NamedTuple):
    """Part of a target that was reached, as an exact fraction not below 0, and the name of the formula that gave it."""

    numerator: int
    denominator: int
    formula: str

    @property
    def met(self) -> bool:
        """Whether the target was reached."""
        return self.numerator >= self.denominator


def at_finest(digits: int, scale: int) -> int:
    """Digits ÷ 10^scale as an integer of scale 4, the finest there is."""
    return digits * (10_000, 1_000, 100, 10, 1)[scale]


def at_least(target: int, actual: int) -> Share:
    """Positive indicator (正向): actual ÷ target. A target of 0 or less is met or missed, nothing between."""
    if target <= 0:
        return Share(1 if actual >= target else 0, 1, "met" if actual >= target else "missed")
    return Share(max(actual, 0), target, "actual/target")


def at_most(target: int, actual: int) -> Share:
    """Reverse indicator (反向): target ÷ actual. Met as soon as actual ≤ target, whatever the signs."""
    if actual <= target:
        return Share(1, 1, "met")
    if target <= 0:
        return Share(0, 1, "missed")
    return Share(target, actual, "target/actual")


def at_most_by_excess(target: int, actual: int) -> Share:
    """Cost indicator: 1 less the share of the excess, (2 × target - actual) ÷ target; never below 0."""
    if actual <= target:
        return Share(1, 1, "met")
    if target <= 0:
        return Share(0, 1, "missed")
    return Share(max(2 * target - actual, 0), target, "1-(actual-target)/target")


def equal(target: int, actual: int, *, by_share: bool) -> Share:
    """Indicator with `=`: exact, or the smaller of the two over the larger, or nothing."""
    if actual == target:
        return Share(1, 1, "met")
    if not by_share or target <= 0 or actual <= 0:
        return Share(0, 1, "missed")
    if actual < target:
        return Share(actual, target, "actual/target")
    return Share(target, actual, "target/actual")


def of_rate(rate_bp: int, formula: str) -> Share:
    """A share given in basis points, such as the completion a qualitative level stands for."""
    return Share(rate_bp, FULL_BP, formula)


def reduced(share: Share, threshold_bp: int) -> Share:
    """Full weight less the share by which completion passes the threshold, half at least (按照偏离度适度调减分值)."""
    numerator = (FULL_BP + threshold_bp) * share.denominator - FULL_BP * share.numerator
    denominator = FULL_BP * share.denominator
    if 2 * numerator < denominator:
        return Share(1, 2, "1-(actual/target-threshold)")
    return Share(numerator, denominator, "1-(actual/target-threshold)")


def reaches(share: Share, rate_bp: int) -> bool:
    """Whether the share is at least this rate."""
    return share.numerator * FULL_BP >= rate_bp * share.denominator


def shown_bp(share: Share) -> int:
    """The share in whole basis points, rounded down, for reading; never used to score."""
    return min(share.numerator * FULL_BP // share.denominator, MAX_SHOWN_BP)


def points(weight: int, share: Share, *, rounding: Rounding, step: int) -> int:
    """Weight × share in hundredths, rounded to the step; exactly the weight once the target is met, never more."""
    if share.met:
        return weight
    return min(weight, _rounded(weight * share.numerator, share.denominator, rounding=rounding, step=step))


def rescaled(score: int, applicable: int, *, rounding: Rounding, step: int) -> int:
    """A score out of `applicable` hundredths (more than 0) as one out of 100.00, when indicators do not apply."""
    return min(FULL_BP, _rounded(score * FULL_BP, applicable, rounding=rounding, step=step))


def part_of(amount_fen: int, rate_bp: int) -> int:
    """Amount × rate in fen, a half rounded up."""
    return _rounded(amount_fen * rate_bp, FULL_BP, rounding="half_up", step=1)


def weighted_mean(parts: list[tuple[int, int]], *, rounding: Rounding, step: int) -> int:
    """Mean of (score, weight) pairs whose weights do not all vanish."""
    total = sum(weight for _score, weight in parts)
    return _rounded(sum(score * weight for score, weight in parts), total, rounding=rounding, step=step)


def _rounded(numerator: int, denominator: int, *, rounding: Rounding, step: int) -> int:
    if rounding == "down":
        return numerator // (denominator * step) * step
    return (2 * numerator + denominator * step) // (2 * denominator * step) * step
