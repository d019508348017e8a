"""A ledger directory: which files it has, and how a new one is furnished with node key, keys, ledger and vault.

ledger.sqlite   the ledger             vault.sqlite   sealed contents       views.sqlite   read models
node.key        the node's own key     keys/          people's key files    keys/organisations/  checkpoint keys
lock            held by the one process that writes
"""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from mingzhang.chain import codec
from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.suites import suite_named
from mingzhang.node.embedded import found
from mingzhang.node.keys import KeyInfo, Keyring, create_node_key
from mingzhang.node.store import FILE_NAME as LEDGER_NAME
from mingzhang.node.vault import Vault

__all__ = ["KEYS_NAME", "LEDGER_NAME", "NEW_KEY", "NODE_KEY_NAME", "VAULT_NAME", "VIEWS_NAME", "furnish", "keyrings"]

VAULT_NAME: Final = "vault.sqlite"
VIEWS_NAME: Final = "views.sqlite"
NODE_KEY_NAME: Final = "node.key"
KEYS_NAME: Final = "keys"
ORGANISATION_KEYS_NAME: Final = "organisations"
"""Below keys/: an organisation's checkpoint key must not be taken for a person's of the same id."""
NEW_KEY: Final = "new"
"""In a genesis, in place of a public key: make one in this directory."""


def keyrings(directory: Path) -> tuple[Keyring, Keyring]:
    """Keys of people, and checkpoint keys of organisations."""
    return Keyring(directory / KEYS_NAME), Keyring(directory / KEYS_NAME / ORGANISATION_KEYS_NAME)


def furnish(directory: Path, genesis: FoundLedger, *, passwords: Mapping[str, str]) -> None:
    """Make all files of a new or empty directory; with an exception nothing is left behind.

    Where the genesis says NEW_KEY a key is made: a person's under their password, without one a sandbox key.
    Raises CodecError naming a field of the genesis, ValueError when the rules refuse it, KeyFileError.
    """
    existed = directory.exists()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _furnish(directory, genesis, passwords=passwords)
    except BaseException:
        _empty(directory)
        if not existed:
            directory.rmdir()
        raise


def _furnish(directory: Path, genesis: FoundLedger, *, passwords: Mapping[str, str]) -> None:
    suite = suite_named(genesis.suite)
    node_key = create_node_key(directory / NODE_KEY_NAME)
    of_people, of_organisations = keyrings(directory)

    def for_organisation(organisation: str) -> KeyInfo:
        return of_organisations.create_under_node_key(
            organisation, node_key=node_key, suite=suite, protection="service"
        )

    def for_person(person: str) -> KeyInfo:
        if person in passwords:
            return of_people.create(person, password=passwords[person], suite=suite)
        return of_people.create_under_node_key(person, node_key=node_key, suite=suite, protection="sandbox")

    organisations = [
        msgspec.structs.replace(one, checkpoint_key=for_organisation(one.organisation_id).public_key.hex())
        if one.checkpoint_key == NEW_KEY
        else one
        for one in genesis.organisations
    ]
    people = [
        msgspec.structs.replace(one, public_key=for_person(one.person_id).public_key.hex())
        if one.public_key == NEW_KEY
        else one
        for one in genesis.people
    ]
    whole = msgspec.structs.replace(genesis, organisations=organisations, people=people)
    found(directory, codec.decode(codec.encode(whole), FoundLedger), secrets.token_hex(16))
    Vault.create(directory / VAULT_NAME, suite, node_key=node_key).close()


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
