"""What all tests of the command line share."""

from pathlib import Path

import pytest
from tests.cli.city import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)
