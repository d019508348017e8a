"""Two ledgers on which everything the contracts know has happened at least once, told chapter by chapter."""

from tests.chain.contracts.declared import WARD, actual, approved, declare, entry, lift, self_evaluation
from tests.chain.contracts.signed import (
    AGREEMENT,
    CHECK,
    DEFECTS_END,
    LINE,
    LINE_2023,
    NEW_YEAR,
    RETENTION,
    agree,
    attest,
    bank,
    changed,
    funded,
    line,
    payee,
    sign,
)
from tests.chain.contracts.test_admissions import LEAVE, founded, joining, leaving, vote
from tests.chain.contracts.test_amendments import DISPUTE, END, RESOLVE, accept, change
from tests.chain.contracts.test_oversight import answer, close, raising, returning
from tests.chain.contracts.test_results import evaluated, overall
from tests.chain.world import START, World

from mingzhang.chain.contracts.adjustments import DecideAdjustment, RequestSupplement, RequestTransfer
from mingzhang.chain.contracts.agreements import WithdrawAgreement
from mingzhang.chain.contracts.allotments import AllocateFunds, FreezeLine, SetPlan, ThawLine
from mingzhang.chain.contracts.amendments import DeclineChange
from mingzhang.chain.contracts.attestations import WithdrawAttestation
from mingzhang.chain.contracts.credentials import GrantRole, RenewKey, RevokeKey, WithdrawGrant
from mingzhang.chain.contracts.disclosure import Clarify, Publish, WithdrawPublication
from mingzhang.chain.contracts.fieldrules import SetFieldRule
from mingzhang.chain.contracts.payees import ResumePayee, SuspendPayee
from mingzhang.chain.contracts.payments import DecidePayment, RequestPayment
from mingzhang.chain.contracts.releases import RetryRelease
from mingzhang.chain.contracts.results import AnswerRectification, CloseRectification
from mingzhang.chain.contracts.reviews import ApproveProject, CloseProject, ReviewProject
from mingzhang.chain.contracts.settlements import DecideReversal, RecordRefund, RequestReversal
from mingzhang.chain.contracts.standards import SetParameter
from mingzhang.chain.contracts.switches import SwitchLine

DAY = 24 * 3600
ACCOUNT_LINE = "hospital:2022-account"


def pay(payment_id: str, amount_fen: int, *, line_id: str = LINE, purpose: str = "办公用品", invoice: str | None = None,
        payee_id: str = "hospital:builder") -> RequestPayment:  # fmt: skip
    return RequestPayment(payment_id=payment_id, line_id=line_id, payee_id=payee_id, amount_fen=amount_fen,
                          purpose=purpose, business_date="2022-04-15", invoice=invoice, evidence=[])  # fmt: skip


def whole_story() -> World:
    """Everything, once or more."""
    world = funded()
    lines_and_payments(world)
    payees_and_corrections(world)
    projects_that_end_otherwise(world)
    agreements_to_the_end(world)
    performance(world)
    oversight(world)
    publications(world)
    members(world)
    return world


def lines_and_payments(world: World) -> None:
    """Adjusted, planned, frozen, given to a project account; paid, held, refused."""
    world.must("budget", line(ACCOUNT_LINE, 2022, 200_000, project_id=None, paid_from="project_account"))
    world.must("cashier", RequestTransfer(adjustment_id="hospital:t1", from_line=LINE, to_line=ACCOUNT_LINE,
                                          amount_fen=50_000, reason="调剂"))  # fmt: skip
    decided = DecideAdjustment(adjustment_id="hospital:t1", verdict="approve", document="批1", opinion="同意")
    world.must("budget", decided)
    world.must("cashier", RequestSupplement(adjustment_id="hospital:s1", to_line=LINE, amount_fen=1_000,
                                            source="预备费", reason="追加"))  # fmt: skip
    world.must("budget", changed(decided, adjustment_id="hospital:s1", verdict="reject"))
    world.must("cashier", SetPlan(line_id=ACCOUNT_LINE, months_fen=[10_000] * 12))
    world.must("cashier", SetPlan(line_id=ACCOUNT_LINE, months_fen=[20_000] * 12))
    world.must("treasury", AllocateFunds(allocation_id="hospital:a1", line_id=ACCOUNT_LINE, amount_fen=100_000,
                                         purpose="拨款"))  # fmt: skip
    world.must("treasury", FreezeLine(line_id=LINE, amount_fen=10_000, reason="核查"))
    world.must("treasury2", ThawLine(line_id=LINE, amount_fen=4_000, reason="核清"))
    world.must("treasury", FreezeLine(line_id=ACCOUNT_LINE, amount_fen=None, reason="停用"))
    assert world.do("cashier", pay("hospital:late", 1, line_id=ACCOUNT_LINE)) == "line_is_frozen"
    world.must("treasury2", ThawLine(line_id=ACCOUNT_LINE, amount_fen=None, reason="恢复"))
    hold_from(world, 30_000)
    world.must("cashier", pay("hospital:pens", 1_200, invoice="9a" * 32),
               pay("hospital:chairs", 2_300, purpose="座椅"),
               pay("hospital:lamps", 900, purpose="灯具", line_id=ACCOUNT_LINE),
               pay("hospital:wrong", 700))  # fmt: skip
    assert world.do("cashier", pay("hospital:again", 5, invoice="9a" * 32)) == "invoice_already_used"
    assert world.do("cashier", pay("hospital:much", 10**9)) == "exceeds_available_balance"
    world.must("cashier", pay("hospital:server", 40_000, purpose="服务器"), pay("hospital:car", 35_000, purpose="车辆"))
    world.must("treasury", DecidePayment(payment_id="hospital:server", verdict="approve", opinion="同意"))
    world.must("treasury", DecidePayment(payment_id="hospital:car", verdict="reject", opinion="超编制"))
    hold_from(world, 10**9)
    for payment_id, outcome in (("pens", "settled"), ("chairs", "returned"), ("wrong", "settled")):
        assert bank(world, f"hospital:{payment_id}", outcome) == "ok"


def hold_from(world: World, amount_fen: int) -> None:
    """From now on payments of this amount wait for a person."""
    world.must("committee", SetParameter(organisation="city", name="payment_hold_above_fen", value=amount_fen,
                                         from_time=world.time, basis="示例"))  # fmt: skip


def payees_and_corrections(world: World) -> None:
    """A payee suspended and resumed; a payment reversed, another not; a refund."""
    world.must("cashier", payee("hospital:other", "bb" * 32))
    world.must("treasury", SuspendPayee(payee_id="hospital:other", reason="投诉"))
    assert world.do("cashier", pay("hospital:none", 1, payee_id="hospital:other")) == "payee_is_suspended"
    world.must("treasury2", ResumePayee(payee_id="hospital:other", reason="查明"))
    for number, (payment_id, verdict) in enumerate((("hospital:pens", "reject"), ("hospital:wrong", "approve"))):
        world.must("cashier", RequestReversal(reversal_id=f"hospital:rv{number}", payment_id=payment_id, reason="付错",
                                              evidence=[]))  # fmt: skip
        world.must("treasury", DecideReversal(reversal_id=f"hospital:rv{number}", verdict=verdict,  # type: ignore[arg-type]
                                              opinion="意见"))  # fmt: skip
    world.must("cashier", RecordRefund(refund_id="hospital:rf1", line_id=LINE, payee_id="hospital:builder",
                                       amount_fen=200, purpose="退余款", business_date="2022-04-15"))  # fmt: skip


def projects_that_end_otherwise(world: World) -> None:
    """Returned by the department, rejected by finance, closed."""
    assert declare(world, "hospital:garden", name="花园") == "ok"
    world.must("reviewer", ReviewProject(project_id="hospital:garden", version=1, verdict="return", opinion="缺附件"))
    assert declare(world, "hospital:statue", name="雕塑") == "ok"
    world.must("reviewer", ReviewProject(project_id="hospital:statue", version=1, verdict="pass", opinion="同意"))
    world.must("budget", ApproveProject(project_id="hospital:statue", version=1, verdict="reject", approved=[],
                                        opinion="非必需"))  # fmt: skip
    approved(world, "hospital:hall")
    world.must("budget", CloseProject(project_id="hospital:hall", reason="不再实施"))


def agreements_to_the_end(world: World) -> None:
    """Signed, withdrawn; attested, taken back, released, changed, disputed, switched to another year, ended."""
    assert sign(world, agreement_id="hospital:never") == "ok"
    world.must("head", WithdrawAgreement(agreement_id="hospital:never", reason="改招标"))
    agree(world)
    assert attest(world, "engineer", "check.passed", attestation_id="supervisor:early") == "ok"
    world.must("engineer", WithdrawAttestation(attestation_id="supervisor:early", reason="测量有误"))
    assert attest(world, "engineer", "node.done") == "ok"
    final = changed(CHECK, amount_fen=185_000, budget_year=2023)
    world.must("head", change(changed(final, milestone_id="tail", amount_fen=100_000), final, RETENTION,
                              total_fen=500_000))  # fmt: skip
    world.must("foreman", accept())
    back = [changed(final, amount_fen=285_000), RETENTION]
    world.must("head", change(*back, total_fen=500_000, change_id="hospital:less"))
    world.must("foreman", DeclineChange(change_id="hospital:less", reason="不同意"))
    world.must("head", change(*back, total_fen=500_000, change_id="hospital:back"))
    world.must("foreman", accept("hospital:back"))
    world.must("foreman", DISPUTE)
    world.at(DEFECTS_END)
    world.must("treasury", RESOLVE)
    assert bank(world, "hospital:build-retain", "returned") == "ok"
    world.must("cashier", RetryRelease(agreement_id=AGREEMENT, milestone_id="retain"))
    world.must("budget", line(LINE_2023, 2023, 600_000))
    world.must("cashier", SwitchLine(agreement_id=AGREEMENT, line_id=LINE_2023, reason="跨年"))
    world.must("foreman", END)
    world.must("head", accept(END.change_id))


def performance(world: World) -> None:
    """One project with a good result, one that had to put things right, one that ended; the department's whole."""
    lift(world)
    world.must("clerk", actual("area", 533850, 2), actual("quality", 100), actual("delay", 30), actual("patients", 90),
               actual("beds", level="achieved", completion_bp=10000))  # fmt: skip
    scores = [entry("area", 2000), entry("quality", 2000), entry("delay", 1000), entry("beds", 3000),
              entry("patients", 1000), entry(None, 950)]  # fmt: skip
    world.must("head", self_evaluation(*scores))
    world.must("head", self_evaluation(*scores, evaluation_id="hospital:e2"))
    evaluated(world, 60, "hospital:poor")
    world.must("head", AnswerRectification(evaluation_id="hospital:poor-e", answer="已整改", evidence=[]))
    sent_back = CloseRectification(evaluation_id="hospital:poor-e", verdict="send_back", opinion="不足", days=5)
    world.must("performance", sent_back)
    world.at(world.time + 6 * DAY)
    world.must("head", AnswerRectification(evaluation_id="hospital:poor-e", answer="再整改", evidence=[]))
    world.must("performance", changed(sent_back, verdict="close", days=0))
    world.must("reviewer", overall(self_total=6400))


def oversight(world: World) -> None:
    """Raised, late, answered, returned, answered, closed."""
    begun = world.time
    world.must("auditor", raising(world, deadline=begun + 10 * DAY))
    world.at(begun + 11 * DAY)
    world.must("head", answer())
    world.must("auditor", returning(deadline=begun + 30 * DAY))
    world.must("head", answer(round=2, text="已补。"))
    world.must("auditor", close())


def publications(world: World) -> None:
    """Published under a rule, clarified, replaced, withdrawn, published again."""
    world.must("publisher", SetFieldRule(organisation="city", kind="project", field="name", treatment="clear",
                                         basis="示例"))  # fmt: skip
    first = Publish(publication_id="city:pub1", kind="project", object_id=WARD, title="项目公开", notice="",
                    due_time=START + DAY, replaces=None)  # fmt: skip
    world.must("publisher", first, Clarify(publication_id="city:pub1", number=1, text="金额含税"))
    world.must("publisher", changed(first, publication_id="city:pub2", replaces="city:pub1", title="项目公开(更正)"))
    world.must("publisher", WithdrawPublication(publication_id="city:pub2", reason="重复"))
    world.must("publisher", changed(first, publication_id="city:pub3", replaces="city:pub2"))


def members(world: World) -> None:
    """Keys revoked and renewed, grants given and withdrawn, votes on members; the year ends."""
    world.must("root", GrantRole(grant_id="extra", person_id="clerk", role="unit_head", organisation="hospital",
                                 project=WARD, from_time=0, until_time=None))  # fmt: skip
    world.must("root", WithdrawGrant(grant_id="extra", person_id="clerk", reason="轮岗"))
    world.must("root", RevokeKey(person_id="foreman", reason="丢失"))
    del world.keys["foreman"]
    world.must("root2", RenewKey(person_id="foreman", public_key=world.public("foreman")))
    world.at(NEW_YEAR)


def votes_story() -> World:
    """A ledger of its own, with four members: one joins, one leaves, another is kept."""
    world = founded()
    world.must("root", joining(world))
    for person in ("audit-admin", "finance-admin", "health-admin"):
        world.must(person, vote())
    world.must("root", leaving())
    for person in ("audit-admin", "finance-admin", "port-admin"):
        world.must(person, vote(LEAVE))
    world.must("root", leaving(proposal_id="city:leave-port", organisation_id="port"))
    world.must("audit-admin", vote("city:leave-port", approve=False))
    return world
