"""A record told to people: who asked for what, the answer and why, what changed, what followed. From stored bytes."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from mingzhang.chain.codes import code_named
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.members import ROLES
from mingzhang.chain.contracts.payments import hold_told
from mingzhang.chain.operations import LEDGER, Record, wire_name
from mingzhang.cli.errors import Failed
from mingzhang.cli.fields import first_paragraph
from mingzhang.cli.output import Output, beijing, explained
from mingzhang.cli.words import heading, list_of
from mingzhang.node.store import Store

MAX_SHOWN_CHARACTERS = 160
"""Of one field's value beside others; --json has all of it."""
NOT_CHANGES = frozenset({"record", "by"})
"""Fields of events that are no change of the object: where it is recorded, who."""


class Change(NamedTuple):
    """A field that an event told of an object: `before` is None where it was not known of it."""

    field: str
    before: Any
    after: Any


class Step(NamedTuple):
    """One record of an object's trace, with what each of its events told of the object: (event, changes)."""

    record: Record
    changes: list[tuple[str, list[Change]]]


def record_at(store: Store, index: int) -> Record:
    """The record of an index. Raises Failed where there is none."""
    try:
        leaf = REGISTRY.leaves.decode(store.leaf(index))
    except IndexError:
        raise Failed(f"没有第 {index} 条记录", f"there is no record {index}") from None
    if not isinstance(leaf, Record):
        raise Failed(f"第 {index} 条是区块或状态的结尾，不是事项", f"leaf {index} closes a block; it is no record")
    return leaf


def followers_of(store: Store, record: Record) -> list[Record]:
    """Records of the same block that this one called for, directly or through others."""
    block = store.block(record.height)
    if block is None:
        return []
    called, found = {record.index}, []
    for leaf in store.leaves(record.index + 1, block.first_leaf + block.leaves):
        one = REGISTRY.leaves.decode(leaf)
        if isinstance(one, Record) and one.cause in called:
            called.add(one.index)
            found.append(one)
    return found


def as_json(record: Record) -> dict[str, Any]:
    """The record with its explanation."""
    whole: dict[str, Any] = msgspec.to_builtins(record)
    return whole | {"explained": explained(code_named(record.code), record.facts)}


def as_row(record: Record) -> dict[str, Any]:
    """The record as a row of a table."""
    about = explained(code_named(record.code), record.facts)
    return {
        "record": record.index,
        "height": record.height,
        "time": record.time,
        "signer": record.signer,
        "command": wire_name(record.command),
        "code": record.code,
        "cause": record.cause,
        "sentence_zh": about["sentence_zh"],
        "sentence_en": about["sentence_en"],
    }


def show_record(output: Output, record: Record, followers: Iterable[Record]) -> None:
    """One record, whole."""
    show_head(output, record)
    output.answer(code_named(record.code), record.facts)
    show_held(output, record)
    _show_fields(output, output.pick("指令", "command"), record.command)
    for event in record.events:
        _show_fields(output, output.pick("事件", "event"), event)
    for one in followers:
        output.say(
            f"由此引发：记录 {one.index} {wire_name(one.command)} {one.code}",
            f"what followed: record {one.index} {wire_name(one.command)} {one.code}",
        )


def show_head(output: Output, record: Record) -> None:
    """Where a record stands, who asked, when."""
    pairs: list[tuple[str, str, Any]] = [
        ("记录", "record", record.index), ("高度", "height", record.height),
        ("账本时间", "ledger time", beijing(record.time)), ("提交人", "signer", record.signer),
        ("指令", "command", wire_name(record.command)),
    ]  # fmt: skip
    if record.cause is not None:
        pairs.append(("起因", "cause", record.cause))
    if record.envelope:
        pairs.append(("信封", "envelope", record.envelope))
    output.pairs(pairs)


def show_why(output: Output, record: Record, cause: Record | None) -> None:
    """Rule, facts, basis, and what would make it pass."""
    show_head(output, record)
    name = wire_name(record.command)
    output.pairs(
        (
            ("规则", "rule", f"{name}: {first_paragraph(type(record.command))}"),
            ("准许岗位", "roles that may", roles_of(record)),
        )
    )
    output.answer(code_named(record.code), record.facts)
    show_held(output, record)
    if cause is not None:
        output.say(
            f"由记录 {cause.index} 引发（{wire_name(cause.command)}，{cause.signer}）",
            f"called for by record {cause.index} ({wire_name(cause.command)} of {cause.signer})",
        )


def roles_of(record: Record) -> str:
    """Which roles may ask for this."""
    roles = REGISTRY.commands[type(record.command)].roles
    if record.signer == LEDGER or not roles:
        return "账本自动办理 the ledger itself"
    return ", ".join(f"{role} {ROLES.get(role, '')}".strip() for role in roles)


def holds_of(record: Record) -> list[str]:
    """The rules that held what an accepted record asked for."""
    return [hold for event in record.events for hold in getattr(event, "holds", ())]


def held_told(record: Record) -> tuple[str, str] | None:
    """That what the record accepted waits for a person, and why, in Chinese and English; None where nothing waits."""
    told = [hold_told(hold) for hold in holds_of(record)]
    if not told:
        return None
    return (
        f"已受理，待人工审核：{'；'.join(zh for zh, _en in told)}",
        f"accepted, held for review: {'; '.join(en for _zh, en in told)}",
    )


def show_held(output: Output, record: Record) -> None:
    """Say so where what the record accepted waits for a person."""
    held = held_told(record)
    if held is not None:
        output.say(*held, style="yellow")


def trace(records: Iterable[Record], object_id: str) -> list[Step]:
    """What each record did to an object, by the events that name it.

    The first event about it makes it; of those that follow, a field it was made with is told when it changes, with what
    it was before, and others are told as they come.
    """
    known: dict[str, Any] = {}
    steps = []
    for record in records:
        told = []
        for event in record.events:
            fields: dict[str, Any] = msgspec.to_builtins(event)
            name = fields.pop("type")
            if object_id in fields.values():
                told.append((name, _changes(fields, object_id, known)))
        steps.append(Step(record, told))
    return steps


def _changes(fields: dict[str, Any], object_id: str, known: dict[str, Any]) -> list[Change]:
    """What an event's fields tell; `known` is the object as it was, and is brought up to date."""
    told = {name: value for name, value in fields.items() if name not in NOT_CHANGES and value != object_id}
    if next(iter(fields.values())) != object_id:
        return [Change(name, None, value) for name, value in told.items()]
    is_new = not known
    changes = [Change(name, known.get(name), value) for name, value in told.items() if known.get(name) != value]
    known.update({name: value for name, value in told.items() if is_new or name in known})
    return changes


def show_step(output: Output, step: Step, posts: Mapping[str, str]) -> None:
    """A record of a trace, in a few lines: who, when, what, the answer, the fields that changed."""
    record = step.record
    post = posts.get(record.signer, "")
    who = f"{record.signer}（{post}）" if post else record.signer
    mark = "✓" if record.code in {"ok", "exists"} else "✗"
    output.say(f"{mark} #{record.index}  {beijing(record.time)}  {who}  {wire_name(record.command)}  {record.code}", "")
    about = explained(code_named(record.code), record.facts)
    if mark == "✗":
        output.say(f"    {about['sentence_zh']}", f"    {about['sentence_en']}")
    for event, changes in step.changes:
        what = list_of(event)
        parts = [_change_shown(output, change, what) for change in changes if not _is_nothing(change.after)]
        if parts:
            output.out.print(f"    {event}: {', '.join(parts)}", markup=False)


def step_as_json(step: Step) -> dict[str, Any]:
    """A step of a trace for programs."""
    events = [{"event": event, "changes": [one._asdict() for one in changes]} for event, changes in step.changes]
    return as_row(step.record) | {"facts": step.record.facts, "events": events}


def _show_fields(output: Output, what: str, value: Any) -> None:
    fields: dict[str, Any] = msgspec.to_builtins(value)
    show_fields(output, what, fields)


def show_fields(output: Output, what: str, fields: Mapping[str, Any]) -> None:
    """A command or an event as it stands on the ledger: its type, and its fields by their headings."""
    name = str(fields.get("type", ""))
    output.out.print(f"{what} {name}", style="bold", markup=False)
    output.pairs(
        (f"  {heading(field, 'zh')}", f"  {heading(field, 'en')}", short(output, field, one, what=list_of(name)))
        for field, one in fields.items()
        if field != "type"
    )


def _change_shown(output: Output, change: Change, what: str) -> str:
    before = "" if _is_nothing(change.before) else f"{short(output, change.field, change.before, what=what)} → "
    return f"{heading(change.field, output.lang)} {before}{short(output, change.field, change.after, what=what)}"


def _is_nothing(value: Any) -> bool:
    return value is None or value in ("", [], {})


def short(output: Output, name: str, value: Any, *, what: str = "") -> str:
    """A field's value by its unit, cut to what fits beside others."""
    text = output.told(name, value, what=what)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"
