"""What layers of one operation and functions have alive at once, where it is more than their outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_of_layers import EXTRA
from archspec.ops.memory_size import elements, size_of
from archspec.tensors import per_sample

Rule = Callable[[Args, Inputs, Outputs], int]


def _times(count: int) -> Rule:
    """So many tensors of the output's size."""
    return lambda args, inputs, outputs: count * size_of(outputs[0])


def _nothing(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """In eval mode the input is handed on."""
    return 0


def _noise(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """The slope of each element, the same for all in eval mode."""
    return size_of(outputs[0]) * (1 if args.inplace else 2)


def _pool(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """The places of the maxima, as int64, whether they are asked for or not."""
    return size_of(outputs[0]) + 8 * elements(outputs[0])


def _fractional(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Random samples too, for each channel and dimension."""
    size = 4 * per_sample(outputs[0].shape[:2]) * len(outputs[0].spatial)
    return _pool(args, inputs, outputs) + size


def _power_average(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """The powers and their mean; then sign, size, product and root of the mean."""
    out = size_of(outputs[0])
    return max(size_of(inputs[0]) + out, 4 * out)


def _convolution(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """A padded copy where the padding is no zeros, whatever its width."""
    return EXTRA[f"Conv{len(inputs[0].spatial)}d"](args, inputs, outputs).extra + size_of(outputs[0])


def _batch_norm(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Mean and deviation of each channel where the batch's own are taken."""
    own = 0 if args.track_running_stats else 8 * per_sample(inputs[0].shape[1:2])
    return size_of(outputs[0]) + own


def _instance_norm(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """A batch norm over the channels of all samples, with weights and statistics repeated for each."""
    pairs = int(args.affine) + 1
    return size_of(outputs[0]) + 8 * pairs * per_sample(inputs[0].shape[:2])


def _group_norm(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return size_of(outputs[0]) + 2 * _width(inputs) * int(args.num_groups) * per_sample(inputs[0].shape[:1])


def _layer_norm(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return size_of(outputs[0]) + 2 * _width(inputs) * _rows(args, inputs)


def _rms_norm(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """The normalised input and its number for each row, then the product with the weight."""
    out, row = size_of(outputs[0]), _width(inputs) * _rows(args, inputs)
    return 2 * out + row if args.elementwise_affine else out + 2 * row


def _width(inputs: Inputs) -> int:
    """Bytes of an element."""
    return size_of(inputs[0]) // elements(inputs[0])


def _rows(args: Args, inputs: Inputs) -> int:
    volume = 1
    for size in args.normalized_shape if isinstance(args.normalized_shape, tuple) else (args.normalized_shape,):
        volume *= size
    return elements(inputs[0]) // volume


def _cross_channels(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    given = size_of(inputs[0])
    beyond = given // per_sample(inputs[0].shape[1:2]) * (int(args.size) - 1)
    return max(3 * given, 2 * given + beyond)


def _frozen(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Scale and shift of each channel, and the product."""
    return 2 * size_of(outputs[0]) + 8 * per_sample(inputs[0].shape[1:2])


def _normalized(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    dims = args.dim if isinstance(args.dim, tuple) else (args.dim,)
    along = 1
    for dim in dims:
        along *= per_sample(inputs[0].shape[dim : dim + 1 or None])
    return size_of(outputs[0]) * (along + 1) // along


def _sorted(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """The values in order beside their places."""
    return size_of(inputs[0]) + size_of(outputs[0])


def _cosine(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Both vectors over their norms and the product; the norms, their product and the sum; and epsilon."""
    return 3 * size_of(inputs[0]) + 3 * size_of(outputs[0]) + 4


def _distance(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return 2 * size_of(inputs[0]) + size_of(outputs[0])


def _bilinear(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return size_of(outputs[0]) * (2 if args.bias else 1)


def _deformed(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """torchvision makes zeros for a mask and for a bias that are not there."""
    mask = 4 * per_sample(inputs[0].shape[:1]) if len(inputs) == 2 else 0
    return size_of(outputs[0]) + mask + (0 if args.bias else 4 * int(args.out_channels))


def _bags(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Where bags begin, how large they are, and which bag each index belongs to."""
    bags = per_sample(inputs[0].shape[:1])
    return size_of(outputs[0]) + 24 * bags + (0 if args.mode == "sum" else 8 + 8 * elements(inputs[0]))


def _chained(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """One after the other: what there is so far, with `align` the next one fitted to it, and the result."""
    copies = args.get("align") in ("pad", "resize")
    later = len(inputs) > 2
    return size_of(outputs[0]) * (1 + copies + later)


def _mean(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """The sum, and what it is over the count."""
    return max(2 * size_of(outputs[0]), _chained(args, inputs, outputs))


def _columns(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """A copy of the input before the output is made."""
    return max(size_of(inputs[0]), size_of(outputs[0]))


def _joined(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """With `align`, all are fitted first."""
    copies = 0
    if args.get("align") in ("pad", "resize"):
        copies = sum(_width((other,)) * per_sample((*other.shape[:2], *inputs[0].shape[2:])) for other in inputs[1:])
    return size_of(outputs[0]) + copies


def _cast(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return 0 if inputs[0].dtype == outputs[0].dtype else size_of(outputs[0])


_KINDS = (1, 2, 3)

LAYERS: Mapping[str, Rule] = {
    **{f"MaxPool{n}d": _pool for n in _KINDS},
    **{f"AdaptiveMaxPool{n}d": _pool for n in _KINDS},
    **{f"FractionalMaxPool{n}d": _fractional for n in (2, 3)},
    **{f"LPPool{n}d": _power_average for n in _KINDS},
    **{f"Conv{n}d": _convolution for n in _KINDS},
    **{f"BatchNorm{n}d": _batch_norm for n in _KINDS},
    **{f"InstanceNorm{n}d": _instance_norm for n in _KINDS},
    **{f"{kind}": _nothing for kind in ("Flatten", "flatten", "Identity", "Unflatten", "StochasticDepth")},
    **{f"Dropout{n}": _nothing for n in ("", "1d", "2d", "3d")},
    **dict.fromkeys(("AlphaDropout", "FeatureAlphaDropout", "dropout", "DropBlock2d", "DropBlock3d"), _nothing),
    **{
        name: _times(2)
        for name in (
            "Tanhshrink",
            "Softsign",
            "softsign",
            "LogSigmoid",
            "logsigmoid",
            "Softmin",
            "softmin",
            "tanhshrink",
        )
    },
    **dict.fromkeys(("add", "sub", "mul", "div"), _chained),
    "RReLU": _noise,
    "SyncBatchNorm": _batch_norm,
    "GroupNorm": _group_norm,
    "LayerNorm": _layer_norm,
    "RMSNorm": _rms_norm,
    "LocalResponseNorm": _cross_channels,
    "CrossMapLRN2d": _times(2),
    "FrozenBatchNorm2d": _frozen,
    "BilinearPool2d": _times(4),
    "normalize": _normalized,
    "CosineSimilarity": _cosine,
    "PairwiseDistance": _distance,
    "cosine_similarity": _cosine,
    "pairwise_distance": _distance,
    "argsort": _sorted,
    "Bilinear": _bilinear,
    "DeformConv2d": _deformed,
    "EmbeddingBag": _bags,
    "mean_of": _mean,
    "Fold": _columns,
    "Unfold": _columns,
    "ConvTranspose3d": _columns,
    "concat": _joined,
    "to": _cast,
}
"""By name: what is alive at once."""
