"""CEL's conformance tests, where MINGZHANG_DATA names a directory that holds them; our own vectors run everywhere."""

import pytest
from tests.chain.cel import conformance
from tests.tidy import ROOT

FOLDER = conformance.directory()
CASES = [] if FOLDER is None else list(conformance.cases(FOLDER))
PAGE = ROOT / "docs" / "reference" / "cel-conformance.md"

pytestmark = pytest.mark.skipif(FOLDER is None, reason=f"MINGZHANG_DATA names no directory with {conformance.BELOW}")


def test_every_test_in_the_subset_passes() -> None:
    inside = [case for case in CASES if not conformance.outside(case)]
    failed = [
        f"{case.name}: {case.text} gave {conformance.run(case)[0]!r}" for case in inside if not conformance.agrees(case)
    ]
    assert not failed, "\n".join(failed)
    assert len(inside) >= 395


def test_what_falls_outside_is_refused_or_right() -> None:
    """Outside the subset an expression may be refused, but a value it gives is CEL's."""
    wrong = []
    for case in CASES:
        reason = conformance.outside(case)
        if reason in ("", "containers", "type checker turned off"):  # these mean something else without it
            continue
        try:
            value, kind = conformance.run(case)
        except conformance.Outside:
            continue
        if kind is not None and not conformance.agrees(case):
            wrong.append(f"{case.name} ({reason}): {case.text} gave {value!r}")
    assert not wrong, "\n".join(wrong)


def test_the_page_says_what_is_outside() -> None:
    assert FOLDER is not None
    assert PAGE.read_text(encoding="utf-8") == conformance.page(FOLDER), "run `python -m tests.chain.cel.conformance`"
