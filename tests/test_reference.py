"""What the reference is generated from: every command, event and stored struct says what it is, every code is whole."""

import string

import msgspec
import pytest

from mingzhang.chain.codes import ALL_CODES, Code
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.operations import wire_name
from mingzhang.cli.fields import described, docstring, example_of, fields_of
from mingzhang.reference import constants, render_all

PAGES = render_all()
COMMANDS = {wire_name(kind): kind for kind in REGISTRY.commands}
EVENTS = {wire_name(kind): kind for kind in REGISTRY.events}


@pytest.mark.parametrize("name", sorted(COMMANDS | EVENTS))
def test_every_command_and_event_says_what_it_is(name: str) -> None:
    text = docstring((COMMANDS | EVENTS)[name])
    # An event may point to the command that it repeats.
    assert len(text) > (10 if name in EVENTS else 20), f"{name}: give the struct a docstring of its own"


def test_every_stored_struct_says_what_it_is() -> None:
    silent = [
        key.prefix
        for key in REGISTRY.keys.values()
        if hasattr(key.kind, "__struct_fields__") and not docstring(key.kind)
    ]
    assert not silent


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_field_is_told_with_a_type_people_know(name: str) -> None:
    odd = [field.path for field in fields_of(COMMANDS[name]) if field.type in {"any", "custom", ""}]
    assert not odd
    assert f"`{name}`" in PAGES["commands.md"]
    msgspec.convert(example_of(COMMANDS[name]), COMMANDS[name], strict=True)


def test_every_event_and_key_is_on_its_page() -> None:
    missing = [name for name in EVENTS if f"### `{name}`" not in PAGES["events.md"]]
    missing += [key for key in REGISTRY.keys if not key.startswith("kernel/") and key not in PAGES["state-keys.md"]]
    assert not missing


def facts_of(sentence: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("one", ALL_CODES, ids=lambda one: one.name)
def test_every_code_is_whole(one: Code) -> None:
    """Two languages, and for a refusal its basis and a way out; facts named in one language are named in the other."""
    assert one.zh
    assert one.en
    assert f"| {one.number} | `{one.name}` |" in PAGES["codes.md"]
    if one.number > 2:
        assert one.basis, "on which rule or article it rests"
        assert one.remedy_zh
        assert one.remedy_en
    assert facts_of(one.zh) == facts_of(one.en)


def test_limits_say_why() -> None:
    told = {one.name: one for one in constants()}
    assert told["MAX_ENVELOPE_BYTES"].value == 2 * 1024 * 1024
    assert "batch" not in told["HEARTBEAT_SECONDS"].said
    assert all(len(one.said) > 5 for one in told.values())


def test_types_are_told_in_words() -> None:
    assert described(int | None) == "integer or null"
    assert described(list[str]) == "list of text"


def test_the_command_line_page_has_every_command() -> None:
    page = PAGES["cli.md"]
    assert all(f"## mingzhang {name}\n" in page for name in ("init", "submit", "show", "why", "audit", "keys list"))
    assert "    mingzhang verify b.json --trust keys.json" in page
