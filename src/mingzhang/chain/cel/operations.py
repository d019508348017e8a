"""Operators and functions as closures over the closures of their operands. `at` is where an error points."""

import operator
from collections.abc import Callable
from typing import Any

from mingzhang.chain.cel.costs import CHARS_PER_STEP
from mingzhang.chain.cel.errors import EvaluationError
from mingzhang.chain.cel.running import Frame, Run, charge, weight
from mingzhang.chain.cel.types import DAY_MAX, DAY_MIN, INT_MAX, INT_MIN, Facts, date_of_days

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EXACT: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def read_fact(name: str, at: int) -> Run:
    """A fact's value, or the error that it is not known."""

    def run(facts: Facts, _frame: Frame) -> Any:
        try:
            return facts[name]
        except KeyError:
            raise EvaluationError("no_such_fact", at, fact=name) from None

    return run


def constant(value: Any) -> Run:
    """Always the same value."""
    return lambda _facts, _frame: value


def conjunction(parts: tuple[Run, ...]) -> Run:
    """`&&`: one false decides, even over an error to its left; else the first error; else true."""

    def run(facts: Facts, frame: Frame) -> bool:
        failed: EvaluationError | None = None
        for part in parts:
            try:
                if not part(facts, frame):
                    return False
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return True

    return run


def disjunction(parts: tuple[Run, ...]) -> Run:
    """`||`: one true decides, even over an error to its left; else the first error; else false."""

    def run(facts: Facts, frame: Frame) -> bool:
        failed: EvaluationError | None = None
        for part in parts:
            try:
                if part(facts, frame):
                    return True
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return False

    return run


def conditional(test: Run, then: Run, other: Run) -> Run:
    """`test ? then : other`; only one branch is reached."""
    return lambda facts, frame: then(facts, frame) if test(facts, frame) else other(facts, frame)


def compared(name: str, left: Run, right: Run) -> Run:
    """A comparison of integers, dates, truth values, or of strings by code point."""
    compare = COMPARISONS[name]
    return lambda facts, frame: compare(left(facts, frame), right(facts, frame))


def compared_lists(name: str, left: Run, right: Run, /, *, lists: int) -> Run:
    """Equality of lists, element by element."""
    compare = COMPARISONS[name]

    def run(facts: Facts, frame: Frame) -> bool:
        one, other = left(facts, frame), right(facts, frame)
        charge(frame, weight(one, lists))
        return compare(one, other)

    return run


def contained(item: Run, items: Run, /, *, lists: int) -> Run:
    """`x in list`, by equality."""

    def run(facts: Facts, frame: Frame) -> bool:
        wanted, among = item(facts, frame), items(facts, frame)
        charge(frame, weight(among, lists) if lists > 1 else len(among))
        return wanted in among

    return run


def exact(name: str, left: Run, right: Run, /, *, at: int) -> Run:
    """`+ - *` of integers, in 64 bits."""
    compute = _EXACT[name]

    def run(facts: Facts, frame: Frame) -> int:
        value = compute(left(facts, frame), right(facts, frame))
        if INT_MIN <= value <= INT_MAX:
            return value
        raise EvaluationError("overflow", at)

    return run


def quotient(left: Run, right: Run, /, *, at: int) -> Run:
    """`/` of integers, cut towards zero: -7 / 2 is -3."""

    def run(facts: Facts, frame: Frame) -> int:
        dividend: int = left(facts, frame)
        divisor: int = right(facts, frame)
        if divisor == 0:
            raise EvaluationError("division_by_zero", at)
        value = abs(dividend) // abs(divisor)
        if (dividend < 0) != (divisor < 0):
            return -value
        if value > INT_MAX:
            raise EvaluationError("overflow", at)
        return value

    return run


def remainder(left: Run, right: Run, /, *, at: int) -> Run:
    """`%` of integers, with the sign of the dividend; of the smallest integer by -1 an overflow, as the quotient is."""

    def run(facts: Facts, frame: Frame) -> int:
        dividend: int = left(facts, frame)
        divisor: int = right(facts, frame)
        if divisor == 0:
            raise EvaluationError("division_by_zero", at)
        if dividend == INT_MIN and divisor == -1:
            raise EvaluationError("overflow", at)
        value = abs(dividend) % abs(divisor)
        return -value if dividend < 0 else value

    return run


def negated(operand: Run, /, *, at: int) -> Run:
    """`-x` of an integer."""

    def run(facts: Facts, frame: Frame) -> int:
        value: int = operand(facts, frame)
        if value == INT_MIN:
            raise EvaluationError("overflow", at)
        return -value

    return run


def inverted(operand: Run) -> Run:
    """`!x`."""
    return lambda facts, frame: not operand(facts, frame)


def moved_date(name: str, left: Run, right: Run, /, *, at: int) -> Run:
    """A date so many days later or earlier."""
    compute = _EXACT[name]

    def run(facts: Facts, frame: Frame) -> int:
        days = compute(left(facts, frame), right(facts, frame))
        if DAY_MIN <= days <= DAY_MAX:
            return days
        raise EvaluationError("date_out_of_range", at)

    return run


def joined_text(left: Run, right: Run) -> Run:
    """`+` of strings."""

    def run(facts: Facts, frame: Frame) -> str:
        one, other = left(facts, frame), right(facts, frame)
        charge(frame, (len(one) + len(other)) // CHARS_PER_STEP)
        value: str = one + other
        return value

    return run


def joined_lists(left: Run, right: Run) -> Run:
    """`+` of lists."""

    def run(facts: Facts, frame: Frame) -> tuple[Any, ...]:
        one, other = left(facts, frame), right(facts, frame)
        charge(frame, len(one) + len(other))
        value: tuple[Any, ...] = one + other
        return value

    return run


def element(of: Run, index: Run, /, *, at: int) -> Run:
    """`list[index]`, from 0; a negative index is an error, not a count from the end."""

    def run(facts: Facts, frame: Frame) -> Any:
        items, place = of(facts, frame), index(facts, frame)
        if 0 <= place < len(items):
            return items[place]
        raise EvaluationError("index_out_of_range", at)

    return run


def collected(parts: tuple[Run, ...]) -> Run:
    """A list literal."""
    return lambda facts, frame: tuple([part(facts, frame) for part in parts])


def size(of: Run) -> Run:
    """Code points of a string, elements of a list."""
    return lambda facts, frame: len(of(facts, frame))


def starts_with(text: Run, part: Run) -> Run:
    """Whether a string begins with another."""
    return lambda facts, frame: text(facts, frame).startswith(part(facts, frame))


def ends_with(text: Run, part: Run) -> Run:
    """Whether a string ends with another."""
    return lambda facts, frame: text(facts, frame).endswith(part(facts, frame))


def contains(text: Run, part: Run) -> Run:
    """Whether a string holds another."""

    def run(facts: Facts, frame: Frame) -> bool:
        whole, wanted = text(facts, frame), part(facts, frame)
        charge(frame, len(whole) // CHARS_PER_STEP)
        return wanted in whole

    return run


def extreme_of(choose: Callable[..., int], parts: tuple[Run, ...]) -> Run:
    """The least or greatest argument."""
    if len(parts) == 1:
        return parts[0]
    return lambda facts, frame: choose([part(facts, frame) for part in parts])


def extreme_in(choose: Callable[..., int], items: Run, /, *, at: int) -> Run:
    """The least or greatest element of a list."""

    def run(facts: Facts, frame: Frame) -> int:
        among = items(facts, frame)
        if not among:
            raise EvaluationError("empty_list", at)
        charge(frame, len(among))
        return choose(among)

    return run


def part_of_date(of: Run, first: int, last: int) -> Run:
    """Year, month or day: the digits of YYYY-MM-DD from `first` to before `last`."""
    return lambda facts, frame: int(date_of_days(of(facts, frame))[first:last])
