"""Keys and roles of people who are enrolled: revoked, renewed by two people, granted, withdrawn.

Whom they belong to, and the events by which they change, is in members.py.
"""

from mingzhang.chain.codec import Id, ObjectId, PublicKey, Seconds, Text, Wire
from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.codes import members as codes
from mingzhang.chain.contracts.members import (
    ROLES,
    GrantWithdrawn,
    KeyRenewed,
    KeyRevoked,
    RoleGranted,
    check_authority,
    check_key,
    check_role,
    read_person,
)
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

# --- Commands ---


class RevokeKey(Wire, frozen=True, tag="members.revoke_key/1"):
    """Revoke a person's key, at once and for good."""

    person_id: Id
    reason: Text


class RenewKey(Wire, frozen=True, tag="members.renew_key/1"):
    """Enrol a new key for a person whose key was revoked; another administrator than the one who revoked."""

    person_id: Id
    public_key: PublicKey


class GrantRole(Wire, frozen=True, tag="members.grant_role/1"):
    """Grant a role over an organisation and all below it, perhaps for one project and a span of ledger time only."""

    grant_id: Id
    person_id: Id
    role: Id
    organisation: Id
    project: ObjectId | None
    from_time: Seconds
    until_time: Seconds | None


class WithdrawGrant(Wire, frozen=True, tag="members.withdraw_grant/1"):
    """Withdraw a grant, with a reason."""

    grant_id: Id
    person_id: Id
    reason: Text


# --- Events ---

# The events of the members contract say it all.

# --- Keys ---

# Likewise.

# --- Rules ---


def decide_revoke_key(view: View, item: Item, block: Block) -> list[Wire]:
    """An administrator, or the person themselves, revokes a key."""
    command: RevokeKey = item.command
    person = read_person(view, command.person_id)
    if item.signer != command.person_id:
        check_authority(view, item.signer, ("administrator",), organisation=person.organisation, block=block)
    if person.revoked_by:
        raise Refused(kernel.EXISTS, object_id=command.person_id)
    return [KeyRevoked(person_id=command.person_id, reason=command.reason, by=item.signer)]


def decide_renew_key(view: View, item: Item, block: Block) -> list[Wire]:
    """A second administrator enrols the new key of a person whose key was revoked."""
    command: RenewKey = item.command
    person = read_person(view, command.person_id)
    check_authority(view, item.signer, ("administrator",), organisation=person.organisation, block=block)
    if not person.revoked_by:
        raise Refused(codes.KEY_NOT_REVOKED, person=command.person_id)
    if item.signer in (person.revoked_by, command.person_id):
        raise Refused(codes.SAME_PERSON_TWICE, signer=item.signer)
    check_key(view, command.public_key)
    if command.public_key == person.public_key:
        raise Refused(codes.KEY_NOT_NEW, person=command.person_id)
    return [KeyRenewed(person_id=command.person_id, public_key=command.public_key)]


def decide_grant_role(view: View, item: Item, block: Block) -> list[Wire]:
    """An administrator of the organisation grants a role over it to somebody else."""
    command: GrantRole = item.command
    check_authority(view, item.signer, ("administrator",), organisation=command.organisation, block=block)
    check_role(command.role)
    person = read_person(view, command.person_id)
    if item.signer == command.person_id:
        raise Refused(codes.OWN_GRANT, signer=item.signer)
    if any(grant.grant_id == command.grant_id for grant in person.grants):
        raise Refused(codes.GRANT_EXISTS, person=command.person_id, grant=command.grant_id)
    if command.until_time is not None and command.until_time <= command.from_time:
        raise Refused(codes.GRANT_SPAN_EMPTY, from_time=command.from_time, until_time=command.until_time)
    return [
        RoleGranted(
            grant_id=command.grant_id,
            person_id=command.person_id,
            role=command.role,
            organisation=command.organisation,
            project=command.project,
            from_time=command.from_time,
            until_time=command.until_time,
        )
    ]


def decide_withdraw_grant(view: View, item: Item, block: Block) -> list[Wire]:
    """An administrator withdraws a grant."""
    command: WithdrawGrant = item.command
    person = read_person(view, command.person_id)
    for grant in person.grants:
        if grant.grant_id == command.grant_id:
            check_authority(view, item.signer, ("administrator",), organisation=grant.organisation, block=block)
            return [
                GrantWithdrawn(
                    grant_id=grant.grant_id,
                    person_id=person.person_id,
                    role=grant.role,
                    organisation=grant.organisation,
                    reason=command.reason,
                )
            ]
    raise Refused(codes.GRANT_UNKNOWN, person=command.person_id, grant=command.grant_id)


_ADMINISTRATOR = ("administrator",)

COMMANDS = {
    RevokeKey: Operation(decide_revoke_key, tuple(ROLES)),
    RenewKey: Operation(decide_renew_key, _ADMINISTRATOR),
    GrantRole: Operation(decide_grant_role, _ADMINISTRATOR),
    WithdrawGrant: Operation(decide_withdraw_grant, _ADMINISTRATOR),
}
EVENTS: dict[type, Evolve] = {}
