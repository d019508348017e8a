"""The rules shipped with the program, as YAML that people read, and how a file becomes a command.

Nothing here is in force by lying here: a rulebook holds once it is published on the ledger, as the bytes of a command.
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from mingzhang.chain.codec import Code64, Id, Name, Text
from mingzhang.chain.contracts.methods import Method, PublishMethod

METHODS = Path(__file__).parent / "methods"
"""Folder of the shipped evaluation methods, one file each."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a method, in the fields of `Method`, with the text it comes from; unverified if not read there.

    `sets` puts a field in place of what rows before said, `adds` appends to a list.
    """

    source: Text
    unverified: bool
    sets: dict[str, Any] = {}
    adds: dict[str, list[Any]] = {}


class MethodFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file in methods/. `like` names a file whose rows come before these."""

    method_id: Id
    division_code: Code64
    name: Name
    basis: Text
    rows: list[Row]
    like: str | None = None


def shipped_methods() -> dict[str, Path]:
    """Method ids and files of what is shipped."""
    return {path.stem: path for path in sorted(METHODS.glob("*.yaml"))}


def load_method(path: Path, *, organisation: str, year: int) -> PublishMethod:
    """The command by which `organisation` publishes a method file for a year.

    It is marked unverified if any row in use is, and its notes name those rows. Raises ValueError naming the file and
    field when the file is not of the form.
    """
    file = _read(path)
    rows = [*(_read(path.parent / f"{file.like}.yaml").rows if file.like else ()), *file.rows]
    fields: dict[str, Any] = {}
    sources: dict[str, list[Row]] = {}
    for row in rows:
        for name, value in row.sets.items():
            fields[name], sources[name] = value, [row]
        for name, more in row.adds.items():
            fields[name], sources[name] = [*fields.get(name, []), *more], [*sources.get(name, []), row]
    doubtful = [f"{name}: {row.source}" for name, given in sources.items() for row in given if row.unverified]
    try:
        method = msgspec.convert(fields, Method)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path.name}: {error}") from None
    return PublishMethod(
        organisation=organisation,
        method_id=file.method_id,
        year=year,
        division_code=file.division_code,
        name=file.name,
        method=method,
        basis=file.basis,
        unverified=bool(doubtful),
        notes="未经正式文本核对 (not verified against the official text):\n" + "\n".join(doubtful) if doubtful else "",
    )


def _read(path: Path) -> MethodFile:
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), MethodFile)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name}: {error}") from None
