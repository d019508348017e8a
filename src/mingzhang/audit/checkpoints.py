"""Stored checkpoints, checked while the ledger is replayed: body, root, and signatures by the members of that time."""

from collections.abc import Sequence
from typing import Any

from mingzhang.audit.records import difference, printable
from mingzhang.audit.report import LEDGER_FILE, Findings, found
from mingzhang.audit.stored import StoredCheckpoint
from mingzhang.chain.checkpoints import checkpoint_body
from mingzhang.chain.codec import CodecError, encode
from mingzhang.chain.contracts.members import read_consortium
from mingzhang.chain.outcome import Head
from mingzhang.chain.state import View
from mingzhang.node.proofs import read_checkpoint
from mingzhang.node.store import CheckpointRow


class CheckpointAudit:
    """All stored checkpoints of a ledger; `check` is called after each block."""

    def __init__(self, rows: Sequence[StoredCheckpoint], genesis: Any, findings: Findings) -> None:
        self.number = len(rows)
        self._waiting = {row.size: row for row in rows}
        self._genesis = genesis
        self._findings = findings

    def check(self, head: Head, root: bytes, view: View) -> None:
        """Check the checkpoint of this block, if there is one."""
        row = self._waiting.pop(head.frontier.size, None)
        if row is None:
            return
        command = self._genesis.command
        body = checkpoint_body(
            chain_id=command.chain_id,
            suite=command.suite,
            clock=command.clock,
            height=head.height,
            size=head.frontier.size,
            root=root,
            time=head.time,
        )
        if row.height != head.height:
            self._say(row, f"高度应为 {head.height}。", f"Its height must be {head.height}.")
        if row.body != body:
            said = difference(row.body, body)
            self._say(row, f"检查点与账本不符：{said}。", f"The checkpoint is not of this ledger: {said}.")
        self._check_signatures(row, body, view)

    def finish(self) -> None:
        """After the last block: what is left belongs to no block."""
        for row in self._waiting.values():
            self._say(row, "没有区块止于这个条数。", "No block ends at this size.")

    def _check_signatures(self, row: StoredCheckpoint, body: bytes, view: View) -> None:
        try:
            if not isinstance(row.body, bytes) or not isinstance(row.signatures, bytes):
                raise CodecError("must be bytes")
            signed = read_checkpoint(CheckpointRow(row.size, 0, body, row.signatures))
            if encode(signed.signatures) != row.signatures:
                raise CodecError("must be ordered by organisation, one each")
        except CodecError as error:
            said = printable(error)
            self._say(row, f"签名的格式不规范（{said}）。", f"Its signatures are not well formed: {said}.")
            return
        members = read_consortium(view)
        suite = self._genesis.suite
        for one in signed.signatures:
            key = members.get(one.organisation)
            if key is None:
                self._say(
                    row, f"{one.organisation} 当时不是联盟成员。", f"{one.organisation} was no member at that time."
                )
            elif not suite.verify(bytes.fromhex(key), body, bytes.fromhex(one.signature)):
                self._say(
                    row, f"{one.organisation} 的签名无效。", f"The signature of {one.organisation} does not hold."
                )
        threshold = self._genesis.command.checkpoint_threshold
        if len(signed.signatures) < threshold:
            number = len(signed.signatures)
            self._say(
                row,
                f"只有 {number} 家机构签名，少于所需的 {threshold} 家，还不能作为证明。",
                f"Signed by {number} organisations of the {threshold} needed: it proves nothing yet.",
                severity="note",
            )

    def _say(self, row: StoredCheckpoint, what_zh: str, what_en: str, *, severity: Any = "error") -> None:
        what = what_zh, what_en
        self._findings.add(found(LEDGER_FILE, "checkpoints", row.size, what=what, height=row.height, severity=severity))
