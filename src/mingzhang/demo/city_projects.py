"""The example city's projects: what is declared, reviewed and approved before a year begins, and what became of them.

All of it is illustrative. Their payments are in city_payments.py, their evaluations in city_results.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from mingzhang.chain.contracts.declarations import CostItem, Declaration, Indicator, Measure, Targets, YearAmount
from mingzhang.chain.contracts.projects import DeclareProject, ReviseProject
from mingzhang.chain.contracts.reviews import ApproveProject, ReviewProject
from mingzhang.demo.batches import Batch, in_batches
from mingzhang.demo.city_bodies import Unit, clerk, reviewer
from mingzhang.demo.city_budget import CityLine

SEASONS = (1, 2, 4, 6, 8, 9, 9, 9, 11, 12, 14, 15)


class Template(NamedTuple):
    """A kind of project: name, category, economic codes, whom it pays, a range in 万元, what it delivers."""

    name: str
    category: str
    department_code: str
    office_code: str
    institution_code: str
    payee_group: str
    smallest: int
    largest: int
    delivers: str
    unit: str


TEMPLATES: dict[str, tuple[Template, ...]] = {
    "": (
        Template("办公用房维修改造", "T01", "31006", "50307", "50601", "works", 60, 480, "完成维修面积", "平方米"),
        Template("信息系统建设", "T03", "31007", "50306", "50601", "it", 40, 620, "上线功能模块", "个"),
        Template("信息系统运行维护", "T04", "30227", "50205", "50502", "it", 20, 160, "系统可用天数", "天"),
        Template("专用设备购置", "T02", "31003", "50306", "50601", "device", 50, 900, "购置设备", "台"),
        Template("政策宣传与公众服务", "T04", "30227", "50205", "50502", "consult", 15, 120, "开展活动", "场"),
    ),
    "education": (
        Template("校舍维修改造", "T01", "31006", "50307", "50601", "works", 120, 1_500, "完成维修面积", "平方米"),
        Template("教学仪器设备购置", "T02", "31003", "50306", "50601", "device", 60, 700, "购置设备", "台"),
        Template("学生资助", "T05", "30308", "50902", "50902", "welfare", 80, 420, "资助学生", "人"),
    ),
    "civil": (
        Template("困难群众生活补助", "T05", "30305", "50901", "50901", "welfare", 200, 2_400, "补助对象", "人"),
        Template("养老服务设施改造", "T01", "31006", "50307", "50601", "works", 100, 900, "改造床位", "张"),
    ),
    "health": (
        Template("医疗设备更新", "T02", "31003", "50306", "50601", "device", 200, 2_200, "更新设备", "台"),
        Template("公共卫生服务", "T04", "30227", "50205", "50502", "consult", 80, 600, "服务人次", "百人次"),
    ),
    "transport": (
        Template("公路大中修工程", "T06", "31005", "50302", "50601", "works", 400, 3_600, "完成里程", "公里"),
        Template("桥梁安全检测", "T04", "30227", "50205", "50502", "consult", 60, 300, "检测桥梁", "座"),
    ),
    "water": (
        Template("排水管网改造", "T06", "31005", "50302", "50601", "works", 500, 3_200, "改造管网", "公里"),
        Template("水库除险加固", "T06", "31005", "50302", "50601", "works", 300, 1_800, "加固堤坝", "米"),
    ),
    "agriculture": (
        Template("高标准农田建设", "T06", "31005", "50302", "50601", "works", 300, 2_000, "建设农田", "亩"),
        Template("农业技术推广", "T04", "30227", "50205", "50502", "consult", 30, 220, "推广示范户", "户"),
    ),
    "urban": (
        Template("环卫作业服务外包", "T04", "30227", "50205", "50502", "consult", 300, 1_600, "保洁面积", "万平方米"),
    ),
    "science": (
        Template("科技成果转化补助", "T04", "30227", "50205", "50502", "consult", 100, 900, "转化项目", "个"),
    ),
}  # fmt: skip


@dataclass
class CityProject:
    """A project, decided in advance: what is asked, what approved, how well it will do."""

    project_id: str
    unit: Unit
    template: Template
    name: str
    slices: tuple[YearAmount, ...]
    approved: tuple[YearAmount, ...]
    target: int
    returned: bool
    rejected: bool
    quality: int
    agreement: bool
    lines: dict[int, CityLine] = field(default_factory=dict)

    @property
    def first_year(self) -> int:
        """The year of its first slice."""
        return self.slices[0].year

    def spends(self, year: int) -> bool:
        """Whether it was approved with money in a year."""
        return not self.rejected and any(part.year == year for part in self.approved)

    def line(self, year: int, use_percent: int) -> CityLine:
        """Its line of a year, made once."""
        if year not in self.lines:
            template, unit = self.template, self.unit
            amount_fen = sum(part.amount_fen for part in self.approved if part.year == year)
            self.lines[year] = CityLine(
                line_id=f"{self.project_id}-{year}",
                unit=unit,
                year=year,
                function_code=unit.function_code,
                department_code=template.department_code,
                government_code=template.office_code if unit.office else template.institution_code,
                approved_fen=amount_fen,
                seasons=SEASONS,
                payments=max(3, min(16, amount_fen // 40_000_000)),
                payee_group=template.payee_group,
                purpose=template.name,
                invoiced=template.payee_group != "welfare",
                use_percent=use_percent,
                project_id=self.project_id,
                left_fen=amount_fen,
            )
        return self.lines[year]


def plan_projects(chosen: Sequence[Unit], years: Sequence[int], count: int, *, random: Random) -> list[CityProject]:
    """All projects of the city over the years."""
    return [_planned(number, chosen[number % len(chosen)], years, random=random) for number in range(count)]


def project_batches(projects: Sequence[CityProject], year: int) -> Iterator[Batch]:
    """Declaration to approval of the projects that begin in a year, in the autumn before it."""
    mine = [one for one in projects if one.first_year == year]
    before = year - 1
    declared = [(clerk(one.unit.unit_id), _declaration(one, 1)) for one in mine]
    yield from _by_signer(f"{before}-11-20", declared)
    returns = [(_reviewer(one), _return(one)) for one in mine if one.returned]
    yield from _by_signer(f"{before}-12-01", returns)
    revised = [(clerk(one.unit.unit_id), _declaration(one, 2)) for one in mine if one.returned]
    yield from _by_signer(f"{before}-12-08", revised)
    passes = [(_reviewer(one), _pass(one)) for one in mine]
    yield from _by_signer(f"{before}-12-12", passes)
    yield from in_batches(f"{before}-12-20", "finance-budget", [_approval(one) for one in mine])


def indicator_id(year: int, name: str) -> str:
    """Id of a project's indicator: they are the same in all projects, apart by year."""
    return f"{name}-{year}"


def _planned(number: int, unit: Unit, years: Sequence[int], *, random: Random) -> CityProject:
    template = random.choice((*TEMPLATES.get(unit.department_id, ()), *TEMPLATES[""]))
    year = random.choice(years)
    wan = int(template.smallest * (template.largest / template.smallest) ** random.random())
    asked_fen = wan * 1_000_000 + random.randrange(0, 1_000_000, 10_000)
    spans = year < max(years) and random.random() < 0.2
    second_fen = asked_fen * random.randint(25, 45) // 100 if spans else 0
    slices = [YearAmount(year=year, amount_fen=asked_fen - second_fen)]
    if spans:
        slices.append(YearAmount(year=year + 1, amount_fen=second_fen))
    keep = random.choice((100, 100, 100, 95, 90, 85))
    return CityProject(
        project_id=f"{unit.unit_id}:p{number:03d}",
        unit=unit,
        template=template,
        name=f"{unit.name}{template.name}({year} 年,示例)",
        slices=tuple(slices),
        approved=tuple(YearAmount(year=one.year, amount_fen=one.amount_fen * keep // 100) for one in slices),
        target=random.randint(12, 400),
        returned=random.random() < 0.12,
        rejected=random.random() < 0.03,
        quality=random.choice((99, 98, 97, 96, 94, 92, 90, 86, 82, 76, 70, 55)),
        agreement=template.payee_group in ("works", "device", "it") and random.random() < 0.45,
    )


def _declaration(project: CityProject, version: int) -> DeclareProject | ReviseProject:
    total_fen = sum(one.amount_fen for one in project.slices)
    content = Declaration(
        organisation=project.unit.unit_id,
        department=project.unit.department_id,
        name=project.name,
        category=project.template.category,
        kind="special",
        start_date=f"{project.first_year}-01-01",
        end_date=f"{project.slices[-1].year}-12-31",
        slices=list(project.slices),
        items=[
            CostItem(
                name=project.template.name,
                standard_id=None,
                quantity=1,
                unit_cost_fen=total_fen,
                sealed=None,
                amount_fen=total_fen,
                departure_reason="",
            )
        ],
        total_fen=total_fen,
        justification="示例城市的演示项目,非真实。",
        files=[],
        method_id="national",
        targets=[_targets(project, part.year, version) for part in project.slices],
    )
    if version == 1:
        return DeclareProject(project_id=project.project_id, declaration=content)
    return ReviseProject(project_id=project.project_id, version=version, declaration=content)


def _targets(project: CityProject, year: int, version: int) -> Targets:
    template = project.template
    rows: tuple[tuple[str, Any, str, int, int, str], ...] = (
        (template.delivers, "output", "quantity", 2_000, project.target, template.unit),
        ("质量验收合格率", "output", "quality", 1_500, 100, "%"),
        ("按期完成率", "output", "timeliness", 1_500, 100, "%"),
        ("受益对象覆盖率", "benefit", "social", 1_500, 90, "%"),
        ("持续发挥作用的比例", "benefit", "sustainable", 1_500, 85, "%"),
        ("服务对象满意度", "satisfaction", "satisfaction", 1_000, 90, "%"),
    )
    indicators = [
        Indicator(
            indicator_id=indicator_id(year, kind),
            dimension=dimension,
            kind=kind,
            name=name,
            operator="at_least",
            target=Measure(digits=target, scale=0),
            target_text="",
            unit_of_measure=unit,
            weight=weight,
            evidence_needed="验收资料和统计表" if version > 1 else "验收资料",
        )
        for name, dimension, kind, weight, target, unit in rows
    ]
    return Targets(year=year, goal=f"{year} 年按计划完成{template.name}。", scheme="standard", indicators=indicators)


def _return(project: CityProject) -> ReviewProject:
    return ReviewProject(
        project_id=project.project_id, version=1, verdict="return", opinion="绩效指标不够量化,请修改后重报。"
    )


def _pass(project: CityProject) -> ReviewProject:
    return ReviewProject(project_id=project.project_id, version=_version(project), verdict="pass", opinion="同意。")


def _approval(project: CityProject) -> ApproveProject:
    return ApproveProject(
        project_id=project.project_id,
        version=_version(project),
        verdict="reject" if project.rejected else "approve",
        approved=[] if project.rejected else list(project.approved),
        opinion="与现有项目重复,不予安排。" if project.rejected else "同意列入年度预算。",
    )


def _reviewer(project: CityProject) -> str:
    return reviewer(project.unit.department_id)


def _version(project: CityProject) -> int:
    return 2 if project.returned else 1


def _by_signer(date: str, signed: Sequence[tuple[str, Any]]) -> Iterator[Batch]:
    by_signer: dict[str, list[Any]] = {}
    for who, command in signed:
        by_signer.setdefault(who, []).append(command)
    for who, commands in by_signer.items():
        yield from in_batches(date, who, commands)
