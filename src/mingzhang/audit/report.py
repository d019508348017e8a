"""What an audit says: findings, one for each thing that is wrong, and a report with a summary for people.

How things are found is in the other files of this package.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from mingzhang.audit.records import printable

Severity = Literal["error", "warning", "note"]
"""error: something recorded is not what it was, or cannot be judged. warning: look at it. note: good to know."""

What = tuple[str, str]
"""What is wrong, in Chinese and in English."""

Progress = Callable[[str, int, int], None]
"""progress(stage, done, total); stages: files, replay, state, views, signatures, vault, keys."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

LEDGER_FILE = "ledger.sqlite"
VIEWS_FILE = "views.sqlite"
VAULT_FILE = "vault.sqlite"

FINDINGS_PER_TABLE = 100
"""A table that is wrong everywhere need not be listed row by row; the others are counted."""

_FILE_ORDER = (LEDGER_FILE, VIEWS_FILE, VAULT_FILE)


class Finding(NamedTuple):
    """One thing an audit found. `table` and `key` name the row ("" where it is not one row), `height` the block where
    there is one. `what_zh` and `what_en` say the same.
    """

    severity: Severity
    file: str
    table: str
    key: str
    height: int | None
    what_zh: str
    what_en: str

    @property
    def place_zh(self) -> str:
        """Where, in Chinese: file, table, row, height."""
        parts = [self.file]
        parts += [f"表 {self.table}"] if self.table else []
        parts += [f"行 {self.key}"] if self.key else []
        parts += [f"区块高度 {self.height}"] if self.height is not None else []
        return "，".join(parts)

    @property
    def place_en(self) -> str:
        """Where, in English."""
        parts = [self.file]
        parts += [f"table {self.table}"] if self.table else []
        parts += [f"row {self.key}"] if self.key else []
        parts += [f"height {self.height}"] if self.height is not None else []
        return ", ".join(parts)


def found(
    file: str, table: str, key: object, *, what: What, height: object = None, severity: Severity = "error"
) -> Finding:
    """A finding of one row; key and height may be anything that is stored in their place."""
    at = height if type(height) is int else None
    return Finding(severity, file, table, printable(key), at, *what)


class Findings:
    """Collects findings; of one table at most FINDINGS_PER_TABLE are kept and the rest counted."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.number: dict[tuple[str, str, str], int] = {}

    def add(self, finding: Finding) -> None:
        """Take a finding."""
        place = (finding.severity, finding.file, finding.table)
        self.number[place] = self.number.get(place, 0) + 1
        if self.number[place] <= FINDINGS_PER_TABLE:
            self.kept.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take several."""
        for finding in findings:
            self.add(finding)

    def in_order(self) -> tuple[Finding, ...]:
        """Errors before warnings before notes, the ledger before its neighbours, then by height."""
        return tuple(sorted(self.kept, key=_order))

    def of(self, severity: Severity) -> int:
        """How many of a severity there were, those not kept included."""
        return sum(count for (one, _file, _table), count in self.number.items() if one == severity)


def _order(finding: Finding) -> tuple[int, int, int]:
    file = _FILE_ORDER.index(finding.file) if finding.file in _FILE_ORDER else len(_FILE_ORDER)
    # What has no height (a schema, a page) comes after the records: the first bad record is what people look for.
    height = finding.height if finding.height is not None else 1 << 62
    return SEVERITIES.index(finding.severity), file, height


class Standing(NamedTuple):
    """Where the audited ledger stands: to be compared with a checkpoint kept elsewhere."""

    chain_id: str
    suite: str
    clock: str
    height: int
    size: int
    root: str


class Report(NamedTuple):
    """The outcome of an audit. `standing` is None when the ledger could not be replayed to its end.

    `counts`: errors, warnings, notes; blocks, leaves, envelopes, signatures, state, checkpoints, views, vault, keys
    (rows or files that were checked). `seconds`: wall time by stage, and "total".
    """

    findings: tuple[Finding, ...]
    counts: dict[str, int]
    seconds: dict[str, float]
    standing: Standing | None

    @property
    def ok(self) -> bool:
        """Whether there was no error."""
        return self.counts["errors"] == 0

    @property
    def first(self) -> Finding | None:
        """The first error, in the order of the ledger; None if there is none."""
        return self.findings[0] if self.findings and self.findings[0].severity == "error" else None

    def summary_zh(self) -> str:
        """Some lines in Chinese for people."""
        counts, lines = self.counts, []
        if self.standing is not None:
            one = self.standing
            clock = "，沙盒时钟（演示/培训）" if one.clock == "stated" else ""
            lines.append(f"账本 {one.chain_id}（套件 {one.suite}{clock}），高度 {one.height}，共 {one.size} 条记录。")
            lines.append(f"根 {one.root}")
        lines.append(
            f"从创世起重放 {counts['blocks']} 个区块，逐字节比对 {counts['leaves']} 条记录、"
            f"{counts['state']} 项状态和 {counts['views']} 行视图；验证签名 {counts['signatures']} 个、"
            f"检查点 {counts['checkpoints']} 个；检查保管库 {counts['vault']} 行、密钥文件 {counts['keys']} 个。"
        )
        if self.first is None:
            lines.append("审计通过：未发现错误。" + _others_zh(counts))
            lines.append("整体换成较早的副本只能靠他处保存的检查点发现：请核对上面的高度和根。")
        else:
            lines.append(f"审计未通过：发现 {counts['errors']} 处错误。" + _others_zh(counts))
            lines.append(f"第一处：{self.first.place_zh}：{self.first.what_zh}")
        return "\n".join(lines)

    def summary_en(self) -> str:
        """The same in English."""
        counts, lines = self.counts, []
        if self.standing is not None:
            one = self.standing
            clock = ", sandbox clock (demonstration, training)" if one.clock == "stated" else ""
            lines.append(f"Ledger {one.chain_id} (suite {one.suite}{clock}), height {one.height}, {one.size} leaves.")
            lines.append(f"Root {one.root}")
        lines.append(
            f"Replayed {counts['blocks']} blocks from genesis and compared, byte for byte, {counts['leaves']} leaves,"
            f" {counts['state']} state entries and {counts['views']} view rows; verified {counts['signatures']}"
            f" signatures and {counts['checkpoints']} checkpoints; checked {counts['vault']} vault rows and"
            f" {counts['keys']} key files."
        )
        if self.first is None:
            lines.append("The audit passed: no error was found." + _others_en(counts))
            lines.append(
                "Only a checkpoint kept elsewhere shows that the whole was not replaced by an older copy: compare"
                " the height and root above."
            )
        else:
            lines.append(f"The audit failed: {counts['errors']} error(s)." + _others_en(counts))
            lines.append(f"The first: {self.first.place_en}: {self.first.what_en}")
        return "\n".join(lines)


def _others_zh(counts: dict[str, int]) -> str:
    others = [(counts["warnings"], "处警告"), (counts["notes"], "处提示")]
    said = "、".join(f"{number} {name}" for number, name in others if number)
    return f"另有 {said}。" if said else ""


def _others_en(counts: dict[str, int]) -> str:
    others = [(counts["warnings"], "warning(s)"), (counts["notes"], "note(s)")]
    said = " and ".join(f"{number} {name}" for number, name in others if number)
    return f" Also: {said}." if said else ""
