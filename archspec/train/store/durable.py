"""Files that are on the disk when a call returns, or not there at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20


class HashedFile:
    """A new file that is written once from front to back, and its SHA-256 and size as it grows."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self._hash = hashlib.sha256()
        self.size = 0
        self.failure: OSError | None = None

    def write(self, data: Any) -> int:
        """All of the bytes. What refuses them is kept in `failure` too: torch may tell of it in words of its own.

        Raises:
            OSError: the disk is full, for example.
        """
        view = memoryview(data).cast("B")
        try:
            done = 0
            while done < len(view):
                done += os.write(self._handle, view[done:])
        except OSError as error:
            self.failure = error
            raise
        self._hash.update(view)
        self.size += len(view)
        return len(view)

    def flush(self) -> None:
        """Nothing is held back."""

    def sync(self) -> str:
        """Bring it to the disk; its SHA-256 in hex."""
        os.fsync(self._handle)
        return self._hash.hexdigest()

    def close(self) -> None:
        """Give up the handle."""
        os.close(self._handle)

    def __enter__(self) -> HashedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_new(path: Path, data: bytes) -> str:
    """A new file with these bytes, on the disk; its SHA-256."""
    with HashedFile(path) as file:
        file.write(data)
        return file.sync()


def sha256(path: Path) -> str:
    """The SHA-256 of what the disk gives back."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    if os.name == "nt":  # opens no folders; its journal orders the renames
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def rename(source: Path, target: Path) -> None:
    """Another name, for good."""
    os.replace(source, target)
    sync_folder(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """The same bytes under a second name: no second copy, where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        with open(target, "rb+") as file:
            os.fsync(file.fileno())


def remove_folder(path: Path) -> None:
    """A folder with all that is in it. It loses its name first, so that no half of it is ever taken for the whole."""
    doomed = path.with_name(f".{path.name}.{os.getpid()}.old.part")
    os.replace(path, doomed)
    shutil.rmtree(doomed)
