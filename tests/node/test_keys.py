"""Key files and the node key: who opens them, that any alteration is noticed, and that files are private and whole."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any

import pytest
from argon2.low_level import hash_secret_raw

from mingzhang.chain import codec
from mingzhang.chain.suites import Suite, suite_named
from mingzhang.node import key_files
from mingzhang.node.key_files import KeyFile
from mingzhang.node.keys import (
    AlteredKeyFileError,
    KeyExistsError,
    KeyFileError,
    Keyring,
    SandboxKeyError,
    TooManyAtOnceError,
    WrongPasswordError,
    change_password,
    create_key_file,
    create_node_key,
    create_node_key_file,
    key_info,
    open_key_file,
    open_node_key_file,
    read_node_key,
)

PASSWORD = "预算绩效管理2022"
NODE_KEY = bytes(range(32))


@pytest.fixture(params=["gm", "intl"])
def suite(request: pytest.FixtureRequest) -> Suite:
    return suite_named(request.param)


@pytest.fixture(autouse=True)
def quick_argon2(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least the file format allows; one test below uses the real parameters."""
    if "real_parameters" not in request.node.name:
        monkeypatch.setattr(key_files, "ARGON2_MEMORY_KIB", 8 * 1024)
        monkeypatch.setattr(key_files, "ARGON2_PASSES", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "li-si.key.json"


# --- Under a password ------------------------------------------------------------------------------------------------


def test_a_key_opens_with_its_password_only(path: Path, suite: Suite) -> None:
    info = create_key_file(path, "dg-finance.li-si", password=PASSWORD, suite=suite)
    opened = open_key_file(path, PASSWORD)
    assert (opened.key_id, opened.suite, opened.public_key) == ("dg-finance.li-si", suite, info.public_key)
    assert suite.public_key(opened.private_key) == info.public_key
    assert suite.verify(info.public_key, b"message", opened.sign(b"message"))
    assert key_info(path) == info
    for wrong in ("", PASSWORD + " ", PASSWORD[:-1], "预算绩效管理2023", PASSWORD.upper() + "x"):
        with pytest.raises(WrongPasswordError, match="the password is wrong"):
            open_key_file(path, wrong)


def test_the_file_shows_neither_key_nor_password(path: Path, suite: Suite) -> None:
    private_key = suite.generate_private_key()
    create_key_file(path, "li-si", password=PASSWORD, suite=suite, private_key=private_key)
    assert private_key.hex().encode() not in path.read_bytes()
    assert PASSWORD.encode() not in path.read_bytes()
    opened = open_key_file(path, PASSWORD)
    assert opened.private_key == private_key
    assert private_key.hex() not in repr(opened)
    assert repr(private_key) not in repr(opened)


def test_the_form_of_the_file_is_the_documented_one(path: Path, suite: Suite) -> None:
    create_key_file(path, "li-si", password=PASSWORD, suite=suite)
    fields = json.loads(path.read_bytes())
    documented = [line.split()[0] for line in (key_files.__doc__ or "").splitlines() if line.startswith("    ")]
    assert list(fields) == documented
    assert fields["protection"] == "password"
    assert list(fields["argon2id"]) == ["type", "memory_kib", "passes", "lanes", "salt"]
    assert len(bytes.fromhex(fields["sealed_key"])) == 32 + 16


def test_the_real_parameters_are_those_of_rfc_9106(path: Path) -> None:
    suite = suite_named("gm")
    create_key_file(path, "li-si", password=PASSWORD, suite=suite)
    argon2id = codec.decode(path.read_bytes(), KeyFile).argon2id
    assert argon2id is not None
    assert (argon2id.memory_kib, argon2id.passes, argon2id.lanes) == (65536, 3, 4)
    assert len(bytes.fromhex(argon2id.salt)) == 16
    assert open_key_file(path, PASSWORD).key_id == "li-si"


def test_a_password_is_the_same_however_it_was_composed(path: Path) -> None:
    create_key_file(path, "li-si", password="Zo\u00eb Müller", suite=suite_named("intl"))
    assert open_key_file(path, "Zoe\u0308 Mu\u0308ller").key_id == "li-si"


@pytest.mark.parametrize("password", ["", "short77", "密码密码密码密", "x" * 1025, "账" * 400, "lone \ud800 surrogate"])
def test_a_password_that_cannot_be_taken_is_refused(path: Path, password: str) -> None:
    with pytest.raises(KeyFileError, match=r"^password: "):
        create_key_file(path, "li-si", password=password, suite=suite_named("intl"))
    assert not path.exists()


@pytest.mark.parametrize("key_id", ["", "Li Si", "../li-si", "li/si", "li-si\n", "-li", "李四", "x" * 65, "\ud800"])
def test_a_key_id_is_an_identifier_of_the_ledger(path: Path, key_id: str) -> None:
    with pytest.raises(KeyFileError, match=r"^key_id: "):
        create_key_file(path, key_id, password=PASSWORD, suite=suite_named("intl"))
    with pytest.raises(KeyFileError, match=r"^key_id: "):
        Keyring(path.parent).info(key_id)


@pytest.mark.parametrize("private_key", [b"", bytes(31), bytes(33)])
def test_a_private_key_must_be_one_of_the_suite(path: Path, suite: Suite, private_key: bytes) -> None:
    with pytest.raises(KeyFileError, match="private_key"):
        create_key_file(path, "li-si", password=PASSWORD, suite=suite, private_key=private_key)


def test_a_changed_password_replaces_the_old_one(path: Path, suite: Suite) -> None:
    info = create_key_file(path, "li-si", password=PASSWORD, suite=suite)
    before = json.loads(path.read_bytes())
    with pytest.raises(WrongPasswordError):
        change_password(path, old="not this one", new="another password")
    with pytest.raises(KeyFileError, match="at least 8"):
        change_password(path, old=PASSWORD, new="short")
    assert json.loads(path.read_bytes()) == before
    change_password(path, old=PASSWORD, new="another password")
    after = json.loads(path.read_bytes())
    assert open_key_file(path, "another password").public_key == info.public_key
    with pytest.raises(WrongPasswordError):
        open_key_file(path, PASSWORD)
    assert after["nonce"] != before["nonce"]
    assert after["argon2id"]["salt"] != before["argon2id"]["salt"]
    assert mode(path) == 0o600


# --- Alterations -----------------------------------------------------------------------------------------------------


def another(value: Any) -> Any:
    """A value of the same form that differs."""
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return value + 1


OTHERS = {"suite": {"gm": "intl", "intl": "gm"}, "protection": {"password": "service", "service": "sandbox"}}
FIELDS = ("key_id", "suite", "public_key", "protection", "nonce", "sealed_key", "digest")
DEEP = ("memory_kib", "passes", "lanes", "salt")


def with_digest(data: bytes) -> bytes:
    """What an attacker writes who also knows how the digest is made."""
    key_file = codec.decode(data, KeyFile)
    fields = json.loads(data)
    fields["digest"] = key_files._digest(suite_named(key_file.suite), key_file)
    return compact(fields)


def compact(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("redo_digest", [False, True])
@pytest.mark.parametrize("field", [*FIELDS, *DEEP])
def test_any_altered_field_is_noticed(path: Path, suite: Suite, field: str, redo_digest: bool) -> None:
    create_key_file(path, "li-si", password=PASSWORD, suite=suite)
    fields = json.loads(path.read_bytes())
    holder = fields["argon2id"] if field in DEEP else fields
    holder[field] = OTHERS[field][holder[field]] if field in OTHERS else another(holder[field])
    data = compact(fields)
    if redo_digest and field != "digest":
        path.write_bytes(with_digest(data))
        with pytest.raises((AlteredKeyFileError, WrongPasswordError)):
            open_key_file(path, PASSWORD)
    else:
        path.write_bytes(data)
        with pytest.raises(AlteredKeyFileError):
            open_key_file(path, PASSWORD)


def test_any_altered_byte_is_noticed(path: Path) -> None:
    create_key_file(path, "li-si", password=PASSWORD, suite=suite_named("intl"))
    data = path.read_bytes()
    for index in range(len(data)):
        path.write_bytes(data[:index] + bytes((data[index] ^ 1,)) + data[index + 1 :])
        with pytest.raises(AlteredKeyFileError):
            key_info(path)


@pytest.mark.parametrize(
    "alter",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data.replace(b'"suite"', b' "suite"'),
        lambda data: data[:-1] + b',"extra":1}',
        lambda data: data[:-1] + b',"suite":"gm"}',
        lambda data: data.replace(b'"memory_kib":8192', b'"memory_kib":8192.0'),
        lambda data: data.replace(b'"memory_kib":8192', b'"memory_kib":1099511627776'),
        lambda data: data.replace(b"key_file/1", b"key_file/2"),
        lambda data: b"[" * 100_000,
        lambda data: data * 100,
    ],
)
def test_what_is_no_key_file_is_refused(path: Path, alter: Callable[[bytes], bytes]) -> None:
    create_key_file(path, "li-si", password=PASSWORD, suite=suite_named("intl"))
    path.write_bytes(alter(path.read_bytes()))
    with pytest.raises(AlteredKeyFileError):
        open_key_file(path, PASSWORD)


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"li-si\.key\.json: there is no such key file"):
        open_key_file(path, PASSWORD)


# --- Under the node key ----------------------------------------------------------------------------------------------


def test_a_service_key_opens_with_the_node_key(path: Path, suite: Suite) -> None:
    info = create_node_key_file(path, "bank-adapter", node_key=NODE_KEY, suite=suite, protection="service")
    assert open_node_key_file(path, node_key=NODE_KEY).public_key == info.public_key == key_info(path).public_key
    with pytest.raises(AlteredKeyFileError, match="another node key"):
        open_node_key_file(path, node_key=bytes(32))
    with pytest.raises(KeyFileError, match="node_key: must be 32 bytes"):
        open_node_key_file(path, node_key=b"short")
    with pytest.raises(KeyFileError, match="has no password"):
        open_key_file(path, PASSWORD)


def test_a_sandbox_key_is_opened_only_when_asked_for_by_name(path: Path, suite: Suite) -> None:
    create_node_key_file(path, "zhang-san", node_key=NODE_KEY, suite=suite, protection="sandbox")
    assert json.loads(path.read_bytes())["protection"] == "sandbox"
    with pytest.raises(SandboxKeyError, match="is a sandbox key"):
        open_node_key_file(path, node_key=NODE_KEY)
    assert open_node_key_file(path, node_key=NODE_KEY, sandbox=True).key_id == "zhang-san"


def test_other_keys_do_not_pass_for_sandbox_keys(tmp_path: Path, suite: Suite) -> None:
    service, personal = tmp_path / "a", tmp_path / "b"
    create_node_key_file(service, "bank-adapter", node_key=NODE_KEY, suite=suite, protection="service")
    create_key_file(personal, "li-si", password=PASSWORD, suite=suite)
    for path in (service, personal):
        with pytest.raises(SandboxKeyError):
            open_node_key_file(path, node_key=NODE_KEY, sandbox=True)
    with pytest.raises(SandboxKeyError):
        open_node_key_file(personal, node_key=NODE_KEY)


@pytest.mark.parametrize(("made", "claimed"), [("sandbox", "service"), ("service", "sandbox")])
def test_a_sandbox_key_cannot_be_relabelled(path: Path, suite: Suite, made: Any, claimed: str) -> None:
    create_node_key_file(path, "zhang-san", node_key=NODE_KEY, suite=suite, protection=made)
    path.write_bytes(with_digest(path.read_bytes().replace(f'"{made}"'.encode(), f'"{claimed}"'.encode())))
    with pytest.raises(AlteredKeyFileError):
        open_node_key_file(path, node_key=NODE_KEY, sandbox=claimed == "sandbox")


# --- The folder ------------------------------------------------------------------------------------------------------


def test_a_keyring_keeps_keys_by_their_ids(tmp_path: Path, suite: Suite) -> None:
    keyring = Keyring(tmp_path / "keys")
    assert keyring.list() == []
    li_si = keyring.create("dg-finance.li-si", password=PASSWORD, suite=suite)
    adapter = keyring.create_under_node_key("bank-adapter", node_key=NODE_KEY, suite=suite, protection="service")
    zhang = keyring.create_under_node_key("zhang-san", node_key=NODE_KEY, suite=suite, protection="sandbox")
    assert keyring.list() == [adapter, li_si, zhang]
    assert keyring.info("dg-finance.li-si") == li_si
    assert keyring.open("dg-finance.li-si", PASSWORD).public_key == li_si.public_key
    assert keyring.open_under_node_key("bank-adapter", node_key=NODE_KEY).public_key == adapter.public_key
    assert keyring.open_under_node_key("zhang-san", node_key=NODE_KEY, sandbox=True).public_key == zhang.public_key
    keyring.change_password("dg-finance.li-si", old=PASSWORD, new="another password")
    assert keyring.open("dg-finance.li-si", "another password").public_key == li_si.public_key
    with pytest.raises(KeyExistsError, match="never overwritten"):
        keyring.create("dg-finance.li-si", password=PASSWORD, suite=suite)
    with pytest.raises(KeyFileError, match="no such key file"):
        keyring.open("nobody", PASSWORD)


def test_a_file_under_anothers_name_is_refused(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    keyring.create("wang-wu", password=PASSWORD, suite=suite_named("intl"))
    (tmp_path / "wang-wu.key.json").rename(tmp_path / "li-si.key.json")
    with pytest.raises(AlteredKeyFileError, match="holds the key of wang-wu"):
        keyring.info("li-si")
    with pytest.raises(AlteredKeyFileError, match="holds the key of wang-wu"):
        keyring.open("li-si", PASSWORD)


# --- The node key ----------------------------------------------------------------------------------------------------


def test_a_node_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    node_key = create_node_key(path)
    assert len(node_key) == 32
    assert read_node_key(path) == node_key == path.read_bytes()
    assert mode(path) == 0o600
    with pytest.raises(KeyExistsError):
        create_node_key(path)
    assert read_node_key(path) == node_key
    assert create_node_key(tmp_path / "other.key") != node_key


def test_a_node_key_that_others_can_read_or_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_node_key(path)
    create_node_key(path)
    for bad in (0o640, 0o604, 0o620):
        path.chmod(bad)
        with pytest.raises(KeyFileError, match="chmod 600"):
            read_node_key(path)
    path.chmod(0o600)
    path.write_bytes(bytes(31))
    with pytest.raises(KeyFileError, match="must be 32 bytes"):
        read_node_key(path)


# --- Files and load --------------------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_key_files_and_their_folder_are_private_whatever_the_umask(tmp_path: Path, suite: Suite) -> None:
    before = os.umask(0)
    try:
        keyring = Keyring(tmp_path / "keys")
        keyring.create("li-si", password=PASSWORD, suite=suite)
    finally:
        os.umask(before)
    assert mode(tmp_path / "keys") == 0o700
    assert [(path.name, mode(path)) for path in (tmp_path / "keys").iterdir()] == [("li-si.key.json", 0o600)]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_failed_change_of_password_leaves_the_old_file(
    path: Path, suite: Suite, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_key_file(path, "li-si", password=PASSWORD, suite=suite)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, fail)
    with pytest.raises(KeyFileError, match="cannot be written: No space left"):
        change_password(path, old=PASSWORD, new="another password")
    monkeypatch.undo()
    assert open_key_file(path, PASSWORD).key_id == "li-si"
    assert [one.name for one in path.parent.iterdir()] == [path.name], "no temporary file stays behind"


def test_passwords_are_checked_a_few_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_key_file(path, "li-si", password=PASSWORD, suite=suite_named("intl"))
    running, most = [0], [0]
    derive = hash_secret_raw

    def counted(**arguments: Any) -> bytes:
        running[0] += 1
        most[0] = max(most[0], running[0])
        try:
            return derive(**arguments)
        finally:
            running[0] -= 1

    monkeypatch.setattr(key_files, "hash_secret_raw", counted)
    threads = [Thread(target=open_key_file, args=(path, PASSWORD)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most[0] <= key_files.ARGON2_AT_ONCE


def test_who_waits_too_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_key_file(path, "li-si", password=PASSWORD, suite=suite_named("intl"))
    slots = BoundedSemaphore(1)
    slots.acquire()
    monkeypatch.setattr(key_files, "_argon2_slots", slots)
    monkeypatch.setattr(key_files, "ARGON2_WAIT_SECONDS", 0.01)
    with pytest.raises(TooManyAtOnceError):
        open_key_file(path, PASSWORD)
    slots.release()
    assert open_key_file(path, PASSWORD).key_id == "li-si"
