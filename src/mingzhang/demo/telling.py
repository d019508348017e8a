"""How the demo is shown: the case as tables by period, what the city came to, and what to try next. Chinese first.

On a terminal the tables fit its width and a bar moves below them; elsewhere they are as wide as they need to be.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from mingzhang.chain.calendar import DAY_SECONDS, time_of
from mingzhang.demo.people import NOTICE, START
from mingzhang.demo.playing import Row

WIDE: Final = 140
"""From this width on the reasons have a column of their own; below, they stand under the step."""
LOG_WIDTH: Final = 180
"""Width where nobody looks at a terminal: a log is searched, not folded."""
STEP_WIDTH, DATE_WIDTH, HEIGHT_WIDTH = 3, 10, 5
_WORDS = re.compile(r" *(?:[!-~]+|.)[,。;:、)》”,.;)]*")
"""A run of ASCII, or one other character, with the closing punctuation that must not begin a line."""
ACTS: Final = (
    ("一、组建与标准", "0"),
    ("二、申报、审批与下达", "2022-01-01"),
    ("三、合同、施工与支付(2022 年)", "2022-06-15"),
    ("四、竣工(2023 年 1—3 月)", "2023-01-01"),
    ("五、评价、公开与验证", "2023-04-01"),
)
"""Titles of the tables, and the date from which each holds."""


class Teller:
    """Collects rows and prints a table whenever a period of the story is over."""

    def __init__(self, console: Console) -> None:
        self.console = console if console.is_terminal else Console(file=console.file, width=LOG_WIDTH)
        self._rows: list[Row] = []
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), console=self.console, transient=True,
            disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task("示例城市与案例", total=_day("2024-05-01"))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()
        self._flush()

    def opening(self, directory: Path) -> None:
        """What is about to happen, and that it is no real data."""
        self.console.print(Text("明账演示:DG市康复医院住院大楼改造项目,从申报到可验证的公开结果", style="bold"))
        self.console.print(Text(f"{NOTICE}。账本使用沙盒时钟。", style="yellow"))
        source = "项目名称、D府办复〔2022〕19号、5,338.5 平方米、1,281.76 万元、开工与竣工时间来自公开案例。"
        self.console.print(Text(source, style="dim"))
        self.console.print(Text(f"目录 directory: {directory}\n"))

    def row(self, row: Row) -> None:
        """Take a row of the case."""
        if self._rows and _act(self._rows[-1].date) != _act(row.date):
            self._flush()
        self._rows.append(row)
        self._progress.update(self._task, completed=_day(row.date))

    def day(self, date: str) -> None:
        """The city has come to this date."""
        self._progress.update(self._task, completed=_day(date), description=f"示例城市 {date}")

    def _flush(self) -> None:
        if self._rows:
            title = ACTS[_act(self._rows[0].date)][0]
            self.console.print(case_table(title, self._rows, width=self.console.width))
            self._rows = []


def case_table(title: str, rows: Sequence[Row], *, width: int) -> Table:
    """The case as a table: step, date, who, what, code, height, why. Narrow ones have the reason under the step."""
    wide = width >= WIDE
    left = width - STEP_WIDTH - DATE_WIDTH - HEIGHT_WIDTH - 3 * (7 if wide else 6) - 1
    who_width, code_width = min(30, left // 5), min(26, left // 5)
    left -= who_width + code_width
    what_width, why_width = (left // 2, left - left // 2) if wide else (left, left)
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1))
    for heading, cell_width in (("步", STEP_WIDTH), ("日期", DATE_WIDTH), ("办理人", who_width), ("事项", what_width),
                                ("结果代码", code_width), ("高度", HEIGHT_WIDTH)):  # fmt: skip
        table.add_column(heading, width=cell_width, justify="right" if heading in ("步", "高度") else "left")
    if wide:
        table.add_column("为什么", width=why_width)
    for row in rows:
        what = Text(fold(row.what, what_width))
        if row.why and not wide:
            what.append("\n" + fold("→ " + row.why, what_width), style="dim")
        cells = [
            Text("↳" if row.number is None else str(row.number)),
            Text(row.date),
            Text(fold(row.who, who_width)),
            what,
            Text(fold(row.code.replace("_", " "), code_width), style=_style(row)),
            Text(str(row.height)),
        ]
        why = [Text(fold(row.why, why_width))] if wide else []
        table.add_row(*cells, *why, style="cyan" if row.number is None else "")
    return table


def fold(text: str, width: int) -> str:
    """Lines of at most so many columns; Chinese breaks anywhere but before closing punctuation, other words do not."""
    lines, line, used = [], "", 0
    for found in _WORDS.findall(text):
        if line and used + cell_len(found) > width:
            lines.append(line.rstrip())
            line, used = "", 0
        word = found if line else found.lstrip()
        line += word
        used += cell_len(word)
    return "\n".join([*lines, line.rstrip()])


@contextmanager
def audit_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for the audit's stages, on a terminal; what it yields takes (stage, done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("审计", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            progress.update(task, description=f"审计 {stage}", completed=done, total=total)

        yield tell


def next_commands(directory: Path, proofs: Path) -> list[tuple[str, str]]:
    """What to try next, and what each shows."""
    return [
        (f"mingzhang audit {directory}", "从创世起重放并核对全部记录、签名、状态与视图"),
        (f"mingzhang verify {proofs}/publication.json --trust {proofs}/keys.json", "离线验证公开的评价结果"),
        (f"mingzhang verify {proofs}/consistency.json --trust {proofs}/keys.json", "验证账本只增不改"),
        (f"mingzhang show {directory} object hospital:inpatient-building", "项目从头到尾:谁、何时、改了什么、为什么"),
        (f"mingzhang show {directory} payments --organisation hospital", "医院的支付;去掉 --organisation 看全市"),
        (f"mingzhang why {directory} hospital:pay-over", "超 1 分的申请为什么被拒、怎样才能通过"),
        (f"mingzhang bundle {directory} --payment hospital:pay-design-1 -o b.json", "导出一笔支付的证明文件"),
    ]


def counted(counts: Mapping[str, int]) -> str:
    """Codes and how often each was answered, as one line."""
    return "、".join(f"{name} {number:,}" for name, number in sorted(counts.items(), key=_most))


def _most(pair: tuple[str, int]) -> int:
    return -pair[1]


def _style(row: Row) -> str:
    if not row.good:
        return "bold red"
    return "green" if row.code in ("ok", "signed", "verified", "erased", "balanced") else "yellow"


def _act(date: str) -> int:
    return max(place for place, (_title, first) in enumerate(ACTS) if first <= date)


def _day(date: str) -> int:
    return (time_of(date) - time_of(START)) // DAY_SECONDS
