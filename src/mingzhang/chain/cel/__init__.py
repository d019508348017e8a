"""The rule language: a subset of CEL whose meaning is fixed here, so that no library's release can split the chain.

    expression = parse(text)                      what is written, or CelError with line and column
    checked = check(expression, declared_facts)   its types, or CelError with a suggestion
    program = Program(checked)
    program.run(admit(declared_facts, values))    its value, or EvaluationError, or BudgetExceeded
    explain(program, facts)                       each clause with what it saw

docs/reference/cel.md describes the language. What a rule leads to, and the tables rules stand in, are not here.
"""

from mingzhang.chain.cel.checker import Checked, check, in_chinese
from mingzhang.chain.cel.errors import BudgetExceeded, CelError, EvaluationError
from mingzhang.chain.cel.explaining import Clause, Seen, explain
from mingzhang.chain.cel.parser import parse
from mingzhang.chain.cel.program import STEPS_MAX, Outcome, Program
from mingzhang.chain.cel.syntax import Expression, Node, clauses_of
from mingzhang.chain.cel.types import (
    BOOL,
    DATE,
    INT,
    STRING,
    Fact,
    Facts,
    Type,
    Value,
    admit,
    date_of_days,
    days_of,
    list_of,
    type_named,
)

__all__ = [
    "BOOL",
    "DATE",
    "INT",
    "STEPS_MAX",
    "STRING",
    "BudgetExceeded",
    "CelError",
    "Checked",
    "Clause",
    "EvaluationError",
    "Expression",
    "Fact",
    "Facts",
    "Node",
    "Outcome",
    "Program",
    "Seen",
    "Type",
    "Value",
    "admit",
    "check",
    "clauses_of",
    "date_of_days",
    "days_of",
    "explain",
    "in_chinese",
    "list_of",
    "parse",
    "type_named",
]
