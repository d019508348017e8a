"""Key files: one private key of a person, organisation or service, sealed at rest.

A key file is canonical JSON (`chain.codec`), mode 0600, with these fields in this order:

    type        "key_file/1"
    key_id      whose key: an identifier as on the ledger
    suite       "gm" or "intl"
    public_key  hexadecimal, in clear, so that a key can be named and looked up without opening it
    protection  "password", "service" or "sandbox"
    argon2id    how the password becomes a key: memory_kib, passes, lanes, salt (hexadecimal); null without a password
    nonce       hexadecimal, 12 bytes
    sealed_key  the private key sealed by the suite's cipher; all fields above are its associated data
    digest      hash of all fields above, which tells damage from a wrong password; it is no protection by itself

With "password" the sealing key comes from Argon2id. With "service" and "sandbox" it comes from the node key: whoever
can read the node's folder can use such a key. Service keys are for adapters, schedules and imports. Sandbox keys are
for the invented people of demonstrations, tests and training, and are opened only when that is asked for by name.

The folder of key files and the node key are in `keys`. How long an opened key stays in memory, and who may ask for it,
is the signer's business.
"""

from __future__ import annotations

import contextlib
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Annotated, Final, Literal

import msgspec
from argon2.low_level import Type, hash_secret_raw
from msgspec import Meta

from mingzhang.chain import codec
from mingzhang.chain.suites import NONCE_SIZE, Suite, SuiteError, suite_named
from mingzhang.node.private_files import write_private_file

Protection = Literal["password", "service", "sandbox"]

NODE_KEY_SIZE: Final = 32

# RFC 9106, section 4, second recommended option, for machines that do much else: 64 MiB, 3 passes, 4 lanes. About 0.1 s
# on one core; a guess costs an attacker the same memory and time.
ARGON2_MEMORY_KIB: Final = 64 * 1024
ARGON2_PASSES: Final = 3
ARGON2_LANES: Final = 4
ARGON2_SALT_SIZE: Final = 16
# Each derivation takes 64 MiB and all its lanes' cores: a crowd logging in must queue, not exhaust the node.
ARGON2_AT_ONCE: Final = 2
ARGON2_WAIT_SECONDS: Final = 30.0

# NIST SP 800-63B: length is what counts; no rules of composition. The upper bound keeps a request small.
PASSWORD_CHARACTERS_MIN: Final = 8
PASSWORD_BYTES_MAX: Final = 1024

_KEY_FILE_SIZE_MAX: Final = 16 * 1024
_SEALING_TAG: Final = b"mingzhang/key-file/1\n"
_NODE_KEY_PURPOSE: Final = b"mingzhang/key-files/1"
_argon2_slots: Final = BoundedSemaphore(ARGON2_AT_ONCE)

Hex = Annotated[str, Meta(pattern=r"^([0-9a-f]{2}){1,128}(?!\n)$")]


class KeyFileError(Exception):
    """A key file cannot be made or used; the message names the field or file and what must hold."""


class WrongPasswordError(KeyFileError):
    """The password does not open the key."""


class AlteredKeyFileError(KeyFileError):
    """The file is damaged or was altered."""


class SandboxKeyError(KeyFileError):
    """A sandbox key was not asked for by name, or another kind of key was expected."""


class KeyExistsError(KeyFileError):
    """There is a key file of this name already; it is never overwritten."""


class TooManyAtOnceError(KeyFileError):
    """Too many passwords are being checked at once; try again."""


class Argon2id(codec.Wire, tag="argon2id", frozen=True):
    """Parameters of one password. The bounds keep an altered file from asking for all memory."""

    memory_kib: Annotated[int, Meta(ge=8 * 1024, le=1024 * 1024)]
    passes: Annotated[int, Meta(ge=1, le=16)]
    lanes: Annotated[int, Meta(ge=1, le=16)]
    salt: Hex


class KeyFile(codec.Wire, tag="key_file/1", frozen=True):
    """The fields of a key file; see the head of this module."""

    key_id: codec.Id
    suite: Literal["gm", "intl"]
    public_key: codec.PublicKey
    protection: Protection
    argon2id: Argon2id | None
    nonce: Hex
    sealed_key: Hex
    digest: codec.Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """What a key file tells without being opened."""

    key_id: str
    suite: str
    public_key: bytes
    protection: Protection


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedKey:
    """A private key in memory, with what is needed to use it."""

    key_id: str
    suite: Suite
    public_key: bytes
    private_key: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return a signature of 64 bytes."""
        return self.suite.sign(self.private_key, message)


# ---- Key files under a password ----


def create_key_file(
    path: Path, key_id: str, *, password: str, suite: Suite, private_key: bytes | None = None
) -> KeyInfo:
    """Make a key file for a new private key, or for the given one.

    Raises KeyExistsError, and KeyFileError for a password or key that cannot be taken.
    """
    _check_new_password(password)
    private_key = suite.generate_private_key() if private_key is None else private_key
    return _create(path, _sealed_by_password(key_id, private_key, password=password, suite=suite))


def open_key_file(path: Path, password: str) -> OpenedKey:
    """Return the key of a file under a password.

    Raises WrongPasswordError, AlteredKeyFileError, TooManyAtOnceError, KeyFileError if the file has another protection.
    """
    return open_by_password(read_key_file(path), password)


def change_password(path: Path, *, old: str, new: str) -> None:
    """Seal the key anew, with a new salt and nonce; the old file is replaced whole. Raises as `open_key_file`."""
    opened = open_key_file(path, old)
    _check_new_password(new)
    key_file = _sealed_by_password(opened.key_id, opened.private_key, password=new, suite=opened.suite)
    _write(path, key_file, replace=True)


# ---- Key files under the node key ----


def create_node_key_file(
    path: Path,
    key_id: str,
    *,
    node_key: bytes,
    suite: Suite,
    protection: Literal["service", "sandbox"],
    private_key: bytes | None = None,
) -> KeyInfo:
    """Make a key file that opens without a password on this node. Raises KeyExistsError or KeyFileError."""
    private_key = suite.generate_private_key() if private_key is None else private_key
    kek = _kek_of_node(node_key, suite)
    return _create(path, _sealed(key_id, private_key, kek=kek, suite=suite, protection=protection, argon2id=None))


def open_node_key_file(path: Path, *, node_key: bytes, sandbox: bool = False) -> OpenedKey:
    """Return a service key, or with `sandbox` a sandbox key; asking for the other kind raises SandboxKeyError.

    Raises AlteredKeyFileError if the file was altered or made under another node key.
    """
    return open_by_node_key(read_key_file(path), node_key=node_key, sandbox=sandbox)


def key_info(path: Path) -> KeyInfo:
    """Return what a key file tells without being opened. Raises AlteredKeyFileError or KeyFileError."""
    return info_of(read_key_file(path))


# ---- Sealing ----


def _sealed_by_password(key_id: str, private_key: bytes, *, password: str, suite: Suite) -> KeyFile:
    argon2id = Argon2id(
        memory_kib=ARGON2_MEMORY_KIB,
        passes=ARGON2_PASSES,
        lanes=ARGON2_LANES,
        salt=secrets.token_hex(ARGON2_SALT_SIZE),
    )
    kek = _kek_of_password(password, suite, argon2id)
    return _sealed(key_id, private_key, kek=kek, suite=suite, protection="password", argon2id=argon2id)


def _sealed(
    key_id: str, private_key: bytes, *, kek: bytes, suite: Suite, protection: Protection, argon2id: Argon2id | None
) -> KeyFile:
    check_key_id(key_id)
    try:
        public_key = suite.public_key(private_key)
    except SuiteError as error:
        raise KeyFileError(str(error)) from None
    nonce = secrets.token_bytes(NONCE_SIZE)
    bare = KeyFile(
        key_id=key_id,
        suite="gm" if suite.name == "gm" else "intl",
        public_key=public_key.hex(),
        protection=protection,
        argon2id=argon2id,
        nonce=nonce.hex(),
        sealed_key="",
        digest="",
    )
    sealed_key = suite.seal(kek, nonce, private_key, aad=_aad(bare))
    key_file = msgspec.structs.replace(bare, sealed_key=sealed_key.hex())
    return msgspec.structs.replace(key_file, digest=_digest(suite, key_file))


def _opened(key_file: KeyFile, kek: bytes) -> OpenedKey:
    """Return the key. Raises OpenSealedError if the sealing key is not the right one."""
    suite = suite_named(key_file.suite)
    nonce, sealed_key = bytes.fromhex(key_file.nonce), bytes.fromhex(key_file.sealed_key)
    private_key = suite.open_sealed(kek, nonce, sealed_key, aad=_aad(key_file))
    public_key = suite.public_key(private_key)
    if public_key.hex() != key_file.public_key:
        raise AlteredKeyFileError(f"{key_file.key_id}: public_key is not that of the sealed key")
    return OpenedKey(key_id=key_file.key_id, suite=suite, public_key=public_key, private_key=private_key)


def open_by_password(key_file: KeyFile, password: str) -> OpenedKey:
    if key_file.argon2id is None:
        raise KeyFileError(f"{key_file.key_id}: is a {key_file.protection} key and has no password")
    kek = _kek_of_password(password, suite_named(key_file.suite), key_file.argon2id)
    try:
        return _opened(key_file, kek)
    except SuiteError:
        raise WrongPasswordError(f"{key_file.key_id}: the password is wrong") from None


def open_by_node_key(key_file: KeyFile, *, node_key: bytes, sandbox: bool) -> OpenedKey:
    expected = "sandbox" if sandbox else "service"
    if key_file.protection != expected:
        raise SandboxKeyError(f"{key_file.key_id}: is a {key_file.protection} key, and a {expected} key was asked for")
    try:
        return _opened(key_file, _kek_of_node(node_key, suite_named(key_file.suite)))
    except SuiteError:
        raise AlteredKeyFileError(f"{key_file.key_id}: altered, or made under another node key") from None


def _aad(key_file: KeyFile) -> bytes:
    return _SEALING_TAG + codec.encode(msgspec.structs.replace(key_file, sealed_key="", digest=""))


def _digest(suite: Suite, key_file: KeyFile) -> str:
    return suite.hash(codec.encode(msgspec.structs.replace(key_file, digest=""))).hex()


def _kek_of_password(password: str, suite: Suite, argon2id: Argon2id) -> bytes:
    with _argon2_slot():
        return hash_secret_raw(
            secret=_password_bytes(password),
            salt=bytes.fromhex(argon2id.salt),
            time_cost=argon2id.passes,
            memory_cost=argon2id.memory_kib,
            parallelism=argon2id.lanes,
            hash_len=suite.cipher_key_size,
            type=Type.ID,
        )


def _kek_of_node(node_key: bytes, suite: Suite) -> bytes:
    if len(node_key) != NODE_KEY_SIZE:
        raise KeyFileError(f"node_key: must be {NODE_KEY_SIZE} bytes")
    return suite.hmac(node_key, _NODE_KEY_PURPOSE)[: suite.cipher_key_size]


@contextmanager
def _argon2_slot() -> Iterator[None]:
    if not _argon2_slots.acquire(timeout=ARGON2_WAIT_SECONDS):
        raise TooManyAtOnceError("too many passwords are being checked at once; try again")
    try:
        yield
    finally:
        _argon2_slots.release()


def _password_bytes(password: str) -> bytes:
    """Normalise as RFC 8265 does, so that a password typed on another keyboard is the same."""
    with contextlib.suppress(UnicodeEncodeError):
        data = unicodedata.normalize("NFC", password).encode("utf-8")
        if len(data) <= PASSWORD_BYTES_MAX:
            return data
    raise KeyFileError(f"password: must be text of at most {PASSWORD_BYTES_MAX} bytes in UTF-8")


def _check_new_password(password: str) -> None:
    _password_bytes(password)
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise KeyFileError(f"password: must have at least {PASSWORD_CHARACTERS_MIN} characters")


def check_key_id(key_id: str) -> None:
    try:
        codec.decode(codec.encode(key_id), codec.decoder(codec.Id))
    except (codec.CodecError, UnicodeEncodeError) as error:
        raise KeyFileError(f"key_id: {error}") from None


# ---- Reading and writing ----


def _create(path: Path, key_file: KeyFile) -> KeyInfo:
    _write(path, key_file, replace=False)
    return info_of(key_file)


def _write(path: Path, key_file: KeyFile, *, replace: bool) -> None:
    try:
        write_private_file(path, codec.encode(key_file), replace=replace)
    except FileExistsError:
        raise KeyExistsError(f"{path}: exists already and is never overwritten") from None
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written: {error.strerror}") from error


def read_key_file(path: Path) -> KeyFile:
    try:
        with path.open("rb") as file:
            data = file.read(_KEY_FILE_SIZE_MAX + 1)
    except FileNotFoundError:
        raise KeyFileError(f"{path}: there is no such key file") from None
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _KEY_FILE_SIZE_MAX:
        raise AlteredKeyFileError(f"{path}: is larger than any key file")
    try:
        key_file = codec.decode(data, KeyFile)
    except codec.CodecError as error:
        raise AlteredKeyFileError(f"{path}: {error}") from None
    if (key_file.argon2id is not None) != (key_file.protection == "password"):
        raise AlteredKeyFileError(f"{path}: argon2id must be there with a password and only then")
    if key_file.digest != _digest(suite_named(key_file.suite), key_file):
        raise AlteredKeyFileError(f"{path}: damaged or altered: digest is not that of the other fields")
    return key_file


def info_of(key_file: KeyFile) -> KeyInfo:
    return KeyInfo(
        key_id=key_file.key_id,
        suite=key_file.suite,
        public_key=bytes.fromhex(key_file.public_key),
        protection=key_file.protection,
    )
