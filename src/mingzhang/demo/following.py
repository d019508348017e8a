"""What the story says of events: sentences for what the ledger did by itself, notes on what people's steps brought."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts.agreements import AgreementCountersigned
from mingzhang.chain.contracts.disclosure import Published
from mingzhang.chain.contracts.evaluations import ReEvaluated, SelfEvaluationSubmitted
from mingzhang.chain.contracts.milestones import MilestoneReleased
from mingzhang.chain.contracts.payments import PaymentRequested, hold_told
from mingzhang.chain.contracts.releases import ReleaseMilestone
from mingzhang.chain.contracts.results import RectificationOrdered, ResultApplied
from mingzhang.chain.contracts.scorecards import AssessedAtEnd
from mingzhang.chain.operations import Record

_NEXT_YEAR = {"keep": "维持", "raise": "增加", "cut": "核减"}


class Said(NamedTuple):
    """A sentence, and why it happened."""

    what: str
    why: str


def follow_up_told(record: Record) -> Said | None:
    """The sentence for a record of the ledger itself; None where it changed nothing."""
    if record.code != "ok":
        return Said(_attempted(record.command), "")
    said = [_TELLINGS[type(event)](event) for event in record.events if type(event) in _TELLINGS]
    if said:
        return Said(";".join(one.what for one in said), ";".join(one.why for one in said))
    return Said(type(record.command).__name__, "") if record.events else None


def noted(records: Sequence[Record]) -> str:
    """What is worth knowing of accepted records: why a payment waits, what was bound, the scores, what is not shown."""
    events = [event for record in records for event in record.events]
    return ";".join(note for event in events if type(event) in _NOTES and (note := _NOTES[type(event)](event)))


def score(hundredths: int) -> str:
    """A score as text: 9550 -> '95.50'."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _attempted(command: Any) -> str:
    if isinstance(command, ReleaseMilestone):
        return f"到期处理 {command.agreement_id} 的节点 {command.milestone_id}"
    return type(command).__name__


def _released(event: MilestoneReleased) -> Said:
    rests = f"依据见证 {'、'.join(event.attestations)}" if event.attestations else "按合同约定的日期或会签生效"
    what = f"自动支付节点 {event.payment_id}:{yuan(event.amount_fen)} 元,指标 {event.line_id}"
    return Said(what, f"条件齐备:{rests}")


def _applied(event: ResultApplied) -> Said:
    what = (
        f"结果应用:{score(event.total)} 分,等级{event.grade.name},"
        f"下年预算建议{_NEXT_YEAR[event.grade.next_year]}({yuan(event.change_fen)} 元)"
    )
    return Said(what, event.grade.basis)


def _ordered(event: RectificationOrdered) -> Said:
    return Said(f"下达整改通知,期限 {event.due_date}", f"失分指标:{'、'.join(event.indicators)}")


def _assessed(event: AssessedAtEnd) -> Said:
    total = event.card.total
    return Said(f"项目到期,自动形成总体评分表:{score(total)} 分", "按公布的办法计算,可逐项复算")


def _held(event: PaymentRequested) -> str:
    return ";".join(f"转人工审核:{hold_told(hold)[0]}" for hold in event.holds)


def _bound(event: AgreementCountersigned) -> str:
    return f"占用指标 {event.line_id} {yuan(event.bound_fen)} 元"


def _self_scored(event: SelfEvaluationSubmitted) -> str:
    explained = sum(1 for side in event.sides if side.deviation)
    return (
        f"公式得分 {score(event.card.total)},自评 {score(event.self_total)}({event.self_grade.name}),"
        f"{explained} 项有偏差,均已说明"
    )


def _scored(event: ReEvaluated) -> str:
    return f"最终得分 {score(event.total)},等级{event.grade.name}"


def _published(event: Published) -> str:
    hidden = [one.field for one in event.withheld if one.treatment == "hidden"]
    masked = [one.field for one in event.withheld if one.treatment == "masked"]
    return f"公开 {len(event.fields)} 项,遮盖 {len(masked)} 项,不公开 {len(hidden)} 项,来源第 {event.source} 条记录"


_NOTES: dict[type[Any], Callable[[Any], str]] = {
    PaymentRequested: _held,
    AgreementCountersigned: _bound,
    SelfEvaluationSubmitted: _self_scored,
    ReEvaluated: _scored,
    Published: _published,
}
_TELLINGS: dict[type[Any], Callable[[Any], Said]] = {
    MilestoneReleased: _released,
    ResultApplied: _applied,
    RectificationOrdered: _ordered,
    AssessedAtEnd: _assessed,
}
