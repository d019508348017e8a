"""Opening a SQLite file without writing to it: in a running node's directory, in a backup, on read-only media.

What is read is not known here. Who may write, and with which settings, is `store`'s, `vault_file`'s and the views'.
"""

import sqlite3
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

MANIFEST_NAME: Final = "manifest.json"
"""The file that makes a directory a backup: nobody writes there any more."""
BUSY_SECONDS: Final = 30


def is_backup(directory: Path) -> bool:
    """Whether a directory is a backup as it was made, not yet restored."""
    return (directory / MANIFEST_NAME).is_file()


class IsBackup(Exception):
    """Somebody wants to write in a backup. The sentences say what to do instead."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory}: this is a backup; restore it first, with `mingzhang restore`")
        self.sentence_zh = f"{directory} 这是备份，请先用 mingzhang restore 恢复，再在恢复出的目录中写入"
        self.sentence_en = str(self)


def refuse_backup(directory: Path) -> None:
    """Raise IsBackup where writing would make a backup one that no longer is what its manifest says."""
    if is_backup(directory):
        raise IsBackup(directory)


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that any thread may use and that leaves the file's bytes as they are; its errors name the file.

    Beside a writer it sees what the writer commits. Where nothing can be written (a backup, read-only media) SQLite is
    told that the file does not change. Raises sqlite3.Error, among them for a log that such a place has no use of.
    """
    if is_backup(path.parent):
        return _connect(path, "mode=ro&immutable=1")
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError as error:
        # SQLite wants files beside one with a log, and may not make them here.
        refused = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
        if not (refused and path.is_file()):
            raise
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise sqlite3.OperationalError(
                f"{log}: holds what is not in {path.name} yet, which cannot be read where nothing can be written; copy"
                " the directory to a place that can be written"
            ) from error
        return _connect(path, "mode=ro&immutable=1")


class _Cursor(sqlite3.Cursor):
    """Says with each error which file it is about: SQLite does not."""

    def execute(self, *arguments: Any) -> "_Cursor":
        try:
            super().execute(*arguments)
        except sqlite3.Error as error:
            raise self._named(error) from error
        return self

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.Error as error:
            raise self._named(error) from error

    def fetchmany(self, *arguments: Any) -> list[Any]:
        try:
            return super().fetchmany(*arguments)
        except sqlite3.Error as error:
            raise self._named(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.Error as error:
            raise self._named(error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.Error as error:
            raise self._named(error) from error

    def _named(self, error: sqlite3.Error) -> sqlite3.Error:
        path = getattr(self.connection, "path", "")
        named = type(error)(f"{path}: {error}")
        if hasattr(error, "sqlite_errorcode"):
            named.sqlite_errorcode, named.sqlite_errorname = error.sqlite_errorcode, error.sqlite_errorname
        return named


class _Connection(sqlite3.Connection):
    path: Path

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(_Cursor if factory is None else factory)


def _connect(path: Path, options: str) -> sqlite3.Connection:
    place = f"file:{quote(str(path.absolute()))}?{options}"
    try:
        connection = sqlite3.connect(
            place, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS, factory=_Connection
        )
    except sqlite3.Error as error:
        error.args = (f"{path}: {error}",)
        raise
    connection.path = path
    try:
        connection.execute("PRAGMA query_only = ON")
        # The first look shows whether SQLite can read here at all.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
