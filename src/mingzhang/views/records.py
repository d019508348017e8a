"""Every record of the ledger as a row, and by which objects it can be found: the trace (who, when, what, why).

What a record did is in the other nouns' tables; its exact bytes are in the ledger. Blocks are in blocks.py.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from mingzhang.chain.operations import Record, wire_name
from mingzhang.views.batch import Batch
from mingzhang.views.blocks import first_record_at
from mingzhang.views.members import PEOPLE, organisations_under
from mingzhang.views.paging import DEFAULT_LIMIT, Condition, Listing, Page, Path
from mingzhang.views.subjects import Subject, subjects_of
from mingzhang.views.tables import Row, RowTable

MOST_PARTS = 200
"""Signers or codes whose records are merged for a page; with more of them all records are walked through instead."""


class RecordRow(Row):
    """One record. `record` is its index in the ledger, `cause` that of the record that called for it.

    `subjects` are (kind, id) of the objects it is about; `facts` what a refusal read, else empty.
    """

    record: int
    height: int
    time: int
    signer: str
    command: str
    code: str
    item: int
    cause: int | None
    envelope: str
    subjects: list[Subject]
    facts: dict[str, int | str]


class Touch(Row):
    """A record is about an object."""

    kind: str
    object_id: str
    record: int


class RecordCount(Row):
    """How many records of a command ended with a code."""

    command: str
    code: str
    count: int


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records; all conditions given must hold. Times are ledger time, from the first to before the second.

    `organisation` means people of it and of those below it; `refused` all codes but ok; `cause` what followed a record.
    """

    subject: Subject | None = None
    organisation: str | None = None
    signer: str | None = None
    command: str | None = None
    code: str | None = None
    refused: bool = False
    cause: int | None = None
    from_time: int | None = None
    until_time: int | None = None


RECORDS = RowTable(
    "records",
    RecordRow,
    key=("record",),
    indexes={
        "signer": ("signer", "record"),
        "command": ("command", "record"),
        "refused": ("code", "record"),
        "cause": ("cause", "record"),
    },
    partial={"refused": "code <> 'ok'", "cause": "cause IS NOT NULL"},
)
TOUCHES = RowTable("touches", Touch, key=("object_id", "kind", "record"))
RECORD_COUNTS = RowTable("record_counts", RecordCount, key=("command", "code"), kept=True)
_RECORDS = Listing(RECORDS, RecordRow, sorts={"record": ("record",)})


# --- Projector ---


def project_record(batch: Batch, record: Record) -> None:
    """The record, the objects it is about, and one more of its kind."""
    kind: Any = type(record.command)
    command = _name(kind)
    subjects = subjects_of(record)
    batch.add(
        RECORDS,
        RecordRow(
            record=record.index,
            height=record.height,
            time=record.time,
            signer=record.signer,
            command=command,
            code=record.code,
            item=record.item,
            cause=record.cause,
            envelope=record.envelope,
            subjects=subjects,
            facts=record.facts,
        ),
    )
    batch.add_values(TOUCHES, [(kind, object_id, record.index) for kind, object_id in subjects])
    counted = batch.find(RECORD_COUNTS, command, record.code)
    if counted is None:
        counted = batch.new(RECORD_COUNTS, RecordCount(command, record.code, 0))
    counted.count += 1


_name = cache(wire_name)


# --- Queries ---


def get_record(connection: sa.Connection, record: int) -> RecordRow | None:
    """A record by its index, or None; leaves of blocks have indexes too and are no records."""
    return _RECORDS.one(connection, RECORDS.c.record == record)


def list_records(
    connection: sa.Connection,
    wanted: RecordFilter = RecordFilter(),  # noqa: B008 (frozen)
    *,
    sort: str = "-record",
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[RecordRow]:
    """Records in the order of the ledger. Raises WrongQuery."""
    span = _span(connection, wanted)
    if span is None:
        return Page([], 0, None)
    signers = None if wanted.organisation is None else _people(connection, wanted.organisation)
    paths = _paths(connection, wanted, span, signers=signers)
    conditions = _conditions(wanted, span, signers=signers)
    return _RECORDS.page(connection, conditions, sort=sort, limit=limit, after=after, paths=paths)


def count_records(connection: sa.Connection) -> list[RecordCount]:
    """How many records of each command ended with each code."""
    rows = connection.execute(sa.select(RECORD_COUNTS.table).order_by(RECORD_COUNTS.c.command, RECORD_COUNTS.c.code))
    return [RECORD_COUNTS.read(row, RecordCount) for row in rows]


_C, _T = RECORDS.c, TOUCHES.c
_Span = tuple[int | None, int | None]
"""Indexes from the first one to before the second, where given."""


def _span(connection: sa.Connection, wanted: RecordFilter) -> _Span | None:
    """The time asked for as indexes, which grow with time; None when it lies ahead."""
    first = beyond = None
    if wanted.from_time is not None:
        first = first_record_at(connection, wanted.from_time)
        if first is None:
            return None
    if wanted.until_time is not None:
        beyond = first_record_at(connection, wanted.until_time)
    return first, beyond


def _within(column: "sa.ColumnElement[int]", span: _Span) -> list[Condition]:
    first, beyond = span
    return [*([] if first is None else [column >= first]), *([] if beyond is None else [column < beyond])]


def _people(connection: sa.Connection, organisation: str) -> list[str]:
    organisations = organisations_under(connection, (organisation,))
    found = sa.select(PEOPLE.c.person_id).where(PEOPLE.c.organisation.in_(organisations)).order_by(PEOPLE.c.person_id)
    return list(connection.execute(found).scalars())


def _conditions(wanted: RecordFilter, span: _Span, *, signers: Sequence[str] | None) -> list[Condition]:
    conditions = _within(_C.record, span)
    if signers is not None:
        conditions.append(_C.signer.in_(signers))
    for column, value in ((_C.signer, wanted.signer), (_C.command, wanted.command), (_C.code, wanted.code)):
        if value is not None:
            conditions.append(column == value)
    if wanted.refused:
        conditions.append(_C.code != "ok")
    if wanted.cause is not None:
        conditions.append(_C.cause == wanted.cause)
    return conditions


def _paths(
    connection: sa.Connection, wanted: RecordFilter, span: _Span, *, signers: Sequence[str] | None
) -> list[Path]:
    """What the filter offers, from what is usually rarest to the walk through all; an object's records are its own."""
    if wanted.subject is not None:
        kind, object_id = wanted.subject
        touched = sa.and_(_T.kind == kind, _T.object_id == object_id)
        on = _C.record == _T.record
        return [Path([touched], "record", _within(_T.record, span), through=TOUCHES.table, on=on, by=_T.record)]
    within = _within(_C.record, span)
    parts: list[Sequence[Condition]] = []
    if wanted.cause is not None:
        parts.append([_C.cause == wanted.cause])
    if wanted.refused or wanted.code not in {None, "ok"}:
        codes = _refusals(connection) if wanted.code is None else [wanted.code]
        parts.append([sa.and_(_C.code == code, _NOT_OK) for code in codes])
    if wanted.signer is not None:
        parts.append([_C.signer == wanted.signer])
    if signers is not None:
        parts.append([_C.signer == signer for signer in signers])
    if wanted.command is not None:
        parts.append([_C.command == wanted.command])
    paths = [Path(each, "record", within) for each in parts if len(each) <= MOST_PARTS]
    return [*paths, Path([sa.true()], "record", within)]


_NOT_OK = _C.code != sa.literal_column("'ok'")
"""Spelled as in the partial index, which SQLite uses only for a condition of the same words."""


def _refusals(connection: sa.Connection) -> list[str]:
    found = sa.select(RECORD_COUNTS.c.code).where(RECORD_COUNTS.c.code != "ok").distinct()
    return sorted(connection.execute(found).scalars())
