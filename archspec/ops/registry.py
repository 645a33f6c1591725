"""The closed catalogue: every kind that a spec may name, and nothing else.

A caller can add layers of their own (`archspec.register`); a spec cannot.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator

from archspec.ops import (
    activation,
    adaptive,
    attention,
    bare,
    composed,
    convolution,
    distance,
    dropout,
    einops_patterns,
    elementwise,
    embedding,
    fold,
    indexing,
    linear,
    matmul,
    merge,
    normalization,
    own_layers,
    padding,
    pieces,
    pooling,
    recurrent,
    reductions,
    reshape,
    shaping,
    softmax,
    transformer,
    upsample,
    vision,
    vision_layers,
)
from archspec.ops.entry import Op

_ROOMS = (
    convolution,
    linear,
    pooling,
    adaptive,
    normalization,
    activation,
    softmax,
    dropout,
    reshape,
    upsample,
    padding,
    merge,
    recurrent,
    attention,
    transformer,
    embedding,
    distance,
    fold,
    elementwise,
    reductions,
    shaping,
    pieces,
    indexing,
    matmul,
    vision,
    einops_patterns,
    composed,
    vision_layers,
    own_layers,
)

CATALOGUE: dict[str, Op] = {op.name: op for room in _ROOMS for op in room.OPS}
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
