"""The map of a payments file: which column holds what, in the words of the file, as YAML that an office can write.

How cells are read by it stands in cells.py, how rows become payments in rows.py.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta

from mingzhang.chain.codec import Id
from mingzhang.exchange import ExchangeError
from mingzhang.exchange.texts import tidy

EXAMPLE = Path(__file__).parent / "example_map.yaml"
"""A commented map, every option in it."""
SOURCE_LENGTH_MAX = 40
"""Leaves room for a row number or document number in the 64 characters of an object id's local part."""
UNIQUE_SOURCE = "document"
BUILT_IN = ("year", "month", "date")
"""Placeholders that come from the row's date; a column of such a name cannot be used in a template."""

NonEmpty = Annotated[str, Meta(min_length=1)]
Conditions = list[Annotated[dict[str, str], Meta(min_length=1)]]
"""Each entry: columns and the pattern their whole cell must match, all of them; "" is an empty cell. Any entry may."""

UNITS: dict[str, int] = {"分": 1, "fen": 1, "元": 100, "yuan": 100, "千元": 100_000, "thousand_yuan": 100_000,
                         "万元": 1_000_000, "ten_thousand_yuan": 1_000_000}  # fmt: skip
"""Units of amounts, in fen."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the map."""


class Amount(_Part, frozen=True):
    """Where the amount stands. `sign: reversed` for files in which payments are negative; a negative amount is then a
    refund, or refused. More decimals than fen are refused unless a rounding is named.
    """

    column: NonEmpty
    unit: Literal["分", "fen", "元", "yuan", "千元", "thousand_yuan", "万元", "ten_thousand_yuan"] = "元"
    sign: Literal["normal", "reversed"] = "normal"
    negative: Literal["refund", "refuse"] = "refund"
    rounding: Literal["refuse", "half_up", "half_even"] = "refuse"
    decimal: Literal[".", ","] = "."


class Day(_Part, frozen=True):
    """Where the business date stands. Formats are made of YYYY YY MM M MMM DD D and what stands between; `excel` is a
    serial number. Cells that a workbook marks as dates need no format.
    """

    column: NonEmpty
    formats: Annotated[list[NonEmpty], Meta(min_length=1)] = msgspec.field(default_factory=lambda: ["YYYY-MM-DD"])


class Payee(_Part, frozen=True):
    """Where the payee stands: by name, with the account number if the file has it; or `id`, a template of the ids of
    payees that are registered already. `readers` may open sealed accounts and names; the importing person always may.
    """

    column: NonEmpty
    account: NonEmpty | None = None
    id: NonEmpty | None = None
    individuals_where: Conditions = []
    readers: list[Id] = []


class Table(_Part, frozen=True):
    """A CSV file beside the map that gives the line for a key; the key is a template."""

    table: NonEmpty
    key: NonEmpty
    key_column: NonEmpty = "key"
    line_column: NonEmpty = "line_id"


class PaymentsMap(_Part, frozen=True):
    """The whole map. `source` begins the ids of what is imported: the same rows again must have the same source."""

    organisation: Id
    amount: NonEmpty | Amount
    date: NonEmpty | Day
    payee: NonEmpty | Payee
    line: NonEmpty | Table
    purpose: NonEmpty
    source: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}(?!\n)$")] | None = None
    register_payees: bool = False
    unique: NonEmpty | None = None
    invoice: NonEmpty | None = None
    sheet: NonEmpty | None = None
    encoding: NonEmpty | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    skip_until_header: bool = False
    ignore_rows_where: Conditions = []
    repair_mojibake: bool = False

    @property
    def amounts(self) -> Amount:
        """The amount's rule, written out."""
        return Amount(column=self.amount) if isinstance(self.amount, str) else self.amount

    @property
    def days(self) -> Day:
        """The date's rule, written out."""
        return Day(column=self.date) if isinstance(self.date, str) else self.date

    @property
    def payees(self) -> Payee:
        """The payee's rule, written out."""
        return Payee(column=self.payee) if isinstance(self.payee, str) else self.payee

    @property
    def line_template(self) -> str:
        """The template of the line, or of its key in the table."""
        return self.line if isinstance(self.line, str) else self.line.key

    def columns(self) -> list[str]:
        """The columns that the file must have, in the order of the map."""
        payee = self.payees
        templates = (self.line_template, self.purpose, self.unique, self.invoice, payee.account, payee.id)
        asked = [name for template in templates if template is not None for name in placeholders(template)]
        conditions = [*self.ignore_rows_where, *payee.individuals_where]
        found = [
            self.amounts.column,
            self.days.column,
            payee.column,
            *(name for name in asked if name not in BUILT_IN),
            *(name for condition in conditions for name in condition),
        ]
        return list(dict.fromkeys(tidy(name) for name in found))


def load_map(path: Path) -> tuple[PaymentsMap, dict[str, str] | None]:
    """(the map, its table of lines by key or None) of a YAML file. Raises ExchangeError naming the field."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = " ".join(str(error).split())
        raise ExchangeError(f"{path.name} 不是合格的 YAML", f"{path.name}: not valid YAML: {first}") from None
    try:
        mapping = msgspec.convert(value, PaymentsMap)
    except msgspec.ValidationError as error:
        what, _at, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".") or "map"
        raise ExchangeError(
            f"{path.name}：字段 {field} 不符合要求（{what}）", f"{path.name}: {field}: {what}"
        ) from None
    _check(mapping, path.name)
    return mapping, None if isinstance(mapping.line, str) else _load_table(path.parent, mapping.line)


def _check(mapping: PaymentsMap, name: str) -> None:
    for condition in (*mapping.ignore_rows_where, *mapping.payees.individuals_where):
        for column, pattern in condition.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ExchangeError(
                    f"{name}：列 {column} 的条件 {pattern!r} 不是合格的正则表达式",
                    f"{name}: the condition {pattern!r} on {column} is no regular expression: {error}",
                ) from None
    if mapping.register_payees and mapping.payees.id is not None:
        raise ExchangeError(
            f"{name}：payee.id 指向已登记的收款人，不能同时 register_payees",
            f"{name}: payee.id names payees that are registered; it excludes register_payees",
        )


def _load_table(folder: Path, table: Table) -> dict[str, str]:
    path = folder / table.table
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = {table.key_column, table.line_column} - set(reader.fieldnames or ())
            if lacking:
                raise ExchangeError(
                    f"{table.table} 缺少列 {'、'.join(sorted(lacking))}",
                    f"{table.table}: must have the columns {', '.join(sorted(lacking))}",
                )
            lines: dict[str, str] = {}
            for row in reader:
                key, line = tidy(row[table.key_column] or ""), (row[table.line_column] or "").strip()
                if lines.setdefault(key, line) != line:
                    raise ExchangeError(
                        f"{table.table}:{key!r} 对应两个指标", f"{table.table}: {key!r} is given two lines"
                    )
            return lines
    except FileNotFoundError:
        raise ExchangeError(f"没有指标对照表 {path}", f"{path}: there is no such table of lines") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ExchangeError(f"{table.table} 不是 UTF-8 的 CSV", f"{table.table}: must be UTF-8 CSV: {error}") from None


def digest_of_map(mapping: PaymentsMap, table: dict[str, str] | None) -> str:
    """What tells whether rows would become the same commands as in an earlier run."""
    return hashlib.sha256(msgspec.json.encode((mapping, table), order="deterministic")).hexdigest()


def source_of(mapping: PaymentsMap, path: Path) -> str:
    """The map's source. Without one, rows that have numbers of their own are the same in whatever file they come;
    others are known by the file's name, with a digest of it where it had to be changed.
    """
    if mapping.source is not None:
        return mapping.source
    if mapping.unique is not None:
        return UNIQUE_SOURCE
    stem = unicodedata.normalize("NFC", path.name.split(".")[0])
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")
    if plain == stem and len(plain) <= SOURCE_LENGTH_MAX:
        return plain
    digest = hashlib.sha256(stem.encode("utf-8")).hexdigest()[:8]
    return f"{plain[: SOURCE_LENGTH_MAX - 9] or 'file'}-{digest}"


# --- Templates -------------------------------------------------------------------------------------------------------

_placeholder = re.compile(r"\{([^{}]+)\}")


def placeholders(template: str) -> list[str]:
    """The names in braces."""
    return _placeholder.findall(template)


def compile_template(template: str, header: Sequence[str]) -> Callable[[Sequence[str], str], str]:
    """A function (texts of a row's cells, its date) -> the template with its placeholders filled in.

    Every placeholder must be built in or a column of the header.
    """
    pieces = _placeholder.split(template)
    literals, names = pieces[0::2], pieces[1::2]
    places = [BUILT_IN.index(name) - len(BUILT_IN) if name in BUILT_IN else header.index(tidy(name)) for name in names]

    def fill(texts: Sequence[str], date: str) -> str:
        given = (*texts, date[:4], date[5:7], date)
        return literals[0] + "".join(
            given[place] + literal for place, literal in zip(places, literals[1:], strict=True)
        )

    return fill
