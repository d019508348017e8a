"""The example city: the same seed gives the same commands, and the ledger answers each as the generator foresees."""

from collections import Counter
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from mingzhang.chain.codec import encode
from mingzhang.chain.contracts.payments import RequestPayment
from mingzhang.chain.contracts.settlements import SettlePayment
from mingzhang.demo import REFUSED_TO_START, run
from mingzhang.demo.city import Size, city_batches
from mingzhang.demo.city_bodies import DEPARTMENTS, people, units
from mingzhang.demo.people import NOTICE
from mingzhang.demo.publication import proofs_folder
from mingzhang.demo.story import Stage
from mingzhang.demo.telling import fold

SMALL = Size(units=4, projects=8, years=(2021,))


class PaperStage:
    """A stage on which sealing is replaced by a hash, so that commands can be compared."""

    def index(self, purpose: str, value: str) -> str:
        return sha256(f"{purpose}/{value}".encode()).hexdigest()

    def field(self, label: str, value: str, **_readers: Any) -> str:
        return sha256(f"{label}/{value}".encode()).hexdigest()

    def new_key(self, person_id: str) -> str:
        return sha256(person_id.encode()).hexdigest() * 2

    def project_record(self, project_id: str) -> int:
        return len(project_id)

    def rectification(self, evaluation_id: str) -> str:
        return "ordered" if evaluation_id else ""


Written = tuple[str, str, list[Any], dict[int, str]]


def written(size: Size, seed: str) -> list[Written]:
    """Every batch with its commands."""
    stage = cast(Stage, PaperStage())
    return [(one.date, one.who, list(one.commands(stage)), one.refused) for one in city_batches(size, seed)]


@pytest.fixture(scope="module")
def year() -> list[Written]:
    return written(Size(units=13, projects=30, years=(2021,)), "dg")


def test_one_seed_gives_the_same_commands_every_time() -> None:
    first, again, other = (
        encode(
            [(date, who, commands, sorted(refused.items())) for date, who, commands, refused in written(SMALL, seed)]
        )
        for seed in ("dg", "dg", "another")
    )
    assert first == again
    assert first != other


def test_batches_come_in_order_of_date_and_of_bounded_size(year: list[Written]) -> None:
    dates = [date for date, _who, _commands, _refused in year]
    assert dates == sorted(dates)
    assert max(len(commands) for _date, _who, commands, _refused in year) <= 1_000
    assert all(place < len(commands) for _date, _who, commands, refused in year for place in refused)


def test_purchases_have_seasons_and_a_rush_at_the_years_end(year: list[Written]) -> None:
    amounts: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for _date, _who, commands, refused in year:
        for place, command in enumerate(commands):
            if isinstance(command, RequestPayment) and command.invoice is not None and place not in refused:
                amounts[command.business_date[:7]] += command.amount_fen
                numbers[command.business_date[:7]] += 1
    assert len(numbers) == 12
    assert numbers.most_common(1)[0][0] == "2021-12"
    assert amounts["2021-12"] > 3 * amounts["2021-01"]


def test_some_requests_are_meant_to_be_refused(year: list[Written]) -> None:
    foreseen = Counter(code for _date, _who, _commands, refused in year for code in refused.values())
    assert set(foreseen) == {"exceeds_available_balance", "invoice_already_used"}
    outcomes = Counter(
        command.outcome for _date, _who, commands, _refused in year for command in commands
        if isinstance(command, SettlePayment)
    )  # fmt: skip
    assert outcomes["settled"] > 50 * outcomes["returned"] > 0


def test_the_whole_city_has_forty_units_of_thirteen_departments() -> None:
    everything = units(1_000)
    assert len(everything) == 40
    assert len(DEPARTMENTS) == 13
    assert len({unit.unit_id for unit in everything}) == 40
    assert len({one.person_id for one in people(everything)}) == 40 * 3 + 12 + 8
    assert len({unit.department_id for unit in units(13)}) == 13


def test_the_demo_runs_whole_and_says_what_to_try_next(tmp_path: Path) -> None:
    directory, out = tmp_path / "demo", StringIO()
    assert run(directory, headless=True, console=Console(file=out), city=SMALL) == 0
    said = out.getvalue()
    assert NOTICE in said
    assert "审计通过" in said
    assert "exceeds available balance" in said
    assert "与预期不符" not in said
    assert f"mingzhang audit {directory}" in said.replace("\n", "")
    before = sorted(path.name for path in directory.iterdir())
    second = StringIO()
    assert run(directory, headless=True, console=Console(file=second, width=400), city=SMALL) == REFUSED_TO_START
    assert "已完成的演示账本" in second.getvalue()
    assert "rm -r" in second.getvalue()
    assert sorted(path.name for path in directory.iterdir()) == before
    assert "缺少" not in second.getvalue()
    proofs_folder(directory).rename(tmp_path / "elsewhere")
    third = StringIO()
    assert run(directory, headless=True, console=Console(file=third, width=400), city=SMALL) == REFUSED_TO_START
    assert "已完成的演示账本" in third.getvalue()
    assert f"缺少证明文件夹 {proofs_folder(directory)}" in third.getvalue()


def test_a_directory_with_anything_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    out = StringIO()
    assert run(tmp_path, headless=True, console=Console(file=out, width=400)) == REFUSED_TO_START
    assert "不是空目录" in out.getvalue()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("申请支付工程设计费", 10, ["申请支付工", "程设计费"]),
        ("款已退回,申请红冲", 8, ["款已退", "回,申请", "红冲"]),
        ("指标 hospital:works-2022 可用", 18, ["指标", "hospital:works-2022", "可用"]),
        ("", 5, [""]),
    ],
)
def test_chinese_folds_at_any_character_and_words_stay_whole(text: str, width: int, lines: list[str]) -> None:
    assert fold(text, width).split("\n") == lines
