"""How the example city's projects did: actual values, self-evaluations, re-evaluations, rectifications; and findings.

Grades differ, because projects were given different qualities when they were made. All of it is illustrative.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from mingzhang.chain.contracts.actuals import ReportActual
from mingzhang.chain.contracts.answers import AnswerFinding
from mingzhang.chain.contracts.declarations import File, Measure
from mingzhang.chain.contracts.evaluations import Entry, SubmitSelfEvaluation
from mingzhang.chain.contracts.oversight import CloseFinding, RaiseFinding
from mingzhang.chain.contracts.reevaluations import Adjustment, ReEvaluate
from mingzhang.chain.contracts.results import AnswerRectification, CloseRectification
from mingzhang.demo.batches import Batch, batch, in_batches
from mingzhang.demo.city_bodies import clerk, head
from mingzhang.demo.city_projects import CityProject, indicator_id
from mingzhang.demo.story import Stage, opening

WEIGHTS = {"quantity": 2_000, "quality": 1_500, "timeliness": 1_500, "social": 1_500, "sustainable": 1_500,
           "satisfaction": 1_000}  # fmt: skip
TARGETS = {"quality": 100, "timeliness": 100, "social": 90, "sustainable": 85, "satisfaction": 90}
FINDINGS = (
    ("工程进度滞后于计划", "预算法实施条例第七十三条:财政部门对部门预算执行情况和绩效进行评价", "general"),
    ("采购验收资料不完整", "政府采购法第四十一条:采购人应当组织履约验收", "general"),
    ("预算执行率偏低", "预算法第五十七条:各级政府、各部门应当对预算支出情况开展绩效评价", "general"),
    ("支出内容与批复用途不一致", "预算法实施条例第五十七条:不得改变预算资金用途", "serious"),
)


def result_batches(projects: Sequence[CityProject], year: int, *, random: Random) -> Iterator[Batch]:
    """Evaluation of a year's projects in the first months of the next."""
    after = year + 1
    mine = [one for one in projects if one.spends(year)]
    for one in mine:
        values = {kind: _value(one, kind, random) for kind in WEIGHTS}
        yield Batch(f"{after}-01-25", clerk(one.unit.unit_id), _reports(one, year, values), {})
    evaluated = [one for one in mine if random.random() < 0.9]
    for one in evaluated:
        yield batch(f"{after}-02-15", clerk(one.unit.unit_id), [_self_evaluation(one, year, random)])
    decided = [one for one in evaluated if random.random() < 0.7]
    yield from in_batches(f"{after}-03-20", "finance-performance", [_decision(one, year, random) for one in decided])
    for one in decided:
        if random.random() < 0.85:
            yield Batch(f"{after}-04-12", head(one.unit.unit_id), _answer(_evaluation_id(one, year)), {})
    yield Batch(f"{after}-04-22", "finance-performance", _closings([_evaluation_id(one, year) for one in decided]), {})


def finding_batches(projects: Sequence[CityProject], year: int, *, random: Random) -> list[Batch]:
    """Findings of the audit office on a year's projects, by date: most are answered and closed, some are late."""
    made: list[Batch] = []
    mine = [one for one in projects if one.spends(year)]
    for number, one in enumerate(random.sample(mine, min(8, len(mine)))):
        month = random.randint(4, 11)
        finding_id = f"audit:city-{year}-{number}"
        title, basis, severity = random.choice(FINDINGS)
        raising = _raising(finding_id, one, (title, basis, severity), month=month)
        made.append(Batch(f"{year}-{month:02d}-08", "auditor", raising, {}))
        late = random.random() < 0.25
        answer_date = f"{year}-{month + 1:02d}-{10 if late else 2:02d}"
        answer = AnswerFinding(
            finding_id=finding_id, round=1, stance="accept", text="情况属实,已制定整改措施。(示例)", files=[]
        )
        made.append(batch(answer_date, head(one.unit.unit_id), [answer]))
        if random.random() < 0.8:
            close = CloseFinding(finding_id=finding_id, conclusion="rectified", text="整改到位。(示例)")
            made.append(batch(f"{year}-{month + 1:02d}-20", "auditor", [close]))
    return sorted(made, key=_date)


def _value(project: CityProject, kind: str, random: Random) -> int:
    target = TARGETS.get(kind, project.target)
    reached = project.quality + random.randint(-4, 5)
    return max(0, min(target * reached // 100, target if kind != "quantity" else target * 2))


def _reports(project: CityProject, year: int, values: dict[str, int]) -> Callable[[Stage], Sequence[Any]]:
    unit_id = project.unit.unit_id

    def commands(stage: Stage) -> Sequence[Any]:
        text = f"{project.name} {year} 年佐证材料(示例):签字人及联系方式见原件"
        proof = stage.field(
            f"佐证:{project.project_id}-{year}", text, owner=unit_id, readers=(clerk(unit_id), "finance-performance")
        )
        evidence = [
            File(name_commitment=None, commitment=proof, media_type="text/plain", size_bytes=len(text.encode()))
        ]
        return [
            ReportActual(
                actual_id=f"{project.project_id}-{indicator_id(year, kind)}",
                project_id=project.project_id,
                indicator_id=indicator_id(year, kind),
                value=Measure(digits=value, scale=0),
                level=None,
                completion_bp=None,
                source="单位统计台账",
                evidence=evidence,
                date=f"{year}-12-31",
            )
            for kind, value in values.items()
        ]

    return commands


def _self_evaluation(project: CityProject, year: int, random: Random) -> SubmitSelfEvaluation:
    """The unit is kinder to itself than the formula by a few points, and says why."""
    kind_percent = min(100, project.quality + random.choice((0, 0, 2, 5, 8)))
    scores: list[tuple[str | None, int]] = [
        (indicator_id(year, kind), weight * kind_percent // 100) for kind, weight in WEIGHTS.items()
    ]
    entries = [
        Entry(
            indicator_id=name,
            not_applicable=False,
            self_score=score,
            reason="按单位统计口径计分,个别数据滞后。(示例)",
            measures="加强过程管理。(示例)",
        )
        for name, score in [*scores, (None, 10 * kind_percent)]
    ]
    return SubmitSelfEvaluation(
        evaluation_id=_evaluation_id(project, year),
        project_id=project.project_id,
        year=year,
        entries=entries,
        narrative=f"{year} 年度自评。(示例)",
    )


def _decision(project: CityProject, year: int, random: Random) -> ReEvaluate:
    cut = random.random() < 0.3
    adjustment = Adjustment(
        indicator_id=indicator_id(year, "sustainable"),
        score=WEIGHTS["sustainable"] * project.quality // 200,
        reason="持续效益证据不足。(示例)",
    )
    return ReEvaluate(
        evaluation_id=_evaluation_id(project, year),
        adjustments=[adjustment] if cut else [],
        opinion="复核意见(示例)。",
        evidence=[],
    )


def _answer(evaluation_id: str) -> Callable[[Stage], Sequence[Any]]:
    """The answer to a rectification order, where the grade brought one."""
    answer = AnswerRectification(evaluation_id=evaluation_id, answer="已按要求整改。(示例)", evidence=[])
    return lambda stage: [answer] if stage.rectification(evaluation_id) == "ordered" else []


def _closings(evaluation_ids: Sequence[str]) -> Callable[[Stage], Sequence[Any]]:
    return lambda stage: [
        CloseRectification(evaluation_id=one, verdict="close", opinion="整改到位。(示例)", days=0)
        for one in evaluation_ids
        if stage.rectification(one) == "answered"
    ]


def _raising(
    finding_id: str, project: CityProject, what: tuple[str, str, Any], *, month: int
) -> Callable[[Stage], Sequence[Any]]:
    title, basis, severity = what
    year = int(finding_id.split("-")[1])

    def commands(stage: Stage) -> Sequence[Any]:
        return [
            RaiseFinding(
                finding_id=finding_id,
                level="audit",
                subject_kind="project",
                subject_id=project.project_id,
                questioned_record=stage.project_record(project.project_id),
                title=title,
                text=f"{project.name}:{title},请说明情况。(示例)",
                legal_basis=basis,
                severity=severity,
                responsible=project.unit.unit_id,
                deadline=opening(f"{year}-{month + 1:02d}-05"),
                follows=None,
                files=[],
            )
        ]

    return commands


def _evaluation_id(project: CityProject, year: int) -> str:
    return f"{project.project_id}-e{year}"


def _date(one: Batch) -> str:
    return one.date
