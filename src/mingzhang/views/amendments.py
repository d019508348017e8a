"""Changes and ends proposed to agreements (合同变更、终止), and what the other side said."""

import sqlalchemy as sa

from mingzhang.chain.contracts.amendments import ChangeDecided, ChangeProposed
from mingzhang.chain.contracts.terms import MilestoneTerms
from mingzhang.views.batch import Batch
from mingzhang.views.paging import Listing
from mingzhang.views.tables import Row, RowTable, row_from


class Change(Row):
    """A proposed change, or with `terminates` an end; `status` is proposed, accepted or declined."""

    change_id: str
    agreement_id: str
    version: int
    side: str
    terminates: bool
    total_fen: int
    milestones: list[MilestoneTerms]
    reason: str
    files: list[str]
    proposed_by: str
    time: int
    record: int
    status: str
    decided_by: str
    decided_reason: str
    decided_record: int | None


CHANGES = RowTable("agreement_changes", Change, key=("change_id",), indexes={"agreement": ("agreement_id",)})
_CHANGES = Listing(CHANGES, Change, sorts={"record": ("record",)})


def project_change_proposed(batch: Batch, event: ChangeProposed) -> None:
    """It waits for the other side."""
    change = row_from(
        Change,
        event,
        proposed_by=event.by,
        time=batch.record.time,
        status="proposed",
        decided_by="",
        decided_reason="",
        decided_record=None,
    )
    batch.new(CHANGES, change)


def project_change_decided(batch: Batch, event: ChangeDecided) -> None:
    """What the other side said; what it changed is the agreement's own."""
    change = batch.get(CHANGES, event.change_id)
    change.status, change.decided_by, change.decided_reason = event.status, event.by, event.reason
    change.decided_record = event.record


def list_changes(connection: sa.Connection, agreement_id: str) -> list[Change]:
    """What was proposed on an agreement, in order."""
    return _CHANGES.all(connection, CHANGES.c.agreement_id == agreement_id, sort="record")


PROJECTORS = {ChangeProposed: project_change_proposed, ChangeDecided: project_change_decided}
