"""Sending batches of commands to the ledger and reading what became of each; nothing here knows payments.

The batches of an import are in flight while the next are made; their answers are taken from the records, which say
more than a receipt: a refusal's facts, and the status of what was accepted.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

import msgspec

from mingzhang.chain.codes import Facts, render
from mingzhang.chain.state import View
from mingzhang.exchange import ExchangeError
from mingzhang.node.ledger import Receipt
from mingzhang.node.store import Store
from mingzhang.node.vault import Vault


class Desk(Protocol):
    """What of an opened ledger directory an import uses; see mingzhang.desk."""

    store: Store

    @property
    def vault(self) -> Vault:
        """Sealed contents and blind indexes."""

    def view(self) -> View:
        """The committed state."""

    def time(self) -> int:
        """Ledger time."""

    def act_soon(self, person_id: str, *commands: Any) -> "Future[Receipt]":
        """Sign and submit without waiting."""


class _Event(msgspec.Struct, frozen=True):
    """Of an event, its status if it has one."""

    status: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What the record of one command says. Other fields of the record are passed over."""

    code: str
    facts: Facts
    events: list[_Event]

    @property
    def status(self) -> str:
        """The status that the first event gives its object; "" if it gives none."""
        return self.events[0].status if self.events else ""


_answers = msgspec.json.Decoder(Answer)


class Sent(NamedTuple):
    """A batch on its way."""

    store: Store
    receipt: "Future[Receipt]"

    def answers(self) -> list[Answer]:
        """Wait, and return one answer for each command. Raises ExchangeError when the batch was refused at the door."""
        first, leaves = self._leaves()
        return [_answers.decode(leaves[index - first]) for index, _code in self.receipt.result().items]

    def last(self) -> tuple[int, str]:
        """Index and digest of the batch's last record."""
        index = self.receipt.result().items[-1][0]
        return index, leaf_digest(self.store, index)

    def _leaves(self) -> tuple[int, list[bytes]]:
        receipt = self.receipt.result()
        if receipt.door is not None:
            code, facts = receipt.door, receipt.facts
            raise ExchangeError(
                f"账本未接收批次（{code.number} {code.name}）：{render(code.zh, facts)}。"
                f"{render(code.remedy_zh, facts)}",
                f"the ledger took no batch ({code.number} {code.name}): {render(code.en, facts)}."
                f" {render(code.remedy_en, facts)}",
            )
        first = receipt.items[0][0]
        # Follow-ups stand between the items of a batch, where there are any.
        return first, self.store.leaves(first, receipt.items[-1][0] + 1)


def send(desk: Desk, signer: str, commands: Sequence[Any]) -> Sent:
    """Sign and submit a batch. Raises as the desk does when the key cannot be used."""
    return Sent(desk.store, desk.act_soon(signer, *commands))


def leaf_digest(store: Store, index: int) -> str:
    """Digest of a record's bytes; "" where the ledger has none with this index."""
    try:
        return hashlib.sha256(store.leaf(index)).hexdigest()[:32]
    except IndexError:
        return ""
