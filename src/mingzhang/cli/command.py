"""The click classes all commands share: help in both languages, examples, --json and --lang, errors in one sentence."""

import contextlib
import io
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click
from rich.cells import cell_len

from mingzhang.chain.state import NodeFailed
from mingzhang.cli.errors import sentences, usage_sentences, wants_traceback
from mingzhang.cli.output import Output

HEADINGS = {"Options": "选项 Options", "Commands": "命令 Commands"}
INTERRUPTED = 130
"""Exit code of a shell for Ctrl-C."""


class Formatter(click.HelpFormatter):
    """Help whose headings are Chinese first."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """See click."""
        super().write_usage(prog, args, prefix or "用法 Usage: ")

    def write_heading(self, heading: str) -> None:
        """See click."""
        super().write_heading(HEADINGS.get(heading, heading))


class Context(click.Context):
    """A context with our formatter."""

    formatter_class = Formatter


class Command(click.Command):
    """A command with a Chinese and an English description, and examples."""

    context_class = Context

    def __init__(self, name: str | None, *, zh: str, en: str, examples: Sequence[str], **kwargs: Any) -> None:
        kwargs |= {"help": en, "short_help": f"{_first(zh)} {_first(en)}"}
        super().__init__(name, **kwargs)
        self.params += shared_params()
        self.zh = zh
        self.en = en
        self.examples = tuple(examples)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """See click: its help in both languages."""
        return _with_help(super().get_help_option(ctx))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """See click: Chinese, then English."""
        write_texts(formatter, self.zh, self.en)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """See click: the examples."""
        with formatter.section("例 Example" if len(self.examples) == 1 else "例 Examples"):
            for example in self.examples:
                formatter.write(f"  {example}\n")


class Group(click.Group):
    """A group of commands; as the outermost one it turns every failure into a sentence and an exit code."""

    context_class = Context

    def __init__(self, name: str | None = None, *, zh: str, en: str, **kwargs: Any) -> None:
        kwargs |= {"help": en, "short_help": f"{_first(zh)} {_first(en)}"}
        super().__init__(name, **kwargs)
        self.params += shared_params()
        self.zh = zh
        self.en = en

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """See click: its help in both languages."""
        return _with_help(super().get_help_option(ctx))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """See click: Chinese, then English."""
        write_texts(formatter, self.zh, self.en)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run and exit: 0 done, 1 refused or failed, 2 used wrongly."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A terminal that cannot show Chinese shows question marks rather than nothing.
                stream.reconfigure(errors="replace")
        output = Output()
        try:
            code = super().main(*args, **extra | {"standalone_mode": False, "obj": output})
            sys.exit(code if isinstance(code, int) else 0)
        except click.UsageError as error:
            # What is wrong may stand before --json, which then was not read.
            output.as_json = output.as_json or "--json" in _given(*args, **extra)
            if isinstance(error, click.exceptions.NoArgsIsHelpError):
                click.echo(error.format_message(), err=True)
            else:
                _usage(output, error)
            sys.exit(2)
        except (click.Abort, KeyboardInterrupt):
            output.error("已中断", "interrupted")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the pipe has seen enough; what is still in the buffer must not raise at exit.
            with contextlib.suppress(OSError):
                sys.stdout.close()
            sys.exit(1)
        except click.ClickException as error:
            output.error(error.format_message(), error.format_message())
            sys.exit(1)
        except (Exception, NodeFailed) as error:
            if wants_traceback():
                raise
            output.error(*sentences(error))
            sys.exit(1)


def describe(group: click.Group, name: str, **about: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Add a command to a group: `zh`, `en`, `examples`, and so on. Its function gets the Output first."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        made: click.Command = group.command(name, cls=Command, **about)(click.pass_obj(function))
        return made

    return decorate


def shared_params() -> list[click.Parameter]:
    """--json and --lang: they may stand before or after a command's name."""

    def set_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if value:
            ctx.obj.as_json = True

    def set_lang(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.obj.lang = value

    return [
        click.Option(
            ["--json"], is_flag=True, callback=set_json, expose_value=False, is_eager=True,
            help="输出 JSON,供程序读取 print JSON for programs",
        ),
        click.Option(
            ["--lang"], type=click.Choice(["zh", "en"]), callback=set_lang, expose_value=False, is_eager=True,
            help="语言：zh 中文在前英文在后（默认），en 只用英文 language: zh shows both, en English alone",
        ),
    ]  # fmt: skip


def write_texts(formatter: click.HelpFormatter, *texts: str) -> None:
    """Paragraphs, indented and broken by their width on the screen: a Chinese character takes two columns."""
    for text in texts:
        formatter.write("\n")
        for line in wrapped(text, formatter.width - 2):
            formatter.write(f"  {line}\n")


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns: broken at spaces, and between Chinese characters."""
    lines, line, word = [], "", ""

    def take(piece: str) -> None:
        nonlocal line
        if line and cell_len(line) + cell_len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()

    for character in text:
        word += character
        if character == " " or cell_len(character) == 2:
            take(word)
            word = ""
    take(word)
    return [*lines, line.rstrip()]


def set_up_logging(output: Output) -> None:
    """Alerts and warnings as one line each on standard error."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            line = " ".join(record.getMessage().split())
            output.err.print(f"{record.levelname.lower()}: {line}", style="yellow", markup=False)

    log = logging.getLogger("mingzhang")
    log.handlers = [Lines(logging.WARNING)]
    log.propagate = False


def _given(args: Sequence[str] | None = None, *_others: Any, **_extra: Any) -> Sequence[str]:
    """The arguments that a group's `main` was called with, or else the process."""
    return sys.argv[1:] if args is None else args


def _with_help(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.help = "显示本说明 show this help"
    return option


def _usage(output: Output, error: click.UsageError) -> None:
    zh, en = usage_sentences(error)
    output.error(zh, en)
    if error.ctx is not None and not output.as_json:
        path = error.ctx.command_path
        output.note(f"用法见：{path} --help", f"see: {path} --help")


def _first(text: str) -> str:
    """What stands before the first colon or full stop."""
    for stop in ("。", "：", ":", "(", "（", ". ", ", leaving", ", without"):
        text = text.split(stop, maxsplit=1)[0]
    return text.strip().rstrip(".")
