"""Which shapes go together: equal ones, one without the batch, and those of a written broadcast.

A silent broadcast is the commonest wrong model that still runs, so only the batch is left to itself.
"""

from __future__ import annotations

from functools import reduce

from archspec.ops.arguments import Bool
from archspec.ops.entry import Arg, Args, Inputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, Shape, TensorType, show_shape

BROADCAST = Arg("broadcast", Bool(), False, doc="repeat dimensions of size 1, and missing ones, as torch does")


def is_batched(shape: Shape) -> bool:
    """Whether one of the dimensions is the batch, or a multiple of it."""
    return any(isinstance(dim, Batch) for dim in shape)


def broadcast(a: Shape, b: Shape) -> Shape | None:
    """The shape of torch's broadcasting, right-aligned; None where it fails for some batch, or has it twice."""
    shape = _right_aligned(a, b)
    return None if shape is None or _has_two_batches(shape) else shape


def _right_aligned(a: Shape, b: Shape) -> Shape | None:
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    dims = tuple(_broadcast_dim(mine, theirs) for mine, theirs in pairs)
    return None if None in dims else tuple(dim for dim in dims if dim is not None)


def _has_two_batches(shape: Shape) -> bool:
    return sum(isinstance(dim, Batch) for dim in shape) > 1


def _broadcast_dim(a: Dim, b: Dim) -> Dim | None:
    if a == b or b == 1:
        return a
    return b if a == 1 else None


def over_batch(a: Shape, b: Shape) -> Shape | None:
    """The common shape of two that are equal but for a batch that one of them lacks; None where they are not.

    The one without may leave the dimension out, where it is the first one, or have 1 there.
    """
    if a == b:
        return a
    if is_batched(a) == is_batched(b):
        return None
    whole, part = (a, b) if is_batched(a) else (b, a)
    without = tuple(1 if isinstance(dim, Batch) else dim for dim in whole)
    left_out = without[1:] if isinstance(whole[0], Batch) else without
    return whole if part in (without, left_out) else None


def common(args: Args, a: Shape, b: Shape) -> Shape | None:
    """The shape that two take on together under a call's `broadcast`; None where they do not fit."""
    return broadcast(a, b) if args.get("broadcast") else over_batch(a, b)


def joined(args: Args, inputs: Inputs) -> TensorType:
    """What element-wise functions of several tensors give.

    Raises:
        RuleFault: AS304, for the first input that does not fit.
    """
    shape = reduce(lambda shape, index: _join(args, inputs, shape, index), range(1, len(inputs)), inputs[0].shape)
    marked = any(given.channels_first and given.rank == len(shape) for given in inputs)
    return inputs[0].with_shape(shape, channels_first=marked)


def _join(args: Args, inputs: Inputs, shape: Shape, index: int) -> Shape:
    found = common(args, shape, inputs[index].shape)
    if found is not None:
        return found
    raise misfit(args, shape, inputs, index)


def misfit(args: Args, shape: Shape, inputs: Inputs, index: int) -> RuleFault:
    """AS304: an input that does not go with those before it."""
    before, given = inputs[0].with_shape(shape), inputs[index]
    aligned = _right_aligned(shape, given.shape) if args.get("broadcast") else None
    if aligned is not None:
        message = f"{{name}} would broadcast {before} and {given} to {show_shape(aligned)}: the batch in two dimensions"
        help = "bring the dimensions into place with `unsqueeze`"
    elif args.get("broadcast"):
        message = f"{{name}} cannot broadcast {before} and {given}: aligned at the right, sizes are equal or 1"
        help = "bring the dimensions into place with `unsqueeze`"
    else:
        message = f"{{name}} needs equal shapes: {_ordinal(index)} is {given}, what comes before it {before}"
        fits = "broadcast" in args and broadcast(shape, given.shape) is not None
        help = (
            "write `broadcast: true` beside it if the smaller one is to be repeated" if fits else "give them one shape"
        )
    return RuleFault("AS304", message, input=index, help=help)


def _ordinal(index: int) -> str:
    return f"input {index + 1}"


def one_dtype(inputs: Inputs) -> None:
    """All inputs are of one element type.

    Raises:
        RuleFault: AS306.
    """
    for index, other in enumerate(inputs[1:], 1):
        if other.dtype != inputs[0].dtype:
            raise RuleFault(
                "AS306",
                f"{{name}} merges {inputs[0].dtype} with {other.dtype}: input {index + 1} has another element type",
                input=index,
                help="give it tensors of one element type",
            )


def refuse_two_batches(shape: Shape) -> None:
    """Refuse an output with the batch in two dimensions.

    Raises:
        RuleFault: AS304.
    """
    if sum(isinstance(dim, Batch) for dim in shape) > 1:
        message = f"{{name}} would give {show_shape(shape)}, with the batch in two dimensions"
        raise RuleFault("AS304", message, input=1, help="keep the samples apart: bring the batch to the front of both")


def stacked(args: Args, inputs: Inputs, does: str = "multiplies") -> Shape:
    """The dimensions before two matrices, of which one of the two may have none.

    Raises:
        RuleFault: AS304, they differ.
    """
    first, second = (given.shape[:-2] for given in inputs)
    if not first or not second:
        return first or second
    found = common(args, first, second)
    if found is None:
        fault = misfit(args, first, tuple(given.with_shape(given.shape[:-2]) for given in inputs), 1)
        twice = "the batch in two dimensions" in fault.message
        reason = (
            "broadcast, they put the batch in two dimensions" if twice else "the dimensions before the matrices differ"
        )
        fault.message = f"{{name}} {does} {inputs[0]} by {inputs[1]}: {reason}"
        raise fault
    return found
