"""One cell: an exact amount in fen, a business date, a text that the ledger takes. Never a float, never a guess.

Which column holds what is the map's matter; what is wrong is said by a Fault of faults.py.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache

from mingzhang.chain.codec import MAX_SAFE_INT, CodecError, check_text, encode
from mingzhang.exchange import ExchangeError, faults
from mingzhang.exchange.faults import CellFault
from mingzhang.exchange.mapping import UNITS, Amount
from mingzhang.exchange.payments_file import Cell
from mingzhang.exchange.texts import tidy

# --- Amounts ---------------------------------------------------------------------------------------------------------

_exact = Context(prec=60, traps=[InvalidOperation, Inexact])
"""Sixty digits hold any amount in any unit; whatever would be rounded raises instead."""
_currency = re.compile(r"^(?:£|¥|\$|€|CNY|RMB|GBP|USD|EUR|HK\$|人民币)\s*|\s*(?:CNY|RMB|GBP|USD|EUR)$", re.IGNORECASE)
_grouped = {
    ".": re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"),
    ",": re.compile(r"(?:[0-9]{1,3}(?:[. ][0-9]{3})+|[0-9]+)(?:,[0-9]*)?|,[0-9]+"),
}
_unit = re.compile(r"\s*([十百千万亿]*[元圆分]|[十百千万亿]+)$")
_scientific = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
AMOUNT_LENGTH_MAX = 40


def read_amount(cell: Cell, rule: Amount) -> int:
    """Signed fen of a cell: numbers, and texts such as `1,234.56`, `£12`, `(12.00)`, `12.00-`, `12.00 CR`.

    A workbook's float is taken by its shortest decimal form, which is what the office typed. Raises CellFault when it
    is no amount, zero, too large, or has more decimals than fen and no rounding is named.
    """
    value = _number(cell, rule)
    if value == 0:
        raise CellFault(faults.AMOUNT_ZERO)
    scaled = _exact.multiply(value, Decimal(UNITS[rule.unit]))
    if abs(scaled) > MAX_SAFE_INT:
        raise CellFault(faults.AMOUNT_TOO_LARGE)
    fen = int(scaled)
    if fen != scaled:
        if rule.rounding == "refuse":
            raise CellFault(faults.AMOUNT_TOO_FINE)
        rounding = ROUND_HALF_UP if rule.rounding == "half_up" else ROUND_HALF_EVEN
        fen = int(scaled.to_integral_value(rounding=rounding))
        if fen == 0:
            raise CellFault(faults.AMOUNT_ZERO)
    fen = -fen if rule.sign == "reversed" else fen
    if fen < 0 and rule.negative == "refuse":
        raise CellFault(faults.AMOUNT_NEGATIVE)
    return fen


def _number(cell: Cell, rule: Amount) -> Decimal:
    if isinstance(cell, str):
        return _decimal(cell, rule.decimal, UNITS[rule.unit])
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value = Decimal(repr(cell))
        if not value.is_finite():
            raise CellFault(faults.AMOUNT_UNREADABLE)
        return value
    raise CellFault(faults.AMOUNT_UNREADABLE)


@lru_cache(maxsize=20_000)
def _decimal(text: str, decimal_mark: str, unit_fen: int) -> Decimal:
    text = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
    if not text or text == "-":
        raise CellFault(faults.AMOUNT_MISSING)
    if len(text) > AMOUNT_LENGTH_MAX:
        raise CellFault(faults.AMOUNT_UNREADABLE)
    if unit := _unit.search(text):
        if UNITS.get(unit[1].replace("圆", "元")) != unit_fen:
            raise CellFault(faults.AMOUNT_UNIT_IN_CELL)
        text = text[: unit.start()]
    text, is_negative = _without_sign(text)
    if _scientific.fullmatch(text):
        return Decimal(text).copy_negate() if is_negative else Decimal(text)
    if not _grouped[decimal_mark].fullmatch(text):
        raise CellFault(faults.AMOUNT_UNREADABLE)
    group_marks = "," if decimal_mark == "." else ". "
    plain = "".join(character for character in text if character not in group_marks).replace(",", ".")
    value = Decimal(plain)
    return value.copy_negate() if is_negative else value


def _without_sign(text: str) -> tuple[str, bool]:
    """The digits, and whether a minus before or after, brackets, or CR (credit) say that they are negative."""
    negative = 0
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), 1
    for _side in range(2):
        # A sign may stand before or after the currency.
        if text.startswith("-"):
            text, negative = text[1:].strip(), negative + 1
        elif text.startswith("+"):
            text = text[1:].strip()
        text = _currency.sub("", text).strip()
    if text.endswith("-"):
        text, negative = text[:-1].strip(), negative + 1
    elif text[-2:].upper() in {"CR", "DR"}:
        text, negative = text[:-2].strip(), negative + (text[-2:].upper() == "CR")
    if negative > 1:
        raise CellFault(faults.AMOUNT_UNREADABLE)
    return _currency.sub("", text).strip(), negative == 1


# --- Dates -----------------------------------------------------------------------------------------------------------

_tokens = re.compile(r"YYYY|YY|MMM|MM|M|DD|D")
_patterns = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "YY": r"(?P<short>[0-9]{2})",
    "MMM": r"(?P<name>[A-Za-z]{3,9})\.?",
    "MM": r"(?P<month>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{2})",
    "D": r"(?P<day>[0-9]{1,2})",
}
_time_of_day = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?Z?)?"
_months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SERIAL_ORIGIN = date(1899, 12, 30)
_SERIALS = range(18_264, 73_051)
"""1950 to 2099: outside, a number is more likely something else."""
_SHORT_YEAR_PIVOT = 80
"""80 to 99 are of the last century."""


def compile_formats(formats: Sequence[str]) -> tuple[re.Pattern[str] | None, ...]:
    """Patterns of the map's date formats, None for `excel`. Raises ExchangeError for one without year, month, day."""
    return tuple(None if one == "excel" else _compile(one) for one in formats)


def _compile(format_: str) -> re.Pattern[str]:
    pieces, at = [], 0
    for token in _tokens.finditer(format_):
        pieces += [re.escape(format_[at : token.start()]), _patterns[token.group()]]
        at = token.end()
    pieces.append(re.escape(format_[at:]))
    try:
        pattern = re.compile("".join(pieces) + _time_of_day)
    except re.error:
        pattern = re.compile("")
    names = set(pattern.groupindex)
    if not (names & {"year", "short"} and names & {"month", "name"} and "day" in names):
        raise ExchangeError(
            f"日期格式 {format_!r} 须有年、月、日各一次，例如 YYYY-MM-DD、D/M/YYYY、YYYY年M月D日",
            f"date.formats: {format_!r} must have year, month and day once each, such as YYYY-MM-DD or D/M/YYYY",
        )
    return pattern


def read_date(cell: Cell, formats: tuple[re.Pattern[str] | None, ...]) -> str:
    """YYYY-MM-DD of a cell. Raises CellFault when no format fits, two give different days, or there is no such day."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool | timedelta) or not isinstance(cell, str | int | float):
        raise CellFault(faults.DATE_UNREADABLE)
    return _date(cell if isinstance(cell, str) else read_text(cell), formats)


@lru_cache(maxsize=20_000)
def _date(text: str, formats: tuple[re.Pattern[str] | None, ...]) -> str:
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        raise CellFault(faults.DATE_MISSING)
    found, impossible = set(), False
    for pattern in formats:
        if pattern is None:
            if text.isascii() and text.isdigit() and int(text[:8]) in _SERIALS:
                found.add(_SERIAL_ORIGIN + timedelta(days=int(text)))
        elif match := pattern.fullmatch(text):
            day = _day(match.groupdict())
            impossible = impossible or day is None
            found |= {day} if day else set()
    if len(found) > 1:
        raise CellFault(faults.DATE_AMBIGUOUS)
    if not found:
        raise CellFault(faults.DATE_IMPOSSIBLE if impossible else faults.DATE_UNREADABLE)
    return found.pop().isoformat()


def _day(parts: dict[str, str]) -> date | None:
    if "year" in parts:
        year = int(parts["year"])
    else:
        year = int(parts["short"]) + (1900 if int(parts["short"]) >= _SHORT_YEAR_PIVOT else 2000)
    try:
        month = _months.index(parts["name"][:3].lower()) + 1 if "name" in parts else int(parts["month"])
        return date(year, month, int(parts["day"]))
    except ValueError:
        return None


# --- Texts -----------------------------------------------------------------------------------------------------------


_WHOLE_BELOW = 10**15
"""Beyond, a float no longer holds every digit; a code such as 1E100 that a workbook took for a number looks like it."""
_tidy = lru_cache(maxsize=20_000)(tidy)


def read_text(cell: Cell) -> str:
    """The text of a cell in one line and normal form C; a whole number of a workbook without its point."""
    if isinstance(cell, str):
        return _tidy(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _WHOLE_BELOW:
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)


@lru_cache(maxsize=20_000)
def check_allowed(text: str) -> None:
    """Raise CellFault where a text has characters that the ledger refuses: controls, bidi and format marks."""
    try:
        check_text(encode(text))
    except (CodecError, UnicodeEncodeError):
        raise CellFault(faults.TEXT_NOT_ALLOWED) from None
