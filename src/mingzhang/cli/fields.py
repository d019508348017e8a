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
                bounds=_bounds(_without_none(field.type)),
                description=_description(field.type),
                is_optional=not field.required or _may_be_none(field.type),
            )
        )
        inner, suffix = _inner(field.type)
        if isinstance(inner, types.StructType):
            found += _fields(inner, path + suffix + ".")
    return found


def _bare(info: Any) -> Any:
    return info.type if isinstance(info, types.Metadata) else info


def _without_none(info: Any) -> Any:
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
    bare = _without_none(info)
    if isinstance(bare, types.ListType | types.VarTupleType):
        inner, suffix = _inner(bare.item_type)
        return inner, "[]" + suffix
    if isinstance(bare, types.DictType):
        inner, suffix = _inner(bare.value_type)
        return inner, "{}" + suffix
    return bare, ""


def _words(info: Any) -> str:
    bare = _without_none(info)
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


def _description(info: Any) -> str:
    if isinstance(info, types.Metadata) and info.extra_json_schema:
        return str(info.extra_json_schema.get("description", ""))
    bare = _bare(info)
    if isinstance(bare, types.UnionType):
        return next((text for one in bare.types if (text := _description(one))), "")
    if isinstance(bare, types.ListType | types.VarTupleType):
        return _description(bare.item_type)
    return ""


def _sample(info: Any) -> Any:
    bare = _without_none(info)
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
        return tag | {field.encode_name: _sample(field.type) for field in bare.fields}
    return None
