"""Codes of the projects contract; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
