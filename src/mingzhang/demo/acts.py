"""Steps that the case takes again and again: a payment requested, receipts of the bank, an attestation, invoices."""

from collections.abc import Sequence
from typing import Any

from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts.attestations import AttestCondition
from mingzhang.chain.contracts.milestones import Claim
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.settlements import SettlePayment
from mingzhang.demo.budget import SERVICES_2022
from mingzhang.demo.contracts import CONTRACT_READERS
from mingzhang.demo.story import Stage, Step, always


def pay(
    date: str,
    payment_id: str,
    amount_fen: int,
    *,
    payee: str,
    purpose: str,
    invoice: str,
    line_id: str = SERVICES_2022,
    expect: str = "ok",
) -> Step:
    """The hospital's accountant requests a payment; of the invoice's number only the blind index is recorded."""

    def commands(stage: Stage) -> Sequence[Any]:
        return [
            RequestPayment(
                payment_id=payment_id,
                line_id=line_id,
                payee_id=f"hospital:payee-{payee}",
                amount_fen=amount_fen,
                purpose=purpose,
                business_date=date,
                invoice=stage.index("invoice", invoice),
                evidence=[],
            )
        ]

    what = f"申请支付{purpose} {yuan(amount_fen)} 元"
    return Step(date, "hospital-finance", what, commands, expect=expect, mark=payment_id)


def settle(date: str, *payment_ids: str) -> Step:
    """The bank says that payments have reached their payees."""
    commands = [
        SettlePayment(
            receipt_id=f"bank:receipt-{payment_id.partition(':')[2]}",
            payment_id=payment_id,
            outcome="settled",
            settled_date=date,
            reason="",
        )
        for payment_id in payment_ids
    ]
    named = "、".join(payment_id.partition(":")[2] for payment_id in payment_ids)
    return Step(date, "teller", f"银行回单 {len(commands)} 笔:{named} 已到账", always(*commands))


def witness(
    date: str,
    who: str,
    what: str,
    *,
    attestation_id: str,
    agreement_id: str,
    conditions: dict[str, str],
    statement: str,
    expect: str = "ok",
) -> Step:
    """Somebody attests conditions (milestone -> condition), with a sealed file that proves them."""

    def commands(stage: Stage) -> Sequence[Any]:
        return [
            attestation(
                stage,
                attestation_id,
                agreement_id,
                conditions=conditions,
                statement=statement,
                date=date,
            )
        ]

    return Step(date, who, what, commands, expect=expect)


def attestation(
    stage: Stage, attestation_id: str, agreement_id: str, *, conditions: dict[str, str], statement: str, date: str
) -> AttestCondition:
    """The command of an attestation."""
    proof = stage.file(
        f"{attestation_id.partition(':')[2]}见证资料.txt",
        f"{statement}。签字人及联系方式见原件。",
        owner="hospital",
        readers=CONTRACT_READERS,
    )
    return AttestCondition(
        attestation_id=attestation_id,
        agreement_id=agreement_id,
        claims=[
            Claim(milestone_id=milestone, condition_id=condition, invoice=None)
            for milestone, condition in conditions.items()
        ],
        statement=statement,
        evidence=[proof.commitment],
        date=date,
    )


def invoiced(date: str, organisation: str, agreement_id: str, *, invoices: dict[str, str]) -> Step:
    """The other side hands in invoices (milestone -> number); only their blind indexes go on the ledger."""

    def commands(stage: Stage) -> Sequence[Any]:
        return [
            AttestCondition(
                attestation_id=f"{organisation}:invoice-{'-'.join(invoices)}",
                agreement_id=agreement_id,
                claims=[
                    Claim(milestone_id=milestone, condition_id="invoice", invoice=stage.index("invoice", number))
                    for milestone, number in invoices.items()
                ],
                statement="发票已开具并交付",
                evidence=[],
                date=date,
            )
        ]

    return Step(
        date, f"{organisation}-manager", f"提交 {len(invoices)} 张发票:{'、'.join(invoices)}(只记盲索引)", commands
    )
