"""Convolutions and transposed convolutions in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd, prod

from archspec.ops.arguments import Bool, Either, Int, one_of, sizes, spread
from archspec.ops.common import KAIMING, LAYOUTS, by, channels, divisors, images, uniform_by_fan_in
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.tensors import TensorType

_IN_CHANNELS = Inferred(channels, "input channels")


def _check_groups(args: Args) -> None:
    groups, into, out = args.groups, args.in_channels, args.out_channels
    if into % groups == 0 == out % groups:
        return
    faults = [
        f"`{name}` {count} % {groups} = {count % groups}"
        for name, count in (("in_channels", into), ("out_channels", out))
        if count % groups
    ]
    raise RuleFault(
        "AS402",
        f"`groups: {groups}` of {{name}} must divide both `in_channels` {into} and `out_channels` {out}",
        arg="groups",
        notes=(", ".join(faults),),
        help=f"`groups` can be {divisors(gcd(into, out))}",
    )


def _check_convolution(args: Args, inputs: Inputs) -> None:
    _check_groups(args)
    count = inputs[0].rank - 2
    if args.padding == "same" and any(step != 1 for step in spread(args.stride, count)):
        raise RuleFault(
            "AS402",
            "`padding: same` of {name} works only with `stride: 1`",
            arg="padding",
            help="write the padding as a number, or leave `stride` out",
        )


def _same_padding(args: Args, count: int) -> list[tuple[int, int]]:
    """Left and right padding of `padding: same`, as torch splits it: the odd one goes right."""
    totals = [
        step * (size - 1)
        for step, size in zip(spread(args.dilation, count), spread(args.kernel_size, count), strict=True)
    ]
    return [(total // 2, total - total // 2) for total in totals]


def _paddings(args: Args, count: int) -> list[tuple[int, int]]:
    if args.padding == "valid":
        return [(0, 0)] * count
    if args.padding == "same":
        return _same_padding(args, count)
    return [(size, size) for size in spread(args.padding, count)]


def _check_padding_mode(args: Args, given: TensorType, paddings: list[tuple[int, int]]) -> None:
    if args.padding_mode not in ("reflect", "circular"):
        return
    at_most = 0 if args.padding_mode == "circular" else -1
    words = "at most" if args.padding_mode == "circular" else "less than"
    for size, (left, right) in zip(given.spatial, paddings, strict=True):
        if max(left, right) > size + at_most:
            raise RuleFault(
                "AS402",
                f"`padding_mode: {args.padding_mode}` of {{name}} needs a padding {words} the input's size, "
                f"but the padding is {max(left, right)} and the size {size}",
                arg="padding_mode",
                input=0,
                help="use `padding_mode: zeros`, or a smaller padding",
            )


def _convolution_shape(args: Args, inputs: Inputs) -> Outputs:
    """floor((size + padding − dilation·(kernel − 1) − 1) / stride) + 1, from the docs of `torch.nn.Conv2d`."""
    given = inputs[0]
    count = given.rank - 2
    paddings = _paddings(args, count)
    _check_padding_mode(args, given, paddings)
    kernel = spread(args.kernel_size, count)
    dilation = spread(args.dilation, count)
    out = []
    for axis, (size, (left, right), step) in enumerate(
        zip(given.spatial, paddings, spread(args.stride, count), strict=True)
    ):
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        if reach > size + left + right:
            raise _kernel_too_large(given, kernel, dilation, paddings)
        out.append((size + left + right - reach) // step + 1)
    return (images(given, (given.shape[0], args.out_channels, *out)),)


def _kernel_too_large(
    given: TensorType, kernel: tuple[int, ...], dilation: tuple[int, ...], paddings: list[tuple[int, int]]
) -> RuleFault:
    size = by(given.spatial)
    padded = by(tuple(s + left + right for s, (left, right) in zip(given.spatial, paddings, strict=True)))
    reach = by(tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)))
    with_padding = "" if padded == size else f" ({padded} with its padding)"
    dilated = "" if all(step == 1 for step in dilation) else f", {reach} with its dilation,"
    return RuleFault(
        "AS303",
        f"the kernel of {{name}} is {by(kernel)}{dilated} but its input is only {size}{with_padding}",
        arg="kernel_size",
        input=0,
        help="use a smaller kernel, more padding, fewer downsampling steps before it, or a larger input",
    )


def _weight(args: Args, first: int, second: int, count: int) -> State:
    return State((first, second // args.groups, *spread(args.kernel_size, count)), KAIMING)


def _with_bias(args: Args, weight: State) -> Mapping[str, State]:
    if not args.bias:
        return {"weight": weight}
    return {"weight": weight, "bias": State((args.out_channels,), uniform_by_fan_in(prod(weight.shape[1:])))}


def _convolution(count: int) -> Op:
    def state(args: Args) -> Mapping[str, State]:
        return _with_bias(args, _weight(args, args.out_channels, args.in_channels, count))

    def macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
        kernel = int(prod(spread(args.kernel_size, count)))
        per_output = kernel * int(args.in_channels // args.groups)
        return prod(outputs[0].spatial) * int(args.out_channels) * per_output

    return Op(
        name=f"Conv{count}d",
        target=f"torch.nn.Conv{count}d",
        doc=f"{count}-d convolution over an input of several channels.",
        args=(
            Arg("in_channels", Int(1), inferred=_IN_CHANNELS, doc="channels of the input"),
            Arg("out_channels", Int(1), doc="channels of the output", example=64),
            Arg("kernel_size", sizes(count, 1), doc="size of the kernel", example=3),
            Arg("stride", sizes(count, 1), 1, doc="step of the kernel"),
            Arg("padding", Either((sizes(count, 0), one_of("same", "valid"))), 0, doc="added to each side"),
            Arg("dilation", sizes(count, 1), 1, doc="spacing of the kernel's elements"),
            Arg("groups", Int(1), 1, doc="groups of channels that are convolved apart"),
            Arg("bias", Bool(), True, doc="add a learned bias"),
            Arg("padding_mode", one_of("zeros", "reflect", "replicate", "circular"), "zeros", doc="what to pad with"),
        ),
        primary="out_channels",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_convolution,
        shape=_convolution_shape,
        state=state,
        macs=macs,
    )


def _check_transposed(args: Args, inputs: Inputs) -> None:
    _check_groups(args)
    count = inputs[0].rank - 2
    paddings = spread(args.output_padding, count)
    for out, step, dilation in zip(paddings, spread(args.stride, count), spread(args.dilation, count), strict=True):
        if out >= max(step, dilation):
            raise RuleFault(
                "AS402",
                f"`output_padding: {out}` of {{name}} must be smaller than "
                f"its stride {step} or its dilation {dilation}",
                arg="output_padding",
                help=f"use an `output_padding` from 0 to {max(step, dilation) - 1}",
            )


def _transposed_shape(args: Args, inputs: Inputs) -> Outputs:
    """(size − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1, from `torch.nn.ConvTranspose2d`."""
    given = inputs[0]
    count = given.rank - 2
    arguments = (args.stride, args.padding, args.dilation, args.kernel_size, args.output_padding)
    out = tuple(
        (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1
        for size, stride, padding, dilation, kernel, extra in zip(
            given.spatial, *(spread(argument, count) for argument in arguments), strict=True
        )
    )
    if any(size < 1 for size in out):
        raise RuleFault(
            "AS303",
            f"{{name}} would give an output of {by(out)}",
            arg="padding",
            input=0,
            help="use a smaller padding, or a larger input",
        )
    return (images(given, (given.shape[0], args.out_channels, *out)),)


def _transposed(count: int) -> Op:
    def state(args: Args) -> Mapping[str, State]:
        return _with_bias(args, _weight(args, args.in_channels, args.out_channels, count))

    def macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
        kernel = int(prod(spread(args.kernel_size, count)))
        per_input = kernel * int(args.out_channels // args.groups)
        return prod(inputs[0].spatial) * int(args.in_channels) * per_input

    return Op(
        name=f"ConvTranspose{count}d",
        target=f"torch.nn.ConvTranspose{count}d",
        doc=f"{count}-d transposed convolution, which upsamples by its stride.",
        args=(
            Arg("in_channels", Int(1), inferred=_IN_CHANNELS, doc="channels of the input"),
            Arg("out_channels", Int(1), doc="channels of the output", example=64),
            Arg("kernel_size", sizes(count, 1), doc="size of the kernel", example=3),
            Arg("stride", sizes(count, 1), 1, doc="upsampling factor"),
            Arg("padding", sizes(count, 0), 0, doc="taken off each side of the output"),
            Arg("output_padding", sizes(count, 0), 0, doc="added to one side of the output"),
            Arg("groups", Int(1), 1, doc="groups of channels that are convolved apart"),
            Arg("bias", Bool(), True, doc="add a learned bias"),
            Arg("dilation", sizes(count, 1), 1, doc="spacing of the kernel's elements"),
            Arg("padding_mode", one_of("zeros"), "zeros", doc="torch has only `zeros` here"),
        ),
        primary="out_channels",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_transposed,
        shape=_transposed_shape,
        state=state,
        macs=macs,
    )


OPS = tuple(make(count) for make in (_convolution, _transposed) for count in (1, 2, 3))
