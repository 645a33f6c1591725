"""The closed catalogue: every kind that a spec may name, and nothing else.

A caller can add layers of their own (`archspec.register`); a spec cannot.
"""

from __future__ import annotations

import copyreg
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archspec.ops import bare
from archspec.ops.entry import Op
from archspec.ops.index import ROOMS

_ROOM_OF = {kind: room for room, kinds in ROOMS.items() for kind in kinds.split()}


class _Catalogue(Mapping[str, Op]):
    """Every kind by its name. A room of the catalogue is loaded when one of its kinds is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Op] = {}

    def __getitem__(self, kind: str) -> Op:
        op = self._loaded.get(kind)
        if op is None:
            room = importlib.import_module(f"archspec.ops.{_ROOM_OF[kind]}")
            self._loaded.update((op.name, op) for op in room.OPS)
            return self._loaded[kind]
        return op

    def get(self, kind: str, default: Any = None) -> Any:
        """The entry of a kind, or `default`; `Mapping` would ask for it by an exception."""
        return self[kind] if kind in _ROOM_OF else default

    def __contains__(self, kind: object) -> bool:
        return kind in _ROOM_OF

    def __iter__(self) -> Iterator[str]:
        return iter(_ROOM_OF)

    def __len__(self) -> int:
        return len(_ROOM_OF)


CATALOGUE: Mapping[str, Op] = _Catalogue()
"""Layers and functions: what is applied to tensors."""

BARE: dict[str, Op] = {op.name: op for op in bare.OPS}
"""Tensors of the model that belong to no layer."""


_registered: dict[str, Op] = {}
_finders: list[Callable[[str], Op | None]] = []


def find(kind: str) -> Op | None:
    """The entry of that kind: torch's, a registered one, or one that an installed package offers."""
    op = CATALOGUE.get(kind) or BARE.get(kind) or _registered.get(kind)
    if op is not None:
        return op
    return next((found for finder in _finders if (found := finder(kind)) is not None), None)


def kinds() -> Iterator[str]:
    """Every kind that is known without asking installed packages."""
    yield from CATALOGUE
    yield from BARE
    yield from _registered


def registered(kind: str) -> Op | None:
    """The entry that a caller has added under that name."""
    return _registered.get(kind)


def add(op: Op) -> None:
    """Make a caller's layer known, in place of an earlier one of its name."""
    _registered[op.name] = op


def add_finder(finder: Callable[[str], Op | None]) -> None:
    """Ask `finder` for kinds that are not known otherwise."""
    _finders.append(finder)


copyreg.pickle(Op, lambda op: (find, (op.name,)))  # type: ignore[arg-type, return-value]  # rules are functions: by name
