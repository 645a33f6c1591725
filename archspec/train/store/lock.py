"""One run per folder. The system gives the lock back when its holder dies, however it dies."""

from __future__ import annotations

import os
import socket
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
        UsageError: AS605, another process holds it.
    """
    place = os.path.realpath(folder)
    handle = -1
    try:
        is_ours = place in _HELD_HERE
        if not is_ours:
            handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
        if is_ours or not _try_to_lock(handle):
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


def _try_to_lock(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt  # there only

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl  # everywhere else

            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
