"""One run per folder. The system gives the lock back when its holder dies, however it dies."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archspec.errors import Diagnostic, UsageError

NAME = ".lock"
_HELD_HERE: set[str] = set()
"""The system's locks are per process, so that worker processes do not inherit them; two runs of one process are told
apart by this."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises:
        UsageError: AS605, another process holds it; AS603, the folder cannot be written to.
    """
    place = os.path.realpath(folder)
    handle = -1
    try:
        is_ours = place in _HELD_HERE
        if not is_ours:
            handle = _opened(folder)
        if is_ours or not _lock(handle):
            holder = "of this process" if is_ours else os.read(handle, 200).decode("utf-8", "replace").strip()
            message = f"`{folder}` is in use by another run{f' ({holder})' if holder else ''}"
            help = "wait for it to end, or train into another folder with `--out`"
            raise UsageError(Diagnostic("AS605", message, help=help))
        _HELD_HERE.add(place)
        try:
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            yield
        finally:
            _HELD_HERE.discard(place)
    finally:
        if handle >= 0:
            os.close(handle)


def _opened(folder: Path) -> int:
    try:
        return os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        message = f"cannot write into `{folder}`: {error.strerror or error}"
        help = "make it a folder that can be written to, or train into another one with `--out`"
        raise UsageError(Diagnostic("AS603", message, help=help)) from None


def is_held(folder: Path) -> bool:
    """Whether somebody holds the folder's lock now.

    It is not asked of the system where this very process holds it: a process that closes any handle of a file loses all
    its locks on it.
    """
    if os.path.realpath(folder) in _HELD_HERE:
        return True
    try:
        handle = os.open(folder / NAME, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_to_lock(handle, shared=True)
    finally:
        os.close(handle)


def _try_to_lock(handle: int, *, shared: bool = False) -> bool:
    """A shared lock is to ask with: those who ask do not take each other for holders."""
    try:
        if os.name == "nt":
            import msvcrt  # there only

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl  # everywhere else

            fcntl.lockf(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lock(handle: int) -> bool:
    """Somebody who only asks, for an instant, is no reason to give up."""
    for pause in (0.02, 0.1, 0.0):
        if _try_to_lock(handle):
            return True
        time.sleep(pause)
    return False
