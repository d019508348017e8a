"""Field rules (字段公开规则): which fields of which kind of object the public sees, as data with a legal basis.

Without a rule a field is hidden. Publications made under a rule keep what it said then; they are in disclosure.py.
"""

from typing import Literal

import msgspec

from mingzhang.chain.codec import Id, Text, Wire
from mingzhang.chain.codes import Refused, kernel
from mingzhang.chain.codes import disclosure as codes
from mingzhang.chain.contracts.members import check_authority, read_organisation
from mingzhang.chain.contracts.sources import FIELDS, Kind, Shape
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

Treatment = Literal["clear", "masked", "hidden"]
STRICTNESS = {"clear": 0, "masked": 1, "hidden": 2}
"""Of several rules the strictest holds."""
NO_RULE = "尚无公开规则,默认不公开"
_RULE_MAKERS = ("publisher", "finance_budget", "finance_performance")


# --- Commands ---


class SetFieldRule(Wire, frozen=True, tag="disclosure.set_field_rule/1"):
    """Set how a field of a kind of object is published for an organisation and all below it, from now on.

    The strictest of the rules for an object's organisation and those above it holds; without one the field is hidden.
    """

    organisation: Id
    kind: Kind
    field: Id
    treatment: Treatment
    basis: Text


# --- Events ---


class FieldRuleSet(Wire, frozen=True, tag="disclosure.field_rule_set/1"):
    """See SetFieldRule."""

    organisation: str
    kind: str
    field: str
    treatment: Treatment
    basis: str
    by: str
    record: int


# --- Keys ---


class Rule(msgspec.Struct, frozen=True):
    """How a field is published, and why."""

    treatment: Treatment
    basis: str


RULE = Key("fieldrules/rule", Rule)
"""fieldrules/rule/<kind>/<field>/<organisation>"""


# --- Rules ---


def read_rule(view: View, kind: str, field: str, *, organisation: str) -> Rule:
    """The rule in force for objects of an organisation: the strictest on the way up, hidden without any."""
    strictest: Rule | None = None
    for above in read_organisation(view, organisation).path.split("/")[:-1]:
        rule = view.get(RULE, f"{kind}/{field}/{above}")
        if rule is not None and (strictest is None or STRICTNESS[rule.treatment] > STRICTNESS[strictest.treatment]):
            strictest = rule
    return strictest or Rule(treatment="hidden", basis=NO_RULE)


def mask(value: str, shape: Shape) -> str:
    """A value of which the beginning is left: an id keeps its organisation, a text its first character.

    ('hospital:p1', 'id') -> 'hospital:**', ('李四', 'text') -> '李**'.
    """
    prefix, colon, _rest = value.partition(":")
    return f"{prefix}:**" if colon and shape == "id" else f"{value[:1]}**"


def decide_set_field_rule(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority, a field of the kind, a treatment it can have, something new."""
    command: SetFieldRule = item.command
    check_authority(view, item.signer, _RULE_MAKERS, organisation=command.organisation, block=block)
    field = FIELDS[command.kind].get(command.field)
    if field is None:
        raise Refused(codes.FIELD_UNKNOWN, kind=command.kind, field=command.field)
    if command.treatment == "masked" and field.shape == "plain":
        raise Refused(codes.FIELD_NOT_MASKABLE, kind=command.kind, field=command.field)
    name = f"{command.kind}/{command.field}/{command.organisation}"
    if view.get(RULE, name) == Rule(treatment=command.treatment, basis=command.basis):
        raise Refused(kernel.EXISTS, object_id=name)
    fields = {name: getattr(command, name) for name in SetFieldRule.__struct_fields__}
    return [FieldRuleSet(**fields, by=item.signer, record=item.index)]


def evolve_field_rule_set(draft: Draft, event: FieldRuleSet) -> None:
    """Put the rule in place."""
    rule = Rule(treatment=event.treatment, basis=event.basis)
    draft.put(RULE, f"{event.kind}/{event.field}/{event.organisation}", rule)


COMMANDS = {SetFieldRule: Operation(decide_set_field_rule, _RULE_MAKERS)}
EVENTS = {FieldRuleSet: evolve_field_rule_set}
