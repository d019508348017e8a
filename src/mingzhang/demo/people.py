"""Who takes part in the case: organisations, people with their posts and roles, and the genesis of the demo ledger.

The source of the case names no persons and only kinds of organisations, so all names here are illustrative (示例). A
person's name is sealed before it is used; everyone sees the post. The city's other bodies are in city_bodies.py.
"""

from typing import NamedTuple

from mingzhang.chain.calendar import time_of
from mingzhang.chain.contracts.founding import Founder, Founding, FoundLedger
from mingzhang.chain.contracts.members import KINDS
from mingzhang.desk import NEW_KEY

DIVISION = "449900000"
"""Division code of the city, illustrative: the source says only DG."""
CITY = "dg"
CHAIN_ID = "dg-demo"
NOTICE = "演示数据:人员、合同拆分、里程碑、指标等为示例,非真实"
START = "2020-11-02"
"""The ledger begins before the first budget year of the example city, 2021, is compiled."""
CHECKPOINT_THRESHOLD = 3
MEMBERS = ("finance", "audit", "congress", "health")
"""Organisations of the consortium: they stand side by side and sign checkpoints, three of the four."""


class Body(NamedTuple):
    """An organisation; those of the genesis come first."""

    organisation_id: str
    name: str
    kind: KINDS
    parent: str


class Person(NamedTuple):
    """A person: post for all to see, name to be sealed, roles as (role, organisation it covers)."""

    person_id: str
    organisation: str
    post: str
    name: str
    roles: tuple[tuple[str, str], ...]


FOUNDERS = (
    Body("finance", "DG市财政局", "finance", CITY),
    Body("audit", "DG市审计局", "audit", CITY),
    Body("congress", "DG市人大常委会预算工作委员会", "congress", CITY),
    Body("health", "DG市卫生健康局(主管部门,示例)", "department", CITY),
)
BODIES = (
    Body("hospital", "DG市康复医院", "unit", "health"),
    Body("bank", "代理银行(示例)", "bank", CITY),
    Body("builder", "建筑装饰工程公司(示例)", "supplier", CITY),
    Body("equipment", "医疗设备公司(示例)", "supplier", CITY),
    Body("logistics", "后勤服务公司(示例)", "supplier", CITY),
    Body("supervision", "工程监理公司(示例)", "supervisor", CITY),
)
"""Registered by the first transactions of the case."""

ADMINISTRATORS = (
    Person("dg-admin", CITY, "系统管理员", "示例·安宁", (("administrator", CITY),)),
    Person("clock", CITY, "沙盒时钟管理员", "示例·时序", (("clock_keeper", CITY),)),
    Person("finance-admin", "finance", "财政局节点管理员", "示例·方正", (("administrator", "finance"),)),
    Person("audit-admin", "audit", "审计局节点管理员", "示例·严明", (("administrator", "audit"),)),
    Person("congress-admin", "congress", "人大预算工委节点管理员", "示例·任重", (("administrator", "congress"),)),
    Person("health-admin", "health", "卫健局节点管理员", "示例·康平", (("administrator", "health"),)),
)
"""Enrolled by the genesis, each for their own organisation."""

PEOPLE = (
    Person("standards", "finance", "标准委员会秘书", "示例·章程", (("standards_committee", CITY),)),
    Person("finance-budget", "finance", "预算科科长", "示例·周衡", (("finance_budget", CITY),)),
    Person("finance-treasury", "finance", "国库支付中心审核岗", "示例·钱守一", (("finance_treasury", CITY),)),
    Person("finance-treasury2", "finance", "国库支付中心主任", "示例·库克俭", (("finance_treasury", CITY),)),
    Person("finance-performance", "finance", "绩效管理科科长", "示例·柯评", (("finance_performance", CITY),)),
    Person("auditor", "audit", "财政审计科审计员", "示例·沈察", (("auditor", CITY),)),
    Person("congress-member", "congress", "预算监督专员", "示例·代言", (("congress", CITY),)),
    Person("health-reviewer", "health", "规划财务科审核岗", "示例·卫理", (("department_reviewer", "health"),)),
    Person("hospital-clerk", "hospital", "基建科经办", "示例·基石", (("unit_business", "hospital"),)),
    Person("hospital-finance", "hospital", "财务科会计", "示例·康账", (("unit_finance", "hospital"),)),
    Person("hospital-head", "hospital", "院长", "示例·院和", (("unit_head", "hospital"),)),
    Person("hospital-publisher", "hospital", "信息公开经办", "示例·公示", (("publisher", "hospital"),)),
    Person("finance-publisher", "finance", "信息公开经办", "示例·开诚", (("publisher", CITY),)),
    Person("teller", "bank", "国库集中支付清算岗", "示例·清算", (("bank", CITY),)),
    Person("builder-manager", "builder", "项目经理", "示例·施建", (("contractor", "builder"),)),
    Person("equipment-manager", "equipment", "销售经理", "示例·仪修", (("contractor", "equipment"),)),
    Person("logistics-manager", "logistics", "服务经理", "示例·后勤", (("contractor", "logistics"),)),
    Person("engineer", "supervision", "总监理工程师", "示例·监正", (("attestor", "supervision"),)),
)
"""Enrolled by the first transactions of the case."""
OUTSIDERS = (
    Person("citizen", "public", "市民", "", ()),
    Person("members", "consortium", "成员节点", "", ()),
)
"""Who acts without signing a transaction."""


def genesis(suite: str) -> FoundLedger:
    """The founding command, with new keys for its people and members and a sandbox clock."""
    return FoundLedger(
        chain_id=CHAIN_ID,
        suite="gm" if suite == "gm" else "intl",
        clock="stated",
        time=time_of(START) + 9 * 3600,
        notice=NOTICE,
        checkpoint_threshold=CHECKPOINT_THRESHOLD,
        organisations=[_founder(Body(CITY, "DG市人民政府", "government", "")), *map(_founder, FOUNDERS)],
        people=[
            Founding(
                person_id=one.person_id,
                organisation=one.organisation,
                post=one.post,
                public_key=NEW_KEY,
                roles=[role for role, _over in one.roles],
            )
            for one in ADMINISTRATORS
        ],
    )


def everybody() -> dict[str, Person]:
    """The case's people by id, those outside the ledger too."""
    return {one.person_id: one for one in (*ADMINISTRATORS, *PEOPLE, *OUTSIDERS)}


def organisation_names() -> dict[str, str]:
    """Names of the case's organisations by id."""
    outside = {CITY: "DG市人民政府", "public": "公众", "consortium": "财政、审计、人大、卫健"}
    return {**outside, **{one.organisation_id: one.name for one in (*FOUNDERS, *BODIES)}}


def _founder(body: Body) -> Founder:
    return Founder(
        organisation_id=body.organisation_id,
        name=body.name,
        kind=body.kind,
        parent=body.parent or None,
        division_code=DIVISION,
        checkpoint_key=NEW_KEY if body.organisation_id in MEMBERS else None,
    )
