"""The contracts, one noun a file, in the order in which a later one may use an earlier one."""

from mingzhang.chain.contracts import (
    actuals,
    adjustments,
    admissions,
    allotments,
    answers,
    budgets,
    credentials,
    declarations,
    departments,
    evaluations,
    founding,
    members,
    methods,
    oversight,
    payees,
    payments,
    projects,
    reevaluations,
    results,
    reviews,
    scorecards,
    settings,
    settlements,
    standards,
    votes,
)
from mingzhang.chain.operations import Registry
from mingzhang.chain.state import View

CONTRACTS = (
    settings,
    members,
    credentials,
    founding,
    admissions,
    votes,
    standards,
    methods,
    declarations,
    projects,
    reviews,
    budgets,
    allotments,
    adjustments,
    payees,
    payments,
    settlements,
    actuals,
    scorecards,
    evaluations,
    reevaluations,
    results,
    departments,
    oversight,
    answers,
)


class _Door:
    """What the machine's door asks, answered by members and settings."""

    def key_of(self, view: View, signer: str) -> tuple[str, bool] | None:
        """See members.key_of."""
        return members.key_of(view, signer)

    def holds_role(self, view: View, signer: str, roles: tuple[str, ...], *, time: int) -> bool:
        """See members.holds_role."""
        return members.holds_role(view, signer, roles, time=time)

    def block_time(self, view: View, proposed: int) -> int:
        """See settings.block_time."""
        return settings.block_time(view, proposed)


REGISTRY = Registry(CONTRACTS, _Door())
