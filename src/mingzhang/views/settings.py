"""What genesis fixed: the ledger's name, suite, clock and the notice shown with everything from it."""

import sqlalchemy as sa

from mingzhang.chain.contracts.settings import LedgerFounded
from mingzhang.views.batch import Batch
from mingzhang.views.tables import Row, RowTable


class LedgerRow(Row):
    """The ledger. `clock` is "block", or "stated" for a sandbox clock (沙盒时钟)."""

    chain_id: str
    suite: str
    clock: str
    notice: str
    checkpoint_threshold: int
    founded_time: int


LEDGER = RowTable("ledger", LedgerRow, key=("chain_id",))


def project_ledger_founded(batch: Batch, event: LedgerFounded) -> None:
    """The ledger's one row."""
    ledger = LedgerRow(
        chain_id=event.chain_id,
        suite=event.suite,
        clock=event.clock,
        notice=event.notice,
        checkpoint_threshold=event.checkpoint_threshold,
        founded_time=batch.record.time,
    )
    batch.new(LEDGER, ledger)


def get_ledger(connection: sa.Connection) -> LedgerRow | None:
    """The ledger; None while the views have not seen its genesis."""
    found = connection.execute(sa.select(LEDGER.table)).one_or_none()
    return None if found is None else LEDGER.read(found, LedgerRow)


PROJECTORS = {LedgerFounded: project_ledger_founded}
