"""The project library (项目库): what a unit declares a need for, with cost items, yearly slices, files and targets.

Every version is kept whole. What a declaration holds is in declarations.py; review and approval are in reviews.py,
whose events are kept here; money is in budgets.py, and how targets were met in evaluations.py.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.codec import ObjectId, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import projects as codes
from mingzhang.chain.contracts.declarations import Declaration, Targets, YearAmount, check_declaration
from mingzhang.chain.contracts.members import (
    check_authority,
    check_own_prefix,
    check_same,
)
from mingzhang.chain.contracts.methods import Method, read_method
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

Version = Annotated[int, Meta(ge=1, le=999)]
_DECLARING = ("unit_business",)


# --- Commands ---


class DeclareProject(Wire, frozen=True, tag="projects.declare/1"):
    """Declare a project (项目申报)."""

    project_id: ObjectId
    declaration: Declaration


class ReviseProject(Wire, frozen=True, tag="projects.revise/1"):
    """Submit a new version of a returned project; `version` is the new version's number."""

    project_id: ObjectId
    version: Version
    declaration: Declaration


# --- Events ---


class ProjectDeclared(Wire, frozen=True, tag="projects.declared/1"):
    """A version was submitted. `standard_fen` holds for each cost item what its standard allows, or None.

    `method_division` says whose method of that name was found, so that a later and nearer one changes nothing.
    """

    project_id: str
    version: int
    declaration: Declaration
    standard_fen: list[int | None]
    method_division: str | None
    submitted_by: str
    record: int


class ProjectReviewed(Wire, frozen=True, tag="projects.reviewed/1"):
    """The supervising department's verdict: pass, return or reject."""

    project_id: str
    version: int
    verdict: str
    opinion: str
    by: str
    record: int


class ProjectApproved(Wire, frozen=True, tag="projects.approved/1"):
    """Finance approved these amounts by year; the project is in the library and may get budget lines."""

    project_id: str
    organisation: str
    version: int
    approved: list[YearAmount]
    approved_fen: int
    end_date: str
    opinion: str
    by: str
    record: int


class ProjectNotApproved(Wire, frozen=True, tag="projects.not_approved/1"):
    """Finance returned or rejected the version."""

    project_id: str
    version: int
    verdict: str
    opinion: str
    by: str
    record: int


class ProjectClosed(Wire, frozen=True, tag="projects.closed/1"):
    """The project is over; it takes no further money."""

    project_id: str
    reason: str
    by: str
    record: int


# --- Keys ---


class Project(msgspec.Struct, frozen=True):
    """Where a project stands. `asked` and `approved` are by year; `submitters` all who submitted a version.

    `record` is the record of the current version, `decided_record` that of its last verdict, 0 before any.
    """

    project_id: str
    organisation: str
    department: str
    name: str
    category: str
    kind: str
    method_id: str | None
    method_division: str | None
    start_date: str
    end_date: str
    status: Literal["submitted", "returned", "reviewed", "approved", "rejected", "closed"]
    version: int
    submitted_by: str
    submitters: tuple[str, ...]
    reviewed_by: str
    total_fen: int
    asked: tuple[YearAmount, ...]
    approved_fen: int
    approved: tuple[YearAmount, ...]
    record: int
    decided_record: int


class Mark(msgspec.Struct, frozen=True):
    """An entry whose name says all but the version that put it there."""

    version: int


PROJECT = Key("projects/project", Project)
"""projects/project/<project>"""
OF_DEPARTMENT = Key("projects/of_department", Mark)
"""projects/of_department/<department>/<project>: which projects a department supervises"""
DECLARATION = Key("projects/declaration", Declaration)
"""projects/declaration/<project>/<version, three digits>: every version as it was submitted"""


# --- Rules ---


def read_project(view: View, project_id: str) -> Project:
    """A declared project. Raises Refused."""
    found = view.get(PROJECT, project_id)
    if found is None:
        raise Refused(codes.PROJECT_UNKNOWN, project=project_id)
    return found


def check_approved(view: View, project_id: str) -> Project:
    """The project, if finance has approved it and it is not closed. Raises Refused."""
    project = read_project(view, project_id)
    if project.status != "approved":
        raise Refused(codes.PROJECT_NOT_APPROVED, project=project_id, status=project.status)
    return project


def read_declaration(view: View, project: Project, version: int | None = None) -> Declaration:
    """A version of the declaration, the current one unless told. KeyError when there is no such version."""
    found = view.get(DECLARATION, _version_name(project.project_id, version or project.version))
    if found is None:
        raise KeyError(f"{project.project_id} has no version {version}")
    return found


def read_targets(view: View, project: Project, year: int | None) -> Targets:
    """The project's targets of a year, or of the whole project for None. Raises Refused."""
    for targets in read_declaration(view, project).targets:
        if targets.year == year:
            return targets
    raise Refused(codes.NO_TARGETS_FOR_PERIOD, project=project.project_id, period=year or "总体")


def read_project_method(view: View, project: Project) -> Method:
    """The method that was found for the project when it was declared, of its first year. Raises Refused."""
    if project.method_id is None or project.method_division is None:
        raise Refused(codes.METHOD_MISSING)
    year = project.asked[0].year
    return read_method(view, project.method_id, year=year, division_code=project.method_division).method


def read_department_projects(view: View, department: str) -> list[Project]:
    """All projects a department supervises, in order of id."""
    names = [name for name, _mark in view.scan(OF_DEPARTMENT, department + "/")]
    return [read_project(view, name[len(department) + 1 :]) for name in names]


def decide_declare_project(view: View, item: Item, block: Block) -> list[Wire]:
    """Authority, own prefix, an id that is taken, then the content as `check_declaration` orders it."""
    command: DeclareProject = item.command
    declaration = command.declaration
    check_authority(view, item.signer, _DECLARING, organisation=declaration.organisation, block=block)
    check_own_prefix(command.project_id, declaration.organisation)
    _check_not_taken(view, command.project_id, 1, declaration=declaration)
    return [_submit(view, item, command.project_id, version=1, declaration=declaration)]


def decide_revise_project(view: View, item: Item, block: Block) -> list[Wire]:
    """Authority, a version sent before, the status, the next number, the same unit, then the content."""
    command: ReviseProject = item.command
    declaration = command.declaration
    project = read_project(view, command.project_id)
    check_authority(
        view, item.signer, _DECLARING, organisation=project.organisation, block=block, project=project.project_id
    )
    _check_not_taken(view, command.project_id, command.version, declaration=declaration)
    check_status(project, "returned")
    if command.version != project.version + 1:
        raise Refused(codes.VERSION_STALE, project=project.project_id, version=project.version)
    if declaration.organisation != project.organisation:
        raise Refused(codes.UNIT_CHANGED, project=project.project_id, organisation=project.organisation)
    return [_submit(view, item, command.project_id, version=command.version, declaration=declaration)]


def check_status(project: Project, wanted: str) -> None:
    """Refuse unless the project stands as wanted."""
    if project.status != wanted:
        raise Refused(codes.PROJECT_STATUS, project=project.project_id, status=project.status, wanted=wanted)


def _check_not_taken(view: View, project_id: str, version: int, *, declaration: Declaration) -> None:
    stored = view.get(DECLARATION, _version_name(project_id, version))
    if stored is not None:
        given = {name: getattr(declaration, name) for name in Declaration.__struct_fields__}
        check_same(project_id, stored, given)


def _submit(view: View, item: Item, project_id: str, *, version: int, declaration: Declaration) -> ProjectDeclared:
    checked = check_declaration(view, declaration)
    return ProjectDeclared(
        project_id=project_id,
        version=version,
        declaration=declaration,
        standard_fen=checked.standard_fen,
        method_division=checked.method_division,
        submitted_by=item.signer,
        record=item.index,
    )


def _version_name(project_id: str, version: int) -> str:
    return f"{project_id}/{version:03d}"


def evolve_project_declared(draft: Draft, event: ProjectDeclared) -> None:
    """Keep the version whole, and let the project stand as submitted."""
    declaration = event.declaration
    before = draft.get(PROJECT, event.project_id)
    project = Project(
        project_id=event.project_id,
        organisation=declaration.organisation,
        department=declaration.department,
        name=declaration.name,
        category=declaration.category,
        kind=declaration.kind,
        method_id=declaration.method_id,
        method_division=event.method_division,
        start_date=declaration.start_date,
        end_date=declaration.end_date,
        status="submitted",
        version=event.version,
        submitted_by=event.submitted_by,
        submitters=(*(before.submitters if before is not None else ()), event.submitted_by),
        reviewed_by="",
        total_fen=declaration.total_fen,
        asked=tuple(declaration.slices),
        approved_fen=0,
        approved=(),
        record=event.record,
        decided_record=0,
    )
    if before is not None and before.department != project.department:
        draft.delete(OF_DEPARTMENT, f"{before.department}/{event.project_id}")
    draft.put(OF_DEPARTMENT, f"{project.department}/{event.project_id}", Mark(version=event.version))
    draft.put(PROJECT, event.project_id, project)
    draft.put(DECLARATION, _version_name(event.project_id, event.version), declaration)


def evolve_project_reviewed(draft: Draft, event: ProjectReviewed) -> None:
    """The verdict decides how the project stands."""
    status = {"pass": "reviewed", "return": "returned", "reject": "rejected"}[event.verdict]
    _change(draft, event.project_id, status=status, reviewed_by=event.by, decided_record=event.record)


def evolve_project_approved(draft: Draft, event: ProjectApproved) -> None:
    """The project may get budget lines up to these amounts."""
    _change(
        draft,
        event.project_id,
        status="approved",
        approved=tuple(event.approved),
        approved_fen=event.approved_fen,
        decided_record=event.record,
    )


def evolve_project_not_approved(draft: Draft, event: ProjectNotApproved) -> None:
    """The verdict decides how the project stands."""
    status = {"return": "returned", "reject": "rejected"}[event.verdict]
    _change(draft, event.project_id, status=status, decided_record=event.record)


def evolve_project_closed(draft: Draft, event: ProjectClosed) -> None:
    """No further money."""
    _change(draft, event.project_id, status="closed", decided_record=event.record)


def _change(draft: Draft, project_id: str, **fields: object) -> None:
    project = draft.get(PROJECT, project_id)
    if project is not None:
        draft.put(PROJECT, project_id, msgspec.structs.replace(project, **fields))


def _approval_within_asked(project: Project) -> bool:
    """What is approved is the sum of its years and no more than was asked for, which is the sum of its years too."""
    years = sum(part.amount_fen for part in project.approved)
    return project.approved_fen == years <= project.total_fen == sum(part.amount_fen for part in project.asked)


COMMANDS = {
    DeclareProject: Operation(decide_declare_project, _DECLARING),
    ReviseProject: Operation(decide_revise_project, _DECLARING),
}
EVENTS = {
    ProjectDeclared: evolve_project_declared,
    ProjectReviewed: evolve_project_reviewed,
    ProjectApproved: evolve_project_approved,
    ProjectNotApproved: evolve_project_not_approved,
    ProjectClosed: evolve_project_closed,
}
TOUCHED = {PROJECT: ("approval_within_asked", _approval_within_asked)}
