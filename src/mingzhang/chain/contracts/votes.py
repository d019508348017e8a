"""The votes of consortium members on who joins and leaves: one vote for each organisation, k of n.

What is proposed, and how each proposal stands, is in admissions.py, whose events are kept there.
"""

import msgspec

from mingzhang.chain.codec import ObjectId, Text, Wire
from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.codes import admissions as codes
from mingzhang.chain.contracts.admissions import (
    Administrator,
    Ballot,
    MemberProposed,
    Proposal,
    ProposalDecided,
    RemovalProposed,
    Status,
    VoteCast,
    check_candidate,
    check_member,
    check_quorum,
    check_time,
    read_proposal,
)
from mingzhang.chain.contracts.members import (
    CheckpointKeySet,
    OrganisationRegistered,
    PersonEnrolled,
    RoleGranted,
    check_not_same_person,
    find_organisation,
    read_consortium,
    read_organisation,
)
from mingzhang.chain.contracts.settings import read_settings
from mingzhang.chain.operations import Block, Evolve, Item, Later, Operation
from mingzhang.chain.state import View

# --- Commands ---


class VoteMember(Wire, frozen=True, tag="admissions.vote/1"):
    """Vote for the member organisation the signer belongs to; once, and not to be changed."""

    proposal_id: ObjectId
    approve: bool
    reason: Text


class CloseVote(Wire, frozen=True, tag="admissions.close_vote/1"):
    """The voting time is over; issued by the ledger."""

    proposal_id: ObjectId


# --- Events ---

# The events of the admissions and members contracts say it all.

# --- Keys ---

# Likewise.

# --- Rules ---


def votes_needed(members: int, threshold: int) -> int:
    """How many of the member organisations must approve: more than half, and no fewer than sign a checkpoint."""
    return max(members // 2 + 1, threshold)


def decide_vote_member(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: signer of a member, not the proposer, not the one to be removed, one vote, in time. Then the count."""
    command: VoteMember = item.command
    proposal = read_proposal(view, command.proposal_id)
    organisation = check_member(view, item.signer, block)
    for ballot in proposal.ballots:
        if ballot.organisation == organisation:
            if ballot.approve == command.approve:
                raise Refused(kernel.EXISTS, object_id=command.proposal_id)
            raise Refused(codes.VOTED_BEFORE, organisation=organisation, proposal=command.proposal_id)
    if proposal.status != "open":
        raise Refused(codes.PROPOSAL_DECIDED, proposal=command.proposal_id, status=proposal.status)
    check_time(proposal.vote_until, block)
    check_not_same_person(item.signer, proposal.by)
    if proposal.admit is None and organisation == proposal.organisation_id:
        raise Refused(codes.OWN_REMOVAL, organisation=organisation)
    cast = VoteCast(
        proposal_id=command.proposal_id,
        organisation=organisation,
        approve=command.approve,
        reason=command.reason,
        by=item.signer,
        record=item.index,
    )
    ballots = (*proposal.ballots, Ballot(organisation=organisation, approve=command.approve))
    decided = _count(view, command.proposal_id, proposal, ballots=ballots, record=item.index)
    if decided is None:
        return [cast]
    if decided.status == "rejected":
        return [cast, decided]
    return [cast, decided, *_carry_out(view, proposal)]


def decide_close_vote(view: View, item: Item, block: Block) -> list[Wire]:
    """A proposal still open has failed; one that was decided stays as it is."""
    command: CloseVote = item.command
    proposal = read_proposal(view, command.proposal_id)
    if proposal.status != "open":
        return []
    return [_decided(view, command.proposal_id, proposal, status="expired", record=item.index)]


def follow_proposed(view: View, event: MemberProposed | RemovalProposed, block: Block) -> list[Later]:
    """The voting time ends by itself."""
    return [Later(event.vote_until, CloseVote(proposal_id=event.proposal_id))]


def _count(
    view: View, proposal_id: str, proposal: Proposal, *, ballots: tuple[Ballot, ...], record: int
) -> ProposalDecided | None:
    """The result when the ballots settle it, else None."""
    counted = msgspec.structs.replace(proposal, ballots=ballots)
    approved = _decided(view, proposal_id, counted, status="approved", record=record)
    if approved.approvals >= approved.needed:
        return approved
    members = read_consortium(view)
    against = sum(1 for ballot in ballots if ballot.organisation in members and not ballot.approve)
    may_approve = approved.members - against - (1 if proposal.admit is None else 0)
    return msgspec.structs.replace(approved, status="rejected") if may_approve < approved.needed else None


def _decided(view: View, proposal_id: str, proposal: Proposal, *, status: Status, record: int) -> ProposalDecided:
    """Counts only ballots of those who are members now."""
    members = read_consortium(view)
    return ProposalDecided(
        proposal_id=proposal_id,
        organisation_id=proposal.organisation_id,
        status=status,
        approvals=sum(1 for ballot in proposal.ballots if ballot.organisation in members and ballot.approve),
        needed=votes_needed(len(members), read_settings(view).checkpoint_threshold),
        members=len(members),
        record=record,
    )


def _carry_out(view: View, proposal: Proposal) -> list[Wire]:
    """What an approved proposal changes; refuses, and the last vote with it, what can no longer be."""
    admit = proposal.admit
    if admit is None:
        check_quorum(view, proposal.organisation_id)
        return [CheckpointKeySet(organisation_id=proposal.organisation_id, checkpoint_key=None)]
    check_candidate(view, admit)
    if find_organisation(view, admit.organisation_id) is not None:
        events: list[Wire] = [
            CheckpointKeySet(organisation_id=admit.organisation_id, checkpoint_key=admit.checkpoint_key)
        ]
    else:
        above = "" if admit.parent is None else read_organisation(view, admit.parent).path
        registered = OrganisationRegistered(
            organisation_id=admit.organisation_id,
            name=admit.name,
            kind=admit.kind,
            parent=admit.parent,
            path=above + admit.organisation_id + "/",
            division_code=admit.division_code,
            checkpoint_key=admit.checkpoint_key,
        )
        events = [registered]
    return events if admit.administrator is None else [*events, *_enrol(admit.organisation_id, admit.administrator)]


def _enrol(organisation: str, administrator: Administrator) -> list[Wire]:
    return [
        PersonEnrolled(
            person_id=administrator.person_id,
            organisation=organisation,
            post=administrator.post,
            public_key=administrator.public_key,
            name_commitment=None,
        ),
        RoleGranted(
            grant_id="admission-administrator",
            person_id=administrator.person_id,
            role="administrator",
            organisation=organisation,
            project=None,
            from_time=0,
            until_time=None,
        ),
    ]


COMMANDS = {
    VoteMember: Operation(decide_vote_member, ("administrator",)),
    CloseVote: Operation(decide_close_vote),
}
EVENTS: dict[type, Evolve] = {}
FOLLOW_UPS = {MemberProposed: follow_proposed, RemovalProposed: follow_proposed}
