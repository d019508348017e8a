"""What judging a block gives: the answers, the leaves, the writes, and where the ledger then stands.

Nothing of it is on disk; the node commits it in one transaction.
"""

from typing import Any, NamedTuple

from mingzhang.chain.codes import Code, Facts
from mingzhang.chain.merkle import Frontier, Node
from mingzhang.chain.tx import Opened


class Head(NamedTuple):
    """Where the ledger stands. `frontier` is the compact Merkle state; the counters set the rhythm of state leaves."""

    height: int = 0
    time: int = 0
    frontier: Frontier = Frontier()
    writes_since_state_leaf: int = 0
    keys_at_state_leaf: int = 0


class Alert(NamedTuple):
    """A rule failed on an item: the node tells its keepers. Not part of the ledger, so it may hold the exception."""

    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody asks an alert for.
    command: str
    failure: Exception


class Result(NamedTuple):
    """Answer to one envelope: the code at the door, or one (record index, code name) an item."""

    door: Code | None
    facts: Facts
    items: tuple[tuple[int, str], ...]


class Outcome(NamedTuple):
    """What a block did, ready to be committed in one transaction. `recorded` is false when nothing changed at all."""

    head: Head
    root: bytes
    results: tuple[Result, ...]
    passed: tuple[Opened, ...]
    leaves: tuple[bytes, ...]
    leaf_hashes: tuple[bytes, ...]
    nodes: tuple[Node, ...]
    writes: list[tuple[str, bytes | None]]
    values: dict[str, Any]
    alerts: tuple[Alert, ...]

    @property
    def recorded(self) -> bool:
        """Whether the block holds anything: an empty block leaves no trace."""
        return bool(self.leaves)
