"""Fixtures of the vault's tests: everything runs in both suites."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.node.vault.case import NODE_KEY, People

from mingzhang.chain.suites import Suite, suite_named
from mingzhang.node.vault import Vault


@pytest.fixture(scope="module", params=["gm", "intl"])
def suite(request: pytest.FixtureRequest) -> Suite:
    return suite_named(request.param)


@pytest.fixture(scope="module")
def people(suite: Suite) -> People:
    return People(suite)


@pytest.fixture
def vault(suite: Suite, tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault.sqlite", suite, node_key=NODE_KEY) as vault:
        yield vault
