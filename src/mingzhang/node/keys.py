"""The keys of a node: its folder of key files, and its own key.

The node key authenticates the vault's rows and opens service and sandbox keys. What a key file holds, and how one is
made and opened, is in `key_files`; all of it that others need can be imported from here.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final, Literal

from mingzhang.chain.suites import Suite
from mingzhang.node.key_files import (
    NODE_KEY_SIZE,
    AlteredKeyFileError,
    KeyExistsError,
    KeyFile,
    KeyFileError,
    KeyInfo,
    OpenedKey,
    SandboxKeyError,
    TooManyAtOnceError,
    WrongPasswordError,
    change_password,
    check_key_id,
    create_key_file,
    create_node_key_file,
    info_of,
    key_info,
    open_by_node_key,
    open_by_password,
    open_key_file,
    open_node_key_file,
    read_key_file,
)
from mingzhang.node.private_files import write_private_file

__all__ = [
    "KEY_FILE_SUFFIX",
    "NODE_KEY_SIZE",
    "AlteredKeyFileError",
    "KeyExistsError",
    "KeyFileError",
    "KeyInfo",
    "Keyring",
    "OpenedKey",
    "SandboxKeyError",
    "TooManyAtOnceError",
    "WrongPasswordError",
    "change_password",
    "create_key_file",
    "create_node_key",
    "create_node_key_file",
    "key_info",
    "open_key_file",
    "open_node_key_file",
    "read_node_key",
]

KEY_FILE_SUFFIX: Final = ".key.json"


class Keyring:
    """A folder of key files, one a key, named after its key id."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made, mode 0700, when the first key is created."""
        self.folder = folder

    def list(self) -> list[KeyInfo]:
        """Return all keys in the order of their ids. Raises AlteredKeyFileError if one is not whole."""
        return [key_info(path) for path in sorted(self.folder.glob("*" + KEY_FILE_SUFFIX))]

    def info(self, key_id: str) -> KeyInfo:
        """Return what is known of a key without opening it. Raises KeyFileError if there is none."""
        return info_of(self._read(key_id))

    def create(self, key_id: str, *, password: str, suite: Suite) -> KeyInfo:
        """Make a new key under a password. Raises as `create_key_file`."""
        return create_key_file(self._new_path(key_id), key_id, password=password, suite=suite)

    def create_under_node_key(
        self, key_id: str, *, node_key: bytes, suite: Suite, protection: Literal["service", "sandbox"]
    ) -> KeyInfo:
        """Make a new service or sandbox key. Raises as `create_node_key_file`."""
        path = self._new_path(key_id)
        return create_node_key_file(path, key_id, node_key=node_key, suite=suite, protection=protection)

    def open(self, key_id: str, password: str) -> OpenedKey:
        """Open a key under a password. Raises as `open_key_file`, KeyFileError if there is none."""
        return open_by_password(self._read(key_id), password)

    def open_under_node_key(self, key_id: str, *, node_key: bytes, sandbox: bool = False) -> OpenedKey:
        """Open a service or sandbox key. Raises as `open_node_key_file`, KeyFileError if there is none."""
        return open_by_node_key(self._read(key_id), node_key=node_key, sandbox=sandbox)

    def change_password(self, key_id: str, *, old: str, new: str) -> None:
        """Seal a key anew under another password. Raises as `open`."""
        self._read(key_id)
        change_password(self._path(key_id), old=old, new=new)

    def _path(self, key_id: str) -> Path:
        check_key_id(key_id)
        return self.folder / (key_id + KEY_FILE_SUFFIX)

    def _new_path(self, key_id: str) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._path(key_id)

    def _read(self, key_id: str) -> KeyFile:
        key_file = read_key_file(self._path(key_id))
        if key_file.key_id != key_id:
            raise AlteredKeyFileError(f"{key_id}: the file holds the key of {key_file.key_id}")
        return key_file


def create_node_key(path: Path) -> bytes:
    """Make the node's key: 32 random bytes in a file that only this user reads. Raises KeyExistsError."""
    node_key = secrets.token_bytes(NODE_KEY_SIZE)
    try:
        write_private_file(path, node_key, replace=False)
    except FileExistsError:
        raise KeyExistsError(f"{path}: exists already and is never overwritten") from None
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written: {error.strerror}") from error
    return node_key


def read_node_key(path: Path) -> bytes:
    """Return the node's key. Raises KeyFileError if it is missing, of another size, or readable by others."""
    try:
        mode, node_key = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise KeyFileError(f"{path}: must be readable by its owner only; run chmod 600")
    if len(node_key) != NODE_KEY_SIZE:
        raise KeyFileError(f"{path}: must be {NODE_KEY_SIZE} bytes, not {len(node_key)}")
    return node_key
