"""One audit from beginning to end: which checks run where, and what becomes of their answers."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from mingzhang.audit.ending import check_ending
from mingzhang.audit.files import (
    DAMAGE,
    DATABASES,
    check_integrity,
    check_schema,
    foreign_files,
    open_for_reading,
    schema_made_by,
    unreadable,
)
from mingzhang.audit.records import printable
from mingzhang.audit.replay import Replay, read_genesis
from mingzhang.audit.report import LEDGER_FILE, SEVERITIES, Findings, Progress, Report, Standing, found
from mingzhang.audit.sealed import check_keys, check_node_key, check_receipts, check_vault_file
from mingzhang.audit.signatures import CHUNK_ENVELOPES, Verified, verify_chunk
from mingzhang.audit.stored import StoredLedger
from mingzhang.audit.views import check_views
from mingzhang.audit.workers import Task, Workers
from mingzhang.node.store import INDEXES, TABLES

TICK_SECONDS = 0.1
"""Between two calls of the progress callback of one stage."""


def audit(directory: Path, *, processes: int = 2, progress: Progress | None = None) -> Report:
    """Check a ledger directory against itself: replay, signatures, invariants, state, views, vault, keys, schemas.

    Nothing is changed and no lock taken: a node may be writing meanwhile, and what it had written at the start is
    audited; until the end its write-ahead log is not cut back. `processes` is how many work at once, this one included;
    the others are spawned, so the caller's main module must be importable. `progress(stage, done, total)` is called
    on this thread. Whatever the files hold becomes a finding; raises NotADirectoryError if there is no such directory,
    NodeFailed when this machine's disk fails.
    """
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory}: there is no such directory")
    with Workers(processes) as workers:
        return _Audit(directory, workers, progress).run()


class _Audit:
    """What one audit has found so far."""

    def __init__(self, directory: Path, workers: Workers, progress: Progress | None) -> None:
        self.directory = directory
        self.workers = workers
        self.progress = progress
        self.findings = Findings()
        self.counts = dict.fromkeys(
            ("blocks", "leaves", "envelopes", "signatures", "state", "checkpoints", "views", "vault", "keys"), 0
        )
        self.seconds: dict[str, float] = {}
        self.standing: Standing | None = None
        self.chunks: dict[int, Verified] = {}
        self.ticked = 0.0

    def run(self) -> Report:
        """All of it."""
        with self._stage("total"):
            self.findings.extend(foreign_files(self.directory))
            path = self.directory / LEDGER_FILE
            if path.is_file():
                self._audit_ledger(path)
            else:
                what = ("这里没有账本。", "There is no ledger here.")
                self.findings.add(found(LEDGER_FILE, "", "", what=what))
        for severity in SEVERITIES:
            self.counts[severity + "s"] = self.findings.of(severity)
        return Report(self.findings.in_order(), self.counts, self.seconds, self.standing)

    def _audit_ledger(self, path: Path) -> None:
        for name in DATABASES:
            if (self.directory / name).is_file():
                self.workers.submit(Task("files", check_integrity, (name, self.directory / name)))
        try:
            with closing(open_for_reading(path)) as connection:
                ledger = StoredLedger(connection)
                with self._stage("files"):
                    expected = schema_made_by({**TABLES, **INDEXES})
                    self.findings.extend(check_schema(LEDGER_FILE, connection, expected))
                self._audit_from(ledger, path)
        except DAMAGE as error:
            self.findings.add(unreadable(LEDGER_FILE, "", error))
            self._gather(None)

    def _audit_from(self, ledger: StoredLedger, path: Path) -> None:
        self.workers.submit(Task("views", check_views, (self.directory,)))
        genesis = read_genesis(ledger, self.findings)
        if genesis is None:
            self._gather(None)
            return
        suite = genesis.suite
        wrong_key = list(check_node_key(self.directory, suite))
        self.findings.extend(wrong_key)
        if not wrong_key:
            self.workers.submit(Task("vault", check_vault_file, (self.directory, suite.name)))
            self.workers.submit(Task("keys", check_keys, (self.directory, suite.name)))
        last = self.counts["envelopes"] = ledger.count("envelopes")
        for chunk in range(-(-last // CHUNK_ENVELOPES)):
            task = partial(verify_chunk, path, suite.name, last=last)
            self.workers.submit(Task("signatures", task, (chunk,)))
        replay = Replay(ledger, genesis, self.findings)
        try:
            try:
                self._replay(replay)
            except DAMAGE as error:
                self.findings.add(unreadable(LEDGER_FILE, "", error))
            self._gather(replay)
            if self.standing is not None:
                self.findings.extend(check_receipts(self.directory, suite, replay.signing_keys))
        finally:
            replay.close()

    def _replay(self, replay: Replay) -> None:
        with self._stage("replay"):
            last = replay.ledger.last_height()
            while replay.head.height < last and replay.step():
                self._tick("replay", replay.head.height, last)
            head = replay.head
            self.counts |= {"blocks": head.height, "leaves": head.frontier.size, "checkpoints": replay.checkpoints}
            self._tick("replay", head.height, last, last=True)
        if head.height < last or last == 0:
            return
        with self._stage("state"):
            total = replay.scratch.count()
            self.counts["state"] = check_ending(
                replay, self.findings, tick=lambda done: self._tick("state", done, total)
            )
            self._tick("state", total, total, last=True)
        one = replay.genesis.command
        self.standing = Standing(one.chain_id, one.suite, one.clock, head.height, head.frontier.size, replay.root.hex())

    def _gather(self, replay: Replay | None) -> None:
        """Take the answers of all tasks, doing some of them here."""
        with self._stage("signatures"):
            for task, result in self.workers.results():
                if task.name == "signatures":
                    self.chunks[task.arguments[0]] = result
                    self.counts["signatures"] += result.verified
                    self._tick("signatures", self.counts["signatures"], self.counts["envelopes"])
                elif task.name == "files":
                    self.findings.extend(result)
                else:
                    self.findings.extend(result.findings)
                    self.counts[task.name] = result.number
                    self._tick(task.name, result.number, result.number, last=True)
            self._tick("signatures", self.counts["signatures"], self.counts["envelopes"], last=True)
        if replay is not None:
            self._judge_signatures(replay)

    def _judge_signatures(self, replay: Replay) -> None:
        for chunk, verified in sorted(self.chunks.items()):
            for bad in verified.bad:
                signer = printable(bad.signer)
                what = f"{signer} 的签名无效。", f"The signature of {signer} does not hold."
                self.findings.add(found(LEDGER_FILE, "envelopes", bad.envelope, what=what, height=bad.height))
            if verified.damage:
                self.findings.add(unreadable(LEDGER_FILE, "envelopes", sqlite3.DatabaseError(verified.damage)))
            elif self.standing is not None and chunk not in replay.unreadable_chunks:
                self._must_be_same_bytes(chunk, verified, replay)

    def _must_be_same_bytes(self, chunk: int, verified: Verified, replay: Replay) -> None:
        """What was replayed must be what was verified, though both were read by themselves."""
        if verified.digest != replay.digest.of(chunk):
            first = chunk * CHUNK_ENVELOPES + 1
            what_en = "What was replayed is not what was verified: the file was changed during the audit."
            what = "重放的信封与验证签名的信封不是同一内容：审计期间文件被改动。", what_en
            key = f"{first}…{first + CHUNK_ENVELOPES - 1}"
            self.findings.add(found(LEDGER_FILE, "envelopes", key, what=what))

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def _tick(self, stage: str, done: int, total: int, *, last: bool = False) -> None:
        now = time.perf_counter()
        if self.progress is not None and (last or now >= self.ticked + TICK_SECONDS):
            self.ticked = now
            self.progress(stage, done, total)
