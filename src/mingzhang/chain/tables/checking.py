"""What must hold of a rulebook before it can be voted on, and what those who vote should know. Nothing is judged."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec

from mingzhang.chain.cel import BOOL, DATE, CelError, Fact, Program, admit, check, parse
from mingzhang.chain.cel.suggestions import nearest
from mingzhang.chain.tables.book import Book, Effect, Hook, Parameter, Row
from mingzhang.chain.tables.cells import check_test, row_text, tests_of
from mingzhang.chain.tables.coverage import check_coverage
from mingzhang.chain.tables.finding import Finding, doubt, from_language, mistake
from mingzhang.chain.tables.judging import BOOK_STEPS_MAX

_BRACES = re.compile(r"\{([^{}]*)\}")
_NEEDS: dict[str, tuple[str, ...]] = {
    "allow": (),
    "record": (),
    "warn": ("level",),
    "require_file": ("file",),
    "hold": ("roles", "approvals", "days"),
    "refuse": (),
    "freeze": ("target",),
    "unfreeze": ("target",),
    "release": (),
    "publish": (),
    "open_case": ("level", "roles", "days"),
}
_MAY = {"refuse": ("roles",), "require_file": ("roles",), "freeze": ("roles",), "open_case": ("target",)}
_FIELDS = ("level", "roles", "approvals", "days", "target", "file")


def check_book(book: Book, hook: Hook) -> tuple[Finding, ...]:
    """All findings, mistakes first. Without a mistake, `Table(book, hook)` can be made and no row can break it.

    What rows cover is looked at only when the rows themselves are without mistake.
    """
    findings = [*_check_names(book, hook), *_check_parameters(book)]
    if any(finding.weight == "mistake" for finding in findings):
        return tuple(findings)
    declared = hook.declared(book)
    findings += _check_columns(book, declared)
    programs: list[Program] = []
    for row in book.rows:
        found, program = _check_row(book, row, declared)
        findings += [*found, *_check_effect(row.effect, row.row), *_check_messages(row, declared)]
        programs += [program] if program is not None else []
    if book.otherwise is not None:
        findings += _check_effect(book.otherwise, "")
    findings += _check_use(book, programs)
    if not any(finding.weight == "mistake" for finding in findings):
        findings += [*_check_cost(book, programs), *check_coverage(book, hook, programs)]
    return tuple(sorted(findings, key=lambda finding: finding.weight != "mistake"))


# --- Names and parameters ---


def _check_names(book: Book, hook: Hook) -> Iterator[Finding]:
    if book.hook != hook.hook:
        yield mistake("hook", f"挂接点须是 {hook.hook}", f"the hook must be {hook.hook}", part="hook")
    for name in _twice([row.row for row in book.rows]):
        yield mistake("twice", f"行号 {name} 出现两次", f"two rows are called {name}", row=name)
    for name in _twice([column.column for column in book.columns]):
        yield mistake("twice", f"列 {name} 出现两次", f"two columns are called {name}", part=name)
    for name in _twice([parameter.name for parameter in book.parameters]):
        yield mistake("twice", f"参数 {name} 出现两次", f"two parameters are called {name}", part=name)
    for parameter in book.parameters:
        if parameter.name in hook.facts:
            zh, en = f"{parameter.name} 已是事实的名称", f"{parameter.name} is the name of a fact"
            yield mistake("name_taken", zh, en, part=parameter.name)
    columns = [column.column for column in book.columns]
    if "when" in columns:
        yield mistake("name_taken", "列不能叫 when", "a column cannot be called when", part="when")
    for row in book.rows:
        for name in sorted(set(row.cells) - set(columns)):
            zh, en = f"没有名为 {name} 的列", f"there is no column {name}"
            yield mistake("unknown_column", zh, en, row=row.row, part=name, suggestion=nearest(name, columns))


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _check_parameters(book: Book) -> Iterator[Finding]:
    for parameter in book.parameters:
        try:
            fact = parameter.fact
        except ValueError:
            zh, en = (
                "参数类型须是 int、bool、string、date 或其列表",
                "a parameter is int, bool, string, date or a list of them",
            )
            yield mistake("type", zh, en, part=parameter.name)
            continue
        yield from _check_values(parameter, fact)


def _check_values(parameter: Parameter, fact: Fact) -> Iterator[Finding]:
    for value in parameter.values:
        try:
            admit({parameter.name: fact, "since": Fact(DATE)}, {parameter.name: value.value, "since": value.since})
        except ValueError as error:
            zh = f"自 {value.since} 起的值或日期不对，值须是 {parameter.type}"
            yield mistake("value", zh, f"{error} (from {value.since} on)", part=parameter.name)
    for earlier, later in pairwise(parameter.values):
        if later.since <= earlier.since:
            zh, en = f"{later.since} 须晚于 {earlier.since}", f"{later.since} must come after {earlier.since}"
            yield mistake("order", zh, en, part=parameter.name)


# --- Columns and rows ---


def _check_columns(book: Book, declared: Mapping[str, Fact]) -> Iterator[Finding]:
    for column in book.columns:
        try:
            check(parse(column.expression), declared, None)
        except CelError as error:
            yield from_language(error, row="", part=column.column)


def _check_row(book: Book, row: Row, declared: Mapping[str, Fact]) -> tuple[list[Finding], Program | None]:
    """Findings in the row's conditions, each cell by itself, and the row as one program when there are none."""
    findings = []
    for column in [*book.columns, None]:
        part = "when" if column is None else column.column
        try:
            alone = msgspec.structs.replace(book, columns=[] if column is None else [column])
            tests = tests_of(alone, row if column is None else msgspec.structs.replace(row, when=""))
            for test in tests:
                check_test(test, declared)
        except CelError as error:
            findings.append(from_language(error, row=row.row, part=part))
    if findings:
        return findings, None
    try:
        return [], Program(check(parse(row_text(tests_of(book, row))), declared, BOOL))
    except CelError as error:  # each cell may be within the limits and all together beyond them
        return [mistake("limit", error.zh, error.en, row=row.row)], None


def _check_effect(effect: Effect, row: str) -> Iterator[Finding]:
    needed = _NEEDS[effect.kind]
    allowed = (*needed, *_MAY.get(effect.kind, ()))
    for name in _FIELDS:
        given = bool(getattr(effect, name))
        if name in needed and not given:
            zh, en = f"{effect.kind} 须写明 {name}", f"{effect.kind} must say its {name}"
            yield mistake("effect", zh, en, row=row, part="effect")
        elif given and name not in allowed:
            zh, en = f"{effect.kind} 不用 {name}", f"{effect.kind} has no {name}"
            yield mistake("effect", zh, en, row=row, part="effect")


def _check_messages(row: Row, declared: Mapping[str, Fact]) -> Iterator[Finding]:
    for part in ("message_zh", "message_en", "disposal_zh", "disposal_en"):
        for name in _BRACES.findall(getattr(row, part)):
            if name not in declared:
                zh, en = f"花括号里的 {name} 不是事实或参数", f"{name} in braces is neither a fact nor a parameter"
                yield mistake("unknown_fact", zh, en, row=row.row, part=part, suggestion=nearest(name, declared))
    if bool(row.disposal_zh) != bool(row.disposal_en):
        yield mistake(
            "one_language", "处置建议须有中英文", "a disposal needs both languages", row=row.row, part="disposal"
        )


def _check_use(book: Book, programs: list[Program]) -> Iterator[Finding]:
    used = {column for row in book.rows for column, cell in row.cells.items() if cell.strip() not in ("", "-")}
    for column in book.columns:
        if column.column not in used:
            yield doubt(
                "unused", f"没有一行用到列 {column.zh}", f"no row uses the column {column.en}", part=column.column
            )
    if len(programs) < len(book.rows):
        return
    read = {name for program in programs for name in program.facts_read()}
    for parameter in book.parameters:
        if parameter.name not in read:
            zh, en = f"没有一行用到参数 {parameter.zh}", f"no row uses the parameter {parameter.en}"
            yield doubt("unused", zh, en, part=parameter.name)


def _check_cost(book: Book, programs: list[Program]) -> Iterator[Finding]:
    total = sum(program.cost_bound for program in programs)
    if total > BOOK_STEPS_MAX:
        worst = max(range(len(programs)), key=lambda index: programs[index].cost_bound)
        row, cost = book.rows[worst].row, programs[worst].cost_bound
        zh = f"最多可能要 {total} 步，上限 {BOOK_STEPS_MAX} 步；其中 {row} 行 {cost} 步"
        en = f"may take {total} steps, and {BOOK_STEPS_MAX} are allowed; row {row} alone {cost}"
        yield mistake("cost", zh, en, row=row)
