"""What a story is made of: steps that somebody signs, deeds outside the ledger, and the stage on which they happen.

The case's own steps are in the files of its chapters; playing them is in playing.py.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mingzhang.chain.calendar import time_of
from mingzhang.chain.contracts.declarations import File
from mingzhang.chain.contracts.projects import read_project
from mingzhang.chain.contracts.results import RECTIFICATION
from mingzhang.demo.people import everybody
from mingzhang.desk import Desk

OPENING_SECONDS = 9 * 3600
"""Steps of a day are taken when offices open, at nine; the city's batches come in the evening."""


class Stage:
    """The desk, and what was sealed for the story: each thing once, under its label.

    `secrets` holds every value that must never appear in clear, for the test that looks for them in the ledger.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.secrets: dict[str, None] = {}
        self.records: dict[str, int] = {}
        """Record index of a step's last command, by the step's mark."""
        self.keep: dict[str, Any] = {}
        """What one deed leaves for a later one, such as a signed checkpoint."""
        self._sealed: dict[str, str] = {}

    def field(self, label: str, value: str, *, owner: str, readers: Sequence[str]) -> str:
        """The commitment to a value, sealed at its first use for people by their ids."""
        if label not in self._sealed:
            self.secrets[value] = None
            self._sealed[label] = self.desk.seal_field(value, owner, readers=readers, label=label)
        return self._sealed[label]

    def file(self, name: str, text: str, *, owner: str, readers: Sequence[str]) -> File:
        """A file of the story, a text marked as illustrative; bytes and name are sealed at its first use."""
        content = f"【示例文件,非真实】{name}\n\n{text}\n".encode()
        if name not in self._sealed:
            self.secrets |= {name: None, text: None}
            self._sealed[name] = self.desk.seal_file(content, owner, readers=readers, label=name)
        name_commitment = self.field("文件名:" + name, name, owner=owner, readers=readers)
        return File(
            name_commitment=name_commitment,
            commitment=self._sealed[name],
            media_type="text/plain",
            size_bytes=len(content),
        )

    def sealed(self, label: str) -> str:
        """The commitment of something sealed before. KeyError if there is none."""
        return self._sealed[label]

    def index(self, purpose: str, value: str) -> str:
        """The blind index of an account or invoice number."""
        self.secrets[value] = None
        return self.desk.vault.blind_index(purpose, value)

    def new_key(self, person_id: str) -> str:
        """The public key of a new sandbox key."""
        return self.desk.new_key(person_id, sandbox=True)

    def project_record(self, project_id: str) -> int:
        """The record in which a project stands."""
        project = read_project(self.desk.view(), project_id)
        return project.decided_record or project.record

    def rectification(self, evaluation_id: str) -> str:
        """How the rectification ordered on an evaluation stands, "" where none was ordered."""
        found = self.desk.view().get(RECTIFICATION, evaluation_id)
        return "" if found is None else found.status


class Step(NamedTuple):
    """One signed transaction: on a date, by a person, of some commands, with the code that its last one must get.

    `mark` names the record of its last command for later steps.
    """

    date: str
    who: str
    what: str
    commands: Callable[[Stage], Sequence[Any]]
    expect: str = "ok"
    mark: str = ""


class Done(NamedTuple):
    """What a deed came to."""

    good: bool
    code: str
    why: str


class Deed(NamedTuple):
    """Something done beside the ledger: a checkpoint signed, a bundle verified, a file erased."""

    date: str
    who: str
    what: str
    do: Callable[[Stage], Done]


class Chapter(NamedTuple):
    """Steps of one subject, in order of their dates."""

    title: str
    steps: Sequence[Step | Deed]


def told(chapters: Sequence[Chapter]) -> list[tuple[str, Step | Deed]]:
    """All steps with their chapter's title in order of date; of one day, in order of the chapters."""
    everything = [(chapter.title, step) for chapter in chapters for step in chapter.steps]
    return sorted(everything, key=_date)


def opening(date: str) -> int:
    """Ledger time at which a day's steps begin."""
    return time_of(date) + OPENING_SECONDS


def always(*commands: Any) -> Callable[[Stage], Sequence[Any]]:
    """Commands that need nothing sealed."""
    return lambda _stage: commands


def post_of(person_id: str) -> str:
    """The post by which the story calls somebody. KeyError for a stranger."""
    return everybody()[person_id].post


def _date(entry: tuple[str, Step | Deed]) -> str:
    return entry[1].date
