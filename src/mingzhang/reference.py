"""The generated reference: codes, commands, events, state keys, command line and limits, as Markdown from the code.

`python -m mingzhang.reference docs/reference` writes the pages; a test compares them. What is told here is taken from
the types and docstrings, never repeated by hand.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click

import mingzhang
from mingzhang.chain import codes
from mingzhang.chain.codes import Code
from mingzhang.chain.contracts import CONTRACTS, REGISTRY
from mingzhang.chain.contracts.members import ROLES
from mingzhang.chain.operations import wire_name
from mingzhang.chain.state import Key
from mingzhang.cli import main as command_line
from mingzhang.cli.fields import docstring, fields_of

NOT_TOLD = ("mingzhang.__main__", "mingzhang.reference", "mingzhang.demo")
"""No limits stand there: the program's two doors, and the invented city."""


class Constant(NamedTuple):
    """A named limit: where it stands, its value and what its docstring or comment says."""

    module: str
    name: str
    value: int | float
    said: str


def render_all() -> dict[str, str]:
    """Each page's text by its path below docs/reference."""
    return {
        "codes.md": codes_page(),
        "commands.md": commands_page(),
        "events.md": events_page(),
        "state-keys.md": state_keys_page(),
        "cli.md": cli_page(),
        "limits.md": limits_page(),
    }


# --- Pages ---


def codes_page() -> str:
    """All codes, by the file they stand in."""
    lines = _head(
        "Codes", "Every result a record can have. Numbers and names are permanent. Facts in braces are filled in."
    )
    for module in _code_modules():
        rows = [_code_row(code) for code in sorted(module.CODES, key=lambda code: code.number)]
        lines += [f"## {_short(module)}", "", _doc(module), ""]
        lines += _table(("No.", "Name", "Says", "Basis", "What would make it pass", "Retry"), rows)
    return _text(lines)


def commands_page() -> str:
    """All commands, by contract."""
    lines = _head("Commands", "What can be asked of the ledger, with the JSON form that is signed. `mingzhang submit"
                              " --example TYPE` prints one to fill in.")  # fmt: skip
    for contract in CONTRACTS:
        if contract.COMMANDS:
            lines += [f"## {_short(contract)}", "", _doc(contract), ""]
        for kind in contract.COMMANDS:
            roles = REGISTRY.commands[kind].roles
            by = ", ".join(f"`{role}` {ROLES.get(role, '')}".strip() for role in roles)
            lines += [f"### `{wire_name(kind)}`", "", _prose(docstring(kind)), ""]
            lines += [f"By: {by}" if roles else "Issued by the ledger itself only.", ""]
            lines += _field_table(kind)
    return _text(lines)


def events_page() -> str:
    """All events, by contract."""
    lines = _head("Events", "What has happened: events alone rebuild the state and the views.")
    for contract in CONTRACTS:
        if contract.EVENTS:
            lines += [f"## {_short(contract)}", ""]
        for kind in contract.EVENTS:
            lines += [f"### `{wire_name(kind)}`", "", _prose(docstring(kind)), "", *_field_table(kind)]
    return _text(lines)


def state_keys_page() -> str:
    """All keys of the state, by contract."""
    lines = _head("State keys", "What is stored under which key, as the rules read it.")
    for contract in CONTRACTS:
        keys = [(name, value) for name, value in vars(contract).items() if _is_own_key(name, value, contract)]
        if keys:
            lines += [f"## {_short(contract)}", ""]
        said = _said_below(contract)
        for name, key in keys:
            kind: Any = key.kind
            lines += [f"### `{key.prefix}…`", ""]
            for text in (said.get(name, ""), docstring(kind)):
                lines += [_prose(text), ""] if text else []
            lines += _field_table(kind) if hasattr(kind, "__struct_fields__") else [f"Value: `{kind.__name__}`", ""]
    return _text(lines)


def cli_page() -> str:
    """The command line, from its help."""
    lines = _head("Command line", "`mingzhang COMMAND --help` says the same. Exit codes: 0 done, 1 refused or failed, 2"
                                  " used wrongly. `--json` and `--lang` are taken everywhere.")  # fmt: skip
    for path, command in _commands(command_line, "mingzhang"):
        about: Any = command
        lines += [f"## {path}", "", about.zh, "", about.en, ""]
        usage = " ".join(command.collect_usage_pieces(click.Context(command, info_name=path)))
        lines += [f"    {path} {usage}", ""]
        options = [one for one in command.params if isinstance(one, click.Option) and one.name not in {"json", "lang"}]
        lines += _table(("Option", "Meaning"), [(_option_name(one), one.help or "") for one in options])
        examples = getattr(about, "examples", ())
        if examples:
            lines += ["Examples:", "", *(f"    {example}" for example in examples), ""]
    return _text(lines)


def limits_page() -> str:
    """Named numeric constants that say why."""
    lines = _head("Limits", "Every bound has a name and a reason. They are constants of this release, not settings.")
    rows = [(f"`{one.name}`", f"{one.value:,}", one.said, f"`{one.module}`") for one in constants()]
    return _text(lines + _table(("Name", "Value", "Why", "Where"), rows))


# --- What the pages are made of ---


def constants() -> list[Constant]:
    """Public numeric constants of all modules that have a docstring below or a comment above them."""
    found = []
    for module in _modules():
        said = _said_below(module)
        for name, text in said.items():
            value = getattr(module, name, None)
            if isinstance(value, int | float) and not isinstance(value, bool):
                found.append(Constant(module.__name__, name, value, text))
    return sorted(found)


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(mingzhang.__path__, "mingzhang."):
        if not info.name.startswith(NOT_TOLD):
            yield importlib.import_module(info.name)


def _code_modules() -> list[Any]:
    names = (info.name for info in pkgutil.iter_modules(codes.__path__, codes.__name__ + "."))
    modules: list[Any] = [module for module in map(importlib.import_module, names) if getattr(module, "CODES", ())]
    return sorted(modules, key=lambda module: min(code.number for code in module.CODES))


def _said_below(module: ModuleType) -> dict[str, str]:
    """What stands below each upper-case assignment as a string, or above it as a comment."""
    source = inspect.getsource(module)
    lines = source.splitlines()
    body = ast.parse(source).body
    said: dict[str, str] = {}
    for at, node in enumerate(body):
        target: Any = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if not isinstance(target, ast.Name) or not target.id.isupper() or target.id.startswith("_"):
            continue
        below = body[at + 1] if at + 1 < len(body) else None
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            said[target.id] = " ".join(below.value.value.split())
        elif comment := _comment_above(lines, node.lineno):
            said[target.id] = comment
    return said


def _comment_above(lines: list[str], number: int) -> str:
    above: list[str] = []
    at = number - 2
    while at >= 0 and lines[at].startswith("# ") and not lines[at].startswith("# ---"):
        above.insert(0, lines[at].removeprefix("# "))
        at -= 1
    return " ".join(above)


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in sorted(command.commands):
        yield from _commands(command.commands[name], f"{path} {name}")


def _option_name(option: click.Option) -> str:
    metavar = "" if option.is_flag else f" {option.metavar or (option.name or '').upper()}"
    return f"`{', '.join(option.opts)}{metavar}`"


def _is_own_key(name: str, value: object, contract: Any) -> bool:
    return name.isupper() and isinstance(value, Key) and value.prefix.split("/")[0] == _short(contract)


# --- Markdown ---


def _code_row(code: Code) -> tuple[str, ...]:
    remedy = "<br>".join(text for text in (code.remedy_zh, code.remedy_en) if text)
    says = f"{code.zh}<br>{code.en}"
    return str(code.number), f"`{code.name}`", says, code.basis, remedy, "yes" if code.retry else ""


def _field_table(kind: Any) -> list[str]:
    rows = [(f"`{one.path}`", one.type, one.bounds, one.description) for one in fields_of(kind)]
    return _table(("Field", "Type", "Bounds", "Meaning"), rows)


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return [*lines, ""]


def _prose(text: str) -> str:
    """Text in which nothing is taken for HTML."""
    return text.replace("<", "\\<")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _head(title: str, text: str) -> list[str]:
    return [f"# {title}", "", "Generated from the code by `make docs`; change the code instead.", "", text, ""]


def _doc(module: Any) -> str:
    return inspect.cleandoc(module.__doc__ or "").split("\n\n")[0]


def _short(module: Any) -> str:
    return str(module.__name__).rpartition(".")[2]


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference")
    folder.mkdir(parents=True, exist_ok=True)
    for page, text in render_all().items():
        (folder / page).write_text(text, encoding="utf-8")
