"""The hospital's case from declaration to a published, provable result: each code, each sum, and nothing in clear."""

import re
from pathlib import Path

import pytest
from tests.demo.conftest import Played

from mingzhang.audit import audit
from mingzhang.chain.bundles import verify_bundle
from mingzhang.chain.calendar import date_of
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.agreements import read_agreement
from mingzhang.chain.contracts.attestations import AttestCondition
from mingzhang.chain.contracts.budgets import read_line, read_project_lines, read_project_money
from mingzhang.chain.contracts.evaluations import read_evaluation
from mingzhang.chain.contracts.milestones import MilestoneReleased
from mingzhang.chain.contracts.oversight import read_finding
from mingzhang.chain.contracts.payments import read_payment, scan_payments
from mingzhang.chain.contracts.projects import read_project
from mingzhang.chain.contracts.results import read_rectification
from mingzhang.chain.operations import Record
from mingzhang.demo.budget import LINES, SERVICES_2022
from mingzhang.demo.case import chapters
from mingzhang.demo.contracts import EQUIPMENT, RELOCATION, WORKS
from mingzhang.demo.declaration import PROJECT, RESERVE_FEN, SLICES, TOTAL_FEN
from mingzhang.demo.execution import SUPERVISION_FEE, TESTING, TESTING_WRONG
from mingzhang.demo.oversight import FINDING
from mingzhang.demo.people import NOTICE
from mingzhang.demo.performance import WHOLE_EVALUATION, YEAR_EVALUATION
from mingzhang.demo.publication import ERASED, proofs_folder
from mingzhang.demo.story import Step
from mingzhang.node import proofs
from mingzhang.node.vault import ErasedError

REFUSALS = {
    "amount_beyond_standard_without_reason": "病房家具按每床 3,500 元测算",
    "code_not_in_table": "误用代码表以外的功能代码",
    "attestation_by_wrong_party": "施工方自行证明开工节点",
    "invoice_already_used": "重复提交",
    "exceeds_available_balance": "超出指标余额 1 分",
}


def records(played: Played) -> list[Record]:
    store = played.desk.store
    leaves = (REGISTRY.leaves.decode(leaf) for leaf in store.leaves(0, store.head().frontier.size))
    return [leaf for leaf in leaves if isinstance(leaf, Record)]


def test_every_step_gets_the_code_the_story_foresees(played: Played) -> None:
    assert played.player.surprises == []
    assert [row for row in played.rows if not row.good] == []
    steps = [step for chapter in chapters() for step in chapter.steps]
    assert len([row for row in played.rows if row.number is not None]) == len(steps) > 100


def test_what_is_refused_says_why_and_what_would_pass(played: Played) -> None:
    refused = {row.code: row for row in played.rows if row.code in REFUSALS}
    assert refused.keys() == REFUSALS.keys()
    for code, words in REFUSALS.items():
        assert words in refused[code].what
        assert "依据:" in refused[code].why
        assert "如何办理:" in refused[code].why
    assert "超出 0.01 元" in refused["exceeds_available_balance"].why


def test_the_story_keeps_to_the_dates_of_the_source(played: Played) -> None:
    project = read_project(played.desk.view(), PROJECT)
    assert project.start_date == "2022-06-29"
    assert played.row("财政批复").date < "2022-06-29"
    assert played.row("监理见证竣工").date.startswith("2023-03")
    assert min(row.date for row in played.rows if "项目绩效评价结果" in row.what) > "2023-03-31"
    times = [record.time for record in records(played)]
    assert times == sorted(times)
    numbered = [row.date for row in played.rows]
    assert numbered == sorted(numbered)


def test_each_row_stands_at_its_height_and_date(played: Played) -> None:
    for row in played.rows:
        if row.code == "ok":
            block = played.desk.store.block(row.height)
            assert block is not None
            assert date_of(block.time) <= row.date


def test_the_amounts_are_exactly_those_of_the_approval(played: Played) -> None:
    view = played.desk.view()
    assert TOTAL_FEN == 1_281_760_000
    assert sum(one.amount_fen for one in SLICES) == TOTAL_FEN
    assert sum(line.approved_fen for line in LINES) + RESERVE_FEN == TOTAL_FEN
    money = read_project_money(view, PROJECT, None)
    assert money.adjusted_fen == TOTAL_FEN
    for year, slice_ in zip((2022, 2023), SLICES, strict=True):
        assert read_project_money(view, PROJECT, year).adjusted_fen == slice_.amount_fen
    paid = sum(payment.amount_fen for _name, payment in scan_payments(view) if payment.status == "settled")
    assert money.paid_fen == paid < TOTAL_FEN
    for _name, line in read_project_lines(view, PROJECT):
        assert line.encumbered_fen == line.reserved_fen == line.in_transit_fen == 0


def test_all_agreements_are_paid_in_full_by_their_milestones(played: Played) -> None:
    view = played.desk.view()
    totals = {WORKS: 872_000_000, EQUIPMENT: 322_000_000, RELOCATION: 33_360_000}
    for agreement_id, total_fen in totals.items():
        agreement = read_agreement(view, agreement_id)
        assert agreement.total_fen == total_fen
        paid = [one.amount_fen for _name, one in scan_payments(view) if one.agreement_id == agreement_id]
        assert sum(paid) == total_fen
        assert len(paid) == len(agreement.milestone_ids)


def test_one_attestation_releases_two_payments_on_one_line(played: Played) -> None:
    attested = next(
        one.index
        for one in records(played)
        if isinstance(one.command, AttestCondition) and one.command.attestation_id == "supervision:attest-wards"
    )
    released = [
        event
        for record in records(played)
        if record.cause == attested
        for event in record.events
        if isinstance(event, MilestoneReleased)
    ]
    assert [(event.milestone_id, event.line_id) for event in released] == [
        ("children", "hospital:works-2022"),
        ("wards", "hospital:works-2022"),
    ]


def test_a_payment_was_held_and_decided_and_a_wrong_one_reversed(played: Played) -> None:
    view = played.desk.view()
    assert "转人工审核" in played.row("工程监理费(2022 年)").why
    assert read_payment(view, SUPERVISION_FEE).status == "settled"
    assert read_payment(view, TESTING_WRONG).status == "reversed"
    assert read_payment(view, TESTING).status == "settled"
    line = read_line(view, SERVICES_2022)
    assert line.adjusted_fen == 6_000_000


def test_retention_money_is_paid_on_its_day_by_the_ledger(played: Played) -> None:
    row = played.row("hospital:works-retention")
    assert (row.date, row.who) == ("2023-09-20", "账本(规则自动)")


def test_the_finding_was_answered_and_closed(played: Played) -> None:
    finding = read_finding(played.desk.view(), FINDING)
    assert (finding.status, finding.conclusion, finding.overdue) == ("closed", "rectified", False)


def test_scores_stand_side_by_side_and_have_consequences(played: Played) -> None:
    view = played.desk.view()
    year, whole = read_evaluation(view, YEAR_EVALUATION), read_evaluation(view, WHOLE_EVALUATION)
    assert (year.card.total, year.self_total, year.final_total) == (6_905, 7_655, 6_830)
    assert (whole.card.total, whole.self_total, whole.final_total) == (9_175, 9_325, 8_845)
    assert year.final_grade is not None
    assert year.final_grade.name == "中"
    assert whole.final_grade is not None
    assert whole.final_grade.name == "良"
    assert read_rectification(view, YEAR_EVALUATION).status == "closed"
    assert "核减(-743,680.00 元)" in played.row("下达整改通知").what


def test_invariants_hold(played: Played) -> None:
    view = played.desk.view()
    assert [what for check in REGISTRY.invariants.values() for what in check(view)] == []


def everything_recorded(played: Played) -> bytes:
    """Every byte of the ledger's tables, and the files beside them but for the vault."""
    store, desk = played.desk.store, played.desk
    parts = store.leaves(0, store.head().frontier.size)
    parts += [row[0] for row in store.reading.execute("SELECT bytes FROM envelopes")]
    parts += [bytes(row[0]) for row in store.reading.execute("SELECT value FROM state")]
    others = [path for path in desk.directory.rglob("*") if path.is_file() and not path.name.startswith("vault")]
    parts += [path.read_bytes() for path in others]
    parts += [path.read_bytes() for path in proofs_folder(desk.directory).iterdir()]
    return b"\n".join(parts)


def test_nothing_sensitive_is_in_clear(played: Played) -> None:
    data = everything_recorded(played)
    # What is public must be found by the same look, or the look would prove nothing.
    assert "工程设计费(首期)".encode() in data
    secrets = list(played.stage.secrets)
    assert len(secrets) > 100
    prices = [price for secret in secrets if "单价" in secret for price in re.findall(r"\d{4,6}\.00", secret)]
    assert {"386000.00", "82750.00", "3100.00"} <= set(prices)
    accounts = [secret for secret in secrets if secret.isdecimal() and len(secret) == 19]
    assert len(accounts) == 6
    names = [secret for secret in secrets if secret.startswith("示例·")]
    assert len(names) > 18
    found = [secret for secret in (*secrets, *prices) if secret and secret.encode() in data]
    assert found == []


def test_unit_prices_are_not_in_fen_either(played: Played) -> None:
    data = everything_recorded(played)
    for price in ("386000", "55000", "82750", "388000", "58000"):
        assert re.search(rb'_fen\\?":' + price.encode() + rb"00[,}]", data) is None


@pytest.mark.parametrize("name", ["publication", "payment", "declaration"])
def test_bundles_hold_for_whoever_has_the_members_keys(played: Played, name: str) -> None:
    folder = proofs_folder(played.desk.directory)
    bundle, keys = (folder / f"{name}.json").read_bytes(), (folder / "keys.json").read_bytes()
    assert verify_bundle(bundle, keys).ok
    middle = len(bundle) // 2
    altered = bundle[:middle] + bytes([bundle[middle] ^ 1]) + bundle[middle + 1 :]
    assert not verify_bundle(altered, keys).ok


def test_the_payments_bundle_tells_of_no_other_payment(played: Played) -> None:
    data = (proofs_folder(played.desk.directory) / "payment.json").read_text(encoding="utf-8")
    payments = [name for name, _payment in scan_payments(played.desk.view())]
    assert [name for name in payments if f'{name}\\"' in data] == ["hospital:pay-design-1"]


def test_the_erased_photograph_is_gone_and_its_declaration_still_proves(played: Played) -> None:
    commitment = played.stage.sealed(ERASED)
    with pytest.raises(ErasedError):
        played.desk.open_sealed(commitment, "hospital-head")
    folder = proofs_folder(played.desk.directory)
    declaration = (folder / "declaration.json").read_text(encoding="utf-8")
    assert commitment in declaration
    receipts = [one for one in played.desk.vault.receipts() if one.purge.subject == commitment]
    assert [one.purge.by for one in receipts] == ["hospital-publisher"]
    kept = played.stage.sealed("ICU和手术室净化工程论证报告.txt")
    assert played.desk.open_sealed(kept, "auditor").decode().startswith("【示例文件,非真实】")


def test_checkpoints_are_signed_by_all_members(played: Played) -> None:
    rows = played.desk.store.checkpoints()
    assert len(rows) == 2
    for row in rows:
        signed = proofs.read_checkpoint(row)
        assert [one.organisation for one in signed.signatures] == ["audit", "congress", "finance", "health"]


def test_everybody_signs_with_an_own_key_and_nobody_else(played: Played) -> None:
    known = {step.who for chapter in chapters() for step in chapter.steps if isinstance(step, Step)}
    signers = {record.signer for record in records(played)} - {"ledger"}
    assert signers == known | {"clock"}


def test_the_ledger_says_that_it_is_no_real_data(played: Played) -> None:
    assert played.desk.genesis.notice == NOTICE
    assert played.desk.genesis.clock == "stated"


def test_the_audit_finds_nothing_wrong(played: Played, tmp_path: Path) -> None:
    played.desk.wait_for_views()
    report = audit(played.desk.directory)
    assert report.ok, report.first
    assert report.counts["warnings"] == 0, report.findings
