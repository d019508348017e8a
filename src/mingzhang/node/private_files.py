"""Files that only their owner reads: made new, or written so that they are whole or not there at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

_MODE: Final = 0o600


def new_private_file(path: Path) -> None:
    """Make an empty file, mode 0600. Raises FileExistsError if the name is taken."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _MODE))


def write_private_file(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a whole file, mode 0600; it is on disk when this returns, and never seen half written.

    Raises FileExistsError if the name is taken and `replace` is not set, OSError if it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        new_private_file(temporary)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            # Unlike a rename, a link fails if the name is taken, also by somebody a moment ago.
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make a file's bytes durable that somebody else has written."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a file that was synced can still be lost with its name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
