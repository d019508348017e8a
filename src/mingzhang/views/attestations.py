"""Attestations (见证): who said which conditions of a milestone hold, and what was taken back."""

import sqlalchemy as sa

from mingzhang.chain.contracts.milestones import AttestationWithdrawn, Claim, ConditionsAttested
from mingzhang.views.batch import Batch
from mingzhang.views.milestones import CONDITIONS
from mingzhang.views.paging import Listing
from mingzhang.views.tables import Row, RowTable, row_from


class Attestation(Row):
    """An attestation as it was given; `withdrawn` are the claims taken back since, with the reason."""

    attestation_id: str
    agreement_id: str
    claims: list[Claim]
    statement: str
    evidence: list[str]
    date: str
    attested_by: str
    time: int
    record: int
    withdrawn: list[Claim]
    withdrawn_reason: str
    withdrawn_record: int | None


ATTESTATIONS = RowTable("attestations", Attestation, key=("attestation_id",), indexes={"agreement": ("agreement_id",)})
_ATTESTATIONS = Listing(ATTESTATIONS, Attestation, sorts={"record": ("record",)})


def project_conditions_attested(batch: Batch, event: ConditionsAttested) -> None:
    """The attestation; its conditions hold."""
    attestation = row_from(
        Attestation,
        event,
        attested_by=event.by,
        time=batch.record.time,
        withdrawn=[],
        withdrawn_reason="",
        withdrawn_record=None,
    )
    batch.new(ATTESTATIONS, attestation)
    for claim in event.claims:
        condition = batch.get(CONDITIONS, event.agreement_id, claim.milestone_id, claim.condition_id)
        condition.attestation_id, condition.invoice = event.attestation_id, claim.invoice


def project_attestation_withdrawn(batch: Batch, event: AttestationWithdrawn) -> None:
    """These conditions are open again."""
    attestation = batch.get(ATTESTATIONS, event.attestation_id)
    attestation.withdrawn = [*attestation.withdrawn, *event.claims]
    attestation.withdrawn_reason, attestation.withdrawn_record = event.reason, event.record
    for claim in event.claims:
        condition = batch.get(CONDITIONS, event.agreement_id, claim.milestone_id, claim.condition_id)
        condition.attestation_id, condition.invoice = "", None


def list_attestations(connection: sa.Connection, agreement_id: str) -> list[Attestation]:
    """Everything that was attested on an agreement, in order."""
    return _ATTESTATIONS.all(connection, ATTESTATIONS.c.agreement_id == agreement_id, sort="record")


PROJECTORS = {
    ConditionsAttested: project_conditions_attested,
    AttestationWithdrawn: project_attestation_withdrawn,
}
