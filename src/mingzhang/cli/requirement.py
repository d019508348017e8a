"""What a field must hold, in Chinese and English: the first place of a JSON value that does not fit a wire type.

The types are the contracts'; msgspec decides what fits, and this says it in words. Nothing here accepts anything.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import inspect as types

from mingzhang.chain.codec import CodecError, check_text, encode
from mingzhang.cli.fields import description_of, description_zh, without_none

WORDS_SHOWN = 40
UNITS = {
    "_fen": ("分", "fen"),
    "_hundredths": ("百分之一", "hundredths"),
    "_bp": ("万分之一", "basis points"),
    "_time": ("秒", "seconds since 1970"),
}
"""What a number counts, by how its field's name ends."""
JSON_NAMES: dict[type, tuple[str, str]] = {
    str: ("文字", "text"), int: ("整数", "a whole number"), bool: ("true 或 false", "true or false"),
    list: ("列表", "a list"), dict: ("对象", "an object"), type(None): ("null", "null"),
}  # fmt: skip


class Misfit(NamedTuple):
    """A place such as terms.milestones[0].due, and what must hold there."""

    place: str
    zh: str
    en: str


def misfit(value: Any, kind: Any) -> Misfit | None:
    """The first place of a JSON value that a wire type does not take, or None if none is found."""
    return next(_misfits(value, types.type_info(kind), ""), None)


def misfit_of_text(value: Any) -> Misfit | None:
    """The first text of a JSON value with a character that the ledger does not take."""
    for place, text in _texts(value, ""):
        for character in text:
            try:
                check_text(encode(character))
            except (CodecError, UnicodeEncodeError):
                point = f"U+{ord(character):04X}"
                at = text.index(character) + 1
                return Misfit(
                    place,
                    f"第 {at} 个字符 {point} 不允许使用（控制、双向排版或不可见字符），须删去",
                    f"character {at} is {point}: control, bidi and format characters are not allowed",
                )
    return None


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _texts(one, f"{place}[{at}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield joined(place, key), key
            yield from _texts(one, joined(place, key))


def joined(place: str, field: str) -> str:
    """A field below a place."""
    return f"{place}.{field}" if place and field and not field.startswith("[") else place + field


def _misfits(value: Any, info: Any, place: str) -> Iterator[Misfit]:
    bare = without_none(info)
    if value is None and bare is not _bare(info):
        return
    if isinstance(bare, types.StructType):
        yield from _struct_misfits(value, bare, place)
    elif isinstance(bare, types.ListType | types.VarTupleType) and isinstance(value, list):
        yield from _length_misfits(len(value), bare, place, units=("项", "items"))
        for at, one in enumerate(value):
            yield from _misfits(one, bare.item_type, f"{place}[{at}]")
    elif isinstance(bare, types.DictType) and isinstance(value, dict):
        yield from _length_misfits(len(value), bare, place, units=("项", "items"))
        for key, one in value.items():
            yield from _misfits(key, bare.key_type, joined(place, key))
            yield from _misfits(one, bare.value_type, joined(place, key))
    elif isinstance(bare, types.UnionType):
        yield from _union_misfits(value, bare, place)
    elif not _fits(value, bare):
        zh, en = _must(bare, info, place)
        now_zh, now_en = _now(value)
        yield Misfit(place, f"须为{zh}{now_zh}", f"must be {en}{now_en}")


def _struct_misfits(value: Any, bare: Any, place: str) -> Iterator[Misfit]:
    fields = {field.encode_name: field for field in bare.fields}
    if not isinstance(value, dict):
        zh, en = _now(value)
        yield Misfit(place, f"须为对象{zh}", f"must be an object{en}")
        return
    for name in value:
        if name not in fields and name != bare.tag_field:
            allowed_zh, allowed_en = "、".join(fields), ", ".join(fields)
            yield Misfit(
                joined(place, name),
                f"没有此字段；可用的字段：{allowed_zh}",
                f"unknown field `{name}`; the fields are {allowed_en}",
            )
    for name, field in fields.items():
        if name in value:
            yield from _misfits(value[name], field.type, joined(place, name))
        elif field.required:
            zh, en = _must(without_none(field.type), field.type, name)
            yield Misfit(joined(place, name), f"缺少此字段，须为{zh}", f"missing the field `{name}`: {en}")


def _union_misfits(value: Any, bare: Any, place: str) -> Iterator[Misfit]:
    """Structs are told apart by their tag; of anything else one kind has to fit."""
    structs = [one for one in bare.types if isinstance(_bare(one), types.StructType)]
    if structs and isinstance(value, dict):
        tag_field = _bare(structs[0]).tag_field or "type"
        for one in structs:
            if _bare(one).tag == value.get(tag_field):
                yield from _misfits(value, one, place)
                return
        words = [str(_bare(one).tag) for one in structs]
        place = joined(place, tag_field)
        yield Misfit(place, f"须为以下之一：{'、'.join(words)}", f"must be one of {', '.join(words)}")
    elif all(next(_misfits(value, one, place), None) is not None for one in bare.types):
        musts = [_must(_bare(one), one, place) for one in bare.types]
        yield Misfit(
            place, "须为" + "，或".join(zh for zh, _en in musts), "must be " + ", or ".join(en for _, en in musts)
        )


def _length_misfits(length: int, bare: Any, place: str, *, units: tuple[str, str]) -> Iterator[Misfit]:
    if not (bare.min_length or 0) <= length <= (length if bare.max_length is None else bare.max_length):
        zh, en = _range(bare.min_length, bare.max_length)
        yield Misfit(
            place, f"须有{zh} {units[0]}，现有 {length} {units[0]}", f"must have {en} {units[1]}, not {length}"
        )


def _fits(value: Any, bare: Any) -> bool:
    if isinstance(bare, types.IntType):
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return is_whole and (bare.ge is None or value >= bare.ge) and (bare.le is None or value <= bare.le)
    if isinstance(bare, types.StrType):
        if not isinstance(value, str) or (bare.pattern is not None and not re.search(bare.pattern, value)):
            return False
        return (bare.min_length or 0) <= len(value) <= (len(value) if bare.max_length is None else bare.max_length)
    if isinstance(bare, types.LiteralType):
        return any(value == one and type(value) is type(one) for one in bare.values)
    if isinstance(bare, types.BoolType):
        return isinstance(value, bool)
    if isinstance(bare, types.NoneType):
        return value is None
    # A list or object where another kind of value stands; what this does not know is left to msgspec.
    return not isinstance(bare, types.ListType | types.VarTupleType | types.DictType)


def _must(bare: Any, info: Any, place: str) -> tuple[str, str]:
    """What fits, without `must be`."""
    null_zh, null_en = ("，或 null", ", or null") if bare is not _bare(info) else ("", "")
    zh, en = _must_be(bare, info, place)
    return zh + null_zh, en + null_en


def _must_be(bare: Any, info: Any, place: str) -> tuple[str, str]:
    told = description_of(info)
    if isinstance(bare, types.IntType):
        zh, en = _range(bare.ge, bare.le)
        ending = next((one for one in UNITS if place.endswith(one)), "")
        unit_zh, unit_en = UNITS.get(ending, ("", ""))
        return f"{zh}的整数{unit_zh and f'（{unit_zh}）'}", f"a whole number, {en}{unit_en and f' ({unit_en})'}"
    if isinstance(bare, types.StrType) and bare.pattern is not None:
        return f"文字：{description_zh(told)}", f"text: {told}"
    if isinstance(bare, types.StrType):
        zh, en = _range(bare.min_length, bare.max_length)
        return f"{zh} 个字的文字", f"text of {en} characters"
    if isinstance(bare, types.LiteralType):
        words = [str(one) for one in bare.values[:WORDS_SHOWN]]
        return f"以下之一：{'、'.join(words)}", f"one of {', '.join(words)}"
    named: dict[type, tuple[str, str]] = {
        types.BoolType: JSON_NAMES[bool], types.NoneType: JSON_NAMES[type(None)],
        types.DictType: JSON_NAMES[dict], types.StructType: JSON_NAMES[dict],
    }  # fmt: skip
    return named.get(type(bare), JSON_NAMES[list])


def _range(low: int | None, high: int | None) -> tuple[str, str]:
    # The largest number that JSON keeps exact is no limit that anybody meets; the smallest is what matters.
    if high is not None and (low is None or high < 2**40):
        return f" {low or 0} 至 {high}", f"{low or 0} to {high}"
    return ("任意", "any") if low is None or low < -(2**40) else (f"不小于 {low} ", f"at least {low}")


def _now(value: Any) -> tuple[str, str]:
    """What stands there instead, shortened."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        shown = repr(value)
        shown = shown if len(shown) <= WORDS_SHOWN else shown[:WORDS_SHOWN] + "…"
        zh, en = JSON_NAMES.get(type(value), ("", ""))
        return f"，现为{zh} {shown}", f", not {en} {shown}"
    zh, en = JSON_NAMES.get(type(value), ("", ""))
    return f"，现为{zh}", f", not {en}"


def _bare(info: Any) -> Any:
    return info.type if isinstance(info, types.Metadata) else info
