"""What `chain` may not do, found in its syntax tree: whatever could differ between two nodes, two runs or two releases
of Python. And the shape of a contract file. Which package may import which is import-linter's part (pyproject.toml).
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from tests.tidy import Function, Problem, functions

CHAIN = "src/mingzhang/chain/"
CONTRACTS = CHAIN + "contracts/"
SECTIONS = ("Commands", "Events", "Keys", "Rules")

DIFFERS = "two nodes would compute different roots"
UNICODE_TABLES = "its tables change between releases of Python, and " + DIFFERS

# Module, what to use instead, why. More than import-linter forbids, because here the message can say what to do.
BANNED_IMPORTS = {
    "time": ("use block.time", "nodes have different clocks"),
    "datetime": ("use block.time and the integer dates of the codec", "time zones and clocks differ between nodes"),
    "random": ("let the caller put chance into the envelope", DIFFERS),
    "secrets": ("let the caller put chance into the envelope", DIFFERS),
    "uuid": ("let the caller make the id", DIFFERS),
    "os": ("let node/ read it and pass the value", "the rules know no machine"),
    "sys": ("let node/ read it and pass the value", "the rules know no interpreter"),
    "pathlib": ("let node/ read it and pass the bytes", "the rules do no I/O"),
    "io": ("let node/ read it and pass the bytes", "the rules do no I/O"),
    "socket": ("let node/ talk", "the rules do no I/O"),
    "asyncio": ("write it synchronously", "order of execution must be the block's"),
    "threading": ("write it without threads", "order of execution must be the block's"),
    "multiprocessing": ("write it without processes", "order of execution must be the block's"),
    "concurrent": ("let node/ verify signatures side by side", "order of execution must be the block's"),
    "subprocess": ("let node/ run it", "the rules do no I/O"),
    "logging": ("return an event or a code", "what matters is on the ledger, the rest is the node's"),
    "unicodedata": ("use chain/codepoints.py", UNICODE_TABLES),
    "locale": ("format in cli or web", DIFFERS),
    "decimal": ("count in fen, basis points or hundredths", "its context can be changed from outside"),
    "fractions": ("count in integers and name the rounding", "amounts are integers"),
    "math": ("use integer arithmetic", "most of it is floating point"),
    "statistics": ("count in integers", "it computes in floating point"),
    "sqlite3": ("read through View", "the rules do no I/O"),
    "sqlalchemy": ("read through View", "the rules do no I/O"),
}

# Pure, and the same in each supported release of Python. Add one here when it is both.
ALLOWED_IMPORTS = {
    "__future__", "abc", "base64", "binascii", "bisect", "collections", "dataclasses", "enum", "functools", "hashlib",
    "heapq", "hmac", "itertools", "json", "operator", "re", "string", "struct", "types", "typing",
    "msgspec", "mingzhang",
}  # fmt: skip

# Signatures and ciphers come from libraries, some of which may be missing; many signatures are verified side by side,
# which changes no answer.
ALLOWED_IN = {
    CHAIN + "suites": {"concurrent", "cryptography", "importlib", "nacl"},
    CHAIN + "suites/sm2": {"ctypes", "gmalg", "gmssl_pyx", "importlib", "threading"},
}

BANNED_CALLS = {
    "hash": ("use the suite's hash or the value itself", "Python salts it anew in each process"),
    "id": ("compare with `is`, or name things", "it is an address in memory"),
    "float": ("count in integers", "money and scores are integers"),
    "round": ("use a named integer rounding", "it rounds half to even, which no regulation asks for"),
    "open": ("let node/ read it and pass the bytes", "the rules do no I/O"),
    "input": ("let cli ask", "the rules do no I/O"),
    "print": ("return an event or a code", "the rules do no I/O"),
    "eval": ("use chain/cel", "a rule must be bounded and the same on each node"),
    "exec": ("use chain/cel", "a rule must be bounded and the same on each node"),
}

# str.isascii is absent on purpose: it means code points below 128, for ever.
BANNED_METHODS = {
    "isalnum", "isalpha", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace",
    "istitle", "isupper", "upper", "lower", "casefold", "title", "swapcase", "capitalize",
}  # fmt: skip

_LOOPS_OVER = {"list", "tuple", "enumerate", "iter", "zip", "map", "filter", "reversed", "dict"}
_TAKES_IN_ORDER = {"join", "extend", "fromkeys"}
_SET_NAMES = {"set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"}
_SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}


def check_imports(path: str, text: str) -> list[Problem]:
    """Nothing impure comes in, and nothing unknown."""
    allowed = ALLOWED_IMPORTS.union(*(more for place, more in ALLOWED_IN.items() if path.startswith(place)))
    problems = []
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            if top in allowed:
                continue
            instead, why = BANNED_IMPORTS.get(
                top, ("add it to ALLOWED_IMPORTS in tests/tidy_chain.py if it is pure", "chain takes in nothing unread")
            )
            problems.append(Problem(path, _line(node), f"imports {name}", instead, why))
    return problems


def check_arithmetic(path: str, text: str) -> list[Problem]:
    """No floats and nothing that makes them."""
    problems = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            what = f"the float {node.value}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            what = "the operator `/`"
        else:
            continue
        problems.append(
            Problem(path, _line(node), what, "use integers and `//`, and name the rounding", "a float loses fen")
        )
    return problems


def check_words(path: str, text: str) -> list[Problem]:
    """Calls, methods and statements that do not belong into rules."""
    problems = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert):
            raised = "raise an exception for a broken invariant, refuse with a Code for a user's mistake"
            problems.append(Problem(path, node.lineno, "assert", raised, "`python -O` removes it"))
        elif isinstance(node, ast.Global):
            passed = "pass the value"
            problems.append(Problem(path, node.lineno, "global", passed, "replay must not depend on what ran before"))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            instead, why = BANNED_CALLS[node.func.id]
            problems.append(Problem(path, node.lineno, f"{node.func.id}()", instead, why))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in BANNED_METHODS:
            instead = "compare with a frozen table of characters (chain/codepoints.py) or a pattern of ASCII ranges"
            problems.append(Problem(path, node.lineno, f".{node.func.attr}()", instead, UNICODE_TABLES))
    return problems


def check_patterns(path: str, text: str) -> list[Problem]:
    r"""Classes in patterns that follow Python's Unicode tables: \d takes hundreds of digits that are not 0 to 9."""
    problems = []
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
            continue
        pattern = node.args[0]
        if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)):
            continue
        found = re.search(r"(?<!\\)(?:\\\\)*(\\[dDwWsSbB])", pattern.value)
        if found and "ASCII" not in ast.unparse(node):
            instead = "write the range, such as [0-9], or give re.ASCII"
            problems.append(Problem(path, node.lineno, f"{found.group(1)} in a pattern", instead, UNICODE_TABLES))
    return problems


def check_recursion(path: str, text: str) -> list[Problem]:
    """A function that calls itself: input decides how deep."""
    tree = ast.parse(text)
    owner = {method: kind.name for kind in ast.walk(tree) if isinstance(kind, ast.ClassDef) for method in kind.body}
    problems = []
    for function in functions(tree):
        itself = {function.name}
        if function in owner:  # a bare name there is a function of the module
            itself = {f"{who}.{function.name}" for who in ("self", "cls", owner[function])}
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in itself:
                instead = "loop over an explicit stack with a named limit"
                why = "200,000 brackets would stop every node, and stop it again at each replay"
                problems.append(Problem(path, node.lineno, f"{function.name} calls itself", instead, why))
    return problems


def check_set_order(path: str, text: str) -> list[Problem]:
    """Going through a set, or making something ordered of one. sorted(), len(), in, min, max, sum are fine."""
    tree = ast.parse(text)
    shared = _names_of_sets(_own(tree), set()) | _shared_sets(tree)
    problems = []
    for scope in (tree, *functions(tree)):
        own = list(_own(scope))
        names = _names_of_sets(own, shared)
        for walked in (walked for node in own for walked in _walked(node)):
            if _is_set(walked, names):
                what = f"goes through the set `{ast.unparse(walked)}`"
                why = "the order of a set of strings differs between processes"
                problems.append(Problem(path, walked.lineno, what, "use sorted(…), or keep a dict or a tuple", why))
    return problems


def check_sections(path: str, text: str) -> list[Problem]:
    """The four sections of a contract, each once, in order."""
    found = [
        (number, match.group(1))
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := re.fullmatch(r"# --- (\w+) ---", line))
    ]
    if tuple(name for _, name in found) == SECTIONS:
        return []
    instead = "write " + ", ".join(f"`# --- {name} ---`" for name in SECTIONS) + ", each once, in this order"
    what = f"sections are {', '.join(name for _, name in found) or 'missing'}"
    return [Problem(path, found[0][0] if found else 1, what, instead, "every contract is read the same way")]


def check_borrowing(path: str, text: str, keys: Mapping[str, set[str]]) -> list[Problem]:
    """Contracts use each other's events, readers and check_*, never decide_*, evolve_* or keys.

    `keys` names each contract module's key constants, as `keys_of` finds them.
    """
    problems = []
    for line, module, name in _borrowed(ast.parse(text), keys):
        if name.startswith(("decide_", "evolve_")) or name in keys[module]:
            what = f"uses {name} of {module}"
            instead = f"use a reader or check_* of {module}, or return its event"
            problems.append(Problem(path, line, what, instead, "only the owner of a key knows what must hold for it"))
    return problems


def check_order(path: str, text: str, order: tuple[str, ...]) -> list[Problem]:
    """A contract may use those before it in CONTRACTS, not those after it."""
    own = path.rsplit("/", 1)[-1].removesuffix(".py")
    if own not in order:
        return []
    later = order[order.index(own) + 1 :]
    seen = {module: line for line, module, _ in _borrowed(ast.parse(text), dict.fromkeys(later, ()))}
    instead = "move what both need to the earlier one, or turn it into a follow-up item"
    why = "two contracts that need each other are one"
    what = "uses {}, which is later in CONTRACTS"
    return [Problem(path, line, what.format(module), instead, why) for module, line in seen.items()]


def keys_of(text: str) -> set[str]:
    """Names of a contract's key constants: module-level `NAME = Key(…)`."""
    names = set()
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
            continue
        if _called(node.value) == "Key":
            names |= {name for target in _targets(node) for name in _name(target)}
    return names


def contracts_order(text: str) -> tuple[str, ...]:
    """Module names in the tuple CONTRACTS of contracts/__init__.py, empty when there is none."""
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Tuple | ast.List):
            continue
        if any("CONTRACTS" in _name(target) for target in _targets(node)):
            return tuple(ast.unparse(item).split(".")[0] for item in node.value.elts)
    return ()


def _borrowed(tree: ast.AST, modules: Mapping[str, object]) -> Iterator[tuple[int, str, str]]:
    """Line, module and name of each use of a sibling contract; importing a module whole counts as the name ''."""
    package = "mingzhang.chain.contracts"
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            for alias in node.names:
                if alias.name in modules:
                    aliases[alias.asname or alias.name] = alias.name
                    yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package + "."):
            module = (node.module or "").removeprefix(package + ".")
            if module in modules:
                for alias in node.names:
                    yield node.lineno, module, alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield node.lineno, aliases[node.value.id], node.attr


def _walked(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions whose order of elements the node lets out."""
    if isinstance(node, ast.For | ast.comprehension):
        yield node.iter
    elif isinstance(node, ast.Starred | ast.YieldFrom):
        yield node.value
    elif isinstance(node, ast.Call):
        name = _called(node)
        if name in (_LOOPS_OVER if isinstance(node.func, ast.Name) else _TAKES_IN_ORDER):
            yield from node.args
        elif isinstance(node.func, ast.Attribute) and name == "pop" and not node.args:
            yield node.func.value


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a module or function without those of the functions inside it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function):
            waiting += ast.iter_child_nodes(node)


def _names_of_sets(nodes: Iterable[ast.AST], known: set[str]) -> set[str]:
    """Names that hold a set in one scope: variables, parameters, and `.x` for an attribute x."""
    nodes = list(nodes)
    names = set(known)
    for _ in range(3):  # a set assigned from a set assigned from a set: enough in practice
        for node in nodes:
            if isinstance(node, ast.arg) and node.annotation is not None and _is_set_type(node.annotation):
                names.add(node.arg)
            elif isinstance(node, ast.AnnAssign) and _is_set_type(node.annotation):
                names |= _name(node.target)
            elif isinstance(node, ast.Assign) and _is_set(node.value, names):
                names |= {name for target in node.targets for name in _name(target)}
    return names


def _shared_sets(tree: ast.AST) -> set[str]:
    """What holds a set in every scope of a file: `.x` for attributes, `f()` for functions that return one."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            fields = (field for field in node.body if isinstance(field, ast.AnnAssign))
            names |= {"." + name for field in fields if _is_set_type(field.annotation) for name in _name(field.target)}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            typed = isinstance(node, ast.AnnAssign) and _is_set_type(node.annotation)
            if typed or (node.value is not None and _is_set(node.value, set())):
                names |= {name for target in _targets(node) for name in _name(target) if name.startswith(".")}
        elif isinstance(node, Function) and node.returns is not None and _is_set_type(node.returns):
            names.add(node.name + "()")
    return names


def _is_set(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return any(_is_set(side, names) for side in (node.left, node.right))
    if isinstance(node, ast.Call):
        name = _called(node)
        return name in {"set", "frozenset"} | _SET_METHODS or f"{name}()" in names
    return bool(_name(node) & names)


def _is_set_type(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    if isinstance(node, ast.Subscript):
        node = node.value
    return ast.unparse(node).split(".")[-1] in _SET_NAMES


def _name(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id}
    return {"." + node.attr} if isinstance(node, ast.Attribute) else set()


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _called(node: ast.Call) -> str:
    """Last part of the name a call goes by: f(…), value.f(…) and module.f(…) all give f."""
    return next(iter(_name(node.func)), "").removeprefix(".")


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 1)
