"""What autograd keeps of convolutions, and of the norms that stand after them."""

from __future__ import annotations

from archspec.ops.arguments import spread
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_size import Kept
from archspec.tensors import per_sample


def convolution(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """With a padding that is no zeros, or with more zeros on one side, the padded copy.

    A mirror and an edge keep the input for themselves.
    """
    count = len(inputs[0].spatial)
    zeros = args.get("padding_mode", "zeros") == "zeros"
    totals = [total % 2 if zeros else total for total in _total_padding(args, count)]
    if zeros and not (args.padding == "same" and any(totals)):
        return Kept((0,))
    given = inputs[0]
    wide = 4 * per_sample(given.shape[:2])
    for size, total in zip(given.spatial, totals, strict=True):
        wide *= size + total
    return Kept(() if zeros or args.padding_mode == "circular" else (0,), extra=wide)


def _total_padding(args: Args, count: int) -> list[int]:
    """The padding on both sides together, for each spatial dimension."""
    if args.padding == "valid":
        return [0] * count
    if args.padding == "same":
        pairs = zip(spread(args.kernel_size, count), spread(args.dilation, count), strict=True)
        return [step * (size - 1) for size, step in pairs]
    return [2 * side for side in spread(args.padding, count)]


def batch_norm(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Mean and deviation of each channel."""
    return Kept((0,), extra=2 * 4 * per_sample(inputs[0].shape[1:2]))


def instance_norm(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """A batch norm over the channels of all samples, with weights and statistics repeated for each."""
    channels = per_sample(inputs[0].shape[:2])
    return Kept((0,), extra=4 * channels * (2 + bool(args.affine) + 2 * bool(args.track_running_stats)))
