"""The shapes by which contracts hand their rules to the machine: operations, follow-ups, checks, and their registry.

No domain word lives here; the contracts' own tables are gathered into one `Registry` in `contracts/__init__.py`.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, Union

import msgspec

from mingzhang.chain.codec import Blinder, Count, Digest, PublicKey, Seconds, Signature, Wire, decoder
from mingzhang.chain.codes import Facts
from mingzhang.chain.state import Draft, Key, View

LEDGER = "ledger"
"""Signer of items the ledger calls for itself; no person may take this id."""


class Block(NamedTuple):
    """What a rule may know of the block it is judged in. `time` is ledger time in seconds since 1970 (UTC)."""

    height: int
    time: int


class Item(NamedTuple):
    """One command as the machine hands it to a decide function."""

    command: Any
    signer: str
    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody asks an item for.
    """Index the item's record will have: a permanent name for it."""


class Later(NamedTuple):
    """A follow-up that falls due at a ledger time instead of at once."""

    due_time: int
    command: Any


Decide = Callable[[View, Item, Block], list[Any]]
Evolve = Callable[[Draft, Any], None]
FollowUps = Callable[[View, Any, Block], "list[Any]"]
"""(view after the event, event, block) -> commands to judge at once, or Later(...) for ones that fall due."""


class Operation(NamedTuple):
    """A decide function and the roles of which a signer must hold one somewhere, or the item is refused at the door.

    The empty tuple marks a command that only the ledger itself may issue.
    """

    decide: Decide
    roles: tuple[str, ...] = ()


class Contract(Protocol):
    """What a contract module offers. FOLLOW_UPS, TOUCHED, INVARIANTS and PREFETCH are optional."""

    COMMANDS: dict[type, Operation]
    EVENTS: dict[type, Evolve]


class Record(Wire, tag="record/1", frozen=True):
    """One leaf: what was asked, what was answered, what happened.

    `envelope` is the hash of the signed header and "" where the ledger asked; `cause` is the index of the record that
    called for this one; `item` numbers the item within its envelope, or the follow-up within its cause.
    """

    index: Count
    height: Count
    time: Seconds
    envelope: str
    signer: str
    item: Count
    cause: Count | None
    blinder: Blinder
    command: Any
    code: str
    facts: Facts
    events: list[Any]


class BlockLeaf(Wire, tag="block/1", frozen=True):
    """Closes a block in which something was recorded. `writes` is the hash of the block's sorted state writes.

    The blinder comes from the last record's seed, so that a neighbour's writes cannot be guessed from this leaf's hash.
    """

    height: Count
    time: Seconds
    application_version: Count
    records: Count
    writes: Digest
    blinder: Blinder


class StateLeaf(Wire, tag="state/1", frozen=True):
    """On a rhythm, after a block leaf: the digest of the whole state, by buckets of keys in order."""

    height: Count
    keys: Count
    digest: Digest


class Header(Wire, tag="envelope/1", frozen=True):
    """The signed part. `items_root` is the RFC 9162 root over the item leaves, so one signature covers a batch and one
    item can be shown without the others. `expires_at` is ledger time, at most 24 hours ahead when it arrives.
    """

    chain_id: str
    envelope_id: Blinder
    signer: str
    public_key: PublicKey
    expires_at: Seconds
    items_root: Digest
    items_count: Count


class Envelope(Wire, frozen=True, tag="signed/1"):
    """What is sent and stored: the exact signed header, the commands it covers, the blinders' seed, the signature."""

    header: Header
    items: list[Any]
    seed: Blinder
    signature: Signature


class ItemLeaf(Wire, tag="item/1", frozen=True):
    """A leaf of the items' tree."""

    blinder: Blinder
    command: Any


class Due(msgspec.Struct, frozen=True):
    """A scheduled follow-up, waiting in the state. `seed` and `number` give its blinder; they are never published."""

    command: Any
    cause: int
    seed: str
    number: int


class SignerDoor(Protocol):
    """What the door asks the members contract."""

    def key_of(self, view: View, signer: str) -> tuple[str, bool] | None:
        """(public key in hexadecimal, still valid) of an enrolled signer, or None."""

    def holds_role(self, view: View, signer: str, roles: tuple[str, ...], *, time: int) -> bool:
        """Whether the signer holds one of the roles anywhere at this time."""

    def block_time(self, view: View, proposed: int) -> int:
        """Ledger time of the next block: the proposed time, or the stated one where genesis says so."""


class Registry:
    """All contracts' tables as one, and the decoders made from them.

    Raises ValueError when two contracts claim one command, event, key prefix or wire name.
    """

    def __init__(self, contracts: Iterable[Any], door: SignerDoor) -> None:
        self.door = door
        self.contracts = tuple(contracts)
        self.commands: dict[type, Operation] = {}
        self.events: dict[type, Evolve] = {}
        self.follow_ups: dict[type, FollowUps] = {}
        self.touched: dict[str, tuple[str, Callable[[Any], bool]]] = {}
        self.invariants: dict[str, Callable[[View], Iterable[str]]] = {}
        self.prefetch: dict[type, Callable[[Any], list[str]]] = {}
        self.keys: dict[str, Key[Any]] = {}
        for contract in self.contracts:
            _merge(self.commands, contract.COMMANDS)
            _merge(self.events, contract.EVENTS)
            _merge(self.follow_ups, getattr(contract, "FOLLOW_UPS", {}))
            _merge(self.invariants, getattr(contract, "INVARIANTS", {}))
            _merge(self.prefetch, getattr(contract, "PREFETCH", {}))
            _merge(self.touched, {key.prefix: check for key, check in getattr(contract, "TOUCHED", {}).items()})
            _merge(self.keys, {value.prefix: value for value in vars(contract).values() if _own_key(value, contract)})
        command: Any = Union[tuple(self.commands)]  # noqa: UP007 (built from a tuple at run time)
        event: Any = Union[tuple(self.events)]  # noqa: UP007
        self.command_by_name = {wire_name(kind): kind for kind in self.commands}
        self.event_by_name = {wire_name(kind): kind for kind in self.events}
        if len(self.command_by_name) != len(self.commands) or len(self.event_by_name) != len(self.events):
            raise ValueError("two commands or two events share a wire name")
        self.envelopes: msgspec.json.Decoder[Envelope] = decoder(_typed(Envelope, items=list[command]))
        self.records: msgspec.json.Decoder[Record] = decoder(_typed(Record, command=command, events=list[event]))
        self.leaves: msgspec.json.Decoder[Record | BlockLeaf | StateLeaf] = decoder(
            _typed(Record, command=command, events=list[event]) | BlockLeaf | StateLeaf
        )
        self.due: Key[Due] = Key("kernel/due", _typed(Due, command=command))
        self.seen: Key[int] = Key("kernel/seen", int)
        self.keys |= {self.due.prefix: self.due, self.seen.prefix: self.seen}


def wire_name(kind: Any) -> str:
    """The explicit wire name of a command or event, such as payments.request/1."""
    return str(kind.__struct_config__.tag)


def _own_key(value: object, contract: Any) -> bool:
    name = contract.__name__.rpartition(".")[2]
    return isinstance(value, Key) and value.prefix.startswith(name + "/")


def _merge(into: dict[Any, Any], more: dict[Any, Any]) -> None:
    for key, value in more.items():
        if key in into:
            raise ValueError(f"{key} is claimed by two contracts")
        into[key] = value


def _typed(base: Any, **fields: Any) -> Any:
    """The same wire type with the untyped fields typed by the registry's unions; instances encode alike."""
    annotations = {**base.__annotations__, **fields}
    return msgspec.defstruct(
        base.__name__,
        [(name, annotations[name]) for name in base.__struct_fields__],
        bases=(base,),
        namespace={"__doc__": base.__doc__},
        frozen=True,
        kw_only=True,
        **({"tag": base.__struct_config__.tag} if base.__struct_config__.tag else {}),
    )
