"""Who takes part: organisations, people with their keys and the roles granted to them.

Other contracts ask here whether a signer may act for an organisation; what they may then do is theirs to say. How keys
are revoked and renewed and roles granted and withdrawn is in credentials.py, whose events are kept here.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from mingzhang.chain.codec import Code64, Commitment, Id, Name, PublicKey, Wire
from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.codes import members as codes
from mingzhang.chain.contracts.settings import read_settings
from mingzhang.chain.operations import LEDGER, Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

ROLES = {
    "administrator": "系统管理员",
    "clock_keeper": "沙盒时钟管理",
    "standards_committee": "标准委员会",
    "unit_business": "单位业务经办",
    "unit_finance": "单位财务",
    "unit_head": "单位负责人",
    "department_reviewer": "主管部门审核",
    "finance_budget": "财政预算管理",
    "finance_treasury": "财政国库管理",
    "finance_performance": "财政绩效管理",
    "auditor": "审计人员",
    "bank": "代理银行/国库清算",
    "attestor": "监理/第三方见证",
    "contractor": "供应商/施工方",
    "expert": "绩效专家",
    "congress": "人大监督",
    "publisher": "信息公开经办",
}
"""Role ids and their names in the field."""

KINDS = Literal[
    "government", "finance", "audit", "congress", "department", "unit", "bank", "supervisor", "supplier", "agency"
]
KEY_BYTES = {"gm": 64, "intl": 32}


# --- Commands ---


class RegisterOrganisation(Wire, frozen=True, tag="members.register_organisation/1"):
    """Register an organisation below another: a budget unit, supplier, bank, supervisor."""

    organisation_id: Id
    name: Name
    kind: KINDS
    parent: Id
    division_code: Code64


class EnrolPerson(Wire, frozen=True, tag="members.enrol_person/1"):
    """Enrol a person or service with a public key. The name is sealed; `post` is what everyone sees."""

    person_id: Id
    organisation: Id
    post: Name
    public_key: PublicKey
    name_commitment: Commitment | None


# --- Events ---


class OrganisationRegistered(Wire, frozen=True, tag="members.organisation_registered/1"):
    """`path` lists the ids from the root down, each ended by a slash; it decides what a grant covers."""

    organisation_id: str
    name: str
    kind: str
    parent: str | None
    path: str
    division_code: str
    checkpoint_key: str | None


class CheckpointKeySet(Wire, frozen=True, tag="members.checkpoint_key_set/1"):
    """The organisation joined the consortium with this key, or (null) left it; it stays registered."""

    organisation_id: str
    checkpoint_key: str | None


class PersonEnrolled(Wire, frozen=True, tag="members.person_enrolled/1"):
    """A person or service may sign with this key."""

    person_id: str
    organisation: str
    post: str
    public_key: str
    name_commitment: str | None


class KeyRevoked(Wire, frozen=True, tag="members.key_revoked/1"):
    """The person's key is refused at the door from the next item on."""

    person_id: str
    reason: str
    by: str


class KeyRenewed(Wire, frozen=True, tag="members.key_renewed/1"):
    """The person signs with a new key."""

    person_id: str
    public_key: str


class RoleGranted(Wire, frozen=True, tag="members.role_granted/1"):
    """See credentials.GrantRole."""

    grant_id: str
    person_id: str
    role: str
    organisation: str
    project: str | None
    from_time: int
    until_time: int | None


class GrantWithdrawn(Wire, frozen=True, tag="members.grant_withdrawn/1"):
    """See credentials.WithdrawGrant."""

    grant_id: str
    person_id: str
    role: str
    organisation: str
    reason: str


# --- Keys ---


class Organisation(msgspec.Struct, frozen=True):
    """A registered organisation; one of the consortium has a key that signs checkpoints."""

    organisation_id: str
    name: str
    kind: str
    path: str
    division_code: str
    checkpoint_key: str | None


class Grant(msgspec.Struct, frozen=True):
    """A role over an organisation's subtree; `project` None means all projects, `until_time` None means open-ended."""

    grant_id: str
    role: str
    organisation: str
    project: str | None
    from_time: int
    until_time: int | None


class Person(msgspec.Struct, frozen=True):
    """An enrolled person or service with grants; `revoked_by` is "" while the key is valid."""

    person_id: str
    organisation: str
    public_key: str
    grants: tuple[Grant, ...]
    revoked_by: str


ORGANISATION = Key("members/organisation", Organisation)
"""members/organisation/<organisation>"""
PERSON = Key("members/person", Person)
"""members/person/<person>: key and grants of a signer."""


# --- Rules ---


def check_role(role: str) -> None:
    """Refuse a role that is not in the table of roles."""
    if role not in ROLES:
        raise Refused(codes.ROLE_UNKNOWN, role=role)


def check_key(view: View, public_key: str) -> None:
    """Refuse a public key that is not of the ledger's crypto suite, by its length."""
    settings = read_settings(view)
    expected = KEY_BYTES[settings.suite]
    if len(public_key) != 2 * expected:
        raise Refused(codes.PUBLIC_KEY_WRONG_SIZE, bytes=expected, suite=settings.suite)


def find_organisation(view: View, organisation: str) -> Organisation | None:
    """A registered organisation, or None."""
    return view.get(ORGANISATION, organisation)


def read_organisation(view: View, organisation: str) -> Organisation:
    """A registered organisation. Raises Refused."""
    found = view.get(ORGANISATION, organisation)
    if found is None:
        raise Refused(codes.ORGANISATION_UNKNOWN, organisation=organisation)
    return found


def read_consortium(view: View) -> dict[str, str]:
    """Organisations of the consortium and their checkpoint keys, by id: those who sign checkpoints and vote."""
    members = ((name, found.checkpoint_key) for name, found in view.scan(ORGANISATION))
    return {name: key for name, key in members if key is not None}


def read_person(view: View, person_id: str) -> Person:
    """An enrolled person or service. Raises Refused."""
    person = view.get(PERSON, person_id)
    if person is None:
        raise Refused(codes.PERSON_UNKNOWN, person=person_id)
    return person


def read_organisation_of(view: View, signer: str) -> str:
    """The organisation a signer belongs to. Raises Refused."""
    return read_person(view, signer).organisation


def check_authority(
    view: View, signer: str, roles: tuple[str, ...], *, organisation: str, block: Block, project: str | None = None
) -> None:
    """Refuse unless the signer now holds one of the roles for the organisation (and project, where one is given)."""
    person = view.get(PERSON, signer)
    path = "/" + read_organisation(view, organisation).path
    if person is not None:
        for grant in person.grants:
            if (
                grant.role in roles
                and "/" + grant.organisation + "/" in path
                and grant.from_time <= block.time
                and (grant.until_time is None or block.time < grant.until_time)
                and (grant.project is None or grant.project == project)
            ):
                return
    named = "、".join(ROLES[role] for role in roles)
    raise Refused(codes.NOT_AUTHORISED, signer=signer, organisation=organisation, roles=named)


def check_not_same_person(signer: str, submitter: str) -> None:
    """Refuse when somebody would approve what they submitted."""
    if signer == submitter:
        raise Refused(codes.OWN_APPROVAL, signer=signer)


def check_own_prefix(object_id: str, organisation: str) -> None:
    """Refuse an object id that does not begin with the organisation that makes it."""
    if object_id.partition(":")[0] != organisation:
        raise Refused(kernel.OBJECT_OF_ANOTHER_ORGANISATION, object_id=object_id, organisation=organisation)


def check_same(object_id: str, stored: msgspec.Struct, given: Mapping[str, object]) -> None:
    """For an id that is taken: refuse as `exists` when all given fields are as stored, else name one that differs."""
    for name, value in given.items():
        if getattr(stored, name) != value:
            raise Refused(kernel.EXISTS_WITH_DIFFERENT, object_id=object_id, field=name)
    raise Refused(kernel.EXISTS, object_id=object_id)


def key_of(view: View, signer: str) -> tuple[str, bool] | None:
    """For the door: (public key in hexadecimal, still valid), or None."""
    person = view.get(PERSON, signer)
    return None if person is None else (person.public_key, person.revoked_by == "")


def holds_role(view: View, signer: str, roles: tuple[str, ...], *, time: int) -> bool:
    """For the door: whether the signer holds one of the roles anywhere at this time."""
    person = view.get(PERSON, signer)
    return person is not None and any(
        grant.role in roles and grant.from_time <= time and (grant.until_time is None or time < grant.until_time)
        for grant in person.grants
    )


def decide_register_organisation(view: View, item: Item, block: Block) -> list[Wire]:
    """An administrator of the parent registers an organisation below it."""
    command: RegisterOrganisation = item.command
    parent = read_organisation(view, command.parent)
    check_authority(view, item.signer, ("administrator",), organisation=command.parent, block=block)
    path = parent.path + command.organisation_id + "/"
    stored = view.get(ORGANISATION, command.organisation_id)
    if stored is not None:
        given = {"name": command.name, "kind": command.kind, "path": path, "division_code": command.division_code}
        check_same(command.organisation_id, stored, given)
    return [
        OrganisationRegistered(
            organisation_id=command.organisation_id,
            name=command.name,
            kind=command.kind,
            parent=command.parent,
            path=path,
            division_code=command.division_code,
            checkpoint_key=None,
        )
    ]


def decide_enrol_person(view: View, item: Item, block: Block) -> list[Wire]:
    """An administrator enrols a person of an organisation in scope."""
    command: EnrolPerson = item.command
    check_authority(view, item.signer, ("administrator",), organisation=command.organisation, block=block)
    if command.person_id == LEDGER:
        raise Refused(codes.RESERVED_ID, person=command.person_id)
    check_key(view, command.public_key)
    stored = view.get(PERSON, command.person_id)
    if stored is not None:
        given = {"organisation": command.organisation, "public_key": command.public_key}
        check_same(command.person_id, stored, given)
    return [PersonEnrolled(**{name: getattr(command, name) for name in EnrolPerson.__struct_fields__})]


def evolve_organisation_registered(draft: Draft, event: OrganisationRegistered) -> None:
    """Store the organisation."""
    fields = {name: getattr(event, name) for name in Organisation.__struct_fields__}
    draft.put(ORGANISATION, event.organisation_id, Organisation(**fields))


def evolve_checkpoint_key_set(draft: Draft, event: CheckpointKeySet) -> None:
    """Put the organisation's checkpoint key in place, or take it away."""
    organisation = draft.get(ORGANISATION, event.organisation_id)
    if organisation is not None:
        changed = msgspec.structs.replace(organisation, checkpoint_key=event.checkpoint_key)
        draft.put(ORGANISATION, event.organisation_id, changed)


def evolve_person_enrolled(draft: Draft, event: PersonEnrolled) -> None:
    """Store the person, without grants."""
    person = Person(
        person_id=event.person_id,
        organisation=event.organisation,
        public_key=event.public_key,
        grants=(),
        revoked_by="",
    )
    draft.put(PERSON, event.person_id, person)


def evolve_key_revoked(draft: Draft, event: KeyRevoked) -> None:
    """Mark the key revoked."""
    _change(draft, event.person_id, revoked_by=event.by)


def evolve_key_renewed(draft: Draft, event: KeyRenewed) -> None:
    """Put the new key in place."""
    _change(draft, event.person_id, public_key=event.public_key, revoked_by="")


def evolve_role_granted(draft: Draft, event: RoleGranted) -> None:
    """Add the grant."""
    person = draft.get(PERSON, event.person_id)
    if person is not None:
        grant = Grant(**{name: getattr(event, name) for name in Grant.__struct_fields__})
        _change(draft, event.person_id, grants=(*person.grants, grant))


def evolve_grant_withdrawn(draft: Draft, event: GrantWithdrawn) -> None:
    """Take the grant away."""
    person = draft.get(PERSON, event.person_id)
    if person is not None:
        kept = tuple(grant for grant in person.grants if grant.grant_id != event.grant_id)
        _change(draft, event.person_id, grants=kept)


def _change(draft: Draft, person_id: str, **fields: object) -> None:
    person = draft.get(PERSON, person_id)
    if person is not None:
        draft.put(PERSON, person_id, msgspec.structs.replace(person, **fields))


_ADMINISTRATOR = ("administrator",)

COMMANDS = {
    RegisterOrganisation: Operation(decide_register_organisation, _ADMINISTRATOR),
    EnrolPerson: Operation(decide_enrol_person, _ADMINISTRATOR),
}
EVENTS = {
    OrganisationRegistered: evolve_organisation_registered,
    CheckpointKeySet: evolve_checkpoint_key_set,
    PersonEnrolled: evolve_person_enrolled,
    KeyRevoked: evolve_key_revoked,
    KeyRenewed: evolve_key_renewed,
    RoleGranted: evolve_role_granted,
    GrantWithdrawn: evolve_grant_withdrawn,
}
