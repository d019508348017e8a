"""Proofs from the command line: made beside the ledger, checked by someone who has nothing but two files."""

import json
from pathlib import Path

import pytest
from tests.cli.city import Shell, granted, payment, settled, typed


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a citizen's files: b.json of a payment, c.json of consistency, keys.json."""
    shell = Shell(tmp_path_factory.mktemp("made"))
    directory = shell.furnished(suite="gm")
    first = shell.well("checkpoint", directory, "--json").json["checkpoint"]["size"]
    shell.pay(directory, 1)
    second = shell.well("checkpoint", directory, "--json").json["checkpoint"]["size"]
    folder = tmp_path_factory.mktemp("citizen")
    (folder / "b.json").write_text(shell.well("bundle", directory, "--payment", "city:pay-1").output)
    shell.well("consistency", directory, "--from", first, "--to", second, "-o", folder / "c.json")
    (folder / "keys.json").write_text(shell.well("trust", directory).output)
    return folder


def test_a_citizen_verifies_a_payment_without_the_node(files: Path) -> None:
    done = typed("verify", "b.json", "--trust", "keys.json", folder=files)
    assert done.exit_code == 0, done.errors
    assert "核验通过" in done.output
    assert "沙盒时钟" in done.output
    assert "city:pay-1" in done.output
    assert "10.00" in done.output, "the amount in yuan"
    assert "金额（元）" in done.output
    assert "_fen" not in done.output
    assert "+08:00" in done.output


def test_a_citizen_reads_what_is_published_and_what_was_withheld(shell: Shell) -> None:
    directory = shell.furnished()
    shell.pay(directory, 1)
    shell.well("submit", directory, "--as", "root", "-", given=json.dumps(granted("auditor", "publisher")))
    rules = [
        {"type": "disclosure.set_field_rule/1", "organisation": "city", "kind": "payment", "field": field,
         "treatment": treatment, "basis": "信息公开条例"}
        for field, treatment in (("amount_fen", "clear"), ("purpose", "masked"), ("requested_by", "hidden"))
    ]  # fmt: skip
    publish = {"type": "disclosure.publish/1", "publication_id": "city:pub", "kind": "payment",
               "object_id": "city:pay-1", "title": "办公用品支付", "notice": "测试", "due_time": None,
               "replaces": None}  # fmt: skip
    shell.well("submit", directory, "--as", "auditor", "-", given=json.dumps([*rules, publish]))
    shell.well("checkpoint", directory)
    shell.well("bundle", directory, "--publication", "city:pub", "-o", shell.folder / "p.json")
    (shell.folder / "keys.json").write_text(shell.well("trust", directory).output)
    text = shell.well("verify", shell.folder / "p.json", "--trust", shell.folder / "keys.json").output
    lines = {line.split()[0]: line for line in text.splitlines() if line.split()}
    assert "办公用品支付" in lines["标题"]
    assert "10.00" in lines["金额（元）"]
    assert "不公开  信息公开条例" in lines["经办人"]
    assert "遮盖  信息公开条例" in text
    assert "_fen" not in text


def test_a_citizen_verifies_consistency(shell: Shell, files: Path) -> None:
    done = shell.well("verify", files / "c.json", "--trust", files / "keys.json", "--json").json
    assert done["ok"] is True
    assert done["findings"][-1]["step"] == "consistency"


@pytest.mark.parametrize("name", ["b.json", "c.json"])
def test_an_altered_byte_fails_with_a_sentence(shell: Shell, files: Path, name: str) -> None:
    data = (files / name).read_bytes()
    altered = shell.folder / name
    step = max(1, len(data) // 60)
    for at in range(0, len(data), step):
        altered.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        done = shell.run("verify", altered, "--trust", files / "keys.json")
        assert done.exit_code == 1, f"byte {at}"
        assert "核验不通过" in done.output
        assert "✗" in done.output


@pytest.mark.parametrize("junk", [b"", b"null", b"[" * 200_000, b"\xff\xfe", b'{"type":"consistency/1"}'])
def test_junk_is_no_proof(shell: Shell, files: Path, junk: bytes) -> None:
    (shell.folder / "junk").write_bytes(junk)
    done = shell.run("verify", shell.folder / "junk", "--trust", files / "keys.json")
    assert done.exit_code == 1
    assert "核验不通过" in done.output
    wrong_trust = shell.run("verify", files / "b.json", "--trust", shell.folder / "junk")
    assert wrong_trust.exit_code == 1
    assert "核验不通过" in wrong_trust.output


def test_a_record_after_the_last_checkpoint_waits_for_the_next(shell: Shell) -> None:
    directory = shell.furnished()
    shell.well("checkpoint", directory)
    shell.pay(directory, 1)
    done = shell.run("bundle", directory, "--payment", "city:pay-1")
    assert done.exit_code == 1
    assert "sign a new one" in done.errors
    assert f"请先运行 mingzhang checkpoint {directory}" in done.errors
    assert done.output == ""
    shell.run("bundle", directory, "--payment", "city:pay-1", "-o", shell.folder / "b.json")
    assert not (shell.folder / "b.json").exists(), "what cannot be proved leaves no file"


def test_a_payment_is_proved_by_its_request_and_the_receipt_by_its_own_record(shell: Shell) -> None:
    directory = shell.furnished()
    asked = shell.pay(directory, 1).json["items"][0]["index"]
    shell.well("submit", directory, "--as", "root", "-", given=json.dumps(granted("auditor", "bank")))
    early = shell.run("bundle", directory, "--settlement", "city:pay-1")
    assert (early.exit_code, early.output) == (1, "")
    assert "尚无银行回单" in early.errors
    given = json.dumps(settled(1))
    told = shell.well("submit", directory, "--as", "auditor", "-", "--json", given=given).json["items"][0]["index"]
    shell.well("checkpoint", directory)
    request = json.loads(shell.well("bundle", directory, "--payment", "city:pay-1").json["record"])
    receipt = json.loads(shell.well("bundle", directory, "--settlement", "city:pay-1").json["record"])
    assert (request["index"], receipt["index"]) == (asked, told)
    assert request["command"]["amount_fen"] == 1_000


def test_a_refused_payment_points_to_why_and_to_the_proof_of_its_refusal(shell: Shell) -> None:
    directory = shell.furnished()
    refused = shell.pay(directory, 1, line_id="city:nowhere").json["items"][0]["index"]
    shell.well("checkpoint", directory)
    done = shell.run("bundle", directory, "--payment", "city:pay-1", "-o", shell.folder / "b.json")
    assert done.exit_code == 1
    assert f"mingzhang why {directory} city:pay-1" in done.errors
    assert f"bundle {directory} --record {refused}" in done.errors
    assert not (shell.folder / "b.json").exists()


def test_a_refusal_can_be_proved_too(shell: Shell) -> None:
    directory = shell.furnished()
    refused = shell.pay(directory, 1, line_id="city:nowhere").json["items"][0]
    shell.well("checkpoint", directory)
    shell.well("bundle", directory, "--record", refused["index"], "-o", shell.folder / "b.json")
    (shell.folder / "keys.json").write_text(shell.well("trust", directory).output)
    done = shell.well("verify", shell.folder / "b.json", "--trust", shell.folder / "keys.json")
    assert refused["sentence_zh"] in done.output


def test_what_is_not_there_cannot_be_proved(shell: Shell) -> None:
    directory = shell.furnished()
    shell.well("checkpoint", directory)
    for wrong in (("--payment", "city:none"), ("--record", 999), ("--publication", "city:none")):
        done = shell.run("bundle", directory, *wrong)
        assert done.exit_code == 1
        assert "错误：" in done.errors
    assert shell.run("consistency", directory, "--from", 1, "--to", 2).exit_code == 1


def test_checkpoints_are_listed(shell: Shell) -> None:
    directory = shell.furnished()
    shell.well("checkpoint", directory)
    shell.well("checkpoint", directory)
    (row,) = shell.well("consistency", directory, "--json").json
    assert row["signed_by"] == ["audit", "finance"]


def test_too_few_signatures_are_told(shell: Shell) -> None:
    directory = shell.found()
    (directory / "keys" / "organisations" / "audit.key.json").unlink()
    done = shell.well("checkpoint", directory)
    assert "尚不能用于证明" in done.errors


def test_a_bundle_tells_nothing_of_its_neighbours(shell: Shell) -> None:
    directory = shell.furnished()
    batch = [payment(number, amount_fen=111_111 * number, purpose=f"用途{number}") for number in (1, 2, 3)]
    shell.well("submit", directory, "--as", "cashier", "-", given=json.dumps(batch))
    shell.well("checkpoint", directory)
    bundle = shell.well("bundle", directory, "--payment", "city:pay-2").output
    assert "222222" in bundle
    assert "111111" not in bundle
    assert "333333" not in bundle
