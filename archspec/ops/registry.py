"""The closed catalogue: every kind that a spec may name, and nothing else."""

from __future__ import annotations

import copyreg

from archspec.ops import (
    activation,
    adaptive,
    convolution,
    dropout,
    linear,
    merge,
    normalization,
    padding,
    pooling,
    reshape,
    softmax,
    upsample,
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
)

CATALOGUE: dict[str, Op] = {op.name: op for room in _ROOMS for op in room.OPS}


def find(kind: str) -> Op | None:
    """The entry of that kind."""
    return CATALOGUE.get(kind)


copyreg.pickle(Op, lambda op: (find, (op.name,)))  # type: ignore[arg-type, return-value]  # rules are functions: by name
