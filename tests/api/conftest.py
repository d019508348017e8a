"""What all tests of the doors share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.stage import Served, found, served


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city with publications, for tests that only read, or add what does no harm."""
    with served(found(tmp_path_factory.mktemp("doors") / "city", published=True)) as running:
        yield running


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Served]:
    """A city of this test's own."""
    with served(found(tmp_path / "city")) as running:
        yield running
