"""Layers of `torchvision.ops` with a rule of their own."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from archspec.ops import convolution
from archspec.ops.arguments import Bool, Float, Int, one_of, sizes, spread
from archspec.ops.axes import OPS as AXES
from archspec.ops.common import (
    INPLACE,
    LAYOUTS,
    ONES,
    ZEROS,
    channels,
    same,
    same_images,
)
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault

_CONVOLUTIONS = {op.name: op for op in convolution.OPS}
_PERMUTE = next(op for op in AXES if op.name == "permute")
_IN_CHANNELS = Inferred(channels, "input channels")

# Regularisation.


def _check_block(args: Args, inputs: Inputs) -> None:
    size = min(args.block_size, *inputs[0].shape[-2:])
    if inputs[0].rank == 5:
        size = min(size, *inputs[0].shape[-3:])
    if size % 2 == 0 and args.p > 0:
        raise RuleFault(
            "AS402",
            f"{{name}} drops blocks of {size} (no larger than {inputs[0]} is): the size must be odd",
            arg="block_size",
            input=0,
            help=f"write `block_size: {size - 1}`",
            suggestion=size - 1,
        )


def _drop_block(count: int) -> Op:
    return Op(
        name=f"DropBlock{count}d",
        target=f"torchvision.ops.DropBlock{count}d",
        doc="Zeroes blocks of space at random while training.",
        args=(
            Arg("p", Float(min=0, max=1), doc="probability of an element to be dropped", example=0.1),
            Arg("block_size", Int(1), doc="size of the blocks, odd", example=7),
            INPLACE,
            Arg("eps", Float(above=0), 1e-6, doc="added to the divisor"),
        ),
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_block,
        shape=same_images,
        view="shared",
    )


def _frozen_state(args: Args) -> Mapping[str, State]:
    shape = (args.num_features,)
    inits = {"weight": ONES, "bias": ZEROS, "running_mean": ZEROS, "running_var": ONES}
    return {name: State(shape, init, is_buffer=True) for name, init in inits.items()}


# Convolution at learned places.


def _deform_shape(args: Args, inputs: Inputs) -> Outputs:
    given, offset, *mask = inputs
    conv = _CONVOLUTIONS["Conv2d"]
    arguments = Args({**args, "padding_mode": "zeros"}, args.written)
    conv.check(arguments, inputs)
    (output,) = conv.shape(arguments, inputs)
    places = int(prod(spread(args.kernel_size, 2)))
    count = offset.shape[1] if offset.rank == 4 else None
    groups = count // (2 * places) if isinstance(count, int) else 0
    wanted = f"[N, {2 * places}, {output.shape[2]}, {output.shape[3]}]"
    fits = groups > 0 and args.in_channels % groups == 0
    if not fits or offset.shape != (given.shape[0], 2 * places * groups, *output.shape[2:]):
        message = f"{{name}} needs two offsets for each place of the kernel, {wanted}, but receives {offset}"
        raise RuleFault("AS304", message, input=1, help=f"compute them by a convolution to {2 * places} channels")
    if mask and mask[0].shape != (given.shape[0], places * groups, *output.shape[2:]):
        message = f"{{name}} needs a mask with half the channels of the offsets {offset}, but receives {mask[0]}"
        raise RuleFault("AS304", message, input=2, help=f"compute it by a convolution to {places * groups} channels")
    if any(other.dtype != given.dtype for other in inputs):
        raise RuleFault("AS306", "{name} needs one element type", input=1, help="give it tensors of one element type")
    return (output,)


def _deform_state(args: Args) -> Mapping[str, State]:
    return _CONVOLUTIONS["Conv2d"].state(args)


_DEFORM = Op(
    name="DeformConv2d",
    target="torchvision.ops.DeformConv2d",
    doc="A convolution whose kernel looks at places that the second input moves.",
    args=(
        Arg("in_channels", Int(1), inferred=_IN_CHANNELS, doc="channels of the input"),
        Arg("out_channels", Int(1), doc="channels of the output", example=64),
        Arg("kernel_size", sizes(2, 1), doc="size of the kernel", example=3),
        Arg("stride", sizes(2, 1), 1, doc="step of the kernel"),
        Arg("padding", sizes(2, 0), 0, doc="added to each side"),
        Arg("dilation", sizes(2, 1), 1, doc="spacing of the kernel's elements"),
        Arg("groups", Int(1), 1, doc="groups of channels that are convolved apart"),
        Arg("bias", Bool(), True, doc="add a learned bias"),
    ),
    inputs=("input", "offset", "mask"),
    optional_inputs=1,
    primary="out_channels",
    ranks=(4,),
    layout=LAYOUTS[2],
    shape=_deform_shape,
    state=_deform_state,
    macs=lambda args, inputs, outputs: _CONVOLUTIONS["Conv2d"].macs(args, inputs, outputs),
)


OPS = (
    Op(
        name="StochasticDepth",
        target="torchvision.ops.StochasticDepth",
        doc="Zeroes its whole input at random while training, per sample or for the batch.",
        args=(
            Arg("p", Float(min=0, max=1), doc="probability of being dropped", example=0.1),
            Arg("mode", one_of("batch", "row"), doc="for the whole batch, or for each sample", example="row"),
        ),
        primary="p",
        shape=same,
        view="shared",
    ),
    *(_drop_block(count) for count in (2, 3)),
    Op(
        name="FrozenBatchNorm2d",
        target="torchvision.ops.FrozenBatchNorm2d",
        doc="A batch norm whose statistics and scales do not change.",
        args=(
            Arg("num_features", Int(1), inferred=Inferred(channels, "channels"), doc="channels of the input"),
            Arg("eps", Float(above=0), 1e-5, doc="added to the variance"),
        ),
        primary="num_features",
        ranks=(4,),
        layout=LAYOUTS[2],
        shape=same_images,
        state=_frozen_state,
    ),
    Op(
        name="Permute",
        target="torchvision.ops.Permute",
        doc="The dimensions in another order.",
        args=_PERMUTE.args,
        primary="dims",
        shape=_PERMUTE.shape,
        floating=False,
        view="shared",
    ),
    _DEFORM,
)
