"""`python -m mingzhang` is the command line."""

from mingzhang.cli import main

# The audit's worker processes import this module again, under another name.
if __name__ == "__main__":
    main(prog_name="mingzhang")
