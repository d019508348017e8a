"""Erasing: what it leaves in the files, its receipt, and that a restore does not bring anything back."""

import sqlite3
from pathlib import Path

import pytest
from tests.node.vault.case import (
    ACCOUNT,
    NODE_KEY,
    WHY,
    People,
    blobs_of,
    erased,
    must_be_gone,
    raw_bytes,
    sealed,
)

from mingzhang.chain.suites import Suite, suite_named
from mingzhang.node import shredding
from mingzhang.node.receipts import ReceiptError, decode_receipt, encode_receipt, verify_receipt
from mingzhang.node.sealing import ToSeal
from mingzhang.node.vault import (
    ErasedError,
    ErasureUnfinishedError,
    NotInVaultError,
    Vault,
    VaultError,
    check_vault,
)

# --- Erasing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [18, 300_000])
def test_erasing_leaves_a_receipt_and_no_bytes(vault: Vault, people: People, suite: Suite, size: int) -> None:
    kept = [sealed(vault, people, b"kept %d" % number) for number in range(5)]
    commitment = sealed(vault, people, bytes(index % 253 for index in range(size)), kind="file", label="病历.pdf")
    blobs = blobs_of(vault, commitment)
    assert len(blobs) == 3
    assert all(blob[:16] in raw_bytes(vault) for blob in blobs)

    receipt = erased(vault, people, commitment)

    must_be_gone(vault, blobs)
    verify_receipt(suite, receipt, trusted_keys=[people.public["archivist"].hex()])
    purge = receipt.purge
    assert (purge.what, purge.subject, purge.owner) == ("file", commitment, "dg-hospital")
    assert purge.readers == ["auditor", "officer"]
    assert (purge.reason, purge.by, purge.at) == tuple(WHY.values())
    assert "病历".encode() not in encode_receipt(receipt)
    with pytest.raises(ErasedError, match="保存期满"):
        vault.open(commitment, "officer", people.private["officer"])
    with pytest.raises(ErasedError):
        vault.readers(commitment)
    assert [vault.open(one, "officer", people.private["officer"])[:4] for one in kept] == [b"kept"] * 5
    assert vault.receipts() == [receipt]
    assert erased(vault, people, commitment) == receipt, "erasing again gives the first receipt"
    assert list(vault.check()) == []


@pytest.mark.parametrize("searched_max", [0, 100_000], ids=["rebuilt at once", "searched first"])
def test_what_sqlite_leaves_between_its_pages_is_removed_too(
    vault: Vault, people: People, monkeypatch: pytest.MonkeyPatch, searched_max: int
) -> None:
    """Erases so much that rows are moved between pages."""
    monkeypatch.setattr(shredding, "_PIECES_SEARCHED_MAX", searched_max)
    items = [
        ToSeal(content=b"%d" % number * 20, kind="field", label="账号", owner="dg-hospital", readers=people.readers)
        for number in range(400)
    ]
    commitments = sorted(one.commitment for one in vault.seal_many(items))
    blobs = {commitment: blobs_of(vault, commitment) for commitment in commitments}
    file = vault._file
    gone = commitments[::3] + commitments[1::3]
    with file.transaction():
        for commitment in gone:
            file._delete("content", commitment)
        file._set_meta("erasing", "yes")
    pieces = shredding.pieces_of(blob for commitment in gone for blob in blobs[commitment])
    assert file.finish_erasing(pieces)
    raw = raw_bytes(vault)
    assert [piece for piece in pieces if piece in raw] == []
    assert list(vault.check()) == []


def test_a_piece_left_in_the_file_is_found_and_removed(vault: Vault, people: People) -> None:
    sealed(vault, people)
    left = b"\xa5" * 100
    vault._file._connection.execute("CREATE TABLE t (b BLOB)")
    vault._file._connection.execute("PRAGMA secure_delete = OFF")
    vault._file._connection.execute("INSERT INTO t VALUES (?)", (left,))
    vault._file._connection.execute("DROP TABLE t")
    shredding._truncate_log(vault._file._connection)
    pieces = shredding.pieces_of([left])
    raw = vault._file._raw
    assert raw is not None, "the vault is open for writing"
    assert raw.holds_any(pieces), "or this test tests nothing"
    assert shredding.shred(vault._file._connection, raw, pieces=pieces)
    assert not raw.holds_any(pieces)


def test_pieces_are_found_across_the_chunks_of_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shredding, "_CHUNK_SIZE", 64)
    path = tmp_path / "raw"
    for start in range(0, 200, 7):
        path.write_bytes(bytes(start) + b"\x01" * 32 + bytes(100))
        raw = shredding.RawFile(path)
        assert raw.holds_any([b"\x01" * 32])
        assert not raw.holds_any([b"\x02" * 32])
        raw.close()


def test_an_interrupted_erasure_is_finished_at_the_next_opening(
    vault: Vault, people: People, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    commitment = sealed(vault, people)
    blobs = blobs_of(vault, commitment)

    def crash(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shredding, "shred", crash)
        with pytest.raises(KeyboardInterrupt):
            erased(vault, people, commitment)
    with Vault(vault.path, suite, node_key=NODE_KEY) as again:
        must_be_gone(vault, blobs)
        assert again._file._meta("erasing") == "no"
        with pytest.raises(ErasedError):
            again.open(commitment, "officer", people.private["officer"])


def test_an_erasure_waits_for_who_reads_the_file(vault: Vault, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    vault._file._connection.execute("PRAGMA busy_timeout = 50")
    commitment = sealed(vault, people)
    blobs = blobs_of(vault, commitment)
    reader = sqlite3.connect(vault.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    with pytest.raises(ErasureUnfinishedError):
        erased(vault, people, commitment)
    with pytest.raises(ErasedError):
        vault.open(commitment, "officer", people.private["officer"])
    reader.close()
    erased(vault, people, commitment)
    must_be_gone(vault, blobs)
    assert len(vault.receipts()) == 1


def test_nothing_is_erased_without_a_proper_receipt(vault: Vault, people: People) -> None:
    commitment = sealed(vault, people)
    for change in ({"reason": ""}, {"reason": "\u202e"}, {"by": "Somebody"}, {"at": -1}, {"sign": b"no key"}):
        with pytest.raises(ReceiptError):
            vault.erase(commitment, **(WHY | {"sign": people.private["archivist"]} | change))
    with pytest.raises(NotInVaultError):
        erased(vault, people, "0" * 64)
    assert vault.open(commitment, "officer", people.private["officer"]) == ACCOUNT
    assert vault.receipts() == []


# --- Receipts ---------------------------------------------------------------------------------------------------------


def test_an_altered_receipt_is_refused(vault: Vault, people: People, suite: Suite) -> None:
    receipt = erased(vault, people, sealed(vault, people))
    trusted = [people.public["archivist"].hex()]
    data = encode_receipt(receipt)
    assert decode_receipt(data) == receipt
    for old, new in (
        ("保存期满".encode(), "保存期未".encode()),
        (b'"by":"dg-finance.archivist"', b'"by":"dg-finance.somebody1"'),
        (b'"at":1700000000', b'"at":1700000001'),
        (b'"readers":["auditor","officer"]', b'"readers":["auditor"]'),
        (b'"owner":"dg-hospital"', b'"owner":"dg-hospitax"'),
        (b'"what":"field"', b'"what":"file"'),
        (receipt.purge.subject.encode(), b"0" * 64),
        (receipt.signature.encode(), receipt.signature[::-1].encode()),
    ):
        assert old in data
        with pytest.raises(ReceiptError):
            verify_receipt(suite, decode_receipt(data.replace(old, new)), trusted_keys=trusted)
    with pytest.raises(ReceiptError, match="trusted"):
        verify_receipt(suite, receipt, trusted_keys=[people.public["officer"].hex()])
    other = suite_named("intl" if suite.name == "gm" else "gm")
    with pytest.raises(ReceiptError, match="suite"):
        verify_receipt(other, receipt, trusted_keys=trusted)
    for junk in (b"", b"{}", data[:-1], data + b" "):
        with pytest.raises(ReceiptError):
            decode_receipt(junk)


def test_what_was_erased_stays_erased_after_a_restore(
    vault: Vault, people: People, suite: Suite, tmp_path: Path
) -> None:
    kept, gone = sealed(vault, people, b"kept"), sealed(vault, people, b"gone")
    vault.blind_index("payee", "张三")
    backup = tmp_path / "backup.sqlite"
    vault.copy_to(backup)
    after_backup = sealed(vault, people, b"sealed and erased after the backup")
    blobs = blobs_of(vault, gone)
    receipts = [
        erased(vault, people, gone),
        erased(vault, people, after_backup),
        vault.erase_index_key("payee", **WHY, sign=people.private["archivist"]),
    ]
    trusted = [people.public["archivist"].hex()]

    with Vault(backup, suite, node_key=NODE_KEY) as restored:
        assert restored.open(gone, "officer", people.private["officer"]) == b"gone"
        with pytest.raises(ReceiptError):
            restored.apply_receipts(receipts, trusted_keys=[people.public["officer"].hex()])
        assert restored.open(gone, "officer", people.private["officer"]) == b"gone"

        assert restored.apply_receipts(vault.receipts(), trusted_keys=trusted) == vault.receipts()

        must_be_gone(restored, blobs)
        for commitment in (gone, after_backup):
            with pytest.raises(ErasedError):
                restored.open(commitment, "officer", people.private["officer"])
        with pytest.raises(ErasedError):
            restored.blind_index("payee", "张三")
        assert restored.open(kept, "officer", people.private["officer"]) == b"kept"
        assert restored.apply_receipts([*receipts, *receipts], trusted_keys=trusted) == []
        assert restored.receipts() == vault.receipts()
        assert list(restored.check()) == []


def test_a_copy_is_whole_private_and_never_overwrites(
    vault: Vault, people: People, suite: Suite, tmp_path: Path
) -> None:
    commitment = sealed(vault, people)
    copy = tmp_path / "copy.sqlite"
    vault.copy_to(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(check_vault(copy, suite, node_key=NODE_KEY)) == []
    with Vault(copy, suite, node_key=NODE_KEY) as other:
        assert other.open(commitment, "officer", people.private["officer"]) == ACCOUNT
    with pytest.raises(VaultError, match="exists already"):
        vault.copy_to(copy)
