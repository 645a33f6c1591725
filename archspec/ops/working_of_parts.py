"""What recurrent layers, and layers that are made of others, have alive at once."""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_size import size_of
from archspec.ops.sequences import batch_at
from archspec.ops.working_of_layers import LAYERS
from archspec.tensors import TensorType, per_sample

Rule = Callable[[Args, Inputs, Outputs], int]

# Recurrent layers, step by step as torch runs them where no library has them whole.


def recurrent(gates: int) -> Rule:
    """Of a layer the projected input, the outputs of its steps and these stacked; what the layer before it gave; the
    states at the start and at the end. Nearly."""

    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> int:
        steps = per_sample(inputs[0].shape[1 - batch_at(args) : 2 - batch_at(args)])
        handed = size_of(outputs[0]) if args.num_layers > 1 else 0
        ends = sum(map(size_of, outputs[1:]))
        return steps * _one(args, inputs) * gates + 2 * size_of(outputs[0]) + handed + 2 * ends

    return rule


def _one(args: Args, inputs: Inputs) -> int:
    """The state of one layer and direction."""
    at = batch_at(args)
    return 4 * int(args.hidden_size) * per_sample(inputs[0].shape[at : at + 1])


def long_short(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """An `LSTM`, of which a library makes whole layers: two directions and these joined, or what the layer before it
    gave; the states at the start, at each layer's end, and stacked. A projected state, or a layer
    without biases, is made step by step."""
    if args.proj_size or not args.bias:
        return recurrent(4)(args, inputs, outputs)
    out, ends = size_of(outputs[0]), sum(map(size_of, outputs[1:]))
    both = out if args.bidirectional else 0
    return out + both + 2 * ends + max(out if args.num_layers > 1 else 0, 0 if both else ends)


def cell(each: int) -> Rule:
    """One step: the gates of input and state, what is made of them, and zeros where no state is given."""

    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> int:
        rows = per_sample(inputs[0].shape[:1])
        return 4 * rows * int(args.hidden_size) * (each + (len(inputs) == 1))

    return rule


# Layers that are made of others.


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
    convolved = out if args.padding is None else LAYERS[f"Conv{len(inputs[0].spatial)}d"](args, inputs, outputs)
    normed = 0 if args.norm_layer is None else out + _norm(str(args.norm_layer), outputs[0])
    inplace = args.inplace is None or bool(args.inplace)
    return max(convolved, normed, _activation(args.activation_layer, out, inplace=inplace))


def _norm(name: str, given: TensorType) -> int:
    """A norm as composed layers make it, with its defaults."""
    own = 8 * per_sample(given.shape[:2]) if "Instance" in name else 0
    return size_of(given) + own


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
        made = size if args.norm_layer is None else size + _norm(str(args.norm_layer), output)
        if level == len(outputs) - 1:
            most = max(made, size + made)
        else:
            lateral = results + above + 2 * parts + made
            fitted = results + above + parts + 2 * size
            most = max(most, lateral, fitted, results + above + 3 * size, results + 3 * size + made)
            parts = size
        results, above = results + size, size
    return most
