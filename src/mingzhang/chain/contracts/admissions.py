"""Who is proposed to join and to leave the consortium, and how each proposal stands.

A member is an organisation with a checkpoint key; its key signs checkpoints and its administrators vote (votes.py). The
keys are kept by members.py. An administrator above a member could enrol people in it and vote twice, so a consortium is
founded of organisations that stand side by side.
"""

from typing import Literal

import msgspec

from mingzhang.chain.codec import Code64, Id, Name, ObjectId, PublicKey, Seconds, Text, Wire
from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.codes import admissions as codes
from mingzhang.chain.codes import members as member_codes
from mingzhang.chain.contracts.members import (
    KINDS,
    check_authority,
    check_key,
    check_own_prefix,
    check_same,
    find_organisation,
    key_of,
    read_consortium,
    read_organisation,
    read_organisation_of,
)
from mingzhang.chain.contracts.settings import read_settings
from mingzhang.chain.operations import LEDGER, Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

Status = Literal["open", "approved", "rejected", "expired"]
_VOTERS = ("administrator",)


# --- Commands ---


class Administrator(Wire, frozen=True, tag=False):
    """The first administrator of an organisation that nobody is above of."""

    person_id: Id
    post: Name
    public_key: PublicKey


class ProposeMember(Wire, frozen=True, tag="admissions.propose_member/1"):
    """Propose that an organisation joins; one that is registered already is named with the content it has.

    Proposing is not voting, and whoever proposed may not vote. `vote_until` is ledger time. `administrator` is needed
    where `parent` is null and the organisation is new.
    """

    proposal_id: ObjectId
    organisation_id: Id
    name: Name
    kind: KINDS
    parent: Id | None
    division_code: Code64
    checkpoint_key: PublicKey
    administrator: Administrator | None
    reason: Text
    vote_until: Seconds


class ProposeRemoval(Wire, frozen=True, tag="admissions.propose_removal/1"):
    """Propose that a member leaves the consortium. It stays registered; its checkpoint key and its vote end."""

    proposal_id: ObjectId
    organisation_id: Id
    reason: Text
    vote_until: Seconds


# --- Events ---


class MemberProposed(Wire, frozen=True, tag="admissions.member_proposed/1"):
    """See ProposeMember."""

    proposal_id: str
    organisation_id: str
    name: str
    kind: str
    parent: str | None
    division_code: str
    checkpoint_key: str
    administrator: Administrator | None
    reason: str
    vote_until: int
    by: str
    record: int


class RemovalProposed(Wire, frozen=True, tag="admissions.removal_proposed/1"):
    """See ProposeRemoval."""

    proposal_id: str
    organisation_id: str
    reason: str
    vote_until: int
    by: str
    record: int


class VoteCast(Wire, frozen=True, tag="admissions.vote_cast/1"):
    """A member organisation voted."""

    proposal_id: str
    organisation: str
    approve: bool
    reason: str
    by: str
    record: int


class ProposalDecided(Wire, frozen=True, tag="admissions.decided/1"):
    """The vote is over. `approvals` of `members` organisations approved, and `needed` had to."""

    proposal_id: str
    organisation_id: str
    status: Status
    approvals: int
    needed: int
    members: int
    record: int


# --- Keys ---


class Ballot(msgspec.Struct, frozen=True):
    """The vote of an organisation."""

    organisation: str
    approve: bool


class Proposal(msgspec.Struct, frozen=True):
    """A proposal and how it stands. `admit` is None for a removal."""

    organisation_id: str
    admit: MemberProposed | None
    reason: str
    vote_until: int
    by: str
    status: Status
    ballots: tuple[Ballot, ...]
    record: int
    decided_record: int


PROPOSAL = Key("admissions/proposal", Proposal)
"""admissions/proposal/<proposal>"""


# --- Rules ---


def read_proposal(view: View, proposal_id: str) -> Proposal:
    """A proposal. Raises Refused."""
    found = view.get(PROPOSAL, proposal_id)
    if found is None:
        raise Refused(codes.PROPOSAL_UNKNOWN, proposal=proposal_id)
    return found


def check_member(view: View, signer: str, block: Block) -> str:
    """The member organisation the signer may act for. Raises Refused."""
    organisation = read_organisation_of(view, signer)
    check_authority(view, signer, _VOTERS, organisation=organisation, block=block)
    if read_organisation(view, organisation).checkpoint_key is None:
        raise Refused(codes.NOT_A_MEMBER, organisation=organisation)
    return organisation


def check_time(vote_until: int, block: Block) -> None:
    """Refuse when the voting time is over."""
    if vote_until <= block.time:
        raise Refused(codes.VOTE_OVER, vote_until=vote_until, time=block.time)


def check_candidate(view: View, command: ProposeMember | MemberProposed) -> None:
    """Asked when proposed and again when carried out, because others may have been registered in between."""
    check_key(view, command.checkpoint_key)
    for member, key in read_consortium(view).items():
        if member == command.organisation_id:
            raise Refused(codes.MEMBER_ALREADY, organisation=member)
        if key == command.checkpoint_key:
            raise Refused(codes.CHECKPOINT_KEY_TAKEN, organisation=member)
    path = ("" if command.parent is None else read_organisation(view, command.parent).path) + command.organisation_id
    found = find_organisation(view, command.organisation_id)
    given = {"name": command.name, "kind": command.kind, "path": path + "/", "division_code": command.division_code}
    for name, value in given.items() if found is not None else ():
        if getattr(found, name) != value:
            raise Refused(kernel.EXISTS_WITH_DIFFERENT, object_id=command.organisation_id, field=name)
    administrator = command.administrator
    if administrator is not None:
        if administrator.person_id == LEDGER:
            raise Refused(member_codes.RESERVED_ID, person=LEDGER)
        check_key(view, administrator.public_key)
        if key_of(view, administrator.person_id) is not None:
            raise Refused(codes.ADMINISTRATOR_ENROLLED, person=administrator.person_id)
    elif found is None and command.parent is None:
        raise Refused(codes.ADMINISTRATOR_NEEDED, organisation=command.organisation_id)


def check_quorum(view: View, organisation: str) -> None:
    """Refuse the removal of who is no member, or of one whose key is needed to sign checkpoints."""
    members, threshold = read_consortium(view), read_settings(view).checkpoint_threshold
    if organisation not in members:
        raise Refused(codes.NOT_A_MEMBER, organisation=organisation)
    left = len(members) - 1
    if left < max(threshold, 1):
        raise Refused(codes.QUORUM_LOST, left=left, threshold=threshold)


def decide_propose_member(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: signer of a member, own id, an id that is taken, time to vote, then the organisation and its keys."""
    command: ProposeMember = item.command
    _check_proposer(view, item, command.proposal_id, block=block)
    stored = view.get(PROPOSAL, command.proposal_id)
    fields = {name: getattr(command, name) for name in ProposeMember.__struct_fields__}
    if stored is not None:
        if stored.admit is None:
            raise Refused(kernel.EXISTS_WITH_DIFFERENT, object_id=command.proposal_id, field="type")
        check_same(command.proposal_id, stored.admit, fields)
    check_time(command.vote_until, block)
    check_candidate(view, command)
    return [MemberProposed(**fields, by=item.signer, record=item.index)]


def decide_propose_removal(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: signer of a member, own id, an id that is taken, time to vote, a member, enough members left."""
    command: ProposeRemoval = item.command
    _check_proposer(view, item, command.proposal_id, block=block)
    stored = view.get(PROPOSAL, command.proposal_id)
    fields = {name: getattr(command, name) for name in ProposeRemoval.__struct_fields__}
    if stored is not None:
        if stored.admit is not None:
            raise Refused(kernel.EXISTS_WITH_DIFFERENT, object_id=command.proposal_id, field="type")
        check_same(command.proposal_id, stored, {name: fields[name] for name in fields if name != "proposal_id"})
    check_time(command.vote_until, block)
    check_quorum(view, command.organisation_id)
    return [RemovalProposed(**fields, by=item.signer, record=item.index)]


def _check_proposer(view: View, item: Item, proposal_id: str, *, block: Block) -> None:
    check_own_prefix(proposal_id, check_member(view, item.signer, block))


def evolve_member_proposed(draft: Draft, event: MemberProposed) -> None:
    """Store the proposal, open."""
    _open(draft, event, admit=event)


def evolve_removal_proposed(draft: Draft, event: RemovalProposed) -> None:
    """Store the proposal, open."""
    _open(draft, event, admit=None)


def _open(draft: Draft, event: MemberProposed | RemovalProposed, *, admit: MemberProposed | None) -> None:
    proposal = Proposal(
        organisation_id=event.organisation_id,
        admit=admit,
        reason=event.reason,
        vote_until=event.vote_until,
        by=event.by,
        status="open",
        ballots=(),
        record=event.record,
        decided_record=0,
    )
    draft.put(PROPOSAL, event.proposal_id, proposal)


def evolve_vote_cast(draft: Draft, event: VoteCast) -> None:
    """Add the ballot."""
    proposal = draft.get(PROPOSAL, event.proposal_id)
    if proposal is not None:
        ballots = (*proposal.ballots, Ballot(organisation=event.organisation, approve=event.approve))
        draft.put(PROPOSAL, event.proposal_id, msgspec.structs.replace(proposal, ballots=ballots))


def evolve_proposal_decided(draft: Draft, event: ProposalDecided) -> None:
    """Close the proposal."""
    proposal = draft.get(PROPOSAL, event.proposal_id)
    if proposal is not None:
        decided = msgspec.structs.replace(proposal, status=event.status, decided_record=event.record)
        draft.put(PROPOSAL, event.proposal_id, decided)


def _one_ballot_each(proposal: Proposal) -> bool:
    return len({ballot.organisation for ballot in proposal.ballots}) == len(proposal.ballots)


def _enough_members(view: View) -> list[str]:
    """Fewer members than must sign a checkpoint: the consortium could vouch for nothing any more."""
    members, threshold = len(read_consortium(view)), read_settings(view).checkpoint_threshold
    decided = any(proposal.status == "approved" for _name, proposal in view.scan(PROPOSAL))
    return [f"{members} members, {threshold} must sign"] if decided and members < threshold else []


COMMANDS = {
    ProposeMember: Operation(decide_propose_member, _VOTERS),
    ProposeRemoval: Operation(decide_propose_removal, _VOTERS),
}
EVENTS = {
    MemberProposed: evolve_member_proposed,
    RemovalProposed: evolve_removal_proposed,
    VoteCast: evolve_vote_cast,
    ProposalDecided: evolve_proposal_decided,
}
TOUCHED = {PROPOSAL: ("one_ballot_for_each_organisation", _one_ballot_each)}
INVARIANTS = {"consortium_can_sign_checkpoints": _enough_members}
