"""Evaluation methods (绩效评价办法) as data: weights, bands, grades, rounding, and what follows from a grade.

Places and years differ, so no weight, threshold or grade stands in code. The arithmetic that applies a method is in
chain/scoring.py; whom it is applied to is said by projects and evaluations.
"""

from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import BasisPoints, Code64, Hundredths, Id, Name, OptionalText, Text, Wire, Year
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import methods as codes
from mingzhang.chain.contracts.members import check_authority, check_same
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

FULL = 10_000
"""100.00 points, and 100 % in basis points."""
DIMENSIONS = {"cost": "成本指标", "output": "产出指标", "benefit": "效益指标", "satisfaction": "满意度指标"}
"""Level-1 indicators (财预〔2021〕101号); budget execution is a weight of its own."""
NATIONAL = "000000000"
"""Division code of a method that holds wherever no nearer one is published."""
Dimension = Literal["cost", "output", "benefit", "satisfaction"]
_PUBLISHERS = ("standards_committee", "finance_performance")


# --- Commands ---


class WeightGroup(Wire, frozen=True, tag=False):
    """The weight that the indicators of these dimensions share; with several dimensions, they split it freely."""

    dimensions: Annotated[list[Dimension], Meta(min_length=1, max_length=4)]
    weight: Hundredths


class Scheme(Wire, frozen=True, tag=False):
    """One permitted distribution of the 100 points: budget execution (预算执行率) and the groups."""

    scheme: Id
    name: Name
    execution: Hundredths
    groups: Annotated[list[WeightGroup], Meta(min_length=1, max_length=4)]


class Band(Wire, frozen=True, tag=False):
    """A level of a qualitative indicator and the completion it stands for, both ends included."""

    level: Id
    name: Name
    from_bp: BasisPoints
    to_bp: BasisPoints


class PointsBand(Wire, frozen=True, tag=False):
    """From this satisfaction rate on, this share of the weight is given."""

    from_bp: BasisPoints
    points_bp: BasisPoints


class Overcompletion(Wire, frozen=True, tag=False):
    """What follows when an actual passes its target by far; `threshold_bp` 15000 means from 150 % on.

    `explain` asks for a reason; `reduce` also takes from the weight the share by which completion passes the
    threshold (按照偏离度适度调减分值), half the weight at most.
    """

    threshold_bp: Annotated[int, Meta(ge=10_000, le=1_000_000)]
    effect: Literal["explain", "reduce"]


class Grade(Wire, frozen=True, tag=False):
    """A grade from this total on, and its consequence for next year's budget (评价结果应用)."""

    grade: Id
    name: Name
    at_least: Hundredths
    next_year: Literal["keep", "raise", "cut"]
    change_bp: BasisPoints
    basis: Text
    rectification_days: Annotated[int, Meta(ge=0, le=730, description="0: no rectification is ordered")]


class Method(Wire, frozen=True, tag=False):
    """All that scoring needs to know.

    `rounding_step` is in hundredths of a point. `cost`: how a cost indicator that was exceeded is scored (weight ×
    target ÷ actual, or weight less the share of the excess). `equal`: whether an indicator with `=` that was missed
    gets nothing or its share. `not_applicable`: whether an indicator may be dropped and the rest rescaled to 100.
    `satisfaction_bands`, when given, replace the share of completion for satisfaction. `deviation_tolerance` is the
    difference between formula and self score that needs no reason. A `money_gap_bp` asks for a reason when outputs
    are reported done by so much more than the money was spent.
    """

    schemes: Annotated[list[Scheme], Meta(min_length=1, max_length=10)]
    bands: Annotated[list[Band], Meta(min_length=1, max_length=10)]
    grades: Annotated[list[Grade], Meta(min_length=1, max_length=10)]
    rounding: Literal["half_up", "down"]
    rounding_step: Literal[1, 10, 50, 100]
    overcompletion: Overcompletion | None
    equal: Literal["all_or_nothing", "by_share"]
    cost: Literal["by_ratio", "by_excess"]
    not_applicable: Literal["rescale", "refuse"]
    satisfaction_bands: Annotated[list[PointsBand], Meta(max_length=10)]
    execution_of: Literal["adjusted", "approved"]
    execution_wording: Name
    execution_reason_below_bp: BasisPoints
    deviation_tolerance: Hundredths
    money_gap_bp: BasisPoints | None


class PublishMethod(Wire, frozen=True, tag="methods.publish/1"):
    """Publish an evaluation method for a year and a division (and all below it); once published it never changes.

    `unverified` marks a method typed in from other than the official text; screens say so.
    """

    organisation: Id
    method_id: Id
    year: Year
    division_code: Code64
    name: Name
    method: Method
    basis: Text
    unverified: bool
    notes: OptionalText


# --- Events ---


class MethodPublished(Wire, frozen=True, tag="methods.published/1"):
    """The method is in force for the year and division."""

    method_id: str
    year: int
    division_code: str
    name: str
    method: Method
    basis: str
    unverified: bool
    notes: str
    by: str
    record: int


# --- Keys ---


class Published(msgspec.Struct, frozen=True):
    """A published method and the index of the record that published it."""

    method_id: str
    year: int
    division_code: str
    name: str
    method: Method
    basis: str
    unverified: bool
    record: int


METHOD = Key("methods/method", Published)
"""methods/method/<division>/<year>/<method>"""


# --- Rules ---


def read_method(view: View, method_id: str, *, year: int, division_code: str) -> Published:
    """The method of that id and year for the division, or for the nearest division above it. Raises Refused."""
    above = [division_code, *(division_code[:kept] + NATIONAL[kept:] for kept in (6, 4, 2)), NATIONAL]
    for division in above:
        found = view.get(METHOD, f"{division}/{year}/{method_id}")
        if found is not None:
            return found
    raise Refused(codes.METHOD_UNKNOWN, method=method_id, year=year, division=division_code)


def read_scheme(method: Method, scheme_id: str) -> Scheme:
    """The weight scheme of that id. Raises Refused."""
    for scheme in method.schemes:
        if scheme.scheme == scheme_id:
            return scheme
    known = "、".join(scheme.scheme for scheme in method.schemes)
    raise Refused(codes.SCHEME_UNKNOWN, scheme=scheme_id, known=known)


def decide_publish_method(view: View, item: Item, block: Block) -> list[Wire]:
    """Authority, then a method once published is kept, then its weights, bands and grades must be whole."""
    command: PublishMethod = item.command
    check_authority(view, item.signer, _PUBLISHERS, organisation=command.organisation, block=block)
    stored = view.get(METHOD, f"{command.division_code}/{command.year}/{command.method_id}")
    if stored is not None:
        given: dict[str, object] = {"name": command.name, "method": command.method, "basis": command.basis}
        check_same(command.method_id, stored, given)
    _check_ids(command.method)
    for scheme in command.method.schemes:
        _check_scheme(scheme)
    _check_bands(command.method)
    _check_grades(command.method)
    return [
        MethodPublished(
            method_id=command.method_id,
            year=command.year,
            division_code=command.division_code,
            name=command.name,
            method=command.method,
            basis=command.basis,
            unverified=command.unverified,
            notes=command.notes,
            by=item.signer,
            record=item.index,
        )
    ]


def _check_ids(method: Method) -> None:
    for ids in (
        [scheme.scheme for scheme in method.schemes],
        [band.level for band in method.bands],
        [grade.grade for grade in method.grades],
    ):
        for one in ids:
            if ids.count(one) > 1:
                raise Refused(codes.LISTED_TWICE, id=one)


def _check_scheme(scheme: Scheme) -> None:
    total = scheme.execution + sum(group.weight for group in scheme.groups)
    if total != FULL:
        raise Refused(codes.SCHEME_NOT_100, scheme=scheme.scheme, sum_hundredths=total)
    named = [dimension for group in scheme.groups for dimension in group.dimensions]
    for dimension in named:
        if named.count(dimension) > 1:
            raise Refused(codes.DIMENSION_TWICE, scheme=scheme.scheme, dimension=DIMENSIONS[dimension])


def _check_bands(method: Method) -> None:
    """Bands run from 100 % down to 0 without gap or overlap; satisfaction's run down and end at 0."""
    expected = FULL
    for band in method.bands:
        if band.to_bp != expected or band.from_bp > band.to_bp:
            raise Refused(codes.BANDS_HAVE_GAPS, level=band.level, expected_bp=expected)
        expected = band.from_bp - 1
    if expected != -1:
        raise Refused(codes.BANDS_HAVE_GAPS, level=method.bands[-1].level, expected_bp=expected)
    steps = [band.from_bp for band in method.satisfaction_bands]
    if steps and (steps[-1] != 0 or any(low >= high for high, low in pairwise(steps))):
        raise Refused(codes.BANDS_HAVE_GAPS, level="satisfaction", expected_bp=0)
    if any(band.points_bp > FULL for band in method.satisfaction_bands):
        raise Refused(codes.BANDS_HAVE_GAPS, level="satisfaction", expected_bp=FULL)


def _check_grades(method: Method) -> None:
    """Grades fall from the best to one that begins at 0; a cut takes no more than everything."""
    floors = [grade.at_least for grade in method.grades]
    if floors[-1] != 0 or floors[0] > FULL or any(low >= high for high, low in pairwise(floors)):
        raise Refused(codes.GRADES_NOT_FALLING)
    for grade in method.grades:
        wanted = grade.next_year != "keep"
        if wanted != (grade.change_bp > 0) or (grade.next_year == "cut" and grade.change_bp > FULL):
            raise Refused(codes.CONSEQUENCE_UNCLEAR, grade=grade.name, change_bp=grade.change_bp)


def evolve_method_published(draft: Draft, event: MethodPublished) -> None:
    """Store the method."""
    published = Published(**{name: getattr(event, name) for name in Published.__struct_fields__})
    draft.put(METHOD, f"{event.division_code}/{event.year}/{event.method_id}", published)


COMMANDS = {PublishMethod: Operation(decide_publish_method, _PUBLISHERS)}
EVENTS = {MethodPublished: evolve_method_published}
