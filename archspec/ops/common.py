"""Rules that many entries share."""

from __future__ import annotations

import math
from collections.abc import Callable

from archspec.ops.arguments import Bool
from archspec.ops.entry import Arg, Args, Init, Inputs, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, TensorType, show_shape

ONES, ZEROS = Init("ones"), Init("zeros")
INPLACE = Arg("inplace", Bool(), False, doc="write the result over the input")
LAYOUTS = {1: "[N, C, L]", 2: "[N, C, H, W]", 3: "[N, C, D, H, W]"}
"""torch's layouts by number of spatial dimensions."""
MOST_DIMS = 64
"""torch has no tensors of more dimensions."""
_PIXEL_CHANNELS = (1, 3, 4)


def ranks_from(least: int) -> tuple[int, ...]:
    """Every rank that is at least `least`."""
    return tuple(range(least, MOST_DIMS + 1))


def same(args: Args, inputs: Inputs) -> Outputs:
    """The shape rule of element-wise layers."""
    return (inputs[0],)


def same_images(args: Args, inputs: Inputs) -> Outputs:
    """The shape rule of layers that change no shape but say that dimension 1 is the channels."""
    return (images(inputs[0], inputs[0].shape),)


def images(given: TensorType, shape: tuple[Dim, ...]) -> TensorType:
    """A [N, C, …] tensor of the element type of `given`; without spatial dimensions it is just [N, C]."""
    return given.with_shape(shape, channels_first=len(shape) > 2)


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


def refuse_empty(sizes: tuple[int, ...], given: TensorType, arg: str | None = None) -> None:
    """Refuse an output without elements.

    Raises:
        RuleFault: AS303.
    """
    if any(size < 1 for size in sizes):
        raise RuleFault(
            "AS303",
            f"{{name}} would give an empty output: {show_shape(given.shape)} leaves {'×'.join(map(str, sizes))}",
            arg=arg,
            input=0,
            help="use fewer downsampling steps before it, or a larger input",
        )


def ordered(low: str, high: str, *, strictly: bool) -> Callable[[Args, Inputs], None]:
    """A check that one bound is below the other, which raises AS402 where it is not."""

    def check(args: Args, inputs: Inputs) -> None:
        below, above = args[low], args[high]
        if below > above or (strictly and below == above):
            word = "less than" if strictly else "at most"
            raise RuleFault(
                "AS402",
                f"`{low}: {below}` of {{name}} must be {word} its `{high}: {above}`",
                arg=low if low in args.written else high,
                help=f"use a `{low}` that is {word} {above}",
            )

    return check


def divisors(number: int) -> str:
    """The divisors of a number up to 4,096, as they stand in a message."""
    return ", ".join(str(value) for value in range(1, min(number, 4096) + 1) if number % value == 0)


def by(sizes: tuple[int, ...]) -> str:
    """Sizes as people say them: `3×3`."""
    return "×".join(map(str, sizes))


def contradiction(arg: str, noun: str, written: object, found: object, *, help: str | None = None) -> RuleFault:
    """AS301: a written number that is not the inferred one."""
    counted = noun.removesuffix("s") if written == 1 else noun
    return RuleFault(
        "AS301",
        f"{{name}} expects {written} {counted}, but receives {found}",
        arg=arg,
        input=0,
        help=help or f"remove `{arg}` to have it inferred, or write `{arg}: {found}`",
        suggestion=found,
    )


def refuse_images(args: Args, inputs: Inputs, arg: str) -> None:
    """Refuse to infer a number of features from the width of an image: somebody forgot a flatten.

    torch would work on the last dimension without a word, whatever it means.

    Raises:
        RuleFault: AS305.
    """
    given = inputs[0]
    if not given.channels_first or given.rank < 3 or arg in args.written:
        return
    name = "length" if given.rank == 3 else "width"
    raise RuleFault(
        "AS305",
        f"{{name}} works on the last dimension, which is the {name} of {given}: did you forget a `Flatten`?",
        input=0,
        help=f"put a `Flatten` before it, or write `{arg}: {given.shape[-1]}` if the {name} is meant",
    )


def looks_channels_last(given: TensorType) -> bool:
    """An image-sized [N, H, W, C] that no layer has vouched for as [N, C, H, W]."""
    if given.rank != 4 or given.channels_first:
        return False
    height, width, count = given.shape[1:]
    if isinstance(height, Batch) or isinstance(width, Batch) or count not in _PIXEL_CHANNELS:
        return False
    return min(height, width) >= 16 and (count > 1 or height == width)


def model_input(given: TensorType) -> TensorType:
    """A model's own input, marked as [N, C, …] where it has height and width and does not look channels-last.

    Inputs of rank 3 are sequences as often as signals, so they are left unmarked.
    """
    is_image = given.rank in (4, 5) and given.is_floating and not looks_channels_last(given)
    return given.with_shape(given.shape, channels_first=is_image)
