"""Attestations (见证): a named party says that conditions of milestones hold, with evidence, or takes it back.

What was attested is kept by milestones.py; the payment that follows from it is in releases.py.
"""

from typing import Annotated

from msgspec import Meta

from mingzhang.chain.codec import Commitment, Date, ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.contracts.agreements import Agreement, check_in_force, read_agreement
from mingzhang.chain.contracts.members import (
    ROLES,
    check_authority,
    check_not_same_person,
    check_own_prefix,
    check_same,
    read_organisation_of,
)
from mingzhang.chain.contracts.milestones import (
    AttestationWithdrawn,
    Claim,
    ConditionsAttested,
    Milestone,
    find_attestation,
    find_milestone,
    read_condition,
    read_milestone,
    read_milestones,
)
from mingzhang.chain.contracts.payments import check_business_date, check_invoice_unused
from mingzhang.chain.contracts.terms import ATTESTING, AgreementId, Condition, belongs_to
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

_DELIVERED_BY_COUNTERPARTY = ("invoice", "document")


# --- Commands ---


class AttestCondition(Wire, frozen=True, tag="attestations.attest/1"):
    """Say that conditions hold, as the party the agreement names for them. All of them are accepted, or none.

    `date` is the business date of the fact. `statement` is clear to all members: name no person in it.
    """

    attestation_id: ObjectId
    agreement_id: AgreementId
    claims: Annotated[list[Claim], Meta(min_length=1, max_length=200)]
    statement: Text
    evidence: Annotated[list[Commitment], Meta(max_length=50)]
    date: Date


class WithdrawAttestation(Wire, frozen=True, tag="attestations.withdraw/1"):
    """Take back one's own attestation, as far as no money was released on it."""

    attestation_id: ObjectId
    reason: Text


# --- Events ---

# --- Keys ---

# --- Rules ---


def decide_attest_condition(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement known, id, in force, date, not who signed for the unit; then each claim by `_check_claim`."""
    command: AttestCondition = item.command
    read_agreement(view, command.agreement_id)
    check_own_prefix(command.attestation_id, read_organisation_of(view, item.signer))
    stored = find_attestation(view, command.attestation_id)
    if stored is not None:
        given = {
            "agreement_id": command.agreement_id,
            "claims": tuple(command.claims),
            "statement": command.statement,
            "evidence": tuple(command.evidence),
            "date": command.date,
        }
        check_same(command.attestation_id, stored, given)
    agreement = check_in_force(view, command.agreement_id)
    check_business_date(command.date, block)
    check_not_same_person(item.signer, agreement.proposed_by)
    seen: list[tuple[str, str]] = []
    invoices = _attested_invoices(view, command.agreement_id, agreement)
    for claim in command.claims:
        place = (claim.milestone_id, claim.condition_id)
        if place in seen:
            raise Refused(codes.CONDITION_TWICE, milestone=claim.milestone_id, condition=claim.condition_id)
        seen.append(place)
        _check_claim(view, item.signer, command.agreement_id, agreement=agreement, claim=claim, block=block)
        if claim.invoice is not None:
            if claim.invoice in invoices:
                raise Refused(codes.INVOICE_IN_AGREEMENT, milestone=invoices[claim.invoice])
            invoices[claim.invoice] = claim.milestone_id
            check_invoice_unused(view, claim.invoice)
    return [
        ConditionsAttested(
            attestation_id=command.attestation_id,
            agreement_id=command.agreement_id,
            claims=command.claims,
            statement=command.statement,
            evidence=command.evidence,
            date=command.date,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_withdraw_attestation(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: attestation known, the same person, something it supports still unreleased."""
    command: WithdrawAttestation = item.command
    attestation = find_attestation(view, command.attestation_id)
    if attestation is None:
        raise Refused(codes.ATTESTATION_UNKNOWN, attestation=command.attestation_id)
    if attestation.by != item.signer:
        raise Refused(codes.ATTESTATION_OF_ANOTHER, attestation=command.attestation_id, by=attestation.by)
    held = [
        claim
        for claim in attestation.claims
        if _rests_on(find_milestone(view, attestation.agreement_id, claim.milestone_id), claim, command.attestation_id)
    ]
    if not held:
        raise Refused(codes.ATTESTATION_NOT_OPEN, attestation=command.attestation_id)
    return [
        AttestationWithdrawn(
            attestation_id=command.attestation_id,
            agreement_id=attestation.agreement_id,
            claims=held,
            reason=command.reason,
            by=item.signer,
            record=item.index,
        )
    ]


def _check_claim(
    view: View, signer: str, agreement_id: str, *, agreement: Agreement, claim: Claim, block: Block
) -> None:
    """Milestone and condition known, the named party, not attested before, an invoice where one belongs."""
    milestone = read_milestone(view, agreement_id, claim.milestone_id)
    condition = read_condition(milestone, claim.condition_id)
    _check_attestor(view, signer, condition, agreement=agreement, block=block)
    if condition.kind not in _DELIVERED_BY_COUNTERPARTY:
        # Of progress and acceptance nobody is a judge in their own cause, even where they are named.
        check_not_same_person(signer, agreement.countersigned_by)
    for met in milestone.met:
        if met.condition_id == claim.condition_id:
            raise Refused(
                codes.CONDITION_ATTESTED,
                milestone=claim.milestone_id,
                condition=claim.condition_id,
                attestation=met.attestation_id,
            )
    if (claim.invoice is not None) != (condition.kind == "invoice"):
        raise Refused(codes.INVOICE_UNFIT, milestone=claim.milestone_id, condition=claim.condition_id)


def _check_attestor(view: View, signer: str, condition: Condition, *, agreement: Agreement, block: Block) -> None:
    """Refuse who does not hold the named role for the named organisation, and the other side's people for a third
    party whatever roles they were granted.
    """
    wrong = Refused(
        codes.ATTESTATION_BY_WRONG_PARTY,
        signer=signer,
        organisation=condition.organisation,
        role=ROLES[condition.role],
    )
    try:
        check_authority(
            view,
            signer,
            (condition.role,),
            organisation=condition.organisation,
            block=block,
            project=agreement.project_id,
        )
    except Refused:
        raise wrong from None
    if belongs_to(view, read_organisation_of(view, signer), agreement.counterparty) and not belongs_to(
        view, condition.organisation, agreement.counterparty
    ):
        raise wrong


def _attested_invoices(view: View, agreement_id: str, agreement: Agreement) -> dict[str, str]:
    """Invoices that wait for or were used by a payment of the agreement, and their milestones."""
    standing = read_milestones(view, agreement_id, agreement.milestone_ids)
    return {met.invoice: one.terms.milestone_id for one in standing for met in one.met if met.invoice is not None}


def _rests_on(milestone: Milestone | None, claim: Claim, attestation_id: str) -> bool:
    """Whether a milestone that was not yet released has this claim from this attestation."""
    return (
        milestone is not None
        and not milestone.attempts
        and any((met.condition_id, met.attestation_id) == (claim.condition_id, attestation_id) for met in milestone.met)
    )


COMMANDS = {
    AttestCondition: Operation(decide_attest_condition, ATTESTING),
    WithdrawAttestation: Operation(decide_withdraw_attestation, ATTESTING),
}
EVENTS: dict[type, Evolve] = {}
