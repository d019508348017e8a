"""The project library (项目库): where each project stands, every version of its declaration, reviews.

What the versions ask for, item by item, is in declarations.py; money is in budgets.py, results in evaluations.py.
"""

import msgspec
import sqlalchemy as sa

from mingzhang.chain.contracts.declarations import Declaration
from mingzhang.chain.contracts.projects import (
    ProjectApproved,
    ProjectClosed,
    ProjectDeclared,
    ProjectNotApproved,
    ProjectReviewed,
)
from mingzhang.views import declarations
from mingzhang.views.batch import Batch
from mingzhang.views.declarations import SLICES
from mingzhang.views.members import ORGANISATIONS, belongs_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page
from mingzhang.views.tables import Row, RowTable, row_from


class Project(Row):
    """Where a project stands: submitted, returned, reviewed, approved, rejected or closed.

    What was declared is that of the current version. `record` is its first declaration's, `changed_record` that of the
    last thing that happened to it.
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
    status: str
    version: int
    submitted_by: str
    total_fen: int
    approved_fen: int
    time: int
    record: int
    changed_time: int
    changed_record: int


class ListedProject(Project):
    """A project with the names a list shows beside it."""

    organisation_name: str | None


class Version(Row):
    """A version of a project's declaration, whole."""

    project_id: str
    version: int
    declaration: Declaration
    standard_fen: list[int | None]
    total_fen: int
    submitted_by: str
    time: int
    record: int


class Review(Row):
    """A verdict: `step` is review (主管部门审核), approval (财政审批) or closing (办结)."""

    record: int
    project_id: str
    version: int
    step: str
    verdict: str
    opinion: str
    decided_by: str
    time: int


class ProjectFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which projects; all conditions given must hold. `organisation` means it and those below it, `department` the one
    that supervises; `year` a year the project asks money for; `text` is looked for in the name.
    """

    organisation: str | None = None
    department: str | None = None
    status: tuple[str, ...] = ()
    kind: str | None = None
    category: str | None = None
    year: int | None = None
    text: str | None = None


PROJECTS = RowTable(
    "projects",
    Project,
    key=("project_id",),
    indexes={"organisation": ("organisation",), "department": ("department",), "status": ("status",)},
)
VERSIONS = RowTable("project_versions", Version, key=("project_id", "version"))
REVIEWS = RowTable("project_reviews", Review, key=("record",), indexes={"project": ("project_id",)})
_PROJECTS = Listing(
    PROJECTS,
    ListedProject,
    sorts={
        "project": ("project_id",),
        "name": ("name", "project_id"),
        "changed": ("changed_record", "project_id"),
        "total": ("total_fen", "project_id"),
        "approved": ("approved_fen", "project_id"),
    },
    extra=[ORGANISATIONS.c.name.label("organisation_name")],
    joins=[(ORGANISATIONS.table, ORGANISATIONS.c.organisation_id == PROJECTS.c.organisation)],
)
_VERSIONS = Listing(VERSIONS, Version, sorts={"version": ("version",)})
_REVIEWS = Listing(REVIEWS, Review, sorts={"record": ("record",)})


# --- Projectors ---


def project_project_declared(batch: Batch, event: ProjectDeclared) -> None:
    """A version, and the project as it now asks to be."""
    declared, record = event.declaration, batch.record
    before = batch.find(PROJECTS, event.project_id)
    project = row_from(
        Project,
        declared,
        project_id=event.project_id,
        method_division=event.method_division,
        status="submitted",
        version=event.version,
        submitted_by=event.submitted_by,
        approved_fen=0,
        time=before.time if before is not None else record.time,
        record=before.record if before is not None else event.record,
        changed_time=record.time,
        changed_record=event.record,
    )
    batch.put(PROJECTS, project)
    batch.add(VERSIONS, row_from(Version, event, total_fen=declared.total_fen, time=record.time))
    declarations.note_version(batch, event)


def project_project_reviewed(batch: Batch, event: ProjectReviewed) -> None:
    """The supervising department's verdict."""
    _verdict(batch, event, "review", verdict=event.verdict, status=_REVIEWED[event.verdict])


def project_project_approved(batch: Batch, event: ProjectApproved) -> None:
    """Finance's approval, with an amount for each year."""
    project = _verdict(batch, event, "approval", verdict="approve", status="approved")
    project.approved_fen = event.approved_fen
    declarations.note_approval(batch, event)


def project_project_not_approved(batch: Batch, event: ProjectNotApproved) -> None:
    """Finance's other verdicts."""
    _verdict(batch, event, "approval", verdict=event.verdict, status=_REVIEWED[event.verdict])


def project_project_closed(batch: Batch, event: ProjectClosed) -> None:
    """The end."""
    project = batch.get(PROJECTS, event.project_id)
    project.status, project.changed_time, project.changed_record = "closed", batch.record.time, event.record
    review = row_from(
        Review,
        event,
        version=project.version,
        step="closing",
        verdict="close",
        opinion=event.reason,
        decided_by=event.by,
        time=batch.record.time,
    )
    batch.add(REVIEWS, review)


_REVIEWED = {"pass": "reviewed", "return": "returned", "reject": "rejected"}
"""How a project stands after a verdict."""


def _verdict(
    batch: Batch, event: ProjectReviewed | ProjectApproved | ProjectNotApproved, step: str, *, verdict: str, status: str
) -> Project:
    review = row_from(Review, event, step=step, verdict=verdict, decided_by=event.by, time=batch.record.time)
    batch.add(REVIEWS, review)
    project = batch.get(PROJECTS, event.project_id)
    project.status, project.changed_time, project.changed_record = status, batch.record.time, event.record
    return project


# --- Queries ---


def get_project(connection: sa.Connection, project_id: str) -> ListedProject | None:
    """A project, or None."""
    return _PROJECTS.one(connection, PROJECTS.c.project_id == project_id)


def list_projects(
    connection: sa.Connection,
    wanted: ProjectFilter = ProjectFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-changed",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[ListedProject]:
    """Projects. Raises WrongQuery."""
    c = PROJECTS.c
    conditions: list[Condition] = []
    if wanted.organisation is not None:
        conditions.append(belongs_under(connection, c.organisation, (wanted.organisation,)))
    for column, value in ((c.department, wanted.department), (c.kind, wanted.kind), (c.category, wanted.category)):
        if value is not None:
            conditions.append(column == value)
    if wanted.status:
        conditions.append(c.status.in_(wanted.status))
    if wanted.year is not None:
        asked = sa.select(SLICES.c.project_id).where(SLICES.c.year == wanted.year, SLICES.c.version == c.version)
        conditions.append(c.project_id.in_(asked.correlate(PROJECTS.table)))
    if wanted.text is not None:
        conditions.append(c.name.icontains(wanted.text, autoescape=True))
    return _PROJECTS.page(connection, conditions, sort=sort, limit=limit, after=after)


def count_projects(connection: sa.Connection, organisation: str | None = None) -> dict[str, int]:
    """How many projects stand how, of an organisation and those below it, or of all."""
    c = PROJECTS.c
    conditions = [] if organisation is None else [belongs_under(connection, c.organisation, (organisation,))]
    found = sa.select(c.status, sa.func.count()).where(*conditions).group_by(c.status).order_by(c.status)
    return {status: count for status, count in connection.execute(found)}  # noqa: C416 (rows, not pairs, to the types)


def get_version(connection: sa.Connection, project_id: str, version: int) -> Version | None:
    """A version of a project's declaration, or None."""
    return _VERSIONS.one(connection, VERSIONS.c.project_id == project_id, VERSIONS.c.version == version)


def list_versions(connection: sa.Connection, project_id: str) -> list[Version]:
    """All versions of a project's declaration, in order."""
    return _VERSIONS.all(connection, VERSIONS.c.project_id == project_id, sort="version")


def list_reviews(connection: sa.Connection, project_id: str) -> list[Review]:
    """All verdicts on a project, in order."""
    return _REVIEWS.all(connection, REVIEWS.c.project_id == project_id, sort="record")


PROJECTORS = {
    ProjectDeclared: project_project_declared,
    ProjectReviewed: project_project_reviewed,
    ProjectApproved: project_project_approved,
    ProjectNotApproved: project_project_not_approved,
    ProjectClosed: project_project_closed,
}
