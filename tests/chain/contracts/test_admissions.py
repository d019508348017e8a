"""Organisations join and leave the consortium by k of n: never by fewer, never twice by one."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.world import START, World

from mingzhang.chain.contracts.admissions import Administrator, ProposeMember, ProposeRemoval, read_proposal
from mingzhang.chain.contracts.members import RegisterOrganisation, read_consortium
from mingzhang.chain.contracts.votes import VoteMember, votes_needed

DAY = 24 * 3600
FOUNDERS = ("audit", "city", "finance", "health")
PORT = "city:join-port"
LEAVE = "city:leave-health"


def founded(consortium: tuple[str, ...] = FOUNDERS, threshold: int = 1) -> World:
    """A city where each member has an administrator called <member>-admin; root and root2 are the city's own."""
    world = World(consortium=consortium, threshold=threshold)
    for organisation in ("audit", "finance", "health", "hospital"):
        world.enrol(f"{organisation}-admin", organisation, "administrator")
    return world


def joining(world: World, **fields: Any) -> ProposeMember:
    first = Administrator(person_id="port-admin", post="管理员", public_key=world.public("port-admin"))
    usual: dict[str, Any] = {
        "proposal_id": PORT,
        "organisation_id": "port",
        "name": "港务局",
        "kind": "department",
        "parent": None,
        "division_code": "441900000",
        "checkpoint_key": world.public("node-of-port"),
        "administrator": first,
        "reason": "业务往来",
        "vote_until": START + 7 * DAY,
    }
    return ProposeMember(**(usual | fields))


def leaving(**fields: Any) -> ProposeRemoval:
    usual: dict[str, Any] = {
        "proposal_id": LEAVE,
        "organisation_id": "health",
        "reason": "机构撤并",
        "vote_until": START + 7 * DAY,
    }
    return ProposeRemoval(**(usual | fields))


def vote(proposal: str = PORT, *, approve: bool = True) -> VoteMember:
    return VoteMember(proposal_id=proposal, approve=approve, reason="同意" if approve else "不同意")


def members(world: World) -> list[str]:
    return list(read_consortium(world.view()))


# --- Joining ----------------------------------------------------------------------------------------------------------


def test_an_organisation_joins_when_more_than_half_approve() -> None:
    world = founded()
    assert world.do("root", joining(world)) == "ok"
    assert world.do("finance-admin", vote()) == "ok"
    assert world.do("audit-admin", vote()) == "ok"
    assert "port" not in members(world)
    assert world.do("health-admin", vote()) == "ok"
    assert members(world) == ["audit", "city", "finance", "health", "port"]
    decided = world.records[-1].events[1]
    assert (decided.status, decided.approvals, decided.needed, decided.members) == ("approved", 3, 3, 4)
    assert world.do("root2", vote()) == "proposal_is_decided"
    assert world.broken_invariants() == []


def test_the_first_administrator_of_a_new_member_acts_for_it_alone() -> None:
    world = founded(("city",))
    world.must("root", joining(world))
    world.must("root2", vote())
    quay = RegisterOrganisation(
        organisation_id="quay", name="码头", kind="unit", parent="port", division_code="441900000"
    )
    school = RegisterOrganisation(
        organisation_id="class", name="班", kind="unit", parent="school", division_code="441900000"
    )
    assert world.do("port-admin", quay) == "ok"
    assert world.do("root", quay) == "signer_not_authorised_for_organisation"
    assert world.do("port-admin", school) == "signer_not_authorised_for_organisation"


def test_more_must_approve_where_more_sign_a_checkpoint() -> None:
    world = founded(threshold=4)
    world.must("root", joining(world))
    for person in ("finance-admin", "audit-admin", "health-admin"):
        world.must(person, vote())
    assert "port" not in members(world)
    assert world.do("root2", vote()) == "ok"
    assert "port" in members(world)


def test_an_organisation_votes_once_and_does_not_change_its_vote() -> None:
    world = founded()
    world.enrol("audit-admin2", "audit", "administrator")
    world.must("root", joining(world))
    world.must("audit-admin", vote())
    assert world.do("audit-admin", vote()) == "exists"
    assert world.do("audit-admin2", vote()) == "exists"
    assert world.do("audit-admin2", vote(approve=False)) == "organisation_voted_otherwise_before"
    assert len(read_proposal(world.view(), PORT).ballots) == 1


def test_only_administrators_of_members_propose_and_vote() -> None:
    world = founded()
    assert world.do("hospital-admin", joining(world, proposal_id="hospital:x")) == "organisation_is_not_a_member"
    assert world.do("auditor", joining(world)) == "signer_has_no_grant_for_command"
    assert world.do("root", joining(world, proposal_id="finance:x")) == "object_id_of_another_organisation"
    assert world.do("root", vote("city:nothing")) == "proposal_not_found"
    world.must("root", joining(world))
    assert world.do("hospital-admin", vote()) == "organisation_is_not_a_member"
    assert world.do("root", vote()) == "signer_approved_own_request"
    assert world.do("root2", vote()) == "ok"


def test_a_proposal_that_can_no_longer_pass_is_rejected_at_once() -> None:
    world = founded()
    world.must("root", joining(world))
    world.must("finance-admin", vote(approve=False))
    world.must("audit-admin", vote(approve=False))
    assert read_proposal(world.view(), PORT).status == "rejected"
    assert world.do("health-admin", vote()) == "proposal_is_decided"
    assert "port" not in members(world)


def test_a_vote_ends_by_itself() -> None:
    world = founded()
    assert world.do("root", joining(world, vote_until=START)) == "voting_time_is_over"
    world.must("root", joining(world, vote_until=START + DAY))
    world.must("finance-admin", vote())
    world.at(START + DAY - 1)
    assert read_proposal(world.view(), PORT).status == "open"
    world.at(START + DAY)
    assert read_proposal(world.view(), PORT).status == "expired"
    assert world.records[-1].signer == "ledger"
    assert world.do("audit-admin", vote()) == "proposal_is_decided"


def test_a_decided_proposal_does_not_expire() -> None:
    world = founded(("city",))
    world.must("root", joining(world, vote_until=START + DAY))
    world.must("root2", vote())
    world.at(START + DAY)
    assert world.records[-1].signer == "ledger"
    assert world.records[-1].events == []
    assert read_proposal(world.view(), PORT).status == "approved"


def test_the_same_proposal_again_is_known() -> None:
    world = founded()
    world.must("root", joining(world))
    assert world.do("root", joining(world)) == "exists"
    assert world.do("root", joining(world, name="口岸办")) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "name"
    assert world.do("root", leaving(proposal_id=PORT)) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "type"


def test_who_is_proposed_must_be_possible() -> None:
    world = founded()
    taken = Administrator(person_id="clerk", post="管理员", public_key=world.public("port-admin"))
    ledger = Administrator(person_id="ledger", post="管理员", public_key=world.public("port-admin"))
    for command, code in (
        (joining(world, administrator=None), "first_administrator_needed"),
        (joining(world, administrator=taken), "first_administrator_is_enrolled_already"),
        (joining(world, administrator=ledger), "id_is_reserved"),
        (joining(world, parent="nowhere"), "organisation_not_found"),
        (joining(world, checkpoint_key="a" * 128), "public_key_has_wrong_size"),
        (joining(world, checkpoint_key=world.public("node-of-audit")), "checkpoint_key_of_another_member"),
        (joining(world, organisation_id="audit"), "organisation_is_a_member_already"),
        (joining(world, organisation_id="school"), "exists_with_different_content"),
    ):
        assert world.do("root", command) == code
    assert world.do("root", joining(world, parent="city", administrator=None)) == "ok"


def test_a_registered_organisation_joins_with_the_content_it_has() -> None:
    world = founded(("city",))
    school = joining(world, organisation_id="school", name="school", kind="unit", parent="city", administrator=None)
    world.must("root", school)
    world.must("root2", vote())
    assert members(world) == ["city", "school"]


def test_what_became_impossible_is_refused_with_the_vote() -> None:
    world = founded(("city",))
    world.must("root", joining(world))
    world.enrol("port-admin", "school", "unit_business")
    assert world.do("root2", vote()) == "first_administrator_is_enrolled_already"
    assert read_proposal(world.view(), PORT).ballots == ()
    assert members(world) == ["city"]


# --- Leaving ----------------------------------------------------------------------------------------------------------


def test_a_member_leaves_when_the_others_approve() -> None:
    world = founded()
    assert world.do("root", leaving()) == "ok"
    assert world.do("root", leaving()) == "exists"
    assert world.do("root", joining(world, proposal_id=LEAVE)) == "exists_with_different_content"
    assert world.do("health-admin", vote(LEAVE, approve=False)) == "member_may_not_vote_on_own_removal"
    for person in ("finance-admin", "audit-admin", "root2"):
        assert world.do(person, vote(LEAVE)) == "ok"
    assert members(world) == ["audit", "city", "finance"]
    assert world.do("health-admin", joining(world, proposal_id="health:x")) == "organisation_is_not_a_member"
    assert world.broken_invariants() == []


def test_no_member_leaves_whose_key_is_needed() -> None:
    world = founded(("audit", "city", "finance"), threshold=3)
    assert world.do("root", leaving(organisation_id="audit")) == "removal_would_lose_the_quorum"
    assert world.do("root", leaving()) == "organisation_is_not_a_member"


def test_two_removals_together_do_not_lose_the_quorum() -> None:
    world = founded(("audit", "city", "finance", "health"), threshold=3)
    world.must("root", leaving())
    world.must("root", leaving(proposal_id="city:leave-audit", organisation_id="audit"))
    for person in ("root2", "finance-admin", "audit-admin"):
        world.must(person, vote(LEAVE))
    world.must("root2", vote("city:leave-audit"))
    assert read_proposal(world.view(), "city:leave-audit").status == "rejected"
    assert members(world) == ["audit", "city", "finance"]


def test_the_ballot_of_one_who_left_no_longer_counts() -> None:
    world = founded()
    world.must("root", joining(world))
    world.must("health-admin", vote())
    world.must("root", leaving())
    for person in ("finance-admin", "audit-admin", "root2"):
        world.must(person, vote(LEAVE))
    world.must("finance-admin", vote())
    assert "port" not in members(world)
    world.must("audit-admin", vote())
    assert "port" in members(world)


# --- For any sequence of votes ----------------------------------------------------------------------------------------

VOTERS = {"root2": "city", "finance-admin": "finance", "audit-admin": "audit", "health-admin": "health",
          "hospital-admin": None, "root": None}  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    threshold=st.integers(1, 4),
    ballots=st.lists(st.tuples(st.sampled_from(sorted(VOTERS)), st.booleans()), max_size=10),
)
def test_it_takes_k_distinct_organisations_never_fewer(threshold: int, ballots: list[tuple[str, bool]]) -> None:
    world = founded(threshold=threshold)
    world.must("root", joining(world))
    first: dict[str, bool] = {}
    needed = max(3, threshold)
    for person, approve in ballots:
        still_open = read_proposal(world.view(), PORT).status == "open"
        accepted = world.do(person, vote(approve=approve)) == "ok"
        organisation = VOTERS[person]
        assert accepted == (still_open and organisation is not None and organisation not in first)
        if accepted and organisation is not None:
            first[organisation] = approve
        assert ("port" in members(world)) == (sum(first.values()) >= needed)
    assert world.broken_invariants() == []


def test_votes_needed_are_more_than_half_and_no_fewer_than_sign() -> None:
    table = [(1, 1, 1), (2, 1, 2), (3, 1, 2), (4, 1, 3), (5, 1, 3), (5, 4, 4), (3, 3, 3), (4, 2, 3), (64, 1, 33)]
    for count, threshold, expected in table:
        assert votes_needed(count, threshold) == expected
