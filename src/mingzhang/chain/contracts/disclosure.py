"""Disclosure (信息公开): publications that are records of their own, clarified, withdrawn, replaced.

A publication holds exactly the bytes the public sees and the index of its source record, so redaction never weakens a
proof. What there is to publish is in sources.py, by which rules in fieldrules.py.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import Name, ObjectId, OptionalText, Seconds, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import disclosure as codes
from mingzhang.chain.contracts.fieldrules import Treatment, mask, read_rule
from mingzhang.chain.contracts.members import (
    check_authority,
    check_own_prefix,
    check_same,
    read_organisation_of,
)
from mingzhang.chain.contracts.sources import FIELDS, Kind, Source, field_of, read_source
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

_PUBLISHERS = ("publisher",)


# --- Commands ---


class Publish(Wire, frozen=True, tag="disclosure.publish/1"):
    """Publish what the rules let the public see of an object as it stands.

    `due_time` is the legal limit in ledger time, where there is one: 20 days after approval (预算法第十四条), 20
    working days after the information arose (政府信息公开条例第二十六条). `replaces` is the latest publication of the
    object, null for its first. Title and notice are published as they are given.
    """

    publication_id: ObjectId
    kind: Kind
    object_id: ObjectId
    title: Name
    notice: OptionalText
    due_time: Seconds | None
    replaces: ObjectId | None


class Clarify(Wire, frozen=True, tag="disclosure.clarify/1"):
    """Add a clarification (澄清) to a publication that is misread; they are numbered from 1."""

    publication_id: ObjectId
    number: Annotated[int, Meta(ge=1, le=999)]
    text: Text


class WithdrawPublication(Wire, frozen=True, tag="disclosure.withdraw/1"):
    """Withdraw a publication (撤回) for a reason; its record stays, and a correct one may replace it."""

    publication_id: ObjectId
    reason: Text


# --- Events ---


class PublicField(Wire, frozen=True, tag=False):
    """A value as the public sees it. Names that end in `_fen` (before a dot) are amounts in fen."""

    name: str
    value: str
    masked: bool


class Withheld(Wire, frozen=True, tag=False):
    """A field that is masked or hidden, and why."""

    field: str
    treatment: Treatment
    basis: str


class Published(Wire, frozen=True, tag="disclosure.published/1"):
    """What the public sees, all of it. `source` is the index of the record in which the object stands."""

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
    record: int


class Clarified(Wire, frozen=True, tag="disclosure.clarified/1"):
    """A clarification was added."""

    publication_id: str
    kind: str
    object_id: str
    number: int
    text: str
    record: int


class PublicationWithdrawn(Wire, frozen=True, tag="disclosure.withdrawn/1"):
    """The publication no longer stands; what it said stays provable as what was once said."""

    publication_id: str
    kind: str
    object_id: str
    reason: str
    record: int


# --- Keys ---


class Publication(msgspec.Struct, frozen=True):
    """A publication and how it stands; its content is in its record."""

    kind: str
    object_id: str
    organisation: str
    title: str
    notice: str
    due_time: int | None
    replaces: str | None
    status: Literal["in_force", "replaced", "withdrawn"]
    clarifications: int
    source: int
    record: int


class Latest(msgspec.Struct, frozen=True):
    """The latest publication of an object, in force or withdrawn."""

    publication_id: str


class Clarification(msgspec.Struct, frozen=True):
    """A clarification as it was given."""

    text: str


PUBLICATION = Key("disclosure/publication", Publication)
"""disclosure/publication/<publication>"""
LATEST = Key("disclosure/latest", Latest)
"""disclosure/latest/<kind>/<object>"""
CLARIFICATION = Key("disclosure/clarification", Clarification)
"""disclosure/clarification/<publication>/<number, three digits>"""


# --- Rules ---


def read_publication(view: View, publication_id: str) -> Publication:
    """A publication. Raises Refused."""
    found = view.get(PUBLICATION, publication_id)
    if found is None:
        raise Refused(codes.PUBLICATION_UNKNOWN, publication=publication_id)
    return found


def decide_publish(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: an id that is taken, object, authority over it, own id, the one it replaces, something public."""
    command: Publish = item.command
    stored = view.get(PUBLICATION, command.publication_id)
    if stored is not None:
        names = ("kind", "object_id", "title", "notice", "due_time", "replaces")
        check_same(command.publication_id, stored, {name: getattr(command, name) for name in names})
    source = read_source(view, command.kind, command.object_id)
    check_authority(view, item.signer, _PUBLISHERS, organisation=source.organisation, block=block)
    check_own_prefix(command.publication_id, read_organisation_of(view, item.signer))
    _check_replaces(view, command)
    fields, withheld = _redact(view, command.kind, source)
    if not fields:
        raise Refused(codes.NOTHING_PUBLIC, object_id=command.object_id)
    return [
        Published(
            publication_id=command.publication_id,
            kind=command.kind,
            object_id=command.object_id,
            organisation=source.organisation,
            source=source.record,
            title=command.title,
            notice=command.notice,
            fields=fields,
            withheld=withheld,
            due_time=command.due_time,
            late=command.due_time is not None and block.time > command.due_time,
            replaces=command.replaces,
            record=item.index,
        )
    ]


def _check_replaces(view: View, command: Publish) -> None:
    latest = view.get(LATEST, f"{command.kind}/{command.object_id}")
    if command.replaces is not None:
        if latest is None or latest.publication_id != command.replaces:
            raise Refused(codes.REPLACES_WRONG, replaces=command.replaces)
    elif latest is not None:
        raise Refused(codes.PUBLISHED_BEFORE, object_id=command.object_id, publication=latest.publication_id)


def _redact(view: View, kind: str, source: Source) -> tuple[list[PublicField], list[Withheld]]:
    """Every field there is ends up in one of the two, or in both when it is masked."""
    rules = {field: read_rule(view, kind, field, organisation=source.organisation) for field in FIELDS[kind]}
    shown: list[PublicField] = []
    for name, value in source.values:
        treatment = rules[field_of(name)].treatment
        if treatment == "clear":
            shown.append(PublicField(name=name, value=value, masked=False))
        elif treatment == "masked":
            shown.append(PublicField(name=name, value=mask(value, FIELDS[kind][field_of(name)].shape), masked=True))
    withheld = [
        Withheld(field=field, treatment=rule.treatment, basis=rule.basis)
        for field, rule in rules.items()
        if rule.treatment != "clear"
    ]
    return shown, withheld


def decide_clarify(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: publication, authority, a number that is taken, in force, the next number."""
    command: Clarify = item.command
    publication = read_publication(view, command.publication_id)
    check_authority(view, item.signer, _PUBLISHERS, organisation=publication.organisation, block=block)
    stored = view.get(CLARIFICATION, _clarification(command.publication_id, command.number))
    if stored is not None:
        check_same(command.publication_id, stored, {"text": command.text})
    _check_in_force(command.publication_id, publication)
    if command.number != publication.clarifications + 1:
        raise Refused(
            codes.CLARIFICATION_NUMBER, publication=command.publication_id, next=publication.clarifications + 1
        )
    return [
        Clarified(
            publication_id=command.publication_id,
            kind=publication.kind,
            object_id=publication.object_id,
            number=command.number,
            text=command.text,
            record=item.index,
        )
    ]


def decide_withdraw_publication(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: publication, authority, in force."""
    command: WithdrawPublication = item.command
    publication = read_publication(view, command.publication_id)
    check_authority(view, item.signer, _PUBLISHERS, organisation=publication.organisation, block=block)
    _check_in_force(command.publication_id, publication)
    return [
        PublicationWithdrawn(
            publication_id=command.publication_id,
            kind=publication.kind,
            object_id=publication.object_id,
            reason=command.reason,
            record=item.index,
        )
    ]


def _check_in_force(publication_id: str, publication: Publication) -> None:
    if publication.status != "in_force":
        raise Refused(codes.NOT_IN_FORCE, publication=publication_id, status=publication.status)


def _clarification(publication_id: str, number: int) -> str:
    return f"{publication_id}/{number:03d}"


def evolve_published(draft: Draft, event: Published) -> None:
    """Store the publication as the latest of its object; the one it replaces is no longer in force."""
    given = ("kind", "object_id", "organisation", "title", "notice", "due_time", "replaces", "source", "record")
    fields = {name: getattr(event, name) for name in given}
    draft.put(PUBLICATION, event.publication_id, Publication(**fields, status="in_force", clarifications=0))
    draft.put(LATEST, f"{event.kind}/{event.object_id}", Latest(publication_id=event.publication_id))
    if event.replaces is not None:
        earlier = draft.get(PUBLICATION, event.replaces)
        if earlier is not None and earlier.status == "in_force":
            draft.put(PUBLICATION, event.replaces, msgspec.structs.replace(earlier, status="replaced"))


def evolve_clarified(draft: Draft, event: Clarified) -> None:
    """Keep the clarification and count it."""
    draft.put(CLARIFICATION, _clarification(event.publication_id, event.number), Clarification(text=event.text))
    publication = read_publication(draft, event.publication_id)
    changed = msgspec.structs.replace(publication, clarifications=event.number)
    draft.put(PUBLICATION, event.publication_id, changed)


def evolve_publication_withdrawn(draft: Draft, event: PublicationWithdrawn) -> None:
    """The publication is no longer in force."""
    publication = read_publication(draft, event.publication_id)
    draft.put(PUBLICATION, event.publication_id, msgspec.structs.replace(publication, status="withdrawn"))


def every_source_is_earlier(view: View) -> list[str]:
    """A publication names a record written before it, and no object has two in force."""
    complaints = []
    in_force: dict[str, str] = {}
    for name, publication in view.scan(PUBLICATION):
        if publication.source >= publication.record:
            complaints.append(f"publication {name} names record {publication.source}, which is not before it")
        if publication.status == "in_force":
            about = f"{publication.kind}/{publication.object_id}"
            if about in in_force:
                complaints.append(f"publications {in_force[about]} and {name} of {about} are both in force")
            in_force[about] = name
    return complaints


COMMANDS = {
    Publish: Operation(decide_publish, _PUBLISHERS),
    Clarify: Operation(decide_clarify, _PUBLISHERS),
    WithdrawPublication: Operation(decide_withdraw_publication, _PUBLISHERS),
}
EVENTS = {
    Published: evolve_published,
    Clarified: evolve_clarified,
    PublicationWithdrawn: evolve_publication_withdrawn,
}
INVARIANTS = {"publications_name_their_source": every_source_is_earlier}
