"""Agreements for contract tests: the hospital, its builder and the supervisor, budget lines of two years, a payee."""

from typing import Any

import msgspec
from tests.chain.contracts.declared import WARD, approved, prepared
from tests.chain.world import START, World

from mingzhang.chain.contracts.agreements import CountersignAgreement, SignAgreement
from mingzhang.chain.contracts.attestations import AttestCondition
from mingzhang.chain.contracts.budgets import ApproveLine, read_line
from mingzhang.chain.contracts.milestones import Claim
from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.chain.contracts.settlements import SettlePayment
from mingzhang.chain.contracts.standards import CodeEntry, PublishCodes
from mingzhang.chain.contracts.terms import AgreementTerms, Condition, MilestoneTerms

DAY = 24 * 3600
AGREEMENT = "hospital:build"
LINE = "hospital:2022-ward"
LINE_2023 = "hospital:2023-ward"
SEALED = "cd" * 32
DEFECTS_END = START + 30 * DAY
NEW_YEAR = 1_672_502_400
"""2023-01-01 in China."""

DONE = Condition(
    condition_id="done", kind="progress_node", description="主体完工", organisation="supervisor", role="attestor"
)
PASSED = Condition(
    condition_id="passed", kind="acceptance", description="竣工验收", organisation="supervisor", role="attestor"
)
BILL = Condition(condition_id="bill", kind="invoice", description="发票", organisation="hospital", role="unit_finance")


def milestone(milestone_id: str, amount_fen: int, *conditions: Condition, **changes: Any) -> MilestoneTerms:
    """A progress payment borne by 2022, unless told otherwise."""
    fields: dict[str, Any] = {
        "name": f"款项{milestone_id}", "kind": "progress", "budget_year": 2022, "not_before": None, "deadline": None,
    } | changes  # fmt: skip
    return MilestoneTerms(milestone_id=milestone_id, amount_fen=amount_fen, conditions=list(conditions), **fields)


NODE = milestone("node", 200_000, DONE)
CHECK = milestone("check", 285_000, PASSED, BILL, kind="acceptance")
RETENTION = milestone("retain", 15_000, kind="retention", not_before=DEFECTS_END)


def terms(*milestones: MilestoneTerms, **changes: Any) -> AgreementTerms:
    """Construction for 5,000.00 yuan: a node, the acceptance with an invoice, and 3 % retained for thirty days."""
    given = list(milestones) or [NODE, CHECK, RETENTION]
    fields: dict[str, Any] = {
        "kind": "construction",
        "title": "改造工程施工合同",
        "project_id": WARD,
        "counterparty": "builder",
        "payee_id": "hospital:builder",
        "line_id": LINE,
        "total_fen": sum(one.amount_fen for one in given),
        "procurement_document": "DGCG-2022-017",
        "unit_prices": [SEALED],
        "contract_files": [SEALED],
        "start_date": "2022-06-29",
        "end_date": "2023-03-31",
        "milestones": given,
    } | changes
    return AgreementTerms(**fields)


def line(line_id: str = LINE, year: int = 2022, approved_fen: int = 1_000_000, **changes: Any) -> ApproveLine:
    """A line of the ward building, paid by the treasury unless told otherwise."""
    fields: dict[str, Any] = {
        "organisation": "hospital", "project_id": WARD, "function_code": "2100201",
        "department_economic_code": "31006", "government_economic_code": "50601", "fund_type": "1",
        "paid_from": "treasury", "document": "示例〔2022〕1号",
    } | changes  # fmt: skip
    return ApproveLine(line_id=line_id, year=year, approved_fen=approved_fen, **fields)


def payee(payee_id: str = "hospital:builder", account: str = "aa" * 32) -> RegisterPayee:
    return RegisterPayee(
        payee_id=payee_id, organisation="hospital", kind="enterprise", name="施工单位", name_commitment=None,
        account_commitment=SEALED, account_index=account, contact_commitment=SEALED,
    )  # fmt: skip


def funded(**changes: Any) -> World:
    """A world with the approved project, codes of two years, a payee and a line of 10,000.00 yuan in 2022."""
    world = prepared()
    approved(world)
    tables = {"function": "2100201", "department_economic": "31006", "government_economic": "50601", "fund_type": "1"}
    for year in (2022, 2023):
        for table, code in tables.items():
            entry = CodeEntry(code=code, name=code, parent="")
            world.must("committee", PublishCodes(organisation="city", table=table, year=year,  # type: ignore[arg-type]
                                                 entries=[entry], basis="示例"))  # fmt: skip
    world.must("budget", line(**changes))
    world.must("cashier", payee())
    return world


def sign(world: World, *milestones: MilestoneTerms, agreement_id: str = AGREEMENT, **changes: Any) -> str:
    """The head signs for the hospital; the code's name."""
    return world.do("head", SignAgreement(agreement_id=agreement_id, terms=terms(*milestones, **changes)))


def agree(world: World, *milestones: MilestoneTerms, agreement_id: str = AGREEMENT, **changes: Any) -> None:
    """Signed by the head and countersigned by the builder's foreman."""
    given = SignAgreement(agreement_id=agreement_id, terms=terms(*milestones, **changes))
    world.must("head", given)
    world.must("foreman", CountersignAgreement(agreement_id=agreement_id))


def claim(place: str, invoice: str | None = None) -> Claim:
    """`node.done` claims the condition done of the milestone node."""
    milestone_id, _, condition_id = place.partition(".")
    return Claim(milestone_id=milestone_id, condition_id=condition_id, invoice=invoice)


def attest(
    world: World, person: str, *places: str, invoice: str | None = None, attestation_id: str = "", **changes: Any
) -> str:
    """The person attests conditions; the invoice goes to all of them. The code's name."""
    organisation = {"engineer": "supervisor", "foreman": "builder", "reviewer": "health"}.get(person, "hospital")
    fields: dict[str, Any] = {
        "attestation_id": attestation_id or f"{organisation}:at-{len(world.records)}",
        "agreement_id": AGREEMENT,
        "claims": [claim(place, invoice) for place in places],
        "statement": "属实",
        "evidence": [SEALED],
        "date": "2022-04-15",
    } | changes
    return world.do(person, AttestCondition(**fields))


def bank(world: World, payment_id: str, outcome: Any) -> str:
    """The bank settles or returns a payment; the code's name."""
    receipt_id = f"city:r{len(world.records)}"
    return world.do("teller", SettlePayment(receipt_id=receipt_id, payment_id=payment_id, outcome=outcome,
                                            settled_date="2022-04-15", reason=""))  # fmt: skip


def answers(world: World, since: int) -> list[tuple[str, str]]:
    """(milestone, code) of the releases recorded since the given number of records."""
    return [
        (record.command.milestone_id, record.code)
        for record in world.records[since:]
        if type(record.command).__name__ == "ReleaseMilestone"
    ]


def buckets(world: World, line_id: str = LINE) -> tuple[int, int, int, int]:
    """What the line has available, encumbered, in transit and paid."""
    found = read_line(world.view(), line_id)
    return found.available_fen, found.encumbered_fen, found.in_transit_fen, found.paid_fen


def changed(one: Any = DONE, **changes: Any) -> Any:
    """A condition or milestone with something else in it."""
    return msgspec.structs.replace(one, **changes)
