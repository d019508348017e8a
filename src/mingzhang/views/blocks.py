"""Blocks: which records each closed, at which ledger time, and the digests its leaves state."""

import sqlalchemy as sa

from mingzhang.chain.operations import BlockLeaf, StateLeaf
from mingzhang.views.batch import Batch
from mingzhang.views.paging import DEFAULT_LIMIT, Listing, Page
from mingzhang.views.tables import Row, RowTable


class Block(Row):
    """One block. Its records have the indexes from `first_record` on, `records` of them; its own leaf follows them.

    `writes` is the digest of its state writes; the state's own digest stands where a state leaf closed the block.
    """

    height: int
    time: int
    first_record: int
    records: int
    application_version: int
    writes: str
    state_keys: int | None
    state_digest: str | None


BLOCKS = RowTable("blocks", Block, key=("height",), indexes={"time": ("time",), "first_record": ("first_record",)})
_BLOCKS = Listing(BLOCKS, Block, sorts={"height": ("height",)})


def project_block_leaf(batch: Batch, leaf: BlockLeaf) -> None:
    """The block's row; the record before the leaf is its last."""
    block = Block(
        height=leaf.height,
        time=leaf.time,
        first_record=batch.record.index - leaf.records + 1,
        records=leaf.records,
        application_version=leaf.application_version,
        writes=leaf.writes,
        state_keys=None,
        state_digest=None,
    )
    batch.new(BLOCKS, block)


def project_state_leaf(batch: Batch, leaf: StateLeaf) -> None:
    """The state's digest, beside the block it closes."""
    block = batch.get(BLOCKS, leaf.height)
    block.state_keys, block.state_digest = leaf.keys, leaf.digest


def get_block(connection: sa.Connection, height: int) -> Block | None:
    """A block, or None."""
    return _BLOCKS.one(connection, BLOCKS.c.height == height)


def list_blocks(
    connection: sa.Connection, *, sort: str = "-height", limit: int = DEFAULT_LIMIT, after: str | None = None
) -> Page[Block]:
    """Blocks by height."""
    return _BLOCKS.page(connection, sort=sort, limit=limit, after=after)


def first_record_at(connection: sa.Connection, time: int) -> int | None:
    """Index of the first record made at this ledger time or later; None when there is none yet."""
    found = sa.select(BLOCKS.c.first_record).where(BLOCKS.c.time >= time).order_by(BLOCKS.c.time, BLOCKS.c.height)
    return connection.execute(found.limit(1)).scalar_one_or_none()
