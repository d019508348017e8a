"""Chapter 4 of the case: payees and three agreements (construction, purchase, service), signed by both sides.

Parties of these kinds are in the source; amounts, milestones and dates are illustrative. Accounts, contacts and unit
prices are sealed before use. What happens on the agreements is in execution.py.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from mingzhang.chain.codec import Wire
from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts.agreements import CountersignAgreement, SignAgreement
from mingzhang.chain.contracts.amendments import AcceptChange, ProposeChange
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.switches import SwitchLine
from mingzhang.chain.contracts.terms import AgreementTerms, Condition, MilestoneTerms
from mingzhang.demo.budget import (
    EQUIPMENT_2022,
    EQUIPMENT_2023,
    SERVICES_2022,
    SERVICES_2023,
    WORKS_2022,
    WORKS_2023,
)
from mingzhang.demo.declaration import PROJECT
from mingzhang.demo.story import Chapter, Stage, Step, always, opening

WORKS, EQUIPMENT, RELOCATION = "hospital:works", "hospital:equipment", "hospital:relocation"
WORKS_RETENTION_DATE, EQUIPMENT_RETENTION_DATE = "2023-09-20", "2023-09-25"
"""Six months after acceptance: the period of liability for defects is illustrative."""
MONEY_READERS = ("hospital-finance", "finance-treasury", "auditor")
CONTRACT_READERS = ("hospital-head", "hospital-finance", "finance-treasury", "auditor")


class PayeeOf(NamedTuple):
    """A payee of the hospital; account and contact are illustrative and sealed."""

    payee_id: str
    name: str
    account: str
    contact: str


PAYEES = (
    PayeeOf("hospital:payee-builder", "建筑装饰工程公司(示例)", "6217000000000001001", "示例·施建 13900000001"),
    PayeeOf("hospital:payee-equipment", "医疗设备公司(示例)", "6217000000000001002", "示例·仪修 13900000002"),
    PayeeOf("hospital:payee-logistics", "后勤服务公司(示例)", "6217000000000001003", "示例·后勤 13900000003"),
    PayeeOf("hospital:payee-design", "建筑设计院(示例)", "6217000000000001004", "示例·设绘 13900000004"),
    PayeeOf("hospital:payee-supervision", "工程监理公司(示例)", "6217000000000001005", "示例·监正 13900000005"),
    PayeeOf("hospital:payee-testing", "工程检测公司(示例)", "6217000000000001006", "示例·检实 13900000006"),
)
_NODE = Condition(
    condition_id="node",
    kind="progress_node",
    description="监理确认进度节点完成",
    organisation="supervision",
    role="attestor",
)
_ACCEPTED = Condition(
    condition_id="accepted",
    kind="acceptance",
    description="医院验收合格",
    organisation="hospital",
    role="unit_business",
)


def contracts() -> Chapter:
    """Payees, agreements, one change, and the switch to the lines of 2023."""
    return Chapter(
        "合同",
        [
            Step(
                "2022-06-15",
                "hospital-finance",
                f"登记 {len(PAYEES)} 个收款人,账号和联系人密封,账号只留盲索引",
                lambda stage: [_register(stage, one) for one in PAYEES],
            ),
            *_signed("2022-06-20", "2022-06-22", WORKS),
            *_signed("2022-07-11", "2022-07-13", RELOCATION),
            *_signed("2022-08-10", "2022-08-15", EQUIPMENT),
            Step(
                "2022-11-21",
                "builder-manager",
                "施工方提出合同变更:ICU 楼板加固,增加 280,000.00 元",
                lambda stage: [_change(stage)],
            ),
            Step(
                "2022-11-24",
                "hospital-head",
                "医院接受变更,合同总额 8,720,000.00 元,增加的金额同时占用指标",
                always(AcceptChange(change_id="builder:change-floor")),
            ),
            _switch("2023-01-16", WORKS, WORKS_2023),
            _switch("2023-01-16", EQUIPMENT, EQUIPMENT_2023),
            _switch("2023-01-16", RELOCATION, SERVICES_2023),
        ],
    )


def terms_of(stage: Stage, agreement_id: str) -> AgreementTerms:
    """What an agreement of the case says; contract file and unit prices are sealed on the way."""
    make = {WORKS: _works, EQUIPMENT: _equipment, RELOCATION: _relocation}
    return make[agreement_id](stage)


_TITLES = {
    WORKS: ("住院大楼装修改造工程施工合同", "builder-manager", 844_000_000),
    EQUIPMENT: ("医疗设备采购合同", "equipment-manager", 322_000_000),
    RELOCATION: ("病区搬迁与过渡服务合同", "logistics-manager", 33_360_000),
}


def _signed(date: str, later: str, agreement_id: str) -> list[Step]:
    title, counterparty, total_fen = _TITLES[agreement_id]
    return [
        Step(
            date,
            "hospital-head",
            f"签署《{title}》{yuan(total_fen)} 元",
            lambda stage: [SignAgreement(agreement_id=agreement_id, terms=terms_of(stage, agreement_id))],
        ),
        Step(
            later,
            counterparty,
            f"会签《{title}》,合同生效并占用当年指标",
            always(CountersignAgreement(agreement_id=agreement_id)),
            mark=agreement_id,
        ),
    ]


def _works(stage: Stage) -> AgreementTerms:
    node, paid_on_invoice = [_NODE], [_NODE, _invoice("builder")]
    finished = [_NODE, _ACCEPTED, _invoice("builder")]
    return _terms(
        stage,
        kind="construction",
        title=_TITLES[WORKS][0],
        parties=("builder", "hospital:payee-builder", WORKS_2022),
        dates=("2022-06-29", "2023-03-31"),
        milestones=[
            _part("start", "预付款(开工)", 84_400_000, kind="advance", year=2022, conditions=node),
            _part("base", "拆除及基层进度款", 150_000_000, kind="progress", year=2022, conditions=paid_on_invoice),
            _part("children", "儿童病区进度款", 145_600_000, kind="progress", year=2022, conditions=paid_on_invoice),
            _part("wards", "临床病房进度款", 180_000_000, kind="progress", year=2022, conditions=paid_on_invoice),
            _part("clean", "ICU 和手术室进度款", 158_680_000, kind="progress", year=2023, conditions=paid_on_invoice),
            _part("finish", "竣工验收款", 100_000_000, kind="acceptance", year=2023, conditions=finished),
            _retention(25_320_000, WORKS_RETENTION_DATE),
        ],
        prices=(),
    )


def _equipment(stage: Stage) -> AgreementTerms:
    prices = (
        "康复机器人 4 台,单价 386000.00 元",
        "ICU 监护仪 16 台,单价 55000.00 元",
        "手术无影灯 4 台,单价 82750.00 元",
        "病房家具 150 床,单价 3100.00 元",
    )
    delivered = [_ACCEPTED, _invoice("equipment")]
    return _terms(
        stage,
        kind="purchase",
        title=_TITLES[EQUIPMENT][0],
        parties=("equipment", "hospital:payee-equipment", EQUIPMENT_2022),
        dates=("2022-08-15", "2023-03-31"),
        milestones=[
            _part("advance", "设备预付款", 96_600_000, kind="advance", year=2022, conditions=[]),
            _part("delivery", "到货款", 128_800_000, kind="progress", year=2023, conditions=delivered),
            _part("tested", "安装调试验收款", 86_940_000, kind="acceptance", year=2023, conditions=[_ACCEPTED]),
            _retention(9_660_000, EQUIPMENT_RETENTION_DATE),
        ],
        prices=prices,
    )


def _relocation(stage: Stage) -> AgreementTerms:
    back = [_ACCEPTED, _invoice("logistics")]
    return _terms(
        stage,
        kind="service",
        title=_TITLES[RELOCATION][0],
        parties=("logistics", "hospital:payee-logistics", SERVICES_2022),
        dates=("2022-07-13", "2023-03-31"),
        milestones=[
            _part("advance", "搬迁服务预付款", 10_008_000, kind="advance", year=2022, conditions=[]),
            _part("moved", "病区搬迁完成", 6_672_000, kind="progress", year=2022, conditions=[_ACCEPTED]),
            _part("back", "回迁及服务验收款", 16_680_000, kind="final", year=2023, conditions=back),
        ],
        prices=(),
    )


def _terms(
    stage: Stage,
    *,
    kind: Literal["construction", "purchase", "service"],
    title: str,
    parties: tuple[str, str, str],
    dates: tuple[str, str],
    milestones: list[MilestoneTerms],
    prices: Sequence[str],
) -> AgreementTerms:
    counterparty, payee_id, line_id = parties
    contract = stage.file(title + ".txt", f"{title}正文(示例),含双方联系人与结算条款。", owner="hospital",
                          readers=CONTRACT_READERS)  # fmt: skip
    return AgreementTerms(
        kind=kind,
        title=title,
        project_id=PROJECT,
        counterparty=counterparty,
        payee_id=payee_id,
        line_id=line_id,
        total_fen=sum(one.amount_fen for one in milestones),
        procurement_document=None if kind == "service" else f"DGZC-2022-示例-{kind}",
        unit_prices=[
            stage.field("采购单价:" + price[:6], price, owner="hospital", readers=CONTRACT_READERS) for price in prices
        ],
        contract_files=[contract.commitment],
        start_date=dates[0],
        end_date=dates[1],
        milestones=milestones,
    )


def _part(
    milestone_id: str,
    name: str,
    amount_fen: int,
    *,
    kind: Literal["advance", "progress", "acceptance", "final"],
    year: int,
    conditions: list[Condition],
) -> MilestoneTerms:
    return MilestoneTerms(
        milestone_id=milestone_id,
        name=name,
        kind=kind,
        amount_fen=amount_fen,
        budget_year=year,
        conditions=conditions,
        not_before=None,
        deadline=None,
    )


def _retention(amount_fen: int, date: str) -> MilestoneTerms:
    return MilestoneTerms(
        milestone_id="retention",
        name="质保金",
        kind="retention",
        amount_fen=amount_fen,
        budget_year=2023,
        conditions=[],
        not_before=opening(date),
        deadline=None,
    )


def _invoice(organisation: str) -> Condition:
    return Condition(
        condition_id="invoice",
        kind="invoice",
        description="对方开具发票",
        organisation=organisation,
        role="contractor",
    )


def _register(stage: Stage, payee: PayeeOf) -> RegisterPayee:
    return RegisterPayee(
        payee_id=payee.payee_id,
        organisation="hospital",
        kind="enterprise",
        name=payee.name,
        name_commitment=None,
        account_commitment=stage.field(
            "账号:" + payee.payee_id, payee.account, owner="hospital", readers=MONEY_READERS
        ),
        account_index=stage.index("account", payee.account),
        contact_commitment=stage.field(
            "联系人:" + payee.payee_id, payee.contact, owner="hospital", readers=("hospital-finance",)
        ),
    )


def _change(stage: Stage) -> Wire:
    """The change adds a milestone; those not yet released are named again as they were."""
    kept = [one for one in terms_of(stage, WORKS).milestones if one.milestone_id not in ("start", "base")]
    added = _part("floor", "ICU 楼板加固(变更)", 28_000_000, kind="progress", year=2022, conditions=[_NODE])
    order = stage.file("设计变更通知单.txt", "ICU 楼板碳纤维加固,综合单价见附表。", owner="hospital",
                       readers=CONTRACT_READERS)  # fmt: skip
    return ProposeChange(
        change_id="builder:change-floor",
        agreement_id=WORKS,
        total_fen=_TITLES[WORKS][2] + added.amount_fen,
        milestones=[added, *kept],
        reason="开凿后发现 ICU 楼板承载力不足,按设计变更加固。",
        files=[order.commitment],
    )


def _switch(date: str, agreement_id: str, line_id: str) -> Step:
    command = SwitchLine(agreement_id=agreement_id, line_id=line_id, reason="2023 年指标已下达,合同转由当年指标支付。")
    return Step(date, "hospital-finance", f"《{_TITLES[agreement_id][0]}》转由 2023 年指标支付", always(command))
