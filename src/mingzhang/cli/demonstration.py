"""`mingzhang demo`: the case of the rehabilitation hospital within its city, on a ledger made for it."""

from pathlib import Path

import click

from mingzhang.cli.command import Group, describe
from mingzhang.cli.keys import DIRECTORY
from mingzhang.cli.output import Output
from mingzhang.demo import run

DEFAULT_DIRECTORY = Path("demo-data")
_own = Group(zh="", en="")


def add_to(group: Group) -> None:
    """Add demo."""
    group.add_command(demo)


@describe(
    _own, "demo",
    zh="演示：市康复医院住院大楼改造项目从申报到公开、核验的全过程，连同一座示例城市。目录须是新的或空的。",
    en="The demonstration: one project from declaration to a published, provable result, within an example city."
    " The directory must be new or empty.",
    examples=("mingzhang demo", "mingzhang demo trial --headless"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY, default=DEFAULT_DIRECTORY)
@click.option("--headless", is_flag=True, help="不等待任何人，演完即止 wait for nobody, end after the case")
def demo(output: Output, directory: Path, *, headless: bool) -> None:
    """Tell the case."""
    code = run(directory, headless=headless, console=output.out)
    if code:
        raise click.exceptions.Exit(code)
