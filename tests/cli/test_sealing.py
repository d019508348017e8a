"""Sealing from the command line: what is sealed comes back to its readers only, and equal values have equal indexes."""

import stat
from pathlib import Path

import pytest
from tests.cli.city import Shell


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Shell(tmp_path_factory.mktemp("sealing")).found()


def test_a_sealed_file_comes_back_to_a_reader(shell: Shell, city: Path) -> None:
    file, back = shell.folder / "invoice.pdf", shell.folder / "back.pdf"
    file.write_bytes(b"%PDF \x00\xff")
    commitment = shell.well("seal", city, file, "--owner", "city", "--readers", "cashier, auditor").output.strip()
    assert len(bytes.fromhex(commitment)) == 32
    shell.well("unseal", city, commitment, "--as", "auditor", "-o", back)
    assert back.read_bytes() == file.read_bytes()
    assert stat.S_IMODE(back.stat().st_mode) == 0o600
    again = shell.run("unseal", city, commitment, "--as", "auditor", "-o", back)
    assert (again.exit_code, "不会覆盖" in again.errors) == (1, True)


def test_a_sealed_field_is_no_argument_and_not_for_others(shell: Shell, city: Path) -> None:
    words = ("seal", city, "--field", "account", "--owner", "city", "--readers", "cashier", "--json")
    done = shell.well(*words, given="6222 0000 1111\n")
    assert "6222" not in done.output + done.errors
    commitment, back = done.json["commitment"], shell.folder / "account.txt"
    refused = shell.run("unseal", city, commitment, "--as", "auditor", "-o", back)
    assert (refused.exit_code, "无权打开该内容" in refused.errors, back.exists()) == (1, True, False)
    shell.well("unseal", city, commitment, "--as", "cashier", "-o", back)
    assert back.read_text() == "6222 0000 1111"


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (("--owner", "city", "--readers", "cashier"), 2, "须指明文件或 --field"),
        (("--field", "account", "--owner", "city", "--readers", ","), 2, "至少有一人"),
        (("--field", "account", "--owner", "nowhere", "--readers", "cashier"), 1, "nowhere"),
        (("--field", "account", "--owner", "city", "--readers", "stranger"), 1, "stranger"),
        (("--field", "account", "--owner", "city", "--readers", "cashier"), 1, "不能为空"),
    ],
)
def test_what_cannot_be_sealed(shell: Shell, city: Path, words: tuple[str, ...], exit_code: int, says: str) -> None:
    done = shell.run("seal", city, *words, given="\n" if "不能为空" in says else "6222")
    assert (done.exit_code, says in done.errors) == (exit_code, True), done.errors


def test_equal_values_of_a_purpose_have_equal_indexes(shell: Shell, city: Path) -> None:
    def index(purpose: str, value: str) -> str:
        return shell.well("blind-index", city, "--purpose", purpose, given=value).output.strip()

    assert len(bytes.fromhex(index("invoice", "0440001"))) == 32
    assert index("invoice", "0440001\n") == index("invoice", "0440001")
    assert len({index("invoice", "0440001"), index("invoice", "0440002"), index("account", "0440001")}) == 3
