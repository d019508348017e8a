"""A rule that can be run: its value, the steps it took, the facts it reads, and the most it can cost."""

from typing import Any

import msgspec

from mingzhang.chain.cel.checker import Checked
from mingzhang.chain.cel.costs import cost_bound, own_costs
from mingzhang.chain.cel.errors import BudgetExceeded, EvaluationError
from mingzhang.chain.cel.evaluator import runs_of
from mingzhang.chain.cel.types import Facts, Type

STEPS_MAX = 10_000
"""Steps of one run unless told otherwise: about a millisecond, and what CEL's own implementation allows a loop."""


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended: a value, or CEL's error, or neither when the budget did not suffice; and the steps it took."""

    value: Any
    error: EvaluationError | None
    steps: int
    exceeded: bool = False


class Program:
    """An expression made ready. It holds no state between runs, so one may serve any number of them."""

    __slots__ = ("_frame", "checked", "cost", "cost_bound", "run_of_node", "text", "type", "whole")

    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        self.text = checked.expression.text
        self.type: Type = checked.type
        self.run_of_node = runs_of(checked)
        self.whole = self.run_of_node[-1]
        self.cost = own_costs(checked.expression.nodes)[-1]
        self.cost_bound = cost_bound(checked)
        self._frame: list[Any] = [None] * checked.expression.slots

    def run(self, facts: Facts, budget: int = STEPS_MAX) -> Any:
        """The value over facts that `admit` returned. Raises EvaluationError or BudgetExceeded."""
        left = budget - self.cost
        if left < 0:
            raise BudgetExceeded
        return self.whole(facts, [left, *self._frame])

    def outcome(self, facts: Facts, budget: int = STEPS_MAX) -> Outcome:
        """As `run`, with errors as values, and the steps: the same number on every node for the same facts."""
        frame: list[Any] = [budget - self.cost, *self._frame]
        if frame[0] < 0:
            return Outcome(None, None, 0, exceeded=True)
        try:
            value = self.whole(facts, frame)
        except EvaluationError as error:
            return Outcome(None, error, budget - frame[0])
        except BudgetExceeded:
            return Outcome(None, None, budget - frame[0], exceeded=True)
        return Outcome(value, None, budget - frame[0])

    def facts_read(self) -> tuple[str, ...]:
        """Names of the facts it mentions, in the order of their first mention."""
        return tuple(self.checked.facts)
