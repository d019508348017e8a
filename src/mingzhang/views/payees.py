"""Who may be paid. What is sealed of a payee is a commitment here as on the ledger."""

import msgspec
import sqlalchemy as sa

from mingzhang.chain.contracts.payees import PayeeRegistered, PayeeResumed, PayeeSuspended
from mingzhang.views.batch import Batch
from mingzhang.views.members import belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Payee(Row):
    """A payee. `name` is null for an individual, whose name is sealed; `suspended_by` "" while it may be paid."""

    payee_id: str
    organisation: str
    kind: str
    name: str | None
    name_commitment: str | None
    account_commitment: str
    account_index: str
    contact_commitment: str | None
    suspended_by: str
    suspended_reason: str
    record: int


class PayeeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which payees; all conditions given must hold. `organisation` means it and those below it; `account_index` is the
    blind index of an account: who else has it.
    """

    organisation: str | None = None
    kind: str | None = None
    suspended: bool | None = None
    account_index: str | None = None
    text: str | None = None


PAYEES = RowTable(
    "payees",
    Payee,
    key=("payee_id",),
    indexes={"organisation": ("organisation",), "account": ("account_index",)},
)
_PAYEES = Listing(PAYEES, Payee, sorts={"payee": ("payee_id",), "record": ("record",)})


def project_payee_registered(batch: Batch, event: PayeeRegistered) -> None:
    """A new payee."""
    batch.new(PAYEES, row_from(Payee, event, suspended_by="", suspended_reason=""))


def project_payee_suspended(batch: Batch, event: PayeeSuspended) -> None:
    """It may not be paid."""
    payee = batch.get(PAYEES, event.payee_id)
    payee.suspended_by, payee.suspended_reason = event.by, event.reason


def project_payee_resumed(batch: Batch, event: PayeeResumed) -> None:
    """It may be paid again."""
    payee = batch.get(PAYEES, event.payee_id)
    payee.suspended_by, payee.suspended_reason = "", ""


def get_payee(connection: sa.Connection, payee_id: str) -> Payee | None:
    """A payee, or None."""
    return _PAYEES.one(connection, PAYEES.c.payee_id == payee_id)


def list_payees(
    connection: sa.Connection,
    wanted: PayeeFilter = PayeeFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "payee",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[Payee]:
    """Payees. Raises WrongQuery."""
    c = PAYEES.c
    conditions: list[Condition] = []
    if wanted.organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
    if wanted.kind is not None:
        conditions.append(c.kind == wanted.kind)
    if wanted.suspended is not None:
        conditions.append((c.suspended_by != "") if wanted.suspended else (c.suspended_by == ""))
    if wanted.account_index is not None:
        conditions.append(c.account_index == wanted.account_index)
    if wanted.text is not None:
        conditions.append(c.name.icontains(wanted.text, autoescape=True))
    return _PAYEES.page(connection, conditions, sort=sort, limit=limit, after=after)


PROJECTORS = {
    PayeeRegistered: project_payee_registered,
    PayeeSuspended: project_payee_suspended,
    PayeeResumed: project_payee_resumed,
}
