"""Disputes (争议) over an agreement: either side contests, automatic releases pause, and go on when it is resolved.

How an agreement stands is kept by agreements.py; how releases pause and go on is in releases.py.
"""

from mingzhang.chain.codec import Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.contracts.agreements import (
    COUNTERPARTY,
    UNIT,
    AgreementDisputed,
    DisputeResolved,
    check_in_force,
    check_party,
)
from mingzhang.chain.contracts.members import check_authority
from mingzhang.chain.contracts.terms import AgreementId
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

_TREASURY = ("finance_treasury",)
_HEAD = ("unit_head",)


# --- Commands ---


class DisputeAgreement(Wire, frozen=True, tag="disputes.dispute/1"):
    """Either side contests: automatic releases pause. A defect claimed on retention money is raised in this way too."""

    agreement_id: AgreementId
    reason: Text


class ResolveDispute(Wire, frozen=True, tag="disputes.resolve/1"):
    """End the pause, with a reason: by the treasury, or by another head of the unit where the unit raised it."""

    agreement_id: AgreementId
    reason: Text


# --- Events ---

# --- Keys ---

# --- Rules ---


def decide_dispute_agreement(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement in force, a party, not disputed already."""
    command: DisputeAgreement = item.command
    agreement = check_in_force(view, command.agreement_id)
    side = check_party(view, item.signer, command.agreement_id, agreement=agreement, block=block)
    if agreement.disputed_by:
        raise Refused(codes.AGREEMENT_DISPUTED, agreement=command.agreement_id)
    return [
        AgreementDisputed(
            agreement_id=command.agreement_id, side=side, reason=command.reason, by=item.signer, record=item.index
        )
    ]


def decide_resolve_dispute(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement in force, authority, disputed, not by the signer, and by the unit where its head resolves."""
    command: ResolveDispute = item.command
    agreement = check_in_force(view, command.agreement_id)
    organisation, project = agreement.organisation, agreement.project_id
    by_unit = agreement.disputed_side == "unit"
    roles = (*_TREASURY, *_HEAD)
    check_authority(view, item.signer, roles, organisation=organisation, block=block, project=project)
    if not agreement.disputed_by:
        raise Refused(codes.AGREEMENT_NOT_DISPUTED, agreement=command.agreement_id)
    if agreement.disputed_by == item.signer:
        raise Refused(codes.DISPUTE_NOT_RESOLVABLE, signer=item.signer)
    if not by_unit:
        try:
            check_authority(view, item.signer, _TREASURY, organisation=organisation, block=block, project=project)
        except Refused:
            raise Refused(codes.DISPUTE_NOT_RESOLVABLE, signer=item.signer) from None
    return [
        DisputeResolved(agreement_id=command.agreement_id, reason=command.reason, by=item.signer, record=item.index)
    ]


COMMANDS = {
    DisputeAgreement: Operation(decide_dispute_agreement, (*UNIT, *COUNTERPARTY)),
    ResolveDispute: Operation(decide_resolve_dispute, (*_TREASURY, *_HEAD)),
}
EVENTS: dict[type, Evolve] = {}
