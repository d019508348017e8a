"""Answers to findings by the organisations responsible, and what follows when none comes in time: told further up.

The findings, and the events by which they change, are in oversight.py.
"""

from typing import Annotated, Literal

from msgspec import Meta

from mingzhang.chain.calendar import DAY_SECONDS
from mingzhang.chain.codec import Count, ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import oversight as codes
from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.members import check_authority, read_organisation
from mingzhang.chain.contracts.oversight import (
    AnswerReturned,
    FindingAnswered,
    FindingOverdue,
    FindingRaised,
    check_status,
    read_finding,
)
from mingzhang.chain.contracts.standards import read_parameter
from mingzhang.chain.operations import Block, Evolve, Item, Later, Operation
from mingzhang.chain.state import View

_ANSWERING = ("unit_head",)


# --- Commands ---


class AnswerFinding(Wire, frozen=True, tag="oversight.answer/1"):
    """Answer a finding in its present round: accept it and say what was done, or contest it (异议)."""

    finding_id: ObjectId
    round: Annotated[int, Meta(ge=1, le=99)]
    stance: Literal["accept", "contest"]
    text: Text
    files: Annotated[list[File], Meta(max_length=100)]


class MarkOverdue(Wire, frozen=True, tag="oversight.mark_overdue/1"):
    """The time of a round is over; issued by the ledger."""

    finding_id: ObjectId
    round: Count


# --- Events ---

# The events of the oversight contract say it all.

# --- Keys ---

# Likewise.

# --- Rules ---


def decide_answer_finding(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority, not who raised it, the round, a state that waits for an answer."""
    command: AnswerFinding = item.command
    finding = read_finding(view, command.finding_id)
    check_authority(view, item.signer, _ANSWERING, organisation=finding.responsible, block=block)
    if item.signer == finding.raised_by:
        raise Refused(codes.ANSWERED_OWN_FINDING, signer=item.signer)
    if command.round != finding.round:
        raise Refused(codes.ROUND_STALE, finding=command.finding_id, round=finding.round)
    check_status(command.finding_id, finding, ("open", "returned"))
    fields = {name: getattr(command, name) for name in AnswerFinding.__struct_fields__}
    return [FindingAnswered(**fields, by=item.signer, record=item.index)]


def decide_mark_overdue(view: View, item: Item, block: Block) -> list[Wire]:
    """Tells the next organisation above; nothing when the round was answered or another has begun."""
    command: MarkOverdue = item.command
    finding = read_finding(view, command.finding_id)
    if finding.status not in ("open", "returned") or finding.round != command.round:
        return []
    above = read_organisation(view, finding.responsible).path.split("/")[-3::-1] or [finding.responsible]
    level = min(finding.escalation + 1, len(above))
    wait_days = read_parameter(view, "finding_escalation_days", block)
    return [
        FindingOverdue(
            finding_id=command.finding_id,
            responsible=finding.responsible,
            round=finding.round,
            escalation=level,
            escalated_to=above[level - 1],
            next_time=block.time + wait_days * DAY_SECONDS if level < len(above) else None,
            record=item.index,
        )
    ]


def follow_raised(view: View, event: FindingRaised, block: Block) -> list[Later]:
    """The first round's deadline."""
    return [Later(event.deadline, MarkOverdue(finding_id=event.finding_id, round=1))]


def follow_returned(view: View, event: AnswerReturned, block: Block) -> list[Later]:
    """The new round's deadline."""
    return [Later(event.deadline, MarkOverdue(finding_id=event.finding_id, round=event.round))]


def follow_overdue(view: View, event: FindingOverdue, block: Block) -> list[Later]:
    """Further up, as long as there is somebody above."""
    again = MarkOverdue(finding_id=event.finding_id, round=event.round)
    return [] if event.next_time is None else [Later(event.next_time, again)]


COMMANDS = {
    AnswerFinding: Operation(decide_answer_finding, _ANSWERING),
    MarkOverdue: Operation(decide_mark_overdue),
}
EVENTS: dict[type, Evolve] = {}
FOLLOW_UPS = {
    FindingRaised: follow_raised,
    AnswerReturned: follow_returned,
    FindingOverdue: follow_overdue,
}
