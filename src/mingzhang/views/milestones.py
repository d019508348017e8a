"""Milestones of agreements (合同付款节点), the conditions on which they are paid, and their releases.

The agreements are in agreements.py, whose projectors call on this file for what an event says of both.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from mingzhang.chain.contracts.milestones import MilestoneReleased
from mingzhang.chain.contracts.releases import ReleaseMilestone
from mingzhang.chain.contracts.terms import MilestoneTerms
from mingzhang.views.batch import Batch
from mingzhang.views.paging import Listing
from mingzhang.views.tables import Row, RowTable, row_from


class Milestone(Row):
    """A milestone; `attempts` counts its releases and `payment_id` is the last one's, "" before any.

    `refused_code` says why the ledger's last try to release it failed, "" when it did not. `dropped` by a change.
    """

    agreement_id: str
    milestone_id: str
    number: int
    name: str
    kind: str
    amount_fen: int
    budget_year: int
    not_before: int | None
    deadline: str | None
    condition_ids: list[str]
    attempts: int
    payment_id: str
    released_record: int | None
    refused_code: str
    refused_record: int | None
    dropped: bool


class MilestoneCondition(Row):
    """What must be so before a milestone is paid, and who says that it is; `attestation_id` is "" while nobody did."""

    agreement_id: str
    milestone_id: str
    condition_id: str
    number: int
    kind: str
    description: str
    organisation: str
    role: str
    attestation_id: str
    invoice: str | None
    dropped: bool


MILESTONES = RowTable("milestones", Milestone, key=("agreement_id", "milestone_id"))
CONDITIONS = RowTable(
    "milestone_conditions",
    MilestoneCondition,
    key=("agreement_id", "milestone_id", "condition_id"),
    indexes={"awaited": ("organisation", "attestation_id")},
)
_MILESTONES = Listing(MILESTONES, Milestone, sorts={"number": ("number", "milestone_id")})
_CONDITIONS = Listing(CONDITIONS, MilestoneCondition, sorts={"number": ("milestone_id", "number", "condition_id")})
AWAITED = Listing(CONDITIONS, MilestoneCondition, sorts={"agreement": ("agreement_id", "milestone_id", "condition_id")})
"""Conditions over all agreements; which of them are awaited, agreements.py knows."""


# --- Projectors ---


def project_milestone_released(batch: Batch, event: MilestoneReleased) -> None:
    """The ledger instructed its payment."""
    milestone = batch.get(MILESTONES, event.agreement_id, event.milestone_id)
    milestone.attempts, milestone.payment_id, milestone.released_record = event.attempt, event.payment_id, event.record
    milestone.refused_code, milestone.refused_record = "", None


def project_release_refused(batch: Batch, command: ReleaseMilestone) -> None:
    """Why the ledger could not pay a milestone that was due, if there is such a one."""
    milestone = batch.find(MILESTONES, command.agreement_id, command.milestone_id)
    if milestone is not None:
        milestone.refused_code, milestone.refused_record = batch.record.code, batch.record.index


def agree_milestones(
    batch: Batch, agreement_id: str, milestones: Sequence[MilestoneTerms], *, order: Sequence[str]
) -> None:
    """These milestones are as their terms say, and all stand in this order; what was paid and attested is kept."""
    for terms in milestones:
        before = batch.find(MILESTONES, agreement_id, terms.milestone_id)
        stays = before if before is not None and not before.dropped else None
        named = [condition.condition_id for condition in terms.conditions]
        milestone = row_from(
            Milestone,
            terms,
            agreement_id=agreement_id,
            number=0,
            condition_ids=named,
            attempts=0 if stays is None else stays.attempts,
            payment_id="" if stays is None else stays.payment_id,
            released_record=None if stays is None else stays.released_record,
            refused_code="",
            refused_record=None,
            dropped=False,
        )
        if stays is not None:
            _drop(batch, stays, [each for each in stays.condition_ids if each not in named])
        batch.put(MILESTONES, milestone)
        _agree_conditions(batch, milestone, terms)
    for number, milestone_id in enumerate(order, start=1):
        batch.get(MILESTONES, agreement_id, milestone_id).number = number


def drop_milestones(batch: Batch, agreement_id: str, milestone_ids: Sequence[str]) -> None:
    """These milestones hold no longer."""
    for milestone_id in milestone_ids:
        milestone = batch.get(MILESTONES, agreement_id, milestone_id)
        milestone.dropped = True
        _drop(batch, milestone, milestone.condition_ids)


def _agree_conditions(batch: Batch, milestone: Milestone, terms: MilestoneTerms) -> None:
    """What was attested on a condition stays with it where it says the same as before."""
    for number, each in enumerate(terms.conditions, start=1):
        condition = row_from(
            MilestoneCondition,
            each,
            agreement_id=milestone.agreement_id,
            milestone_id=milestone.milestone_id,
            number=number,
            attestation_id="",
            invoice=None,
            dropped=False,
        )
        before = batch.find(CONDITIONS, milestone.agreement_id, milestone.milestone_id, each.condition_id)
        if (
            before is not None
            and not before.dropped
            and all(getattr(before, name) == getattr(each, name) for name in each.__struct_fields__)
        ):
            before.number = number
        else:
            batch.put(CONDITIONS, condition)


def _drop(batch: Batch, milestone: Milestone, condition_ids: list[str]) -> None:
    for condition_id in condition_ids:
        batch.get(CONDITIONS, milestone.agreement_id, milestone.milestone_id, condition_id).dropped = True


# --- Queries ---


def list_milestones(connection: sa.Connection, agreement_id: str, *, dropped: bool = False) -> list[Milestone]:
    """An agreement's milestones in their order; those that a change dropped only when wanted."""
    conditions = [MILESTONES.c.agreement_id == agreement_id]
    if not dropped:
        conditions.append(MILESTONES.c.dropped.is_(False))
    return _MILESTONES.all(connection, *conditions, sort="number")


def list_conditions(connection: sa.Connection, agreement_id: str) -> list[MilestoneCondition]:
    """The conditions of an agreement's milestones."""
    c = CONDITIONS.c
    return _CONDITIONS.all(connection, c.agreement_id == agreement_id, c.dropped.is_(False), sort="number")


PROJECTORS = {MilestoneReleased: project_milestone_released}
REFUSALS = {ReleaseMilestone: project_release_refused}
