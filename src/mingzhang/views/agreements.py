"""Milestone agreements (合同): where each stands, between whom, what was released on it.

Milestones are in milestones.py, attestations in attestations.py, proposed changes in amendments.py.
"""

import msgspec
import sqlalchemy as sa

from mingzhang.chain.contracts.agreements import (
    AgreementCountersigned,
    AgreementDisputed,
    AgreementProposed,
    AgreementRevised,
    AgreementTerminated,
    AgreementWithdrawn,
    DisputeResolved,
    LineSwitched,
)
from mingzhang.chain.contracts.milestones import MilestonesAgreed
from mingzhang.views.batch import Batch
from mingzhang.views.members import ORGANISATIONS, belongs_under
from mingzhang.views.milestones import (
    AWAITED,
    CONDITIONS,
    MILESTONES,
    MilestoneCondition,
    agree_milestones,
    drop_milestones,
)
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.payees import PAYEES
from mingzhang.views.payments import PAYMENTS
from mingzhang.views.tables import Row, RowTable, row_from


class Agreement(Row):
    """An agreement: proposed, in_force, withdrawn or terminated; paused while `disputed_by` is not "".

    `record` is that of the proposal, `changed_record` that of the last change of standing or terms.
    """

    agreement_id: str
    organisation: str
    project_id: str | None
    kind: str
    title: str
    counterparty: str
    payee_id: str
    line_id: str
    total_fen: int
    milestone_ids: list[str]
    procurement_document: str | None
    unit_prices: list[str]
    contract_files: list[str]
    start_date: str
    end_date: str
    status: str
    version: int
    proposed_by: str
    countersigned_by: str
    disputed_by: str
    disputed_side: str
    disputed_reason: str
    ended_reason: str
    time: int
    record: int
    changed_record: int


class ListedAgreement(Agreement):
    """An agreement with what a list shows beside it; `released_fen` is what its milestones' payments have in transit or
    settled.
    """

    organisation_name: str | None
    payee_name: str | None
    released_fen: int


class AgreementFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which agreements; all conditions given must hold. `organisation` means it and those below it; `counterparty` the
    other side's.
    """

    organisation: str | None = None
    counterparty: str | None = None
    project_id: str | None = None
    line_id: str | None = None
    payee_id: str | None = None
    status: tuple[str, ...] = ()
    disputed: bool | None = None
    text: str | None = None


AGREEMENTS = RowTable(
    "agreements",
    Agreement,
    key=("agreement_id",),
    indexes={
        "organisation": ("organisation",),
        "counterparty": ("counterparty",),
        "project": ("project_id",),
        "line": ("line_id",),
        "payee": ("payee_id",),
    },
)
_released = (
    sa.select(sa.cast(sa.func.coalesce(sa.func.sum(PAYMENTS.c.amount_fen), 0), sa.BigInteger))
    .select_from(MILESTONES.table.join(PAYMENTS.table, PAYMENTS.c.payment_id == MILESTONES.c.payment_id))
    .where(MILESTONES.c.agreement_id == AGREEMENTS.c.agreement_id, PAYMENTS.c.status.in_(("in_transit", "settled")))
    .correlate(AGREEMENTS.table)
    .scalar_subquery()
)
_AGREEMENTS = Listing(
    AGREEMENTS,
    ListedAgreement,
    sorts={
        "agreement": ("agreement_id",),
        "changed": ("changed_record", "agreement_id"),
        "total": ("total_fen", "agreement_id"),
        "end": ("end_date", "agreement_id"),
    },
    extra=[
        ORGANISATIONS.c.name.label("organisation_name"),
        PAYEES.c.name.label("payee_name"),
        _released.label("released_fen"),
    ],
    joins=[
        (ORGANISATIONS.table, ORGANISATIONS.c.organisation_id == AGREEMENTS.c.organisation),
        (PAYEES.table, PAYEES.c.payee_id == AGREEMENTS.c.payee_id),
    ],
)


# --- Projectors ---


def project_agreement_proposed(batch: Batch, event: AgreementProposed) -> None:
    """One side has signed; the milestones are as proposed."""
    agreement = row_from(
        Agreement,
        event.terms,
        agreement_id=event.agreement_id,
        organisation=event.organisation,
        milestone_ids=[terms.milestone_id for terms in event.terms.milestones],
        status="proposed",
        version=0,
        proposed_by=event.by,
        countersigned_by="",
        disputed_by="",
        disputed_side="",
        disputed_reason="",
        ended_reason="",
        time=batch.record.time,
        record=event.record,
        changed_record=event.record,
    )
    batch.new(AGREEMENTS, agreement)
    agree_milestones(batch, event.agreement_id, event.terms.milestones, order=agreement.milestone_ids)


def project_agreement_countersigned(batch: Batch, event: AgreementCountersigned) -> None:
    """In force."""
    agreement = _changed(batch, event.agreement_id)
    agreement.status, agreement.countersigned_by = "in_force", event.by


def project_agreement_withdrawn(batch: Batch, event: AgreementWithdrawn) -> None:
    """It never came into force."""
    agreement = _changed(batch, event.agreement_id)
    agreement.status, agreement.ended_reason = "withdrawn", event.reason


def project_agreement_revised(batch: Batch, event: AgreementRevised) -> None:
    """Another total; the milestones come with their own event."""
    agreement = _changed(batch, event.agreement_id)
    agreement.version, agreement.total_fen = event.version, event.total_fen
    agreement.milestone_ids = event.milestone_ids


def project_agreement_terminated(batch: Batch, event: AgreementTerminated) -> None:
    """Both sides ended it."""
    _changed(batch, event.agreement_id).status = "terminated"


def project_agreement_disputed(batch: Batch, event: AgreementDisputed) -> None:
    """Releases pause."""
    agreement = _changed(batch, event.agreement_id)
    agreement.disputed_by, agreement.disputed_side, agreement.disputed_reason = event.by, event.side, event.reason


def project_dispute_resolved(batch: Batch, event: DisputeResolved) -> None:
    """Releases go on."""
    agreement = _changed(batch, event.agreement_id)
    agreement.disputed_by, agreement.disputed_side, agreement.disputed_reason = "", "", ""


def project_line_switched(batch: Batch, event: LineSwitched) -> None:
    """Paid from another line."""
    _changed(batch, event.agreement_id).line_id = event.to_line


def project_milestones_agreed(batch: Batch, event: MilestonesAgreed) -> None:
    """These milestones hold from now on, in the order the agreement has them."""
    drop_milestones(batch, event.agreement_id, event.dropped)
    order = batch.get(AGREEMENTS, event.agreement_id).milestone_ids
    agree_milestones(batch, event.agreement_id, event.milestones, order=order)


def _changed(batch: Batch, agreement_id: str) -> Agreement:
    agreement = batch.get(AGREEMENTS, agreement_id)
    agreement.changed_record = batch.record.index
    return agreement


# --- Queries ---


def get_agreement(connection: sa.Connection, agreement_id: str) -> ListedAgreement | None:
    """An agreement, or None."""
    return _AGREEMENTS.one(connection, AGREEMENTS.c.agreement_id == agreement_id)


def list_agreements(
    connection: sa.Connection,
    wanted: AgreementFilter = AgreementFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-changed",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[ListedAgreement]:
    """Agreements. Raises WrongQuery."""
    c = AGREEMENTS.c
    conditions: list[Condition] = []
    if wanted.organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
    for name in ("counterparty", "project_id", "line_id", "payee_id"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(c[name] == value)
    if wanted.status:
        conditions.append(c.status.in_(wanted.status))
    if wanted.disputed is not None:
        conditions.append((c.disputed_by != "") if wanted.disputed else (c.disputed_by == ""))
    if wanted.text is not None:
        conditions.append(c.title.icontains(wanted.text, autoescape=True))
    return _AGREEMENTS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_awaited(
    connection: sa.Connection,
    organisation: str,
    *,
    sort: str = "agreement",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[MilestoneCondition]:
    """Conditions of agreements in force that this organisation is to attest: its to-do."""
    c = CONDITIONS.c
    in_force = sa.select(AGREEMENTS.c.agreement_id).where(AGREEMENTS.c.status == "in_force")
    conditions = [c.organisation == organisation, c.attestation_id == "", c.dropped.is_(False)]
    conditions.append(c.agreement_id.in_(in_force))
    return AWAITED.page(connection, conditions, sort=sort, limit=limit, after=after)


PROJECTORS = {
    AgreementProposed: project_agreement_proposed,
    AgreementCountersigned: project_agreement_countersigned,
    AgreementWithdrawn: project_agreement_withdrawn,
    AgreementRevised: project_agreement_revised,
    AgreementTerminated: project_agreement_terminated,
    AgreementDisputed: project_agreement_disputed,
    DisputeResolved: project_dispute_resolved,
    LineSwitched: project_line_switched,
    MilestonesAgreed: project_milestones_agreed,
}
