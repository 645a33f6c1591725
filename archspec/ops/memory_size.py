"""Pieces of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from archspec.ops.entry import Args, Inputs, Outputs
from archspec.records import record
from archspec.tensors import TensorType, per_sample

_BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2, "int16": 2}


@record
class Kept:
    """What is kept of a call for its backward pass.

    Attributes:
        inputs: which of its inputs.
        outputs: which of its outputs.
        extra: bytes of tensors that are neither, for a batch of one.
    """

    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    extra: int = 0


Rule: TypeAlias = Callable[[Args, Inputs, Outputs], Kept]


def elements(type_: TensorType) -> int:
    """The number of elements for a batch of one."""
    return per_sample(type_.shape)


def size_of(type_: TensorType) -> int:
    """Bytes for a batch of one."""
    return per_sample(type_.shape) * _BYTES.get(type_.dtype, 1)


def noise(probability: float, size: int) -> int:
    """How many numbers a dropout of `size` numbers multiplies by: a single one where all of them are dropped."""
    return {0: 0, 1: 1}.get(probability, size)  # type: ignore[call-overload, no-any-return]
