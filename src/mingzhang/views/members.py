"""Who takes part: organisations with their place in the tree, people with their keys, and the roles granted to them."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from mingzhang.chain.contracts.members import (
    CheckpointKeySet,
    GrantWithdrawn,
    KeyRenewed,
    KeyRevoked,
    OrganisationRegistered,
    PersonEnrolled,
    RoleGranted,
)
from mingzhang.views.batch import Batch
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Organisation(Row):
    """A registered organisation. `path` lists the ids from the root down, each ended by a slash."""

    organisation_id: str
    name: str
    kind: str
    parent: str | None
    path: str
    division_code: str
    checkpoint_key: str | None
    record: int


class Person(Row):
    """An enrolled person or service; `revoked_by` is "" while the key is valid."""

    person_id: str
    organisation: str
    post: str
    public_key: str
    name_commitment: str | None
    revoked_by: str
    revoked_reason: str
    record: int


class Grant(Row):
    """A role of a person over an organisation and all below it; `withdrawn` is the record that took it away."""

    person_id: str
    grant_id: str
    role: str
    organisation: str
    project_id: str | None
    from_time: int
    until_time: int | None
    record: int
    withdrawn: int | None
    withdrawn_reason: str


ORGANISATIONS = RowTable(
    "organisations",
    Organisation,
    key=("organisation_id",),
    indexes={"path": ("path",), "parent": ("parent",), "kind": ("kind",)},
)
PEOPLE = RowTable("people", Person, key=("person_id",), indexes={"organisation": ("organisation",)})
GRANTS = RowTable(
    "grants", Grant, key=("person_id", "grant_id"), indexes={"organisation": ("organisation",), "role": ("role",)}
)
_ORGANISATIONS = Listing(
    ORGANISATIONS, Organisation, sorts={"path": ("path", "organisation_id"), "name": ("name", "organisation_id")}
)
_PEOPLE = Listing(PEOPLE, Person, sorts={"person": ("person_id",)})
_GRANTS = Listing(GRANTS, Grant, sorts={"person": ("person_id", "grant_id")})


# --- Projectors ---


def project_organisation_registered(batch: Batch, event: OrganisationRegistered) -> None:
    """A new organisation."""
    batch.new(ORGANISATIONS, row_from(Organisation, event, record=batch.record.index))


def project_checkpoint_key_set(batch: Batch, event: CheckpointKeySet) -> None:
    """The organisation joined the consortium, or left it."""
    batch.get(ORGANISATIONS, event.organisation_id).checkpoint_key = event.checkpoint_key


def project_person_enrolled(batch: Batch, event: PersonEnrolled) -> None:
    """A new person."""
    batch.new(PEOPLE, row_from(Person, event, revoked_by="", revoked_reason="", record=batch.record.index))


def project_key_revoked(batch: Batch, event: KeyRevoked) -> None:
    """The key is not valid any more."""
    person = batch.get(PEOPLE, event.person_id)
    person.revoked_by, person.revoked_reason = event.by, event.reason


def project_key_renewed(batch: Batch, event: KeyRenewed) -> None:
    """Another key is."""
    person = batch.get(PEOPLE, event.person_id)
    person.public_key, person.revoked_by, person.revoked_reason = event.public_key, "", ""


def project_role_granted(batch: Batch, event: RoleGranted) -> None:
    """A grant, perhaps in place of a withdrawn one of the same name."""
    batch.put(
        GRANTS,
        row_from(
            Grant, event, project_id=event.project, record=batch.record.index, withdrawn=None, withdrawn_reason=""
        ),
    )


def project_grant_withdrawn(batch: Batch, event: GrantWithdrawn) -> None:
    """The grant has ended."""
    grant = batch.get(GRANTS, event.person_id, event.grant_id)
    grant.withdrawn, grant.withdrawn_reason = batch.record.index, event.reason


# --- Queries ---


def get_organisation(connection: sa.Connection, organisation: str) -> Organisation | None:
    """An organisation, or None."""
    return _ORGANISATIONS.one(connection, ORGANISATIONS.c.organisation_id == organisation)


def list_organisations(
    connection: sa.Connection,
    *,
    within: str | None = None,
    kind: str | None = None,
    sort: str = "path",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Organisation]:
    """Organisations, those of a tree when `within` names its top; sorted by path a tree reads from the top down."""
    conditions = [] if within is None else [under(connection, ORGANISATIONS.c.path, (within,))]
    if kind is not None:
        conditions.append(ORGANISATIONS.c.kind == kind)
    return _ORGANISATIONS.page(connection, conditions, sort=sort, limit=limit, after=after)


def under(connection: sa.Connection, path: "sa.ColumnElement[str]", tops: Iterable[str]) -> Condition:
    """The condition that a path lies in the tree of one of these organisations; of unknown ones none does."""
    wanted = sa.select(ORGANISATIONS.c.path).where(ORGANISATIONS.c.organisation_id.in_(tuple(tops)))
    paths = connection.execute(wanted).scalars()
    return sa.or_(sa.false(), *(sa.and_(path >= top, path < top[:-1] + "0") for top in paths))  # "0" follows "/".


def organisations_under(connection: sa.Connection, tops: Sequence[str]) -> list[str]:
    """Ids of all organisations in the trees of these, in order of path."""
    condition = under(connection, ORGANISATIONS.c.path, tops)
    found = sa.select(ORGANISATIONS.c.organisation_id).where(condition).order_by(ORGANISATIONS.c.path)
    return list(connection.execute(found).scalars())


def belongs_under(connection: sa.Connection, column: "sa.ColumnElement[str]", tops: Sequence[str]) -> Condition:
    """The condition that an organisation's id is one in the trees of these."""
    condition = under(connection, ORGANISATIONS.c.path, tops)
    return column.in_(sa.select(ORGANISATIONS.c.organisation_id).where(condition))


def get_person(connection: sa.Connection, person_id: str) -> Person | None:
    """A person, or None."""
    return _PEOPLE.one(connection, PEOPLE.c.person_id == person_id)


def list_people(
    connection: sa.Connection,
    *,
    within: str | None = None,
    role: str | None = None,
    sort: str = "person",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Person]:
    """People, of an organisation and those below it, or who were granted a role that was not withdrawn."""
    conditions: list[Condition] = []
    if within is not None:
        conditions.append(belongs_under(connection, PEOPLE.c.organisation, (within,)))
    if role is not None:
        holders = sa.select(GRANTS.c.person_id).where(GRANTS.c.role == role, GRANTS.c.withdrawn.is_(None))
        conditions.append(PEOPLE.c.person_id.in_(holders))
    return _PEOPLE.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_grants(
    connection: sa.Connection,
    *,
    person_id: str | None = None,
    within: str | None = None,
    role: str | None = None,
    withdrawn: bool = False,
    sort: str = "person",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Grant]:
    """Grants of a person, over an organisation and those below it, of a role; withdrawn ones only when wanted."""
    conditions: list[Condition] = [] if withdrawn else [GRANTS.c.withdrawn.is_(None)]
    if person_id is not None:
        conditions.append(GRANTS.c.person_id == person_id)
    if within is not None:
        conditions.append(belongs_under(connection, GRANTS.c.organisation, (within,)))
    if role is not None:
        conditions.append(GRANTS.c.role == role)
    return _GRANTS.page(connection, conditions, sort=sort, limit=limit, after=after)


PROJECTORS = {
    OrganisationRegistered: project_organisation_registered,
    CheckpointKeySet: project_checkpoint_key_set,
    PersonEnrolled: project_person_enrolled,
    KeyRevoked: project_key_revoked,
    KeyRenewed: project_key_renewed,
    RoleGranted: project_role_granted,
    GrantWithdrawn: project_grant_withdrawn,
}
