"""What can go wrong with an expression: while it is written (CelError), while it runs (EvaluationError), or because it
asks for more steps than it may take (BudgetExceeded). The sentences stand where they are raised, in both languages.
"""

from typing import Literal

Mistake = Literal["syntax", "outside", "limit", "unknown_fact", "unknown_function", "type", "date"]
"""`outside` is correct CEL that the subset leaves out; docs/reference/cel.md says why."""

Fault = Literal["overflow", "division_by_zero", "index_out_of_range", "no_such_fact", "empty_list", "date_out_of_range"]


class CelError(Exception):
    """A mistake in the text of an expression: where it stands (from 1, in characters), what must hold, what was meant.

    `at` is the same place as an offset. `suggestion` is text to put in the place of the mistake, or empty.
    """

    def __init__(self, kind: Mistake, text: str, *, at: int, zh: str, en: str, suggestion: str = "") -> None:
        before = text[:at]
        self.line = before.count("\n") + 1
        self.column = at - before.rfind("\n")
        super().__init__(f"{self.line}:{self.column}: {en}")
        self.kind = kind
        self.at = at
        self.zh = zh
        self.en = en
        self.suggestion = suggestion

    def sentence_zh(self) -> str:
        """The whole sentence in Chinese, with place and suggestion."""
        meant = f"是否想写 {self.suggestion} ？" if self.suggestion else ""
        return f"第 {self.line} 行第 {self.column} 列：{self.zh}。{meant}"

    def sentence_en(self) -> str:
        """The whole sentence in English, with place and suggestion."""
        meant = f" Did you mean {self.suggestion} ?" if self.suggestion else ""
        return f"line {self.line}, column {self.column}: {self.en}.{meant}"


def mistake(text: str, at: int, kind: Mistake, *, zh: str, en: str, suggestion: str = "") -> CelError:
    """The error at offset `at` of a text. A line ends with a line feed; a character beyond the BMP is one column."""
    return CelError(kind, text, at=at, zh=zh, en=en, suggestion=suggestion)


class EvaluationError(Exception):
    """No value: CEL's error result. `||` and `&&` absorb it when their other side decides.

    `fact` names the fact that was not given, for `no_such_fact`; `at` is the offset in the text.
    """

    def __init__(self, kind: Fault, at: int, *, fact: str = "") -> None:
        super().__init__(f"{kind}: {fact}" if fact else kind)
        self.kind = kind
        self.at = at
        self.fact = fact

    @property
    def zh(self) -> str:
        """What happened, in Chinese."""
        return SENTENCES[self.kind][0].format(fact=self.fact)

    @property
    def en(self) -> str:
        """What happened, in English."""
        return SENTENCES[self.kind][1].format(fact=self.fact)


class BudgetExceeded(Exception):
    """More steps than allowed. Never absorbed: the answer is unknown, not wrong."""


SENTENCES: dict[Fault, tuple[str, str]] = {
    "overflow": ("结果超出 64 位整数范围", "the result does not fit into 64 bits"),
    "division_by_zero": ("除数为零", "the divisor is zero"),
    "index_out_of_range": ("下标超出列表范围", "the list has no element at that index"),
    "no_such_fact": ("没有取得 {fact} 的值", "there is no value for {fact}"),
    "empty_list": ("空列表没有最小值和最大值", "an empty list has neither minimum nor maximum"),
    "date_out_of_range": ("日期须在公元 1 年至 9999 年之间", "a date must lie in the years 1 to 9999"),
}
