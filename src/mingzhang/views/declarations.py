"""What versions of a project's declaration ask for, piece by piece: cost items, amounts by year, indicators.

Rows come from the events that projects.py projects; whole versions are kept there.
"""

import sqlalchemy as sa

from mingzhang.chain.contracts.projects import ProjectApproved, ProjectDeclared
from mingzhang.views.batch import Batch
from mingzhang.views.paging import Listing
from mingzhang.views.tables import Row, RowTable, row_from

WHOLE = 0
"""In place of a year: targets of the whole project (总体目标)."""


class CostItem(Row):
    """A line of a version's estimate; `standard_fen` is what its standard allows, `sealed` a commitment to quantity
    and unit cost where those are not clear.
    """

    project_id: str
    version: int
    number: int
    name: str
    standard_id: str | None
    quantity: int | None
    unit_cost_fen: int | None
    sealed: str | None
    amount_fen: int
    standard_fen: int | None
    departure_reason: str


class Slice(Row):
    """What a project's current version asks for a year, and what finance approved; null before it has."""

    project_id: str
    year: int
    version: int
    asked_fen: int
    approved_fen: int | None


class Indicator(Row):
    """An indicator of a version; `year` is 0 for the whole project. The target is digits ÷ 10 to the scale, or a text.

    Weights are hundredths of a point.
    """

    project_id: str
    version: int
    year: int
    indicator_id: str
    number: int
    dimension: str
    kind: str
    name: str
    operator: str
    target_digits: int | None
    target_scale: int | None
    target_text: str
    unit_of_measure: str
    weight: int
    evidence_needed: str


ITEMS = RowTable("cost_items", CostItem, key=("project_id", "version", "number"))
SLICES = RowTable("project_slices", Slice, key=("project_id", "year"), indexes={"year": ("year", "project_id")})
INDICATORS = RowTable("indicators", Indicator, key=("project_id", "version", "year", "indicator_id"))
_ITEMS = Listing(ITEMS, CostItem, sorts={"number": ("number",)})
_SLICES = Listing(SLICES, Slice, sorts={"year": ("year",)})
_INDICATORS = Listing(INDICATORS, Indicator, sorts={"number": ("year", "number")})


# --- Projectors ---


def note_version(batch: Batch, event: ProjectDeclared) -> None:
    """The pieces of a version. A version's years need not be those of the one before, which asks for none then."""
    project_id, version, declared = event.project_id, event.version, event.declaration
    for number, (item, standard_fen) in enumerate(zip(declared.items, event.standard_fen, strict=True), start=1):
        batch.add(
            ITEMS,
            row_from(CostItem, item, project_id=project_id, version=version, number=number, standard_fen=standard_fen),
        )
    for part in declared.slices:
        batch.put(SLICES, Slice(project_id, part.year, version, part.amount_fen, None))
    for targets in declared.targets:
        for number, indicator in enumerate(targets.indicators, start=1):
            target = indicator.target
            row = row_from(
                Indicator,
                indicator,
                project_id=project_id,
                version=version,
                year=targets.year or WHOLE,
                number=number,
                target_digits=None if target is None else target.digits,
                target_scale=None if target is None else target.scale,
            )
            batch.add(INDICATORS, row)


def note_approval(batch: Batch, event: ProjectApproved) -> None:
    """The approved amount of each year."""
    for part in event.approved:
        batch.get(SLICES, event.project_id, part.year).approved_fen = part.amount_fen


# --- Queries ---


def list_items(connection: sa.Connection, project_id: str, version: int) -> list[CostItem]:
    """A version's estimate, in its order."""
    return _ITEMS.all(connection, ITEMS.c.project_id == project_id, ITEMS.c.version == version, sort="number")


def list_slices(connection: sa.Connection, project_id: str, version: int) -> list[Slice]:
    """What the current version, named by its number, asks for by year."""
    c = SLICES.c
    return _SLICES.all(connection, c.project_id == project_id, c.version == version, sort="year")


def list_indicators(
    connection: sa.Connection, project_id: str, version: int, *, year: int | None = None
) -> list[Indicator]:
    """A version's indicators in their order; of one year, or with WHOLE of the whole project, when given."""
    c = INDICATORS.c
    period = [] if year is None else [c.year == year]
    return _INDICATORS.all(connection, c.project_id == project_id, c.version == version, *period, sort="number")
