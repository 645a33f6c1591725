"""A rarer garbage collector while many objects are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_RARELY = (100_000, 50, 1_000)

_lock = Lock()
_usual = gc.get_threshold()
_inside = 0


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let Python look for reference cycles only after every 100,000 new objects.

    A graph of a model is made of objects that live as long as it does; Python's usual thresholds walk them again and
    again while it grows, which took half the time of a large check. Cycles are found all the same, only later.
    """
    global _inside, _usual
    with _lock:
        if not _inside:
            _usual = gc.get_threshold()
            gc.set_threshold(*_RARELY)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.set_threshold(*_usual)
