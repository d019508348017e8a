"""Expressions made at random, run by us and by Google's cel-expr-python: same value, same kind of error, same refusal.

`python -m tests.chain.cel.agreement 100000 [seed]` from the root of the repository compares so many and counts.
"""

import random
import sys
import time
from collections import Counter
from typing import Any, NamedTuple

from cel_expr_python import cel
from cel_expr_python.ext import ext_math

from mingzhang.chain.cel import BOOL, INT, STRING, CelError, Fact, Program, Type, admit, check, list_of, parse

INTS, STRINGS, TABLE = list_of(INT), list_of(STRING), list_of(list_of(INT))
TYPES = (BOOL, BOOL, BOOL, INT, INT, STRING, INTS, STRINGS, TABLE)

# Facts under `maybe` are a map for the peer, because only there its has() asks for presence.
FACTS = {
    "payment.amount_fen": INT,
    "line.available_fen": INT,
    "payment.count": INT,
    "payment.largest": INT,
    "payment.smallest": INT,
    "payment.unknown": INT,
    "payment.code": STRING,
    "payment.purpose": STRING,
    "line.open": BOOL,
    "line.unknown": BOOL,
    "plan.months": INTS,
    "plan.none": INTS,
    "payee.blocked": STRINGS,
    "plan.table": TABLE,
    "maybe.given": INT,
    "maybe.absent": INT,
}
VALUES: dict[str, Any] = {
    "payment.amount_fen": 123_456,
    "line.available_fen": -3,
    "payment.count": 2,
    "payment.largest": 2**63 - 1,
    "payment.smallest": -(2**63),
    "payment.code": "30201",
    "payment.purpose": "预算绩效 😀",
    "line.open": True,
    "plan.months": [3, 0, -1, 2**62],
    "plan.none": [],
    "payee.blocked": ["", "30201", "预算"],
    "plan.table": [[1, 2], [], [0]],
    "maybe.given": 7,
}
LITERALS: dict[Type, list[str]] = {
    BOOL: ["true", "false"],
    INT: ["0", "1", "-1", "2", "3", "0x1F", "9223372036854775807", "-9223372036854775808", "4611686018427387904"],
    STRING: ['""', "'a'", '"30"', "'预算'", r'"\u9884"', r"'\x61\n'", 'r"\\d"', '"""预"算"""', "'😀'"],
    INTS: ["[]", "[1]", "[2, 0]", "[1, 2, 3,]"],
    STRINGS: ["[]", "['a']", "['30', '']"],
    TABLE: ["[]", "[[]]", "[[1], []]"],
}
FAULTS = (
    ("overflow", "overflow"),
    ("by zero", "division_by_zero"),
    ("Index error", "index_out_of_range"),
    ("No value with name", "no_such_fact"),
    ("Key not found", "no_such_fact"),
    ("must not be empty", "empty_list"),
)

KNOWN = "String must end with"
"""The peer refuses a raw string that ends in a backslash; CEL's grammar has it, and so have we."""


class Compared(NamedTuple):
    """How both ended: `refused`, the kind of an error, or `value`."""

    ours: str
    theirs: str


class Maker:
    """Expressions of a wanted type.

    One in `wrong` parts has a type drawn anew, so that most of those are refused. `loose` ones lack half the brackets,
    so that precedence decides, and with it sometimes the types.
    """

    def __init__(self, chance: random.Random, *, wrong: int = 0, loose: bool = False) -> None:
        self.chance = chance
        self.wrong = wrong
        self.loose = loose
        self.variables: list[tuple[str, Type]] = []

    def expression(self, kind: Type, depth: int) -> str:
        if self.wrong and self.chance.randrange(self.wrong) == 0:
            kind = self.chance.choice(TYPES)
        if depth <= 0 or self.chance.random() < 0.1:
            return self.leaf(kind)
        makers = [self.any_kind, *self.makers(kind)]
        return str(self.chance.choice(makers)(kind, depth - 1))

    def makers(self, kind: Type) -> list[Any]:
        if kind == BOOL:
            return [self.logic, self.logic, self.comparison, self.comparison, self.text_test, self.macro_test]
        if kind == INT:
            return [self.arithmetic, self.arithmetic, self.arithmetic, self.size, self.extreme]
        return [self.sum] if kind == STRING else [self.sum, self.literal_list, self.filtered, self.mapped]

    def leaf(self, kind: Type) -> str:
        hidden = [name for name, _of in self.variables]
        facts = [item for item in FACTS.items() if item[0].partition(".")[0] not in hidden]
        names = [name for name, of in (*facts, *self.variables) if of == kind]
        if names and self.chance.random() < 0.6:
            return self.chance.choice(names)
        return self.chance.choice(LITERALS[kind])

    def any_kind(self, kind: Type, depth: int) -> str:
        choice = self.chance.randrange(3)
        if choice == 0 and list_of(kind) in LITERALS:
            return f"({self.typed_list(list_of(kind), depth)})[{self.expression(INT, depth - 1)}]"
        if choice == 1:
            return f"({self.expression(kind, depth)})"
        test = self.operand(BOOL, depth)
        return f"({test} ? {self.operand(kind, depth)} : {self.expression(kind, depth)})"

    def operand(self, kind: Type, depth: int) -> str:
        """In brackets when it is more than a name."""
        made = self.expression(kind, depth)
        if self.loose and self.chance.random() < 0.5:
            return made
        return made if made.replace(".", "").replace("_", "").isalnum() and not made[0].isdigit() else f"({made})"

    def logic(self, _kind: Type, depth: int) -> str:
        if self.chance.random() < 0.2:
            return self.chance.choice(["!", "!!"]) + self.operand(BOOL, depth)
        sign = self.chance.choice([" && ", " || "])
        return sign.join(self.operand(BOOL, depth) for _ in range(self.chance.randint(2, 4)))

    def comparison(self, _kind: Type, depth: int) -> str:
        if self.chance.random() < 0.15:
            return self.chance.choice(["has(maybe.given)", "has(maybe.absent)"])
        kind = self.chance.choice([INT, INT, STRING, BOOL, INTS, STRINGS, TABLE])
        if self.chance.random() < 0.2 and list_of(kind) in LITERALS:
            return f"{self.operand(kind, depth)} in {self.operand(list_of(kind), depth)}"
        signs = ["==", "!="] if kind.lists else ["==", "!=", "<", "<=", ">", ">="]
        return f"{self.operand(kind, depth)} {self.chance.choice(signs)} {self.operand(kind, depth)}"

    def text_test(self, _kind: Type, depth: int) -> str:
        name = self.chance.choice(["startsWith", "endsWith", "contains"])
        return f"{self.operand(STRING, depth)}.{name}({self.expression(STRING, depth)})"

    def macro_test(self, _kind: Type, depth: int) -> str:
        return self.macro(self.chance.choice([INTS, STRINGS, TABLE]), BOOL, ["all", "exists", "exists_one"], depth)

    def filtered(self, kind: Type, depth: int) -> str:
        return self.macro(kind, BOOL, ["filter"], depth)

    def mapped(self, kind: Type, depth: int) -> str:
        return self.macro(self.chance.choice([INTS, STRINGS]), kind.element, ["map"], depth)

    def macro(self, over: Type, body: Type, names: list[str], depth: int) -> str:
        variable = self.chance.choice(["x", "y", "x", "code", "line"])
        listed = self.typed_list(over, depth)
        hidden = [item for item in self.variables if item[0] != variable]
        outer, self.variables = self.variables, [*hidden, (variable, over.element)]
        made = self.expression(body, depth)
        self.variables = outer
        return f"({listed}).{self.chance.choice(names)}({variable}, {made})"

    def typed_list(self, kind: Type, depth: int) -> str:
        """The peer guesses a type for the elements of `[]`, where ours have none: so no `[]` where these are used."""
        made = self.expression(kind, depth)
        while "[]" in made:
            made = self.leaf(kind)
        return made

    def arithmetic(self, _kind: Type, depth: int) -> str:
        if self.chance.random() < 0.15:
            return self.chance.choice(["-", "--"]) + self.operand(INT, depth)
        return f"{self.operand(INT, depth)} {self.chance.choice('+-*/%')} {self.operand(INT, depth)}"

    def size(self, _kind: Type, depth: int) -> str:
        of = self.chance.choice([STRING, INTS, STRINGS, TABLE])
        return f"size({self.expression(of, depth)})" if depth % 2 else f"{self.operand(of, depth)}.size()"

    def extreme(self, _kind: Type, depth: int) -> str:
        name = self.chance.choice(["math.least", "math.greatest"])
        if self.chance.random() < 0.3:
            return f"{name}({self.chance.choice(['plan.months', 'plan.none'])})"
        return f"{name}({', '.join(self.expression(INT, depth) for _ in range(self.chance.randint(2, 3)))})"

    def sum(self, kind: Type, depth: int) -> str:
        return f"{self.operand(kind, depth)} + {self.operand(kind, depth)}"

    def literal_list(self, kind: Type, depth: int) -> str:
        return f"[{', '.join(self.expression(kind.element, depth) for _ in range(self.chance.randint(1, 3)))}]"


def damaged(text: str, chance: random.Random) -> str:
    """A text with a character lost, doubled, moved or put in: mostly no expression any more."""
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(text) + 1)
        put = chance.choice(["", "", text[at : at + 1] * 2, *"()[]?:.,!-+<=&|'\"\\1ax ", " in ", "has", "//"])
        text = text[:at] + put + text[at + 1 :]
    return text


class Peer:
    """cel-expr-python over the same facts."""

    def __init__(self) -> None:
        kinds = {BOOL: cel.Type.BOOL, INT: cel.Type.INT, STRING: cel.Type.STRING}
        for kind in (INT, STRING):
            kinds[list_of(kind)] = cel.Type.List(kinds[kind])
        kinds[TABLE] = cel.Type.List(kinds[INTS])
        variables = {name: kinds[kind] for name, kind in FACTS.items() if not name.startswith("maybe.")}
        variables["maybe"] = cel.Type.Map(cel.Type.STRING, cel.Type.INT)
        self.env = cel.NewEnv(variables=variables, extensions=[ext_math.ExtMath()])
        self.data = {name: value for name, value in VALUES.items() if not name.startswith("maybe.")}
        self.data["maybe"] = {"given": VALUES["maybe.given"]}

    def run(self, text: str) -> tuple[str, Any]:
        """How it ended, and the value or what was said."""
        try:
            compiled = self.env.compile(text)
        except RuntimeError as error:
            return "refused", str(error)
        result = compiled.eval(data=self.data)
        if result.type() != cel.Type.ERROR:
            return "value", result.plain_value()
        said = str(result.value())
        return next((fault for part, fault in FAULTS if part in said), said), said


DECLARED = {name: Fact(kind) for name, kind in FACTS.items()}
ADMITTED = admit(DECLARED, VALUES)


def ours(text: str) -> tuple[str, Any]:
    """How it ended with us, and the value or the error."""
    try:
        program = Program(check(parse(text), DECLARED, None))
    except CelError as error:
        return "refused", error
    outcome = program.outcome(ADMITTED, 10_000_000)
    if outcome.error is not None:
        return outcome.error.kind, outcome.error
    if outcome.steps > program.cost_bound:
        raise AssertionError(f"{text}: took {outcome.steps} steps, more than its bound {program.cost_bound}")
    return "value", outcome.value


def compare(text: str, peer: Peer, *, typed: bool) -> Compared:
    """Run both. Raises AssertionError with the text where they differ.

    We may refuse what the peer takes, for its types; never for its syntax, and never when it is `typed` throughout.
    """
    theirs, their_value = peer.run(text)
    if KNOWN in str(their_value):
        return Compared("left out", "left out")
    our, our_value = ours(text)
    if our == "refused":
        syntax = our_value.kind == "syntax" and theirs != "refused"
        if typed or syntax:
            raise AssertionError(f"{text}\nours: {our_value.sentence_en()}\ntheirs: {theirs} {their_value}")
    elif (our, repr(_plain(our_value))) != (theirs, repr(their_value)) and not (our == theirs != "value"):
        raise AssertionError(f"{text}\nours: {our} {our_value!r}\ntheirs: {theirs} {their_value!r}")
    return Compared(our, theirs)


def _plain(value: Any) -> Any:
    """Tuples as lists."""
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def compare_many(count: int, seed: int) -> Counter[Compared]:
    """A quarter each: typed throughout, with half the brackets, with parts of another type besides, and damaged."""
    chance = random.Random(seed)
    peer = Peer()
    counted: Counter[Compared] = Counter()
    for number in range(count):
        variant = number % 4
        maker = Maker(chance, wrong=12 if variant == 2 else 0, loose=variant in (1, 2))
        text = maker.expression(chance.choice(TYPES), chance.randint(1, 4))
        if variant == 3:
            text = damaged(text, chance)
        counted[compare(text, peer, typed=variant == 0)] += 1
    return counted


def main(count: int, seed: int) -> None:
    begun = time.perf_counter()
    counted = compare_many(count, seed)
    print(f"{count} expressions, seed {seed}, {time.perf_counter() - begun:.0f} s, no disagreement")
    print(f"{'ours':<20} {'cel-expr-python':<20} expressions")
    for pair, times in counted.most_common():
        print(f"{pair.ours:<20} {pair.theirs:<20} {times}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
