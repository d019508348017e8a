"""Which objects a record is about, read off the names of its command's and events' fields; no noun is known here.

A field names an object by its name: `line_id` and `from_line` a budget line, `payee_id` a payee. What is left out
stands below with its reason, and a test asks of every field of every contract to be on one of the lists.
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from mingzhang.chain.operations import Record
from mingzhang.views.tables import fields_of

OBJECTS = {
    "actual_id": "actual",
    "adjustment_id": "adjustment",
    "agreement_id": "agreement",
    "allocation_id": "allocation",
    "attestation_id": "attestation",
    "attestations": "attestation",
    "change_id": "change",
    "evaluation_id": "evaluation",
    "finding_id": "finding",
    "follows": "finding",
    "line_id": "budget_line",
    "from_line": "budget_line",
    "to_line": "budget_line",
    "method_id": "method",
    "organisation_id": "organisation",
    "payee_id": "payee",
    "payment_id": "payment",
    "person_id": "person",
    "project_id": "project",
    "project": "project",
    "without_result": "project",
    "proposal_id": "proposal",
    "publication_id": "publication",
    "receipt_id": "receipt",
    "refund_id": "refund",
    "reversal_id": "reversal",
    "standard_id": "standard",
}
"""Field to kind of object."""
ORGANISATIONS = ("counterparty", "department", "escalated_to", "responsible")
"""Fields that name an organisation by its part in the matter."""
OWNER = "organisation"
"""Names the owner; left out beside an object, whose id begins with it, or every payment would stand there too."""
BY_KIND = {"subject_id": "subject_kind", "object_id": "kind"}
"""Field that names an object of the kind another field tells."""
OF_SAME_KIND = ("replaces",)
"""Fields that name an object of the kind that the struct's first field names one of."""
LEFT_OUT = {
    "cause_id": "names what other events of the same record name by its kind",
    "chain_id": "the whole ledger",
    "condition_id": "a part of an agreement, unique only there",
    "grant_id": "a part of a person, unique only there",
    "indicator_id": "a part of a project's targets, unique only there",
    "milestone_id": "a part of an agreement, unique only there",
    "milestone_ids": "as milestone_id",
    "parent": "the organisation or code above, which nothing happens to",
}
"""Fields that look like an object's name and are none to be found by, with the reason."""

Subject = tuple[str, str]
"""(kind, id)"""


class _Plan(NamedTuple):
    """Where the objects' names are in a struct."""

    read: Callable[[Any], tuple[Any, ...]]
    kinds: tuple[str, ...]
    lists: tuple[tuple[Callable[[Any], Any], str], ...]
    told: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...]
    inner: tuple[tuple[Callable[[Any], Any], "_Plan", bool], ...]
    flat: bool


def subjects_of(record: Record) -> list[Subject]:
    """The objects of a record, those of the command first, each once."""
    found: list[Subject] = []
    for said in (record.command, *record.events):
        kind: Any = type(said)
        _collect(_plan(kind), said, found)
    return [subject for subject in dict.fromkeys(found) if subject[1]]


def _collect(plan: _Plan, value: Any, found: list[Subject]) -> None:
    found += zip(plan.kinds, plan.read(value), strict=False)  # As many of both by construction; run for every payment.
    if plan.flat:
        return
    for read, kind in plan.lists:
        found += [(kind, name) for name in read(value)]
    for read_kind, read in plan.told:
        found.append((read_kind(value), read(value)))
    for read, inner, many in plan.inner:
        below = read(value)
        for one in below if many else () if below is None else (below,):
            _collect(inner, one, found)


@cache
def _plan(kind: Any) -> _Plan:
    hints = {name: _shape(hint) for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}
    own = OBJECTS.get(next(iter(hints), ""))
    plain = {name: _kind_of(name, own) for name, (shape, many) in hints.items() if shape is str and not many}
    named = {name: what for name, what in plain.items() if what is not None}
    if any(name in OBJECTS for name in named):
        named.pop(OWNER, None)
    inner = [
        (attrgetter(name), _plan(shape), many)
        for name, (shape, many) in hints.items()
        if isinstance(shape, type) and issubclass(shape, msgspec.Struct)
    ]
    lists = [
        (attrgetter(name), OBJECTS[name])
        for name, (shape, many) in hints.items()
        if shape is str and many and name in OBJECTS
    ]
    told = [(attrgetter(BY_KIND[name]), attrgetter(name)) for name in hints if name in BY_KIND]
    used = [each for each in inner if each[1].kinds or not each[1].flat]
    return _Plan(
        read=_reader(tuple(named)),
        kinds=tuple(named.values()),
        lists=tuple(lists),
        told=tuple(told),
        inner=tuple(used),
        flat=not (lists or told or used),
    )


def _kind_of(name: str, own: str | None) -> str | None:
    if name in OF_SAME_KIND:
        return own
    return "organisation" if name in (OWNER, *ORGANISATIONS) else OBJECTS.get(name)


def _reader(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return fields_of(names) if names else lambda _value: ()


def _shape(hint: Any) -> tuple[Any, bool]:
    """(type without None, whether it is a list of it)."""
    if get_origin(hint) in (list, tuple):
        return _shape(get_args(hint)[0])[0], True
    others = [each for each in get_args(hint) if each is not NoneType]
    if NoneType in get_args(hint) and len(others) == 1:
        return _shape(others[0])
    return hint, False
