"""What the vault's tests share: readers with their keys, short ways to seal and erase, a look at the raw files."""

import sqlite3
from typing import Any

from mingzhang.chain.suites import Suite
from mingzhang.node.vault import PurgeReceipt, Vault

NODE_KEY = bytes(range(32))
ACCOUNT = b"6222 0200 0000 0000 018"
WHY: dict[str, Any] = {"reason": "保存期满", "by": "dg-finance.archivist", "at": 1_700_000_000}


class People:
    """Keys of a few readers, made once a suite."""

    def __init__(self, suite: Suite) -> None:
        self.private = {name: suite.generate_private_key() for name in ("officer", "auditor", "stranger", "archivist")}
        self.public = {name: suite.public_key(key) for name, key in self.private.items()}
        self.readers = {name: self.public[name] for name in ("officer", "auditor")}


def sealed(vault: Vault, people: People, content: bytes = ACCOUNT, **changes: Any) -> str:
    options = {"kind": "field", "label": "收款账号", "owner": "dg-hospital", "readers": people.readers} | changes
    return vault.seal(content, **options).commitment


def erased(vault: Vault, people: People, commitment: str) -> PurgeReceipt:
    return vault.erase(commitment, **WHY, sign=people.private["archivist"])


def raw_bytes(vault: Vault) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(vault.path.parent.glob(vault.path.name + "*")))


def stored_blobs(vault: Vault, query: str) -> list[bytes]:
    with sqlite3.connect(vault.path) as connection:
        return [value for row in connection.execute(query) for value in row]


def blobs_of(vault: Vault, commitment: str) -> list[bytes]:
    ciphertexts = stored_blobs(vault, f"SELECT ciphertext FROM contents WHERE commitment = '{commitment}'")
    return ciphertexts + stored_blobs(vault, f"SELECT wrapped FROM reader_keys WHERE commitment = '{commitment}'")


def must_be_gone(vault: Vault, blobs: list[bytes]) -> None:
    assert blobs
    raw = raw_bytes(vault)
    for blob in blobs:
        for start in range(0, max(1, len(blob) - 16), 1000):
            assert blob[start : start + 16] not in raw
