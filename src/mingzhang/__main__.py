"""`python -m mingzhang` is the command line."""

from mingzhang.cli import main

main(prog_name="mingzhang")
