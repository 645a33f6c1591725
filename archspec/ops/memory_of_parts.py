"""What autograd keeps inside recurrent layers, and inside layers that are made of others."""

from __future__ import annotations

from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.layer_class import kind_of
from archspec.ops.memory_size import Kept, Rule, elements, size_of
from archspec.ops.sequences import batch_at
from archspec.tensors import Dim, per_sample

# Recurrent layers, step by step as torch runs them where no library has them whole.


def _steps(args: Args, inputs: Inputs) -> tuple[Dim, ...]:
    at = 1 - batch_at(args)
    return inputs[0].shape[at : at + 1]


def recurrent(each_step: int, first: int = 0) -> Rule:
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


def cell(each_step: int) -> Rule:
    """One step."""

    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
        rows = per_sample(inputs[0].shape[:1])
        return Kept(tuple(range(len(inputs))), extra=4 * rows * (each_step - (len(inputs) > 1)) * int(args.hidden_size))

    return rule


def rnn_cell(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """One step, whose output is kept, and the zeros that it began with."""
    rows = per_sample(inputs[0].shape[:1])
    first = 4 * rows * int(args.hidden_size) if len(inputs) == 1 else 0
    return Kept(tuple(range(len(inputs))), (0,), first)


# Layers that are made of others.


def conv_norm_activation(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The convolution's input, the norm's input and statistics, and what the activation's derivative reads."""
    out, channels = size_of(outputs[0]), per_sample(outputs[0].shape[1:2])
    normed = 0 if args.norm_layer is None else out + 2 * 4 * channels
    written_over = args.inplace and kind_of(args.activation_layer) in ("LeakyReLU", "ELU", "SELU", "CELU")
    own = written_over or kind_of(args.activation_layer) in ("ReLU", "Sigmoid", "Tanh")
    if args.activation_layer is None:
        return Kept((0,), extra=normed)
    return Kept((0,), (0,), extra=normed) if own else Kept((0,), extra=normed + out)


def _copies(activation: str) -> int:
    """How often an activation and what comes after it keep a tensor."""
    if activation in ("ReLU", "Sigmoid", "Tanh"):
        return 1
    return 3 if activation in ("Softsign", "LogSigmoid") else 2


def mlp(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Of each hidden layer the norm's input, the activation's and the next layer's, and the dropout's noise."""
    rows = per_sample(inputs[0].shape[:-1])
    total = 0
    for hidden in args.hidden_channels[:-1]:
        copies = _copies(str(kind_of(args.activation_layer)))
        copies += (2 if copies == 1 else 1) if args.dropout else 0
        copies += 1 if args.norm_layer else 0
        total += rows * hidden * copies + (2 * rows if args.norm_layer else 0)
    noise = elements(outputs[0]) if args.dropout else 0
    return Kept((0,), extra=4 * (total + noise))


def squeeze(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Means, what is between the two layers, and the scale."""
    wide, narrow = int(args.input_channels), int(args.squeeze_channels)
    one = wide + narrow * _copies(str(kind_of(args.activation))) + wide * _copies(str(kind_of(args.scale_activation)))
    return Kept((0,), extra=4 * one * per_sample(inputs[0].shape[:1]))


def pyramid(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The sum of each level; with a norm also what comes out of both convolutions, and the norms' statistics."""
    sums = sum(map(size_of, outputs))
    statistics = 2 * 2 * 4 * int(args.out_channels) * len(outputs) * per_sample(inputs[0].shape[:1])
    return Kept(tuple(range(len(inputs))), extra=sums if args.norm_layer is None else 3 * sums + statistics)


def bilinear_pool(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The products before and after each step, and the norm."""
    return Kept(tuple(range(len(inputs))), extra=4 * size_of(outputs[0]) + 8 * per_sample(outputs[0].shape[:1]))
