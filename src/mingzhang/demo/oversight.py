"""Chapter 6 of the case: the audit office looks on as it happens, asks about a payment two days later, and is answered.

Illustrative throughout.
"""

from mingzhang.chain.contracts.answers import AnswerFinding
from mingzhang.chain.contracts.oversight import CloseFinding, RaiseFinding
from mingzhang.chain.contracts.payments import read_payment
from mingzhang.demo.contracts import CONTRACT_READERS
from mingzhang.demo.story import Chapter, Stage, Step, always, opening

FINDING = "audit:finding-advance"
ADVANCE = "hospital:equipment-advance"


def oversight() -> Chapter:
    """A finding on the advance payment for equipment: raised, answered, closed."""
    return Chapter(
        "审计监督",
        [
            Step(
                "2022-08-17",
                "auditor",
                "审计实时发现:设备预付款 966,000.00 元已付,未见预付款保函,向医院提出",
                lambda stage: [_finding(stage)],
                mark="finding",
            ),
            Step(
                "2022-08-24",
                "hospital-head",
                "医院答复:已取得银行保函(附件密封)",
                lambda stage: [_answer(stage)],
            ),
            Step(
                "2022-08-30",
                "auditor",
                "审计核对保函金额与有效期属实,结案:已整改",
                always(
                    CloseFinding(
                        finding_id=FINDING,
                        conclusion="rectified",
                        text="保函金额 966,000.00 元,有效期至到货验收,已整改。",
                    )
                ),
            ),
        ],
    )


def _finding(stage: Stage) -> RaiseFinding:
    payment = read_payment(stage.desk.view(), ADVANCE)
    return RaiseFinding(
        finding_id=FINDING,
        level="audit",
        subject_kind="payment",
        subject_id=ADVANCE,
        questioned_record=payment.record,
        title="设备预付款未见预付款保函",
        text="合同约定预付 30%,支付时未见供货方提交的预付款保函,存在资金风险,请说明并补正。",
        legal_basis="《中华人民共和国审计法》第三十四条;内部控制规范关于合同管理的规定",
        severity="general",
        responsible="hospital",
        deadline=opening("2022-08-31"),
        follows=None,
        files=[],
    )


def _answer(stage: Stage) -> AnswerFinding:
    letter = stage.file("预付款保函.txt", "保函编号及开立行联系人见原件。", owner="hospital", readers=CONTRACT_READERS)
    return AnswerFinding(
        finding_id=FINDING,
        round=1,
        stance="accept",
        text="接受。供货方已补交银行预付款保函,见附件。",
        files=[letter],
    )
