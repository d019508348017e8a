"""All codes together, by name; two codes with one number or one name are a mistake found at import."""

from mingzhang.chain.codes import (
    admissions,
    agreements,
    budgets,
    disclosure,
    kernel,
    members,
    methods,
    oversight,
    payments,
    performance,
    projects,
    standards,
)
from mingzhang.chain.codes.code import Code

ALL_CODES: tuple[Code, ...] = tuple(
    sorted(
        (
            code
            for module in (
                kernel,
                members,
                standards,
                methods,
                projects,
                budgets,
                agreements,
                payments,
                performance,
                oversight,
                disclosure,
                admissions,
            )
            for code in module.CODES
        ),
        key=lambda code: code.number,
    )
)
_by_name = {code.name: code for code in ALL_CODES}
if len(_by_name) != len(ALL_CODES) or len({code.number for code in ALL_CODES}) != len(ALL_CODES):
    raise RuntimeError("two codes share a number or a name")


def code_named(name: str) -> Code:
    """The code of a name as records keep it. KeyError if there is none."""
    return _by_name[name]
