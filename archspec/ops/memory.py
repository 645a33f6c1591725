"""What torch keeps of one call for the backward pass.

The model is autograd's own, as it is on the CPU and in float32: of each operation what its derivative reads, counted
once for each piece of memory, parameters left out. Where a layer is made of several operations (attention, recurrent
layers, …), what is alive between them counts too. `tests/conformance/test_memory.py` holds it to torch.
"""

from __future__ import annotations

from archspec.ops.entry import Args, Inputs, Op, Outputs
from archspec.ops.gradient import OUTPUT_ALONE, OUTPUT_AND_INPUT
from archspec.ops.memory_of_layers import EXTRA
from archspec.ops.memory_size import Kept, size_of

_NOTHING = frozenset(
    (
        *("Flatten", "flatten", "Identity", "Unflatten"),
        *("add", "sub", "mean_of", "concat", "stack", "pad", "interpolate", "cumsum", "roll", "flip", "neg", "sign"),
        *("floor", "ceil", "round", "trunc", "frac", "tile", "mean", "sum", "repeat_axis", "one_hot", "affine_grid"),
        *("PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "pixel_shuffle", "pixel_unshuffle", "Unfold", "Fold"),
        *("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "GlobalAvgPool2d", "Permute", "tril", "triu"),
        *(f"{kind}Pad{count}d" for kind in ("Zero", "Constant", "Circular") for count in (1, 2, 3)),
        *("randn_like", "rand_like", "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full"),
        *(
            "arange",
            "eye",
            "linspace",
            "argmax",
            "argmin",
            "argsort",
            "any",
            "all",
            "to",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
        ),
        *("logical_and", "logical_or", "logical_xor", "logical_not"),
    )
)
_SECOND_PORT = frozenset(("max", "min", "median", "topk", "sort"))
_COPIED_IN_PLACE = frozenset(("ReLU6", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Hardtanh", "Threshold"))


def kept(op: Op, args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """What torch keeps of a call in training mode, for a batch of one; of a layer that is not known, its inputs."""
    if op.name in EXTRA:
        return EXTRA[op.name](args, inputs, outputs)
    if op.bare or op.view or op.name in _NOTHING:
        return Kept()
    if op.name in OUTPUT_ALONE:
        return Kept((0,)) if args.get("inplace") else Kept(outputs=(0,))
    if op.name in OUTPUT_AND_INPUT:
        return Kept((0,), (0,))
    if op.name in _SECOND_PORT:
        return Kept(outputs=(1,))
    if op.name in _COPIED_IN_PLACE and args.get("inplace"):
        return Kept(extra=size_of(outputs[0]))
    return Kept(tuple(range(len(inputs))))
