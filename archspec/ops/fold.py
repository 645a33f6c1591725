"""Sliding windows as columns (`Unfold`), and columns summed back into images (`Fold`)."""

from __future__ import annotations

import math

from archspec.ops.arguments import sizes, spread
from archspec.ops.common import LAYOUTS, by, images, refuse_empty
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.pooling import pooled

_WINDOW = (
    Arg("kernel_size", sizes(2, 1), doc="size of the window", example=2),
    Arg("dilation", sizes(2, 1), 1, doc="step between the elements of a window"),
    Arg("padding", sizes(2, 0), 0, doc="added to each side of the image"),
    Arg("stride", sizes(2, 1), 1, doc="step of the window"),
)


def _windows(args: Args, size: tuple[int, ...]) -> tuple[int, ...]:
    """How many windows there are along each dimension of an image."""
    spec = (spread(args[name], 2) for name in ("kernel_size", "stride", "padding", "dilation"))
    return tuple(pooled(*axis) for axis in zip(size, *spec, strict=True))


def _unfold_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    windows = _windows(args, given.spatial)
    refuse_empty(windows, given, "kernel_size")
    depth = given.shape[1] * math.prod(spread(args.kernel_size, 2))
    return (images(given, (given.shape[0], depth, math.prod(windows))),)


def _check_fold(args: Args, inputs: Inputs) -> None:
    given, kernel = inputs[0], spread(args.kernel_size, 2)
    depth, columns = given.shape[1:]
    if isinstance(depth, int) and depth % math.prod(kernel):
        raise RuleFault(
            "AS402",
            f"dimension 1 of {given} must be a multiple of the {math.prod(kernel)} elements of the {by(kernel)} window "
            f"of {{name}}: {depth} % {math.prod(kernel)} = {depth % math.prod(kernel)}",
            arg="kernel_size",
            input=0,
            help="use the `kernel_size` that the windows were made with",
        )
    size = spread(args.output_size, 2)
    windows = _windows(args, size)
    if min(windows) < 1 or math.prod(windows) != columns:
        found = by(windows) if min(windows) > 0 else "no"
        raise RuleFault(
            "AS402",
            f"{{name}} needs one column for each window: an image of {by(size)} has {found} windows, "
            f"but {given} has {columns} columns",
            arg="output_size",
            input=0,
            help="use the size, `kernel_size`, `stride`, `padding` and `dilation` that the windows were made with",
        )


def _fold_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    depth = given.shape[1] // math.prod(spread(args.kernel_size, 2))
    return (images(given, (given.shape[0], depth, *spread(args.output_size, 2))),)


OPS = (
    Op(
        name="Fold",
        target="torch.nn.Fold",
        doc="Sums columns of windows into an image; where windows overlap, their elements are added.",
        args=(Arg("output_size", sizes(2, 1), doc="height and width of the image", example=[8, 8]), *_WINDOW),
        ranks=(3,),
        layout="[N, C·window, L]",
        check=_check_fold,
        shape=_fold_shape,
    ),
    Op(
        name="Unfold",
        target="torch.nn.Unfold",
        doc="Takes the sliding windows of an image out, each as a column.",
        args=_WINDOW,
        primary="kernel_size",
        ranks=(4,),
        layout=LAYOUTS[2],
        shape=_unfold_shape,
    ),
)
