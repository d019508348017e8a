"""The public door to publications (信息公开): lists, one with its clarifications, and the proof of one.

Publications are records of their own that hold exactly what the public may see, so nothing is filtered here.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
import sqlalchemy as sa
from litestar.response import Response
from msgspec import Meta

from mingzhang.api import errors
from mingzhang.api.deps import Doors
from mingzhang.api.door import CSV, CSV_ROWS, JSON, PREFIX, Answer, Asked, Door, answered, as_csv, found, sent
from mingzhang.api.errors import ApiError
from mingzhang.chain.contracts.sources import Kind
from mingzhang.node import proofs
from mingzhang.node.proofs import ProofError
from mingzhang.views.disclosure import (
    Clarification,
    Publication,
    PublicationFilter,
    get_publication,
    list_clarifications,
    list_publications,
)
from mingzhang.views.paging import DEFAULT_LIMIT, MAX_LIMIT, Page

PATH: Final = f"{PREFIX}/publications"
Sort = Literal["-record", "record", "title", "-title"]
Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description=f"rows of a page, 1 to {MAX_LIMIT}")]
After = Annotated[str, Meta(min_length=1, max_length=2_000, description="`next` of the page before")]
Format = Annotated[Literal["json", "csv"], Meta(description=f"csv: the whole list as a file, up to {CSV_ROWS:,} rows")]
_COLUMNS = (
    "publication_id", "kind", "object_id", "organisation", "title", "notice", "status", "withdrawn_reason", "time",
    "due_time", "late", "replaces", "clarifications", "fields", "withheld", "record", "source",
)  # fmt: skip


class PublicationsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which publications; all conditions given must hold."""

    kind: Annotated[Kind, Meta(description="kind of object, such as payment")] | None = None
    text: Annotated[str, Meta(min_length=1, max_length=100, description="part of the title")] | None = None
    since: (
        Annotated[int, Meta(ge=0, le=2**40, description="published at this ledger time or later, seconds since 1970")]
        | None
    ) = None
    organisation: (
        Annotated[str, Meta(min_length=1, max_length=64, description="of this organisation and those below it")] | None
    ) = None
    status: (
        Annotated[Literal["in_force", "replaced", "withdrawn"], Meta(description="how the publication stands")] | None
    ) = None
    sort: Annotated[Sort, Meta(description="order; - before it means descending")] = "-record"
    limit: Limit = DEFAULT_LIMIT
    after: After | None = None
    format: Format = "json"


class PublicationsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of publications. `next` asks for those after them, null at the end; `total` is null after the first page.
    Times are ledger time in seconds since 1970; fields whose names end in `_fen` (before a dot) are amounts in fen.
    """

    rows: list[Publication]
    total: int | None
    next: str | None


class OnePublication(msgspec.Struct, frozen=True, kw_only=True):
    """A publication, its clarifications in order, and the path of its proof."""

    publication: Publication
    clarifications: list[Clarification]
    proof: str


async def list_all(doors: Doors, asked: Asked) -> Response[Any]:
    """A page, or all of them as CSV."""
    query: PublicationsQuery = asked.query
    if query.format == "csv":
        return as_csv(_COLUMNS, _pages(doors, query), name="publications")
    page = await _page(doors, query, query.after)
    return answered(PublicationsPage(rows=page.rows, total=page.total, next=page.next))


async def get_one(doors: Doors, asked: Asked) -> Response[Any]:
    """One, with its clarifications."""
    publication_id = asked.path["publication_id"]

    def query(connection: sa.Connection) -> OnePublication | None:
        publication = get_publication(connection, publication_id)
        if publication is None:
            return None
        quoted = publication_id.replace("/", "%2F")
        return OnePublication(
            publication=publication,
            clarifications=list_clarifications(connection, publication_id),
            proof=f"{PATH}/{quoted}/proof",
        )

    return answered(found(await doors.read_views(query), f"publication {publication_id}"))


async def get_proof(doors: Doors, asked: Asked) -> Response[Any]:
    """The bundle/1 file of its record, exact bytes."""
    publication_id = asked.path["publication_id"]
    publication = await doors.read_views(lambda connection: get_publication(connection, publication_id))
    record = found(publication, f"publication {publication_id}").record
    try:
        return sent(await doors.read(proofs.bundle, doors.desk.store, record))
    except ProofError:
        raise ApiError(errors.NO_PROOF_YET) from None


async def _page(doors: Doors, query: PublicationsQuery, after: str | None) -> Page[Publication]:
    wanted = PublicationFilter(
        kind=query.kind,
        text=query.text,
        from_time=query.since,
        organisation=query.organisation,
        status=() if query.status is None else (query.status,),
    )
    limit = MAX_LIMIT if query.format == "csv" else query.limit
    return await doors.read_views(
        lambda connection: list_publications(connection, wanted, sort=query.sort, limit=limit, after=after)
    )


async def _pages(doors: Doors, query: PublicationsQuery) -> AsyncIterator[list[Publication]]:
    after, sent_rows = query.after, 0
    while sent_rows < CSV_ROWS:
        page = await _page(doors, query, after)
        yield page.rows
        after, sent_rows = page.next, sent_rows + len(page.rows)
        if after is None:
            return


_ID = {"publication_id": ("id of a publication; a slash within it is sent as %2F", "hospital:public-payment")}
DOORS = (
    Door(
        "GET",
        PATH,
        list_all,
        zh="公开信息列表：分页、筛选、排序，或导出 CSV",
        en="Publications: paged, filtered, sorted, or all of them as CSV. Replaced and withdrawn ones stay, with their"
        " status.",
        query=PublicationsQuery,
        answers=(
            Answer(200, "a page, or with format=csv the file", PublicationsPage),
            Answer(200, "the list as a file in UTF-8", media_type=CSV),
        ),
    ),
    Door(
        "GET",
        PATH + "/{publication_id}",
        get_one,
        zh="一条公开信息及其澄清",
        en="One publication with its clarifications.",
        parameters=_ID,
        answers=(Answer(200, "the publication", OnePublication),),
        faults=(errors.NOT_FOUND,),
    ),
    Door(
        "GET",
        PATH + "/{publication_id}/proof",
        get_proof,
        zh="一条公开信息的证明文件（bundle/1），任何人可离线核验",
        en="The proof of a publication: a bundle/1 file, to be checked offline against the trust file.",
        parameters=_ID,
        answers=(Answer(200, "the exact bytes of the bundle/1 file", media_type=JSON),),
        faults=(errors.NOT_FOUND, errors.NO_PROOF_YET),
    ),
)
