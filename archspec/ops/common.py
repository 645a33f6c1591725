"""Rules that many entries share."""

from __future__ import annotations

import math

from archspec.ops.entry import Args, Init, Inputs, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Dim, TensorType, show_shape

ONES, ZEROS = Init("ones"), Init("zeros")


def same(args: Args, inputs: Inputs) -> Outputs:
    """The shape rule of element-wise layers."""
    return (inputs[0],)


def channels(inputs: Inputs) -> Dim:
    """Dimension 1, which is the channels in every torch layout that has them."""
    return inputs[0].shape[1]


def last(inputs: Inputs) -> Dim:
    """The last dimension."""
    return inputs[0].shape[-1]


def uniform_by_fan_in(fan_in: int) -> Init:
    """U(−1/√fan_in, 1/√fan_in): what `Linear` and the convolutions give their biases."""
    bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0.0
    return Init("uniform", {"a": -bound, "b": bound})


KAIMING = Init("kaiming_uniform", {"a": math.sqrt(5)})
"""What `Linear` and the convolutions give their weights, i.e. U(−1/√fan_in, 1/√fan_in)."""


def normalize_dim(dim: int, rank: int, arg: str) -> int:
    """A dimension index counted from the front.

    Raises:
        RuleFault: AS307, it is out of range.
    """
    if not -rank <= dim < rank:
        raise RuleFault(
            "AS307",
            f"`{arg}: {dim}` is out of range: the input of {{name}} has {rank} dimensions (0 is the batch)",
            arg=arg,
            input=0,
            help=f"use a dimension from {-rank} to {rank - 1}",
        )
    return dim % rank


def positive_spatial(name: str, sizes: tuple[int, ...], given: TensorType) -> None:
    """Refuse an output without elements.

    Raises:
        RuleFault: AS303.
    """
    if any(size < 1 for size in sizes):
        raise RuleFault(
            "AS303",
            f"{{name}} would give an empty output: {show_shape(given.shape)} leaves {'×'.join(map(str, sizes))}",
            input=0,
            help="use fewer downsampling steps, or a larger input",
        )
