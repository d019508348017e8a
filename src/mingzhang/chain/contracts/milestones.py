"""Where each milestone of an agreement in force stands: its terms, which conditions were attested, what was paid on it.

The agreement as a whole is in agreements.py; who may attest is in attestations.py, when money moves in releases.py.
Their events about milestones are kept here.
"""

from collections.abc import Iterable

import msgspec

from mingzhang.chain.calendar import date_of
from mingzhang.chain.codec import Digest, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.contracts.balances import check_spendable, moved
from mingzhang.chain.contracts.budgets import (
    Line,
    Moved,
)
from mingzhang.chain.contracts.terms import Condition, MilestoneTerms, PartId
from mingzhang.chain.operations import Block, Evolve, Operation
from mingzhang.chain.state import Draft, Key, View

# --- Commands ---


class Claim(Wire, frozen=True, tag=False):
    """One condition of one milestone that is said to hold. `invoice` is the vault's blind index of the invoice number,
    for a condition of that kind only.
    """

    milestone_id: PartId
    condition_id: PartId
    invoice: Digest | None


# --- Events ---


class MilestonesAgreed(Wire, frozen=True, tag="milestones.agreed/1"):
    """These milestones, not yet released, hold from now on, and the dropped ones no longer. What was attested on a
    condition stays where neither the milestone's id nor the condition has changed. `fresh` names those with new
    conditions or another date: a release of the others at their date is scheduled already.
    """

    agreement_id: str
    milestones: list[MilestoneTerms]
    fresh: list[str]
    dropped: list[str]


class ConditionsAttested(Wire, frozen=True, tag="milestones.attested/1"):
    """A named party said that these conditions hold."""

    attestation_id: str
    agreement_id: str
    claims: list[Claim]
    statement: str
    evidence: list[str]
    date: str
    by: str
    record: int


class AttestationWithdrawn(Wire, frozen=True, tag="milestones.attestation_withdrawn/1"):
    """Who attested these conditions takes it back; what was paid before stays paid."""

    attestation_id: str
    agreement_id: str
    claims: list[Claim]
    reason: str
    by: str
    record: int


class MilestoneReleased(Wire, frozen=True, tag="milestones.released/1"):
    """The ledger instructed the milestone's payment. `attempt` is 1, and more after returns by the bank;
    `attestations` are those it rests on.
    """

    agreement_id: str
    milestone_id: str
    attempt: int
    payment_id: str
    line_id: str
    organisation: str
    amount_fen: int
    attestations: list[str]
    record: int


# --- Keys ---


class Met(msgspec.Struct, frozen=True):
    """A condition that holds, by which attestation, with which invoice."""

    condition_id: str
    attestation_id: str
    invoice: str | None


class Milestone(msgspec.Struct, frozen=True):
    """A milestone; `attempts` counts its releases, `payment_id` is the last one's, "" before any."""

    terms: MilestoneTerms
    met: tuple[Met, ...]
    attempts: int
    payment_id: str
    record: int

    @property
    def open_conditions(self) -> list[str]:
        """Ids of the conditions that nobody has attested."""
        held = [met.condition_id for met in self.met]
        return [condition.condition_id for condition in self.terms.conditions if condition.condition_id not in held]

    @property
    def invoice(self) -> str | None:
        """The invoice its payment is made on, where one is asked for and was attested."""
        for met in self.met:
            if met.invoice is not None:
                return met.invoice
        return None


class Attestation(msgspec.Struct, frozen=True):
    """An attestation as it was given, withdrawn or not: whether it still holds is said by the milestones."""

    agreement_id: str
    claims: tuple[Claim, ...]
    statement: str
    evidence: tuple[str, ...]
    date: str
    by: str
    record: int


MILESTONE = Key("milestones/milestone", Milestone)
"""milestones/milestone/<agreement>/<milestone>: of agreements that are or were in force"""
ATTESTATION = Key("milestones/attestation", Attestation)
"""milestones/attestation/<attestation>"""


# --- Rules ---


def read_milestone(view: View, agreement_id: str, milestone_id: str) -> Milestone:
    """A milestone of an agreement that is or was in force. Raises Refused."""
    found = find_milestone(view, agreement_id, milestone_id)
    if found is None:
        raise Refused(codes.MILESTONE_UNKNOWN, agreement=agreement_id, milestone=milestone_id)
    return found


def find_milestone(view: View, agreement_id: str, milestone_id: str) -> Milestone | None:
    """A milestone of an agreement that is or was in force, or None."""
    return view.get(MILESTONE, f"{agreement_id}/{milestone_id}")


def read_milestones(view: View, agreement_id: str, milestone_ids: Iterable[str]) -> list[Milestone]:
    """Milestones in the order of the ids; none before the agreement is in force."""
    found = [find_milestone(view, agreement_id, milestone_id) for milestone_id in milestone_ids]
    return [milestone for milestone in found if milestone is not None]


def read_condition(milestone: Milestone, condition_id: str) -> Condition:
    """A condition of a milestone. Raises Refused."""
    for condition in milestone.terms.conditions:
        if condition.condition_id == condition_id:
            return condition
    raise Refused(codes.CONDITION_UNKNOWN, milestone=milestone.terms.milestone_id, condition=condition_id)


def find_attestation(view: View, attestation_id: str) -> Attestation | None:
    """An attestation as it was given, or None."""
    return view.get(ATTESTATION, attestation_id)


def bound_fen(milestones: Iterable[Milestone], *, line_year: int) -> int:
    """What unreleased milestones bind (占用) on a line of that year: those its budget and earlier ones bear."""
    return sum(
        milestone.terms.amount_fen
        for milestone in milestones
        if not milestone.attempts and milestone.terms.budget_year <= line_year
    )


def check_bindable(line_id: str, line: Line, amount_fen: int, *, block: Block) -> None:
    """Refuse to bind money on a blocked line, beyond its balance, or of a past year. A coming year's may be bound."""
    this_year = int(date_of(block.time)[:4])
    check_spendable(line_id, line, amount_fen, business_year=max(line.year, this_year))


def rebound(line_id: str, more_fen: int, agreement_id: str) -> list[Moved]:
    """The event that makes an agreement bind so much more of a line, or with a negative amount less; none for 0."""
    if more_fen == 0:
        return []
    if more_fen > 0:
        return [moved(line_id, more_fen, "available", target="encumbered", cause_id=agreement_id)]
    return [moved(line_id, -more_fen, "encumbered", target="available", cause_id=agreement_id)]


def evolve_milestones_agreed(draft: Draft, event: MilestonesAgreed) -> None:
    """Store the terms; keep what was attested on conditions that are as before."""
    for milestone_id in event.dropped:
        draft.delete(MILESTONE, f"{event.agreement_id}/{milestone_id}")
    for terms in event.milestones:
        before = find_milestone(draft, event.agreement_id, terms.milestone_id)
        milestone = Milestone(terms=terms, met=(), attempts=0, payment_id="", record=0)
        if before is not None:
            same = [one.condition_id for one in terms.conditions if one in before.terms.conditions]
            kept = tuple(met for met in before.met if met.condition_id in same)
            milestone = msgspec.structs.replace(before, terms=terms, met=kept)
        draft.put(MILESTONE, f"{event.agreement_id}/{terms.milestone_id}", milestone)


def evolve_conditions_attested(draft: Draft, event: ConditionsAttested) -> None:
    """Keep the attestation, and mark the conditions."""
    attestation = Attestation(
        agreement_id=event.agreement_id,
        claims=tuple(event.claims),
        statement=event.statement,
        evidence=tuple(event.evidence),
        date=event.date,
        by=event.by,
        record=event.record,
    )
    draft.put(ATTESTATION, event.attestation_id, attestation)
    for claim in event.claims:
        milestone = _stored(draft, event.agreement_id, claim.milestone_id)
        met = Met(condition_id=claim.condition_id, attestation_id=event.attestation_id, invoice=claim.invoice)
        _change(draft, event.agreement_id, milestone, met=(*milestone.met, met), record=event.record)


def evolve_attestation_withdrawn(draft: Draft, event: AttestationWithdrawn) -> None:
    """The conditions are open again."""
    for claim in event.claims:
        milestone = _stored(draft, event.agreement_id, claim.milestone_id)
        kept = tuple(met for met in milestone.met if met.condition_id != claim.condition_id)
        _change(draft, event.agreement_id, milestone, met=kept, record=event.record)


def evolve_milestone_released(draft: Draft, event: MilestoneReleased) -> None:
    """Name the payment."""
    milestone = _stored(draft, event.agreement_id, event.milestone_id)
    _change(
        draft,
        event.agreement_id,
        milestone,
        attempts=event.attempt,
        payment_id=event.payment_id,
        record=event.record,
    )


def _stored(draft: Draft, agreement_id: str, milestone_id: str) -> Milestone:
    milestone = find_milestone(draft, agreement_id, milestone_id)
    if milestone is None:
        raise KeyError(f"{agreement_id}/{milestone_id}")
    return milestone


def _change(draft: Draft, agreement_id: str, milestone: Milestone, **fields: object) -> None:
    name = f"{agreement_id}/{milestone.terms.milestone_id}"
    draft.put(MILESTONE, name, msgspec.structs.replace(milestone, **fields))


def _released_rightly(milestone: Milestone) -> bool:
    return not milestone.attempts or (not milestone.open_conditions and milestone.payment_id != "")


COMMANDS: dict[type, Operation] = {}
EVENTS: dict[type, Evolve] = {
    MilestonesAgreed: evolve_milestones_agreed,
    ConditionsAttested: evolve_conditions_attested,
    AttestationWithdrawn: evolve_attestation_withdrawn,
    MilestoneReleased: evolve_milestone_released,
}
TOUCHED = {MILESTONE: ("milestone_is_paid_on_conditions_only", _released_rightly)}
