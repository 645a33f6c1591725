"""Poolings over windows: maximum, average and power average; their inverses. Adaptive ones are in `adaptive`."""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.arguments import ArgType, Bool, Each, Float, Int, Maybe, sizes, spread
from archspec.ops.common import LAYOUTS, by, images, refuse_empty
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import TensorType

_CEIL = Arg("ceil_mode", Bool(), False, doc="round the output's size up, so that windows may hang over the end")
_RETURN_INDICES = Arg("return_indices", Bool(), False, doc="give the maxima's places as a second output")


def _kernel(count: int) -> Arg:
    return Arg("kernel_size", sizes(count, 1), doc="size of the window", example=2)


def _stride(count: int) -> Arg:
    return Arg("stride", Maybe(sizes(count, 1)), None, doc="step of the window; its size when left out")


def _padding(count: int) -> Arg:
    return Arg("padding", sizes(count, 0), 0, doc="added to each side; at most half the window")


def _check_padding(args: Args, inputs: Inputs) -> None:
    """torch's own limit: beyond it there are windows with nothing but padding in them."""
    count = inputs[0].rank - 2
    for padding, kernel in zip(spread(args.padding, count), spread(args.kernel_size, count), strict=True):
        if padding > kernel // 2:
            raise RuleFault(
                "AS402",
                f"`padding: {padding}` of {{name}} is more than half its window of {kernel}",
                arg="padding",
                help=f"use a `padding` from 0 to {kernel // 2}",
            )


def pooled(size: int, kernel: int, stride: int, padding: int = 0, dilation: int = 1, ceil_mode: bool = False) -> int:
    """The number of windows along one dimension.

    floor((size + 2·padding − dilation·(kernel − 1) − 1) / stride) + 1, from the docs of `torch.nn.MaxPool2d`;
    rounded up with `ceil_mode`, less a last window that would start beyond the input and its left padding.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    windows = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (windows - 1) * stride >= size + padding:
        windows -= 1
    return windows


def _windows(args: Args, given: TensorType) -> tuple[int, ...]:
    count = given.rank - 2
    kernel = spread(args.kernel_size, count)
    stride = kernel if args.stride is None else spread(args.stride, count)
    padding = spread(args.get("padding", 0), count)
    dilation = spread(args.get("dilation", 1), count)
    out = tuple(
        pooled(*axis, ceil_mode=args.ceil_mode)
        for axis in zip(given.spatial, kernel, stride, padding, dilation, strict=True)
    )
    if any(size < 1 for size in out):
        padded = tuple(size + 2 * extra for size, extra in zip(given.spatial, padding, strict=True))
        reach = tuple(step * (size - 1) + 1 for step, size in zip(dilation, kernel, strict=True))
        raise _window_too_large(reach, padded)
    return out


def _check_room(args: Args, inputs: Inputs) -> None:
    """torch's averages in three dimensions do not count the padding, nor what hangs over with `ceil_mode`."""
    given = inputs[0]
    kernel = spread(args.kernel_size, 3)
    if any(size < window for size, window in zip(given.spatial, kernel, strict=True)):
        raise _window_too_large(kernel, given.spatial)


def _window_too_large(window: tuple[int, ...], room: tuple[int, ...]) -> RuleFault:
    return RuleFault(
        "AS303",
        f"the window of {{name}} is {by(window)} but its input is only {by(room)}",
        arg="kernel_size",
        input=0,
        help="use a smaller window, fewer downsampling steps before it, or a larger input",
    )


def _check_average(args: Args, inputs: Inputs) -> None:
    if "padding" in args:
        _check_padding(args, inputs)
    if inputs[0].rank == 5:
        _check_room(args, inputs)


def _pool_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    return with_indices(args, images(given, (*given.shape[:2], *_windows(args, given))))


def with_indices(args: Args, output: TensorType) -> Outputs:
    """The output, and with `return_indices` the maxima's places in the input, of the same shape."""
    if not args.get("return_indices", False):
        return (output,)
    return output, TensorType(output.shape, "int64")


def _max_pool(count: int) -> Op:
    return Op(
        name=f"MaxPool{count}d",
        target=f"torch.nn.MaxPool{count}d",
        doc="The maximum of each window.",
        args=(
            _kernel(count),
            _stride(count),
            _padding(count),
            Arg("dilation", sizes(count, 1), 1, doc="spacing of the window's elements"),
            _RETURN_INDICES,
            _CEIL,
        ),
        primary="kernel_size",
        ports=("output", "indices"),
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_padding,
        shape=_pool_shape,
    )


def _avg_pool(count: int) -> Op:
    divisor = Arg("divisor_override", Maybe(Int(1)), None, doc="what to divide by in place of the window's size")
    return Op(
        name=f"AvgPool{count}d",
        target=f"torch.nn.AvgPool{count}d",
        doc="The average of each window.",
        args=(
            _kernel(count),
            _stride(count),
            _padding(count),
            _CEIL,
            Arg("count_include_pad", Bool(), True, doc="count the padding in the average"),
            *(() if count == 1 else (divisor,)),
        ),
        primary="kernel_size",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_average,
        shape=_pool_shape,
    )


def _lp_pool(count: int) -> Op:
    kernel: ArgType = Int(1) if count == 1 else sizes(count, 1)
    return Op(
        name=f"LPPool{count}d",
        target=f"torch.nn.LPPool{count}d",
        doc="The power average of each window: (Σ xᵖ)^(1/p).",
        args=(
            Arg("norm_type", Float(above=0), doc="the power p", example=2),
            Arg("kernel_size", kernel, doc="size of the window", example=2),
            _stride(count),
            _CEIL,
        ),
        primary="norm_type",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_average,
        shape=_pool_shape,
    )


def _check_fractional(args: Args, inputs: Inputs) -> None:
    if (args.output_size is None) == (args.output_ratio is None):
        found = "neither" if args.output_size is None else "both"
        raise RuleFault(
            "AS402",
            f"{{name}} needs either `output_size` or `output_ratio`, found {found}",
            arg=None if args.output_size is None else "output_ratio",
            help="write one of them, e.g. `output_ratio: 0.5`",
        )


def _fractional_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    count = given.rank - 2
    if args.output_size is not None:
        arg, out = "output_size", spread(args.output_size, count)
    else:
        arg, ratios = "output_ratio", spread(args.output_ratio, count)
        out = tuple(int(size * ratio) for size, ratio in zip(given.spatial, ratios, strict=True))
        refuse_empty(out, given, arg)
    kernel = spread(args.kernel_size, count)
    spare = count - 2  # torch wants one element more in three dimensions than in two
    if any(o + k - 1 + spare > size for o, k, size in zip(out, kernel, given.spatial, strict=True)):
        raise RuleFault(
            "AS303",
            f"{{name}} cannot place {by(out)} windows of {by(kernel)} in {by(given.spatial)}",
            arg=arg,
            input=0,
            help="use a smaller window or a smaller output",
        )
    return with_indices(args, images(given, (*given.shape[:2], *out)))


def _fractional(count: int) -> Op:
    ratio = Float(above=0, below=1)
    return Op(
        name=f"FractionalMaxPool{count}d",
        target=f"torch.nn.FractionalMaxPool{count}d",
        doc="The maxima of windows at random places, for any output size.",
        args=(
            _kernel(count),
            Arg("output_size", Maybe(sizes(count, 1)), None, doc="size of the output"),
            Arg("output_ratio", Maybe(Each(ratio, count, or_one=True)), None, doc="the output's size over the input's"),
            _RETURN_INDICES,
        ),
        primary="kernel_size",
        ports=("output", "indices"),
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_fractional,
        shape=_fractional_shape,
    )


def _check_unpool(args: Args, inputs: Inputs) -> None:
    values, indices = inputs
    if indices.dtype != "int64":
        raise RuleFault(
            "AS306",
            f"{{name}} needs int64 indices as its second input, but receives {indices}",
            input=1,
            help="give it the `indices` port of a pooling with `return_indices: true`",
        )
    if indices.shape != values.shape:
        raise RuleFault(
            "AS304",
            f"{{name}} needs indices of the shape of its values: these are {indices}, those {values}",
            input=1,
            help="give it values and indices of one pooling's shape",
        )


def _unpool_shape(args: Args, inputs: Inputs) -> Outputs:
    """(size − 1)·stride − 2·padding + kernel, from the docs of `torch.nn.MaxUnpool2d`."""
    given = inputs[0]
    count = given.rank - 2
    kernel = spread(args.kernel_size, count)
    stride = kernel if args.stride is None else spread(args.stride, count)
    out = tuple(
        (size - 1) * step - 2 * padding + window
        for size, step, padding, window in zip(given.spatial, stride, spread(args.padding, count), kernel, strict=True)
    )
    refuse_empty(out, given, "padding")
    return (images(given, (*given.shape[:2], *out)),)


def _unpool_inputs(args: Args, inputs: tuple[str, ...]) -> str:
    """torch takes a `view` of the indices, which wants them in order in memory."""
    return f"{inputs[0]}, {inputs[1]}.contiguous()"


def _unpool(count: int) -> Op:
    return Op(
        name=f"MaxUnpool{count}d",
        target=f"torch.nn.MaxUnpool{count}d",
        doc="Puts maxima back to the places that a max pooling found them at; zeros elsewhere.",
        args=(_kernel(count), _stride(count), Arg("padding", sizes(count, 0), 0, doc="the pooling's padding")),
        primary="kernel_size",
        inputs=("input", "indices"),
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_unpool,
        shape=_unpool_shape,
        call=_unpool_inputs if count > 1 else None,
    )


_FAMILIES: tuple[tuple[Callable[[int], Op], tuple[int, ...]], ...] = (
    (_max_pool, (1, 2, 3)),
    (_avg_pool, (1, 2, 3)),
    (_lp_pool, (1, 2, 3)),
    (_fractional, (2, 3)),
    (_unpool, (1, 2, 3)),
)

OPS = tuple(make(count) for make, counts in _FAMILIES for count in counts)
