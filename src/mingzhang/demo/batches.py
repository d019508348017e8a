"""A batch of the example city: many commands under one signature on a date, with the code each of them must get."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from mingzhang.demo.story import Stage

MAX_BATCH = 500
"""Commands under one signature: half of what the ledger allows, so that a block never waits long behind one."""


class Batch(NamedTuple):
    """`commands` are made when the batch is sent, because sealing and looking up happen then; () sends nothing."""

    date: str
    who: str
    commands: Callable[[Stage], Sequence[Any]]
    refused: dict[int, str]
    """Codes that are not `ok`, by the command's place."""


def batch(date: str, who: str, commands: Sequence[Any]) -> Batch:
    """A batch of commands that need nothing sealed."""
    return Batch(date, who, lambda _stage: commands, {})


def in_batches(date: str, who: str, commands: Sequence[Any]) -> Iterator[Batch]:
    """Commands of one signer in batches."""
    for first in range(0, len(commands), MAX_BATCH):
        yield batch(date, who, commands[first : first + MAX_BATCH])
