"""What inference knows of a tensor: dimensions, of which one may be the batch, and an element type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from archspec.records import value


@dataclass(frozen=True, slots=True)
class Batch:
    """A dimension that is a multiple of the batch size: `N` is `Batch(1)`, the rows of 8×8 windows `Batch(64)`."""

    multiple: int = 1

    def __hash__(self) -> int:
        return self.multiple  # shapes are looked up for every call

    def __str__(self) -> str:
        return "N" if self.multiple == 1 else f"{self.multiple}·N"


Dim: TypeAlias = int | Batch
Shape: TypeAlias = tuple[Dim, ...]

N = Batch()
FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
DTYPES = (*FLOATS, *INTEGERS, "bool")


@value
class TensorType:
    """A tensor's shape and element type.

    Attributes:
        shape: its dimensions.
        dtype: its element type. Layer parameters are `float32`; a module built in another floating type has that
            type wherever `float32` stands here.
        channels_first: it is known to be [N, C, …] with spatial dimensions, since a layer that made it or took it
            says so. No part of the type: two tensors that differ in it are equal. It lets a forgotten flatten be told.
    """

    shape: Shape
    dtype: str = "float32"
    channels_first: bool = field(default=False, compare=False, repr=False)

    def __str__(self) -> str:
        return show_shape(self.shape) + ("" if self.dtype == "float32" else f" {self.dtype}")

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_floating(self) -> bool:
        return self.dtype in FLOATS

    @property
    def spatial(self) -> tuple[int, ...]:
        """The dimensions after batch and channels, e.g. (H, W)."""
        return tuple([dim if isinstance(dim, int) else dim.multiple for dim in self.shape[2:]])

    def with_shape(self, shape: Iterable[Dim], *, channels_first: bool = False) -> TensorType:
        """The same element type in another shape."""
        return TensorType(tuple(shape), self.dtype, channels_first)


def show_dim(dim: Dim) -> str:
    """`64`, `N` or `64·N`."""
    return str(dim)


def show_shape(shape: Iterable[Dim]) -> str:
    """`[N, 64, 8, 8]`."""
    return "[" + ", ".join(str(dim) for dim in shape) + "]"


def volume(dims: Iterable[Dim]) -> Dim:
    """The product of dimensions; a multiple of the batch where one of them is.

    Raises:
        ValueError: two of the dimensions are multiples of the batch.
    """
    product, batched = 1, False
    for dim in dims:
        if isinstance(dim, Batch):
            if batched:
                raise ValueError("two dimensions are multiples of the batch")
            batched = True
            product *= dim.multiple
        else:
            product *= dim
    return Batch(product) if batched else product


def per_sample(shape: Iterable[Dim]) -> int:
    """The number of elements for a batch of one."""
    product = 1
    for dim in shape:
        product *= dim.multiple if isinstance(dim, Batch) else dim
    return product
