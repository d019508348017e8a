"""The replay: every block judged again from genesis by the real machine, and compared byte for byte with its rows.

Envelopes and block times go in; all else is computed anew. Signatures are taken as verified here, because they are
verified beside it (signatures.py). What is compared at the end of the ledger is in ending.py.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from mingzhang.audit.blame import envelope_at_fault
from mingzhang.audit.checkpoints import CheckpointAudit
from mingzhang.audit.records import about_en, about_zh, difference, printable, shown
from mingzhang.audit.report import LEDGER_FILE, Findings, What, found
from mingzhang.audit.scratch import Scratch
from mingzhang.audit.signatures import ChunkDigest, chunk_of
from mingzhang.audit.stored import StoredBlock, StoredEnvelope, StoredLedger
from mingzhang.chain.codes import Refused
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.machine import Machine
from mingzhang.chain.merkle import leaf_hash
from mingzhang.chain.operations import Record
from mingzhang.chain.outcome import Head, Outcome
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.chain.tx import Opened

_PERSON, _ORGANISATION = "members/person/", "members/organisation/"


class Genesis(NamedTuple):
    """What the first record founds, and the blinder it was made with."""

    command: FoundLedger
    seed: str
    suite: Suite


def read_genesis(ledger: StoredLedger, findings: Findings) -> Genesis | None:
    """The genesis of a stored ledger; None, with a finding, if the first record is none. Raises sqlite3.Error."""
    _digest, data = ledger.leaves(0, 1).get(0, (None, None))
    try:
        record = REGISTRY.leaves.decode(data) if isinstance(data, bytes) else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        record = None
    if not isinstance(record, Record) or not isinstance(record.command, FoundLedger):
        what_en = "This record must be the genesis, but is not readable as one; nothing is replayed; restore a backup."
        what = "这条记录应为创世，却无法识别；无法重放，请从备份恢复。", what_en
        findings.add(found(LEDGER_FILE, "leaves", 0, what=what, height=1))
        return None
    return Genesis(record.command, record.blinder, suite_named(record.command.suite))


class Replay:
    """One run from genesis on. `step` judges and compares the next block; False when there is no going on."""

    def __init__(self, ledger: StoredLedger, genesis: Genesis, findings: Findings) -> None:
        self.ledger = ledger
        self.suite = genesis.suite
        self.findings = findings
        self.scratch = Scratch()
        self.machine = Machine(REGISTRY, genesis.suite, chain_id=genesis.command.chain_id, reader=self.scratch)
        self.head = Head()
        self.root = b""
        self.envelopes = 0
        self.nodes = 0
        self.digest = ChunkDigest()
        self.unreadable_chunks: set[int] = set()
        self.signing_keys: set[str] = set()
        """Every public key that somebody on this ledger ever had."""
        self.genesis = genesis
        self._checkpoints = CheckpointAudit(ledger.checkpoints(), genesis, findings)
        self._root_was_off = False
        self._height = 0
        self._named = False
        """Whether an envelope of the present block has been found at fault."""

    @property
    def checkpoints(self) -> int:
        """How many checkpoints there are."""
        return self._checkpoints.number

    def step(self) -> bool:
        """The next block. Raises sqlite3.Error where the file is damaged."""
        self._height = height = self.head.height + 1
        first = self.head.frontier.size
        row = self.ledger.block(height)
        if row is None:
            self._say("blocks", height, ("缺少这个区块的行。", "The row of this block is missing."))
        time = self.ledger.block_time(row, first)
        if time is None:
            return self._stop(("没有任何记录。", "nothing of it is stored"))
        stored = self.ledger.envelopes(height)
        opened = self._open(stored)
        try:
            outcome = self._judge(height, time, [envelope for _id, envelope in opened])
        except Exception as failure:  # noqa: BLE001 (whatever altered bytes lead to is a finding, not a traceback)
            said = printable(f"{type(failure).__name__}: {failure}")
            return self._stop((f"重放失败（{said}）。", f"judging it failed: {said}"))
        if not outcome.recorded:
            self._name_envelope(row, opened, ())
            return self._stop(("其中没有可记录的内容。", "there is nothing in it to be recorded"))
        self._check_door(height, opened, outcome)
        return self._compare(row, opened, outcome=outcome)

    def finish(self) -> None:
        """After the last block: checkpoints that no block ends at."""
        self._checkpoints.finish()

    def close(self) -> None:
        """Drop the replayed state."""
        self.scratch.close()

    def _judge(self, height: int, time: int, opened: list[Opened]) -> Outcome:
        if height == 1:
            command = self.genesis.command
            return self.machine.apply_genesis(command, command.time, self.genesis.seed)
        verified = {one.hash + one.signature for one in opened}
        return self.machine.apply_block(self.head, self.machine.block_time(time), opened, verified=verified)

    # ---- What goes in ----

    def _open(self, stored: list[StoredEnvelope]) -> list[tuple[int, Opened]]:
        opened = []
        self._named = False
        for row in stored:
            self._check_number(row)
            try:
                if not isinstance(row.bytes, bytes):
                    raise TypeError
                one = self.machine.open(row.bytes)
            except Refused as refusal:
                said = printable(f"{refusal.code.name} {refusal.facts}")
                self._bad_envelope(row, (f"信封不合规范（{said}）。", f"This envelope is not well formed: {said}."))
            except TypeError:
                self._bad_envelope(row, ("信封应为字节。", "This envelope must be bytes."))
            else:
                if row.hash != one.hash:
                    what = f"信封的哈希与信封不符{_who_zh(one)}。", f"The hash is not the envelope's{_who_en(one)}."
                    self._say("envelopes", row.id, what)
                self.digest.add(row.id, one.hash, one.signature)
                opened.append((row.id, one))
        return opened

    def _bad_envelope(self, row: StoredEnvelope, what: What) -> None:
        self.unreadable_chunks.add(chunk_of(row.id))
        self._say_envelope(row.id, what)

    def _check_number(self, row: StoredEnvelope) -> None:
        """Envelopes are numbered from 1 without a gap, through all blocks."""
        while row.id > self.envelopes + 1 and self.ledger.envelope_height(self.envelopes + 1) is None:
            self.envelopes += 1
            self._say_envelope(self.envelopes, ("缺少这个信封。", "This envelope is missing."))
            if row.id > self.envelopes + 1000:
                break
        if row.id == self.envelopes + 1:
            self.envelopes += 1
            return
        number = self.envelopes + 1
        self._say_envelope(row.id, (f"编号不连续：此处应为 {number}。", f"Out of order: number {number} belongs here."))

    def _check_door(self, height: int, opened: Sequence[tuple[int, Opened]], outcome: Outcome) -> None:
        for (number, envelope), result in zip(opened, outcome.results, strict=height > 1):
            if result.door is not None:
                code = result.door.name
                what_en = f"Refused at the door when replayed ({code}){_who_en(envelope)}."
                self._say_envelope(number, (f"重放时在门口被拒（{code}）{_who_zh(envelope)}。", what_en))

    # ---- What comes out ----

    def _compare(self, row: StoredBlock | None, opened: list[tuple[int, Opened]], *, outcome: Outcome) -> bool:
        height, first = outcome.head.height, self.head.frontier.size
        leaves = self.ledger.leaves(first, first + len(outcome.leaves))
        is_off = row is not None and row.root != outcome.root
        if row is not None and is_off and self._stored_leaves_fit(row, first):
            self._name_envelope(row, opened, outcome.leaves)
            return self._stop(("信封与记录不符。", "its envelopes do not give its records"))
        for number, right in enumerate(zip(outcome.leaf_hashes, outcome.leaves, strict=True)):
            if leaves.get(first + number) != right:
                self._bad_leaf(first + number, leaves.get(first + number), right[1])
        numbers = (height, outcome.head.time, first, len(outcome.leaves), len(outcome.passed))
        self._check_block(row, StoredBlock(*numbers, outcome.root))
        for node in outcome.nodes:
            if self.ledger.node(node.level, node.index) != node.hash:
                key = f"{node.level}/{node.index}"
                self._say("nodes", key, ("子树的哈希缺失或不符。", "This subtree's hash is missing or wrong."))
        self.nodes += len(outcome.nodes)
        self._take(outcome)
        if is_off and self._root_was_off:
            return self._stop(("连续两个区块的根与重放结果不同。", "the roots of two blocks running differ"))
        self._root_was_off = is_off
        return True

    def _take(self, outcome: Outcome) -> None:
        self.scratch.write(outcome.writes)
        self.machine.committed(outcome)
        self.head, self.root = outcome.head, outcome.root
        for key, value in outcome.writes:
            if value is not None and key.startswith((_PERSON, _ORGANISATION)):
                fields = msgspec.json.decode(value)
                self.signing_keys.add(fields.get("public_key") or fields.get("checkpoint_key") or "")
        self._checkpoints.check(self.head, self.root, self.machine.view())

    def _stored_leaves_fit(self, row: StoredBlock, first: int) -> bool:
        """Whether the stored leaves of a block give its stored root: then leaves and root are as they were."""
        if row.first_leaf != first or not isinstance(row.leaves, int) or not 0 < row.leaves < 1 << 40:
            return False
        leaves = self.ledger.leaves(first, first + row.leaves)
        hashes = []
        for index in range(first, first + len(leaves)):
            _digest, data = leaves.get(index, (None, None))
            if not isinstance(data, bytes):
                return False
            hashes.append(leaf_hash(self.suite.hash, data))
        frontier, _nodes = self.head.frontier.extend(self.suite.hash, hashes)
        return len(hashes) == row.leaves and frontier.root(self.suite.hash) == row.root

    def _name_envelope(self, row: StoredBlock | None, opened: list[tuple[int, Opened]], right: Sequence[bytes]) -> None:
        """Say which envelope is at fault, unless one of the block's has been named already."""
        if self._named:
            return
        fault = envelope_at_fault(
            self.ledger, row, opened, first=self.head.frontier.size, right=right, next_number=self.envelopes + 1
        )
        if fault is not None:
            self._say("envelopes", fault.envelope, (fault.what_zh, fault.what_en))

    def _bad_leaf(self, index: int, stored: tuple[Any, Any] | None, right: bytes) -> None:
        zh, en = about_zh(right), about_en(right)
        if stored is None:
            what = f"缺少这条记录{zh}。", f"This record is missing{en}."
        elif stored[1] == right:
            what = f"哈希与记录不符{zh}。", f"The hash is not the record's{en}."
        else:
            said = difference(stored[1], right)
            what = f"记录与重放结果不同{zh}：{said}。", f"The record is not what the replay gives{en}: {said}."
        self._say("leaves", index, what)

    def _check_block(self, row: StoredBlock | None, right: StoredBlock) -> None:
        if row is None:
            return
        for name, stored, value in zip(StoredBlock._fields, row, right, strict=True):
            if stored != value:
                said = f"{name}: {shown(stored)} ≠ {shown(value)}"
                what_en = f"The block's row is not what the replay gives: {said}."
                self._say("blocks", right.height, (f"区块的行与重放结果不同：{said}。", what_en))

    def _stop(self, why: What) -> bool:
        why_zh, why_en = why
        what_en = f"The replay ends here: {why_en}. Later blocks and the state could not be judged."
        self._say("blocks", self._height, (f"重放止于此：{why_zh}其后的区块和状态未能判断。", what_en))
        return False

    def _say_envelope(self, number: int, what: What) -> None:
        self._named = True
        self._say("envelopes", number, what)

    def _say(self, table: str, key: object, what: What) -> None:
        self.findings.add(found(LEDGER_FILE, table, key, what=what, height=self._height))


def _who_zh(envelope: Opened) -> str:
    return f"（签发人 {envelope.header.signer}）"


def _who_en(envelope: Opened) -> str:
    return f" (signed by {envelope.header.signer})"
