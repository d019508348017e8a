"""Which objects a record is about, read off the names of its command's and events' fields; no noun is known here.

A field names an object by its name: `line_id` and `from_line` a budget line, `payee_id` a payee. What is left out
stands below with its reason, and a test asks of every field of every contract to be on one of the lists.
"""

from collections.abc import Callable
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
"""Field that names an organisation, mostly the owner. It is left out where an object's id begins with it, or every
payment of an organisation would be about it too.
"""
OWNER_KIND = "owner"
"""Stands for the kind of what OWNER names until it is known whether it is left out."""
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
    """Where the objects' names are in a struct: read at once, and, where there are such, in lists and inner structs."""

    kinds: tuple[str, ...]
    read: Callable[[Any], tuple[Any, ...]]
    deeper: "_Deeper | None"


class _Deeper(NamedTuple):
    """Lists of names, names whose kind another field tells, structs (and whether it is a list of them)."""

    lists: tuple[tuple[Callable[[Any], Any], str], ...]
    told: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...]
    inner: tuple[tuple[Callable[[Any], Any], _Plan, bool], ...]


def subjects_of(record: Record) -> list[Subject]:
    """The objects of a record, those of the command first, each once."""
    found: list[Subject] = []
    for said in (record.command, *record.events):
        kinds, read, deeper = _plan(type(said))
        found += zip(kinds, read(said), strict=False)  # As many of both by construction; run for every payment.
        if deeper is not None:
            _look_deeper(deeper, said, found)
    subjects: list[Subject] = []
    owners: list[str] = []
    for subject in dict.fromkeys(found):
        if subject[0] == OWNER_KIND:
            owners.append(subject[1])
        elif subject[1]:
            subjects.append(subject)
    for owner in owners:
        prefix = owner + ":"
        for kind, object_id in subjects:
            if object_id.startswith(prefix) or (object_id == owner and kind == "organisation"):
                break
        else:
            subjects.append(("organisation", owner))
    return subjects


def _look_deeper(deeper: _Deeper, value: Any, found: list[Subject]) -> None:
    for read, kind in deeper.lists:
        found += [(kind, name) for name in read(value)]
    for read_kind, read in deeper.told:
        found.append((read_kind(value), read(value)))
    for read, plan, many in deeper.inner:
        below = read(value)
        for one in below if many else () if below is None else (below,):
            found += zip(plan.kinds, plan.read(one), strict=True)
            if plan.deeper is not None:
                _look_deeper(plan.deeper, one, found)


_plans: dict[type, _Plan] = {}


def _plan(kind: type) -> _Plan:
    plan = _plans.get(kind)
    if plan is None:
        plan = _plans[kind] = _make_plan(kind)
    return plan


def _make_plan(kind: Any) -> _Plan:
    hints = {name: _shape(hint) for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}
    own = OBJECTS.get(next(iter(hints), ""))
    plain = {name: _kind_of(name, own) for name, (shape, many) in hints.items() if shape is str and not many}
    named = {name: what for name, what in plain.items() if what is not None}
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
    used = [each for each in inner if each[1].kinds or each[1].deeper is not None]
    return _Plan(
        kinds=tuple(named.values()),
        read=fields_of(tuple(named)) if named else lambda _value: (),
        deeper=_Deeper(tuple(lists), tuple(told), tuple(used)) if lists or told or used else None,
    )


def _kind_of(name: str, own: str | None) -> str | None:
    if name in OF_SAME_KIND:
        return own
    if name == OWNER:
        return OWNER_KIND
    return "organisation" if name in ORGANISATIONS else OBJECTS.get(name)


def _shape(hint: Any) -> tuple[Any, bool]:
    """(type without None, whether it is a list of it)."""
    if get_origin(hint) in (list, tuple):
        return _shape(get_args(hint)[0])[0], True
    others = [each for each in get_args(hint) if each is not NoneType]
    if NoneType in get_args(hint) and len(others) == 1:
        return _shape(others[0])
    return hint, False
