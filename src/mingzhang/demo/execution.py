"""Chapter 5 of the case: attestations that release milestone payments, ordinary payments, refusals, a hold, a reversal.

All of it is illustrative, except that work began on 2022-06-29 and ended in March 2023. Every payment is settled by the
bank's receipt.
"""

from mingzhang.chain.contracts.payments import DecidePayment
from mingzhang.chain.contracts.settlements import DecideReversal, RequestReversal
from mingzhang.demo.acts import attestation, invoiced, pay, settle, witness
from mingzhang.demo.budget import SERVICES_2023
from mingzhang.demo.contracts import CONTRACT_READERS, EQUIPMENT, RELOCATION, WORKS
from mingzhang.demo.story import Chapter, Stage, Step, always

DESIGN_FEE, DESIGN_FEE_2 = "hospital:pay-design-1", "hospital:pay-design-2"
SUPERVISION_FEE, SUPERVISION_FEE_2 = "hospital:pay-supervision-1", "hospital:pay-supervision-2"
TESTING_WRONG, TESTING = "hospital:pay-testing-1", "hospital:pay-testing-2"
LEFT_FEN = 23_840_000
"""Available on the services line of 2022 when the payment over it by one fen is tried."""


def execution() -> Chapter:
    """From the start of work to the release of the retention money."""
    steps = [*_start(), *_summer(), *_over_and_wrong(), *_two_at_once(), *_year_end(), *_completion(), *_handover()]
    return Chapter("执行与支付", [*steps, *_retention()])


def _start() -> list[Step]:
    return [
        witness(
            "2022-06-29",
            "builder-manager",
            "施工方自行证明开工节点",
            attestation_id="builder:attest-start",
            agreement_id=WORKS,
            conditions={"start": "node"},
            statement="自证开工",
            expect="attestation_by_wrong_party",
        ),
        witness(
            "2022-06-29",
            "engineer",
            "监理见证开工令,预付款条件齐备",
            attestation_id="supervision:attest-start",
            agreement_id=WORKS,
            conditions={"start": "node"},
            statement="开工令已签发",
        ),
        settle("2022-06-30", "hospital:works-start"),
        pay("2022-07-05", DESIGN_FEE, 14_160_000, payee="design", purpose="工程设计费(首期)", invoice="示例票-0001"),
        settle("2022-07-06", DESIGN_FEE),
        pay(
            "2022-07-08",
            "hospital:pay-design-again",
            14_160_000,
            payee="design",
            purpose="工程设计费(重复提交)",
            invoice="示例票-0001",
            expect="invoice_already_used",
        ),
    ]


def _summer() -> list[Step]:
    return [
        settle("2022-07-14", "hospital:relocation-advance"),
        settle("2022-08-16", "hospital:equipment-advance"),
        witness(
            "2022-08-22",
            "hospital-clerk",
            "医院确认病区搬迁完成",
            attestation_id="hospital:attest-moved",
            agreement_id=RELOCATION,
            conditions={"moved": "accepted"},
            statement="病区已腾空",
        ),
        settle("2022-08-23", "hospital:relocation-moved"),
        invoiced("2022-09-07", "builder", WORKS, invoices={"base": "示例票-1001"}),
        witness(
            "2022-09-08",
            "engineer",
            "监理见证拆除及基层工程完成",
            attestation_id="supervision:attest-base",
            agreement_id=WORKS,
            conditions={"base": "node"},
            statement="隐蔽工程验收合格",
        ),
        settle("2022-09-09", "hospital:works-base"),
    ]


def _over_and_wrong() -> list[Step]:
    decide = DecideReversal(reversal_id="hospital:reversal-testing", verdict="approve", opinion="退款已到账,同意红冲。")
    return [
        pay(
            "2022-09-20",
            "hospital:pay-over",
            LEFT_FEN + 1,
            payee="design",
            purpose="工程设计费(超出指标余额 1 分)",
            invoice="示例票-0002",
            expect="exceeds_available_balance",
        ),
        pay("2022-09-26", DESIGN_FEE_2, 9_440_000, payee="design", purpose="工程设计费(尾款)", invoice="示例票-0002"),
        settle("2022-09-27", DESIGN_FEE_2),
        pay("2022-10-12", TESTING_WRONG, 4_850_000, payee="supervision", purpose="结构检测费", invoice="示例票-0003"),
        settle("2022-10-13", TESTING_WRONG),
        Step(
            "2022-10-17",
            "hospital-finance",
            "发现检测费误付给监理公司,款已退回,申请红冲",
            lambda stage: [_reversal(stage)],
        ),
        Step("2022-10-19", "finance-treasury", "批准红冲:原记录不改,金额回到指标", always(decide)),
        pay("2022-10-20", TESTING, 4_850_000, payee="testing", purpose="结构检测费(更正)", invoice="示例票-0003"),
        settle("2022-10-21", TESTING),
    ]


def _two_at_once() -> list[Step]:
    return [
        invoiced("2022-11-30", "builder", WORKS, invoices={"children": "示例票-1002", "wards": "示例票-1003"}),
        witness(
            "2022-12-02",
            "engineer",
            "监理一次见证儿童康复病区、临床病房两个节点:同一指标上自动支付两笔",
            attestation_id="supervision:attest-wards",
            agreement_id=WORKS,
            conditions={"children": "node", "wards": "node"},
            statement="两个病区分部工程验收合格",
        ),
        settle("2022-12-05", "hospital:works-children", "hospital:works-wards"),
        witness(
            "2022-12-08",
            "engineer",
            "监理见证 ICU 楼板加固(变更)完成",
            attestation_id="supervision:attest-floor",
            agreement_id=WORKS,
            conditions={"floor": "node"},
            statement="加固检测合格",
        ),
        settle("2022-12-09", "hospital:works-floor"),
    ]


def _year_end() -> list[Step]:
    decide = DecidePayment(payment_id=SUPERVISION_FEE, verdict="approve", opinion="按监理合同和月报核对无误,同意支付。")
    return [
        pay(
            "2022-12-20",
            SUPERVISION_FEE,
            8_400_000,
            payee="supervision",
            purpose="工程监理费(2022 年)",
            invoice="示例票-0004",
        ),
        Step("2022-12-22", "finance-treasury2", "复核监理合同和月报后放行年底支付", always(decide)),
        settle("2022-12-23", SUPERVISION_FEE),
    ]


def _completion() -> list[Step]:
    return [
        invoiced("2023-02-09", "builder", WORKS, invoices={"clean": "示例票-1004"}),
        witness(
            "2023-02-10",
            "engineer",
            "监理见证 ICU 和手术室净化工程完成",
            attestation_id="supervision:attest-clean",
            agreement_id=WORKS,
            conditions={"clean": "node"},
            statement="净化检测合格",
        ),
        settle("2023-02-13", "hospital:works-clean"),
        invoiced("2023-02-23", "equipment", EQUIPMENT, invoices={"delivery": "示例票-2001"}),
        witness(
            "2023-02-24",
            "hospital-clerk",
            "医院清点设备到货",
            attestation_id="hospital:attest-delivery",
            agreement_id=EQUIPMENT,
            conditions={"delivery": "accepted"},
            statement="24 台设备和 150 套家具到货",
        ),
        settle("2023-02-27", "hospital:equipment-delivery"),
        invoiced("2023-03-17", "builder", WORKS, invoices={"finish": "示例票-1005"}),
        witness(
            "2023-03-20",
            "engineer",
            "监理见证竣工(2023 年 3 月竣工)",
            attestation_id="supervision:attest-finish",
            agreement_id=WORKS,
            conditions={"finish": "node"},
            statement="竣工预验收合格",
        ),
        witness(
            "2023-03-21",
            "hospital-clerk",
            "医院竣工验收合格,验收款条件齐备",
            attestation_id="hospital:attest-finish",
            agreement_id=WORKS,
            conditions={"finish": "accepted"},
            statement="五方验收合格",
        ),
        settle("2023-03-22", "hospital:works-finish"),
    ]


def _handover() -> list[Step]:
    return [
        invoiced("2023-03-23", "logistics", RELOCATION, invoices={"back": "示例票-3001"}),
        Step(
            "2023-03-24",
            "hospital-clerk",
            "医院确认病区回迁;设备安装调试合格",
            lambda stage: [
                attestation(
                    stage,
                    "hospital:attest-back",
                    RELOCATION,
                    conditions={"back": "accepted"},
                    statement="病区已回迁",
                    date="2023-03-24",
                ),
                attestation(
                    stage,
                    "hospital:attest-tested",
                    EQUIPMENT,
                    conditions={"tested": "accepted"},
                    statement="24 台设备调试合格",
                    date="2023-03-24",
                ),
            ],
        ),
        settle("2023-03-27", "hospital:relocation-back", "hospital:equipment-tested"),
        pay(
            "2023-03-30",
            SUPERVISION_FEE_2,
            8_400_000,
            payee="supervision",
            purpose="工程监理费(2023 年)",
            invoice="示例票-0005",
            line_id=SERVICES_2023,
        ),
        settle("2023-03-31", SUPERVISION_FEE_2),
    ]


def _retention() -> list[Step]:
    return [
        settle("2023-09-21", "hospital:works-retention"),
        settle("2023-09-26", "hospital:equipment-retention"),
    ]


def _reversal(stage: Stage) -> RequestReversal:
    slip = stage.file("检测费退款银行回单.txt", "退回款项 48500.00 元,原路退回。", owner="hospital",
                      readers=CONTRACT_READERS)  # fmt: skip
    return RequestReversal(
        reversal_id="hospital:reversal-testing",
        payment_id=TESTING_WRONG,
        reason="收款人选择错误,误付监理公司,款项已退回。",
        evidence=[slip.commitment],
    )
