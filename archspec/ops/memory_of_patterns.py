"""What `reduce` makes on the way, as einops does it: axes put in order, products taken one axis at a time."""

from __future__ import annotations

from itertools import pairwise

from archspec.ops.einops_patterns import reduced
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_size import Kept, size_of
from archspec.tensors import per_sample


def reduction(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Sums and means need nothing; the others what they reduce and what comes of it, products one axis at a time."""
    results = _results(args, inputs)
    if args.reduction in ("mean", "sum") or not results:
        return Kept()
    return Kept((0,), (0,), sum(results[:-1]))


def reducing(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """The result, and of products the one before it too."""
    results = _results(args, inputs)
    return max(map(sum, pairwise(results)), default=sum(results))


def _results(args: Args, inputs: Inputs) -> list[int]:
    """The bytes of each reduction's result; none where `...` stands for no axis and nothing else is reduced."""
    axes, groups = reduced(args, inputs[0])
    left = {axis for group in groups for axis in group}
    size, results = size_of(inputs[0]), []
    for axis in reversed(axes):
        if axis not in left:
            size //= per_sample((axes[axis],))
            results.append(size)
    return results if args.reduction == "prod" else results[-1:]
