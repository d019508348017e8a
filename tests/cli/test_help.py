"""Every command explains itself in both languages, and a wrong use is answered with one sentence and exit code 2."""

from collections.abc import Iterator
from typing import Any

import click
import pytest
from rich.cells import cell_len
from tests.cli.city import Shell

from mingzhang.cli import main
from mingzhang.cli.command import wrapped


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands(main))
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_is_chinese_first_then_english(shell: Shell, path: tuple[str, ...]) -> None:
    text = shell.well(*path, "--help").output
    chinese = next(at for at, character in enumerate(text) if "\u4e00" <= character <= "\u9fff" and at > 12)
    assert text.startswith("用法 Usage")
    assert chinese < text.replace("\n", " ").index(" ".join(ALL[path].en.split()[:2]))


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_help_has_an_example_that_names_the_command(path: tuple[str, ...]) -> None:
    examples = LEAVES[path].examples
    assert any(" ".join(path) in example for example in examples)


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_examples_use_options_that_exist(path: tuple[str, ...]) -> None:
    known = {name for param in LEAVES[path].params for name in param.opts}
    for example in LEAVES[path].examples:
        words = example.split(" | ")[-1].split()
        used = {word for word in words if word.startswith("-") and word != "-"}
        assert used <= known, example


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    silent = [param.opts for param in LEAVES[path].params if isinstance(param, click.Option) and not param.help]
    assert not silent


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sumbit",), "没有命令 sumbit"),
        (("submit", "--nonsense"), "没有选项 --nonsense"),
        (("verify",), "缺少参数"),
        (("verify", "absent.json", "--trust", "absent.json"), "不符合要求"),
        (("bundle", "here"), "用法不对"),
        (("show", "here", "payments", "--limit", "many"), "不符合要求"),
    ],
)
def test_a_wrong_use_is_a_sentence_and_exit_code_2(shell: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    done = shell.run(*arguments)
    assert done.exit_code == 2
    assert done.errors.splitlines()[0].startswith("错误：")
    assert sentence in done.errors
    assert "Traceback" not in done.errors
    assert done.output == ""


def test_a_misspelt_command_is_guessed(shell: Shell) -> None:
    assert "submit" in shell.run("sumbit").errors


def test_english_alone_when_asked(shell: Shell) -> None:
    errors = shell.run("--lang", "en", "sumbit").errors
    assert errors.startswith("error: No such command")
    assert "没有" not in errors


def test_an_error_as_json(shell: Shell) -> None:
    error = shell.run("show", shell.folder / "nowhere", "blocks", "--json").error
    assert "nowhere" in error["zh"]
    assert "mingzhang init" in error["en"]


def test_chinese_is_wrapped_by_its_width() -> None:
    lines = wrapped("一二三四五六七八九十" * 3 + " and some English words here", 20)
    assert all(cell_len(line) <= 20 for line in lines)
    assert "".join(lines).replace(" ", "") == "一二三四五六七八九十" * 3 + "andsomeEnglishwordshere"


@pytest.mark.parametrize(
    "arguments", [("sumbit", "--json"), ("--json", "sumbit"), ("keys", "frob", "--json"), ("submit", "--no", "--json")]
)
def test_a_wrong_use_is_told_to_programs_as_json(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell.run(*arguments)
    assert done.exit_code == 2
    assert done.error["zh"].startswith("没有")
