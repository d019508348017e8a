"""The views, built anew from the stored leaves in a temporary directory and compared row by row.

That the leaves are right is for the replay to say; which rows they make, for mingzhang.views.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mingzhang.audit.files import DAMAGE, check_schema, open_for_reading, schema_of, unreadable
from mingzhang.audit.merging import ABSENT, Difference, differences
from mingzhang.audit.records import printable, shown
from mingzhang.audit.report import LEDGER_FILE, VIEWS_FILE, Finding, Findings, found
from mingzhang.audit.sealed import Checked
from mingzhang.views.rebuild import rebuild


def check_views(directory: Path) -> Checked:
    """Every row of every table of views.sqlite. Never raises for what the files hold."""
    path = directory / VIEWS_FILE
    if not path.exists():
        what = "没有视图；可由账本重建。", "There are no views; they can be rebuilt."
        missing = found(VIEWS_FILE, "", "", what=what, severity="note")
        return Checked((missing,), 0)
    try:
        # The views first: what they show is then in the ledger, whoever writes meanwhile.
        with closing(open_for_reading(path)) as views, closing(open_for_reading(directory / LEDGER_FILE)) as ledger:
            views.execute("BEGIN")
            height = _height_of(views)
            source = LeavesUpTo(ledger, height)
            notes = _lag(source)
            with TemporaryDirectory(prefix="mingzhang-audit-") as folder:
                right = Path(folder) / VIEWS_FILE
                try:
                    rebuild(source, right).dispose()
                except Exception as failure:  # noqa: BLE001 (whatever altered leaves lead to is a finding)
                    said = printable(f"{type(failure).__name__}: {failure}")
                    what = (f"无法由账本的记录重建视图（{said}）。", f"The ledger's records do not make views: {said}.")
                    return Checked((found(VIEWS_FILE, "", "", what=what),), 0)
                compared = compare_views(views, right)
    except DAMAGE as error:
        return Checked((unreadable(VIEWS_FILE, "", error),), 0)
    return Checked((*notes, *compared.findings), compared.number)


def compare_views(views: sqlite3.Connection, right: Path) -> Checked:
    """Compare a database with one that is right, table by table. Raises sqlite3.Error if the schema is unreadable."""
    findings = Findings()
    number = 0
    with closing(open_for_reading(right)) as rebuilt:
        expected = schema_of(rebuilt)
        findings.extend(check_schema(VIEWS_FILE, views, expected))
        for kind, table in sorted(expected):
            if kind != "table":
                continue
            try:
                for rows, differing in _compare_table(views, rebuilt, table):
                    number += rows
                    findings.extend(differing)
            except DAMAGE as error:
                findings.add(unreadable(VIEWS_FILE, table, error))
    return Checked(tuple(findings.kept), number)


def _compare_table(
    views: sqlite3.Connection, rebuilt: sqlite3.Connection, table: str
) -> Iterator[tuple[int, list[Finding]]]:
    """(number of rows, findings among them), a piece at a time."""
    described = rebuilt.execute(f'PRAGMA table_info("{table}")').fetchall()
    keys = [column[1] for column in sorted(described, key=lambda one: one[5]) if column[5]]
    others = [column[1] for column in described if not column[5]]
    columns = ", ".join(f'"{name}"' for name in (*keys, *others))
    order = ", ".join(f'"{name}"' for name in keys)
    # The names come from the database that was just made.
    query = f'SELECT {columns} FROM "{table}" ORDER BY {order}'  # noqa: S608
    sides = views.execute(query), rebuilt.execute(query)
    for rows, differing in differences(*sides, key_columns=len(keys)):
        yield rows, [_finding_of(table, others, one) for one in differing]


def _finding_of(table: str, names: list[str], one: Difference) -> Finding:
    key = printable("/".join(str(part) for part in one.key))
    if one.right is ABSENT:
        return found(
            VIEWS_FILE, table, key, what=("账本中没有产生这一行的记录。", "No record of the ledger makes this row.")
        )
    if one.stored is ABSENT:
        return found(VIEWS_FILE, table, key, what=("缺少这一行。", "This row is missing."))
    said = _differing(names, one.stored, one.right)
    return found(
        VIEWS_FILE, table, key, what=(f"与重建结果不同：{said}。", f"It is not what the rebuild gives: {said}.")
    )


def _differing(names: list[str], stored: tuple[Any, ...], right: tuple[Any, ...]) -> str:
    for name, one, other in zip(names, stored, right, strict=True):
        if one != other:
            return f"{name}: {shown(one)} ≠ {shown(other)}"
    return ""


def _height_of(views: sqlite3.Connection) -> int:
    """The height up to which the views say that they are; no one altered row decides."""
    said = []
    for query in (
        "SELECT height FROM views_state",
        "SELECT max(height) FROM blocks",
        "SELECT max(height) FROM records",
    ):
        try:
            row = views.execute(query).fetchone()
        except DAMAGE:
            continue  # Damage is found when rows are compared.
        if row is not None and type(row[0]) is int:
            said.append(row[0])
    return sorted(said)[len(said) // 2] if said else 0


def _lag(source: "LeavesUpTo") -> tuple[Finding, ...]:
    behind = source.last_height() - source.head_height()
    if behind <= 0:
        return ()
    what = (f"视图落后账本 {behind} 个区块。", f"The views are {behind} blocks behind the ledger.")
    return (found(VIEWS_FILE, "", "", what=what, severity="note"),)


class LeavesUpTo:
    """The stored leaves up to a height, for the loop that makes views of them."""

    def __init__(self, ledger: sqlite3.Connection, height: int) -> None:
        self._ledger = ledger
        self._height = min(height, self.last_height())

    def last_height(self) -> int:
        """Height of the ledger's last block."""
        return int(self._ledger.execute("SELECT coalesce(max(height), 0) FROM blocks").fetchone()[0])

    def head_height(self) -> int:
        """See Source."""
        return self._height

    def blocks(self, after_height: int, limit: int) -> Iterator[tuple[int, int, list[bytes]]]:
        """See Source."""
        rows = self._ledger.execute(
            "SELECT height, time, first_leaf, leaves FROM blocks"
            " WHERE height > ? AND height <= ? ORDER BY height LIMIT ?",
            (after_height, self._height, limit),
        ).fetchall()
        for height, time, first, number in rows:
            leaves = self._ledger.execute(
                "SELECT bytes FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx", (first, first + number)
            )
            yield height, time, [row[0] for row in leaves]
