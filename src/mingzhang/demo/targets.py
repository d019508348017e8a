"""The case's performance targets (绩效目标), of the year 2022 and of the whole project. All are illustrative.

Weights follow the national scheme: output 50, benefit 30, satisfaction 10; budget execution has the other 10.
"""

from typing import Literal

from mingzhang.chain.contracts.declarations import Indicator, Measure, Targets
from mingzhang.chain.contracts.methods import Dimension

Operator = Literal["at_least", "at_most", "equal"]


def whole_targets(*, deadline_clear: bool) -> Targets:
    """Targets of the whole project; the first version did not say by when the building must be finished."""
    deadline = (
        _number("finish-delay", "timeliness", 500, name="竣工日期晚于 2023 年 3 月 31 日的天数", target="0", unit="天",
                operator="at_most", evidence="竣工验收备案表")
        if deadline_clear
        else _words("finish-delay", "timeliness", 500, name="按期完成", goal="按进度及时完成",
                    evidence="竣工验收备案表")
    )  # fmt: skip
    return Targets(
        year=None,
        goal="完成住院大楼约 5,338.5 平方米改造并投入使用,改善康复患者就医环境,提升康复医疗服务能力。",
        scheme="standard",
        indicators=[
            _number("area", "quantity", 1500, name="完成改造建筑面积", target="5338.5", unit="平方米",
                    evidence="竣工图和验收报告"),
            _number("wards", "quantity", 1000, name="完成改造的病区和部门(儿童康复、临床、ICU、手术室)", target="4",
                    unit="个", evidence="验收报告"),
            _number("equipment-ready", "quantity", 500, name="设备安装调试合格台数", target="24", unit="台",
                    evidence="设备验收单"),
            _number("pass-rate", "quality", 1000, name="单位工程一次验收合格率", target="100", unit="%",
                    operator="equal", evidence="质量验收记录"),
            deadline,
            _number("cost", "economic_cost", 500, name="项目总成本不超过概算", target="1281.76", unit="万元",
                    operator="at_most", evidence="结算审核报告"),
            _number("capacity", "social", 1000, name="年康复住院服务能力", target="4200", unit="人次",
                    evidence="病案首页统计"),
            _words("environment", "social", 1000, name="患者就医环境改善", goal="明显改善", evidence="第三方评估意见"),
            _words("region", "sustainable", 1000, name="辐射周边康复医疗服务", goal="建立稳定转诊机制",
                   evidence="转诊协议"),
            _number("satisfied", "satisfaction", 1000, name="住院患者满意度", target="90", unit="%",
                    evidence="满意度调查报告"),
        ],
    )  # fmt: skip


def year_targets() -> Targets:
    """Targets of 2022."""
    return Targets(
        year=2022,
        goal="2022 年完成儿童康复病区和临床病房改造,设备到货并安装主要部分。",
        scheme="standard",
        indicators=[
            _number("area-2022", "quantity", 2000, name="完成改造建筑面积", target="3600", unit="平方米",
                    evidence="监理月报"),
            _number("equipment-2022", "quantity", 1500, name="设备到货并安装台数", target="24", unit="台",
                    evidence="设备验收单"),
            _number("pass-rate-2022", "quality", 1000, name="分部工程验收合格率", target="100", unit="%",
                    operator="equal", evidence="分部工程质量验收记录"),
            _number("progress-2022", "timeliness", 500, name="进度节点按期完成率", target="100", unit="%",
                    evidence="监理月报"),
            _words("environment-2022", "social", 3000, name="过渡期住院服务保障", goal="过渡病区正常收治",
                   evidence="过渡病区运行记录"),
            _number("satisfied-2022", "satisfaction", 1000, name="过渡期住院患者满意度", target="90", unit="%",
                    evidence="满意度调查报告"),
        ],
    )  # fmt: skip


def measure(text: str) -> Measure:
    """A decimal number as digits and scale: "5338.5" -> 53385 with scale 1."""
    whole, _, fraction = text.partition(".")
    return Measure(digits=int(whole + fraction), scale=len(fraction))


def _number(
    indicator_id: str,
    kind: str,
    weight: int,
    *,
    name: str,
    target: str,
    unit: str,
    evidence: str,
    operator: Operator = "at_least",
) -> Indicator:
    return Indicator(
        indicator_id=indicator_id,
        dimension=_dimension(kind),
        kind=kind,
        name=name,
        operator=operator,
        target=measure(target),
        target_text="",
        unit_of_measure=unit,
        weight=weight,
        evidence_needed=evidence,
    )


def _words(indicator_id: str, kind: str, weight: int, *, name: str, goal: str, evidence: str) -> Indicator:
    return Indicator(
        indicator_id=indicator_id,
        dimension=_dimension(kind),
        kind=kind,
        name=name,
        operator="qualitative",
        target=None,
        target_text=goal,
        unit_of_measure="",
        weight=weight,
        evidence_needed=evidence,
    )


def _dimension(kind: str) -> Dimension:
    if kind in ("quantity", "quality", "timeliness", "economic_cost"):
        return "output"
    return "satisfaction" if kind == "satisfaction" else "benefit"
