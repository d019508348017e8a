"""Ours and Google's implementation on expressions made at random; agreement.py makes and compares them."""

import pytest

agreement = pytest.importorskip(
    "tests.chain.cel.agreement", reason="cel-expr-python is not installed", exc_type=ImportError
)

COUNT = 5_000


@pytest.mark.real
def test_both_implementations_agree() -> None:
    counted = agreement.compare_many(COUNT, seed=20_220_629)
    ends = {pair.ours for pair in counted}
    faults = {"overflow", "division_by_zero", "index_out_of_range", "no_such_fact", "empty_list"}
    assert ends == {"value", "refused"} | faults, "the expressions no longer reach every way to end"
    assert sum(times for pair, times in counted.items() if pair.ours == "value") > COUNT // 4


@pytest.mark.real
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 + 1 == 2 ? 'a' : [1][0]", "typed, and refused by both"),
        ("payment.amount_fen in payment.code", "typed, and refused by both"),
    ],
)
def test_a_refusal_of_what_is_typed_is_found(text: str, why: str) -> None:
    with pytest.raises(AssertionError):
        agreement.compare(text, agreement.Peer(), typed=True)


@pytest.mark.real
def test_a_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "ADMITTED", {**agreement.ADMITTED, "payment.count": 3})
    with pytest.raises(AssertionError, match=r"ours: value 3\ntheirs: value 2"):
        agreement.compare("payment.count", agreement.Peer(), typed=True)
