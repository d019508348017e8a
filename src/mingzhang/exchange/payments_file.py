"""Reading a table of payments as others wrote it: CSV in any usual encoding, plain or compressed, and workbooks.

Out come a header and rows with the numbers that a spreadsheet shows. What the cells mean is no matter here.
"""

import codecs
import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import python_calamine

from mingzhang.exchange import ExchangeError
from mingzhang.exchange.texts import repaired, tidy

Cell = str | float | int | bool | date | datetime | time | timedelta

MAX_BYTES = 2 * 1024**3
"""Of a file, unpacked: ten years of a large city; a file that unpacks to more is not a table of payments."""
MAX_PREAMBLE_ROWS = 100
"""How far down a header is looked for."""
DELIMITERS = (",", ";", "\t", "|")
WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})

csv.field_size_limit(1024 * 1024)


class Row(NamedTuple):
    """A row: its number as a spreadsheet shows it (the first is 1) and its cells."""

    number: int
    cells: Sequence[Cell]


class PaymentsFile(NamedTuple):
    """An opened file. `header` is as tidied; names that occur more than once end in #1, #2 ...; `rows` come once.

    `encoding` is that of a CSV file, `sheet` that of a workbook; the other is "".
    """

    name: str
    header: tuple[str, ...]
    header_row: int
    rows: Iterator[Row]
    encoding: str
    sheet: str


def open_payments_file(
    path: Path,
    *,
    columns: Collection[str],
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    skip_until_header: bool = False,
) -> PaymentsFile:
    """Open a file whose header must have all `columns`; it is the first row with anything in it, or with
    `skip_until_header` the first that has them. Encoding and delimiter are found out unless they are given.

    Raises ExchangeError when there is no such file, sheet, encoding or header.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if not path.is_file():
        raise ExchangeError(f"没有文件 {path}", f"{path}: there is no such file")
    wanted = _Wanted(path.name, tuple(columns), skip_until_header=skip_until_header)
    if suffix in WORKBOOKS:
        return _workbook(path, sheet, wanted)
    if sheet is not None:
        raise ExchangeError(f"{path.name} 不是工作簿，没有工作表", f"{path.name}: sheet: is no workbook, has no sheets")
    data = _unpacked(path)
    return _csv(data, wanted, encoding=encoding_of(data, encoding, name=path.name), delimiter=delimiter)


class _Wanted(NamedTuple):
    """What a header must hold."""

    name: str
    columns: tuple[str, ...]
    skip_until_header: bool

    def count(self, header: Sequence[str]) -> int:
        """How many of the columns a header has."""
        return sum(column in header for column in self.columns)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _unpacked(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ExchangeError(f"{path.name} 的压缩内容已损坏", f"{path.name}: damaged: {error}") from None
    if len(data) > MAX_BYTES:
        raise ExchangeError(f"{path.name} 超过 {MAX_BYTES} 字节", f"{path.name}: larger than {MAX_BYTES} bytes")
    return bytes(data)


def encoding_of(data: bytes, encoding: str | None, *, name: str) -> str:
    """The given encoding, if the bytes are in it. Not given, it is what a byte order mark says, or UTF-8 if that fits,
    or GB18030 if that gives Chinese as it is written, or else Windows-1252. Raises ExchangeError where the given one
    does not fit.
    """
    if encoding is None:
        return _marked(data) or next(one for one in ("utf-8", "gb18030", "cp1252", "latin-1") if _fits(data, one))
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise ExchangeError(f"{name} 不是 {encoding} 编码", f"{name}: encoding: is not {encoding}: {error}") from None
    return encoding


def _marked(data: bytes) -> str | None:
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    return next((encoding for mark, encoding in marks if data.startswith(mark) and _fits(data, encoding)), None)


def _fits(data: bytes, encoding: str) -> bool:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return encoding != "gb18030" or _is_chinese(text)


_foreign = re.compile(r"[^\x00-\x7f]")
_chinese = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u2027\u00b7\u00d7\u00a5]")
_between_letters = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?![^\x00-\x7f])|(?<![^\x00-\x7f])[^\x00-\x7f](?=[A-Za-z])")


def _is_chinese(text: str) -> bool:
    """Whether nearly all characters beyond ASCII are common Chinese, and few stand alone beside a letter: that is what
    a Western accent looks like when it is misread as Chinese.
    """
    foreign = len(_foreign.findall(text))
    chinese = len(_chinese.findall(text))
    return 10 * chinese >= 9 * foreign and foreign >= 5 * len(_between_letters.findall(text))


def _csv(data: bytes, wanted: _Wanted, *, encoding: str, delimiter: str | None) -> PaymentsFile:
    problem: ExchangeError | None = None
    for one in (delimiter,) if delimiter else DELIMITERS:
        rows = _csv_rows(data, encoding, delimiter=one, name=wanted.name)
        try:
            header, header_row = _find_header(rows, wanted)
        except ExchangeError as error:
            # Of several attempts the first tells most: a comma is what a CSV file should have.
            problem = problem or error
        else:
            return PaymentsFile(wanted.name, header, header_row, rows, encoding, "")
    raise problem or ExchangeError(f"{wanted.name} 没有表头", f"{wanted.name}: has no header")


def _csv_rows(data: bytes, encoding: str, *, delimiter: str, name: str) -> Iterator[Row]:
    """Line ends of every kind: lines end at CR, LF or both, and those inside quotation marks are kept."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=delimiter)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield Row(number, cells)
    except csv.Error as error:
        raise ExchangeError(
            f"{name} 第 {number + 1} 行不是合格的 CSV（引号是否缺了一半？）",
            f"{name}: row {number + 1} is not valid CSV (a quotation mark without its pair?): {error}",
        ) from None


# --- Workbooks -------------------------------------------------------------------------------------------------------


def _workbook(path: Path, sheet: str | None, wanted: _Wanted) -> PaymentsFile:
    try:
        if path.suffix.lower() == ".gz":
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(_unpacked(path)))
        else:
            book = python_calamine.CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        chosen = sheet if sheet is not None else next(iter(names), "")
        if chosen not in names:
            raise ExchangeError(
                f"{path.name} 没有工作表 {sheet!r}，有：{'、'.join(names)}",
                f"{path.name}: sheet: there is no {sheet!r}; there are: {', '.join(names)}",
            )
        rows = (Row(number, cells) for number, cells in enumerate(book.get_sheet_by_name(chosen).iter_rows(), start=1))
        header, header_row = _find_header(rows, wanted)
    except python_calamine.PasswordError:
        raise ExchangeError(f"{path.name} 有打开密码，请先取消", f"{path.name}: is under a password") from None
    except python_calamine.CalamineError as error:
        raise ExchangeError(f"{path.name} 不是合格的工作簿", f"{path.name}: not a workbook: {error}") from None
    return PaymentsFile(path.name, header, header_row, rows, "", chosen)


# --- Header ----------------------------------------------------------------------------------------------------------

_mark_remains = re.compile("^[\ufeff\u00ef\u00bb\u00bf\u00c3\u00c2\u00af\u00bd\u00be]{2,}|^\ufeff")
"""A byte order mark that somebody took for letters, once or twice."""


def _find_header(rows: Iterator[Row], wanted: _Wanted) -> tuple[tuple[str, ...], int]:
    closest: tuple[int, tuple[str, ...]] = (-1, ())
    for row in itertools.islice(rows, MAX_PREAMBLE_ROWS):
        # A header may be mojibake like the rows below it; then either form of its names may stand in the map.
        header = max((_names(row.cells, one) for one in (str, _repaired)), key=wanted.count)
        found = wanted.count(header)
        if found == len(wanted.columns):
            return header, row.number
        if found > closest[0] and any(header):
            closest = (found, header)
            if not wanted.skip_until_header:
                break
    if closest[0] < 0:
        raise ExchangeError(f"{wanted.name} 是空的", f"{wanted.name}: is empty")
    lacking = [column for column in wanted.columns if column not in closest[1]]
    present = [name for name in closest[1] if name]
    hint_zh, hint_en = ("", "")
    if not wanted.skip_until_header:
        hint_zh = "；表头不在首行的，请在映射中写 skip_until_header: true"
        hint_en = "; if the header stands further down, set skip_until_header: true in the map"
    raise ExchangeError(
        f"{wanted.name} 的表头缺少列 {'、'.join(lacking)}；现有：{'、'.join(present)}{hint_zh}",
        f"{wanted.name}: the header lacks {', '.join(lacking)}; it has: {', '.join(present)}{hint_en}",
    )


def _repaired(cell: Cell) -> str:
    return repaired(str(cell))


def _names(cells: Sequence[Cell], as_text: Callable[[Cell], str]) -> tuple[str, ...]:
    names = [tidy(as_text(cell)) for cell in cells]
    if names:
        names[0] = tidy(_mark_remains.sub("", names[0]))
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(f"{name}#{seen[name]}" if name and names.count(name) > 1 else name)
    return tuple(made)
