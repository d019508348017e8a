"""Actual values of indicators (绩效指标实际完成值): typed, sourced, with evidence; all kept, the latest counts.

What an actual is worth in points is said by evaluations.py.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from mingzhang.chain.calendar import date_of, time_of
from mingzhang.chain.codec import BasisPoints, Date, Id, ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import performance as codes
from mingzhang.chain.contracts.declarations import File, Indicator, Measure
from mingzhang.chain.contracts.members import check_authority, check_own_prefix, check_same
from mingzhang.chain.contracts.methods import Method
from mingzhang.chain.contracts.projects import Project, check_approved, read_declaration, read_project_method
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

_REPORTING = ("unit_business",)


# --- Commands ---


class ReportActual(Wire, frozen=True, tag="actuals.report/1"):
    """Report what an indicator reached by a date.

    A quantitative one has a `value`, a plain number that can never read "≥ 266"; a qualitative one a `level` of the
    method's bands and a `completion_bp` within that band. `source` says where the value was taken from.
    """

    actual_id: ObjectId
    project_id: ObjectId
    indicator_id: Id
    value: Measure | None
    level: Id | None
    completion_bp: BasisPoints | None
    source: Text
    evidence: Annotated[list[File], Meta(min_length=1, max_length=50)]
    date: Date


# --- Events ---


class ActualReported(Wire, frozen=True, tag="actuals.reported/1"):
    """See ReportActual."""

    actual_id: str
    project_id: str
    indicator_id: str
    value: Measure | None
    level: str | None
    completion_bp: int | None
    source: str
    evidence: list[File]
    date: str
    by: str
    record: int


# --- Keys ---


class Actual(msgspec.Struct, frozen=True):
    """A reported value and the index of its record."""

    actual_id: str
    project_id: str
    indicator_id: str
    value: Measure | None
    level: str | None
    completion_bp: int | None
    source: str
    evidence: list[File]
    date: str
    by: str
    record: int


REPORT = Key("actuals/report", Actual)
"""actuals/report/<actual>: every report"""
LATEST = Key("actuals/latest", Actual)
"""actuals/latest/<project>/<indicator>: of the reports with the latest date, the one that came last"""


# --- Rules ---


def read_actual(view: View, project_id: str, indicator_id: str) -> Actual | None:
    """The latest value reported for an indicator, or None."""
    return view.get(LATEST, f"{project_id}/{indicator_id}")


def decide_report_actual(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: project approved, authority, own prefix, id free, indicator known, value fits it, date."""
    command: ReportActual = item.command
    project = check_approved(view, command.project_id)
    check_authority(
        view, item.signer, _REPORTING, organisation=project.organisation, block=block, project=project.project_id
    )
    check_own_prefix(command.actual_id, project.organisation)
    fields = {name: getattr(command, name) for name in ReportActual.__struct_fields__}
    stored = view.get(REPORT, command.actual_id)
    if stored is not None:
        check_same(command.actual_id, stored, fields)
    _check_value(command, _find_indicator(view, project, command.indicator_id), read_project_method(view, project))
    today = date_of(block.time)
    if date_of(time_of(command.date)) != command.date or not project.start_date <= command.date <= today:
        raise Refused(codes.ACTUAL_DATE_WRONG, date=command.date, start_date=project.start_date, today=today)
    return [ActualReported(**fields, by=item.signer, record=item.index)]


def _find_indicator(view: View, project: Project, indicator_id: str) -> Indicator:
    for targets in read_declaration(view, project).targets:
        for indicator in targets.indicators:
            if indicator.indicator_id == indicator_id:
                return indicator
    raise Refused(codes.INDICATOR_UNKNOWN, project=project.project_id, indicator=indicator_id)


def _check_value(command: ReportActual, indicator: Indicator, method: Method) -> None:
    qualitative = indicator.operator == "qualitative"
    given = (command.value is None, command.level is None, command.completion_bp is None)
    if given != ((True, False, False) if qualitative else (False, True, True)):
        raise Refused(codes.ACTUAL_MUST_FIT_INDICATOR, indicator=indicator.indicator_id)
    if not qualitative:
        return
    for band in method.bands:
        if band.level == command.level and band.from_bp <= (command.completion_bp or 0) <= band.to_bp:
            return
    raise Refused(
        codes.COMPLETION_NOT_IN_BAND,
        indicator=indicator.indicator_id,
        level=command.level or "",
        completion_bp=command.completion_bp or 0,
    )


def evolve_actual_reported(draft: Draft, event: ActualReported) -> None:
    """Keep the report; it counts unless one of a later date is there."""
    actual = Actual(**{name: getattr(event, name) for name in Actual.__struct_fields__})
    draft.put(REPORT, event.actual_id, actual)
    name = f"{event.project_id}/{event.indicator_id}"
    latest = draft.get(LATEST, name)
    if latest is None or latest.date <= actual.date:
        draft.put(LATEST, name, actual)


COMMANDS = {ReportActual: Operation(decide_report_actual, _REPORTING)}
EVENTS = {ActualReported: evolve_actual_reported}
