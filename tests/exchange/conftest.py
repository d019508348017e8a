"""A furnished city for each test, copied from one that is founded once."""

import shutil
from pathlib import Path

import pytest
from tests.exchange.stage import Office, found_city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("exchange") / "city"
    found_city(directory)
    return directory


@pytest.fixture
def office(city: Path, tmp_path: Path) -> Office:
    directory, folder = tmp_path / "ledger", tmp_path / "files"
    shutil.copytree(city, directory)
    folder.mkdir()
    return Office(directory, folder)
