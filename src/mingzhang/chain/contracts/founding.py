"""Genesis: the ledger's name, suite and clock, its founding organisations and first people, in one recorded command.

What it fixes is kept by settings.py and members.py, whose events it gives.
"""

from typing import Annotated, Literal

from msgspec import Meta

from mingzhang.chain.codec import Code64, Id, Name, PublicKey, Seconds, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import members as codes
from mingzhang.chain.contracts.members import (
    KEY_BYTES,
    KINDS,
    OrganisationRegistered,
    PersonEnrolled,
    RoleGranted,
    check_role,
)
from mingzhang.chain.contracts.settings import LedgerFounded, TimeStated, is_founded
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

# --- Commands ---


class Founder(Wire, frozen=True, tag=False):
    """An organisation of the consortium at genesis; its key signs checkpoints."""

    organisation_id: Id
    name: Name
    kind: KINDS
    parent: Id | None
    division_code: Code64
    checkpoint_key: PublicKey | None


class Founding(Wire, frozen=True, tag=False):
    """A person enrolled at genesis with one role over one organisation."""

    person_id: Id
    organisation: Id
    post: Name
    public_key: PublicKey
    roles: list[str]


class FoundLedger(Wire, frozen=True, tag="founding.found/1"):
    """Genesis: the ledger's name, crypto suite and clock, its founding members and first administrators.

    `clock` is `block` (the block's own time) or `stated` (沙盒时钟: a clock keeper moves ledger time; for stories,
    training and tests). `checkpoint_threshold` is how many members must sign a checkpoint. `notice` is shown with
    everything from this ledger, such as 演示数据.
    """

    chain_id: Id
    suite: Literal["gm", "intl"]
    clock: Literal["block", "stated"]
    time: Seconds
    notice: Annotated[str, Meta(max_length=400)]
    checkpoint_threshold: Annotated[int, Meta(ge=1, le=64)]
    organisations: Annotated[list[Founder], Meta(min_length=1, max_length=256)]
    people: Annotated[list[Founding], Meta(min_length=1, max_length=64)]


# --- Events ---

# The events of the settings and members contracts say it all.

# --- Keys ---

# Likewise.

# --- Rules ---


def decide_found_ledger(view: View, item: Item, block: Block) -> list[Wire]:
    """Genesis. The command was checked by whoever founds; a second founding is refused."""
    command: FoundLedger = item.command
    if is_founded(view):
        raise Refused(codes.FOUNDED_BEFORE)
    events: list[Wire] = [
        LedgerFounded(
            chain_id=command.chain_id,
            suite=command.suite,
            clock=command.clock,
            notice=command.notice,
            checkpoint_threshold=command.checkpoint_threshold,
        ),
        TimeStated(time=command.time),
    ]
    paths: dict[str, str] = {}
    events += [_register(founder, paths) for founder in command.organisations]
    for person in command.people:
        if person.organisation not in paths:
            raise Refused(codes.ORGANISATION_UNKNOWN, organisation=person.organisation)
        if len(person.public_key) != 2 * KEY_BYTES[command.suite]:
            raise Refused(codes.PUBLIC_KEY_WRONG_SIZE, bytes=KEY_BYTES[command.suite], suite=command.suite)
        events += _enrol(person)
    return events


def _register(founder: Founder, paths: dict[str, str]) -> OrganisationRegistered:
    if founder.parent is not None and founder.parent not in paths:
        raise Refused(codes.ORGANISATION_UNKNOWN, organisation=founder.parent)
    path = (paths[founder.parent] if founder.parent is not None else "") + founder.organisation_id + "/"
    paths[founder.organisation_id] = path
    return OrganisationRegistered(
        organisation_id=founder.organisation_id,
        name=founder.name,
        kind=founder.kind,
        parent=founder.parent,
        path=path,
        division_code=founder.division_code,
        checkpoint_key=founder.checkpoint_key,
    )


def _enrol(person: Founding) -> list[Wire]:
    events: list[Wire] = [
        PersonEnrolled(
            person_id=person.person_id,
            organisation=person.organisation,
            post=person.post,
            public_key=person.public_key,
            name_commitment=None,
        )
    ]
    for role in person.roles:
        check_role(role)
        events.append(
            RoleGranted(
                grant_id=f"genesis-{role.replace('_', '-')}",
                person_id=person.person_id,
                role=role,
                organisation=person.organisation,
                project=None,
                from_time=0,
                until_time=None,
            )
        )
    return events


COMMANDS = {FoundLedger: Operation(decide_found_ledger)}
EVENTS: dict[type, Evolve] = {}
