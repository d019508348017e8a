"""A declared project for contract tests: the hospital's ward building, two years, with files, items and targets."""

from typing import Any

import msgspec
from tests.chain.world import World

from mingzhang.chain.contracts.declarations import (
    CostItem,
    Declaration,
    File,
    Indicator,
    Measure,
    Targets,
    YearAmount,
)
from mingzhang.chain.contracts.projects import DeclareProject
from mingzhang.chain.contracts.reviews import ApproveProject, ReviewProject
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes, PublishStandard
from mingzhang.rulebooks import load_method, shipped_methods

WARD = "hospital:ward"
SEALED = "ab" * 32


def indicator(indicator_id: str, dimension: Any, kind: str, weight: int, **changes: Any) -> Indicator:
    """A quantitative indicator with the target "at least 100", unless told otherwise."""
    fields: dict[str, Any] = {
        "name": f"指标{indicator_id}",
        "operator": "at_least",
        "target": Measure(digits=100, scale=0),
        "target_text": "",
        "unit_of_measure": "项",
        "evidence_needed": "验收单",
    } | changes
    return Indicator(indicator_id=indicator_id, dimension=dimension, kind=kind, weight=weight, **fields)


def targets(*indicators: Indicator, year: int | None = None, scheme: str = "standard") -> Targets:
    return Targets(year=year, goal="改善住院条件", scheme=scheme, indicators=list(indicators) or USUAL)


USUAL = [
    indicator("area", "output", "quantity", 2000, unit_of_measure="平方米", target=Measure(digits=533850, scale=2)),
    indicator("quality", "output", "quality", 2000, unit_of_measure="%", target=Measure(digits=100, scale=0)),
    indicator("delay", "output", "timeliness", 1000, operator="at_most", target=Measure(digits=30, scale=0)),
    indicator("beds", "benefit", "social", 3000, operator="qualitative", target=None, target_text="明显改善"),
    indicator("patients", "satisfaction", "satisfaction", 1000, unit_of_measure="%",
              target=Measure(digits=90, scale=0)),
]  # fmt: skip


def declaration(**changes: Any) -> Declaration:
    """1,281.76 万元 over two years, as sealed equipment, standard furniture and clear construction."""
    fields: dict[str, Any] = {
        "organisation": "hospital",
        "department": "health",
        "name": "住院大楼改造",
        "category": "T01",
        "kind": "special",
        "start_date": "2022-06-29",
        "end_date": "2023-12-31",
        "slices": [YearAmount(year=2022, amount_fen=800_000_000), YearAmount(year=2023, amount_fen=481_760_000)],
        "items": [
            CostItem(name="改造工程", standard_id=None, quantity=1, unit_cost_fen=900_000_000, sealed=None,
                     amount_fen=900_000_000, departure_reason=""),
            CostItem(name="家具", standard_id="furniture", quantity=100, unit_cost_fen=105_000, sealed=None,
                     amount_fen=10_500_000, departure_reason=""),
            CostItem(name="设备", standard_id=None, quantity=None, unit_cost_fen=None, sealed=SEALED,
                     amount_fen=371_260_000, departure_reason=""),
        ],
        "total_fen": 1_281_760_000,
        "justification": "现有病房不足",
        "files": [File(name_commitment=SEALED, commitment=SEALED, media_type="application/pdf", size_bytes=1024)],
        "method_id": "national",
        "targets": [targets(), targets(*[_of_year(one) for one in USUAL], year=2022)],
    }  # fmt: skip
    return Declaration(**fields | changes)


def _of_year(one: Indicator) -> Indicator:
    return msgspec.structs.replace(one, indicator_id=one.indicator_id + "-2022")


def prepared() -> World:
    """A world with categories, a furniture standard of 1,000.00 × 1.05 and the national method of 2022."""
    world = World()
    category = CodeEntry(code="T01", name="修缮购建", parent="")
    world.must("committee",
        PublishCodes(organisation="city", table="project_category", year=2022, entries=[category], basis="示例"),
        PublishStandard(organisation="city", standard_id="furniture", year=2022, name="病房家具", unit="套",
                        unit_cost_fen=100_000, price_index_bp=10_500, basis="示例"),
        load_method(shipped_methods()["national"], organisation="city", year=2022))  # fmt: skip
    return world


def declare(world: World, project_id: str = WARD, **changes: Any) -> str:
    """The clerk declares the project; the code's name."""
    return world.do("clerk", DeclareProject(project_id=project_id, declaration=declaration(**changes)))


def approved(world: World, project_id: str = WARD, **changes: Any) -> Declaration:
    """Declared, reviewed and approved in full."""
    content = declaration(**changes)
    world.must("clerk", DeclareProject(project_id=project_id, declaration=content))
    world.must("reviewer", ReviewProject(project_id=project_id, version=1, verdict="pass", opinion="同意"))
    world.must("budget", ApproveProject(project_id=project_id, version=1, verdict="approve",
                                        approved=content.slices, opinion="同意"))  # fmt: skip
    return content
