"""`mingzhang demo`: the case of the rehabilitation hospital within its city, on a ledger made for it, then served."""

from pathlib import Path

import click

from mingzhang.cli.command import Group, describe
from mingzhang.cli.keys import DIRECTORY
from mingzhang.cli.output import Output
from mingzhang.cli.serve import PORT, open_doors
from mingzhang.demo import is_finished, run

DEFAULT_DIRECTORY = Path("demo-data")
_own = Group(zh="", en="")


def add_to(group: Group) -> None:
    """Add demo."""
    group.add_command(demo)


@describe(
    _own, "demo",
    zh="演示：市康复医院住院大楼改造项目从申报到公开、核验的全过程，连同一座示例城市。"
    "演完后通过 HTTP 开放；目录须是新的或空的，已演完的直接开放。",
    en="The demonstration: one project from declaration to a published, provable result, within an example city."
    " Then it is served by HTTP. The directory must be new or empty; one with a finished demo is served at once.",
    examples=("mingzhang demo", "mingzhang demo trial --headless"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY, default=DEFAULT_DIRECTORY)
@click.option("--headless", is_flag=True, help="演完即止，不开放接口 end after the case, serve nothing")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True,
              help="演完后开放接口的端口 port of the doors that open after the case")  # fmt: skip
def demo(output: Output, directory: Path, *, headless: bool, port: int) -> None:
    """Tell the case; then, unless headless, serve the ledger. One that was told before is served at once."""
    if headless or not is_finished(directory):
        code = run(directory, headless=headless, console=output.out)
        if code:
            raise click.exceptions.Exit(code)
    if not headless:
        open_doors(output, directory, port=port)
