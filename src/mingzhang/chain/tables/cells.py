"""Cells as conditions: what a cell asks of its column, written out in the rule language, and back to its place."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from mingzhang.chain.cel import BOOL, CelError, Checked, Fact, Node, check, parse
from mingzhang.chain.cel.errors import mistake
from mingzhang.chain.cel.lexer import Token, tokens_of
from mingzhang.chain.tables.book import Book, Row

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_PLAIN = re.compile(r"[A-Za-z0-9_.]+")


class Test(NamedTuple):
    """One condition of a row. `part` is its column or `when`, `source` what is written there.

    `text` is the condition in full; its characters from `before` on are those of `source` from `begin` on.
    """

    part: str
    source: str
    begin: int
    before: int
    text: str


def tests_of(book: Book, row: Row) -> list[Test]:
    """The conditions of a row: its cells in the order of the columns, then `when`. Raises CelError within a cell."""
    tests: list[Test] = []
    for column in book.columns:
        tests += cell_tests(column.column, column.expression, row.cells.get(column.column, ""))
    if len(tokens_of(row.when)) > 1:
        tests.append(Test("when", row.when, 0, 0, row.when))
    return tests


def cell_tests(part: str, expression: str, cell: str) -> list[Test]:
    """A cell's conditions, one for each side of its outermost `&&`; none when it is empty or `-`."""
    tokens = tokens_of(cell)[:-1]
    if not tokens or (len(tokens) == 1 and tokens[0].kind == "sign" and tokens[0].value == "-"):
        return []
    of = expression if _PLAIN.fullmatch(expression) else f"({expression}\n)"  # a comment in it ends at the line
    tests = []
    for side in _sides(cell, tokens):
        first, text = side[0], cell[side[0].begin : side[-1].end]
        joint = " == "
        if first.kind == "sign" and first.value == ".":
            joint = ""
        elif (first.value in _COMPARISONS and first.kind == "sign") or (first.kind, first.value) == ("name", "in"):
            joint = " "
        tests.append(Test(part, cell, first.begin, len(of + joint), of + joint + text))
    return tests


def row_text(tests: list[Test]) -> str:
    """All conditions of a row as one; a comment that ends `when` ends at the line."""
    parts = [f"({test.text}\n)" if test.part == "when" else test.text for test in tests]
    return " && ".join(parts) or "true"


def check_test(test: Test, declared: Mapping[str, Fact]) -> Checked:
    """The condition with its types. Raises CelError with the place in what is written in the cell."""
    try:
        checked = check(parse(test.text), declared, BOOL)
    except CelError as error:
        raise _in_cell(test, error) from None
    if test.part != "when" and not _is_about_its_column(checked.expression.nodes, test):
        raise mistake(
            test.source, test.begin, "syntax", zh="单元格只比较本列的值；其余条件写入 when",
            en="a cell asks one thing of its column; put the rest into `when`",
        )  # fmt: skip
    return checked


def _sides(cell: str, tokens: list[Token]) -> list[list[Token]]:
    sides: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "sign":
            depth += (token.value in _OPENING) - (token.value in _CLOSING)
        if token.kind == "sign" and token.value == "&&" and depth == 0:
            sides.append([])
        else:
            sides[-1].append(token)
    if not all(sides):
        at = next(token.begin for token in tokens if token.value == "&&")
        raise mistake(cell, at, "syntax", zh="&& 的一边缺少条件", en="a condition is missing beside &&")
    return sides


def _is_about_its_column(nodes: tuple[Node, ...], test: Test) -> bool:
    """Whether the condition's outermost operator or function has the whole column on its left."""
    whole = nodes[-1]
    if whole.kind in ("chain", "conditional") or not whole.children:
        return False
    left = nodes[whole.children[0]]
    if test.text[test.before :].startswith("."):
        return left.begin == 0
    return whole.kind == "binary" and left.begin == 0 and left.end <= test.before


def _in_cell(test: Test, error: CelError) -> CelError:
    at = test.begin + max(0, error.at - test.before)
    return mistake(test.source, at, error.kind, zh=error.zh, en=error.en, suggestion=error.suggestion)
