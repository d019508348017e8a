"""What can be wrong with a row before the ledger sees it, and the file that names every row that was not taken.

The ledger's own refusals have their codes and sentences there (chain/codes); both stand side by side in the error file.
"""

import csv
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from mingzhang.chain.codes import Code, Facts, render
from mingzhang.exchange import ExchangeError


class FaultKind(NamedTuple):
    """A kind of fault: a permanent name, what must hold, and what to do."""

    name: str
    zh: str
    en: str
    remedy_zh: str


class CellFault(Exception):
    """Raised by the readers of one cell."""

    def __init__(self, kind: FaultKind) -> None:
        super().__init__(kind.name)
        self.kind = kind


class Fault(NamedTuple):
    """Why a row was not taken. `field` is the column or template of the map, "" for the row as a whole."""

    row: int
    field: str
    value: str
    code: str
    reason_zh: str
    reason_en: str
    remedy_zh: str


_AS_IN_FILE = "在原文件中改正后重新导入"

REFUND_WITHOUT_PAYMENT = FaultKind(
    "refund_without_payment",
    "提示（已受理）：作为退款记账，但账本上没有从该指标付给该收款人的款项",
    "notice (taken): booked as a refund, yet this payee was never paid from this line",
    "核对负数是否确为退款、收款人和指标是否正确",
)
"""A notice: the row is taken all the same."""
AMOUNT_MISSING = FaultKind("amount_missing", "没有金额", "there is no amount", _AS_IN_FILE)
AMOUNT_UNREADABLE = FaultKind("amount_unreadable", "金额不是合格的数字", "the amount is no number",
                              "改为如 1234.56 的数字")  # fmt: skip
AMOUNT_ZERO = FaultKind(
    "amount_zero", "金额为零，不是一笔支付", "an amount of zero is no payment", "删除该行或补上金额"
)
AMOUNT_TOO_FINE = FaultKind("amount_too_fine", "金额的小数多于分", "the amount is finer than fen",
                            "改正金额，或在映射的 amount.rounding 中指定舍入方式")  # fmt: skip
AMOUNT_TOO_LARGE = FaultKind("amount_too_large", "金额超过 90 万亿元", "the amount exceeds 90 trillion yuan",
                             "核对金额和映射中的单位")  # fmt: skip
AMOUNT_NEGATIVE = FaultKind("amount_negative", "金额为负，而映射不允许负数",
                            "the amount is negative, which the map refuses",
                            "改正金额；负数表示退款的，在映射中写 negative: refund")  # fmt: skip
AMOUNT_UNIT_IN_CELL = FaultKind("amount_unit_differs", "单元格所写单位与映射的单位不同",
                                "the cell has another unit than the map", "核对映射的 amount.unit")  # fmt: skip
DATE_MISSING = FaultKind("date_missing", "没有日期", "there is no date", _AS_IN_FILE)
DATE_UNREADABLE = FaultKind("date_unreadable", "日期不符合映射所列的任何格式", "no date format of the map fits",
                            "改正日期，或在映射的 date.formats 中补充格式")  # fmt: skip
DATE_IMPOSSIBLE = FaultKind("date_impossible", "没有这一天", "there is no such day", _AS_IN_FILE)
DATE_AMBIGUOUS = FaultKind("date_ambiguous", "按映射的不同格式会读成不同的日期",
                           "formats of the map give different days", "映射中只保留本文件实际所用的格式")  # fmt: skip
TEXT_NOT_ALLOWED = FaultKind("text_not_allowed", "含有不允许的字符（控制符、双向或格式符号）",
                             "has characters that are not allowed (controls, bidi or format marks)",
                             "删除不可见字符")  # fmt: skip
TEXT_TOO_LONG = FaultKind("text_too_long", "超过 200 字", "is longer than 200 characters", _AS_IN_FILE)
PAYEE_MISSING = FaultKind("payee_missing", "没有收款人", "there is no payee", _AS_IN_FILE)
PAYEE_ID_MALFORMED = FaultKind("payee_id_malformed", "不是合格的收款人编号", "is no payee id",
                               "核对映射的 payee.id 和该行各列")  # fmt: skip
PURPOSE_MISSING = FaultKind("purpose_missing", "用途为空", "the purpose is empty", "补上用途，或改映射的 purpose")
PURPOSE_NAMES_PERSON = FaultKind("purpose_names_person", "用途写有个人收款人的姓名，用途对全体成员公开",
                                 "the purpose names the individual who is paid, and all members see it",
                                 "从用途中删去姓名，或改映射的 purpose")  # fmt: skip
LINE_ID_MALFORMED = FaultKind("line_id_malformed", "不是合格的指标编号", "is no line id",
                              "核对该行各列，或在映射中改用指标对照表")  # fmt: skip
LINE_NOT_IN_TABLE = FaultKind("line_not_in_table", "指标对照表中没有此项", "the table of lines does not have it",
                              "在指标对照表中补充")  # fmt: skip
UNIQUE_MISSING = FaultKind("unique_missing", "没有唯一编号", "there is no unique number", _AS_IN_FILE)
UNIQUE_REPEATED = FaultKind("unique_repeated", "唯一编号与本文件中另一行相同",
                            "another row of the file has the same unique number",
                            "核对是否重复；编号本不唯一的，改映射的 unique")  # fmt: skip
TOO_MANY_CELLS = FaultKind("too_many_cells", "该行的列多于表头（可能有未加引号的分隔符）",
                           "the row has more cells than the header (an unquoted separator?)", _AS_IN_FILE)  # fmt: skip

FAULT_KINDS: tuple[FaultKind, ...] = tuple(value for value in list(globals().values()) if isinstance(value, FaultKind))


def fault_of(kind: FaultKind, row: int, field: str, *, value: str) -> Fault:
    """A fault found in the file."""
    return Fault(row, field, value, kind.name, kind.zh, kind.en, kind.remedy_zh)


def refusal_of(code: Code, facts: Facts, row: int, *, field: str, value: str) -> Fault:
    """A refusal by one of the ledger's codes."""
    return Fault(
        row,
        field,
        value,
        f"{code.number} {code.name}",
        render(code.zh, facts),
        render(code.en, facts),
        render(code.remedy_zh, facts),
    )


# --- The error file --------------------------------------------------------------------------------------------------

ERROR_HEADER = ("行号 row", "字段 field", "原值 value", "代码 code", "原因 reason", "怎样才能通过 remedy", "in English")
VALUE_LENGTH_MAX = 300
_formula = re.compile(r"^[=+@\t\r]|^-(?![\d.,() ]*$)")


def write_error_file(path: Path, faults: Collection[Fault]) -> bool:
    """Write all faults in order of rows, as CSV that spreadsheets open as it is; readable by this user only. Without
    any fault an earlier run's file is removed. Returns whether there is one now.

    The file is there whole or as it was before. Raises ExchangeError where it would replace another file, OSError.
    """
    check_error_file(path)
    if not faults:
        path.unlink(missing_ok=True)
        return False
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(ERROR_HEADER)
        for one in sorted(faults):
            writer.writerow(
                (one.row, _safe(one.field), _safe(one.value), one.code, one.reason_zh, one.remedy_zh, one.reason_en)
            )
    part.replace(path)
    return True


def check_error_file(path: Path) -> None:
    """Raise ExchangeError unless an error file may be written there: nothing stands there, or an earlier one."""
    if not path.exists():
        return
    with path.open("rb") as file:
        begins = file.read(200).decode("utf-8-sig", errors="replace")
    if not begins.startswith(",".join(ERROR_HEADER)):
        raise ExchangeError(
            f"{path} 已存在且不是导入错误清单，不会覆盖；请用 --errors 另指定文件",
            f"{path}: exists and is no error file of an import; give another --errors",
        )


def _safe(text: str) -> str:
    """What a spreadsheet would take for a formula gets an apostrophe: the text comes from a stranger's file."""
    text = text[:VALUE_LENGTH_MAX]
    return "'" + text if _formula.match(text) else text
