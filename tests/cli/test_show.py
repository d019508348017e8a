"""Looking into a ledger: lists with their filters and pages, one thing, one record, a whole trace, and why."""

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from tests.cli.city import LINE_FEN, Shell

from mingzhang.cli.lists import LISTS
from mingzhang.cli.output import beijing
from mingzhang.cli.words import STATUSES
from mingzhang.desk import Desk

GIVEN = {
    "organisation": "city", "year": 2022, "project_id": "city:none", "line_id": "city:line",
    "payee_id": "city:payee", "text": "办公", "signer": "cashier", "command": "payments.request/1", "code": "ok",
    "role": "auditor", "refused": None,
}  # fmt: skip
FILTERS = [(what, name) for what, about in LISTS.items() for name in sorted(about.filters)]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three payments, one refused over the line, one for a line that is not there."""
    shell = Shell(tmp_path_factory.mktemp("shown"))
    directory = shell.furnished()
    for number in (1, 2, 3):
        shell.pay(directory, number)
    shell.pay(directory, 4, amount_fen=LINE_FEN)
    shell.pay(directory, 5, line_id="city:none")
    return directory


def test_the_overview_says_where_the_ledger_stands(shell: Shell, city: Path) -> None:
    told = shell.well("show", city, "--json").json
    assert (told["chain_id"], told["clock"], told["height"]) == ("test-city", "stated", 8)
    with Desk.open(city, writing=False) as desk:
        block = desk.store.block(8)
    assert block is not None
    assert told["root"] == block.root.hex()
    text = shell.well("show", city).output
    assert "沙盒时钟" in text
    assert beijing(block.time) in text
    assert told["time"] == block.time


@pytest.mark.parametrize("what", LISTS)
def test_every_list_is_shown(shell: Shell, city: Path, what: str) -> None:
    rows = shell.well("show", city, what, "--json").json["rows"]
    text = shell.well("show", city, what).output
    assert text.splitlines()[0].split() == [column.zh for column in LISTS[what].columns]
    assert bool(rows) == (len(text.splitlines()) > 1 and "没有符合条件" not in text)
    english = shell.well("show", city, what, "--lang", "en").output
    assert LISTS[what].columns[0].en in english.splitlines()[0]


@pytest.mark.parametrize("what", LISTS.keys() - {"refused-payments"})
def test_columns_are_fields_of_the_rows(what: str) -> None:
    """Else a column of a list that is empty here would stay empty for ever."""
    row = get_args(get_type_hints(LISTS[what].get)["return"])[0]
    assert {column.field for column in LISTS[what].columns} <= set(row.__struct_fields__)


@pytest.mark.parametrize(("what", "name"), FILTERS)
def test_every_filter_is_understood_by_its_view(shell: Shell, city: Path, what: str, name: str) -> None:
    option = "--" + name.removesuffix("_id")
    given = next(iter(STATUSES[what])) if name == "status" else GIVEN[name]
    shell.well("show", city, what, option, *([] if given is None else [given]))


def test_filters_narrow(shell: Shell, city: Path) -> None:
    assert len(shell.well("show", city, "payments", "--status", "in_transit", "--json").json["rows"]) == 3
    assert shell.well("show", city, "payments", "--status", "settled", "--json").json["rows"] == []
    assert len(shell.well("show", city, "records", "--refused", "--json").json["rows"]) == 2
    assert len(shell.well("show", city, "refused-payments", "--json").json["rows"]) == 2


def test_pages_go_on_where_the_last_ended(shell: Shell, city: Path) -> None:
    seen: list[str] = []
    after: list[str] = []
    for _page in range(3):
        page = shell.well("show", city, "payments", "--limit", 1, "--sort", "date", *after, "--json").json
        seen += [row["payment_id"] for row in page["rows"]]
        after = ["--after", page["next"]] if page["next"] else []
    assert seen == ["city:pay-1", "city:pay-2", "city:pay-3"]
    assert after == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("payments", "--role", "auditor"), "payments takes no --role"),
        (("payments", "--status", "foo"), "支付没有状态 foo；可用：已支付（settled）、在途（in_transit）"),
        (("projects", "--status", "held"), "must be one of submitted, returned, reviewed"),
        (("payments", "--sort", "beauty"), "sort: must be one of"),
        (("payments", "--after", "nonsense"), "after: must be what this list gave"),
        (("payments", "city:none"), "there is no city:none"),
        (("blocks", "many"), "there is no many"),
        (("record", "999"), "there is no record 999"),
        (("record", "1"), "closes a block"),
        (("record",), "needs an INDEX"),
        (("object",), "needs an ID"),
        (("object", "city:none-at-all"), "nothing on the ledger is called"),
        (("castles",), "castles"),
    ],
)
def test_a_wrong_question_is_told(shell: Shell, city: Path, arguments: tuple[str, ...], says: str) -> None:
    done = shell.run("show", city, *arguments)
    assert done.exit_code in {1, 2}
    assert says in done.errors
    assert done.output == ""


def test_one_payment(shell: Shell, city: Path) -> None:
    row = shell.well("show", city, "payment", "city:pay-1", "--json").json
    assert (row["amount_fen"], row["status"], row["payee_name"]) == (1_000, "in_transit", "供应商")
    done = shell.well("show", city, "payments", "city:pay-1")
    assert "10.00" in done.output
    fields = dict(line.split(maxsplit=1) for line in done.output.splitlines() if len(line.split()) > 1)
    assert (fields["单位"], fields["状态"], fields["申请人"]) == ("city", "在途", "cashier")
    assert fields["时间"].endswith("+08:00")
    assert "object city:pay-1" in done.errors


@pytest.mark.parametrize("typed", ["in_transit", "在途"])
def test_a_state_is_asked_for_in_either_language_and_shown_in_the_readers(shell: Shell, city: Path, typed: str) -> None:
    asked = ("show", city, "payments", "--status", typed)
    assert [row["status"] for row in shell.well(*asked, "--json").json["rows"]] == ["in_transit"] * 3
    text = shell.well(*asked).output
    assert text.count("在途") == 3
    assert "in_transit" not in text
    assert shell.well(*asked, "--lang", "en").output.count("in_transit") == 3


def test_every_state_of_every_list_has_a_word() -> None:
    assert STATUSES.keys() == {what for what, about in LISTS.items() if "status" in about.filters}
    for words in STATUSES.values():
        assert len(set(words.values())) == len(words), "a word names one state"


def test_yuan_never_stand_under_a_name_in_fen(shell: Shell, city: Path) -> None:
    for what in (("show", city, "record", refused_index(shell, city, "exceeds_available_balance")),
                 ("show", city, "object", "city:line"), ("why", city, "city:pay-4"),
                 ("show", city, "line", "city:line")):  # fmt: skip
        text = shell.well(*what).output
        assert "（元）" in text, what
        assert "_fen" not in text, what
        assert "_fen" not in shell.well(*what, "--lang", "en").output, what


def refused_index(shell: Shell, city: Path, code: str) -> int:
    rows: list[dict[str, Any]] = shell.well("show", city, "records", "--code", code, "--json").json["rows"]
    return int(rows[0]["record"])


def test_a_refused_record_tells_sentence_basis_and_remedy_in_both_languages(shell: Shell, city: Path) -> None:
    index = refused_index(shell, city, "exceeds_available_balance")
    about = shell.well("show", city, "record", index, "--json").json["explained"]
    text = shell.well("show", city, "record", index).output
    for part in ("sentence_zh", "sentence_en", "basis", "remedy_zh", "remedy_en"):
        assert about[part]
        assert about[part] in text
    assert "{" not in about["sentence_zh"] + about["remedy_zh"], "every fact is filled in"


def test_why_by_index_and_by_object(shell: Shell, city: Path) -> None:
    index = refused_index(shell, city, "exceeds_available_balance")
    by_index = shell.well("why", city, index, "--json").json
    by_object = shell.well("why", city, "city:pay-4", "--json").json
    assert by_index == by_object
    assert by_index["explained"]["facts"]["available_fen"] == LINE_FEN - 3_000
    assert "unit_finance" in by_index["roles"]
    text = shell.well("why", city, "city:pay-4").output
    assert "规则" in text
    assert "payments.request/1" in text
    assert "怎样才能通过" in text


def test_why_of_what_was_accepted(shell: Shell, city: Path) -> None:
    assert shell.well("why", city, "city:pay-1", "--json").json["code"] == "ok"
    assert shell.run("why", city, "city:nothing").exit_code == 1


def test_a_trace_tells_who_when_and_what_changed(shell: Shell, city: Path) -> None:
    steps = shell.well("show", city, "object", "city:line", "--json").json["steps"]
    assert [step["command"] for step in steps] == ["budgets.approve_line/1"] + ["payments.request/1"] * 4
    assert [step["code"] for step in steps][-1] == "exceeds_available_balance"
    made = {one["field"]: one["after"] for one in steps[0]["events"][0]["changes"]}
    assert made["approved_fen"] == LINE_FEN
    text = shell.well("show", city, "object", "city:line").output
    assert "cashier（出纳）" in text
    assert "金额（元） 10.00" in text
    assert "状态 在途" in text
    assert "_fen" not in text


def test_a_change_is_told_with_what_was_before(shell: Shell) -> None:
    """A person whose key is renewed: the events after the first tell old and new."""
    directory = shell.found("renewing")
    key = shell.well("keys", "export-public", directory, "cashier").output.strip()
    grant = {
        "type": "members.grant_role/1", "grant_id": "second", "person_id": "auditor", "role": "administrator",
        "organisation": "city", "project": None, "from_time": 0, "until_time": None,
    }  # fmt: skip
    revoke = {"type": "members.revoke_key/1", "person_id": "cashier", "reason": "遗失"}
    renew = {"type": "members.renew_key/1", "person_id": "cashier", "public_key": "ab" * 32}
    for who, command in (("root", grant), ("root", revoke), ("auditor", renew)):
        shell.well("submit", directory, "--as", who, "-", given=json.dumps(command))
    steps = shell.well("show", directory, "object", "cashier", "--json").json["steps"]
    changes = [one for step in steps for event in step["events"] for one in event["changes"]]
    assert {"field": "public_key", "before": key, "after": "ab" * 32} in changes


def test_views_that_are_missing_are_told(shell: Shell) -> None:
    directory = shell.found("blind")
    for path in directory.glob("views.sqlite*"):
        path.unlink()
    done = shell.run("show", directory, "payments")
    assert done.exit_code == 1
    assert "mingzhang rebuild" in done.errors
    shell.well("rebuild", directory)
    shell.well("show", directory, "payments")
