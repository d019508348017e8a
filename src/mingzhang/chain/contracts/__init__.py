"""The contracts, one noun a file, in the order in which a later one may use an earlier one."""

from mingzhang.chain.contracts import (
    actuals,
    adjustments,
    admissions,
    agreements,
    allotments,
    amendments,
    answers,
    attestations,
    balances,
    budgets,
    credentials,
    declarations,
    departments,
    disclosure,
    disputes,
    evaluations,
    fieldrules,
    founding,
    members,
    methods,
    milestones,
    oversight,
    payees,
    payments,
    projects,
    reevaluations,
    releases,
    results,
    reviews,
    scorecards,
    settings,
    settlements,
    sources,
    standards,
    switches,
    terms,
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
    balances,
    allotments,
    adjustments,
    payees,
    payments,
    settlements,
    terms,
    milestones,
    agreements,
    amendments,
    disputes,
    switches,
    attestations,
    releases,
    actuals,
    scorecards,
    evaluations,
    reevaluations,
    results,
    departments,
    oversight,
    answers,
    sources,
    fieldrules,
    disclosure,
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
