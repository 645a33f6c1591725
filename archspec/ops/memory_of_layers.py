"""What autograd keeps inside layers that are more than one operation, and of those whose derivative needs more."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_of_attention import attention, decoder_layer, encoder_layer, fused_attention, transformer
from archspec.ops.memory_of_convolution import batch_norm, convolution, instance_norm
from archspec.ops.memory_of_parts import (
    bilinear_pool,
    conv_norm_activation,
    mlp,
    pyramid,
    squeeze,
)
from archspec.ops.memory_of_patterns import reduction
from archspec.ops.memory_of_recurrence import cell, gated, long_short, plain, recurrent, rnn_cell
from archspec.ops.memory_size import Kept, Rule, elements, noise, size_of
from archspec.tensors import per_sample


def _pool(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The places of the maxima, as int64, which are an output where they are asked for."""
    if len(outputs) > 1:
        return Kept((0,), (1,))
    return Kept((0,), extra=8 * elements(outputs[0]))


def _adaptive_average(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """To one place it is a mean, whose derivative needs nothing."""
    return Kept() if all(size == 1 for size in outputs[0].spatial) else Kept((0,))


def _power_average(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,), extra=size_of(inputs[0]) + 4 * size_of(outputs[0]))


def _unpool(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((1,))


def _group_norm(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,), extra=2 * 4 * int(args.num_groups) * per_sample(inputs[0].shape[:1]))


def _layer_norm(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    rows = elements(inputs[0]) // _volume(args.normalized_shape)
    return Kept((0,), extra=2 * 4 * rows)


def _rms_norm(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """A number for each row; the normalised input where a weight multiplies it."""
    rows = elements(inputs[0]) // _volume(args.normalized_shape)
    return Kept((0,), extra=4 * rows + (size_of(outputs[0]) if args.elementwise_affine else 0))


def _volume(sizes: object) -> int:
    product = 1
    for size in sizes if isinstance(sizes, tuple) else (sizes,):
        product *= size
    return product


def _cross_channels(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The squares with as many channels of zeros as the window reaches beyond, what is divided by, and its root."""
    given = inputs[0]
    beyond = size_of(given) // per_sample(given.shape[1:2]) * (args.size - 1)
    return Kept((0,), extra=3 * size_of(given) + beyond)


def _dropped(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return _noise(args, size_of(outputs[0]))


def _noise(args: Args, size: int) -> Kept:
    return Kept(extra=4 * noise(args.p, size // 4))


def _dropped_channels(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return _noise(args, 4 * per_sample(inputs[0].shape[:2]))


def _input_and_another(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,), extra=size_of(outputs[0]))


def _another(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept(extra=size_of(outputs[0]))


def _product(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Every factor, and the products before the last one. A number needs nothing."""
    if len(inputs) == 1:
        return Kept()
    between = (len(inputs) - 2) * size_of(outputs[0])
    if args.align not in ("pad", "resize"):
        return Kept(tuple(range(len(inputs))), extra=between)
    copies = (4 * per_sample((*other.shape[:2], *inputs[0].shape[2:])) for other in inputs[1:])
    return Kept((0,), extra=between + sum(copies))


def _normalized(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    given = inputs[0]
    dims = args.dim if isinstance(args.dim, tuple) else (args.dim,)
    along = 1
    for dim in dims:
        along *= per_sample(given.shape[dim : dim + 1 or None])
    return Kept((0,), extra=2 * size_of(given) // along)


def _cosine(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Both vectors over their norms, and the norms."""
    return Kept((0, 1), extra=2 * size_of(inputs[0]) + 4 * size_of(outputs[0]))


def _distance(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((), (0,), extra=size_of(inputs[0]))


def _distances(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0, 1), (0,))


def _own_output(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept(outputs=(0,))


def _deformed(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """torchvision makes zeros for a mask and for a bias that are not there."""
    mask = 4 * per_sample(inputs[0].shape[:1]) if len(inputs) == 2 else 0
    return Kept(tuple(range(len(inputs))), extra=mask + (0 if args.bias else 4 * int(args.out_channels)))


def _padded(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """A mirror and an edge keep the input."""
    return Kept((0,)) if args.mode in ("reflect", "replicate") else Kept()


def _resized(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """By area it is a pooling."""
    return _adaptive_average(args, inputs, outputs) if args.mode == "area" else Kept()


def _masked(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((1,))


def _where(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,))


def _looked_up(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,))


def _at_places(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((1,))


def _frozen(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept(extra=4 * per_sample(inputs[0].shape[1:2]))


def _deep(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """One factor for each sample, or for all."""
    if not args.p:
        return Kept()
    return Kept(extra=4 * (per_sample(inputs[0].shape[:1]) if args.mode == "row" else 1))


def _blocks(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The mask, and the number that makes up for it."""
    return Kept(extra=size_of(outputs[0]) + 4) if args.p else Kept()


_KINDS = (1, 2, 3)

EXTRA: Mapping[str, Rule] = {
    **{f"MaxPool{n}d": _pool for n in _KINDS},
    **{f"AdaptiveMaxPool{n}d": _pool for n in _KINDS},
    **{f"FractionalMaxPool{n}d": _pool for n in (2, 3)},
    **{f"AdaptiveAvgPool{n}d": _adaptive_average for n in _KINDS},
    **{f"LPPool{n}d": _power_average for n in _KINDS},
    **{f"MaxUnpool{n}d": _unpool for n in _KINDS},
    **{f"Conv{n}d": convolution for n in _KINDS},
    **{f"BatchNorm{n}d": batch_norm for n in _KINDS},
    **{f"InstanceNorm{n}d": instance_norm for n in _KINDS},
    **{f"Dropout{n}d": _dropped_channels for n in _KINDS},
    "SyncBatchNorm": batch_norm,
    "GroupNorm": _group_norm,
    "LayerNorm": _layer_norm,
    "RMSNorm": _rms_norm,
    "LocalResponseNorm": _cross_channels,
    "Dropout": _dropped,
    "dropout": _dropped,
    "AlphaDropout": _dropped,
    "FeatureAlphaDropout": _dropped_channels,
    "DropBlock2d": _blocks,
    "DropBlock3d": _blocks,
    "StochasticDepth": _deep,
    "RReLU": _input_and_another,
    "Softsign": _input_and_another,
    "softsign": _input_and_another,
    "LogSigmoid": _input_and_another,
    "logsigmoid": _input_and_another,
    "Tanhshrink": _another,
    "tanhshrink": _another,
    "mul": _product,
    "div": _product,
    "normalize": _normalized,
    "CosineSimilarity": _cosine,
    "PairwiseDistance": _distance,
    "cosine_similarity": _cosine,
    "pairwise_distance": _distance,
    "cdist": _distances,
    "argsort": _own_output,
    "scatter": _at_places,
    "scatter_add": _at_places,
    "DeformConv2d": _deformed,
    "pad": _padded,
    "Upsample": _resized,
    "interpolate": _resized,
    "masked_fill": _masked,
    "where": _where,
    "Embedding": _looked_up,
    "embedding": _looked_up,
    "index_select": _at_places,
    "RNN": recurrent(plain),
    "LSTM": recurrent(long_short),
    "GRU": recurrent(gated),
    "RNNCell": rnn_cell,
    "LSTMCell": cell(6),
    "GRUCell": cell(7),
    "MultiheadAttention": attention,
    "scaled_dot_product_attention": fused_attention,
    "TransformerEncoderLayer": encoder_layer,
    "TransformerDecoderLayer": decoder_layer,
    "Transformer": transformer,
    "Conv2dNormActivation": conv_norm_activation,
    "Conv3dNormActivation": conv_norm_activation,
    "MLP": mlp,
    "SqueezeExcitation": squeeze,
    "FeaturePyramidNetwork": pyramid,
    "FrozenBatchNorm2d": _frozen,
    "BilinearPool2d": bilinear_pool,
    "reduce": reduction,
}
"""By name: what is kept."""
