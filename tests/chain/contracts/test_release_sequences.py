"""Whatever the parties, the bank and the clock do in whatever order: money bound, paid and left always add up."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.chain.contracts.signed import (
    AGREEMENT,
    BILL,
    DONE,
    LINE,
    LINE_2023,
    NEW_YEAR,
    PASSED,
    agree,
    attest,
    bank,
    funded,
    line,
    milestone,
)
from tests.chain.world import START, World

from mingzhang.chain.contracts.agreements import read_agreement
from mingzhang.chain.contracts.allotments import AllocateFunds, FreezeLine, ThawLine
from mingzhang.chain.contracts.amendments import AcceptChange, ProposeChange, ProposeTermination
from mingzhang.chain.contracts.attestations import WithdrawAttestation
from mingzhang.chain.contracts.budgets import read_line
from mingzhang.chain.contracts.disputes import DisputeAgreement, ResolveDispute
from mingzhang.chain.contracts.milestones import read_milestones
from mingzhang.chain.contracts.payments import scan_payments
from mingzhang.chain.contracts.releases import RetryRelease
from mingzhang.chain.contracts.switches import SwitchLine

LINES = (LINE, "hospital:2022-other", LINE_2023)
MILESTONES = ("one", "two", "next", "retain")
CLAIMS = (
    ("engineer", "one.done"),
    ("engineer", "one.done", "two.done"),
    ("engineer", "two.passed", "next.done"),
    ("engineer", "next.done"),
    ("cashier", "two.bill"),
)
MONTHS = (START, START + 40 * 86_400, NEW_YEAR)
Op = tuple[str, int]


def number(world: World) -> str:
    return f"n{len(world.records)}"


def attested(world: World, n: int) -> None:
    person, *places = CLAIMS[n % len(CLAIMS)]
    invoice = f"{n:064x}" if person == "cashier" else None
    attest(world, person, *places, invoice=invoice)


def withdrawn(world: World, n: int) -> None:
    for record in world.records[-12:]:
        if record.code == "ok" and hasattr(record.command, "attestation_id") and hasattr(record.command, "claims"):
            withdraw = WithdrawAttestation(attestation_id=record.command.attestation_id, reason="复核")
            world.do(record.signer, withdraw)


def answered(world: World, n: int) -> None:
    waiting = [name for name, payment in scan_payments(world.view()) if payment.status == "in_transit"]
    for payment_id in waiting[:1]:
        assert bank(world, payment_id, "returned" if n % 2 else "settled") == "ok"


def retried(world: World, n: int) -> None:
    world.do("cashier", RetryRelease(agreement_id=AGREEMENT, milestone_id=MILESTONES[n % 4]))


def allocated(world: World, n: int) -> None:
    world.do("treasury", AllocateFunds(allocation_id=f"hospital:{number(world)}", line_id=LINES[n % 3],
                                       amount_fen=n * 20_000 + 1, purpose="拨款"))  # fmt: skip


def contested(world: World, n: int) -> None:
    if n % 2:
        world.do("foreman", DisputeAgreement(agreement_id=AGREEMENT, reason="争议"))
    world.do("treasury", ResolveDispute(agreement_id=AGREEMENT, reason="已解决"))


def revised(world: World, n: int) -> None:
    """Every unreleased milestone grows or shrinks; sometimes the agreement ends instead."""
    view, change_id = world.view(), f"hospital:{number(world)}"
    standing = read_milestones(view, AGREEMENT, read_agreement(view, AGREEMENT).milestone_ids)
    released_fen = sum(one.terms.amount_fen for one in standing if one.attempts)
    ids = [one.terms.milestone_id for one in standing if not one.attempts]
    if n == 19 or not ids:
        world.do("head", ProposeTermination(change_id=change_id, agreement_id=AGREEMENT, reason="终止", files=[]))
    else:
        kept = [one for one in plan(50_000 + n * 10_000) if one.milestone_id in ids]
        world.do("head", ProposeChange(change_id=change_id, agreement_id=AGREEMENT, milestones=kept, reason="变更",
                                       total_fen=released_fen + sum(one.amount_fen for one in kept),
                                       files=[]))  # fmt: skip
    world.do("foreman", AcceptChange(change_id=change_id))


def switched(world: World, n: int) -> None:
    world.do("cashier", SwitchLine(agreement_id=AGREEMENT, line_id=LINES[n % 3], reason="换线"))


def frozen(world: World, n: int) -> None:
    amount_fen = n * 30_000 or None
    kind: Any = FreezeLine if n % 2 else ThawLine
    world.do("treasury" if n % 2 else "treasury2", kind(line_id=LINES[n % 3], amount_fen=amount_fen, reason="核查"))


def passed(world: World, n: int) -> None:
    if MONTHS[n % 3] > world.time:
        world.at(MONTHS[n % 3])


DEEDS: dict[str, Callable[[World, int], None]] = {
    deed.__name__: deed
    for deed in (
        attested, withdrawn, answered, retried, allocated, contested, revised, switched, frozen, passed
    )
}  # fmt: skip


def plan(amount_fen: int) -> list[Any]:
    """Four milestones, one of them borne by the next year, one retained until a date."""
    return [
        milestone("one", amount_fen, DONE),
        milestone("two", amount_fen + 1, DONE, PASSED, BILL),
        milestone("next", amount_fen + 2, DONE, budget_year=2023),
        milestone("retain", amount_fen + 3, kind="retention", not_before=MONTHS[1]),
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deeds=st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(0, 19)), max_size=25))
def test_money_adds_up_after_any_sequence(deeds: list[Op]) -> None:
    world = funded(paid_from="project_account")
    world.must("budget", line(LINES[1], approved_fen=700_000), line(LINE_2023, 2023, 900_000))
    agree(world, *plan(100_000), kind="service")
    for name, n in deeds:
        DEEDS[name](world, n)
        assert world.broken_invariants() == []
    codes = [record.code for record in world.records]
    assert "internal_refusal" not in codes
    assert "invariant_would_break" not in codes
    view = world.view()
    agreement = read_agreement(view, AGREEMENT)
    live = [payment for _name, payment in scan_payments(view) if payment.status in {"in_transit", "settled"}]
    assert sum(payment.amount_fen for payment in live) <= agreement.total_fen
    moving = sum(read_line(view, one).in_transit_fen + read_line(view, one).paid_fen for one in LINES)
    assert moving == sum(payment.amount_fen for payment in live)
