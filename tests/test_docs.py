"""Documents that cannot go stale: links lead somewhere, decisions are indexed, targets are explained, and the generated
reference is the one the code gives today.
"""

import importlib
import importlib.util
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.tidy import ROOT, tracked_files

ADR_LINES_MAX = 60
PAGE_LINES_MAX = 120
MARKDOWN = [path for path in tracked_files() if path.endswith(".md")]
ADRS = [path for path in MARKDOWN if re.fullmatch(r"docs/adr/\d{4}-.+\.md", path)]
COMMANDS = ("make demo", "make test")
CHANGELOG_HEADINGS = ["State-breaking", "API", "Features", "Fixes", "Internals"]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


# --- Links -----------------------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Text without fenced, indented and inline code, where brackets are not links."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text: str) -> set[str]:
    """Names that headings can be linked by, as repository hosts make them."""
    titles = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(path: str, text: str) -> list[str]:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (ROOT / path).parent / name if name else ROOT / path
        if not place.exists():
            broken.append(f"{path}: the link to {target} leads nowhere")
        elif anchor and place.suffix == ".md" and anchor not in anchors(place.read_text(encoding="utf-8")):
            broken.append(f"{path}: {name or path} has no heading #{anchor}")
    return broken


def test_relative_links_resolve() -> None:
    broken = [line for path in MARKDOWN for line in broken_links(path, read(path))]
    assert not broken, "\n".join(broken)


def test_broken_links_are_found() -> None:
    text = "[a](nowhere.md) [b](README.md) [c](#absent) [d](#mingzhang-明账) [e](https://example.com) `[f](no.md)`\n"
    assert [line.split(": ")[1].split()[-3] for line in broken_links("README.md", text)] == ["nowhere.md", "no"]


# --- The two commands, targets, headings -----------------------------------------------------------------------------


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_readmes_name_the_two_commands(readme: str) -> None:
    text = read(readme)
    missing = [command for command in COMMANDS if f"\n    {command}" not in text]
    assert not missing, f"{readme}: show these as commands, indented by four: {missing}"


def test_readmes_show_the_same_commands() -> None:
    """What can be typed is alike in both languages, comments aside."""
    english, chinese = (
        [line.split("#")[0].strip() for line in read(path).splitlines() if line.startswith("    ")]
        for path in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese


def uncommented(makefile: str) -> list[str]:
    """Targets without a comment line above them, or above their .PHONY line."""
    lines = makefile.splitlines()
    bare = []
    for number, line in enumerate(lines):
        if not re.match(r"[a-z][a-z-]*:(?!=)", line):
            continue
        above = number - 1
        while above >= 0 and lines[above].startswith(".PHONY"):
            above -= 1
        if above < 0 or not lines[above].startswith("# "):
            bare.append(line.split(":")[0])
    return bare


def test_every_make_target_has_a_comment() -> None:
    assert not uncommented(read("Makefile"))


def test_make_alone_lists_every_target() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):(?!=)", read("Makefile"), re.MULTILINE)
    made = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, check=True, text=True)
    assert [line.split()[1] for line in made.stdout.splitlines()] == targets


def test_an_uncommented_target_is_found() -> None:
    assert uncommented("# Said\n.PHONY: a\na:\n\tx\n\nb: a\n\tx\nX := 1\n") == ["b"]


def test_the_changelog_has_its_headings() -> None:
    unreleased = read("CHANGELOG.md").split("\n## ")[1]
    assert unreleased.startswith("Unreleased")
    assert re.findall(r"^### (.*)$", unreleased, re.MULTILINE) == CHANGELOG_HEADINGS


def test_pictures_are_whole_and_named() -> None:
    for path in (ROOT / "docs" / "img").glob("*.svg"):
        tags = {element.tag.rpartition("}")[2] for element in ET.parse(path).getroot()}
        assert {"title", "desc"} <= tags, f"{path.name}: give it a title and a desc, for those who cannot see it"


# --- Decisions -------------------------------------------------------------------------------------------------------


def adr_faults(name: str, text: str, index: str) -> list[str]:
    """What is wrong with one decision record."""
    number = name[:4]
    faults = []
    if not re.search(rf"^\| \[{number}\]\({re.escape(name)}\) \| .+ \| .+ \|$", index, re.MULTILINE):
        faults.append("add a row to docs/adr/README.md: | [NNNN](file) | decision | status |")
    if len(text.splitlines()) > ADR_LINES_MAX:
        faults.append(f"keep it within {ADR_LINES_MAX} lines: what is goes into ARCHITECTURE.md, why stays here")
    if not text.startswith(f"# {number}. "):
        faults.append(f"begin with `# {number}. Title as a statement`")
    if not re.search(r"^Status: (proposed|accepted|superseded by \d{4})$", text, re.MULTILINE):
        faults.append("say `Status: proposed`, `accepted` or `superseded by NNNN`")
    absent = [part for part in ("Context", "Decision", "Consequences") if f"\n## {part}\n" not in text]
    faults += [f"add the section `## {part}`" for part in absent]
    return [f"docs/adr/{name}: {fault}" for fault in faults]


def test_decisions_are_indexed_and_short() -> None:
    index = read("docs/adr/README.md")
    faults = [fault for path in ADRS for fault in adr_faults(Path(path).name, read(path), index)]
    assert not faults, "\n".join(faults)


def test_decisions_are_numbered_without_gap() -> None:
    assert [int(Path(path).name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


def test_the_index_names_no_absent_decision() -> None:
    rows = re.findall(r"^\| \[\d{4}\]\((.+?)\)", read("docs/adr/README.md"), re.MULTILINE)
    assert rows == [Path(path).name for path in ADRS]


def test_faults_of_a_decision_are_found() -> None:
    faults = adr_faults("0009-a-thing.md", "# A thing\n" * (ADR_LINES_MAX + 1), "no rows")
    assert len(faults) == 7
    good = "# 0009. A thing\n\nStatus: accepted\n\n## Context\n\n## Decision\n\n## Consequences\n"
    assert not adr_faults("0009-a-thing.md", good, "| [0009](0009-a-thing.md) | A thing | accepted |")


def test_the_architecture_is_one_page() -> None:
    lines = len(read("docs/ARCHITECTURE.md").splitlines())
    assert lines <= PAGE_LINES_MAX, f"docs/ARCHITECTURE.md has {lines} lines; move detail to guides, reasons to adr"


# --- The generated reference -----------------------------------------------------------------------------------------


def stale(rendered: dict[str, str], on_disk: dict[str, str]) -> list[str]:
    """Pages that differ from what the code gives, that are missing, or that nothing gives any more."""
    return sorted(path for path in rendered.keys() | on_disk.keys() if rendered.get(path) != on_disk.get(path))


def test_the_reference_is_what_the_code_says() -> None:
    """`mingzhang.reference.render_all()` gives each generated page's text by its path below docs/reference."""
    if importlib.util.find_spec("mingzhang.reference") is None:
        pytest.skip("mingzhang.reference does not exist yet")
    rendered = importlib.import_module("mingzhang.reference").render_all()
    folder = ROOT / "docs" / "reference"
    # A page written by hand may stand beside the generated ones; only those that say so of themselves are compared.
    on_disk = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.md")
        if str(path.relative_to(folder)) in rendered or "generated" in path.read_text(encoding="utf-8")[:300].lower()
    }
    assert not stale(rendered, on_disk), f"run `make docs`; these differ: {stale(rendered, on_disk)}"


def test_a_stale_reference_is_found() -> None:
    rendered, on_disk = {"same": "1", "other": "2", "missing": "3"}, {"same": "1", "other": "x", "left over": "4"}
    assert stale(rendered, on_disk) == ["left over", "missing", "other"]
