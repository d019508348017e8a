"""The public door to what proofs are checked against: signed checkpoints, consistency between two, the trust file."""

from typing import Annotated, Any, Final

import msgspec
from litestar.response import Response
from msgspec import Meta

from mingzhang.api import errors
from mingzhang.api.deps import Doors
from mingzhang.api.door import JSON, PREFIX, Answer, Asked, Door, answered, sent
from mingzhang.api.errors import ApiError, wrong_query
from mingzhang.chain.checkpoints import Checkpoint, SignedCheckpoint
from mingzhang.node import proofs
from mingzhang.node.proofs import ProofError
from mingzhang.node.store import CheckpointRow
from mingzhang.views.paging import DEFAULT_LIMIT, MAX_LIMIT

PATH: Final = f"{PREFIX}/checkpoints"
Size = Annotated[int, Meta(ge=1, le=2**53 - 1, description="number of leaves a checkpoint covers")]


class CheckpointAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint. `checkpoint` is what proofs hold, body text exactly as signed; the rest is read from that body.
    Time is ledger time in seconds since 1970.
    """

    size: int
    height: int
    time: int
    root: str
    signed_by: list[str]
    checkpoint: SignedCheckpoint


class CheckpointsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which checkpoints, in order of size."""

    after: Annotated[int, Meta(ge=0, le=2**53 - 1, description="only those of a greater size")] = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description=f"rows of a page, 1 to {MAX_LIMIT}")] = DEFAULT_LIMIT


class CheckpointsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some checkpoints by size. `next` is the `after` of the page that follows, null at the end."""

    rows: list[CheckpointAnswer]
    total: int
    next: int | None


class ConsistencyQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Between which two checkpoints, by size."""

    first: Size = msgspec.field(name="from")
    second: Size = msgspec.field(name="to")


def shown(row: CheckpointRow) -> CheckpointAnswer:
    """A stored checkpoint as it is told."""
    signed = proofs.read_checkpoint(row)
    body = msgspec.json.decode(row.body, type=Checkpoint)
    return CheckpointAnswer(
        size=body.size,
        height=body.height,
        time=body.time,
        root=body.root,
        signed_by=[one.organisation for one in signed.signatures],
        checkpoint=signed,
    )


async def list_all(doors: Doors, asked: Asked) -> Response[Any]:
    """A page of them."""
    query: CheckpointsQuery = asked.query

    def read() -> CheckpointsPage:
        rows = doors.desk.store.checkpoints()
        later = [row for row in rows if row.size > query.after]
        page = later[: query.limit]
        return CheckpointsPage(
            rows=[shown(row) for row in page],
            total=len(rows),
            next=page[-1].size if len(later) > len(page) else None,
        )

    return answered(await doors.read(read))


async def latest(doors: Doors, _asked: Asked) -> Response[Any]:
    """The latest one."""
    row = await doors.read(doors.desk.store.checkpoint)
    if row is None:
        raise ApiError(errors.NO_PROOF_YET)
    return answered(shown(row))


async def consistency(doors: Doors, asked: Asked) -> Response[Any]:
    """The consistency/1 file, exact bytes."""
    query: ConsistencyQuery = asked.query
    if query.first > query.second:
        raise wrong_query("from", "不得大于 to", "must not be greater than `to`")
    try:
        return sent(await doors.read(proofs.consistency, doors.desk.store, query.first, query.second))
    except ProofError:
        raise ApiError(errors.NO_PROOF_YET) from None


async def trust(doors: Doors, _asked: Asked) -> Response[Any]:
    """The trust/1 file, exact bytes."""
    try:
        return sent(await doors.read(proofs.trust, doors.desk.store))
    except ProofError:
        raise ApiError(errors.NO_PROOF_YET) from None


DOORS = (
    Door(
        "GET",
        PATH,
        list_all,
        zh="已签检查点列表",
        en="Signed checkpoints by size: how long the log was at a height, and its root.",
        query=CheckpointsQuery,
        answers=(Answer(200, "a page", CheckpointsPage),),
    ),
    Door(
        "GET",
        PATH + "/latest",
        latest,
        zh="最新的已签检查点",
        en="The latest signed checkpoint.",
        answers=(Answer(200, "the checkpoint", CheckpointAnswer),),
        faults=(errors.NO_PROOF_YET,),
    ),
    Door(
        "GET",
        f"{PREFIX}/consistency",
        consistency,
        zh="两个检查点之间只有追加的证明（consistency/1）",
        en="The proof that between two checkpoints the ledger was appended to and not changed: a consistency/1 file.",
        query=ConsistencyQuery,
        answers=(Answer(200, "the exact bytes of the consistency/1 file", media_type=JSON),),
        faults=(errors.NO_PROOF_YET,),
    ),
    Door(
        "GET",
        f"{PREFIX}/trust",
        trust,
        zh="信任文件（trust/1）：哪些单位可签检查点；核验人应从可靠的途径另行核对",
        en="The trust file: whose keys sign checkpoints, and how many must. A verifier should compare it with a copy"
        " got by another way.",
        answers=(Answer(200, "the exact bytes of the trust/1 file", media_type=JSON),),
        faults=(errors.NO_PROOF_YET,),
    ),
)
