"""Chapter 3 of the case: budget lines by functional and economic code, plan, project account, virement and supplement.

The lines of both years and the reserve sum to exactly 1,281.76 万元. How they are split is illustrative.
"""

from typing import NamedTuple

from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts.adjustments import DecideAdjustment, RequestSupplement, RequestTransfer
from mingzhang.chain.contracts.allotments import AllocateFunds, SetPlan
from mingzhang.chain.contracts.budgets import ApproveLine, Payer
from mingzhang.demo.declaration import PROJECT, RESERVE_FEN
from mingzhang.demo.story import Chapter, Step, always

DOCUMENT_2022, DOCUMENT_2023 = "预〔2022〕示例 31 号", "预〔2023〕示例 2 号"
FUNCTION = "2100208"
"""公立医院 / 其他专科医院."""
WORKS_2022, WORKS_2023 = "hospital:works-2022", "hospital:works-2023"
EQUIPMENT_2022, EQUIPMENT_2023 = "hospital:equipment-2022", "hospital:equipment-2023"
SERVICES_2022, SERVICES_2023 = "hospital:services-2022", "hospital:services-2023"
MOVED_FEN = 6_000_000
"""Moved from equipment to services in 2022, for tests that the change of the works asks for."""


class PlannedLine(NamedTuple):
    """A line of the project and its economic classification, by department and by government."""

    line_id: str
    year: int
    department_code: str
    government_code: str
    approved_fen: int
    paid_from: Payer
    called: str


LINES = (
    PlannedLine(WORKS_2022, 2022, "31006", "50601", 560_000_000, "project_account", "大型修缮"),
    PlannedLine(EQUIPMENT_2022, 2022, "31003", "50601", 105_000_000, "treasury", "专用设备购置"),
    PlannedLine(SERVICES_2022, 2022, "30227", "50502", 48_680_000, "treasury", "委托业务费"),
    PlannedLine(WORKS_2023, 2023, "31006", "50601", 284_000_000, "project_account", "大型修缮"),
    PlannedLine(EQUIPMENT_2023, 2023, "31003", "50601", 229_000_000, "treasury", "专用设备购置"),
    PlannedLine(SERVICES_2023, 2023, "30227", "50502", 25_080_000, "treasury", "委托业务费"),
)
PLANS = {
    WORKS_2022: (0, 0, 0, 0, 0, 0, 90_000_000, 0, 150_000_000, 0, 0, 320_000_000),
    SERVICES_2022: (0, 0, 0, 0, 0, 0, 24_680_000, 0, 8_000_000, 0, 0, 16_000_000),
}
"""Spending plans (用款计划) in fen a month; here they inform, the lines control."""


def budget() -> Chapter:
    """Lines of both years, then what changed in them."""
    first = [line for line in LINES if line.year == 2022]
    second = [line for line in LINES if line.year == 2023]
    return Chapter(
        "指标与调整",
        [
            Step(
                "2022-06-01",
                "finance-budget",
                "误用代码表以外的功能代码 2100219 下达指标",
                always(_approval(first[0], function_code="2100219")),
                expect="code_not_in_table",
            ),
            *(_step("2022-06-01", line, DOCUMENT_2022) for line in first),
            Step(
                "2022-06-06",
                "hospital-finance",
                "编制 2022 年分月用款计划",
                always(*(SetPlan(line_id=line_id, months_fen=list(months)) for line_id, months in PLANS.items())),
            ),
            _allocation("2022-06-10", WORKS_2022, 300_000_000, name="first", purpose="首批拨款,保障开工"),
            _allocation("2022-09-05", WORKS_2022, 260_000_000, name="second", purpose="按进度拨付第二批"),
            *_transfer(),
            *_supplement(),
            _allocation("2022-11-18", WORKS_2022, RESERVE_FEN, name="third", purpose="追加部分拨付"),
            *(_step("2023-01-09", line, DOCUMENT_2023) for line in second),
            _allocation("2023-01-12", WORKS_2023, 284_000_000, name="fourth", purpose="2023 年拨款"),
        ],
    )


def _approval(line: PlannedLine, document: str = DOCUMENT_2022, function_code: str = FUNCTION) -> ApproveLine:
    return ApproveLine(
        line_id=line.line_id,
        organisation="hospital",
        project_id=PROJECT,
        year=line.year,
        function_code=function_code,
        department_economic_code=line.department_code,
        government_economic_code=line.government_code,
        fund_type="11",
        approved_fen=line.approved_fen,
        paid_from=line.paid_from,
        document=document,
    )


def _step(date: str, line: PlannedLine, document: str) -> Step:
    what = (
        f"下达 {line.year} 年指标 {yuan(line.approved_fen)} 元:功能 {FUNCTION},"
        f"部门经济 {line.department_code}({line.called}),政府经济 {line.government_code}"
    )
    return Step(date, "finance-budget", what, always(_approval(line, document)), mark=line.line_id)


def _allocation(date: str, line_id: str, amount_fen: int, *, name: str, purpose: str) -> Step:
    command = AllocateFunds(
        allocation_id=f"hospital:allocation-{name}", line_id=line_id, amount_fen=amount_fen, purpose=purpose
    )
    what = f"向项目账户拨款 {yuan(amount_fen)} 元({purpose})"
    return Step(date, "finance-treasury", what, always(command))


def _transfer() -> list[Step]:
    """Virement (调剂) between two lines of the project, decided by another person than who asked."""
    ask = RequestTransfer(
        adjustment_id="hospital:transfer-1",
        from_line=EQUIPMENT_2022,
        to_line=SERVICES_2022,
        amount_fen=MOVED_FEN,
        reason="设备采购成交价低于预算;结构变更须增加检测,申请调剂用于检测费。",
    )
    decide = DecideAdjustment(
        adjustment_id="hospital:transfer-1",
        verdict="approve",
        document="预调〔2022〕示例 7 号",
        opinion="同意在项目内调剂。",
    )
    return [
        Step("2022-09-13", "hospital-finance", f"申请调剂 {yuan(MOVED_FEN)} 元:设备 → 委托业务", always(ask)),
        Step("2022-09-16", "finance-budget", "批准调剂,两条指标同时变动", always(decide)),
    ]


def _supplement() -> list[Step]:
    """Supplement (追加) out of the project's own reserve: lines then sum to exactly what was approved."""
    ask = RequestSupplement(
        adjustment_id="hospital:supplement-1",
        to_line=WORKS_2022,
        amount_fen=RESERVE_FEN,
        source="项目概算内预备费",
        reason="ICU 楼板隐蔽工程须加固,按变更程序申请动用项目预备费。",
    )
    decide = DecideAdjustment(
        adjustment_id="hospital:supplement-1",
        verdict="approve",
        document="预追〔2022〕示例 3 号",
        opinion="在批复总额 1,281.76 万元以内,同意追加。",
    )
    return [
        Step("2022-11-08", "hospital-finance", f"申请追加 {yuan(RESERVE_FEN)} 元(动用预备费)", always(ask)),
        Step("2022-11-14", "finance-budget", "批准追加,指标合计达到批复总额 1,281.76 万元", always(decide)),
    ]
