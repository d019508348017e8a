"""The form of a rulebook, as it is written, proposed, hashed and printed; and of the hook it is hung on.

Nothing is computed here. What must hold of a book beyond its form is in checking.py.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from mingzhang.chain.cel import Fact, Type, type_named
from mingzhang.chain.codec import Date, Id, Name, OptionalText, Text, Wire

FactName = Annotated[
    str,
    Meta(pattern=r"^[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,47}){1,2}(?!\n)$", description="name with one or two dots"),
]
Expression = Annotated[str, Meta(max_length=1_000, description="of the rule language, docs/reference/cel.md")]
Short = Annotated[str, Meta(max_length=200, description="words in one line, may be empty")]

EffectKind = Literal[
    "allow", "record", "warn", "require_file", "hold", "refuse", "freeze", "unfreeze", "release", "publish", "open_case"
]
"""放行、记录、预警、需附件、拦截（待人决定）、禁止、冻结、解冻、释放、公开、立案."""
HitPolicy = Literal["FIRST", "UNIQUE", "COLLECT"]


class ParameterValue(Wire, frozen=True, tag=False):
    """What a parameter is from a business date on, and the article that says so."""

    since: Date
    value: int | bool | str | list[int | str]
    basis: Text


class Parameter(Wire, frozen=True, kw_only=True, tag=False):
    """A number or list that rows name instead of holding it; `type` as in the rule language, dates YYYY-MM-DD.

    `configurable` ones may differ from place to place.
    """

    name: FactName
    type: Name
    zh: Name
    en: Name
    unit: Short = ""
    values: Annotated[list[ParameterValue], Meta(min_length=1, max_length=100)]
    configurable: bool

    @property
    def fact(self) -> Fact:
        """The declaration for the rule language; lengths are those of the values. Raises ValueError for a type."""
        lengths = [len(value.value) for value in self.values if isinstance(value.value, str | list)]
        return Fact(type_named(self.type), length_max=max(lengths, default=None))


class Column(Wire, frozen=True, tag=False):
    """What the cells below it test: a fact, or any expression over facts, under a heading people read."""

    column: Id
    expression: Expression
    zh: Name
    en: Name


class Effect(Wire, frozen=True, kw_only=True, tag=False):
    """What follows when a row applies.

    `warn`: `level`. `hold`: `roles` who may decide, how many of them (`approvals`), within how many `days`. `refuse`:
    `roles` who may override it, if any. `require_file`: which `file`, and `roles` who may waive it. `freeze`,
    `unfreeze`: `target`. `open_case`: `level`, `roles` to whom it goes, `days` to answer, and the `target` if it is
    about one. Fields that the kind does not name are empty.
    """

    kind: EffectKind
    level: Literal["", "blue", "yellow", "orange", "red"] = ""
    roles: Annotated[list[Id], Meta(max_length=10)] = msgspec.field(default_factory=list)
    approvals: Annotated[int, Meta(ge=0, le=10)] = 0
    days: Annotated[int, Meta(ge=0, le=730)] = 0
    target: Literal["", "line", "unit", "payee"] = ""
    file: Short = ""


class Row(Wire, frozen=True, kw_only=True, tag=False):
    """One rule: it applies when every cell and `when` hold.

    A cell is what is asked of its column: `> limit.fen`, `"302"` (equal), `in ["302", "303"]`, `.startsWith("302")`,
    `>= 10 && < 20`; absent, empty or `-` asks nothing. `when` is a whole condition. Messages may name facts and
    parameters in braces.
    """

    row: Id
    cells: dict[str, Expression] = msgspec.field(default_factory=dict)
    when: Expression = ""
    effect: Effect
    message_zh: Text
    message_en: Text
    disposal_zh: OptionalText = ""
    disposal_en: OptionalText = ""
    basis: Text
    configurable: bool


class Book(Wire, frozen=True, kw_only=True, tag=False):
    """A rulebook (规则表): a decision table on one hook.

    FIRST: the first row that applies decides. UNIQUE: at most one may apply. COLLECT: all that apply count.
    `otherwise` is what follows when none applies; without it there must always be one. `keepers` are the roles that
    decide when the book itself fails.
    """

    hook: FactName
    name_zh: Name
    name_en: Name
    hit_policy: HitPolicy
    parameters: Annotated[list[Parameter], Meta(max_length=200)] = msgspec.field(default_factory=list)
    columns: Annotated[list[Column], Meta(max_length=30)] = msgspec.field(default_factory=list)
    rows: Annotated[list[Row], Meta(min_length=1, max_length=200)]
    otherwise: Effect | None = None
    keepers: Annotated[list[Id], Meta(min_length=1, max_length=10)]


class FactMeaning(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that a hook offers: its type and bounds, what it means, in which unit, and where it comes from.

    `least`, where given, is the smallest value it can have: no amount is negative. Gaps are sought from there on.
    """

    type: Type
    zh: str
    en: str
    unit: str = ""
    source: str = ""
    length_max: int | None = None
    optional: bool = False
    least: int | None = None

    @property
    def fact(self) -> Fact:
        """The declaration for the rule language."""
        return Fact(self.type, self.length_max, self.optional)


class Hook(msgspec.Struct, frozen=True):
    """An occasion on which rules are asked, such as `payments.request`, and the facts known then."""

    hook: str
    facts: dict[str, FactMeaning]

    def declared(self, book: Book) -> dict[str, Fact]:
        """What expressions of a book may read: the hook's facts and the book's parameters. Raises ValueError."""
        facts = {name: meaning.fact for name, meaning in self.facts.items()}
        return facts | {parameter.name: parameter.fact for parameter in book.parameters}


def in_force(parameter: Parameter, on: str) -> ParameterValue | None:
    """The value that holds on a date YYYY-MM-DD, None before the first. Values stand in the order of their dates."""
    found = None
    for value in parameter.values:
        if value.since <= on:
            found = value
    return found


def parameters_on(book: Book, on: str) -> dict[str, Any]:
    """Values of all parameters on a date, as they are written; those without one yet are absent."""
    held = {parameter.name: in_force(parameter, on) for parameter in book.parameters}
    return {name: value.value for name, value in held.items() if value is not None}
