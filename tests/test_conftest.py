"""The rule of conftest.py at work, in a small test run of its own."""

import pytest
from tests import conftest

pytest_plugins = ["pytester"]

SAMPLE = """
    import pytest

    @pytest.mark.real
    def test_of_a_database(): pytest.skip("no PostgreSQL here")

    @pytest.mark.real
    @pytest.mark.skipif(True, reason="no such library")
    def test_of_a_library(): pass

    def test_of_a_thing_to_come(): pytest.skip("not built yet")

    @pytest.mark.real
    @pytest.mark.xfail(reason="known")
    def test_of_a_known_fault(): assert False
"""


@pytest.fixture
def sample(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\nmarkers = real: needs a real component")
    pytester.makepyfile(SAMPLE)
    return pytester


def test_a_missing_component_fails_in_ci(sample: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "IN_CI", True)
    result = sample.runpytest_inprocess("-p", "no:cacheprovider", plugins=[conftest])
    result.assert_outcomes(failed=1, errors=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*must run in CI, but was skipped: *no PostgreSQL here*"])


def test_a_missing_component_is_skipped_elsewhere(sample: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "IN_CI", False)
    result = sample.runpytest_inprocess("-p", "no:cacheprovider", plugins=[conftest])
    result.assert_outcomes(skipped=3, xfailed=1)
