"""Read models: rows in SQL made from the ledger's records. No rules; may be deleted and built anew at any time.

Here the nouns are gathered: which projector belongs to which event, and which events need none. Blocks and records
are among them for their tables; they are projected from every leaf.
"""

from collections.abc import Mapping

from mingzhang.chain.contracts.releases import ReleaseRetried
from mingzhang.chain.contracts.settings import TimeStated
from mingzhang.views import (
    actuals,
    adjustments,
    admissions,
    agreements,
    allotments,
    amendments,
    attestations,
    blocks,
    budgets,
    departments,
    disclosure,
    evaluations,
    members,
    methods,
    milestones,
    oversight,
    payees,
    payments,
    projects,
    records,
    results,
    settings,
    settlements,
    standards,
)
from mingzhang.views.batch import Projector

NOUNS = (
    blocks,
    records,
    settings,
    members,
    admissions,
    standards,
    methods,
    projects,
    budgets,
    allotments,
    adjustments,
    payees,
    payments,
    settlements,
    agreements,
    milestones,
    attestations,
    amendments,
    actuals,
    evaluations,
    results,
    departments,
    oversight,
    disclosure,
)
NOT_PROJECTED = {
    TimeStated: "every block's time shows where the clock stood",
    ReleaseRetried: "the release that was tried again is a record of its own, with what came of it",
}
"""Events that no row is made of beyond that of their record, with the reason."""


def _merge(name: str) -> dict[type, Projector]:
    merged: dict[type, Projector] = {}
    for noun in NOUNS:
        tables: Mapping[type, Projector] = getattr(noun, name, {})
        for kind, projector in tables.items():
            if kind in merged:
                raise ValueError(f"{kind.__name__} has two projectors")
            merged[kind] = projector
    return merged


PROJECTORS = _merge("PROJECTORS")
"""Event to projector."""
REFUSALS = _merge("REFUSALS")
"""Command to projector, for those that were refused."""
