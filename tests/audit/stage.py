"""A small real ledger directory for the audit's tests: node, vault, keys, checkpoints, things erased and things due."""

from pathlib import Path
from typing import Any

from tests.chain.world import START
from tests.node.twin import DAY, Twin, finding, payment

from mingzhang.node import key_files, proofs
from mingzhang.node.keys import Keyring, create_node_key
from mingzhang.node.vault import Vault
from mingzhang.views.follow import Follower
from mingzhang.views.rebuild import open_current


def make_ledger(directory: Path, suite: str = "intl", *, payments: int = 280) -> None:
    """A ledger that has seen every kind of record, with subtrees stored, and signed twice by its members."""
    with Twin(directory, suite) as twin:
        twin.live()
        proofs.sign_checkpoint(twin.store, twin.member_keys("finance", "audit"))
        twin.do("cashier", *[payment(100 + number, 1) for number in range(payments)])
        for number in range(3):
            twin.do("cashier", payment(1_000 + number, 2), payment(2_000 + number, 1))
        twin.do("auditor", finding("city:open", questioned=3, deadline=START + 40 * DAY))
        proofs.sign_checkpoint(twin.store, twin.member_keys("finance", "health"))
        twin.do("cashier", payment(9_000, 1))
        seal(directory, twin)
        engine = open_current(twin.store, directory / "views.sqlite")
        Follower(engine, twin.store).catch_up()
        engine.dispose()


def seal(directory: Path, twin: Twin) -> None:
    """A vault with a file, a field and something erased; keys of people and of an organisation."""
    node_key = create_node_key(directory / "node.key")
    world, suite = twin.world, twin.suite
    readers = {name: suite.public_key(world.key(name)) for name in ("cashier", "auditor")}
    usual: dict[str, Any] = {"label": "账号", "owner": "hospital", "readers": readers}
    with Vault.create(directory / "vault.sqlite", suite, node_key=node_key) as vault:
        vault.seal(b"6222 0200", kind="field", **usual)
        vault.seal(bytes(10_000), kind="file", **usual)
        vault.blind_index("invoices", "044001900111")
        vault.blind_index("accounts", "6222 0200")
        for content in (b"one", b"two"):
            gone = vault.seal(content, kind="field", **usual)
            vault.erase(gone.commitment, reason="保存期满", by="head", at=START, sign=world.key("head"))
    keyring = Keyring(directory / "keys")
    keyring.create_under_node_key("cashier", node_key=node_key, suite=suite, protection="sandbox")
    keyring.create_under_node_key("importer", node_key=node_key, suite=suite, protection="service")
    key_files.ARGON2_MEMORY_KIB, usual_memory = 8 * 1024, key_files.ARGON2_MEMORY_KIB  # type: ignore[misc]
    try:
        keyring.create("auditor", password="预算绩效管理2022", suite=suite)
    finally:
        key_files.ARGON2_MEMORY_KIB = usual_memory  # type: ignore[misc]
    organisations = Keyring(directory / "keys" / "organisations")
    organisations.create_under_node_key("finance", node_key=node_key, suite=suite, protection="service")
