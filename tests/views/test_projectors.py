"""Nothing the ledger says is forgotten: every event has a projector or a reason, every object can be found."""

import importlib
import pkgutil
import subprocess
import sys
import typing
from types import NoneType
from typing import Any

import msgspec
import pytest

import mingzhang.views
from mingzhang.chain.codec import Id, ObjectId
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.terms import AgreementId
from mingzhang.chain.operations import wire_name
from mingzhang.views import NOT_PROJECTED, PROJECTORS, subjects
from mingzhang.views.tables import METADATA

NAMED = {*subjects.OBJECTS, *subjects.ORGANISATIONS, subjects.OWNER, *subjects.BY_KIND, *subjects.OF_SAME_KIND}
NO_OBJECTS = {
    "field": "a field of a kind of object, by name",
    "grade": "a grade of a method",
    "kind": "a kind of indicator",
    "level": "a level of a method's bands",
    "name": "a parameter, which has a table of its own",
    "role": "a role of the table of roles",
    "scheme": "a weight scheme of a method",
}
"""Fields of commands that are typed as ids and name no object."""


def structs_in(kind: type) -> dict[type, None]:
    """The struct and those its fields hold, at any depth."""
    found: dict[type, None] = {}
    waiting: list[Any] = [kind]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            if one not in found:
                found[one] = None
                waiting += typing.get_type_hints(one).values()
        else:
            waiting += [each for each in typing.get_args(one) if each is not NoneType]
    return found


@pytest.mark.parametrize("event", REGISTRY.events, ids=wire_name)
def test_every_event_is_projected_or_has_a_reason(event: type) -> None:
    assert (event in PROJECTORS) != (event in NOT_PROJECTED), (
        f"{wire_name(event)}: write project_… in the noun's file under views/, or give the reason in NOT_PROJECTED"
    )


def test_no_projector_waits_for_an_event_that_never_comes() -> None:
    assert set(PROJECTORS) | set(NOT_PROJECTED) <= set(REGISTRY.events)


@pytest.mark.parametrize("kind", [*REGISTRY.commands, *REGISTRY.events], ids=wire_name)
def test_every_field_that_names_an_object_leads_to_it(kind: type) -> None:
    for struct in structs_in(kind):
        for field, hint in typing.get_type_hints(struct, include_extras=True).items():
            parts = {hint, *typing.get_args(hint)}
            if field.endswith(("_id", "_ids")) or parts & {Id, ObjectId, AgreementId}:
                assert field in NAMED or field in subjects.LEFT_OUT or field in NO_OBJECTS, (
                    f"{struct.__name__}.{field}: say in views/subjects.py which object it names, or why none"
                )


def test_the_package_alone_knows_every_table() -> None:
    told = "import mingzhang.views; from mingzhang.views.db import METADATA; print(*sorted(METADATA.tables))"
    alone = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    for module in pkgutil.iter_modules(mingzhang.views.__path__):
        importlib.import_module(f"mingzhang.views.{module.name}")
    assert alone == sorted(METADATA.tables)
