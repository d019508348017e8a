"""Votes on who belongs to the consortium: proposals, ballots, results."""

import sqlalchemy as sa

from mingzhang.chain.contracts.admissions import MemberProposed, ProposalDecided, RemovalProposed, VoteCast
from mingzhang.views.batch import Batch
from mingzhang.views.paging import DEFAULT_LIMIT, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Proposal(Row):
    """A vote on who belongs to the consortium: to admit, or else to remove. `status` is open until it is decided."""

    proposal_id: str
    organisation: str
    admits: bool
    name: str
    reason: str
    vote_until: int
    proposed_by: str
    status: str
    approvals: int
    needed: int
    members: int
    record: int
    decided_record: int | None


class Ballot(Row):
    """The vote of an organisation."""

    proposal_id: str
    organisation: str
    approve: bool
    reason: str
    voted_by: str
    record: int


PROPOSALS = RowTable("proposals", Proposal, key=("proposal_id",))
BALLOTS = RowTable("ballots", Ballot, key=("proposal_id", "organisation"))

_PROPOSALS = Listing(PROPOSALS, Proposal, sorts={"record": ("record",)})
_BALLOTS = Listing(BALLOTS, Ballot, sorts={"record": ("record",)})


def project_member_proposed(batch: Batch, event: MemberProposed) -> None:
    """A vote on an organisation that wants to join."""
    _propose(batch, event, admits=True, name=event.name)


def project_removal_proposed(batch: Batch, event: RemovalProposed) -> None:
    """A vote on a member that shall leave."""
    _propose(batch, event, admits=False, name="")


def _propose(batch: Batch, event: MemberProposed | RemovalProposed, *, admits: bool, name: str) -> None:
    proposal = row_from(
        Proposal,
        event,
        organisation=event.organisation_id,
        admits=admits,
        name=name,
        proposed_by=event.by,
        status="open",
        approvals=0,
        needed=0,
        members=0,
        decided_record=None,
    )
    batch.new(PROPOSALS, proposal)


def project_vote_cast(batch: Batch, event: VoteCast) -> None:
    """An organisation's vote."""
    batch.add(BALLOTS, row_from(Ballot, event, voted_by=event.by))


def project_proposal_decided(batch: Batch, event: ProposalDecided) -> None:
    """The count."""
    proposal = batch.get(PROPOSALS, event.proposal_id)
    proposal.status, proposal.decided_record = event.status, event.record
    proposal.approvals, proposal.needed, proposal.members = event.approvals, event.needed, event.members


def list_proposals(
    connection: sa.Connection,
    *,
    status: str | None = None,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Proposal]:
    """Votes on members."""
    conditions = [] if status is None else [PROPOSALS.c.status == status]
    return _PROPOSALS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_ballots(connection: sa.Connection, proposal_id: str) -> list[Ballot]:
    """The votes on a proposal in the order they were cast."""
    return _BALLOTS.all(connection, BALLOTS.c.proposal_id == proposal_id, sort="record")


PROJECTORS = {
    MemberProposed: project_member_proposed,
    RemovalProposed: project_removal_proposed,
    VoteCast: project_vote_cast,
    ProposalDecided: project_proposal_decided,
}
