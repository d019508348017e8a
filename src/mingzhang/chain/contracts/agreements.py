"""Agreements (合同/协议): signed by a unit, countersigned by the other side, and where each of them stands.

With the countersignature the line's money is bound (合同占用). What an agreement says is in terms.py; changes and
the end are in amendments.py, another year's line in switches.py, disputes in disputes.py: their events about agreements
are kept here.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from mingzhang.chain.codec import Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.contracts.budgets import Line, read_line
from mingzhang.chain.contracts.members import check_authority, check_not_same_person, check_own_prefix, check_same
from mingzhang.chain.contracts.milestones import MilestonesAgreed, check_bindable, rebound
from mingzhang.chain.contracts.payees import check_payable
from mingzhang.chain.contracts.projects import check_approved
from mingzhang.chain.contracts.terms import (
    AgreementId,
    AgreementTerms,
    check_budget_years,
    check_terms,
)
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

UNIT = ("unit_head", "unit_finance")
COUNTERPARTY = ("contractor",)
Side = Literal["unit", "counterparty"]


# --- Commands ---


class SignAgreement(Wire, frozen=True, tag="agreements.sign/1"):
    """The unit signs first; nothing is bound until the other side has signed too."""

    agreement_id: AgreementId
    terms: AgreementTerms


class CountersignAgreement(Wire, frozen=True, tag="agreements.countersign/1"):
    """The other side signs: the agreement is in force and its money bound on the line, or nothing happens at all."""

    agreement_id: AgreementId


class WithdrawAgreement(Wire, frozen=True, tag="agreements.withdraw/1"):
    """Either side gives up an agreement that is not yet in force."""

    agreement_id: AgreementId
    reason: Text


# --- Events ---


class AgreementProposed(Wire, frozen=True, tag="agreements.proposed/1"):
    """The unit signed these terms."""

    agreement_id: str
    organisation: str
    terms: AgreementTerms
    by: str
    record: int


class AgreementCountersigned(Wire, frozen=True, tag="agreements.countersigned/1"):
    """The agreement is in force; `bound_fen` is what its milestones bind on the line."""

    agreement_id: str
    line_id: str
    bound_fen: int
    by: str
    record: int


class AgreementWithdrawn(Wire, frozen=True, tag="agreements.withdrawn/1"):
    """The agreement never came into force."""

    agreement_id: str
    side: Side
    reason: str
    by: str
    record: int


class AgreementRevised(Wire, frozen=True, tag="agreements.revised/1"):
    """A change both sides agreed to: total and milestones, the released ones first."""

    agreement_id: str
    change_id: str
    version: int
    total_fen: int
    milestone_ids: list[str]
    record: int


class AgreementTerminated(Wire, frozen=True, tag="agreements.terminated/1"):
    """Both sides ended the agreement; what was bound is available on the line again."""

    agreement_id: str
    change_id: str
    line_id: str
    returned_fen: int
    record: int


class AgreementDisputed(Wire, frozen=True, tag="agreements.disputed/1"):
    """Automatic releases pause."""

    agreement_id: str
    side: Side
    reason: str
    by: str
    record: int


class DisputeResolved(Wire, frozen=True, tag="agreements.dispute_resolved/1"):
    """Automatic releases go on."""

    agreement_id: str
    reason: str
    by: str
    record: int


class LineSwitched(Wire, frozen=True, tag="agreements.line_switched/1"):
    """The agreement is paid from another line: so much was unbound on the old one, so much bound on the new one."""

    agreement_id: str
    from_line: str
    to_line: str
    unbound_fen: int
    bound_fen: int
    reason: str
    by: str
    record: int


# --- Keys ---


class Agreement(msgspec.Struct, frozen=True):
    """Where an agreement stands. `disputed_by` is "" while nobody contests it; `version` counts agreed changes."""

    organisation: str
    project_id: str | None
    kind: str
    title: str
    counterparty: str
    payee_id: str
    line_id: str
    total_fen: int
    milestone_ids: tuple[str, ...]
    status: Literal["proposed", "in_force", "withdrawn", "terminated"]
    version: int
    proposed_by: str
    countersigned_by: str
    disputed_by: str
    disputed_side: str
    record: int


AGREEMENT = Key("agreements/agreement", Agreement)
"""agreements/agreement/<agreement>"""
TERMS = Key("agreements/terms", AgreementTerms)
"""agreements/terms/<agreement>: as first signed, whatever changed since"""


# --- Rules ---


def read_agreement(view: View, agreement_id: str) -> Agreement:
    """An agreement. Raises Refused."""
    found = view.get(AGREEMENT, agreement_id)
    if found is None:
        raise Refused(codes.AGREEMENT_UNKNOWN, agreement=agreement_id)
    return found


def scan_agreements(view: View) -> Iterable[tuple[str, Agreement]]:
    """All agreements in order of id: for whole-state checks, not for decisions."""
    return view.scan(AGREEMENT)


def check_in_force(view: View, agreement_id: str) -> Agreement:
    """The agreement, if both have signed it and it has not ended. Raises Refused."""
    agreement = read_agreement(view, agreement_id)
    if agreement.status != "in_force":
        raise Refused(codes.AGREEMENT_NOT_IN_FORCE, agreement=agreement_id, status=agreement.status)
    return agreement


def check_party(view: View, signer: str, agreement_id: str, *, agreement: Agreement, block: Block) -> Side:
    """For which side the signer may act. Raises Refused."""
    sides: tuple[tuple[Side, tuple[str, ...], str], ...] = (
        ("unit", UNIT, agreement.organisation),
        ("counterparty", COUNTERPARTY, agreement.counterparty),
    )
    for side, roles, organisation in sides:
        try:
            check_authority(view, signer, roles, organisation=organisation, block=block, project=agreement.project_id)
        except Refused:
            continue
        return side
    raise Refused(codes.NOT_A_PARTY, signer=signer, agreement=agreement_id)


def decide_sign_agreement(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: line, authority, id, the line's project, terms, payee, money that could be bound now."""
    command: SignAgreement = item.command
    terms = command.terms
    line = read_line(view, terms.line_id)
    check_authority(view, item.signer, UNIT, organisation=line.organisation, block=block, project=line.project_id)
    check_own_prefix(command.agreement_id, line.organisation)
    stored = view.get(TERMS, command.agreement_id)
    if stored is not None:
        names = AgreementTerms.__struct_fields__
        check_same(command.agreement_id, stored, {name: getattr(terms, name) for name in names})
    if terms.project_id != line.project_id:
        raise Refused(codes.LINE_OF_ANOTHER_PROJECT, line=terms.line_id)
    check_terms(view, terms, organisation=line.organisation, block=block)
    check_payable(view, terms.payee_id)
    _check_binding(view, terms, line, block=block)
    return [
        AgreementProposed(
            agreement_id=command.agreement_id,
            organisation=line.organisation,
            terms=terms,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_countersign_agreement(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement waiting, the other side's authority and another person, money to bind."""
    command: CountersignAgreement = item.command
    agreement = _check_proposed(view, command.agreement_id)
    terms = view.get(TERMS, command.agreement_id)
    if terms is None:
        raise KeyError(command.agreement_id)
    check_authority(
        view,
        item.signer,
        COUNTERPARTY,
        organisation=agreement.counterparty,
        block=block,
        project=agreement.project_id,
    )
    check_not_same_person(item.signer, agreement.proposed_by)
    bound_fen = _check_binding(view, terms, read_line(view, agreement.line_id), block=block)
    return [
        AgreementCountersigned(
            agreement_id=command.agreement_id,
            line_id=agreement.line_id,
            bound_fen=bound_fen,
            by=item.signer,
            record=item.index,
        ),
        MilestonesAgreed(
            agreement_id=command.agreement_id,
            milestones=terms.milestones,
            fresh=list(agreement.milestone_ids),
            dropped=[],
        ),
        *rebound(agreement.line_id, bound_fen, command.agreement_id),
    ]


def decide_withdraw_agreement(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement waiting, a party."""
    command: WithdrawAgreement = item.command
    agreement = _check_proposed(view, command.agreement_id)
    side = check_party(view, item.signer, command.agreement_id, agreement=agreement, block=block)
    return [
        AgreementWithdrawn(
            agreement_id=command.agreement_id, side=side, reason=command.reason, by=item.signer, record=item.index
        )
    ]


def _check_proposed(view: View, agreement_id: str) -> Agreement:
    agreement = read_agreement(view, agreement_id)
    if agreement.status != "proposed":
        raise Refused(codes.AGREEMENT_NOT_PROPOSED, agreement=agreement_id, status=agreement.status)
    return agreement


def _check_binding(view: View, terms: AgreementTerms, line: Line, *, block: Block) -> int:
    """What the terms bind on the line now. Refuse what it, or the project's later years, cannot bear."""
    project = None if terms.project_id is None else check_approved(view, terms.project_id)
    check_budget_years(terms.milestones, project, line_year=line.year)
    bound = sum(one.amount_fen for one in terms.milestones if one.budget_year <= line.year)
    check_bindable(terms.line_id, line, bound, block=block)
    return bound


def evolve_agreement_proposed(draft: Draft, event: AgreementProposed) -> None:
    """Keep the terms whole, and where the agreement stands."""
    terms = event.terms
    agreement = Agreement(
        organisation=event.organisation,
        project_id=terms.project_id,
        kind=terms.kind,
        title=terms.title,
        counterparty=terms.counterparty,
        payee_id=terms.payee_id,
        line_id=terms.line_id,
        total_fen=terms.total_fen,
        milestone_ids=tuple(one.milestone_id for one in terms.milestones),
        status="proposed",
        version=0,
        proposed_by=event.by,
        countersigned_by="",
        disputed_by="",
        disputed_side="",
        record=event.record,
    )
    draft.put(AGREEMENT, event.agreement_id, agreement)
    draft.put(TERMS, event.agreement_id, terms)


def evolve_agreement_countersigned(draft: Draft, event: AgreementCountersigned) -> None:
    """The agreement is in force."""
    _change(draft, event.agreement_id, status="in_force", countersigned_by=event.by, record=event.record)


def evolve_agreement_withdrawn(draft: Draft, event: AgreementWithdrawn) -> None:
    """It never will be."""
    _change(draft, event.agreement_id, status="withdrawn", record=event.record)


def evolve_agreement_revised(draft: Draft, event: AgreementRevised) -> None:
    """Another total and other milestones, under the next version."""
    _change(
        draft,
        event.agreement_id,
        version=event.version,
        total_fen=event.total_fen,
        milestone_ids=tuple(event.milestone_ids),
        record=event.record,
    )


def evolve_agreement_terminated(draft: Draft, event: AgreementTerminated) -> None:
    """It has ended; its milestones stay as they were, for the record."""
    _change(draft, event.agreement_id, status="terminated", record=event.record)


def evolve_agreement_disputed(draft: Draft, event: AgreementDisputed) -> None:
    """Pause."""
    _change(draft, event.agreement_id, disputed_by=event.by, disputed_side=event.side)


def evolve_dispute_resolved(draft: Draft, event: DisputeResolved) -> None:
    """Go on."""
    _change(draft, event.agreement_id, disputed_by="", disputed_side="")


def evolve_line_switched(draft: Draft, event: LineSwitched) -> None:
    """Pay from the other line."""
    _change(draft, event.agreement_id, line_id=event.to_line)


def _change(draft: Draft, agreement_id: str, **fields: object) -> None:
    agreement = draft.get(AGREEMENT, agreement_id)
    if agreement is None:
        raise KeyError(agreement_id)
    draft.put(AGREEMENT, agreement_id, msgspec.structs.replace(agreement, **fields))


COMMANDS = {
    SignAgreement: Operation(decide_sign_agreement, UNIT),
    CountersignAgreement: Operation(decide_countersign_agreement, COUNTERPARTY),
    WithdrawAgreement: Operation(decide_withdraw_agreement, (*UNIT, *COUNTERPARTY)),
}
EVENTS = {
    AgreementProposed: evolve_agreement_proposed,
    AgreementCountersigned: evolve_agreement_countersigned,
    AgreementWithdrawn: evolve_agreement_withdrawn,
    AgreementRevised: evolve_agreement_revised,
    AgreementTerminated: evolve_agreement_terminated,
    AgreementDisputed: evolve_agreement_disputed,
    DisputeResolved: evolve_dispute_resolved,
    LineSwitched: evolve_line_switched,
}
