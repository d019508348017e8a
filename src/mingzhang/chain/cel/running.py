"""What every closure of a program works with: facts, a frame, and the charge for work that grows with its values."""

from collections.abc import Callable
from typing import Any

from mingzhang.chain.cel.errors import BudgetExceeded
from mingzhang.chain.cel.types import Facts

Frame = list[Any]
"""One run: at 0 the steps that are left, behind it the variables of the macros, the outermost first."""
Run = Callable[[Facts, Frame], Any]


def charge(frame: Frame, steps: int) -> None:
    """Take steps before the work is done. Raises BudgetExceeded."""
    left = frame[0] - steps
    if left < 0:
        raise BudgetExceeded
    frame[0] = left


def weight(value: Any, lists: int) -> int:
    """Elements of a list on all its levels, which is what comparing it may look at."""
    level = value
    total = len(level)
    for _ in range(lists - 1):
        level = [item for items in level for item in items]
        total += len(level)
    return total
