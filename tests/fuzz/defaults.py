"""`defaults` in random specs: what all entries of a kind write alike is written once, and the spec means the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from archspec.ops.registry import CATALOGUE
from tests.fuzz.values import Drawn


def factored(spec: dict[str, Any], draw: Drawn) -> dict[str, Any]:
    """The spec with some arguments in `defaults`, and left out at some of the entries that have them."""
    made = copy.deepcopy(spec)
    defaults: dict[str, dict[str, Any]] = {}
    entries: dict[str, list[Any]] = {}
    for kind, arguments in _entries({key: made[key] for key in ("layers", "blocks", "vars") if key in made}):
        entries.setdefault(kind, []).append(arguments)
    for kind, written in entries.items():
        for name in (name for name in _alike(written) if name in CATALOGUE[kind].by_name):  # no axis of a pattern
            if draw.chance(0.5):
                defaults.setdefault(kind, {})[name] = written[0][name]
                for arguments in written:
                    if draw.chance(0.7):
                        del arguments[name]
    return {**made, "defaults": defaults} if defaults else made


def _entries(node: Any) -> Iterator[tuple[str, Any]]:
    """Each entry of a kind of the catalogue, with what it writes."""
    if isinstance(node, list):
        for item in node:
            yield from _entries(item)
    elif isinstance(node, str) and node in CATALOGUE:
        yield node, None
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in CATALOGUE:
                yield key, value
            yield from _entries(value)


def _alike(written: list[Any]) -> list[str]:
    """The arguments that all entries have, with one value that means the same in every scope."""
    if not all(isinstance(arguments, dict) for arguments in written):
        return []
    first, *rest = written
    return [
        name
        for name, value in first.items()
        if "$" not in repr(value) and all(repr(arguments.get(name)) == repr(value) for arguments in rest)
    ]
