"""What layers that are made of others have alive at once."""

from __future__ import annotations

from archspec.ops.composed import inner_args, norm_args
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_size import size_of
from archspec.ops.working_of_layers import LAYERS
from archspec.tensors import TensorType, per_sample


def _activation(name: str | None, out: int, *, inplace: bool) -> int:
    """What an activation has alive, its input included."""
    if name is None or (inplace and name in _IN_PLACE):
        return out
    return out * (3 if name in ("Tanhshrink", "Softsign", "LogSigmoid", "Softmin", "RReLU") else 2)


_IN_PLACE = frozenset(
    (
        *("ReLU", "ReLU6", "ELU", "SELU", "CELU", "LeakyReLU", "Hardtanh", "Hardswish", "Hardsigmoid"),
        *("SiLU", "Mish", "Threshold"),
    )
)


def norm_activation(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """One after the other, each dropping what the one before it gave."""
    out = size_of(outputs[0])
    count = len(inputs[0].spatial)
    convolved = LAYERS[f"Conv{count}d"](inner_args(count, args), inputs, outputs)
    normed = 0 if args.norm_layer is None else out + _norm(args, outputs[0])
    return max(convolved, normed, _activation(args.activation_layer, out, inplace=bool(args.inplace)))


def _norm(args: Args, given: TensorType) -> int:
    """What the norm inside a composed layer makes of a convolution's output."""
    norm, own = norm_args(args.norm_layer, args.out_channels)
    return LAYERS[norm.name](own, (given,), (given,))


def mlp(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Each layer's output beside its input, the first one's apart."""
    rows = per_sample(inputs[0].shape[:-1])
    most = before = 0
    for index, hidden in enumerate(args.hidden_channels):
        out = 4 * rows * hidden
        most = max(most, before + out)
        if index < len(args.hidden_channels) - 1:
            most = max(most, 2 * out + 8 * rows if args.norm_layer else 0)
            most = max(most, _activation(args.activation_layer, out, inplace=bool(args.inplace)))
        before = out
    return most


def squeeze(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Means, what is between the two layers, and the scale beside the product."""
    batch = 4 * per_sample(inputs[0].shape[:1])
    wide, narrow = batch * int(args.input_channels), batch * int(args.squeeze_channels)
    first = _activation(args.activation, narrow, inplace=False)
    second = _activation(args.scale_activation, wide, inplace=False)
    return max(wide + narrow, first, narrow + wide, second, wide + size_of(outputs[0]))


def pyramid(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """From the coarsest level on: the results so far; of the level before its sum, and the two that it is made of,
    each until this level's takes its place; and what a convolution with its norm makes."""
    results = above = parts = most = 0
    for level, output in reversed(list(enumerate(outputs))):
        size = size_of(output)
        made = size if args.norm_layer is None else size + _norm(args, output)
        if level == len(outputs) - 1:
            most = max(made, size + made)
        else:
            lateral = results + above + 2 * parts + made
            fitted = results + above + parts + 2 * size
            most = max(most, lateral, fitted, results + above + 3 * size, results + 3 * size + made)
            parts = size
        results, above = results + size, size
    return most
