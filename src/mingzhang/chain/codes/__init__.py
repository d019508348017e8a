"""Every result of a command: a permanent number, a name that is a sentence, why, and what would change it.

A number is never reused and a code is never removed: old records point at it for ever. The codes of each contract stand
in the file of its name; what decides between them is the contracts' matter.
"""

from mingzhang.chain.codes.code import Code, Facts, Refused, render
from mingzhang.chain.codes.registry import ALL_CODES, code_named

__all__ = ["ALL_CODES", "Code", "Facts", "Refused", "code_named", "render"]
