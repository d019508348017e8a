"""What a node offers to whoever submits and reads, however it is replicated. No rules, no storage."""

from concurrent.futures import Future
from typing import NamedTuple, Protocol

from mingzhang.chain.codes import Code, Facts, code_named


class Receipt(NamedTuple):
    """Answer to one envelope once its block is on disk. `door` is set when it was refused before being recorded."""

    height: int
    time: int
    door: Code | None
    facts: Facts
    items: tuple[tuple[int, str], ...]

    @property
    def code(self) -> Code:
        """The refusal at the door, or the last item's code."""
        return self.door if self.door is not None else code_named(self.items[-1][1])


class Ledger(Protocol):
    """One ledger, as the command line and the API use it."""

    chain_id: str

    def submit(self, raw: bytes) -> Receipt:
        """Wait until the envelope's block is on disk, or it is refused at the door."""

    def submit_soon(self, raw: bytes) -> "Future[Receipt]":
        """The same without waiting."""

    def height(self) -> int:
        """Height of the last committed block."""

    def time(self) -> int:
        """Ledger time the next block would have: what a time bound is counted from."""
