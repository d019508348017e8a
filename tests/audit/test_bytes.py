"""A bit flipped anywhere in a database file is found, or changes nothing that anybody can read; never a traceback."""

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.audit.tampering import content_of, flipped

from mingzhang.audit import Finding, audit
from mingzhang.audit.files import DAMAGE, check_integrity, open_for_reading
from mingzhang.audit.sealed import check_vault_file
from mingzhang.audit.views import compare_views

PLACES = 200
"""Of each file; beyond them a few in its header and schema, where every byte has its own meaning."""

Check = Callable[[Path, Path], tuple[Finding, ...]]


def check_ledger(directory: Path, _made: Path) -> tuple[Finding, ...]:
    return audit(directory, processes=1).findings


def check_vault_and_pages(directory: Path, _made: Path) -> tuple[Finding, ...]:
    pages = check_integrity("vault.sqlite", directory / "vault.sqlite")
    return (*pages, *check_vault_file(directory, "intl").findings)


def check_views_and_pages(directory: Path, made: Path) -> tuple[Finding, ...]:
    path = directory / "views.sqlite"
    pages = check_integrity("views.sqlite", path)
    try:
        with closing(open_for_reading(path)) as connection:
            return (*pages, *compare_views(connection, made / "views.sqlite").findings)
    except DAMAGE:
        # As the audit itself would answer: it must have been found already.
        assert pages
        return tuple(pages)


@pytest.mark.parametrize(
    ("file", "check"),
    [
        ("ledger.sqlite", check_ledger),
        ("vault.sqlite", check_vault_and_pages),
        ("views.sqlite", check_views_and_pages),
    ],
)
def test_a_flipped_bit_is_found_or_means_nothing(made: Path, tmp_path: Path, file: str, check: Check) -> None:
    directory = Path(shutil.copytree(made, tmp_path / "copy"))
    if file == "ledger.sqlite":
        (directory / "views.sqlite").unlink()
    path = directory / file
    original = content_of(path)
    size = path.stat().st_size
    chance = random.Random(f"{file} 2022")
    places = [*range(16, 100, 4), *(chance.randrange(100, 4096) for _ in range(PLACES // 4))]
    places += [chance.randrange(size) for _ in range(PLACES)]
    found = 0
    for place in flipped(path, iter(places)):
        errors = [one for one in check(directory, made) if one.severity == "error"]
        found += bool(errors)
        if not errors:
            assert content_of(path) == original, f"a bit of byte {place} of {file} was flipped, and nobody noticed"
        for name in (f"{file}-wal", f"{file}-shm"):
            (directory / name).unlink(missing_ok=True)
    assert found > PLACES // 4


@pytest.mark.parametrize("file", ["ledger.sqlite", "vault.sqlite", "views.sqlite"])
@pytest.mark.parametrize("length", [0, 1, 100, 4096, 10_000])
def test_a_file_cut_short_is_found(directory: Path, file: str, length: int) -> None:
    data = (directory / file).read_bytes()
    (directory / file).write_bytes(data[:length])
    report = audit(directory, processes=1)
    assert any((one.severity, one.file) == ("error", file) for one in report.findings), report.findings


@pytest.mark.parametrize("file", ["ledger.sqlite", "vault.sqlite", "views.sqlite"])
def test_a_file_of_something_else_is_found(directory: Path, file: str) -> None:
    (directory / file).write_bytes(b"PK\x03\x04" + bytes(range(256)) * 40)
    report = audit(directory, processes=1)
    assert any((one.severity, one.file) == ("error", file) for one in report.findings), report.findings
