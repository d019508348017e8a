"""Changes to an agreement in force that need both sides: other milestones, or its end.

Released milestones are never touched. What an agreement and its milestones then are is kept by agreements.py and
milestones.py.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import Commitment, ObjectId, PositiveFen, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.contracts.agreements import (
    COUNTERPARTY,
    UNIT,
    Agreement,
    AgreementRevised,
    AgreementTerminated,
    Side,
    check_in_force,
    check_party,
    read_agreement,
)
from mingzhang.chain.contracts.budgets import read_line
from mingzhang.chain.contracts.members import (
    check_not_same_person,
    check_own_prefix,
    check_same,
    read_organisation_of,
)
from mingzhang.chain.contracts.milestones import (
    Milestone,
    MilestonesAgreed,
    bound_fen,
    check_bindable,
    read_milestones,
    rebound,
)
from mingzhang.chain.contracts.projects import check_approved
from mingzhang.chain.contracts.terms import (
    AgreementId,
    Condition,
    Milestones,
    MilestoneTerms,
    check_budget_years,
    check_milestones,
)
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

_PARTIES = (*UNIT, *COUNTERPARTY)
Files = Annotated[list[Commitment], Meta(max_length=50)]


# --- Commands ---


class ProposeChange(Wire, frozen=True, tag="amendments.propose_change/1"):
    """Either side proposes other milestones (合同变更). `milestones` are all that are not yet released, unchanged ones
    too; `total_fen` is what they and the released ones sum to.
    """

    change_id: ObjectId
    agreement_id: AgreementId
    total_fen: PositiveFen
    milestones: Milestones
    reason: Text
    files: Files


class ProposeTermination(Wire, frozen=True, tag="amendments.propose_termination/1"):
    """Either side proposes to end the agreement (合同终止): what is not yet released never will be."""

    change_id: ObjectId
    agreement_id: AgreementId
    reason: Text
    files: Files


class AcceptChange(Wire, frozen=True, tag="amendments.accept/1"):
    """The other side agrees; the change or termination takes effect at once."""

    change_id: ObjectId


class DeclineChange(Wire, frozen=True, tag="amendments.decline/1"):
    """Either side declines a change, its own too."""

    change_id: ObjectId
    reason: Text


# --- Events ---


class ChangeProposed(Wire, frozen=True, tag="amendments.proposed/1"):
    """A change, or with `terminates` an end, waits for the other side. `version` is the agreement's, `released` the
    number of its milestones released, at that time.
    """

    change_id: str
    agreement_id: str
    version: int
    released: int
    side: Side
    terminates: bool
    total_fen: int
    milestones: list[MilestoneTerms]
    reason: str
    files: list[str]
    by: str
    record: int


class ChangeDecided(Wire, frozen=True, tag="amendments.decided/1"):
    """The change was accepted, and took effect in the same record, or declined."""

    change_id: str
    agreement_id: str
    status: Literal["accepted", "declined"]
    reason: str
    by: str
    record: int


# --- Keys ---


class Change(msgspec.Struct, frozen=True):
    """A proposed change and where it stands."""

    agreement_id: str
    version: int
    released: int
    side: str
    terminates: bool
    total_fen: int
    milestones: tuple[MilestoneTerms, ...]
    reason: str
    proposed_by: str
    status: Literal["proposed", "accepted", "declined"]
    record: int


CHANGE = Key("amendments/change", Change)
"""amendments/change/<change>"""


# --- Rules ---


def decide_propose_change(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement in force, a party, id, milestones that hold together with the released ones, money to bind."""
    command: ProposeChange = item.command
    agreement = check_in_force(view, command.agreement_id)
    side = check_party(view, item.signer, command.agreement_id, agreement=agreement, block=block)
    given = {"total_fen": command.total_fen, "milestones": tuple(command.milestones), "terminates": False}
    _check_free(view, item.signer, command, given=given)
    standing, _more_fen = _check_change(
        view,
        command.agreement_id,
        agreement,
        milestones=command.milestones,
        total_fen=command.total_fen,
        block=block,
    )
    return [
        ChangeProposed(
            change_id=command.change_id,
            agreement_id=command.agreement_id,
            version=agreement.version,
            released=_count_released(standing),
            side=side,
            terminates=False,
            total_fen=command.total_fen,
            milestones=command.milestones,
            reason=command.reason,
            files=command.files,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_propose_termination(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement in force, a party, id."""
    command: ProposeTermination = item.command
    agreement = check_in_force(view, command.agreement_id)
    side = check_party(view, item.signer, command.agreement_id, agreement=agreement, block=block)
    _check_free(view, item.signer, command, given={"terminates": True})
    standing = read_milestones(view, command.agreement_id, agreement.milestone_ids)
    return [
        ChangeProposed(
            change_id=command.change_id,
            agreement_id=command.agreement_id,
            version=agreement.version,
            released=_count_released(standing),
            side=side,
            terminates=True,
            total_fen=agreement.total_fen,
            milestones=[],
            reason=command.reason,
            files=command.files,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_accept_change(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: change waiting, agreement in force, the other side, another person, nothing changed since, money."""
    command: AcceptChange = item.command
    change, agreement = _read_waiting(view, command.change_id)
    agreement_id = change.agreement_id
    check_in_force(view, agreement_id)
    side = check_party(view, item.signer, agreement_id, agreement=agreement, block=block)
    if side == change.side:
        raise Refused(codes.CHANGE_BY_ONE_SIDE, change=command.change_id)
    check_not_same_person(item.signer, change.proposed_by)
    standing = read_milestones(view, agreement_id, agreement.milestone_ids)
    if (change.version, change.released) != (agreement.version, _count_released(standing)):
        raise Refused(codes.CHANGE_STALE, agreement=agreement_id, change=command.change_id)
    decided = ChangeDecided(
        change_id=command.change_id,
        agreement_id=agreement_id,
        status="accepted",
        reason="",
        by=item.signer,
        record=item.index,
    )
    if change.terminates:
        return [decided, *_termination(view, item, agreement_id, agreement=agreement, standing=standing)]
    return [decided, *_revision(view, item, change, agreement=agreement, block=block)]


def decide_decline_change(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: change waiting, a party."""
    command: DeclineChange = item.command
    change, agreement = _read_waiting(view, command.change_id)
    check_party(view, item.signer, change.agreement_id, agreement=agreement, block=block)
    return [
        ChangeDecided(
            change_id=command.change_id,
            agreement_id=change.agreement_id,
            status="declined",
            reason=command.reason,
            by=item.signer,
            record=item.index,
        )
    ]


def _check_free(
    view: View, signer: str, command: ProposeChange | ProposeTermination, *, given: dict[str, object]
) -> None:
    check_own_prefix(command.change_id, read_organisation_of(view, signer))
    stored = view.get(CHANGE, command.change_id)
    if stored is not None:
        check_same(command.change_id, stored, given | {"agreement_id": command.agreement_id, "reason": command.reason})


def _read_waiting(view: View, change_id: str) -> tuple[Change, Agreement]:
    change = view.get(CHANGE, change_id)
    if change is None:
        raise Refused(codes.CHANGE_UNKNOWN, change=change_id)
    if change.status != "proposed":
        raise Refused(codes.CHANGE_DECIDED, change=change_id, status=change.status)
    return change, read_agreement(view, change.agreement_id)


def _check_change(
    view: View,
    agreement_id: str,
    agreement: Agreement,
    *,
    milestones: list[MilestoneTerms],
    total_fen: int,
    block: Block,
) -> tuple[list[Milestone], int]:
    """All milestones as they stand, and by how much the change makes the agreement bind more on its line."""
    line = read_line(view, agreement.line_id)
    standing = read_milestones(view, agreement_id, agreement.milestone_ids)
    check_milestones(
        view,
        milestones,
        released=[one.terms for one in standing if one.attempts],
        total_fen=total_fen,
        kind=agreement.kind,
        counterparty=agreement.counterparty,
        block=block,
    )
    project = None if agreement.project_id is None else check_approved(view, agreement.project_id)
    check_budget_years(milestones, project, line_year=line.year)
    more_fen = sum(one.amount_fen for one in milestones if one.budget_year <= line.year)
    more_fen -= bound_fen(standing, line_year=line.year)
    if more_fen > 0:
        check_bindable(agreement.line_id, line, more_fen, block=block)
    return standing, more_fen


def _revision(view: View, item: Item, change: Change, *, agreement: Agreement, block: Block) -> list[Wire]:
    milestones = list(change.milestones)
    standing, more_fen = _check_change(
        view, change.agreement_id, agreement, milestones=milestones, total_fen=change.total_fen, block=block
    )
    named = [one.milestone_id for one in milestones]
    scheduled = [_schedule(one.terms) for one in standing]
    return [
        AgreementRevised(
            agreement_id=change.agreement_id,
            change_id=item.command.change_id,
            version=agreement.version + 1,
            total_fen=change.total_fen,
            milestone_ids=[*(one.terms.milestone_id for one in standing if one.attempts), *named],
            record=item.index,
        ),
        MilestonesAgreed(
            agreement_id=change.agreement_id,
            milestones=milestones,
            fresh=[one.milestone_id for one in milestones if _schedule(one) not in scheduled],
            dropped=[
                one.terms.milestone_id for one in standing if not one.attempts and one.terms.milestone_id not in named
            ],
        ),
        *rebound(agreement.line_id, more_fen, change.agreement_id),
    ]


def _termination(
    view: View, item: Item, agreement_id: str, *, agreement: Agreement, standing: list[Milestone]
) -> list[Wire]:
    returned_fen = bound_fen(standing, line_year=read_line(view, agreement.line_id).year)
    return [
        AgreementTerminated(
            agreement_id=agreement_id,
            change_id=item.command.change_id,
            line_id=agreement.line_id,
            returned_fen=returned_fen,
            record=item.index,
        ),
        *rebound(agreement.line_id, -returned_fen, agreement_id),
    ]


def _schedule(terms: MilestoneTerms) -> tuple[str, int | None, list[Condition]]:
    """What decides when a milestone is released."""
    return terms.milestone_id, terms.not_before, terms.conditions


def _count_released(standing: list[Milestone]) -> int:
    return sum(one.attempts > 0 for one in standing)


def evolve_change_proposed(draft: Draft, event: ChangeProposed) -> None:
    """Store the proposal."""
    change = Change(
        agreement_id=event.agreement_id,
        version=event.version,
        released=event.released,
        side=event.side,
        terminates=event.terminates,
        total_fen=event.total_fen,
        milestones=tuple(event.milestones),
        reason=event.reason,
        proposed_by=event.by,
        status="proposed",
        record=event.record,
    )
    draft.put(CHANGE, event.change_id, change)


def evolve_change_decided(draft: Draft, event: ChangeDecided) -> None:
    """Store what became of it."""
    change = draft.get(CHANGE, event.change_id)
    if change is None:
        raise KeyError(event.change_id)
    draft.put(CHANGE, event.change_id, msgspec.structs.replace(change, status=event.status, record=event.record))


COMMANDS = {
    ProposeChange: Operation(decide_propose_change, _PARTIES),
    ProposeTermination: Operation(decide_propose_termination, _PARTIES),
    AcceptChange: Operation(decide_accept_change, _PARTIES),
    DeclineChange: Operation(decide_decline_change, _PARTIES),
}
EVENTS = {ChangeProposed: evolve_change_proposed, ChangeDecided: evolve_change_decided}
