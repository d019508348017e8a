"""Chapter 1 of the case: organisations and people enrolled, then code tables, standards and methods by year.

The tables are an excerpt (code_tables.yaml); the methods are those shipped in rulebooks/.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from mingzhang.chain.contracts.credentials import GrantRole
from mingzhang.chain.contracts.members import EnrolPerson, RegisterOrganisation
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes, PublishStandard, SetParameter, TableName
from mingzhang.demo.people import BODIES, CITY, DIVISION, PEOPLE, START, Person
from mingzhang.demo.story import Chapter, Stage, Step, always, opening
from mingzhang.rulebooks import load_method, shipped_methods

TABLES: tuple[TableName, ...] = (
    "function",
    "department_economic",
    "government_economic",
    "fund_type",
    "project_category",
    "division",
)
YEARS = {2021: "2020-11-05", 2022: "2021-11-08", 2023: "2022-11-07"}
"""Fiscal years, and the day on which each one's tables are published."""
HOLD_ABOVE_FEN = 200_000_000
"""Ordinary payments from 200 万元 on are looked at by the treasury: the city's own parameter, illustrative."""
STANDARDS = (
    ("ward-furniture", "病房家具(每床:床、床头柜、陪护椅等)", "床", 320_000),
    ("office-desk", "办公桌椅", "套", 180_000),
    ("computer", "台式计算机", "台", 500_000),
)
"""Spending standards (支出标准), illustrative: id, name, unit, yuan cents a unit."""


def table_entries(table: str) -> list[CodeEntry]:
    """Entries of a code table of the demo; a code's parent is the longest shorter code that it begins with."""
    lines = [line.split(" ", 1) for line in _tables()[table].splitlines() if line.strip()]
    codes = [code for code, _name in lines]

    def parent(code: str) -> str:
        above = [other for other in codes if code.startswith(other) and other != code]
        return max(above, key=len, default="")

    return [CodeEntry(code=code, name=name.strip(), parent=parent(code)) for code, name in lines]


def enrolment(people: Sequence[Person], by: str) -> Callable[[Stage], Sequence[Any]]:
    """Commands that enrol people with new keys and sealed names, and grant their roles."""

    def commands(stage: Stage) -> Sequence[Any]:
        made: list[Any] = []
        for one in people:
            made.append(
                EnrolPerson(
                    person_id=one.person_id,
                    organisation=one.organisation,
                    post=one.post,
                    public_key=stage.new_key(one.person_id),
                    name_commitment=stage.field(
                        "姓名:" + one.person_id, one.name, owner=one.organisation, readers=[by]
                    ),
                )
            )
            made += grants(one)
        return made

    return commands


def grants(person: Person) -> list[GrantRole]:
    """The commands that grant a person's roles."""
    return [
        GrantRole(
            grant_id=f"{role.replace('_', '-')}.{over}",
            person_id=person.person_id,
            role=role,
            organisation=over,
            project=None,
            from_time=0,
            until_time=None,
        )
        for role, over in person.roles
    ]


def publication_of(year: int) -> Sequence[Any]:
    """The commands that publish a year's tables and standards."""
    basis = f"{year} 年{_tables()['basis']}"
    tables: list[Any] = [
        PublishCodes(organisation=CITY, table=table, year=year, entries=table_entries(table), basis=basis)
        for table in TABLES
    ]
    standards = [
        PublishStandard(
            organisation=CITY,
            standard_id=standard_id,
            year=year,
            name=name,
            unit=unit,
            unit_cost_fen=unit_cost_fen,
            price_index_bp=10_000,
            basis=f"DG市市级项目支出标准({year} 年,示例)",
        )
        for standard_id, name, unit, unit_cost_fen in STANDARDS
    ]
    return [*tables, *standards]


def founding() -> Chapter:
    """Organisations, people and the rules of each year."""
    organisations = [
        RegisterOrganisation(
            organisation_id=one.organisation_id,
            name=one.name,
            kind=one.kind,
            parent=one.parent,
            division_code=DIVISION,
        )
        for one in BODIES
    ]
    parameter = SetParameter(
        organisation=CITY,
        name="payment_hold_above_fen",
        value=HOLD_ABOVE_FEN,
        from_time=opening("2020-11-06"),
        basis="DG市国库集中支付大额审核标准(示例)",
    )
    public_side = [one for one in PEOPLE if one.organisation in ("finance", "audit", "congress", "health")]
    others = [one for one in PEOPLE if one not in public_side]
    steps = [
        Step(START, "dg-admin", "登记医院、银行、施工、供货、服务、监理六个单位", always(*organisations)),
        Step(
            START,
            "dg-admin",
            f"为财政、审计、人大、卫健 {len(public_side)} 名人员登记公钥并授权,姓名密封",
            enrolment(public_side, "dg-admin"),
        ),
        Step(
            "2020-11-03",
            "dg-admin",
            f"为医院、银行及合同各方 {len(others)} 名人员登记公钥并授权,姓名密封",
            enrolment(others, "dg-admin"),
        ),
        Step("2020-11-05", "standards", "发布本市参数:200 万元以上普通支付须人工审核", always(parameter)),
    ]
    for year, date in YEARS.items():
        steps.append(
            Step(date, "standards", f"发布 {year} 年代码表(功能、经济分类等)与支出标准", always(*publication_of(year)))
        )
        method = load_method(shipped_methods()["national"], organisation=CITY, year=year)
        steps.append(Step(date, "finance-performance", f"发布 {year} 年绩效自评办法(全国权重)", always(method)))
    return Chapter("组建与标准", steps)


def _tables() -> dict[str, str]:
    text = (Path(__file__).parent / "code_tables.yaml").read_text(encoding="utf-8")
    loaded: dict[str, str] = yaml.safe_load(text)
    return loaded
