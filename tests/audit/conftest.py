"""Ledger directories: made once, and copied for each test that changes one."""

import shutil
from pathlib import Path

import pytest
from tests.audit.stage import make_ledger


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole ledger directory; nobody may change it."""
    directory = tmp_path_factory.mktemp("made")
    make_ledger(directory)
    return directory


@pytest.fixture
def directory(made: Path, tmp_path: Path) -> Path:
    """A copy of all of it."""
    return Path(shutil.copytree(made, tmp_path / "copy"))
