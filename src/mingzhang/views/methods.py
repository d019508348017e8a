"""Evaluation methods (绩效评价办法) as published: weights, bands, grades."""

import sqlalchemy as sa

from mingzhang.chain.contracts.methods import Method, MethodPublished
from mingzhang.views.batch import Batch
from mingzhang.views.paging import DEFAULT_LIMIT, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class MethodRow(Row):
    """A method of a year for a division and those below it; `unverified` when not typed in from the official text."""

    division_code: str
    year: int
    method_id: str
    name: str
    method: Method
    basis: str
    unverified: bool
    notes: str
    published_by: str
    record: int


METHODS = RowTable("methods", MethodRow, key=("division_code", "year", "method_id"))
_METHODS = Listing(METHODS, MethodRow, sorts={"record": ("record",), "year": ("year", "record")})


def project_method_published(batch: Batch, event: MethodPublished) -> None:
    """The method."""
    batch.add(METHODS, row_from(MethodRow, event, published_by=event.by))


def get_method(connection: sa.Connection, method_id: str, *, year: int, division_code: str) -> MethodRow | None:
    """The method published for exactly this division, or None."""
    c = METHODS.c
    return _METHODS.one(connection, c.division_code == division_code, c.year == year, c.method_id == method_id)


def list_methods(
    connection: sa.Connection,
    *,
    year: int | None = None,
    sort: str = "-year",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[MethodRow]:
    """Methods, of a year when one is given."""
    conditions = [] if year is None else [METHODS.c.year == year]
    return _METHODS.page(connection, conditions, sort=sort, limit=limit, after=after)


PROJECTORS = {MethodPublished: project_method_published}
