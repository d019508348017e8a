"""The OpenAPI 3.1 page, made from the doors and the very structs they decode and send: no second schema.

Every command is under components too, with its wire name, roles and codes, so that an integrator can build commands.
"""

import inspect
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar.response import Response

from mingzhang import __version__
from mingzhang.api import errors
from mingzhang.api.deps import Doors
from mingzhang.api.door import JSON, Answer, Asked, Door, answered
from mingzhang.api.errors import Error
from mingzhang.api.ledger import all_codes
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.operations import Header, wire_name
from mingzhang.chain.tx import MAX_ENVELOPE_BYTES, MAX_ITEMS

PATH: Final = "/openapi.json"
TITLE: Final = "明账 Mingzhang"
ABOUT: Final = """\
明账的对外接口：提交已签名的交易；读取公开信息、检查点与证明。本版本没有登录，也没有非公开数据的查询。

The doors that need no login: signed transactions in; publications, checkpoints and proofs out. There are no logins and
no private reads in this version.

Units: amounts are integers in fen (分, `_fen`), scores and weights in hundredths, rates in basis points (`_bp`), times
ledger time in seconds since 1970-01-01T00:00:00Z, business dates YYYY-MM-DD. No number is ever a fraction.

A transaction is the canonical JSON of an `Envelope`: fields in the order shown, no white space. `signature` is made
over the exact bytes of `header`; `items_root` is the RFC 9162 root over the items' leaves, each the canonical JSON of
{"type": "item/1", "blinder", "command"}, where blinder n is the first 16 bytes of
H("mingzhang/blinder/1" || seed || n as 4 bytes, big-endian). H is SM3 (suite gm) or SHA-256 (suite intl); signatures
are SM2 (r||s, 64 bytes) or Ed25519. `mingzhang.client` does all of this.
"""
COMMON_FAULTS: Final = (errors.TOO_MANY_REQUESTS, errors.TIMED_OUT, errors.INTERNAL)


def page(doors: Sequence[Door]) -> dict[str, Any]:
    """The whole page."""
    kinds = [answer.kind for door in doors for answer in door.answers if answer.kind is not None]
    commands = sorted(
        (kind for kind, operation in REGISTRY.commands.items() if operation.roles), key=wire_name
    )
    _shapes, components = msgspec.json.schema_components(
        [*kinds, Error, Header, *commands], ref_template="#/components/schemas/{name}"
    )
    components |= _envelope(commands)
    for kind in commands:
        shape = components[_component(kind)]
        shape["x-wire-name"] = wire_name(kind)
        shape["x-roles"] = list(REGISTRY.commands[kind].roles)
        shape["description"] = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    paths: dict[str, Any] = {}
    for door in doors:
        paths.setdefault(door.path, {})[door.method.lower()] = _operation(door)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": TITLE, "version": __version__, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {"schemas": components},
        "x-codes": msgspec.to_builtins(all_codes())["codes"],
    }


def door(doors: Sequence[Door]) -> Door:
    """The door to the page itself; `doors` are all others."""
    made: list[dict[str, Any]] = []

    async def handle(_doors: Doors, _asked: Asked) -> Response[Any]:
        return answered(made[0])

    own = Door(
        "GET",
        PATH,
        handle,
        zh="本接口的 OpenAPI 3.1 说明，含全部指令的结构",
        en="This page: every door, and the schema of every command with its roles.",
        answers=(Answer(200, "the OpenAPI 3.1 page"),),
    )
    made.append(page([*doors, own]))
    return own


def _envelope(commands: Sequence[type]) -> dict[str, Any]:
    references = {wire_name(kind): f"#/components/schemas/{_component(kind)}" for kind in commands}
    return {
        "Command": {
            "description": "Any command that people may send, told apart by `type`.",
            "oneOf": [{"$ref": reference} for reference in references.values()],
            "discriminator": {"propertyName": "type", "mapping": references},
        },
        "Envelope": {
            "type": "object",
            "title": "Envelope",
            "description": f"What is sent: canonical bytes, at most {MAX_ENVELOPE_BYTES} of them.",
            "properties": {
                "type": {"const": "signed/1"},
                "header": {"$ref": "#/components/schemas/Header"},
                "items": {
                    "type": "array", "minItems": 1, "maxItems": MAX_ITEMS,
                    "items": {"$ref": "#/components/schemas/Command"},
                },
                "seed": {
                    "type": "string", "pattern": "^[0-9a-f]{32}$",
                    "description": "128 random bits in hexadecimal, from which the items' blinders are made",
                },
                "signature": {
                    "type": "string", "pattern": "^[0-9a-f]{128}$",
                    "description": "64-byte signature over the header's exact bytes, in hexadecimal",
                },
            },
            "required": ["type", "header", "items", "seed", "signature"],
            "additionalProperties": False,
        },
    }  # fmt: skip


def _component(kind: type) -> str:
    return kind.__name__


def _operation(door: Door) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{door.method.lower()}{door.path}".replace("/", "_").replace("{", "").replace("}", ""),
        "summary": door.zh,
        "description": door.en,
        "parameters": [*_path_parameters(door), *_query_parameters(door)],
        "responses": _responses(door),
    }
    if door.body:
        reference = {"$ref": f"#/components/schemas/{door.body}"}
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": reference}}}
    return operation


def _path_parameters(door: Door) -> list[dict[str, Any]]:
    return [
        {
            "name": name, "in": "path", "required": True, "description": about,
            "schema": {"type": "string"}, "example": example,
        }
        for name, (about, example) in door.parameters.items()
    ]  # fmt: skip


def _query_parameters(door: Door) -> list[dict[str, Any]]:
    (_reference,), components = msgspec.json.schema_components([door.query])
    shape = components[door.query.__name__]
    required = shape.get("required", [])
    made = []
    for name, schema in shape["properties"].items():
        description = schema.get("description") or next(
            (one["description"] for one in schema.get("anyOf", []) if "description" in one), ""
        )
        plain = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
        made.append(
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": description,
                "schema": plain[0] if len(plain) == 1 else {k: v for k, v in schema.items() if k != "default"},
            }
        )
    return made


def _responses(door: Door) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for answer in door.answers:
        made = responses.setdefault(str(answer.status), {"description": answer.about, "content": {}})
        made["content"][answer.media_type.partition(";")[0]] = {"schema": _schema(answer.kind, answer.media_type)}
    common = (*door.faults, errors.QUERY_WRONG, *COMMON_FAULTS)
    if door.body:
        common = (*common, errors.BODY_TOO_LARGE)
    for fault in common:
        made = responses.setdefault(str(fault.status), {"description": "", "content": {}})
        made["description"] = "; ".join(part for part in (made["description"], f"{fault.name}: {fault.en}") if part)
        example = msgspec.to_builtins(errors.ApiError(fault).error())
        made["content"].setdefault(JSON, {"schema": _schema(Error, JSON)}).setdefault("example", example)
    return responses


def _schema(kind: Any, media_type: str) -> dict[str, Any]:
    if kind is None:
        return {"type": "object"} if media_type == JSON else {"type": "string"}
    (shape,), _components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return dict(shape)
