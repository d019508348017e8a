"""Lists of payments and of refused requests, at a million rows: what may be asked, and which index answers."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from mingzhang.views import words
from mingzhang.views.budgets import LINES
from mingzhang.views.members import ORGANISATIONS, belongs_under, organisations_under
from mingzhang.views.paging import (
    DEFAULT_LIMIT,
    Condition,
    Listing,
    Page,
    Path,
    WrongQuery,
    choose,
    is_narrow,
    restrict,
    source_of,
)
from mingzhang.views.payees import PAYEES
from mingzhang.views.payments import PAYMENTS, REFUSED, TOTALS, Payment, RefusedPayment
from mingzhang.views.projects import PROJECTS
from mingzhang.views.records import TOUCHES

MOST_PARTS = 200
"""Organisations whose payments are merged for a page; beyond, a walk through all is quicker."""
FEW_TOUCHED = 20_000
"""Records about a line, payee, project or agreement among which its payments are looked for: 40 ms at most."""
FEW_BY_TEXT = 40_000
"""Rows looked through for a text: they lie side by side, so that takes 30 ms."""


class ListedPayment(Payment):
    """A payment with the names a list shows beside it."""

    organisation_name: str | None
    project_name: str | None
    payee_name: str | None


class PaymentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments; all conditions given must hold. `organisation` means it and those below it; dates are business
    dates (YYYY-MM-DD), both ends included, as are amounts; `text` is looked for in the purpose.
    """

    organisation: str | None = None
    year: int | None = None
    from_date: str | None = None
    until_date: str | None = None
    project_id: str | None = None
    line_id: str | None = None
    payee_id: str | None = None
    agreement_id: str | None = None
    status: tuple[str, ...] = ()
    from_fen: int | None = None
    until_fen: int | None = None
    text: str | None = None


class RefusedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which refused requests; all conditions given must hold. `organisation` means it and those below it."""

    organisation: str | None = None
    line_id: str | None = None
    code: str | None = None
    requested_by: str | None = None


class PaymentSum(msgspec.Struct, frozen=True):
    """How many payments and their sum; `group` is what they have in common, None for all."""

    group: str | None
    count: int
    amount_fen: int


_LISTED = Listing(
    PAYMENTS,
    ListedPayment,
    sorts={"date": ("business_date", "record"), "amount": ("amount_fen", "record")},
    extra=[
        ORGANISATIONS.c.name.label("organisation_name"),
        PROJECTS.c.name.label("project_name"),
        PAYEES.c.name.label("payee_name"),
    ],
    joins=[
        (ORGANISATIONS.table, ORGANISATIONS.c.organisation_id == PAYMENTS.c.organisation),
        (PROJECTS.table, PROJECTS.c.project_id == PAYMENTS.c.project_id),
        (PAYEES.table, PAYEES.c.payee_id == PAYMENTS.c.payee_id),
    ],
)
_REFUSED = Listing(REFUSED, RefusedPayment, sorts={"record": ("record",)})
_C = PAYMENTS.c
_NOT_SETTLED = _C.status != sa.literal_column("'settled'")
"""Spelled as in the partial index, which SQLite uses only for a condition of the same words."""


def get_payment(connection: sa.Connection, payment_id: str) -> ListedPayment | None:
    """A payment, or None."""
    return _LISTED.one(connection, _C.payment_id == payment_id)


def list_payments(
    connection: sa.Connection,
    wanted: PaymentFilter = PaymentFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-date",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[ListedPayment]:
    """Payments by date or amount. Raises WrongQuery."""
    asked = _Asked(connection, wanted)
    return _LISTED.page(connection, asked.conditions, sort=sort, limit=limit, after=after, paths=asked.paths)


def count_payments(connection: sa.Connection, wanted: PaymentFilter = PaymentFilter()) -> int | None:  # noqa: B008
    """How many payments there are; None where that would take reading very many."""
    totals = total_payments(connection, wanted)
    return None if totals is None else sum(total.count for total in totals)


def total_payments(
    connection: sa.Connection,
    wanted: PaymentFilter = PaymentFilter(),  # noqa: B008 (frozen)
    *,
    by: Literal["organisation", "month", "status", "line_id"] | None = None,
) -> list[PaymentSum] | None:
    """Count and sum for each value of `by` in its order, or of all; None where that would take reading very many.

    What running totals hold is summed from those: organisation, line, project, status, and whole months.
    """
    running = _running(connection, wanted)
    if running is not None:
        group: sa.ColumnElement[Any] = sa.null() if by is None else TOTALS.c[by]
        statement = _sums(group, TOTALS.c.count, TOTALS.c.amount_fen).where(*running)
        return _grouped(connection, statement, group, by=by)
    asked = _Asked(connection, wanted)
    path = choose(connection, PAYMENTS, asked.paths, order="date")
    if not path.parts:
        return [] if by is not None else [PaymentSum(None, 0, 0)]
    if not is_narrow(connection, PAYMENTS, path):
        return None
    month = sa.func.substr(_C.business_date, 1, 7)
    group = sa.null() if by is None else (month if by == "month" else _C[by])
    sums = _sums(group, sa.literal(1), _C.amount_fen).select_from(source_of(PAYMENTS, path))
    statement = restrict(sums, path, asked.conditions)
    return _grouped(connection, statement, group, by=by)


def list_refused_payments(
    connection: sa.Connection,
    wanted: RefusedFilter = RefusedFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[RefusedPayment]:
    """Requests that were refused, in the order of the ledger. Raises WrongQuery."""
    c = REFUSED.c
    conditions: list[Condition] = []
    paths: list[Path] = []
    for column, value in ((c.line_id, wanted.line_id), (c.requested_by, wanted.requested_by), (c.code, wanted.code)):
        if value is not None:
            conditions.append(column == value)
            paths += _merged(column, [value], "record")
    if wanted.organisation is not None:
        within = organisations_under(connection, (wanted.organisation,))
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
        paths += _merged(c.organisation, within, "record")
    paths.append(Path([sa.true()], "record"))
    return _REFUSED.page(connection, conditions, sort=sort, limit=limit, after=after, paths=paths)


class _Asked:
    """A filter's conditions on payments, and the paths it offers, the rarer first."""

    def __init__(self, connection: sa.Connection, wanted: PaymentFilter) -> None:
        self.dates = _dates(_C.business_date, wanted)
        self.amounts = _span(_C.amount_fen, wanted.from_fen, wanted.until_fen)
        self.conditions: list[Condition] = [*self.dates, *self.amounts]
        self.paths: list[Path] = []
        for kind, column, value in (
            ("budget_line", _C.line_id, wanted.line_id),
            ("agreement", _C.agreement_id, wanted.agreement_id),
            ("payee", _C.payee_id, wanted.payee_id),
            ("project", _C.project_id, wanted.project_id),
        ):
            if value is not None:
                self.conditions.append(column == value)
                self.paths.append(_touching(kind, value))
        if wanted.status:
            self._status(wanted.status)
        if wanted.organisation is not None:
            self._organisation(connection, wanted.organisation)
        if wanted.text is not None:
            self._text(connection, wanted.text)
        self.paths.append(Path([sa.true()], "date", self.dates))
        self.paths.append(Path([sa.true()], "amount", self.amounts))

    def _status(self, status: Sequence[str]) -> None:
        self.conditions.append(_C.status.in_(status))
        if "settled" not in status:
            parts = [sa.and_(_C.status == each, _NOT_SETTLED) for each in dict.fromkeys(status)]
            self.paths.append(Path(parts, "date", self.dates))

    def _organisation(self, connection: sa.Connection, organisation: str) -> None:
        within = organisations_under(connection, (organisation,))
        every = connection.execute(sa.select(sa.func.count()).select_from(ORGANISATIONS.table)).scalar_one()
        if len(within) < every:
            self.conditions.append(_C.organisation.in_(within))
            self.paths += _merged(_C.organisation, within, "date", within=self.dates)

    def _text(self, connection: sa.Connection, text: str) -> None:
        self.conditions.append(_C.purpose.icontains(text, autoescape=True))
        # Neighbouring stretches are one part: their numbers less their places are equal.
        places = enumerate(words.stretches_with(connection, text))
        runs = [[stretch for _at, stretch in run] for _key, run in groupby(places, key=lambda pair: pair[1] - pair[0])]
        parts = [_C.record.between(run[0] * words.STRETCH, (run[-1] + 1) * words.STRETCH - 1) for run in runs]
        if len(parts) <= MOST_PARTS:
            self.paths.append(Path(parts, "record", few=FEW_BY_TEXT))


def _touching(kind: str, object_id: str) -> Path:
    """The path by the records about an object; its payments' requests are among them."""
    touched = sa.and_(TOUCHES.c.object_id == object_id, TOUCHES.c.kind == kind)
    on = _C.record == TOUCHES.c.record
    return Path([touched], "record", few=FEW_TOUCHED, through=TOUCHES.table, on=on)


def _merged(
    column: "sa.ColumnElement[str]", values: Sequence[str], order: str, *, within: Sequence[Condition] = ()
) -> list[Path]:
    """The path by these values of an indexed column; none when they are too many to merge."""
    parts = [column == value for value in values]
    return [] if len(parts) > MOST_PARTS else [Path(parts, order, within)]


def _dates(column: "sa.ColumnElement[str]", wanted: PaymentFilter, *, letters: int = 10) -> list[Condition]:
    """The filter's dates as conditions on a column that keeps so many letters of a date. Raises WrongQuery."""
    for field, given in (("from_date", wanted.from_date), ("until_date", wanted.until_date)):
        try:
            date.fromisoformat(given or "2000-01-01")
        except ValueError:
            raise WrongQuery(field, "须为日期 YYYY-MM-DD", "must be a date, YYYY-MM-DD") from None
    first = [each for each in (_year(wanted, "01-01"), wanted.from_date) if each is not None]
    last = [each for each in (_year(wanted, "12-31"), wanted.until_date) if each is not None]
    return _span(column, max(first)[:letters] if first else None, min(last)[:letters] if last else None)


def _year(wanted: PaymentFilter, day: str) -> str | None:
    return None if wanted.year is None else f"{wanted.year:04d}-{day}"


def _whole_months(wanted: PaymentFilter) -> bool:
    first = date.fromisoformat(wanted.from_date or "2000-01-01")
    last = date.fromisoformat(wanted.until_date or "2000-01-31")
    return first.day == 1 and (last + timedelta(days=1)).day == 1


def _span(column: "sa.ColumnElement[Any]", first: Any, last: Any) -> list[Condition]:
    return [*([] if first is None else [column >= first]), *([] if last is None else [column <= last])]


def _running(connection: sa.Connection, wanted: PaymentFilter) -> list[Condition] | None:
    """The filter as conditions on running totals, or None where those do not say enough."""
    c = TOTALS.c
    conditions: list[Condition] = [c.status != "refunded", c.count != 0, *_dates(c.month, wanted, letters=7)]
    others = (wanted.payee_id, wanted.agreement_id, wanted.from_fen, wanted.until_fen, wanted.text)
    if not _whole_months(wanted) or any(other is not None for other in others):
        return None
    if wanted.organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
    if wanted.line_id is not None:
        conditions.append(c.line_id == wanted.line_id)
    if wanted.project_id is not None:
        lines = sa.select(LINES.c.line_id).where(LINES.c.project_id == wanted.project_id)
        conditions.append(c.line_id.in_(lines))
    if wanted.status:
        conditions.append(c.status.in_(wanted.status))
    return conditions


def _sums(
    group: "sa.ColumnElement[Any]", count: "sa.ColumnElement[Any]", amount: "sa.ColumnElement[Any]"
) -> sa.Select[Any]:
    whole = (sa.cast(sa.func.coalesce(sa.func.sum(each), 0), sa.BigInteger) for each in (count, amount))
    return sa.select(group, *whole)


def _grouped(
    connection: sa.Connection, statement: sa.Select[Any], group: "sa.ColumnElement[Any]", *, by: str | None
) -> list[PaymentSum]:
    if by is not None:
        statement = statement.group_by(group).order_by(group)
    return [PaymentSum(*row) for row in connection.execute(statement)]
