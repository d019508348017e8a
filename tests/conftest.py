"""What every test shares: tests of real components may not skip in CI. Fixtures live beside their tests."""

import os
from collections.abc import Generator

import pytest

IN_CI = os.environ.get("MINGZHANG_CI") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test marked `real` into a failure in CI, where .ci/run has installed what it needs."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("real"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} is marked `real` and must run in CI, but was skipped: {reason}"
    return report
