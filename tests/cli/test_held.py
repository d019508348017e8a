"""A payment that waits for a person: submitting it and asking why both say that it waits, and for what reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.city import Done, Shell, payment

from mingzhang.chain.contracts.payments import hold_told

LATE = {"business_date": "2022-12-20"}
REASON = "业务日期 12月20日 在年底审核起始日 12月15日 或之后"


@pytest.fixture
def december(shell: Shell) -> Path:
    """The city at the end of the year."""
    directory = shell.furnished()
    day = {"type": "settings.state_time/1", "time": 1_671_500_000}
    shell.well("submit", directory, "--as", "root", "-", given=json.dumps(day))
    return directory


def submitted(shell: Shell, directory: Path, commands: Any) -> Done:
    return shell.well("submit", directory, "--as", "cashier", "-", given=json.dumps(commands))


def test_submitting_says_that_it_waits_and_why(shell: Shell, december: Path) -> None:
    text = submitted(shell, december, payment(1, **LATE)).output
    assert f"已受理，待人工审核：{REASON}" in text
    assert "生效" not in text
    assert ">=" not in text
    why = shell.well("why", december, "city:pay-1").output
    assert f"已受理，待人工审核：{REASON}" in why
    assert "accepted, held for review: the business date 12-20" in why


def test_a_batch_says_it_of_the_item_that_waits(shell: Shell, december: Path) -> None:
    text = submitted(shell, december, [payment(1, **LATE), payment(2)]).output
    waiting = [line for line in text.splitlines() if "待人工审核" in line]
    assert len(waiting) == 1
    assert REASON in waiting[0]


def test_programs_get_sentence_and_holds(shell: Shell, december: Path) -> None:
    (item,) = shell.pay(december, 1, **LATE).json["items"]
    assert item["holds"] == ["year_end_hold_from_day:1220>=1215"]
    assert REASON in item["sentence_zh"]
    assert shell.pay(december, 2).json["items"][0]["holds"] == []


def test_an_amount_is_told_in_yuan() -> None:
    zh, en = hold_told("payment_hold_above_fen:51000000>=50000000")
    assert "金额 510,000.00 元，达到" in zh
    assert "500,000.00 元" in zh
    assert "510,000.00 yuan" in en
