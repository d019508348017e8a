"""Wire types told to people: every field with its type, bounds and description, and an example that decodes.

Used by `submit --example` and by the generated reference. The types themselves are the contracts'.
"""

import inspect
import re
from typing import Any, NamedTuple

from msgspec import inspect as types

from mingzhang.chain import codec


class Field(NamedTuple):
    """One field. `path` names nested ones as targets[].indicator; `bounds` is "" where the type says all."""

    path: str
    type: str
    bounds: str
    description: str
    is_optional: bool


SAMPLES = (
    "organisation-1",
    "organisation-1:2022-001",
    "2022-06-01",
    "application/pdf",
    "2080101",
    "0" * 128,
    "0" * 64,
    "0" * 32,
)
"""The first that fits a field's pattern stands for it in an example."""


SAMPLE_FEN = 100_000
"""One thousand yuan."""
SAMPLE_ROLE = "unit_finance"


def _pattern_of(kind: Any) -> str:
    return str(kind.__metadata__[0].pattern)


NAME_BY_PATTERN = {
    _pattern_of(codec.Id): "id",
    _pattern_of(codec.ObjectId): "object id",
    _pattern_of(codec.Date): "date",
    _pattern_of(codec.Code64): "code",
    _pattern_of(codec.Digest): "64 hex digits",
    _pattern_of(codec.PublicKey): "public key",
    _pattern_of(codec.Signature): "signature",
    _pattern_of(codec.Blinder): "32 hex digits",
}


def fields_of(kind: type) -> list[Field]:
    """All fields of a wire struct, nested ones below theirs."""
    return _fields(types.type_info(kind), "")


def example_of(kind: type) -> dict[str, Any]:
    """An object that decodes as this wire struct; its values are placeholders."""
    sample: dict[str, Any] = _sample(types.type_info(kind))
    return sample


DESCRIPTIONS_ZH = {
    "identifier made by the caller: organisation id, colon, local part":
        "编号：单位编号、半角冒号、自编部分，如 hospital:2022-001",
    "identifier of an agreement: unit, colon, local part; short, for the payments' ids grow from it":
        "合同编号：单位编号、半角冒号、自编部分，宜短，付款编号由它生成",
    "identifier of an organisation, person or table":
        "单位、人员或代码表的编号：小写字母、数字、点、横线、下划线，最多 64 个",
    "identifier of a milestone or condition": "里程碑或条件的编号：小写字母、数字、点、横线、下划线",
    "id of the object, by its kind": "对象的编号，依其种类",
    "text, line feeds allowed": "文字，可换行",
    "text, may be empty": "文字，可为空",
    "name in one line": "一行之内的名称",
    "salted commitment to a sealed value or file": "密封内容的承诺：64 位小写十六进制，由 mingzhang seal 输出",
    "32 bytes in lower-case hexadecimal": "64 位小写十六进制",
    "128 random bits in hexadecimal": "32 位小写十六进制的随机数",
    "public key in hexadecimal: 64 bytes for SM2, 32 for Ed25519": "十六进制公钥：SM2 为 128 位，Ed25519 为 64 位",
    "64-byte signature in hexadecimal": "128 位十六进制的签名",
    "amount in fen (分), at least 1": "金额（分），不小于 1",
    "amount in fen (分), not negative": "金额（分），不为负",
    "signed amount in fen (分)": "金额（分），可为负",
    "business date, YYYY-MM-DD": "业务日期，形如 2022-06-01（YYYY-MM-DD）",
    "fiscal year": "财政年度",
    "seconds since 1970-01-01T00:00:00Z, ledger time": "账本时间：1970-01-01T00:00:00Z 起的秒数",
    "code of a code table": "代码表中的代码：字母和数字，最多 21 个",
    "rate in basis points, 10000 is 100 %": "比率，万分之一为单位，10000 即 100 %",
    "score or weight in hundredths, 10000 is 100.00": "分数或权重，百分之一为单位，10000 即 100.00",
    "0: no rectification is ordered": "0 表示不要求整改",
}  # fmt: skip
"""The types' descriptions in Chinese."""


def description_zh(description: str) -> str:
    """A type's description in Chinese; the English one where it is not known here."""
    return DESCRIPTIONS_ZH.get(description, description)


def described_zh(field: Field) -> str:
    """A field's description in Chinese; of an amount also an example in yuan."""
    text = description_zh(field.description)
    return f"{text}；{SAMPLE_FEN} 即 1,000.00 元" if field.path.endswith("_fen") else text


def described(kind: Any) -> str:
    """A type in words, such as `list of object id`."""
    return _words(types.type_info(kind))


def first_paragraph(kind: Any) -> str:
    """The docstring's first paragraph in one line; "" where the class has none of its own."""
    doc = kind.__doc__ if "__doc__" in vars(kind) else ""
    return " ".join(inspect.cleandoc(doc or "").split("\n\n")[0].split())


def docstring(kind: Any) -> str:
    """The whole docstring, its paragraphs in one line each."""
    doc = kind.__doc__ if "__doc__" in vars(kind) else ""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(doc or "").split("\n\n"))


def _fields(info: Any, prefix: str) -> list[Field]:
    found: list[Field] = []
    for field in info.fields:
        path = prefix + field.encode_name
        found.append(
            Field(
                path=path,
                type=_words(field.type),
                bounds=_bounds(without_none(field.type)),
                description=description_of(field.type),
                is_optional=not field.required or _may_be_none(field.type),
            )
        )
        inner, suffix = _inner(field.type)
        if isinstance(inner, types.StructType):
            found += _fields(inner, path + suffix + ".")
    return found


def _bare(info: Any) -> Any:
    return info.type if isinstance(info, types.Metadata) else info


def without_none(info: Any) -> Any:
    """What a type is beside null, without its description."""
    bare = _bare(info)
    if not isinstance(bare, types.UnionType):
        return bare
    others = [one for one in bare.types if not isinstance(_bare(one), types.NoneType)]
    return _bare(others[0]) if len(others) == 1 else bare


def _may_be_none(info: Any) -> bool:
    bare = _bare(info)
    return isinstance(bare, types.UnionType) and any(isinstance(_bare(one), types.NoneType) for one in bare.types)


def _inner(info: Any) -> tuple[Any, str]:
    """What a list or dict holds, and how its place is written."""
    bare = without_none(info)
    if isinstance(bare, types.ListType | types.VarTupleType):
        inner, suffix = _inner(bare.item_type)
        return inner, "[]" + suffix
    if isinstance(bare, types.DictType):
        inner, suffix = _inner(bare.value_type)
        return inner, "{}" + suffix
    return bare, ""


def _words(info: Any) -> str:
    bare = without_none(info)
    ending = " or null" if _may_be_none(info) else ""
    if isinstance(bare, types.StrType):
        return NAME_BY_PATTERN.get(bare.pattern or "", "text") + ending
    if isinstance(bare, types.LiteralType):
        return " | ".join(str(value) for value in bare.values) + ending
    if isinstance(bare, types.ListType | types.VarTupleType):
        return f"list of {_words(bare.item_type)}{ending}"
    if isinstance(bare, types.TupleType):
        return f"tuple of {', '.join(_words(one) for one in bare.item_types)}{ending}"
    if isinstance(bare, types.DictType):
        return f"object, {_words(bare.key_type)} to {_words(bare.value_type)}{ending}"
    if isinstance(bare, types.UnionType):
        return " or ".join(_words(one) for one in bare.types)
    if isinstance(bare, types.StructType):
        return str(bare.cls.__name__) + ending
    name = type(bare).__name__.removesuffix("Type").lower()
    return {"int": "integer", "bool": "true | false", "none": "null"}.get(name, name) + ending


def _bounds(info: Any) -> str:
    bare = _bare(info)
    if isinstance(bare, types.IntType):
        return _range(bare.ge, bare.le)
    if isinstance(bare, types.StrType) and bare.pattern is None:
        return _range(bare.min_length, bare.max_length, "characters")
    if isinstance(bare, types.ListType | types.VarTupleType | types.DictType):
        return _range(bare.min_length, bare.max_length, "items")
    return ""


def _range(low: int | None, high: int | None, unit: str = "") -> str:
    if low is None and high is None:
        return ""
    words = f"{low}" if high is None else f"{low or 0} to {high}"
    words = f"at least {words}" if high is None else words
    return f"{words} {unit}".strip()


def description_of(info: Any) -> str:
    """The description that a field type carries, in English; "" without one."""
    if isinstance(info, types.Metadata) and info.extra_json_schema:
        return str(info.extra_json_schema.get("description", ""))
    bare = _bare(info)
    if isinstance(bare, types.UnionType):
        return next((text for one in bare.types if (text := description_of(one))), "")
    if isinstance(bare, types.ListType | types.VarTupleType):
        return description_of(bare.item_type)
    return ""


def _sample(info: Any) -> Any:
    bare = without_none(info)
    if isinstance(bare, types.StrType):
        if bare.pattern is not None:
            return next((sample for sample in SAMPLES if re.search(bare.pattern, sample)), "1")
        return "…" * max(1, bare.min_length or 1)
    if isinstance(bare, types.IntType):
        return max(bare.ge or 0, 2022 if (bare.ge, bare.le) == (1990, 2999) else 1)
    if isinstance(bare, types.LiteralType):
        return bare.values[0]
    if isinstance(bare, types.BoolType):
        return False
    if isinstance(bare, types.ListType | types.VarTupleType):
        return [_sample(bare.item_type) for _ in range(max(1, bare.min_length or 0))]
    if isinstance(bare, types.TupleType):
        return [_sample(one) for one in bare.item_types]
    if isinstance(bare, types.DictType):
        return {_sample(bare.key_type): _sample(bare.value_type)}
    if isinstance(bare, types.UnionType):
        return _sample(bare.types[0])
    if isinstance(bare, types.StructType):
        tag = {bare.tag_field: bare.tag} if bare.tag_field else {}
        return tag | {field.encode_name: _named_sample(field.encode_name, field.type) for field in bare.fields}
    return None


def _named_sample(name: str, info: Any) -> Any:
    """A field's sample: what its name asks for where the type allows it, so that nothing passes for a real digest."""
    bare = without_none(info)
    is_digest = isinstance(bare, types.StrType) and _is_digest(bare)
    if (is_digest or name.endswith("_time")) and _may_be_none(info):
        return None
    if isinstance(bare, types.ListType) and not bare.min_length and _is_digest(_bare(bare.item_type)):
        return []
    if name == "role" and isinstance(bare, types.StrType):
        return SAMPLE_ROLE
    if isinstance(bare, types.IntType) and name.endswith("_time"):
        return bare.ge or 0
    if isinstance(bare, types.IntType) and name.endswith("_fen"):
        return min(max(SAMPLE_FEN, bare.ge or 0), SAMPLE_FEN if bare.le is None else bare.le)
    return _sample(info)


def _is_digest(bare: Any) -> bool:
    return isinstance(bare, types.StrType) and NAME_BY_PATTERN.get(bare.pattern or "") == "64 hex digits"
