"""A publication as a citizen reads it: what is published, and what was withheld, on which basis."""

from typing import Any

from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts.sources import FIELDS, field_of
from mingzhang.cli.output import Output
from mingzhang.cli.words import STATUSES, word


def show_published(output: Output, event: dict[str, Any]) -> None:
    """The event disclosure.published/1, whole."""
    kind = event["kind"]
    output.out.print(output.pick("公开内容", "what is published"), style="bold")
    output.pairs(
        [
            ("  标题", "  title", event["title"]),
            ("  对象", "  of", f"{word('kind', kind, output.lang)} {event['object_id']}"),
            ("  来源", "  source", output.pick(f"第 {event['source']} 条记录", f"record {event['source']}")),
            ("  说明", "  notice", event["notice"]),
        ]
    )
    output.out.print(output.pick("公开的字段", "published fields"), style="bold")
    output.pairs(
        (f"  {_title(kind, one['name'])}", f"  {_name(one['name'])}", _value(output, kind, one))
        for one in event["fields"]
    )
    if event["withheld"]:
        output.out.print(output.pick("未全部公开的字段及依据", "withheld, and on which basis"), style="bold")
        output.pairs(
            (
                f"  {_title(kind, one['field'])}",
                f"  {_name(one['field'])}",
                f"{word('treatment', one['treatment'], output.lang)}  {one['basis']}",
            )
            for one in event["withheld"]
        )


def _title(kind: str, name: str) -> str:
    """A field's Chinese title, amounts in yuan, with the part it is of: 节点金额（元） advance."""
    field, _, part = name.partition(".")
    about = FIELDS.get(kind, {}).get(field)
    title = field if about is None else about.title
    return f"{title.replace('(分)', '（元）')} {part}".strip()


def _name(name: str) -> str:
    field, dot, part = name.partition(".")
    return f"{field.removesuffix('_fen')}{dot}{part}{' (yuan)' if field.endswith('_fen') else ''}"


def _value(output: Output, kind: str, one: dict[str, Any]) -> str:
    field, value = field_of(one["name"]), one["value"]
    if field.endswith("_fen") and not one["masked"] and value.removeprefix("-").isdecimal():
        return yuan(int(value))
    shown = str(word(field, value, output.lang, what=f"{kind}s" if f"{kind}s" in STATUSES else ""))
    return shown + output.pick("（已遮盖）", " (masked)") if one["masked"] else shown
