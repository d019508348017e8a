"""What a project's declaration (项目申报书) holds, and what must hold in it: cost items, slices, targets.

The commands that submit one, and what becomes of it, are in projects.py.
"""

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from mingzhang.chain.calendar import date_of, time_of
from mingzhang.chain.codec import (
    Code64,
    Commitment,
    Count,
    Date,
    Fen,
    Hundredths,
    Id,
    Name,
    OptionalText,
    PositiveFen,
    Text,
    Wire,
    Year,
)
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import projects as codes
from mingzhang.chain.contracts.members import read_organisation
from mingzhang.chain.contracts.methods import DIMENSIONS, Dimension, Method, read_method, read_scheme
from mingzhang.chain.contracts.standards import check_code, read_standard
from mingzhang.chain.operations import Evolve, Operation
from mingzhang.chain.state import View

KINDS = {"personnel": "人员类", "operation": "运转类", "special": "特定目标类"}
"""Kinds of project in the project library (财办〔2020〕13号)."""
OPERATORS = {"at_least": "≥", "at_most": "≤", "equal": "=", "qualitative": "定性"}
INDICATOR_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "quantity": ("数量指标", ("output",)),
    "quality": ("质量指标", ("output",)),
    "timeliness": ("时效指标", ("output",)),
    "economic_cost": ("经济成本指标", ("cost", "output")),
    "social_cost": ("社会成本指标", ("cost", "output")),
    "ecological_cost": ("生态环境成本指标", ("cost", "output")),
    "economic": ("经济效益指标", ("benefit",)),
    "social": ("社会效益指标", ("benefit",)),
    "ecological": ("生态效益指标", ("benefit",)),
    "sustainable": ("可持续影响指标", ("benefit",)),
    "satisfaction": ("服务对象满意度指标", ("satisfaction",)),
}
"""Level-2 indicators, their names and where they may stand: the forms of 2020 put cost under output."""


# --- Commands ---


class YearAmount(Wire, frozen=True, tag=False):
    """An amount of one fiscal year."""

    year: Year
    amount_fen: Fen


class CostItem(Wire, frozen=True, tag=False):
    """One line of the estimate (测算明细).

    Either quantity and unit cost are clear, and the amount is their product; or `sealed` commits to both, because
    either of them gives away the other. With a `standard_id` they are clear, and going beyond the standard needs a
    `departure_reason`.
    """

    name: Name
    standard_id: Id | None
    quantity: Count | None
    unit_cost_fen: Fen | None
    sealed: Commitment | None
    amount_fen: PositiveFen
    departure_reason: OptionalText


class File(Wire, frozen=True, tag=False):
    """A sealed file: commitments to its bytes and to its name, its media type and size."""

    name_commitment: Commitment | None
    commitment: Commitment
    media_type: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,63}(?!\n)$")]
    size_bytes: Count


class Measure(Wire, frozen=True, tag=False):
    """A decimal number: digits ÷ 10 to the power of scale; 9550 with scale 2 is 95.50."""

    digits: Annotated[int, Meta(ge=-(10**15), le=10**15)]
    scale: Annotated[int, Meta(ge=0, le=4)]


class Indicator(Wire, frozen=True, tag=False):
    """A level-3 indicator: operator, target value, unit of measure and weight are separate (指标性质/值/度量单位/分值).

    A qualitative one has no target value but `target_text`. `evidence_needed` says what will prove the actual value.
    """

    indicator_id: Id
    dimension: Dimension
    kind: Id
    name: Name
    operator: Literal["at_least", "at_most", "equal", "qualitative"]
    target: Measure | None
    target_text: OptionalText
    unit_of_measure: Annotated[str, Meta(max_length=40)]
    weight: Hundredths
    evidence_needed: Text


class Targets(Wire, frozen=True, tag=False):
    """Performance targets (绩效目标) of one year, or of the whole project where `year` is None (年度/总体).

    `scheme` names the method's weight scheme, which the indicators' weights must fill exactly.
    """

    year: Year | None
    goal: Text
    scheme: Id
    indicators: Annotated[list[Indicator], Meta(min_length=1, max_length=100)]


class Declaration(Wire, frozen=True, tag=False):
    """What a unit declares: one version of a project. `department` is the supervising organisation (主管部门).

    `slices` are the amounts by year, ascending; their sum, that of the cost items and `total_fen` are the same.
    The method's year is that of the first slice.
    """

    organisation: Id
    department: Id
    name: Name
    category: Code64
    kind: Literal["personnel", "operation", "special"]
    start_date: Date
    end_date: Date
    slices: Annotated[list[YearAmount], Meta(min_length=1, max_length=30)]
    items: Annotated[list[CostItem], Meta(min_length=1, max_length=500)]
    total_fen: PositiveFen
    justification: Text
    files: Annotated[list[File], Meta(max_length=100)]
    method_id: Id | None
    targets: Annotated[list[Targets], Meta(max_length=31)]


# --- Events ---

# --- Keys ---

# --- Rules ---


class Checked(NamedTuple):
    """What each cost item's standard allows in fen (None where none is named), and the division whose method holds."""

    standard_fen: list[int | None]
    method_division: str | None


def check_declaration(view: View, declaration: Declaration) -> Checked:
    """Raises Refused at the first of: units, category of the first year, dates, slices, items, total, targets."""
    organisation = read_organisation(view, declaration.organisation)
    department = read_organisation(view, declaration.department)
    supervises = f"/{declaration.department}/" in "/" + organisation.path
    if not supervises and department.kind != "department":
        raise Refused(
            codes.NOT_A_DEPARTMENT, department=declaration.department, organisation=declaration.organisation
        )
    year = declaration.slices[0].year
    check_code(view, "project_category", declaration.category, year=year)
    _check_slices(declaration)
    standard_fen = [_check_item(view, item, year) for item in declaration.items]
    for what, amounts in (("slices", declaration.slices), ("items", declaration.items)):
        total = sum(part.amount_fen for part in amounts)
        if total != declaration.total_fen:
            raise Refused(codes.TOTAL_WRONG, part=what, sum_fen=total, total_fen=declaration.total_fen)
    return Checked(standard_fen, _check_targets(view, declaration, organisation.division_code))


def standard_allows(quantity: int, unit_cost_fen: int, price_index_bp: int) -> int:
    """Quantity × standard × price index in fen, a half rounded up."""
    return (quantity * unit_cost_fen * price_index_bp + 5_000) // 10_000


def _check_slices(declaration: Declaration) -> None:
    first, last = declaration.start_date, declaration.end_date
    for date in (first, last):
        if date_of(time_of(date)) != date:
            raise Refused(codes.DATE_UNKNOWN, date=date)
    if first > last:
        raise Refused(codes.DATES_REVERSED, start_date=first, end_date=last)
    years = [part.year for part in declaration.slices]
    for year, before in zip(years, [0, *years], strict=False):
        if year <= before or not int(first[:4]) <= year <= int(last[:4]):
            raise Refused(codes.SLICE_YEAR_WRONG, year=year, start_date=first, end_date=last)


def _check_item(view: View, item: CostItem, year: int) -> int | None:
    if item.sealed is not None:
        if item.quantity is not None or item.unit_cost_fen is not None or item.standard_id is not None:
            raise Refused(codes.ITEM_HALF_SEALED, item=item.name)
        return None
    if item.quantity is None or item.unit_cost_fen is None:
        raise Refused(codes.ITEM_WITHOUT_UNIT_COST, item=item.name)
    if item.quantity * item.unit_cost_fen != item.amount_fen:
        product = item.quantity * item.unit_cost_fen
        raise Refused(codes.ITEM_AMOUNT_WRONG, item=item.name, product_fen=product, amount_fen=item.amount_fen)
    if item.standard_id is None:
        return None
    standard = read_standard(view, year, item.standard_id)
    allowed = standard_allows(item.quantity, standard.unit_cost_fen, standard.price_index_bp)
    if item.amount_fen > allowed and not item.departure_reason:
        raise Refused(
            codes.BEYOND_STANDARD,
            item=item.name,
            standard=item.standard_id,
            standard_fen=allowed,
            amount_fen=item.amount_fen,
        )
    return allowed


def _check_targets(view: View, declaration: Declaration, division_code: str) -> str | None:
    if declaration.kind == "special" and not declaration.targets:
        raise Refused(codes.TARGETS_MISSING, kind=KINDS[declaration.kind])
    if declaration.method_id is None:
        if declaration.targets:
            raise Refused(codes.METHOD_MISSING)
        return None
    year = declaration.slices[0].year
    published = read_method(view, declaration.method_id, year=year, division_code=division_code)
    periods: list[int | None] = []
    seen: list[str] = []
    for targets in declaration.targets:
        if targets.year in periods or (
            targets.year is not None and targets.year not in [part.year for part in declaration.slices]
        ):
            raise Refused(codes.TARGET_PERIOD_WRONG, period=targets.year or "总体")
        periods.append(targets.year)
        for indicator in targets.indicators:
            if indicator.indicator_id in seen:
                raise Refused(codes.INDICATOR_TWICE, indicator=indicator.indicator_id)
            seen.append(indicator.indicator_id)
            _check_indicator(indicator)
        _check_weights(targets, published.method)
    return published.division_code


def _check_indicator(indicator: Indicator) -> None:
    kind = INDICATOR_KINDS.get(indicator.kind)
    if kind is None or indicator.dimension not in kind[1]:
        raise Refused(
            codes.INDICATOR_KIND_WRONG,
            indicator=indicator.indicator_id,
            kind=indicator.kind,
            dimension=DIMENSIONS[indicator.dimension],
        )
    qualitative = indicator.operator == "qualitative"
    if qualitative != (indicator.target is None) or qualitative != bool(indicator.target_text):
        raise Refused(
            codes.TARGET_VALUE_WRONG, indicator=indicator.indicator_id, operator=OPERATORS[indicator.operator]
        )
    if indicator.weight == 0:
        raise Refused(codes.WEIGHT_ZERO, indicator=indicator.indicator_id)


def _check_weights(targets: Targets, method: Method) -> None:
    """Each group of the scheme is filled exactly, and no indicator stands outside all groups."""
    scheme = read_scheme(method, targets.scheme)
    weighed = [dimension for group in scheme.groups for dimension in group.dimensions]
    for indicator in targets.indicators:
        if indicator.dimension not in weighed:
            raise Refused(
                codes.DIMENSION_NOT_IN_SCHEME,
                indicator=indicator.indicator_id,
                dimension=DIMENSIONS[indicator.dimension],
                scheme=scheme.scheme,
            )
    for group in scheme.groups:
        total = sum(one.weight for one in targets.indicators if one.dimension in group.dimensions)
        if total != group.weight:
            raise Refused(
                codes.WEIGHTS_WRONG,
                dimensions="、".join(DIMENSIONS[dimension] for dimension in group.dimensions),
                sum_hundredths=total,
                wanted_hundredths=group.weight,
                scheme=scheme.scheme,
            )


COMMANDS: dict[type, Operation] = {}
EVENTS: dict[type, Evolve] = {}
