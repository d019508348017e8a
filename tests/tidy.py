"""What our style asks of every Python file and of every tracked text. Rules of `chain` alone are in tidy_chain.py.

A check takes a path and a text and returns problems; it reads no files, so that test_tidy.py can show it a bad sample.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
POSITIONAL_MAX = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Problem(NamedTuple):
    """One departure from the style, printed as `path:line: what; instead; why`."""

    path: str
    line: int
    what: str
    instead: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}; {self.instead}; {self.why}"


def tracked_files() -> list[str]:
    """Paths of the tree, relative to its root: what git tracks, and what it would track if added now."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return sorted(name for name in set(names) if name and (ROOT / name).is_file())


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def check_docstring(path: str, text: str) -> list[Problem]:
    """A file opens by saying what lives in it. An empty __init__.py says enough."""
    if not text.strip() or ast.get_docstring(ast.parse(text)):
        return []
    return [
        Problem(
            path,
            1,
            "no docstring opens the file",
            "say what lives here and what does not",
            "a newcomer finds the right file by its first sentence",
        )
    ]


def check_file_length(path: str, text: str, exempt: Collection[str] = ()) -> list[Problem]:
    """A file is one subject, and fits into a head."""
    lines = text.count("\n")
    if lines <= FILE_LINES_MAX or path in exempt:
        return []
    return [
        Problem(
            path,
            lines,
            f"{lines} lines",
            f"split by subject, not by layer, at {FILE_LINES_MAX} lines",
            "a file that cannot be held in the head hides its mistakes",
        )
    ]


def check_function_length(path: str, text: str, exempt: Collection[str] = ()) -> list[Problem]:
    """Lines of a function without its docstring. `exempt` holds `path::name`."""
    problems = []
    for function in functions(ast.parse(text)):
        first = function.body[0]
        documented = ast.get_docstring(function, clean=False) is not None and len(function.body) > 1
        lines = (function.end_lineno or 0) - function.lineno + 1
        if documented:
            lines -= (first.end_lineno or 0) - first.lineno + 1
        if lines > FUNCTION_LINES_MAX and f"{path}::{function.name}" not in exempt:
            problems.append(
                Problem(
                    path,
                    function.lineno,
                    f"{function.name} has {lines} lines",
                    f"give a part of it a name, at {FUNCTION_LINES_MAX} lines without the docstring",
                    "a function is read on one screen",
                )
            )
    return problems


def check_positional(path: str, text: str, exempt: Collection[str] = ()) -> list[Problem]:
    """Parameters that a caller may pass without their names, `self` and `cls` aside. `exempt` holds `path::name`."""
    tree = ast.parse(text)
    methods = {
        method
        for kind in ast.walk(tree)
        if isinstance(kind, ast.ClassDef)
        for method in kind.body
        if isinstance(method, Function)
    }
    problems = []
    for function in functions(tree):
        positional = [argument.arg for argument in function.args.posonlyargs + function.args.args]
        if function in methods and not _is_static(function):
            positional = positional[1:]
        if len(positional) > POSITIONAL_MAX and f"{path}::{function.name}" not in exempt:
            problems.append(
                Problem(
                    path,
                    function.lineno,
                    f"{function.name} takes {len(positional)} positional parameters ({', '.join(positional)})",
                    f"put `*` after the first {POSITIONAL_MAX} at the latest",
                    "two amounts or two ids swapped by position pass every type check",
                )
            )
    return problems


def check_todo(path: str, text: str) -> list[Problem]:
    """Comments that promise. What is wanted has a decision to point to, or is not written down in the code."""
    wanted = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(ADR \d{4}\))")
    return [
        Problem(
            path,
            token.start[0],
            f"{found.group()} without a reference",
            "do it now, or write `TODO(ADR 0007)` with the decision that says when",
            "a promise nobody tracks is read as a fact for years",
        )
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and (found := wanted.search(token.string))
    ]


# Each: what to find, what to call it, what to do instead, why. Host names are put together from parts, so that this
# file does not hold what it looks for.
_PLACES = [
    (
        re.compile(r"(?<![\w.:/*-])/(?:work|root)/(?=[\w.])|(?<![\w.:/])/home/\w"),
        "a path of one machine",
        "use a path relative to the file, or a temporary directory",
        "nobody else has it",
    ),
    (
        re.compile(r"\.\./" + r"shared\b"),
        "a path beside the repository",
        "take what is needed into the repository, with its source",
        "a fresh clone lacks it",
    ),
    (
        re.compile(
            "|".join(
                re.escape(".".join(parts))
                for parts in [
                    ("pypi", "org"),
                    ("pythonhosted", "org"),
                    ("registry", "npmjs"),
                    ("npmmirror", "com"),
                    ("proxy", "golang"),
                    ("crates", "io"),
                    ("deb", "debian"),
                    ("mirrors", "aliyun"),
                    ("tuna", "tsinghua"),
                ]
            )
        ),
        "the address of a package registry",
        "name the package alone",
        "where packages come from is set on the machine that installs them, often an intranet",
    ),
]


def check_places(path: str, text: str) -> list[Problem]:
    """Addresses that hold on one machine only."""
    problems = [
        Problem(path, number, f"{what} ({found.group()})", instead, why)
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern, what, instead, why in _PLACES
        if (found := pattern.search(line))
    ]
    if Path(path).name == "package-lock.json":
        problems += [
            Problem(
                path,
                number,
                'a "resolved" address',
                "install with the option that omits it (`npm install --omit-lockfile-registry-resolved`)",
                "it ties every later install to the registry of the first",
            )
            for number, line in enumerate(text.splitlines(), start=1)
            if '"resolved":' in line
        ]
    return problems


def _is_static(function: Function) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)
