"""Code tables by year, spending standards, and parameters with the times from which they hold."""

import sqlalchemy as sa

from mingzhang.chain.contracts.standards import CodesPublished, ParameterSet, StandardPublished
from mingzhang.views.batch import Batch
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Code(Row):
    """A code of a table in a year; `parent` is the code above it, "" at the top."""

    table: str
    year: int
    code: str
    name: str
    parent: str
    basis: str
    record: int


class Standard(Row):
    """A spending standard (支出标准) of a year: unit cost, unit of measure, price index in basis points."""

    year: int
    standard_id: str
    name: str
    unit: str
    unit_cost_fen: int
    price_index_bp: int
    basis: str
    record: int


class Parameter(Row):
    """A value of a parameter from a ledger time on; of two for one time the later record's holds."""

    name: str
    from_time: int
    record: int
    value: int
    basis: str


CODES = RowTable("codes", Code, key=("table", "year", "code"), indexes={"parent": ("table", "year", "parent")})
STANDARDS = RowTable("standards", Standard, key=("year", "standard_id"))
PARAMETERS = RowTable("parameters", Parameter, key=("name", "from_time", "record"))

_CODES = Listing(CODES, Code, sorts={"code": ("code", "year")})
_STANDARDS = Listing(STANDARDS, Standard, sorts={"standard": ("standard_id", "year"), "name": ("name", "standard_id")})
_PARAMETERS = Listing(PARAMETERS, Parameter, sorts={"time": ("name", "from_time", "record")})


# --- Projectors ---


def project_codes_published(batch: Batch, event: CodesPublished) -> None:
    """One row a code."""
    for entry in event.entries:
        code = row_from(Code, entry, table=event.table, year=event.year, basis=event.basis, record=batch.record.index)
        batch.add(CODES, code)


def project_standard_published(batch: Batch, event: StandardPublished) -> None:
    """The standard."""
    batch.add(STANDARDS, row_from(Standard, event, record=batch.record.index))


def project_parameter_set(batch: Batch, event: ParameterSet) -> None:
    """The value, beside those before it."""
    batch.add(PARAMETERS, row_from(Parameter, event, record=batch.record.index))


# --- Queries ---


def get_code(connection: sa.Connection, table: str, code: str, *, year: int) -> Code | None:
    """A code of a table in a year, or None."""
    return _CODES.one(connection, CODES.c.table == table, CODES.c.year == year, CODES.c.code == code)


def list_codes(
    connection: sa.Connection,
    table: str,
    year: int,
    *,
    parent: str | None = None,
    text: str | None = None,
    sort: str = "code",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Code]:
    """Codes of a table in a year: all, those right below `parent` ("": at the top), with a text in code or name."""
    conditions: list[Condition] = [CODES.c.table == table, CODES.c.year == year]
    if parent is not None:
        conditions.append(CODES.c.parent == parent)
    if text is not None:
        found = CODES.c.name.icontains(text, autoescape=True)
        conditions.append(sa.or_(CODES.c.code.startswith(text, autoescape=True), found))
    return _CODES.page(connection, conditions, sort=sort, limit=limit, after=after)


def list_standards(
    connection: sa.Connection,
    year: int,
    *,
    sort: str = "standard",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Standard]:
    """Spending standards of a year."""
    return _STANDARDS.page(connection, [STANDARDS.c.year == year], sort=sort, limit=limit, after=after)


def list_parameter_values(connection: sa.Connection, name: str | None = None) -> list[Parameter]:
    """Values of a parameter, or of all, in order of name and time. One that was never set has none here."""
    conditions = [] if name is None else [PARAMETERS.c.name == name]
    return _PARAMETERS.all(connection, *conditions, sort="time")


PROJECTORS = {
    CodesPublished: project_codes_published,
    StandardPublished: project_standard_published,
    ParameterSet: project_parameter_set,
}
