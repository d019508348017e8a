"""Proofs from a real ledger directory: what the node makes holds for both checkers, and nothing foreign gets in."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.chain import naive_bundle
from tests.chain.world import START
from tests.node.twin import DAY, Twin, payment

from mingzhang.chain.bundles import verify_bundle
from mingzhang.chain.checkpoints import verify_consistency_bundle
from mingzhang.chain.contracts.admissions import ProposeRemoval
from mingzhang.chain.contracts.credentials import GrantRole
from mingzhang.chain.contracts.members import EnrolPerson
from mingzhang.chain.contracts.votes import VoteMember
from mingzhang.node import proofs
from mingzhang.node.proofs import ProofError

SANDBOX = "账本使用沙盒时钟（演示/培训），时间由人设定。"


@pytest.fixture(params=["gm", "intl"])
def twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Twin]:
    with Twin(tmp_path, request.param) as made:
        made.live()
        yield made


@pytest.fixture
def intl(tmp_path: Path) -> Iterator[Twin]:
    with Twin(tmp_path) as made:
        made.live()
        yield made


def test_node_and_world_agree_on_the_root(twin: Twin) -> None:
    row = twin.store.block(twin.store.height())
    assert row is not None
    assert row.root == twin.world.outcomes[-1].root


def test_every_leaf_has_a_bundle_that_holds(twin: Twin) -> None:
    row = proofs.sign_checkpoint(twin.store, twin.member_keys("finance", "audit"))
    trust = proofs.trust(twin.store)
    assert json.loads(trust)["threshold"] == 2
    assert sorted(json.loads(trust)["organisations"]) == ["audit", "finance", "health"]
    seen = set()
    for index in range(row.size):
        data = proofs.bundle(twin.store, index)
        verdict = verify_bundle(data, trust)
        assert verdict.ok, verdict.findings[-1]
        assert naive_bundle.check_bundle(data, trust) == "ok"
        assert SANDBOX in "".join(one.sentence_zh for one in verdict.findings)
        shown: Any = verdict.record
        seen.add((shown["type"], shown.get("envelope") == "", shown.get("cause") is None))
    # Signed and unsigned records, those with a cause, block leaves: all kinds were there.
    assert {("record/1", False, True), ("record/1", True, True), ("record/1", True, False)} <= seen
    assert any(kind == "block/1" for kind, _own, _first in seen)


def test_a_bundle_of_one_payment_tells_nothing_of_its_neighbours(intl: Twin) -> None:
    proofs.sign_checkpoint(intl.store, intl.member_keys("finance", "audit"))
    index = next(one.index for one in intl.world.records if getattr(one.command, "amount_fen", 0) == 40_000)
    data = proofs.bundle(intl.store, index).decode()
    assert "40000" in data
    assert "50001" not in data
    assert "pay-2" not in data
    assert "pay-3" not in data


def test_no_checkpoint_is_made_when_nothing_was_recorded_since(intl: Twin) -> None:
    first = proofs.sign_checkpoint(intl.store, intl.member_keys("finance", "audit"))
    assert proofs.sign_checkpoint(intl.store, intl.member_keys("audit", "finance")) == first
    assert intl.store.checkpoints() == [first]
    intl.do("cashier", payment(9, 1))
    second = proofs.sign_checkpoint(intl.store, intl.member_keys("finance", "audit"))
    assert intl.store.checkpoints() == [first, second]
    assert second.height == first.height + 1


def test_members_sign_one_after_the_other(intl: Twin) -> None:
    row = proofs.sign_checkpoint(intl.store, intl.member_keys("health"))
    data = proofs.bundle(intl.store, 3)
    assert verify_bundle(data, proofs.trust(intl.store)).findings[-1].step == "signatures"
    again = proofs.sign_checkpoint(intl.store, intl.member_keys("audit"))
    assert again.body == row.body
    assert [one.organisation for one in proofs.read_checkpoint(again).signatures] == ["audit", "health"]
    assert verify_bundle(proofs.bundle(intl.store, 3), proofs.trust(intl.store)).ok


@pytest.mark.parametrize(
    ("organisation", "key_of"), [("finance", "audit"), ("hospital", "health"), ("nobody", "audit")]
)
def test_only_the_key_on_the_ledger_signs_for_an_organisation(intl: Twin, organisation: str, key_of: str) -> None:
    with pytest.raises(ProofError, match=organisation):
        proofs.sign_checkpoint(intl.store, {organisation: intl.member_keys(key_of)[key_of]})
    assert intl.store.checkpoints() == []


def test_what_is_later_than_the_checkpoint_has_no_bundle_yet(intl: Twin) -> None:
    with pytest.raises(ProofError, match="record 0 is later than the last signed checkpoint"):
        proofs.bundle(intl.store, 0)
    row = proofs.sign_checkpoint(intl.store, intl.member_keys("finance", "audit"))
    intl.do("cashier", payment(9, 1))
    with pytest.raises(ProofError, match=f"record {row.size} is later"):
        proofs.bundle(intl.store, row.size)
    with pytest.raises(IndexError):
        proofs.bundle(intl.store, row.size + 100)


def test_a_bundle_can_be_asked_for_at_an_earlier_checkpoint(intl: Twin) -> None:
    first = proofs.sign_checkpoint(intl.store, intl.member_keys("finance", "audit"))
    for number in range(300):
        intl.do("cashier", payment(1_000 + number, 1))
    second = proofs.sign_checkpoint(intl.store, intl.member_keys("finance", "audit"))
    trust = proofs.trust(intl.store)
    for row in (first, second):
        verdict = verify_bundle(proofs.bundle(intl.store, 5, row), trust)
        assert verdict.ok
        assert verdict.checkpoint is not None
        assert verdict.checkpoint.size == row.size


def test_consistency_between_all_checkpoints_holds(twin: Twin) -> None:
    rows = [proofs.sign_checkpoint(twin.store, twin.member_keys("finance", "audit"))]
    for number in range(4):
        twin.do("cashier", *[payment(100 * number + one, 1) for one in range(10, 10 + 40 * number + 1)])
        rows.append(proofs.sign_checkpoint(twin.store, twin.member_keys("health", "audit")))
    trust = proofs.trust(twin.store)
    for at, second in enumerate(rows):
        for first in rows[: at + 1]:
            data = proofs.consistency(twin.store, first.size, second.size)
            assert verify_consistency_bundle(data, trust).ok
            assert naive_bundle.check_consistency(data, trust) == "ok"
    with pytest.raises(ProofError, match="no checkpoint of size 7"):
        proofs.consistency(twin.store, 7, rows[-1].size)
    with pytest.raises(ProofError, match="must not be the larger"):
        proofs.consistency(twin.store, rows[-1].size, rows[0].size)


def test_a_member_that_has_left_no_longer_counts_but_spoils_no_proof(intl: Twin) -> None:
    world = intl.world
    world_people = {"auditchief": "audit", "financechief": "finance"}
    for person, organisation in world_people.items():
        enrol(intl, person, organisation)
    first = proofs.sign_checkpoint(intl.store, intl.member_keys("audit", "finance", "health"))
    until = world.time + 30 * DAY
    proposal = ProposeRemoval(proposal_id="audit:out", organisation_id="health", reason="退出", vote_until=until)
    assert intl.do("auditchief", proposal) == ["ok"]
    enrol(intl, "auditsecond", "audit")
    for person in ("auditsecond", "financechief"):
        assert intl.do(person, VoteMember(proposal_id="audit:out", approve=True, reason="同意")) == ["ok"]
    assert "health" not in json.loads(proofs.trust(intl.store))["organisations"]
    with pytest.raises(ProofError, match="health"):
        proofs.sign_checkpoint(intl.store, intl.member_keys("health"))
    second = proofs.sign_checkpoint(intl.store, intl.member_keys("audit", "finance"))
    trust = proofs.trust(intl.store)
    assert verify_bundle(proofs.bundle(intl.store, 3, first), trust).ok
    assert verify_consistency_bundle(proofs.consistency(intl.store, first.size, second.size), trust).ok


def enrol(twin: Twin, person: str, organisation: str) -> None:
    enrolment = EnrolPerson(
        person_id=person, organisation=organisation, post=person, public_key=twin.world.public(person),
        name_commitment=None,
    )  # fmt: skip
    grant = GrantRole(
        grant_id=f"{person}-administrator", person_id=person, role="administrator", organisation=organisation,
        project=None, from_time=0, until_time=None,
    )  # fmt: skip
    assert twin.do("root", enrolment, grant) == ["ok", "ok"]


def test_checkpoints_are_signed_beside_a_node_that_writes(intl: Twin) -> None:
    """On another thread, while blocks are committed: no block is torn, and every checkpoint is of a real block."""
    stop = False
    failures: list[BaseException] = []

    def sign() -> None:
        try:
            while not stop:
                proofs.sign_checkpoint(intl.store, intl.member_keys("finance", "audit"))
        except BaseException as failure:  # noqa: BLE001 (told to the test, which fails)
            failures.append(failure)
        finally:
            intl.store.reading.close()

    thread = Thread(target=sign)
    thread.start()
    answers = [intl.ledger.submit_soon(intl.world.sign("cashier", payment(2_000 + n, 1))) for n in range(300)]
    assert all(answer.result().items for answer in answers)
    stop = True
    thread.join()
    assert failures == []
    rows = intl.store.checkpoints()
    assert rows
    for row in rows:
        block = intl.store.block(row.height)
        assert block is not None
        assert block.first_leaf + block.leaves == row.size
        assert json.loads(row.body)["root"] == block.root.hex()
        assert json.loads(row.body)["time"] == START + 11 * DAY
