"""What autograd keeps inside layers that are made of others."""

from __future__ import annotations

from archspec.ops.composed import inner_args, norm_args
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.layer_class import kind_of
from archspec.ops.memory_of_convolution import batch_norm, convolution, instance_norm
from archspec.ops.memory_size import Kept, elements, noise, size_of
from archspec.tensors import TensorType, per_sample


def conv_norm_activation(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """What the convolution keeps, the norm's input and statistics, and what the activation's derivative reads."""
    convolved = convolution(inner_args(len(inputs[0].spatial), args), inputs, outputs)
    extra = convolved.extra + (0 if args.norm_layer is None else _normed(args, outputs[0]))
    if args.activation_layer is None:
        return Kept(convolved.inputs, extra=extra)
    written_over = args.inplace and kind_of(args.activation_layer) in ("LeakyReLU", "ELU", "SELU", "CELU")
    if written_over or kind_of(args.activation_layer) in ("ReLU", "Sigmoid", "Tanh"):
        return Kept(convolved.inputs, (0,), extra)
    return Kept(
        convolved.inputs, extra=extra + size_of(outputs[0]) * (_copies(str(kind_of(args.activation_layer))) - 1)
    )


def _normed(args: Args, given: TensorType) -> int:
    """What the norm of a convolution's output keeps, this output too."""
    norm, own = norm_args(args.norm_layer, args.out_channels)
    rule = instance_norm if norm.name.startswith("Instance") else batch_norm
    return size_of(given) + rule(own, (given,), (given,)).extra


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
        copies += 1 if args.dropout and copies == 1 else 0
        copies += 1 if args.norm_layer else 0
        total += rows * hidden * copies + (2 * rows if args.norm_layer else 0) + noise(args.dropout, rows * hidden)
    return Kept((0,), extra=4 * (total + noise(args.dropout, elements(outputs[0]))))


def squeeze(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """Means, what is between the two layers, and the scale."""
    wide, narrow = int(args.input_channels), int(args.squeeze_channels)
    one = wide + narrow * _copies(str(kind_of(args.activation))) + wide * _copies(str(kind_of(args.scale_activation)))
    return Kept((0,), extra=4 * one * per_sample(inputs[0].shape[:1]))


def pyramid(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The sum of each level; with a norm also what comes out of both convolutions, and the norms' statistics."""
    sums = sum(map(size_of, outputs))
    norms = 0 if args.norm_layer is None else 2 * sum(_normed(args, output) for output in outputs)
    return Kept(tuple(range(len(inputs))), extra=sums + norms)


def bilinear_pool(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """The products before and after each step, and the norm."""
    return Kept(tuple(range(len(inputs))), extra=4 * size_of(outputs[0]) + 8 * per_sample(outputs[0].shape[:1]))
