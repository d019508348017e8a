"""The door for signed transactions, and what became of one. What an envelope must hold is said in chain/tx.py.

Whoever holds a key may submit; nothing is read here but codes, and the facts of the submitter's own refusals.
"""

import asyncio
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar.response import Response
from msgspec import Meta

from mingzhang.api import errors
from mingzhang.api.deps import Doors
from mingzhang.api.door import JSON, PREFIX, Answer, Asked, Door, answered
from mingzhang.api.errors import ApiError, Error, refused_at_door, status_of, wrong_query
from mingzhang.chain.codes import code_named, kernel, render
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.members import PERSON
from mingzhang.chain.machine import seen_name
from mingzhang.node.ledger import Receipt
from mingzhang.node.store import Store

PATH: Final = f"{PREFIX}/transactions"
GOOD_CODES: Final = frozenset({1, 2})
"""ok, and exists: what was asked for is on the ledger."""

State = Literal["done", "recorded", "waiting"]


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's answer to one item. `index` is that of its record; amounts among the facts are in fen."""

    item: Annotated[int, Meta(description="place in the envelope, from 0")]
    index: Annotated[int, Meta(description="index of its record in the ledger: a permanent name")]
    type: Annotated[str, Meta(description="wire name of the command")]
    number: Annotated[int, Meta(description="permanent number of the code")]
    code: str
    sentence_zh: str
    sentence_en: str
    facts: dict[str, int | str]
    basis: str
    remedy_zh: str
    remedy_en: str
    retry: bool


class TransactionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an envelope. state: done (on disk, and lists show it), recorded (on disk; lists will show it),
    waiting (taken in, not yet on disk: look again). Height and time are null while it waits; time is ledger time in
    seconds since 1970.
    """

    state: State
    accepted: Annotated[bool, Meta(description="every item has the code ok or exists")]
    envelope: Annotated[str, Meta(description="hash of the signed header, in hexadecimal: the envelope's name")]
    height: int | None
    time: int | None
    items: list[ItemAnswer]
    look: Annotated[str, Meta(description="path where to look for it again")]


class ItemCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code of one item, without what it asked for."""

    item: int
    index: int
    number: int
    code: str


class TransactionCodes(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an envelope, without contents."""

    state: State
    accepted: bool
    envelope: str
    height: int | None
    items: list[ItemCode]


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an envelope is looked for; with neither only among those this server took in lately."""

    height: Annotated[int, Meta(ge=1, le=2**53 - 1, description="height of its block, from the answer")] | None = None
    expires_at: (
        Annotated[
            int,
            Meta(ge=0, le=2**40, description="time bound of its header; found so until that time has passed"),
        ]
        | None
    ) = None


class _Header(msgspec.Struct):
    signer: str
    public_key: str
    expires_at: int


class _Signed(msgspec.Struct):
    header: msgspec.Raw
    signature: str


class _Command(msgspec.Struct):
    type: str


class _Leaf(msgspec.Struct):
    """What of a leaf is told here; block and state leaves have no code."""

    index: int = 0
    envelope: str = ""
    item: int = 0
    cause: int | None = None
    code: str = ""
    facts: dict[str, int | str] = {}
    command: _Command | None = None


_signed = msgspec.json.Decoder(_Signed)
_header = msgspec.json.Decoder(_Header)
_leaf = msgspec.json.Decoder(_Leaf)


async def submit(doors: Doors, asked: Asked) -> Response[Any]:
    """Take in an envelope, and wait a bounded time for block and views."""
    request = asked.request
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON:
        raise ApiError(errors.MEDIA_TYPE_WRONG)
    raw = await request.body()
    until = asyncio.get_running_loop().time() + doors.limits.write_seconds
    receipt = await doors.submit(raw, until=until)
    if receipt is not None and receipt.door is not None:
        receipt = await doors.read(_as_told, doors, receipt, raw)
    if receipt is not None and receipt.door is not None:
        # Only the hash is told of an envelope that came before: what became of it is at the other door.
        envelope = receipt.facts.get("envelope") if receipt.door is kernel.ENVELOPE_REPLAYED else None
        look = None if envelope is None else f"{PATH}/{envelope}?expires_at={_named(doors, raw)[1]}"
        error = refused_at_door(receipt.door, receipt.facts, look=look)
        headers = {"Retry-After": "1"} if receipt.door.retry else {}
        return answered(error, status=status_of(receipt.door), headers=headers)
    envelope, expires_at = _named(doors, raw)
    doors.remember(bytes.fromhex(envelope), expires_at, None if receipt is None else receipt.height)
    if receipt is None:
        waiting = TransactionAnswer(
            state="waiting", accepted=False, envelope=envelope, height=None, time=None, items=[],
            look=f"{PATH}/{envelope}?expires_at={expires_at}",
        )  # fmt: skip
        return answered(waiting, status=202)
    items = await doors.read(_items, doors.desk.store, receipt)
    shown = await doors.views_reach(receipt.height, until=until)
    answer = TransactionAnswer(
        state="done" if shown else "recorded",
        accepted=all(item.number in GOOD_CODES for item in items),
        envelope=envelope,
        height=receipt.height,
        time=receipt.time,
        items=items,
        look=f"{PATH}/{envelope}?height={receipt.height}",
    )
    return answered(answer, status=200 if shown else 202)


async def look(doors: Doors, asked: Asked) -> Response[Any]:
    """The codes of an envelope's items."""
    name = asked.path["envelope_hash"]
    if len(name) != 64 or not all(character in "0123456789abcdef" for character in name):
        raise wrong_query("envelope_hash", "须为 64 位小写十六进制", "must be 64 lower-case hexadecimal digits")
    query: Look = asked.query
    taken = doors.remembered(bytes.fromhex(name))
    known = query if taken is None else Look(height=taken.height, expires_at=taken.expires_at)
    codes = await doors.read(_codes, doors, name, known)
    if codes is None:
        if taken is None or taken.expires_at <= doors.desk.time():
            raise ApiError(errors.ENVELOPE_UNKNOWN)
        codes = TransactionCodes(state="waiting", accepted=False, envelope=name, height=None, items=[])
    return answered(codes, status=202 if codes.state == "waiting" else 200)


def _named(doors: Doors, raw: bytes) -> tuple[str, int]:
    """(hash, time bound) of an envelope whose form the ledger has checked: its header's bytes are canonical."""
    header = bytes(_signed.decode(raw).header)
    return doors.desk.suite.hash(header).hex(), _header.decode(header).expires_at


def _as_told(doors: Doors, receipt: Receipt, raw: bytes) -> Receipt:
    """What a stranger may know of a refusal: whether somebody is enrolled, revoked, or holds a role is told only to
    whoever holds that person's key.
    """
    if receipt.door not in _ABOUT_SIGNER:
        return receipt
    signed = _signed.decode(raw)
    header_bytes, suite = bytes(signed.header), doors.desk.suite
    header = _header.decode(header_bytes)
    if not suite.verify(bytes.fromhex(header.public_key), header_bytes, bytes.fromhex(signed.signature)):
        return receipt._replace(door=kernel.SIGNATURE_INVALID, facts={"signer": header.signer})
    person = doors.desk.view().get(PERSON, header.signer)
    if person is None or person.public_key != header.public_key:
        return receipt._replace(door=kernel.KEY_NOT_OF_SIGNER, facts={"signer": header.signer})
    return receipt


_ABOUT_SIGNER = (kernel.SIGNER_UNKNOWN, kernel.SIGNER_REVOKED, kernel.KEY_NOT_OF_SIGNER, kernel.NO_GRANT)


def _items(store: Store, receipt: Receipt) -> list[ItemAnswer]:
    """The answers to all items; what followed from them lies between their records."""
    wanted = {index for index, _code in receipt.items}
    answers = []
    for data in store.leaves(receipt.items[0][0], receipt.items[-1][0] + 1):
        leaf = _leaf.decode(data)
        if leaf.index in wanted and leaf.command is not None:
            answers.append(_answer(leaf, leaf.command.type))
    return answers


def _answer(leaf: _Leaf, command: str) -> ItemAnswer:
    code, facts = code_named(leaf.code), leaf.facts
    return ItemAnswer(
        item=leaf.item,
        index=leaf.index,
        type=command,
        number=code.number,
        code=code.name,
        sentence_zh=render(code.zh, facts),
        sentence_en=render(code.en, facts),
        facts=facts,
        basis=code.basis,
        remedy_zh=render(code.remedy_zh, facts),
        remedy_en=render(code.remedy_en, facts),
        retry=code.retry,
    )


def _codes(doors: Doors, name: str, known: Look) -> TransactionCodes | None:
    store, height = doors.desk.store, known.height
    if height is None and known.expires_at is not None:
        height = doors.desk.view().get(REGISTRY.seen, seen_name(known.expires_at, bytes.fromhex(name)))
    block = None if height is None else store.block(height)
    if height is None or block is None or store.envelope_by_hash(height, bytes.fromhex(name)) is None:
        return None
    leaves = map(_leaf.decode, store.leaves(block.first_leaf, block.first_leaf + block.leaves))
    own = [leaf for leaf in leaves if leaf.envelope == name and leaf.cause is None]
    items = [
        ItemCode(item=leaf.item, index=leaf.index, number=code_named(leaf.code).number, code=leaf.code) for leaf in own
    ]
    return TransactionCodes(
        state="done" if height <= doors.views_height else "recorded",
        accepted=all(item.number in GOOD_CODES for item in items),
        envelope=name,
        height=height,
        items=items,
    )


DOORS = (
    Door(
        "POST",
        PATH,
        submit,
        zh="提交一份已签名的交易信封",
        en="Submit a signed envelope: 1 to 1,000 commands under one signature, the canonical bytes exactly as signed."
        " An envelope that is taken in is answered 200 even where items were refused: each item has its own code."
        " Sending the same object again gives the code exists; the very same envelope again gives 409 and where to"
        " look. 202 means: on its way, look again.",
        body="Envelope",
        answers=(
            Answer(200, "recorded, and lists show it; look at each item's code", TransactionAnswer),
            Answer(202, "taken in, but not on disk or not in the lists within the time; look again", TransactionAnswer),
            *(
                Answer(status, "refused at the door, nothing was recorded: "
                       + ", ".join(name for name, its in errors.DOOR_STATUSES.items() if its == status), Error)
                for status in sorted(set(errors.DOOR_STATUSES.values()))
            ),
        ),
        faults=(errors.MEDIA_TYPE_WRONG, errors.BUSY, errors.NODE_STOPPED),
    ),
    Door(
        "GET",
        PATH + "/{envelope_hash}",
        look,
        zh="查询一份信封的处理结果（只有代码，没有内容）",
        en="What became of an envelope: the code of each item, no contents. Give the height of the answer, or the"
        " time bound of its header while that has not passed; with neither only those taken in lately are found.",
        query=Look,
        parameters={"envelope_hash": ("hash of the envelope's signed header, 64 hexadecimal digits", "5d" * 32)},
        answers=(
            Answer(200, "its items' codes", TransactionCodes),
            Answer(202, "taken in, not yet on disk", TransactionCodes),
        ),
        faults=(errors.ENVELOPE_UNKNOWN,),
    ),
)  # fmt: skip
