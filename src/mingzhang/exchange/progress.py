"""Which rows of a file an earlier run of its import has seen taken: a small file beside the error file.

Only a saving of work: without it all rows are sent again, and the ledger answers `exists`. So it is believed only as
far as the ledger itself still holds what it says.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Self

import msgspec

from mingzhang.exchange import ExchangeError


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="header"):
    """What the progress is of. `ledger` is the hash of the genesis record, `digest` that of `rows` data rows."""

    ledger: str
    source: str
    map: str
    rows: int
    digest: str


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag="taken"):
    """Rows that were taken in one batch, as `2-501,503`, and the hash of the batch's last record."""

    rows: str
    record: int
    leaf: str


_decoder = msgspec.json.Decoder(Header | Taken)
_encode = msgspec.json.Encoder().encode


class Progress:
    """The file, opened. Lines are added as batches are answered; a line cut off by a crash is left out when reading."""

    def __init__(self, path: Path) -> None:
        """Read what is there. Raises OSError, and ExchangeError where the file is none of ours."""
        self.path = path
        self.header: Header | None = None
        self.taken: set[int] = set()
        self._lines: list[Taken] = []
        self._file: IO[bytes] | None = None
        if path.exists():
            self._read(path.read_bytes())

    def _read(self, data: bytes) -> None:
        whole, _newline, _torn = data.rpartition(b"\n")
        try:
            lines = [_decoder.decode(line) for line in whole.splitlines()]
        except msgspec.MsgspecError as error:
            raise ExchangeError(
                f"{self.path} 不是导入进度文件，请移走或用 --errors 另指定位置",
                f"{self.path}: is no progress of an import; move it away or give another --errors: {error}",
            ) from None
        for line in lines:
            if isinstance(line, Header):
                self.header = line
            else:
                self._lines.append(line)

    @property
    def earlier_rows(self) -> int:
        """Data rows of the file as the earlier run read it; 0 if there was none."""
        return 0 if self.header is None else self.header.rows

    def begin(self, header: Header, *, earlier_digest: str, is_unique: bool, leaf_hash: Callable[[int], str]) -> None:
        """Decide what of the earlier progress still holds, and open the file for more.

        `earlier_digest` is that of as many rows of today's file as the earlier run had; `is_unique` says that rows have
        ids of their own. Raises ExchangeError when rows are known by their numbers only, and those have shifted.
        """
        old = self.header
        same = old is not None and (old.ledger, old.source) == (header.ledger, header.source)
        if old is not None and same and not is_unique and old.digest != earlier_digest and old.rows != header.rows:
            raise ExchangeError(
                f"文件在上次导入后增删过行（{old.rows} 行变为 {header.rows} 行），行号已不可靠；请恢复原行序，"
                "或在映射中用 unique 指定唯一编号列，或把新增的行另存为一个文件、另取 source 导入",
                f"rows were added or removed in the middle since the last run ({old.rows} then, {header.rows} now), so"
                " row numbers tell nothing; restore their order, name a unique column in the map, or import the new"
                " rows as a file with a source of its own",
            )
        holds = old is not None and same and old.map == header.map and old.digest == earlier_digest
        kept = list(_held(self._lines, leaf_hash)) if holds else []
        self.taken = {row for line in kept for row in parse_rows(line.rows)}
        self.header = header
        part = self.path.with_name(self.path.name + ".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._file.write(b"".join(_encode(line) + b"\n" for line in (header, *kept)))
        part.replace(self.path)

    def add(self, rows: Iterable[int], record: int, leaf: str) -> None:
        """Add the taken rows of a batch."""
        if self._file is None:
            raise RuntimeError("begin() comes before add()")
        text = format_rows(rows)
        if text:
            self._file.write(_encode(Taken(rows=text, record=record, leaf=leaf)) + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _held(lines: Iterable[Taken], leaf_hash: Callable[[int], str]) -> Iterable[Taken]:
    """Lines whose record the ledger holds; a ledger restored to an earlier state lacks the later ones."""
    for line in lines:
        if leaf_hash(line.record) == line.leaf:
            yield line


def format_rows(rows: Iterable[int]) -> str:
    """Row numbers as `2-501,503`."""
    spans: list[list[int]] = []
    for row in sorted(rows):
        if spans and spans[-1][1] == row - 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def parse_rows(text: str) -> Iterable[int]:
    """The row numbers of `format_rows`."""
    for span in text.split(","):
        first, _, last = span.partition("-")
        yield from range(int(first), int(last or first) + 1)
