"""The vault: who may open what, what is bounded, and blind indexes."""

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.node.vault.case import (
    ACCOUNT,
    NODE_KEY,
    WHY,
    People,
    must_be_gone,
    raw_bytes,
    sealed,
    stored_blobs,
)

from mingzhang.chain.suites import Suite
from mingzhang.node.receipts import verify_receipt
from mingzhang.node.sealing import CONTENT_SIZE_MAX, READERS_MAX, ToSeal, verify_commitment
from mingzhang.node.vault import (
    ErasedError,
    NotAReaderError,
    NotInVaultError,
    Vault,
    VaultError,
)

# --- Sealing and opening ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 1000, 64 * 1024])
def test_each_permitted_reader_opens_it_and_nobody_else(vault: Vault, people: People, size: int) -> None:
    content = bytes(index % 251 for index in range(size))
    commitment = sealed(vault, people, content)
    for reader in people.readers:
        assert vault.open(commitment, reader, people.private[reader]) == content
        assert vault.reveal(commitment, reader, people.private[reader]).label == "收款账号"
    with pytest.raises(NotAReaderError, match="stranger is not permitted"):
        vault.open(commitment, "stranger", people.private["stranger"])
    with pytest.raises(NotAReaderError, match="private_key"):
        vault.open(commitment, "officer", people.private["stranger"])
    with pytest.raises(VaultError, match="private_key"):
        vault.open(commitment, "officer", b"short")
    with pytest.raises(NotInVaultError):
        vault.open("0" * 64, "officer", people.private["officer"])


def test_the_commitment_is_proved_by_salt_and_content_alone(vault: Vault, people: People, suite: Suite) -> None:
    one = vault.seal(ACCOUNT, kind="field", label="账号", owner="dg-hospital", readers=people.readers)
    opening = vault.reveal(one.commitment, "auditor", people.private["auditor"])
    assert opening.salt == one.salt
    assert suite.hash(b"mingzhang/commitment/1" + one.salt + ACCOUNT).hex() == one.commitment
    assert verify_commitment(suite, one.commitment, opening)
    assert sealed(vault, people) != one.commitment, "equal contents must not have equal commitments"


def test_a_file_of_several_megabytes_is_kept(vault: Vault, people: People) -> None:
    scan = bytes(range(256)) * (12 * 1024)
    commitment = sealed(vault, people, scan, kind="file", label="合同扫描件.pdf")
    assert vault.open(commitment, "auditor", people.private["auditor"]) == scan
    assert vault.entry(commitment).size == len(scan)


def test_nothing_of_a_content_or_its_label_is_readable_in_the_files(vault: Vault, people: People) -> None:
    commitment = sealed(vault, people, b"a content to look for" * 50, label="张三病历.pdf")
    raw = raw_bytes(vault)
    assert commitment.encode() in raw
    assert b"content to look for" not in raw
    assert "张三".encode() not in raw


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content": bytes(CONTENT_SIZE_MAX["field"] + 1)}, "content"),
        ({"kind": "picture"}, "kind"),
        ({"label": ""}, "label"),
        ({"label": "x" * 201}, "label"),
        ({"label": "bidi \u202e fdp.exe"}, "label"),
        ({"label": "lone \ud800 surrogate"}, "label"),
        ({"owner": "DG Hospital"}, "owner"),
        ({"owner": "dg\n"}, "owner"),
        ({"readers": {}}, "readers"),
        ({"readers": {"Officer": b""}}, "readers"),
        ({"readers": {"officer": b"no key"}}, "readers"),
        ({"readers": {f"reader{number}": b"" for number in range(READERS_MAX + 1)}}, "readers"),
    ],
)
def test_bounds_are_named_and_nothing_is_kept(vault: Vault, people: People, changes: Any, field: str) -> None:
    with pytest.raises(VaultError, match=f"^{field}: "):
        sealed(vault, people, **changes)
    assert vault.entries() == []


def test_many_are_sealed_together_or_not_at_all(vault: Vault, people: People) -> None:
    good = [
        ToSeal(content=b"%d" % number, kind="field", label="单价", owner="dg-hospital", readers=people.readers)
        for number in range(20)
    ]
    commitments = [one.commitment for one in vault.seal_many(good)]
    for number, commitment in enumerate(commitments):
        assert vault.open(commitment, "officer", people.private["officer"]) == b"%d" % number
    bad = ToSeal(content=b"", kind="field", label="", owner="dg-hospital", readers=people.readers)
    with pytest.raises(VaultError, match="label"):
        vault.seal_many([*good, bad])
    assert len(vault.entries()) == 20
    assert vault.seal_many([]) == []


def test_entries_come_in_pages(vault: Vault, people: People) -> None:
    commitments = sorted(sealed(vault, people, b"%d" % number) for number in range(7))
    pages, after = [], ""
    while page := vault.entries(after=after, limit=3):
        pages.append([entry.commitment for entry in page])
        after = page[-1].commitment
    assert pages == [commitments[:3], commitments[3:6], commitments[6:]]
    for limit in (0, 1001):
        with pytest.raises(VaultError, match="limit"):
            vault.entries(limit=limit)


def test_a_sealed_thing_is_there_after_reopening(vault: Vault, people: People, suite: Suite) -> None:
    commitment = sealed(vault, people)
    # A second opening beside the first sees what a crash now would leave.
    with Vault(vault.path, suite, node_key=NODE_KEY) as again:
        assert again.open(commitment, "officer", people.private["officer"]) == ACCOUNT


def test_threads_may_share_a_vault(vault: Vault, people: People) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                content = b"%d %d" % (number, turn)
                assert vault.open(sealed(vault, people, content), "officer", people.private["officer"]) == content
        except BaseException as failure:  # noqa: BLE001 - handed to the test's own thread
            failures.append(failure)

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert list(vault.check()) == []


# --- Readers ----------------------------------------------------------------------------------------------------------


def test_a_reader_may_admit_another(vault: Vault, people: People) -> None:
    commitment = sealed(vault, people)
    officer: dict[str, Any] = {"by": "officer", "private_key": people.private["officer"]}
    vault.add_reader(commitment, **officer, reader="stranger", public_key=people.public["stranger"])
    assert vault.open(commitment, "stranger", people.private["stranger"]) == ACCOUNT
    assert set(vault.readers(commitment)) == {"officer", "auditor", "stranger"}
    assert list(vault.check()) == []


def test_who_cannot_open_cannot_admit(vault: Vault, people: People) -> None:
    commitment = sealed(vault, people)
    mallory: dict[str, Any] = {"reader": "stranger", "public_key": people.public["stranger"]}
    for by in ("stranger", "officer"):
        with pytest.raises(NotAReaderError):
            vault.add_reader(commitment, by=by, private_key=people.private["stranger"], **mallory)
    with pytest.raises(VaultError, match=r"^reader: "):
        vault.add_reader(commitment, by="officer", private_key=people.private["officer"], reader="X Y", public_key=b"")
    assert set(vault.readers(commitment)) == {"officer", "auditor"}


def test_a_new_key_replaces_the_old_one(vault: Vault, people: People) -> None:
    commitment = sealed(vault, people)
    vault.add_reader(
        commitment,
        by="officer",
        private_key=people.private["officer"],
        reader="auditor",
        public_key=people.public["stranger"],
    )
    assert vault.open(commitment, "auditor", people.private["stranger"]) == ACCOUNT
    with pytest.raises(NotAReaderError):
        vault.open(commitment, "auditor", people.private["auditor"])


def test_readers_are_bounded(vault: Vault, people: People) -> None:
    everybody = {f"reader{number}": people.public["officer"] for number in range(READERS_MAX)}
    commitment = sealed(vault, people, readers=everybody)
    with pytest.raises(VaultError, match="at most 64"):
        vault.add_reader(
            commitment,
            by="reader0",
            private_key=people.private["officer"],
            reader="one-more",
            public_key=people.public["stranger"],
        )


# --- Blind indexes ----------------------------------------------------------------------------------------------------


def test_a_blind_index_is_equal_for_equal_values_of_one_purpose(vault: Vault, suite: Suite) -> None:
    account = vault.blind_index("payee-account", "6222020000000018")
    assert len(account) == 64
    assert vault.blind_index("payee-account", "6222020000000018") == account
    assert vault.blind_index("payee-account", "6222020000000019") != account
    assert vault.blind_index("invoice", "6222020000000018") != account
    with Vault(vault.path, suite, node_key=NODE_KEY) as again:
        assert again.blind_index("payee-account", "6222020000000018") == account
    with pytest.raises(VaultError, match=r"^purpose: "):
        vault.blind_index("Payee Account", "")


def test_two_vaults_have_unlike_blind_indexes(vault: Vault, suite: Suite, tmp_path: Path) -> None:
    with Vault.create(tmp_path / "other.sqlite", suite, node_key=NODE_KEY) as other:
        assert other.blind_index("invoice", "No 1") != vault.blind_index("invoice", "No 1")


def test_an_erased_index_key_stays_erased(vault: Vault, people: People, suite: Suite) -> None:
    vault.blind_index("payee", "张三")
    vault.blind_index("invoice", "No 1")
    key = stored_blobs(vault, "SELECT sealed_key FROM index_keys WHERE purpose = 'payee'")
    receipt = vault.erase_index_key("payee", **WHY, sign=people.private["archivist"])
    assert (receipt.purge.what, receipt.purge.subject) == ("index_key", "payee")
    verify_receipt(suite, receipt, trusted_keys=[people.public["archivist"].hex()])
    with pytest.raises(ErasedError):
        vault.blind_index("payee", "张三")
    assert vault.blind_index("invoice", "No 1")
    must_be_gone(vault, key)
    with pytest.raises(NotInVaultError):
        vault.erase_index_key("never-used", **WHY, sign=people.private["archivist"])
