"""What the example city's units may spend on running costs: lines by economic code, sized by people, with seasons.

All figures are illustrative. Projects are in city_projects.py; what is paid is in city_payments.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from mingzhang.chain.contracts.budgets import ApproveLine
from mingzhang.demo.city_bodies import Unit

EVENLY = (1,) * 12
SALARY = (10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 13)
RUSH = (2, 2, 6, 8, 9, 10, 8, 8, 10, 9, 12, 16)
"""Little before the budget is replied to and around Spring Festival, most at the year's end."""
SUMMER = (9, 8, 7, 7, 8, 9, 11, 12, 10, 7, 6, 6)
SCHOOL_HOLIDAYS = (4, 3, 4, 5, 6, 8, 17, 18, 7, 6, 9, 13)
QUARTERLY = (0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1)
EVERY_SECOND = (0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1)
GROWTH_PERCENT = {2021: 100, 2022: 103, 2023: 105}


class Running(NamedTuple):
    """A kind of running cost: codes, yuan a head and year, seasons, payments a year, whom it is paid to."""

    code: str
    office_code: str
    institution_code: str
    a_head_yuan: int
    seasons: tuple[int, ...]
    payments: int
    payee_group: str
    purpose: str
    invoiced: bool = True
    only: str = ""


RUNNING = (
    Running("30101", "50101", "50501", 58_000, EVENLY, 12, "payroll", "基本工资", invoiced=False),
    Running("30102", "50101", "50501", 46_000, SALARY, 12, "payroll", "津贴补贴", invoiced=False, only="office"),
    Running("30107", "50101", "50501", 52_000, SALARY, 12, "payroll", "绩效工资", invoiced=False, only="institution"),
    Running("30108", "50102", "50501", 17_600, EVENLY, 12, "social", "机关事业单位基本养老保险", invoiced=False),
    Running("30110", "50102", "50501", 8_400, EVENLY, 12, "social", "职工基本医疗保险", invoiced=False),
    Running("30113", "50103", "50501", 12_800, EVENLY, 12, "housing", "住房公积金", invoiced=False),
    Running("30201", "50201", "50502", 2_400, RUSH, 20, "office", "办公用品"),
    Running("30205", "50201", "50502", 620, EVERY_SECOND, 6, "waterworks", "水费"),
    Running("30206", "50201", "50502", 2_900, SUMMER, 12, "power", "电费"),
    Running("30207", "50201", "50502", 860, EVENLY, 12, "telecom", "通信网络费"),
    Running("30209", "50201", "50502", 3_100, QUARTERLY, 4, "property", "物业管理费"),
    Running("30211", "50201", "50502", 1_700, RUSH, 15, "travel", "差旅费"),
    Running("30213", "50209", "50502", 2_200, RUSH, 8, "repair", "维修(护)费"),
    Running("30216", "50203", "50502", 820, RUSH, 5, "training", "培训费"),
    Running("30226", "50205", "50502", 1_050, RUSH, 8, "labour", "劳务费", invoiced=False),
    Running("30231", "50208", "50502", 680, EVENLY, 6, "car", "公务用车运行维护费", only="office"),
    Running("30299", "50299", "50502", 940, RUSH, 8, "misc", "其他商品和服务支出"),
)
SCHOOLS = "205"
"""Functional class 教育: schools have their repairs done in the holidays."""


@dataclass
class CityLine:
    """A line and what the generator knows of it: `left_fen` is what the ledger will find available."""

    line_id: str
    unit: Unit
    year: int
    function_code: str
    department_code: str
    government_code: str
    approved_fen: int
    seasons: tuple[int, ...]
    payments: int
    payee_group: str
    purpose: str
    invoiced: bool
    use_percent: int
    project_id: str | None = None
    left_fen: int = 0
    moved_fen: int = 0
    """What a transfer not yet decided will bring."""

    def approval(self) -> ApproveLine:
        """The command that approves the line."""
        return ApproveLine(
            line_id=self.line_id,
            organisation=self.unit.unit_id,
            project_id=self.project_id,
            year=self.year,
            function_code=self.function_code,
            department_economic_code=self.department_code,
            government_economic_code=self.government_code,
            fund_type="11",
            approved_fen=self.approved_fen,
            paid_from="treasury",
            document=f"预〔{self.year}〕示例 1 号",
        )


def running_lines(chosen: Iterable[Unit], year: int, random: Random) -> list[CityLine]:
    """Lines for the running costs of a year."""
    lines = []
    for unit in chosen:
        for cost in RUNNING:
            if cost.only and (cost.only == "office") != unit.office:
                continue
            percent = GROWTH_PERCENT.get(year, 100) * random.randint(88, 114)
            amount_fen = cost.a_head_yuan * unit.people * percent // 1_000 * 10
            school = unit.function_code.startswith(SCHOOLS) and not unit.office
            lines.append(
                CityLine(
                    line_id=f"{unit.unit_id}:{year}-{cost.code}",
                    unit=unit,
                    year=year,
                    function_code=unit.function_code,
                    department_code=cost.code,
                    government_code=cost.office_code if unit.office else cost.institution_code,
                    approved_fen=amount_fen,
                    seasons=SCHOOL_HOLIDAYS if school and cost.code == "30213" else cost.seasons,
                    payments=cost.payments,
                    payee_group=cost.payee_group,
                    purpose=cost.purpose,
                    invoiced=cost.invoiced,
                    use_percent=random.choice((100, 100, 99, 98, 97, 95, 92)),
                    left_fen=amount_fen,
                )
            )
    return lines
