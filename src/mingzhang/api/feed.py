"""The live feed (server-sent events) of what is public: publications, signed checkpoints, block heights.

Every event may come twice after a break, none is left out: the id is the height up to which everything was sent.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
import sqlalchemy as sa
from litestar.response import Response, Stream
from msgspec import Meta

from mingzhang.api import errors
from mingzhang.api.checkpoints import CheckpointAnswer, shown
from mingzhang.api.deps import RETRY_SECONDS, Doors
from mingzhang.api.door import PREFIX, Answer, Asked, Door
from mingzhang.api.errors import ApiError, wrong_query
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.disclosure import (
    Clarified,
    Clarify,
    PublicationWithdrawn,
    Publish,
    Published,
    WithdrawPublication,
)
from mingzhang.chain.operations import Record, wire_name
from mingzhang.node.store import CheckpointRow
from mingzhang.views.blocks import BLOCKS
from mingzhang.views.records import RECORDS

PATH: Final = f"{PREFIX}/feed"
BLOCKS_AT_ONCE: Final = 200
"""Blocks read and sent in one go: some kilobytes."""
EVENT_STREAM: Final = "text/event-stream"
_COMMANDS = [wire_name(kind) for kind in (Publish, Clarify, WithdrawPublication)]


class FeedQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to begin; the header Last-Event-ID comes before it."""

    from_height: (
        Annotated[int, Meta(ge=0, le=2**53 - 1, description="send what came after this height; now if left out")] | None
    ) = None


class BlockEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="block"):
    """A block closed at ledger time `time`; everything public up to it has been sent. Its height is the event's id."""

    height: int
    time: int


class PublicationEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="publication"):
    """A publication was made, clarified or withdrawn, by the record of this index."""

    what: Literal["published", "clarified", "withdrawn"]
    publication_id: str
    kind: str
    object_id: str
    record: int
    height: int


class CheckpointEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="checkpoint"):
    """A checkpoint was signed, or signed by more."""

    checkpoint: CheckpointAnswer


Event = BlockEvent | PublicationEvent | CheckpointEvent
Known = tuple[int, int]
"""(size, bytes of signatures) of the last checkpoint that was sent."""


async def follow(doors: Doors, asked: Asked) -> Response[Any]:
    """Send what came after a height, then what comes, until either side closes."""
    after = _begin(doors, asked)
    address = str(asked.request.scope.get("mingzhang_address", ""))
    if sum(doors.feeds.values()) >= doors.limits.feeds or doors.feeds.get(address, 0) >= doors.limits.feeds_per_address:
        raise ApiError(errors.BUSY, headers={"Retry-After": str(RETRY_SECONDS)})
    return Stream(_counted(doors, address, after), media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})


def _begin(doors: Doors, asked: Asked) -> int:
    last = asked.request.headers.get("last-event-id")
    if last is None:
        query: FeedQuery = asked.query
        return doors.views_height if query.from_height is None else query.from_height
    if not (last.isascii() and last.isdigit() and len(last) <= 15):
        raise wrong_query("Last-Event-ID", "须为区块高度", "must be a block height")
    return int(last)


async def _counted(doors: Doors, address: str, after: int) -> AsyncIterator[bytes]:
    doors.feeds[address] = doors.feeds.get(address, 0) + 1
    try:
        yield f"retry: {RETRY_SECONDS * 1000}\n\n".encode()
        async for part in _events(doors, after):
            yield part
    finally:
        doors.feeds[address] -= 1
        if doors.feeds[address] <= 0:
            del doors.feeds[address]


async def _events(doors: Doors, after: int) -> AsyncIterator[bytes]:
    """Whole blocks, then new checkpoints, then wait. On resuming, checkpoints from that height on come again: one may
    have been signed after the height was sent.
    """
    known: Known | None = None
    loop = asyncio.get_running_loop()
    while not doors.stopping.is_set() and not doors.views_failed:
        rows, known = await doors.read(_checkpoints, doors, after, known)
        if rows:
            yield b"".join(_told(CheckpointEvent(checkpoint=shown(row))) for row in rows)
        if after < doors.views_height:
            events = await doors.read(_blocks, doors, after)
            if events:
                yield b"".join(_told(event) for event in events)
                after = max(event.height for event in events if isinstance(event, BlockEvent))
                continue
        if not await doors.views_reach(after + 1, until=loop.time() + doors.limits.heartbeat_seconds):
            yield b": \n\n"


def _told(event: Event) -> bytes:
    name = type(event).__struct_config__.tag
    number = f"id: {event.height}\n" if isinstance(event, BlockEvent) else ""
    return f"event: {name}\n{number}data: {msgspec.json.encode(event).decode()}\n\n".encode()


def _checkpoints(doors: Doors, after: int, known: Known | None) -> tuple[list[CheckpointRow], Known]:
    """Those not yet sent. Looking at the latest alone is enough to see that there is nothing new."""
    latest = doors.desk.store.checkpoint()
    now = (0, 0) if latest is None else (latest.size, len(latest.signatures))
    if known is None:
        return [row for row in doors.desk.store.checkpoints() if row.height >= after], now
    if known == now:
        return [], now
    fresh = [row for row in doors.desk.store.checkpoints() if row.size >= known[0]]
    return [row for row in fresh if (row.size, len(row.signatures)) != known], now


def _blocks(doors: Doors, after: int) -> list[Event]:
    """The next blocks, each after the publications recorded in it."""
    with doors.desk.views.connect() as connection:
        c = BLOCKS.c
        chosen = sa.select(c.height, c.time, c.first_record, c.records).where(c.height > after).order_by(c.height)
        blocks = connection.execute(chosen.limit(BLOCKS_AT_ONCE)).all()
        if not blocks:
            return []
        r = RECORDS.c
        within = (r.record >= blocks[0].first_record, r.record < blocks[-1].first_record + blocks[-1].records)
        found = sa.select(r.record).where(r.command.in_(_COMMANDS), r.code == "ok", *within).order_by(r.record)
        records = list(connection.execute(found).scalars())
    events: list[Event] = []
    waiting = [each for index in records for each in _published(doors, index)]
    for block in blocks:
        while waiting and waiting[0].height <= block.height:
            events.append(waiting.pop(0))
        events.append(BlockEvent(height=block.height, time=block.time))
    return events


def _published(doors: Doors, index: int) -> list[PublicationEvent]:
    record = REGISTRY.leaves.decode(doors.desk.store.leaf(index))
    if not isinstance(record, Record):
        return []
    return [
        PublicationEvent(
            what=_WHAT[type(event)],
            publication_id=event.publication_id,
            kind=event.kind,
            object_id=event.object_id,
            record=index,
            height=record.height,
        )
        for event in record.events
        if isinstance(event, Published | Clarified | PublicationWithdrawn)
    ]


_WHAT: dict[type, Literal["published", "clarified", "withdrawn"]] = {
    Published: "published",
    Clarified: "clarified",
    PublicationWithdrawn: "withdrawn",
}
DOORS = (
    Door(
        "GET",
        PATH,
        follow,
        zh="公开事件推送：公开信息、检查点、区块高度；断线后凭 Last-Event-ID（高度）续传",
        en="Server-sent events of what is public: publications, signed checkpoints, block heights. The id is a height;"
        " send it as Last-Event-ID (or from_height) to go on from there. After a break an event may come twice, none"
        " is left out. A comment line comes every 15 seconds of quiet; a new checkpoint is told by then at the latest.",
        query=FeedQuery,
        answers=(Answer(200, "the stream; each event's data is JSON", Event, EVENT_STREAM),),
        faults=(errors.BUSY,),
    ),
)
