"""Chapter 7 of the case: actual values with evidence, self-evaluations of 2022 and of the whole project, finance's
re-evaluations, and what followed: a suggestion for next year and a rectification order.

The method is the national one (rulebooks/methods/national.yaml); all values are illustrative.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mingzhang.chain.codec import Wire
from mingzhang.chain.contracts.actuals import ReportActual
from mingzhang.chain.contracts.evaluations import Entry, SubmitSelfEvaluation
from mingzhang.chain.contracts.reevaluations import Adjustment, ReEvaluate
from mingzhang.chain.contracts.results import AnswerRectification, CloseRectification
from mingzhang.demo.declaration import PROJECT
from mingzhang.demo.story import Chapter, Stage, Step, always
from mingzhang.demo.targets import measure

YEAR_EVALUATION, WHOLE_EVALUATION = "hospital:evaluation-2022", "hospital:evaluation-whole"
EVIDENCE_READERS = ("hospital-clerk", "hospital-head", "finance-performance", "auditor")


class Reported(NamedTuple):
    """An actual value, a number or a level with its completion in basis points; and what the unit says of it.

    `own` is the unit's own score where it departs from the formula's, with `reason`.
    """

    indicator_id: str
    value: str
    source: str
    formula: int
    own: int | None = None
    reason: str = ""
    measures: str = ""


OF_2022 = (
    Reported("area-2022", "2926.5", "监理月报", 1626, reason="ICU 楼板加固占用工期,部分病房顺延。",
             measures="一季度加派两个班组。"),
    Reported("equipment-2022", "0", "设备验收单", 0, own=300, reason="设备已投产,交货期推迟,自评按生产进度计分。",
             measures="与供货方约定 2 月底前到货。"),
    Reported("pass-rate-2022", "100", "分部工程质量验收记录", 1000),
    Reported("progress-2022", "75", "监理月报", 375, reason="四个节点中一个延期。", measures="按周检查节点。"),
    Reported("environment-2022", "partly 6500", "过渡病区运行记录", 1950, own=2400,
             reason="过渡病区床位减少但未停诊,自评按服务人次计分。", measures="增设过渡床位。"),
    Reported("satisfied-2022", "86.5", "满意度调查报告", 961, reason="施工噪声影响住院体验。",
             measures="限时施工并加装隔音。"),
    Reported("", "", "", 993),
)  # fmt: skip
OF_WHOLE = (
    Reported("area", "5338.5", "竣工图和验收报告", 1500),
    Reported("wards", "4", "竣工验收报告", 1000),
    Reported("equipment-ready", "24", "设备验收单", 500),
    Reported("pass-rate", "96", "质量验收记录", 960, reason="一个分项返工后合格。", measures="完善样板先行制度。"),
    Reported("finish-delay", "0", "竣工验收备案表", 500),
    Reported("cost", "1272.61", "结算审核报告", 500),
    Reported("capacity", "3150", "病案首页统计(按开业后月均折算)", 750, reason="2023 年 4 月起陆续开放床位。",
             measures="三季度全部开放。"),
    Reported("environment", "achieved 8800", "第三方评估意见", 880, reason="部分标识尚未更新。",
             measures="7 月底前更新。"),
    Reported("region", "partly 6500", "转诊协议", 650, own=800, reason="已与两家医院达成意向,自评计入意向协议。",
             measures="9 月底前签订正式协议。"),
    Reported("satisfied", "87.2", "满意度调查报告", 969, reason="停车位不足。", measures="协调周边停车资源。"),
    Reported("", "", "", 966),
)  # fmt: skip


def performance() -> Chapter:
    """Two evaluations: the year 2022 was fair, the whole project good."""
    return Chapter("绩效评价", [*_year(), *_rectification(), *_whole()])


def _year() -> list[Step]:
    decision = ReEvaluate(
        evaluation_id=YEAR_EVALUATION,
        adjustments=[Adjustment(indicator_id="progress-2022", score=300, reason="监理月报显示另有一个节点部分延期。")],
        opinion="设备未到货不能按生产进度计分;请针对失分指标整改。",
        evidence=[],
    )
    return [
        Step(
            "2023-01-18",
            "hospital-clerk",
            "填报 2022 年 6 项指标实际值,每项附密封佐证",
            _reports(OF_2022, "2022-12-31"),
        ),
        Step(
            "2023-02-06",
            "hospital-clerk",
            "2022 年度自评:公式得分与自评分并列,偏差逐项说明",
            always(_self_evaluation(YEAR_EVALUATION, 2022, OF_2022)),
            mark="self-2022",
        ),
        Step(
            "2023-02-20",
            "finance-performance",
            "财政复核 2022 年度:以公式得分为准,核减进度指标,等级为中",
            always(decision),
            mark="final-2022",
        ),
    ]


def _rectification() -> list[Step]:
    close = CloseRectification(
        evaluation_id=YEAR_EVALUATION,
        verdict="close",
        opinion="设备已到货调试,工程已竣工,整改到位。",
        days=0,
    )
    return [
        Step("2023-04-03", "hospital-head", "提交整改报告:设备到货、工期追回", lambda stage: [_rectified(stage)]),
        Step("2023-04-07", "finance-performance", "核实整改,销号", always(close)),
    ]


def _whole() -> list[Step]:
    decision = ReEvaluate(
        evaluation_id=WHOLE_EVALUATION,
        adjustments=[
            Adjustment(indicator_id="environment", score=700, reason="第三方评估样本只含一个病区。"),
            Adjustment(indicator_id="region", score=500, reason="意向协议不是转诊机制,证据不足。"),
        ],
        opinion="产出全部完成;效益证据需补充。",
        evidence=[],
    )
    return [
        Step(
            "2023-06-12",
            "hospital-clerk",
            "填报项目总体 10 项指标实际值,每项附密封佐证",
            _reports(OF_WHOLE, "2023-05-31"),
        ),
        Step(
            "2023-06-19",
            "hospital-clerk",
            "项目总体自评(全国办法:产出 50、效益 30、满意度 10、执行率 10)",
            always(_self_evaluation(WHOLE_EVALUATION, None, OF_WHOLE)),
            mark="self-whole",
        ),
        Step(
            "2023-07-10",
            "finance-performance",
            "财政重点复核:两项效益证据不足,核减后等级为良",
            always(decision),
            mark="final-whole",
        ),
    ]


def _reports(reported: Sequence[Reported], date: str) -> Callable[[Stage], Sequence[Any]]:
    def commands(stage: Stage) -> Sequence[Any]:
        return [_report(stage, one, date) for one in reported if one.indicator_id]

    return commands


def _report(stage: Stage, one: Reported, date: str) -> ReportActual:
    level, _, completion = one.value.partition(" ")
    proof = stage.file(
        f"{one.indicator_id}佐证材料.txt",
        f"{one.source}:指标 {one.indicator_id} 的原始记录,含经办人签字和联系方式。",
        owner="hospital",
        readers=EVIDENCE_READERS,
    )
    return ReportActual(
        actual_id=f"hospital:actual-{one.indicator_id}",
        project_id=PROJECT,
        indicator_id=one.indicator_id,
        value=None if completion else measure(one.value),
        level=level if completion else None,
        completion_bp=int(completion) if completion else None,
        source=one.source,
        evidence=[proof],
        date=date,
    )


def _self_evaluation(evaluation_id: str, year: int | None, reported: Sequence[Reported]) -> Wire:
    entries = [
        Entry(
            indicator_id=one.indicator_id or None,
            not_applicable=False,
            self_score=one.formula if one.own is None else one.own,
            reason=one.reason,
            measures=one.measures,
        )
        for one in reported
    ]
    return SubmitSelfEvaluation(
        evaluation_id=evaluation_id,
        project_id=PROJECT,
        year=year,
        entries=entries,
        narrative="按批复的绩效目标自评;自评分与公式得分不一致的已逐项说明。(指标与数值为示例)",
    )


def _rectified(stage: Stage) -> AnswerRectification:
    report = stage.file("整改报告.txt", "逐项整改情况及责任人名单。", owner="hospital", readers=EVIDENCE_READERS)
    return AnswerRectification(
        evaluation_id=YEAR_EVALUATION,
        answer="设备 24 台已于 2 月 24 日到货并调试合格;增加班组后工程于 3 月 21 日竣工验收;过渡床位已增设。",
        evidence=[report],
    )
