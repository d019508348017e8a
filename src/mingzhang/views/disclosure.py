"""What the public sees (信息公开): publications as published, their clarifications, and the field rules in force."""

import msgspec
import sqlalchemy as sa

from mingzhang.chain.contracts.disclosure import Clarified, PublicationWithdrawn, PublicField, Published, Withheld
from mingzhang.chain.contracts.fieldrules import FieldRuleSet
from mingzhang.views.batch import Batch
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Publication(Row):
    """A publication: in_force, replaced or withdrawn. `source` is the record in which its object stood."""

    publication_id: str
    kind: str
    object_id: str
    organisation: str
    source: int
    title: str
    notice: str
    fields: list[PublicField]
    withheld: list[Withheld]
    due_time: int | None
    late: bool
    replaces: str | None
    status: str
    clarifications: int
    withdrawn_reason: str
    time: int
    record: int


class Clarification(Row):
    """A clarification (澄清) of a publication."""

    publication_id: str
    number: int
    text: str
    time: int
    record: int


class FieldRule(Row):
    """How a field of a kind of object is published for an organisation and those below it: clear, masked, hidden."""

    kind: str
    field: str
    organisation: str
    treatment: str
    basis: str
    set_by: str
    record: int


class PublicationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which publications; all conditions given must hold. `organisation` means it and those below it; times are ledger
    time, from the first to before the second.
    """

    organisation: str | None = None
    kind: str | None = None
    object_id: str | None = None
    status: tuple[str, ...] = ()
    from_time: int | None = None
    until_time: int | None = None
    text: str | None = None


PUBLICATIONS = RowTable(
    "publications",
    Publication,
    key=("publication_id",),
    indexes={
        "organisation": ("organisation",),
        "object": ("kind", "object_id"),
        "status": ("status", "time"),
    },
)
CLARIFICATIONS = RowTable("clarifications", Clarification, key=("publication_id", "number"))
FIELD_RULES = RowTable("field_rules", FieldRule, key=("kind", "field", "organisation"))
_PUBLICATIONS = Listing(PUBLICATIONS, Publication, sorts={"record": ("record",), "title": ("title", "publication_id")})
_CLARIFICATIONS = Listing(CLARIFICATIONS, Clarification, sorts={"number": ("number",)})
_FIELD_RULES = Listing(FIELD_RULES, FieldRule, sorts={"field": ("kind", "field", "organisation")})


# --- Projectors ---


def project_published(batch: Batch, event: Published) -> None:
    """A publication; the one it replaces stands no longer, unless it was withdrawn before."""
    publication = row_from(
        Publication, event, status="in_force", clarifications=0, withdrawn_reason="", time=batch.record.time
    )
    batch.new(PUBLICATIONS, publication)
    earlier = None if event.replaces is None else batch.get(PUBLICATIONS, event.replaces)
    if earlier is not None and earlier.status == "in_force":
        earlier.status = "replaced"


def project_clarified(batch: Batch, event: Clarified) -> None:
    """A clarification."""
    batch.add(CLARIFICATIONS, row_from(Clarification, event, time=batch.record.time))
    batch.get(PUBLICATIONS, event.publication_id).clarifications = event.number


def project_publication_withdrawn(batch: Batch, event: PublicationWithdrawn) -> None:
    """It stands no longer."""
    publication = batch.get(PUBLICATIONS, event.publication_id)
    publication.status, publication.withdrawn_reason = "withdrawn", event.reason


def project_field_rule_set(batch: Batch, event: FieldRuleSet) -> None:
    """The rule, in place of the one before."""
    batch.put(FIELD_RULES, row_from(FieldRule, event, set_by=event.by))


# --- Queries ---


def get_publication(connection: sa.Connection, publication_id: str) -> Publication | None:
    """A publication, or None."""
    return _PUBLICATIONS.one(connection, PUBLICATIONS.c.publication_id == publication_id)


def list_publications(
    connection: sa.Connection,
    wanted: PublicationFilter = PublicationFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Publication]:
    """Publications. Raises WrongQuery."""
    c = PUBLICATIONS.c
    conditions: list[Condition] = []
    if wanted.organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
    for column, value in ((c.kind, wanted.kind), (c.object_id, wanted.object_id)):
        if value is not None:
            conditions.append(column == value)
    if wanted.status:
        conditions.append(c.status.in_(wanted.status))
    if wanted.from_time is not None:
        conditions.append(c.time >= wanted.from_time)
    if wanted.until_time is not None:
        conditions.append(c.time < wanted.until_time)
    if wanted.text is not None:
        conditions.append(c.title.icontains(wanted.text, autoescape=True))
    return _PUBLICATIONS.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_clarifications(connection: sa.Connection, publication_id: str) -> list[Clarification]:
    """A publication's clarifications, in order."""
    return _CLARIFICATIONS.all(connection, CLARIFICATIONS.c.publication_id == publication_id, sort="number")


def list_field_rules(connection: sa.Connection, kind: str | None = None) -> list[FieldRule]:
    """The rules in force, of one kind of object or all."""
    conditions = [] if kind is None else [FIELD_RULES.c.kind == kind]
    return _FIELD_RULES.all(connection, *conditions, sort="field")


PROJECTORS = {
    Published: project_published,
    Clarified: project_clarified,
    PublicationWithdrawn: project_publication_withdrawn,
    FieldRuleSet: project_field_rule_set,
}
