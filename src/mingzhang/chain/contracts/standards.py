"""Code tables by year, spending standards (支出标准), and parameters that a place or year sets for itself.

Other contracts ask here whether a code is in its table, and what a parameter is; none of the values stand in code.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import BasisPoints, Code64, Id, Name, PositiveFen, Seconds, Text, Wire, Year
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import standards as codes
from mingzhang.chain.contracts.members import check_authority, check_same
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

TABLES = {
    "function": "支出功能分类科目",
    "department_economic": "部门预算支出经济分类科目",
    "government_economic": "政府预算支出经济分类科目",
    "division": "财政区划",
    "project_category": "项目类别",
    "fund_type": "资金性质",
}
PARAMETERS: dict[str, tuple[int, str]] = {
    "plan_controls_payment": (0, "用款计划是否控制支付:1 为按月累计计划与指标双控制,0 为只按指标控制"),
    "payment_hold_above_fen": (50_000_000, "单笔支付达到此金额(分)须由财政国库人员审核"),
    "year_end_hold_from_day": (1215, "自该月日(MMDD)起的普通支付须由财政国库人员审核(年底突击花钱防范)"),
    "retention_max_bp": (300, "工程协议质保金占协议总额的上限(万分之一),全国规定 3%,各地可从低"),
    "finding_escalation_days": (5, "监督发现逾期未答复后,每隔此天数报知更上一级单位"),
}
"""Parameters, the value in force until a place sets its own, and what each means."""
TableName = Literal[
    "function", "department_economic", "government_economic", "division", "project_category", "fund_type"
]
_COMMITTEE = ("standards_committee", "finance_budget")


# --- Commands ---


class CodeEntry(Wire, frozen=True, tag=False):
    """One code of a table; `parent` is the code above it, "" at the top."""

    code: Code64
    name: Name
    parent: Annotated[str, Meta(max_length=21)]


class PublishCodes(Wire, frozen=True, tag="standards.publish_codes/1"):
    """Add codes to a table of a fiscal year; a code once published keeps its meaning for that year.

    `organisation` is the body that keeps the table; `basis` names the document it comes from.
    """

    organisation: Id
    table: TableName
    year: Year
    entries: Annotated[list[CodeEntry], Meta(min_length=1, max_length=2_000)]
    basis: Text


class PublishStandard(Wire, frozen=True, tag="standards.publish_standard/1"):
    """A spending standard (支出标准/定额) of a year: unit cost, unit of measure, price index in basis points."""

    organisation: Id
    standard_id: Id
    year: Year
    name: Name
    unit: Name
    unit_cost_fen: PositiveFen
    price_index_bp: BasisPoints
    basis: Text


class SetParameter(Wire, frozen=True, tag="standards.set_parameter/1"):
    """Set a parameter from a ledger time on. What was decided before stays decided by the old value."""

    organisation: Id
    name: Id
    value: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    from_time: Seconds
    basis: Text


# --- Events ---


class CodesPublished(Wire, frozen=True, tag="standards.codes_published/1"):
    """The codes are in force for the year."""

    table: str
    year: int
    entries: list[CodeEntry]
    basis: str


class StandardPublished(Wire, frozen=True, tag="standards.standard_published/1"):
    """The standard is in force for the year."""

    standard_id: str
    year: int
    name: str
    unit: str
    unit_cost_fen: int
    price_index_bp: int
    basis: str


class ParameterSet(Wire, frozen=True, tag="standards.parameter_set/1"):
    """The parameter has this value from `from_time` on."""

    name: str
    value: int
    from_time: int
    basis: str


# --- Keys ---


class Code(msgspec.Struct, frozen=True):
    """A code and its name."""

    name: str
    parent: str


class Standard(msgspec.Struct, frozen=True):
    """A spending standard."""

    name: str
    unit: str
    unit_cost_fen: int
    price_index_bp: int


class ParameterValues(msgspec.Struct, frozen=True):
    """(from_time, value) pairs in order of time."""

    values: tuple[tuple[int, int], ...]


CODE = Key("standards/code", Code)
"""standards/code/<table>/<year>/<code>"""
STANDARD = Key("standards/standard", Standard)
"""standards/standard/<year>/<standard>"""
PARAMETER = Key("standards/parameter", ParameterValues)
"""standards/parameter/<name>"""


# --- Rules ---


def check_code(view: View, table: str, code: str, *, year: int) -> None:
    """Refuse a code that is not in the table of the year; say so when it belongs to a neighbouring year."""
    if view.get(CODE, f"{table}/{year}/{code}") is not None:
        return
    for other in (year - 1, year + 1):
        if view.get(CODE, f"{table}/{other}/{code}") is not None:
            raise Refused(codes.CODE_OF_ANOTHER_YEAR, code=code, table=TABLES[table], year=year, other_year=other)
    raise Refused(codes.CODE_UNKNOWN, code=code, table=TABLES[table], year=year)


def read_standard(view: View, year: int, standard_id: str) -> Standard:
    """A spending standard of the year. Raises Refused."""
    found = view.get(STANDARD, f"{year}/{standard_id}")
    if found is None:
        raise Refused(codes.STANDARD_UNKNOWN, standard=standard_id, year=year)
    return found


def read_parameter(view: View, name: str, block: Block) -> int:
    """The parameter's value in force at the block's time."""
    found = view.get(PARAMETER, name)
    value = PARAMETERS[name][0]
    for from_time, given in found.values if found is not None else ():
        if from_time <= block.time:
            value = given
    return value


def decide_publish_codes(view: View, item: Item, block: Block) -> list[Wire]:
    """Codes are added, never changed; a parent must be in the table or in the same command."""
    command: PublishCodes = item.command
    check_authority(view, item.signer, _COMMITTEE, organisation=command.organisation, block=block)
    added = {entry.code for entry in command.entries}
    if len(added) != len(command.entries):
        raise Refused(codes.CODE_TWICE, table=TABLES[command.table], year=command.year)
    fresh = []
    for entry in command.entries:
        stored = view.get(CODE, f"{command.table}/{command.year}/{entry.code}")
        if stored is None:
            if entry.parent and entry.parent not in added:
                check_code(view, command.table, entry.parent, year=command.year)
            fresh.append(entry)
        elif (stored.name, stored.parent) != (entry.name, entry.parent):
            raise Refused(codes.CODE_CHANGED, code=entry.code, name=stored.name, year=command.year)
    if not fresh:
        check_same(f"{command.table}/{command.year}", command, {})
    return [CodesPublished(table=command.table, year=command.year, entries=fresh, basis=command.basis)]


def decide_publish_standard(view: View, item: Item, block: Block) -> list[Wire]:
    """A standard once published for a year keeps its value; a change is a new standard."""
    command: PublishStandard = item.command
    check_authority(view, item.signer, _COMMITTEE, organisation=command.organisation, block=block)
    stored = view.get(STANDARD, f"{command.year}/{command.standard_id}")
    if stored is not None:
        fields: dict[str, object] = {
            "name": command.name,
            "unit": command.unit,
            "unit_cost_fen": command.unit_cost_fen,
            "price_index_bp": command.price_index_bp,
        }
        check_same(command.standard_id, stored, fields)
    return [
        StandardPublished(
            standard_id=command.standard_id,
            year=command.year,
            name=command.name,
            unit=command.unit,
            unit_cost_fen=command.unit_cost_fen,
            price_index_bp=command.price_index_bp,
            basis=command.basis,
        )
    ]


def decide_set_parameter(view: View, item: Item, block: Block) -> list[Wire]:
    """A parameter changes from now or a later time on, never for the past."""
    command: SetParameter = item.command
    check_authority(view, item.signer, _COMMITTEE, organisation=command.organisation, block=block)
    if command.name not in PARAMETERS:
        raise Refused(codes.PARAMETER_UNKNOWN, name=command.name)
    if command.from_time < block.time:
        raise Refused(codes.PARAMETER_FOR_THE_PAST, from_time=command.from_time, time=block.time)
    return [ParameterSet(name=command.name, value=command.value, from_time=command.from_time, basis=command.basis)]


def evolve_codes_published(draft: Draft, event: CodesPublished) -> None:
    """Store each code."""
    for entry in event.entries:
        draft.put(CODE, f"{event.table}/{event.year}/{entry.code}", Code(name=entry.name, parent=entry.parent))


def evolve_standard_published(draft: Draft, event: StandardPublished) -> None:
    """Store the standard."""
    standard = Standard(
        name=event.name, unit=event.unit, unit_cost_fen=event.unit_cost_fen, price_index_bp=event.price_index_bp
    )
    draft.put(STANDARD, f"{event.year}/{event.standard_id}", standard)


def evolve_parameter_set(draft: Draft, event: ParameterSet) -> None:
    """Add the value in order of time; of two for one time the later given holds."""
    found = draft.get(PARAMETER, event.name)
    values = [*(found.values if found is not None else ()), (event.from_time, event.value)]
    draft.put(PARAMETER, event.name, ParameterValues(values=tuple(sorted(values, key=_time))))


def _time(pair: tuple[int, int]) -> int:
    return pair[0]


COMMANDS = {
    PublishCodes: Operation(decide_publish_codes, _COMMITTEE),
    PublishStandard: Operation(decide_publish_standard, _COMMITTEE),
    SetParameter: Operation(decide_set_parameter, _COMMITTEE),
}
EVENTS = {
    CodesPublished: evolve_codes_published,
    StandardPublished: evolve_standard_published,
    ParameterSet: evolve_parameter_set,
}
