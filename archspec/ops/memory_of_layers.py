"""What autograd keeps inside layers that are more than one operation, and of those whose derivative needs more."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.arguments import spread
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_of_attention import attention, decoder_layer, encoder_layer, fused_attention, transformer
from archspec.ops.memory_size import Kept, Rule, elements, size_of
from archspec.ops.sequences import batch_at
from archspec.tensors import Dim, per_sample


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


def _convolution(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """With a padding that is no zeros, the padded copy; a mirror and an edge keep the input for themselves."""
    if args.get("padding_mode", "zeros") == "zeros":
        return Kept((0,))
    given = inputs[0]
    wide = 4 * per_sample(given.shape[:2])
    for size, total in zip(given.spatial, _total_padding(args, len(given.spatial)), strict=True):
        wide *= size + total
    return Kept(() if args.padding_mode == "circular" else (0,), extra=wide)


def _total_padding(args: Args, count: int) -> list[int]:
    """The padding on both sides together, for each spatial dimension."""
    if args.padding == "valid":
        return [0] * count
    if args.padding == "same":
        pairs = zip(spread(args.kernel_size, count), spread(args.dilation, count), strict=True)
        return [step * (size - 1) for size, step in pairs]
    return [2 * side for side in spread(args.padding, count)]


def _batch_norm(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Mean and deviation of each channel."""
    return Kept((0,), extra=2 * 4 * per_sample(inputs[0].shape[1:2]))


def _instance_norm(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """A batch norm over the channels of all samples, with weights and statistics repeated for each."""
    channels = per_sample(inputs[0].shape[1:2])
    return Kept((0,), extra=4 * channels * (2 + bool(args.affine) + 2 * bool(args.track_running_stats)))


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
    return Kept(extra=size_of(outputs[0])) if args.p else Kept()


def _dropped_channels(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept(extra=4 * per_sample(inputs[0].shape[:2])) if args.p else Kept()


def _input_and_another(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,), extra=size_of(outputs[0]))


def _another(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept(extra=size_of(outputs[0]))


def _product(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Every factor, and the products before the last one. A number needs nothing."""
    if len(inputs) == 1:
        return Kept()
    copies = len(inputs) - 1 if args.align in ("pad", "resize") else 0
    kept = (0,) if copies else tuple(range(len(inputs)))
    return Kept(kept, extra=(len(inputs) - 2 + copies) * size_of(outputs[0]))


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


def _masked(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((1,))


def _where(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,))


def _looked_up(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((0,))


def _at_places(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    return Kept((1,))


# Recurrent layers, step by step as torch runs them where no library has them whole.


def _steps(args: Args, inputs: Inputs) -> tuple[Dim, ...]:
    at = 1 - batch_at(args)
    return inputs[0].shape[at : at + 1]


def _recurrent(each_step: int, first: int = 0) -> Rule:
    """The values of each step, of every layer and direction, and what is handed on between layers."""

    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
        steps = per_sample(inputs[0].shape[:2])
        ways = 2 if args.bidirectional else 1
        inside = steps * each_step * int(args.hidden_size) * int(args.num_layers) * ways
        inside += (
            first * int(args.hidden_size) * int(args.num_layers) * ways * (steps // per_sample(_steps(args, inputs)))
        )
        between = (args.num_layers - 1) * elements(outputs[0]) * (2 if args.dropout else 1)
        return Kept((0,), extra=4 * (inside + between))

    return rule


def _cell(each_step: int) -> Rule:
    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
        rows = per_sample(inputs[0].shape[:1])
        return Kept(tuple(range(len(inputs))), extra=4 * rows * (each_step - (len(inputs) > 1)) * int(args.hidden_size))

    return rule


def _rnn_cell(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    rows = per_sample(inputs[0].shape[:1])
    first = 4 * rows * int(args.hidden_size) if len(inputs) == 1 else 0
    return Kept(tuple(range(len(inputs))), (0,), first)


# Layers that are made of others.


def _conv_norm_activation(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The convolution's input, the norm's input and statistics, and what the activation's derivative reads."""
    out, channels = size_of(outputs[0]), per_sample(outputs[0].shape[1:2])
    normed = 0 if args.norm_layer is None else out + 2 * 4 * channels
    own = args.activation_layer in ("ReLU", "Sigmoid", "Tanh", "LeakyReLU", "ELU", "SELU", "CELU") and args.inplace
    if args.activation_layer is None:
        return Kept((0,), extra=normed)
    return Kept((0,), (0,), extra=normed) if own else Kept((0,), extra=normed + out)


def _copies(activation: str) -> int:
    """How often an activation and what comes after it keep a tensor."""
    if activation in ("ReLU", "Sigmoid", "Tanh"):
        return 1
    return 3 if activation in ("Softsign", "LogSigmoid") else 2


def _mlp(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Of each hidden layer the norm's input, the activation's and the next layer's, and the dropout's noise."""
    rows = per_sample(inputs[0].shape[:-1])
    total = 0
    for hidden in args.hidden_channels[:-1]:
        copies = _copies(args.activation_layer)
        copies += (2 if copies == 1 else 1) if args.dropout else 0
        copies += 1 if args.norm_layer else 0
        total += rows * hidden * copies + (2 * rows if args.norm_layer else 0)
    noise = elements(outputs[0]) if args.dropout else 0
    return Kept((0,), extra=4 * (total + noise))


def _squeeze(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Means, what is between the two layers, and the scale."""
    wide, narrow = int(args.input_channels), int(args.squeeze_channels)
    one = wide + narrow * _copies(args.activation) + wide * _copies(args.scale_activation)
    return Kept((0,), extra=4 * one * per_sample(inputs[0].shape[:1]))


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


def _bilinear_pool(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The products before and after each step, and the norm."""
    return Kept(tuple(range(len(inputs))), extra=4 * size_of(outputs[0]) + 8 * per_sample(outputs[0].shape[:1]))


_KINDS = (1, 2, 3)

EXTRA: Mapping[str, Rule] = {
    **{f"MaxPool{n}d": _pool for n in _KINDS},
    **{f"AdaptiveMaxPool{n}d": _pool for n in _KINDS},
    **{f"FractionalMaxPool{n}d": _pool for n in (2, 3)},
    **{f"AdaptiveAvgPool{n}d": _adaptive_average for n in _KINDS},
    **{f"LPPool{n}d": _power_average for n in _KINDS},
    **{f"MaxUnpool{n}d": _unpool for n in _KINDS},
    **{f"Conv{n}d": _convolution for n in _KINDS},
    **{f"BatchNorm{n}d": _batch_norm for n in _KINDS},
    **{f"InstanceNorm{n}d": _instance_norm for n in _KINDS},
    **{f"Dropout{n}d": _dropped_channels for n in _KINDS},
    "SyncBatchNorm": _batch_norm,
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
    "mul": _product,
    "div": _product,
    "normalize": _normalized,
    "CosineSimilarity": _cosine,
    "PairwiseDistance": _distance,
    "masked_fill": _masked,
    "where": _where,
    "Embedding": _looked_up,
    "embedding": _looked_up,
    "index_select": _at_places,
    "RNN": _recurrent(1, first=1),
    "LSTM": _recurrent(6),
    "GRU": _recurrent(7),
    "RNNCell": _rnn_cell,
    "LSTMCell": _cell(6),
    "GRUCell": _cell(7),
    "MultiheadAttention": attention,
    "scaled_dot_product_attention": fused_attention,
    "TransformerEncoderLayer": encoder_layer,
    "TransformerDecoderLayer": decoder_layer,
    "Transformer": transformer,
    "Conv2dNormActivation": _conv_norm_activation,
    "Conv3dNormActivation": _conv_norm_activation,
    "MLP": _mlp,
    "SqueezeExcitation": _squeeze,
    "FrozenBatchNorm2d": _frozen,
    "BilinearPool2d": _bilinear_pool,
}
"""By name: what is kept."""
