"""Who takes part and may do what: enrolment, keys, grants, genesis and the sandbox clock, one line a command."""

from typing import Any

import pytest
from tests.chain.world import START, World

from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts import REGISTRY, founding, members
from mingzhang.chain.contracts.credentials import GrantRole, RenewKey, RevokeKey, WithdrawGrant
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.contracts.members import EnrolPerson, RegisterOrganisation, check_authority, holds_role
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.chain.machine import Machine
from mingzhang.chain.operations import Block
from mingzhang.chain.outcome import Head
from mingzhang.chain.suites import suite_named

DAY = 24 * 3600


def enrol(world: World, person: str, organisation: str = "hospital") -> EnrolPerson:
    return EnrolPerson(
        person_id=person,
        organisation=organisation,
        post="会计",
        public_key=world.public(person),
        name_commitment="a" * 64,
    )


def grant(person: str = "clerk", **fields: Any) -> GrantRole:
    given = {
        "grant_id": "extra",
        "person_id": person,
        "role": "unit_head",
        "organisation": "hospital",
        "project": None,
        "from_time": 0,
        "until_time": None,
    }
    return GrantRole(**(given | fields))


def may(world: World, person: str, role: str, organisation: str, *, project: str | None = None) -> bool:
    """Whether check_authority lets the person act at the ledger's present time."""
    block = Block(world.head.height, world.time)
    try:
        check_authority(world.view(), person, (role,), organisation=organisation, block=block, project=project)
    except Refused as refusal:
        return refusal.code.name != "signer_not_authorised_for_organisation"
    return True


@pytest.fixture
def world() -> World:
    return World()


# --- Organisations ----------------------------------------------------------------------------------------------------


def test_organisations_register_below_one_another(world: World) -> None:
    clinic = RegisterOrganisation(
        organisation_id="clinic", name="门诊部", kind="unit", parent="hospital", division_code="441900000"
    )
    elsewhere = RegisterOrganisation(
        organisation_id="x", name="x", kind="unit", parent="nowhere", division_code="441900000"
    )
    renamed = RegisterOrganisation(
        organisation_id="clinic", name="急诊部", kind="unit", parent="hospital", division_code="441900000"
    )
    moved = RegisterOrganisation(
        organisation_id="clinic", name="门诊部", kind="unit", parent="school", division_code="441900000"
    )
    assert world.do("clerk", clinic) == "signer_has_no_grant_for_command"
    assert world.do("root", elsewhere) == "organisation_not_found"
    assert world.do("root", clinic) == "ok"
    assert world.do("root", clinic) == "exists"
    assert world.do("root", renamed) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "name"
    assert world.do("root", moved) == "exists_with_different_content"
    assert world.records[-1].facts["field"] == "path"
    assert members.read_organisation(world.view(), "clinic").path == "city/health/hospital/clinic/"


def test_an_administrator_of_one_subtree_stops_at_its_edge(world: World) -> None:
    world.enrol("hospital-admin", "hospital", "administrator")
    below_school = RegisterOrganisation(
        organisation_id="class", name="class", kind="unit", parent="school", division_code="441900000"
    )
    assert world.do("hospital-admin", below_school) == "signer_not_authorised_for_organisation"
    assert world.do("hospital-admin", enrol(world, "pupil", "school")) == "signer_not_authorised_for_organisation"
    assert world.do("hospital-admin", enrol(world, "nurse", "hospital")) == "ok"


# --- People and keys --------------------------------------------------------------------------------------------------


def test_a_person_is_enrolled_once(world: World) -> None:
    assert world.do("root", enrol(world, "nurse")) == "ok"
    assert world.do("root", enrol(world, "nurse")) == "exists"
    world.keys["nurse"] = world.suite.generate_private_key()
    assert world.do("root", enrol(world, "nurse")) == "exists_with_different_content"
    assert world.do("root", enrol(world, "ghost", "nowhere")) == "organisation_not_found"
    assert members.read_organisation_of(world.view(), "nurse") == "hospital"


def test_nobody_is_called_ledger(world: World) -> None:
    assert world.do("root", enrol(world, "ledger")) == "id_is_reserved"


def test_a_key_of_another_suite_is_refused(world: World) -> None:
    foreign = EnrolPerson(
        person_id="nurse", organisation="hospital", post="护士", public_key="b" * 128, name_commitment=None
    )
    assert world.do("root", foreign) == "public_key_has_wrong_size"
    assert world.records[-1].facts == {"bytes": 32, "suite": "intl"}


def test_an_enrolled_person_without_a_grant_does_nothing(world: World) -> None:
    world.must("root", enrol(world, "nurse"))
    before = len(world.leaves)
    assert world.do("nurse", enrol(world, "other")) == "signer_has_no_grant_for_command"
    assert len(world.leaves) == before


def test_a_key_is_renewed_by_two_people(world: World) -> None:
    old = world.key("clerk")
    fresh = world.suite.generate_private_key()
    renew = RenewKey(person_id="clerk", public_key=world.suite.public_key(fresh).hex())
    assert world.do("root", renew) == "key_must_be_revoked_first"
    assert world.do("root", RevokeKey(person_id="clerk", reason="U 盾遗失")) == "ok"
    assert world.do("root", RevokeKey(person_id="clerk", reason="U 盾遗失")) == "exists"
    assert world.do("clerk", RevokeKey(person_id="clerk", reason="again")) == "signer_revoked"
    assert world.do("root", renew) == "two_people_required"
    assert world.do("root2", RenewKey(person_id="clerk", public_key=world.public("clerk"))) == "key_must_be_new"
    assert world.do("root2", RenewKey(person_id="clerk", public_key="b" * 128)) == "public_key_has_wrong_size"
    assert world.do("root2", renew) == "ok"
    assert world.do("clerk", RevokeKey(person_id="clerk", reason="x")) == "key_not_of_signer"
    world.keys["clerk"] = fresh
    assert world.do("clerk", RevokeKey(person_id="clerk", reason="x")) == "ok"
    assert world.key("clerk") != old


def test_whoever_revokes_their_own_key_does_not_renew_it(world: World) -> None:
    fresh = world.suite.public_key(world.suite.generate_private_key()).hex()
    world.must("root2", RevokeKey(person_id="root2", reason="lost"))
    assert world.do("root2", RenewKey(person_id="root2", public_key=fresh)) == "signer_revoked"
    assert world.do("root", RenewKey(person_id="root2", public_key=fresh)) == "ok"


def test_a_key_is_revoked_by_its_person_or_an_administrator(world: World) -> None:
    assert world.do("head", RevokeKey(person_id="clerk", reason="x")) == "signer_not_authorised_for_organisation"
    assert world.do("root", RevokeKey(person_id="nobody", reason="x")) == "person_not_found"
    assert world.do("root", RenewKey(person_id="nobody", public_key="c" * 64)) == "person_not_found"
    assert world.do("clerk", RevokeKey(person_id="clerk", reason="离岗")) == "ok"


def test_a_key_revoked_earlier_in_a_block_signs_nothing_later_in_it(world: World) -> None:
    revoke = world.sign("root", RevokeKey(person_id="clerk", reason="stolen"))
    late = world.sign("clerk", RevokeKey(person_id="clerk", reason="by the thief"))
    results = world.submit(revoke, late).results
    assert results[0].items[0][1] == "ok"
    assert results[1].door is not None
    assert results[1].door.name == "signer_revoked"


# --- Grants -----------------------------------------------------------------------------------------------------------


def test_a_grant_covers_the_subtree_and_nothing_else(world: World) -> None:
    assert may(world, "reviewer", "department_reviewer", "health")
    assert may(world, "reviewer", "department_reviewer", "hospital")
    assert not may(world, "reviewer", "department_reviewer", "school")
    assert not may(world, "reviewer", "department_reviewer", "city")
    assert not may(world, "reviewer", "auditor", "hospital")
    assert not may(world, "nobody", "auditor", "hospital")


def test_an_organisation_whose_id_begins_alike_is_not_covered(world: World) -> None:
    world.register("health2", "city")
    world.register("ospital", "city")
    assert not may(world, "reviewer", "department_reviewer", "health2")
    assert not may(world, "clerk", "unit_business", "ospital")


def test_a_grant_for_one_project_covers_that_project_only(world: World) -> None:
    world.must("root", grant("schoolclerk", role="attestor", project="hospital:ward"))
    assert may(world, "schoolclerk", "attestor", "hospital", project="hospital:ward")
    assert not may(world, "schoolclerk", "attestor", "hospital", project="hospital:garden")
    assert not may(world, "schoolclerk", "attestor", "hospital")


def test_a_grant_holds_from_its_first_second_to_before_its_last(world: World) -> None:
    world.must("root", grant(from_time=START + DAY, until_time=START + 2 * DAY))
    for time, expected in ((START + DAY - 1, False), (START + DAY, True), (START + 2 * DAY - 1, True),
                           (START + 2 * DAY, False)):  # fmt: skip
        world.at(time)
        assert may(world, "clerk", "unit_head", "hospital") is expected
        assert holds_role(world.view(), "clerk", ("unit_head",), time=world.time) is expected


def test_a_span_that_is_empty_is_refused(world: World) -> None:
    assert world.do("root", grant(from_time=START, until_time=START)) == "grant_span_is_empty"
    assert world.do("root", grant(from_time=START, until_time=START + 1)) == "ok"


def test_nobody_grants_themselves(world: World) -> None:
    assert world.do("root", grant("root", role="auditor", organisation="city")) == "signer_granted_own_role"
    assert world.do("root2", grant("root", role="auditor", organisation="city")) == "ok"


def test_a_grant_needs_a_known_role_person_and_organisation(world: World) -> None:
    assert world.do("root", grant(role="emperor")) == "role_not_found"
    assert world.do("root", grant("nobody")) == "person_not_found"
    assert world.do("root", grant(organisation="nowhere")) == "organisation_not_found"
    assert world.do("root", grant()) == "ok"
    assert world.do("root", grant(role="auditor")) == "grant_already_held"


def test_a_withdrawn_grant_is_gone(world: World) -> None:
    world.must("root", grant())
    assert may(world, "clerk", "unit_head", "hospital")
    withdraw = WithdrawGrant(grant_id="extra", person_id="clerk", reason="轮岗")
    assert world.do("head", withdraw) == "signer_has_no_grant_for_command"
    assert world.do("root", WithdrawGrant(grant_id="other", person_id="clerk", reason="轮岗")) == "grant_not_found"
    assert world.do("root", WithdrawGrant(grant_id="extra", person_id="nobody", reason="轮岗")) == "person_not_found"
    assert world.do("root", withdraw) == "ok"
    assert not may(world, "clerk", "unit_head", "hospital")
    assert may(world, "clerk", "unit_business", "hospital")
    assert world.do("root", withdraw) == "grant_not_found"


# --- Genesis and the clock --------------------------------------------------------------------------------------------


def genesis_of(world: World) -> FoundLedger:
    command = world.records[0].command
    assert isinstance(command, FoundLedger)
    return command


def test_a_ledger_is_founded_once(world: World) -> None:
    assert world.do("root", genesis_of(world)) == "command_is_internal"
    outcome = world.machine.apply_genesis(genesis_of(world), START, "11" * 16)
    record = REGISTRY.records.decode(outcome.leaves[0])
    assert (record.code, record.events) == ("ledger_already_founded", [])


@pytest.mark.parametrize(
    ("people", "code"),
    [
        ({"organisation": "nowhere"}, "organisation_not_found"),
        ({"public_key": "b" * 128}, "public_key_has_wrong_size"),
        ({"roles": ["emperor"]}, "role_not_found"),
    ],
)
def test_a_founding_names_what_exists(people: dict[str, Any], code: str) -> None:
    world = World()
    genesis = genesis_of(world)
    first = genesis.people[0]
    fields = {name: getattr(first, name) for name in founding.Founding.__struct_fields__} | people
    rest = {name: getattr(genesis, name) for name in FoundLedger.__struct_fields__}
    command = FoundLedger(**(rest | {"people": [founding.Founding(**fields)]}))
    empty = type(world.reader)()
    machine = Machine(REGISTRY, suite_named("intl"), chain_id="test-city", reader=empty)
    assert REGISTRY.records.decode(machine.apply_genesis(command, START, "11" * 16).leaves[0]).code == code


def test_the_sandbox_clock_goes_forward_by_its_keeper_only(world: World) -> None:
    assert world.do("clerk", StateTime(time=START + DAY)) == "signer_has_no_grant_for_command"
    assert world.do("root", StateTime(time=START - 1)) == "time_must_not_go_back"
    assert world.do("root", StateTime(time=START)) == "ok"
    assert world.do("root", StateTime(time=START + DAY)) == "ok"
    assert world.time == START + DAY
    assert world.do("root", StateTime(time=START)) == "time_must_not_go_back"
    assert world.records[-1].time == START + DAY


def test_a_ledger_with_block_time_lets_nobody_state_it() -> None:
    world = World(clock="block")
    assert world.do("root", StateTime(time=START + DAY)) == "clock_is_not_stated"
    assert world.machine.block_time(START + 7) == START + 7


def test_a_block_is_never_before_the_last(world: World) -> None:
    outcome = world.machine.apply_block(
        Head(world.head.height, START + 100, world.head.frontier), START,
        [world.machine.open(world.sign("root", enrol(world, "nurse")))], verified=set(),
    )  # fmt: skip
    assert outcome.head.time == START + 100
