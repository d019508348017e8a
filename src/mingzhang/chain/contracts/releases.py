"""Releases: the ledger itself pays a milestone when all its conditions hold and its time has come.

Each release is an item of its own, judged alone: one that is refused is recorded with its reason and changes nothing,
and may be retried. What a milestone is, and what was paid on it, is kept by milestones.py.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mingzhang.chain.calendar import date_of
from mingzhang.chain.codec import Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.codes import payments as payment_codes
from mingzhang.chain.contracts.agreements import (
    Agreement,
    DisputeResolved,
    LineSwitched,
    check_in_force,
    read_agreement,
    scan_agreements,
)
from mingzhang.chain.contracts.balances import check_allocated, check_spendable, moved
from mingzhang.chain.contracts.budgets import (
    Bucket,
    read_line,
    scan_lines,
)
from mingzhang.chain.contracts.members import check_authority
from mingzhang.chain.contracts.milestones import (
    ConditionsAttested,
    Milestone,
    MilestoneReleased,
    MilestonesAgreed,
    bound_fen,
    read_milestone,
    read_milestones,
)
from mingzhang.chain.contracts.payees import check_payable
from mingzhang.chain.contracts.payments import (
    PaymentRequested,
    RequestPayment,
    check_invoice_unused,
    check_plan,
    find_payment,
    read_payment,
    scan_payments,
)
from mingzhang.chain.contracts.terms import AgreementId, PartId
from mingzhang.chain.operations import Block, Item, Later, Operation
from mingzhang.chain.state import Draft, View

_FINANCE = ("unit_finance",)
MAX_PAYMENT_NAMES = 99
"""Ids tried for a milestone's payment. A second one is needed after a return, or where somebody took the first."""
_LIVE = ("held", "in_transit", "settled")


# --- Commands ---


class ReleaseMilestone(Wire, frozen=True, tag="releases.release/1"):
    """The ledger's own: pay a milestone. `attempt` is 1, or one more for each payment the bank returned."""

    agreement_id: AgreementId
    milestone_id: PartId
    attempt: Annotated[int, Meta(ge=1)]


class RetryRelease(Wire, frozen=True, tag="releases.retry/1"):
    """Have the ledger try again: once the cause of a refusal is mended, or after the bank returned the money."""

    agreement_id: AgreementId
    milestone_id: PartId


# --- Events ---


class ReleaseRetried(Wire, frozen=True, tag="releases.retried/1"):
    """The ledger is to try again; `attempt` is the release's number."""

    agreement_id: str
    milestone_id: str
    attempt: int
    by: str


# --- Keys ---


class Progress(msgspec.Struct, frozen=True):
    """How far an agreement is: amounts in fen, and numbers of milestones."""

    total_fen: int
    released_fen: int
    milestones: int
    released: int


# --- Rules ---


def read_progress(view: View, agreement_id: str) -> Progress:
    """How much of an agreement was released, payments that the bank returned included. Raises Refused."""
    agreement = read_agreement(view, agreement_id)
    standing = read_milestones(view, agreement_id, agreement.milestone_ids)
    released = [one.terms.amount_fen for one in standing if one.attempts]
    return Progress(
        total_fen=agreement.total_fen,
        released_fen=sum(released),
        milestones=len(agreement.milestone_ids),
        released=len(released),
    )


def decide_release_milestone(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement in force and undisputed, milestone payable now, line, project account, payee, plan, invoice.

    The first release takes what the agreement has bound; one after a return takes what is available, where the
    returned money went.
    """
    command: ReleaseMilestone = item.command
    agreement = check_in_force(view, command.agreement_id)
    if agreement.disputed_by:
        raise Refused(codes.AGREEMENT_DISPUTED, agreement=command.agreement_id)
    milestone = read_milestone(view, command.agreement_id, command.milestone_id)
    _check_ripe(view, milestone, attempt=command.attempt, block=block)
    request = _request(view, command.agreement_id, agreement, milestone=milestone, block=block)
    again = command.attempt > 1
    _check_money(view, milestone, request, again=again, block=block)
    source: Bucket = "available" if again else "encumbered"
    return [
        MilestoneReleased(
            agreement_id=command.agreement_id,
            milestone_id=command.milestone_id,
            attempt=command.attempt,
            payment_id=request.payment_id,
            line_id=request.line_id,
            organisation=agreement.organisation,
            amount_fen=request.amount_fen,
            attestations=list(dict.fromkeys(met.attestation_id for met in milestone.met)),
            record=item.index,
        ),
        PaymentRequested(
            **{name: getattr(request, name) for name in RequestPayment.__struct_fields__},
            organisation=agreement.organisation,
            project_id=agreement.project_id,
            agreement_id=command.agreement_id,
            milestone_id=command.milestone_id,
            status="in_transit",
            holds=[],
            by=item.signer,
            record=item.index,
        ),
        moved(request.line_id, request.amount_fen, source, target="in_transit", cause_id=request.payment_id),
    ]


def decide_retry_release(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement in force, authority, undisputed, milestone payable now; money is the release's to judge."""
    command: RetryRelease = item.command
    agreement = check_in_force(view, command.agreement_id)
    check_authority(
        view, item.signer, _FINANCE, organisation=agreement.organisation, block=block, project=agreement.project_id
    )
    if agreement.disputed_by:
        raise Refused(codes.AGREEMENT_DISPUTED, agreement=command.agreement_id)
    milestone = read_milestone(view, command.agreement_id, command.milestone_id)
    attempt = milestone.attempts + 1
    _check_ripe(view, milestone, attempt=attempt, block=block)
    return [
        ReleaseRetried(
            agreement_id=command.agreement_id, milestone_id=command.milestone_id, attempt=attempt, by=item.signer
        )
    ]


def _check_ripe(view: View, milestone: Milestone, *, attempt: int, block: Block) -> None:
    """Refuse unless not paid yet, or the last payment came back; all conditions hold; its time has come."""
    milestone_id = milestone.terms.milestone_id
    if milestone.attempts:
        status = read_payment(view, milestone.payment_id).status
        if status != "returned" or attempt != milestone.attempts + 1:
            raise Refused(codes.MILESTONE_RELEASED, milestone=milestone_id, payment=milestone.payment_id, status=status)
    for condition_id in milestone.open_conditions:
        raise Refused(codes.CONDITIONS_OPEN, milestone=milestone_id, condition=condition_id)
    not_before = milestone.terms.not_before
    if not_before is not None and block.time < not_before:
        raise Refused(codes.MILESTONE_NOT_DUE, milestone=milestone_id, not_before=not_before)


def _check_money(view: View, milestone: Milestone, request: RequestPayment, *, again: bool, block: Block) -> None:
    """What is asked of any payment, but that the money of a first release is bound already."""
    line = read_line(view, request.line_id)
    terms = milestone.terms
    year = int(request.business_date[:4])
    check_spendable(request.line_id, line, request.amount_fen if again else 0, business_year=year)
    if terms.budget_year > line.year:
        raise Refused(
            codes.MILESTONE_NOT_BOUND, milestone=terms.milestone_id, year=terms.budget_year, line_year=line.year
        )
    check_allocated(request.line_id, line, request.amount_fen)
    check_payable(view, request.payee_id)
    check_plan(view, line, request, block=block)
    if request.invoice is not None:
        check_invoice_unused(view, request.invoice)


def _request(
    view: View, agreement_id: str, agreement: Agreement, *, milestone: Milestone, block: Block
) -> RequestPayment:
    """The payment as a person would have requested it."""
    terms = milestone.terms
    return RequestPayment(
        payment_id=_free_payment_id(view, f"{agreement_id}-{terms.milestone_id}"),
        line_id=agreement.line_id,
        payee_id=agreement.payee_id,
        amount_fen=terms.amount_fen,
        purpose=terms.name,
        business_date=date_of(block.time),
        invoice=milestone.invoice,
        evidence=[],
    )


def _free_payment_id(view: View, name: str) -> str:
    for payment_id in (name, *(f"{name}-{number}" for number in range(2, MAX_PAYMENT_NAMES + 1))):
        if find_payment(view, payment_id) is None:
            return payment_id
    raise Refused(payment_codes.PAYMENT_ID_TAKEN, payment=name)


def follow_agreed(view: View, event: MilestonesAgreed, block: Block) -> list[Any]:
    """Release what has no open condition; what has a date to come, at that date, unless that is scheduled already."""
    named = [terms.milestone_id for terms in event.milestones]
    return [
        call
        for call in _releases(view, event.agreement_id, named, time=block.time)
        if not isinstance(call, Later) or call.command.milestone_id in event.fresh
    ]


def follow_attested(view: View, event: ConditionsAttested, block: Block) -> list[Any]:
    """Release the milestones whose last condition this was; what has a date to come, at that date."""
    named = dict.fromkeys(claim.milestone_id for claim in event.claims)
    return _releases(view, event.agreement_id, named, time=block.time)


def follow_obstacle_gone(view: View, event: DisputeResolved | LineSwitched, block: Block) -> list[Any]:
    """Try whatever is ripe and unpaid; for dates to come a release is waiting already."""
    named = read_agreement(view, event.agreement_id).milestone_ids
    return [call for call in _releases(view, event.agreement_id, named, time=block.time) if not isinstance(call, Later)]


def follow_retried(view: View, event: ReleaseRetried, block: Block) -> list[Any]:
    """The release itself."""
    return [ReleaseMilestone(agreement_id=event.agreement_id, milestone_id=event.milestone_id, attempt=event.attempt)]


def _releases(view: View, agreement_id: str, milestone_ids: Iterable[str], *, time: int) -> list[Any]:
    calls: list[Any] = []
    for milestone in read_milestones(view, agreement_id, milestone_ids):
        terms = milestone.terms
        if milestone.attempts or milestone.open_conditions:
            continue
        call = ReleaseMilestone(agreement_id=agreement_id, milestone_id=terms.milestone_id, attempt=1)
        later = terms.not_before is not None and terms.not_before > time
        calls.append(Later(terms.not_before or 0, call) if later else call)
    return calls


def evolve_release_retried(draft: Draft, event: ReleaseRetried) -> None:
    """Nothing to keep: what comes of it is the release's own record."""


def encumbrances_sum_to_agreements(view: View) -> Iterable[str]:
    """What each line has encumbered is what agreements in force bind on it, and nothing else."""
    bound: dict[str, int] = {}
    lines = dict(scan_lines(view))
    for name, agreement in scan_agreements(view):
        if agreement.status == "in_force":
            standing = read_milestones(view, name, agreement.milestone_ids)
            amount_fen = bound_fen(standing, line_year=lines[agreement.line_id].year)
            bound[agreement.line_id] = bound.get(agreement.line_id, 0) + amount_fen
    for name, line in lines.items():
        if bound.get(name, 0) != line.encumbered_fen:
            yield f"line {name} has {line.encumbered_fen} encumbered, agreements bind {bound.get(name, 0)}"


def payments_within_agreements(view: View) -> Iterable[str]:
    """Milestones sum to their agreement, each is paid at most once at a time, and all of it no more than agreed."""
    live: dict[str, int] = {}
    for _name, payment in scan_payments(view):
        if payment.agreement_id is not None and payment.status in _LIVE:
            live[payment.agreement_id] = live.get(payment.agreement_id, 0) + payment.amount_fen
    for name, agreement in scan_agreements(view):
        standing = read_milestones(view, name, agreement.milestone_ids)
        if standing and sum(one.terms.amount_fen for one in standing) != agreement.total_fen:
            yield f"milestones of {name} do not sum to its total"
        paid_fen = live.pop(name, 0)
        if paid_fen > sum(one.terms.amount_fen for one in standing if one.attempts):
            yield f"agreement {name} paid {paid_fen}, more than its released milestones"
    for name in live:
        yield f"payments name an agreement {name} that is not there"


COMMANDS = {
    ReleaseMilestone: Operation(decide_release_milestone),
    RetryRelease: Operation(decide_retry_release, _FINANCE),
}
EVENTS = {ReleaseRetried: evolve_release_retried}
FOLLOW_UPS = {
    MilestonesAgreed: follow_agreed,
    ConditionsAttested: follow_attested,
    DisputeResolved: follow_obstacle_gone,
    LineSwitched: follow_obstacle_gone,
    ReleaseRetried: follow_retried,
}
INVARIANTS = {
    "encumbrances_sum_to_agreements": encumbrances_sum_to_agreements,
    "payments_within_agreements": payments_within_agreements,
}
