"""The guide to sealed fields names every field of every command that carries a commitment or a blind index."""

from typing import Any

from msgspec import inspect
from tests.tidy import ROOT

from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.operations import wire_name

HIDDEN = "^[0-9a-f]{64}(?!"
"""How the pattern of a commitment or blind index begins; SM2 keys are longer, Ed25519 keys are told apart by name."""


def sealed_fields(kind: Any, path: str = "") -> list[str]:
    """Dotted paths of fields that hold 32 hidden bytes."""
    if isinstance(kind, inspect.StructType):
        return [
            found
            for field in kind.fields
            for found in sealed_fields(field.type, f"{path}.{field.name}" if path else field.name)
        ]
    if isinstance(kind, inspect.ListType):
        return sealed_fields(kind.item_type, path + "[]")
    if isinstance(kind, inspect.UnionType):
        return [found for one in kind.types for found in sealed_fields(one, path)]
    if isinstance(kind, inspect.Metadata):
        return sealed_fields(kind.type, path)
    return [path] if isinstance(kind, inspect.StrType) and (kind.pattern or "").startswith(HIDDEN) else []


def test_the_guides_name_every_sealed_field() -> None:
    for guide in ("sealed-fields.md", "sealed-fields.zh-CN.md"):
        text = (ROOT / "docs/guides" / guide).read_text(encoding="utf-8")
        rows = [line for line in text.splitlines() if line.startswith("| `")]
        said = {(name, field) for row in rows for name in row.split("`") for field in row.split("`")}
        missing = [
            f"{wire_name(kind)} {field}"
            for kind in REGISTRY.commands
            for field in sealed_fields(inspect.type_info(kind))
            if (wire_name(kind), field) not in said
        ]
        assert not missing, f"{guide} does not name: {', '.join(missing)}"


def test_the_search_finds_commitments() -> None:
    found = {field for kind in REGISTRY.commands for field in sealed_fields(inspect.type_info(kind))}
    assert {"account_commitment", "evidence[]", "terms.unit_prices[]", "declaration.items[].sealed"} <= found
