"""How fast a rule of three conditions is judged: ours, against Google's cel-expr-python and common-expression-language.

Each peer is measured as it is quickest: compiled once, its facts bound once. The facts of ours are a dict, as the chain
has them. Rounds alternate, so that a busy machine slows all alike; the best round of each counts.
"""

import importlib
import importlib.util
import time
from collections.abc import Callable
from typing import Any

from mingzhang.chain.cel import INT, STRING, Fact, Program, admit, check, explain, list_of, parse

TEXT = (
    'payment.amount_fen <= line.available_fen && payment.economic_code.startsWith("302") && !(payment.payee in blocked)'
)
FACTS = {
    "payment.amount_fen": Fact(INT),
    "line.available_fen": Fact(INT),
    "payment.economic_code": Fact(STRING),
    "payment.payee": Fact(STRING),
    "blocked": Fact(list_of(STRING)),
}
VALUES: dict[str, Any] = {
    "payment.amount_fen": 123_456,
    "line.available_fen": 9_000_000,
    "payment.economic_code": "30201",
    "payment.payee": "city:payee-7",
    "blocked": ["city:payee-1", "city:payee-2", "city:payee-3"],
}
ROUNDS = 7
SECONDS = 0.4
AIM = 300_000


def rate(judge: Callable[[], Any]) -> float:
    """Calls a second of one round."""
    count, begun = 0, time.perf_counter()
    while (taken := time.perf_counter() - begun) < SECONDS:
        for _ in range(2_000):
            judge()
        count += 2_000
    return count / taken


def ours() -> dict[str, Callable[[], Any]]:
    """Judging, with outcomes as values, and explaining."""
    program = Program(check(parse(TEXT), FACTS))
    facts = admit(FACTS, VALUES)
    return {
        "ours": lambda: program.run(facts),
        "ours, outcome as a value with steps": lambda: program.outcome(facts),
        "ours, facts admitted each time": lambda: program.run(admit(FACTS, VALUES)),
        "ours, explained": lambda: explain(program, facts),
        "ours, read, checked and made anew": lambda: Program(check(parse(TEXT), FACTS)),
    }


def google() -> dict[str, Callable[[], Any]]:
    """cel-expr-python over dotted variables."""
    if importlib.util.find_spec("cel_expr_python") is None:
        return {}
    cel = importlib.import_module("cel_expr_python.cel")
    kinds = {INT: cel.Type.INT, STRING: cel.Type.STRING, list_of(STRING): cel.Type.List(cel.Type.STRING)}
    env = cel.NewEnv(variables={name: kinds[fact.type] for name, fact in FACTS.items()})
    compiled = env.compile(TEXT)
    activation = env.Activation(VALUES)
    if compiled.eval(activation).value() is not True:
        raise RuntimeError("cel-expr-python judged otherwise")
    return {
        "cel-expr-python, facts bound once": lambda: compiled.eval(activation),
        "cel-expr-python, facts from a dict": lambda: compiled.eval(data=VALUES),
    }


def rust() -> dict[str, Callable[[], Any]]:
    """common-expression-language over nested dicts, which is how it knows dots."""
    if importlib.util.find_spec("cel") is None:
        return {}
    cel = importlib.import_module("cel")
    nested: dict[str, Any] = {}
    for name, value in VALUES.items():
        first, dot, last = name.partition(".")
        if dot:
            nested.setdefault(first, {})[last] = value
        else:
            nested[first] = value
    context = cel.Context(nested)
    compiled = cel.compile(TEXT)
    if compiled.execute(context) is not True:
        raise RuntimeError("common-expression-language judged otherwise")
    return {
        "common-expression-language, facts bound once": lambda: compiled.execute(context),
        "common-expression-language, facts from a dict": lambda: compiled.execute(nested),
    }


def main() -> None:
    """Print evaluations a second, and the ratio of ours to each."""
    peers = {"cel-expr-python": google(), "common-expression-language": rust()}
    for name, found in peers.items():
        if not found:
            print(f"{name} is not installed (pip install {name}), so it is not measured")
    judges = ours() | peers["cel-expr-python"] | peers["common-expression-language"]
    best = dict.fromkeys(judges, 0.0)
    for _ in range(ROUNDS):
        for name, judge in judges.items():
            best[name] = max(best[name], rate(judge))
    print(f"a rule of three conditions, one core, best of {ROUNDS} rounds of {SECONDS} s")
    for name, found in best.items():
        print(f"{name:<48} {found:>12,.0f}/s   ours is {best['ours'] / found:.2f} times that")
    print(f"aim: {AIM:,}/s; {'reached' if best['ours'] >= AIM else 'NOT reached'}")


if __name__ == "__main__":
    main()
