"""The command line, which knows all doors. One subject a file; rules, storage and checks live elsewhere."""

import click

from mingzhang import __version__
from mingzhang.cli import copies, demonstration, ledger, proofs, sealing, serve, show, upkeep
from mingzhang.cli.command import Group, set_up_logging
from mingzhang.cli.imports import imports
from mingzhang.cli.keys import keys
from mingzhang.cli.output import Output


@click.group(
    cls=Group,
    zh="明账：几家公共机构共同保管、人人可以核验的预算绩效账本。",
    en="Mingzhang: a ledger of public budget performance that several bodies keep together and anyone can verify.",
)
@click.version_option(__version__, message="%(version)s", help="版本 version")
@click.pass_obj
def main(output: Output) -> None:
    """The outermost command."""
    set_up_logging(output)


for subject in (ledger, sealing, show, proofs, upkeep, copies, serve, demonstration):
    subject.add_to(main)
main.add_command(keys)
main.add_command(imports)
