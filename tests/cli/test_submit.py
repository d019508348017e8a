"""Acting from the command line: answers with why and what would change them, bad input named by item and field."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.city import GENESIS, LINE_FEN, Shell, payment, typed

from mingzhang.chain.operations import wire_name
from mingzhang.cli.fields import example_of, fields_of
from mingzhang.cli.intake import OPEN_COMMANDS
from mingzhang.desk import Desk


def test_an_accepted_payment(shell: Shell) -> None:
    directory = shell.furnished()
    done = shell.pay(directory, 1)
    (item,) = done.json["items"]
    assert done.exit_code == 0
    assert done.json["accepted"] is True
    assert (item["code"], item["type"]) == ("ok", "payments.request/1")
    assert done.json["height"] == 4


def test_a_refused_payment_exits_1_and_says_why(shell: Shell) -> None:
    directory = shell.furnished()
    command = json.dumps(payment(1, amount_fen=LINE_FEN + 1))
    done = shell.run("submit", directory, "--as", "cashier", "-", given=command)
    assert done.exit_code == 1
    assert done.output.startswith("✗ ")
    assert "10,000.00" in done.output, "what was available, in yuan"
    assert "依据" in done.output
    assert "怎样才能通过" in done.output
    assert "what would make it pass" in done.output


def test_what_is_refused_at_the_door_is_not_recorded(shell: Shell) -> None:
    directory = shell.furnished()
    done = shell.run("submit", directory, "--as", "auditor", "-", "--json", given=json.dumps(payment(1)))
    assert done.exit_code == 1
    assert done.json["recorded"] is False
    assert done.json["code"] == "signer_has_no_grant_for_command"


def test_a_batch_is_judged_item_by_item(shell: Shell) -> None:
    directory = shell.furnished()
    batch = [payment(1), payment(2, amount_fen=LINE_FEN), payment(3)]
    done = shell.run("submit", directory, "--as", "cashier", "-", "--json", given=json.dumps(batch))
    assert done.exit_code == 1
    codes = [item["code"] for item in done.json["items"]]
    assert codes[0] == codes[2] == "ok"
    assert codes[1] != "ok"
    table = shell.run("submit", directory, "--as", "cashier", "-", given=json.dumps([payment(4), payment(5)]))
    assert "2 项中 2 项受理" in table.output


def test_sent_again_it_exists_and_that_is_no_failure(shell: Shell) -> None:
    directory = shell.furnished()
    shell.pay(directory, 1)
    again = shell.pay(directory, 1)
    assert again.exit_code == 0
    assert again.json["items"][0]["code"] == "exists"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"type": "payments.request/1"', "line 1, column"),
        ("[]", "between 1 and 1000 items"),
        ("7", "must be an object"),
        ('{"type": "payments.grab/1"}', "there is no command 'payments.grab/1'"),
        ('{"type": "payments.request/1", "type": "payments.request/1"}', "type: is given twice"),
        (json.dumps(payment(1) | {"amount_fen": 10.0}), "10.0: numbers must be whole"),
        (json.dumps(payment(1) | {"amount_fen": "10"}), "字段 amount_fen：须为不小于 1 的整数（分），现为文字 '10'"),
        (json.dumps(payment(1) | {"amount_fen": -1}), "amount_fen: must be a whole number, at least 1 (fen)"),
        (json.dumps(payment(1) | {"amount_fen": 2**63}), "amount_fen: must be a whole number"),
        (json.dumps(payment(1) | {"colour": "red"}), "unknown field `colour`; the fields are payment_id, line_id"),
        (json.dumps(payment(1) | {"colour": "red"}), "字段 colour：没有此字段；可用的字段：payment_id、line_id"),
        (json.dumps(payment(1) | {"purpose": "办公\u202e用品"}), "字段 purpose：第 3 个字符 U+202E 不允许"),
        (json.dumps(payment(1) | {"purpose": "办公\u0000用品"}), "purpose: character 3 is U+0000"),
        (
            json.dumps([payment(1), payment(2) | {"business_date": "2022-13-01"}]),
            "第 2 项 字段 business_date：须为文字：业",
        ),
        (json.dumps([payment(1), payment(2) | {"business_date": "2022-13-01"}]), "item 2, business_date: must be text"),
        (json.dumps(payment(1) | {"payment_id": "Pay 1"}), "payment_id: must be text: identifier made by the caller"),
        (json.dumps(payment(1) | {"purpose": "长" * 201}), "须为 1 至 200 个字的文字"),
        (json.dumps({name: value for name, value in payment(1).items() if name != "line_id"}), "line_id：缺少此字段"),
        ("[" * 200_000, "nested too deeply"),
        ('{"type": "founding.found/1"}', "there is no command 'founding.found/1'"),
        ("NaN", "numbers must be whole"),
        ("1" * 5_000, "not valid JSON"),
    ],
)
def test_bad_input_is_named(shell: Shell, city: Path, text: str, says: str) -> None:
    done = shell.run("submit", city, "--as", "cashier", "-", given=text)
    assert done.exit_code == 1
    assert says in done.errors
    assert done.output == ""
    assert "Traceback" not in done.errors


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Shell(tmp_path_factory.mktemp("bad")).furnished()


def test_text_that_is_not_utf8_is_named(shell: Shell, city: Path) -> None:
    done = shell.run("submit", city, "--as", "cashier", "-", given=b'{"type": "\xff"}')
    assert done.exit_code == 1
    assert "byte 10: must be UTF-8" in done.errors


def test_ten_megabytes_are_refused_unread(shell: Shell, city: Path) -> None:
    done = shell.run("submit", city, "--as", "cashier", "-", given=b"[" + b" " * 10_000_000 + b"]")
    assert done.exit_code == 1
    assert "larger than" in done.errors


def test_letters_are_put_into_normal_form(shell: Shell) -> None:
    directory = shell.furnished()
    decomposed = "Cafe\u0301"
    shell.pay(directory, 1, purpose=decomposed)
    with Desk.open(directory, writing=False) as desk:
        last = desk.store.block(desk.store.height())
        assert last is not None
        assert "Caf\u00e9".encode() in desk.store.leaf(last.first_leaf)


def test_an_unknown_person_is_told(shell: Shell, city: Path) -> None:
    done = shell.run("submit", city, "--as", "stranger", "-", given=json.dumps(payment(1)))
    assert done.exit_code == 1
    assert "stranger" in done.errors


@pytest.mark.parametrize("name", sorted(OPEN_COMMANDS))
def test_every_example_decodes(shell: Shell, name: str) -> None:
    done = shell.well("submit", "--example", name)
    command: Any = msgspec.convert(done.json, OPEN_COMMANDS[name], strict=True)
    assert wire_name(type(command)) == name
    top = {field.path for field in fields_of(OPEN_COMMANDS[name]) if "." not in field.path}
    assert top <= set(done.json), "the example shows every field"
    assert all(path in done.errors for path in top), "and each is explained beside it"


def test_types_are_listed_with_their_roles(shell: Shell) -> None:
    rows: list[dict[str, Any]] = shell.well("submit", "--types", "--json").json
    told = {row["type"]: row for row in rows}
    assert told["payments.request/1"]["roles"] == ["unit_finance"]
    assert "founding.found/1" not in told
    assert all(row["what"] for row in rows)


def test_an_example_has_real_roles_sensible_times_and_no_false_digests(shell: Shell) -> None:
    grant = shell.well("submit", "--example", "members.grant_role/1").json
    assert (grant["role"], grant["from_time"], grant["until_time"]) == ("unit_finance", 0, None)
    asked = shell.well("submit", "--example", "payments.request/1")
    assert (asked.json["amount_fen"], asked.json["invoice"], asked.json["evidence"]) == (100_000, None, [])
    assert "100000 即 1,000.00 元" in asked.errors
    assert "业务日期" in asked.errors


def test_types_name_the_roles_in_chinese(shell: Shell) -> None:
    assert "unit_finance 单位财务" in shell.well("submit", "--types").output
    assert "单位财务" not in shell.well("submit", "--types", "--lang", "en").output


def test_an_example_of_nothing(shell: Shell) -> None:
    done = shell.run("submit", "--example", "payments.grab/1")
    assert done.exit_code == 1
    assert "payments.grab/1" in done.errors


# --- Passwords ---


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guarded")
    genesis, passwords = folder / "genesis.yaml", folder / "passwords.yaml"
    genesis.write_text(GENESIS.format(suite="intl"), encoding="utf-8")
    passwords.write_text("{root: password one, cashier: password two, auditor: password three}", encoding="utf-8")
    Shell(folder).well("init", folder / "city", "--genesis", genesis, "--passwords", passwords)
    return folder / "city"


def enrol(folder: Path) -> Path:
    kind = OPEN_COMMANDS["settings.state_time/1"]
    file = folder / "time.json"
    file.write_text(json.dumps(example_of(kind) | {"time": 1_700_000_000}))
    return file


def test_the_password_is_asked_for(shell: Shell, guarded: Path) -> None:
    done = shell.run("submit", guarded, "--as", "root", enrol(shell.folder), given="password one\n")
    assert done.exit_code == 0
    assert "password one" not in done.output + done.errors


def test_a_wrong_password(shell: Shell, guarded: Path) -> None:
    done = shell.run("submit", guarded, "--as", "root", enrol(shell.folder), "--password", given="password two\n")
    assert done.exit_code == 1
    assert "口令不对" in done.errors


def test_the_password_from_a_file(shell: Shell, guarded: Path) -> None:
    secret = shell.folder / "secret.txt"
    secret.write_text("password one\n")
    command = enrol(shell.folder).read_text()
    done = shell.run("submit", guarded, "--as", "root", "-", "--password-file", secret, given=command)
    assert done.exit_code == 0


@pytest.mark.slow
def test_commands_from_a_pipe_leave_no_place_for_a_password(shell: Shell, guarded: Path) -> None:
    command = enrol(shell.folder).read_bytes()
    done = typed("submit", guarded, "--as", "root", "-", folder=shell.folder, given=command)
    assert done.exit_code == 1
    assert "口令" in done.errors
