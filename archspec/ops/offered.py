"""Data sets of a caller's own: registered from Python, or offered by an installed package. Neither is loaded here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

ENTRY_POINTS = "archspec.datasets"
_REGISTERED: dict[str, Callable[..., Any]] = {}


def add_dataset(name: str, make: Callable[..., Any]) -> None:
    """Make one known; the same name again replaces it."""
    _REGISTERED[name] = make


def is_offered(name: str) -> bool:
    """Whether somebody has a data set of this name."""
    return name in _REGISTERED or name in _points()


def offered_names() -> list[str]:
    """All that somebody has, in order; none is loaded."""
    return sorted({*_REGISTERED, *_points()})


def offered_dataset(name: str) -> Callable[..., Any]:
    """What makes it; a package's is imported now."""
    make: Callable[..., Any] = _REGISTERED[name] if name in _REGISTERED else _points()[name].load()
    return make


@functools.cache
def _points() -> Mapping[str, Any]:
    """What all installed packages offer."""
    from importlib import metadata  # slow to import, and needed for unknown names only

    return {point.name: point for point in metadata.entry_points(group=ENTRY_POINTS)}
