"""Review of a declared project by its supervising department, approval by finance, closing (审核、审批、办结).

Nobody decides on what they submitted, and no one person both reviews and approves. Where a project stands is kept by
projects.py.
"""

from typing import Annotated, Literal

from msgspec import Meta

from mingzhang.chain.codec import ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import projects as codes
from mingzhang.chain.contracts.declarations import YearAmount
from mingzhang.chain.contracts.members import check_authority, check_not_same_person
from mingzhang.chain.contracts.projects import (
    Project,
    ProjectApproved,
    ProjectClosed,
    ProjectNotApproved,
    ProjectReviewed,
    Version,
    check_status,
    read_project,
)
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

_REVIEWING = ("department_reviewer",)
_APPROVING = ("finance_budget",)

# --- Commands ---


class ReviewProject(Wire, frozen=True, tag="projects.review/1"):
    """The supervising department's verdict on a version (主管部门审核)."""

    project_id: ObjectId
    version: Version
    verdict: Literal["pass", "return", "reject"]
    opinion: Text


class ApproveProject(Wire, frozen=True, tag="projects.approve/1"):
    """Finance's verdict on a reviewed version (财政审批).

    To approve, `approved` gives each year asked for, with no more than was asked; otherwise it is empty.
    """

    project_id: ObjectId
    version: Version
    verdict: Literal["approve", "return", "reject"]
    approved: Annotated[list[YearAmount], Meta(max_length=30)]
    opinion: Text


class CloseProject(Wire, frozen=True, tag="projects.close/1"):
    """Close an approved project that has ended (项目终止/办结)."""

    project_id: ObjectId
    reason: Text


# --- Events ---

# --- Keys ---

# --- Rules ---


def decide_review_project(view: View, item: Item, block: Block) -> list[Wire]:
    """Authority over the supervising department, not a submitter, the status, the current version."""
    command: ReviewProject = item.command
    project = read_project(view, command.project_id)
    check_authority(
        view, item.signer, _REVIEWING, organisation=project.department, block=block, project=project.project_id
    )
    _check_verdict(project, item.signer, version=command.version, wanted="submitted")
    return [
        ProjectReviewed(
            project_id=project.project_id,
            version=project.version,
            verdict=command.verdict,
            opinion=command.opinion,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_approve_project(view: View, item: Item, block: Block) -> list[Wire]:
    """Authority, neither a submitter nor the reviewer, the status, the current version, the amounts."""
    command: ApproveProject = item.command
    project = read_project(view, command.project_id)
    check_authority(
        view, item.signer, _APPROVING, organisation=project.organisation, block=block, project=project.project_id
    )
    if item.signer == project.reviewed_by:
        raise Refused(codes.REVIEWER_APPROVES, signer=item.signer, project=project.project_id)
    _check_verdict(project, item.signer, version=command.version, wanted="reviewed")
    if command.verdict != "approve":
        if command.approved:
            raise Refused(codes.AMOUNTS_WITHOUT_APPROVAL, project=project.project_id)
        return [
            ProjectNotApproved(
                project_id=project.project_id,
                version=project.version,
                verdict=command.verdict,
                opinion=command.opinion,
                by=item.signer,
                record=item.index,
            )
        ]
    return [
        ProjectApproved(
            project_id=project.project_id,
            organisation=project.organisation,
            version=project.version,
            approved=command.approved,
            approved_fen=_check_approved_amounts(project, command.approved),
            end_date=project.end_date,
            opinion=command.opinion,
            by=item.signer,
            record=item.index,
        )
    ]


def decide_close_project(view: View, item: Item, block: Block) -> list[Wire]:
    """Authority, then the status."""
    command: CloseProject = item.command
    project = read_project(view, command.project_id)
    check_authority(
        view, item.signer, _APPROVING, organisation=project.organisation, block=block, project=project.project_id
    )
    check_status(project, "approved")
    return [
        ProjectClosed(project_id=project.project_id, reason=command.reason, by=item.signer, record=item.index)
    ]


def _check_verdict(project: Project, signer: str, *, version: int, wanted: str) -> None:
    for submitter in project.submitters:
        check_not_same_person(signer, submitter)
    check_status(project, wanted)
    if version != project.version:
        raise Refused(codes.VERSION_STALE, project=project.project_id, version=project.version)


def _check_approved_amounts(project: Project, approved: list[YearAmount]) -> int:
    if [part.year for part in approved] != [part.year for part in project.asked]:
        raise Refused(codes.APPROVED_YEARS_WRONG, years="、".join(str(part.year) for part in project.asked))
    for given, asked in zip(approved, project.asked, strict=True):
        if given.amount_fen > asked.amount_fen:
            raise Refused(
                codes.APPROVED_BEYOND_ASKED,
                year=asked.year,
                approved_fen=given.amount_fen,
                asked_fen=asked.amount_fen,
            )
    total = sum(part.amount_fen for part in approved)
    if total == 0:
        raise Refused(codes.APPROVED_NOTHING, project=project.project_id)
    return total


COMMANDS = {
    ReviewProject: Operation(decide_review_project, _REVIEWING),
    ApproveProject: Operation(decide_approve_project, _APPROVING),
    CloseProject: Operation(decide_close_project, _APPROVING),
}
EVENTS: dict[type, Evolve] = {}
