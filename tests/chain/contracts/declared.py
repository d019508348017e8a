"""Projects for contract tests: the hospital's ward building of two years, and its lift, small and paid at once."""

from typing import Any

import msgspec
from tests.chain.world import World

from mingzhang.chain.contracts.actuals import ReportActual
from mingzhang.chain.contracts.budgets import ApproveLine
from mingzhang.chain.contracts.declarations import (
    CostItem,
    Declaration,
    File,
    Indicator,
    Measure,
    Targets,
    YearAmount,
)
from mingzhang.chain.contracts.evaluations import Entry, SubmitSelfEvaluation
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.projects import DeclareProject, read_project
from mingzhang.chain.contracts.reviews import ApproveProject, ReviewProject
from mingzhang.chain.contracts.scorecards import Scorecard, draw_scorecard
from mingzhang.chain.contracts.settlements import SettlePayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes, PublishStandard
from mingzhang.rulebooks import load_method, shipped_methods

WARD = "hospital:ward"
LIFT = "hospital:lift"
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


# --- Money, actual values and entries, for tests of performance -------------------------------------------------------


def lift(world: World, budget_fen: int = 1_000_000, paid_fen: int = 950_000, *, project_id: str = LIFT,
         organisation: str = "hospital", indicators: list[Indicator] | None = None, scheme: str = "standard",
         method_id: str = "national", year: int | None = 2022) -> None:  # fmt: skip
    """An approved project of 2022 with one budget line, part of which is paid; no money at all for a budget of 0."""
    local = project_id.partition(":")[2]
    clerk, cashier = {"hospital": ("clerk", "cashier"), "school": ("schoolclerk", "schoolcashier")}[organisation]
    item = CostItem(name="电梯", standard_id=None, quantity=1, unit_cost_fen=1_000_000, sealed=None,
                    amount_fen=1_000_000, departure_reason="")  # fmt: skip
    content = declaration(
        organisation=organisation, items=[item], total_fen=1_000_000, name="电梯更新", method_id=method_id,
        slices=[YearAmount(year=2022, amount_fen=1_000_000)], start_date="2022-01-01", end_date="2022-12-31",
        targets=[targets(*(indicators or USUAL), year=year, scheme=scheme)],
    )  # fmt: skip
    world.must(clerk, DeclareProject(project_id=project_id, declaration=content))
    world.must("reviewer", ReviewProject(project_id=project_id, version=1, verdict="pass", opinion="同意"))
    world.must("budget", ApproveProject(project_id=project_id, version=1, verdict="approve",
                                        approved=content.slices, opinion="同意"))  # fmt: skip
    if budget_fen == 0:
        return
    for table, code in (("function", "2100201"), ("department_economic", "31006"), ("government_economic", "50601"),
                        ("fund_type", "1")):  # fmt: skip
        command: Any = {"table": table, "entries": [CodeEntry(code=code, name=code, parent="")]}
        world.do("committee", PublishCodes(organisation="city", year=2022, basis="示例", **command))
    line_id = f"{organisation}:{local}-line"
    world.must("budget", ApproveLine(
        line_id=line_id, organisation=organisation, project_id=project_id, year=2022, function_code="2100201",
        department_economic_code="31006", government_economic_code="50601", fund_type="1", approved_fen=budget_fen,
        paid_from="treasury", document="批复"))  # fmt: skip
    if paid_fen:
        payee_id, payment_id = f"{organisation}:{local}-payee", f"{organisation}:{local}-payment"
        world.must(cashier, RegisterPayee(
            payee_id=payee_id, organisation=organisation, kind="enterprise", name="电梯公司", name_commitment=None,
            account_commitment=SEALED, account_index=f"{sum(payee_id.encode()):064x}",
            contact_commitment=None))  # fmt: skip
        world.must(cashier, RequestPayment(
            payment_id=payment_id, line_id=line_id, payee_id=payee_id, amount_fen=paid_fen, purpose="电梯款",
            business_date="2022-04-15", invoice=None, evidence=[]))  # fmt: skip
        world.must("teller", SettlePayment(receipt_id=f"city:{local}-receipt", payment_id=payment_id,
                                           outcome="settled", settled_date="2022-04-15", reason=""))  # fmt: skip


def actual(indicator_id: str, digits: int | None = None, scale: int = 0, **changes: Any) -> ReportActual:
    """A report of the first of the year, with the value given, or with a level and its completion."""
    fields: dict[str, Any] = {
        "actual_id": f"hospital:actual-{indicator_id}",
        "project_id": LIFT,
        "value": None if digits is None else Measure(digits=digits, scale=scale),
        "level": None,
        "completion_bp": None,
        "source": "验收报告",
        "evidence": [File(name_commitment=None, commitment=SEALED, media_type="image/jpeg", size_bytes=1)],
        "date": "2022-04-01",
    }
    return ReportActual(indicator_id=indicator_id, **fields | changes)


def entry(indicator_id: str | None, self_score: int | None, reason: str = "", measures: str = "") -> Entry:
    """What the unit says of a line; without a score it does not apply, or (execution) is not scored."""
    dropped = self_score is None and indicator_id is not None
    return Entry(indicator_id=indicator_id, not_applicable=dropped, self_score=self_score, reason=reason,
                 measures=measures)  # fmt: skip


def self_evaluation(*entries: Entry, evaluation_id: str = "hospital:e1", **changes: Any) -> SubmitSelfEvaluation:
    fields: dict[str, Any] = {"project_id": LIFT, "year": 2022, "narrative": "自评报告"} | changes
    return SubmitSelfEvaluation(evaluation_id=evaluation_id, entries=list(entries), **fields)


MET = [actual("area", 533850, 2), actual("quality", 100), actual("delay", 30), actual("patients", 90),
       actual("beds", level="achieved", completion_bp=10000)]  # fmt: skip


def reported(*changed: ReportActual, **money: Any) -> World:
    """The lift with all targets met, but for the given values."""
    world = prepared()
    lift(world, **money)
    taken = [one.indicator_id for one in changed]
    world.must("clerk", *changed, *[one for one in MET if one.indicator_id not in taken])
    return world


def card(world: World, *dropped: str, year: int | None = 2022) -> Scorecard:
    return draw_scorecard(world.view(), read_project(world.view(), LIFT), year=year, dropped=dropped).card


def of_method(world: World, **changes: Any) -> None:
    """Publish the national method with changes, as `own`."""
    national = load_method(shipped_methods()["national"], organisation="city", year=2022)
    own = msgspec.structs.replace(national.method, **changes)
    world.must("committee", msgspec.structs.replace(national, method_id="own", method=own))
