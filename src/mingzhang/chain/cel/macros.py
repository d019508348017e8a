"""The macros over lists, as closures. A list is charged whole before its first element is looked at.

`over` gives the list, `body` the condition or value for each element, `slot` is the variable's place in the frame,
`cost` the steps of one element.
"""

from collections.abc import Callable

from mingzhang.chain.cel.errors import EvaluationError
from mingzhang.chain.cel.running import Frame, Run, charge
from mingzhang.chain.cel.types import Facts


def run_all(over: Run, body: tuple[Run, ...], *, slot: int, cost: int) -> Run:
    """&& over the elements: one false decides, else the first error."""
    (condition,) = body

    def run(facts: Facts, frame: Frame) -> bool:
        items = over(facts, frame)
        charge(frame, len(items) * cost)
        failed: EvaluationError | None = None
        for item in items:
            frame[slot] = item
            try:
                if not condition(facts, frame):
                    return False
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return True

    return run


def run_exists(over: Run, body: tuple[Run, ...], *, slot: int, cost: int) -> Run:
    """|| over the elements: one true decides, else the first error."""
    (condition,) = body

    def run(facts: Facts, frame: Frame) -> bool:
        items = over(facts, frame)
        charge(frame, len(items) * cost)
        failed: EvaluationError | None = None
        for item in items:
            frame[slot] = item
            try:
                if condition(facts, frame):
                    return True
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return False

    return run


def run_exists_one(over: Run, body: tuple[Run, ...], *, slot: int, cost: int) -> Run:
    """Exactly one element meets the condition. No short cut: an error anywhere is the result."""
    (condition,) = body

    def run(facts: Facts, frame: Frame) -> bool:
        items = over(facts, frame)
        charge(frame, len(items) * cost)
        found = 0
        for item in items:
            frame[slot] = item
            if condition(facts, frame):
                found += 1
        return found == 1

    return run


def run_filter(over: Run, body: tuple[Run, ...], *, slot: int, cost: int) -> Run:
    """The elements that meet the condition, in order."""
    (condition,) = body

    def run(facts: Facts, frame: Frame) -> tuple[object, ...]:
        items = over(facts, frame)
        charge(frame, len(items) * cost)
        kept = []
        for item in items:
            frame[slot] = item
            if condition(facts, frame):
                kept.append(item)
        return tuple(kept)

    return run


def run_map(over: Run, body: tuple[Run, ...], *, slot: int, cost: int) -> Run:
    """A value for each element, or for each that meets the condition when there is one."""
    condition, made = (None, *body)[-2:]

    def run(facts: Facts, frame: Frame) -> tuple[object, ...]:
        items = over(facts, frame)
        charge(frame, len(items) * cost)
        values = []
        for item in items:
            frame[slot] = item
            if condition is None or condition(facts, frame):
                values.append(made(facts, frame))  # type: ignore[misc]
        return tuple(values)

    return run


MACRO_RUNS: dict[str, Callable[..., Run]] = {
    "all": run_all,
    "exists": run_exists,
    "exists_one": run_exists_one,
    "filter": run_filter,
    "map": run_map,
}
