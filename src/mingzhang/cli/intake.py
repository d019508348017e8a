"""Commands as people write them: JSON in any layout, checked as strictly as the ledger will, with errors that name
the item and the field. What the commands mean is the contracts' matter.
"""

import json
import unicodedata
from typing import Any, Union

import msgspec

from mingzhang.chain.codec import CodecError, check_text, encode
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.tx import MAX_ENVELOPE_BYTES, MAX_ITEMS
from mingzhang.cli.errors import Failed
from mingzhang.cli.requirement import Misfit, misfit, misfit_of_text

MAX_INPUT_BYTES = 4 * MAX_ENVELOPE_BYTES
"""White space and escapes may make a file larger than the envelope it becomes."""
OPEN_COMMANDS = {name: kind for name, kind in REGISTRY.command_by_name.items() if REGISTRY.commands[kind].roles}
"""Commands that people may send, by wire name; the others are the ledger's own."""
_COMMAND: Any = Union[tuple(OPEN_COMMANDS.values())]  # noqa: UP007 (built from a tuple at run time)


def read_commands(data: bytes) -> list[Any]:
    """The command or list of commands of a JSON text. Raises Failed with the item and field, and what must hold."""
    if len(data) > MAX_INPUT_BYTES:
        raise Failed(f"输入超过 {MAX_INPUT_BYTES} 字节", f"the input is larger than {MAX_INPUT_BYTES} bytes")
    value = _parse(data)
    items = value if isinstance(value, list) else [value]
    if not 1 <= len(items) <= MAX_ITEMS:
        raise Failed(
            f"一次须提交 1 至 {MAX_ITEMS} 项，现有 {len(items)} 项",
            f"between 1 and {MAX_ITEMS} items, not {len(items)}",
        )
    many = isinstance(value, list)
    return [_command(item, (f"第 {at} 项", f"item {at}") if many else ("", "")) for at, item in enumerate(items, 1)]


def _parse(data: bytes) -> Any:
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except UnicodeDecodeError as error:
        raise Failed(f"输入须为 UTF-8 编码（第 {error.start} 字节）", f"byte {error.start}: must be UTF-8") from None
    except json.JSONDecodeError as error:
        raise Failed(
            f"第 {error.lineno} 行第 {error.colno} 列：不是合格的 JSON",
            f"line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}",
        ) from None
    except RecursionError:
        raise Failed("JSON 嵌套过深", "the JSON is nested too deeply") from None
    except ValueError as error:
        raise Failed("数字过长", f"not valid JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise Failed(f"字段 {key} 重复", f"{key}: is given twice in one object")
        made[key] = value
    return made


def _no_float(text: str) -> Any:
    raise Failed(
        f"{text} 不是整数：金额以分、分数以百分之一、比率以万分之一的整数填写",
        f"{text}: numbers must be whole; amounts are in fen, scores in hundredths, rates in basis points",
    )


def _command(item: Any, place: tuple[str, str]) -> Any:
    zh, en = place
    if not isinstance(item, dict):
        raise Failed(f"{zh or '输入'}须是一个对象", f"{en or 'the input'}: must be an object")
    name = item.get("type")
    if not isinstance(name, str) or name not in OPEN_COMMANDS:
        raise Failed(
            f"{zh} 没有指令类型 {name!r}；mingzhang submit --types 列出全部".lstrip(),
            f"{en + ', ' if en else ''}type: there is no command {name!r}; `mingzhang submit --types` lists them",
        )
    composed = _composed(item)
    try:
        command = msgspec.convert(composed, _COMMAND, strict=True)
    except msgspec.ValidationError as error:
        raise Failed(*_sentences(misfit(composed, OPEN_COMMANDS[name]), error, place)) from None
    try:
        check_text(encode(command))
    except (CodecError, UnicodeEncodeError) as error:
        raise Failed(*_sentences(misfit_of_text(composed), error, place)) from None
    return command


def _sentences(found: Misfit | None, error: Exception, place: tuple[str, str]) -> tuple[str, str]:
    """What is wrong with a field of the item at a place; msgspec's own words where the field was not found."""
    if found is None:
        found = Misfit("", "不符合要求", str(error))
    zh, en = place
    zh = f"{zh} " if zh and found.place else zh
    field = f"字段 {found.place}" if found.place else ""
    return f"{zh}{field}：{found.zh}", ", ".join(part for part in (en, found.place) if part) + f": {found.en}"


def _composed(value: Any) -> Any:
    """Strings in normal form C: the ledger compares bytes, and keyboards differ. Depth is bounded by the parser."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_composed(one) for one in value]
    if isinstance(value, dict):
        return {key: _composed(one) for key, one in value.items()}
    return value
