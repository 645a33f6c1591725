"""Functions of images and their grids: `pad`, `crop`, `grid_sample`, `affine_grid`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.ops.arguments import Bool, Each, Float, Int, Maybe, one_of
from archspec.ops.common import images, refuse_empty
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.fills import check_fill
from archspec.ops.sizes import Size
from archspec.tensors import Batch, Dim

_ALIGN_CORNERS = Arg("align_corners", Maybe(Bool()), None, doc="the corners' centres, not their edges, are at −1 and 1")
_ANY_IMAGE = tuple(range(4, 65))


def _pad_fault(message: str, help: str) -> RuleFault:
    return RuleFault("AS402", message, arg="pad", input=0, help=help)


def _sides(args: Args, rank: int) -> list[tuple[int, int]]:
    """Padding before and after each dimension; torch lists the last dimension first."""
    pairs = [(args.pad[at], args.pad[at + 1]) for at in range(0, len(args.pad), 2)]
    return [(0, 0)] * (rank - len(pairs)) + pairs[::-1]


def _check_pad(args: Args, inputs: Inputs) -> None:
    given = inputs[0]
    if len(args.pad) % 2 or len(args.pad) > 2 * given.rank:
        found = f"`pad` of {{name}} must be pairs, at most one for each dimension of {given}, found {len(args.pad)}"
        raise _pad_fault(f"{found} numbers", "write `[left, right]` or `[left, right, top, bottom]`")
    if args.mode == "constant":
        check_fill(args.value or 0, given.dtype, "value")
        return
    if given.dtype == "bool" and args.mode != "circular":
        message = f"`mode: {args.mode}` of {{name}} is for numbers, but receives {given}"
        raise RuleFault("AS306", message, arg="mode", input=0, help="use `mode: constant` or `mode: circular`")
    if args.value:
        message = f"`value` of {{name}} is for `mode: constant`, not for `mode: {args.mode}`"
        raise RuleFault("AS402", message, arg="value", help="leave it out")
    count = len(args.pad) // 2
    if count > 3 or given.rank not in (count + 1, count + 2):
        message = f"`mode: {args.mode}` of {{name}} pads the last {count} dimensions of a tensor of rank {count + 2}"
        raise _pad_fault(f"{message}, but receives {given}", f"write {2 * (given.rank - 2)} numbers")
    if min(args.pad) < 0:
        message = "`pad` of {name} is negative, which only `mode: constant` allows"
        raise _pad_fault(message, "use `slice` or `crop`")
    _check_reach(args, inputs)


def _check_reach(args: Args, inputs: Inputs) -> None:
    """A mirror image is smaller than what it mirrors; what is repeated is no larger than what there is."""
    spare = {"reflect": 1, "circular": 0}.get(args.mode)
    for size, (before, after) in zip(inputs[0].shape, _sides(args, inputs[0].rank), strict=True):
        if spare is not None and isinstance(size, int) and max(before, after) > size - spare:
            words = "less than" if spare else "at most"
            message = f"`pad` of {{name}} must be {words} the size it pads, but is {max(before, after)} for {size}"
            raise _pad_fault(f"{message} in {inputs[0]}", "use a smaller padding, or `mode: replicate`")


def _pad_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    sides = _sides(args, given.rank)
    shape = tuple(_padded(size, *pair, inputs) for size, pair in zip(given.shape, sides, strict=True))
    refuse_empty(tuple(size for size in shape if isinstance(size, int)), given, "pad")
    return (given.with_shape(shape, channels_first=given.channels_first),)


def _padded(size: Dim, before: int, after: int, inputs: Inputs) -> Dim:
    if isinstance(size, Batch):
        if before or after:
            raise _pad_fault(f"`pad` of {{name}} would add samples to the batch of {inputs[0]}", "write fewer numbers")
        return size
    if size + min(before, 0) + min(after, 0) < 0:
        message = f"the negative `pad` of {{name}} crops more than there is of {inputs[0]}"
        raise RuleFault("AS303", message, arg="pad", input=0, help="crop less")
    return size + before + after


def _check_crop(args: Args, inputs: Inputs) -> None:
    for first, size, whole in (("top", "height", -2), ("left", "width", -1)):
        room = inputs[0].shape[whole]
        assert isinstance(room, int)
        start = args[first] or 0
        if start + args[size] > room:
            message = f"{{name}} cuts {args[size]} out of a {size} of {room}" + (f", from {start} on" if start else "")
            raise RuleFault("AS402", f"{message}: {inputs[0]}", arg=size, input=0, help=f"use a `{size}` that fits")


def _crop_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    return (images(given, (*given.shape[:-2], args.height, args.width)),)


def _solved_crop(args: Args, inputs: Inputs) -> Mapping[str, Any]:
    height, width = inputs[0].shape[-2:]
    assert isinstance(height, int)
    assert isinstance(width, int)
    top = (height - args.height) // 2 if args.top is None else args.top
    return {"top": top, "left": (width - args.width) // 2 if args.left is None else args.left}


def _crop_code(args: Args, inputs: tuple[str, ...]) -> str:
    top, left = args.top or 0, args.left or 0
    return f"{inputs[0]}[..., {top} : {top + args.height}, {left} : {left + args.width}]"


def _check_grid(args: Args, inputs: Inputs) -> None:
    given, grid = inputs
    count = given.rank - 2
    if grid.dtype != given.dtype:
        message = f"{{name}} needs a grid of {given.dtype}, but receives {grid}"
        raise RuleFault("AS306", message, input=1, help="give both one element type")
    if grid.rank != given.rank or grid.shape[0] != given.shape[0] or grid.shape[-1] != count:
        wanted = "[N, H, W, 2]" if count == 2 else "[N, D, H, W, 3]"
        message = f"{{name}} needs a grid {wanted} for {given}, but receives {grid}"
        raise RuleFault("AS304", message, input=1, help="make it with `affine_grid`")
    if args.mode == "bicubic" and count != 2:
        message = f"`mode: bicubic` of {{name}} is for [N, C, H, W], but it receives {given}"
        raise RuleFault("AS402", message, arg="mode", input=0, help="write `mode: bilinear`", suggestion="bilinear")


def _grid_sample_shape(args: Args, inputs: Inputs) -> Outputs:
    given, grid = inputs
    return (images(given, (*given.shape[:2], *grid.shape[1:-1])),)


def _affine_grid_shape(args: Args, inputs: Inputs) -> Outputs:
    theta, count = inputs[0], len(args.size) - 2
    if count not in (2, 3) or -1 in args.size or any(isinstance(size, Batch) for size in args.size[1:]):
        message = "`size` of {name} must be [N, C, H, W] or [N, C, D, H, W], every size but `N` a number"
        raise RuleFault("AS402", message, arg="size", help="write it like `[N, 3, 32, 32]`")
    if theta.rank != 3 or theta.shape[1:] != (count, count + 1):
        message = f"{{name}} needs matrices [N, {count}, {count + 1}], but receives {theta}"
        raise RuleFault("AS304", message, input=0, help="bring them into that shape with `reshape`")
    if args.size[0] != theta.shape[0]:
        message = f"`size` of {{name}} begins with {args.size[0]}, but there are {theta.shape[0]} matrices: {theta}"
        raise RuleFault("AS304", message, arg="size", index=0, input=0, help=f"write `{theta.shape[0]}` there")
    return (theta.with_shape((args.size[0], *args.size[2:], count)),)


def _affine_grid_code(args: Args, inputs: tuple[str, ...]) -> str:
    sizes = (f"{inputs[0]}.size(0)" if isinstance(size, Batch) else str(size) for size in args.size)
    corners = "" if args.align_corners is None else f", align_corners={args.align_corners}"
    return f"F.affine_grid({inputs[0]}, [{', '.join(sizes)}]{corners})"


OPS = (
    Op(
        name="pad",
        target="torch.nn.functional.pad",
        doc="Elements around the last dimensions.",
        args=(
            Arg("pad", Each(Int()), doc="left, right, top, bottom, … from the last dimension on", example=[1, 1, 1, 1]),
            Arg("mode", one_of("constant", "reflect", "replicate", "circular"), "constant", doc="what to pad with"),
            Arg("value", Maybe(Float()), None, doc="the constant, 0 unless given"),
        ),
        primary="pad",
        check=_check_pad,
        shape=_pad_shape,
        floating=False,
    ),
    Op(
        name="crop",
        target="torchvision.transforms.functional.crop",
        doc="A rectangle of each image, the middle unless told otherwise.",
        args=(
            Arg("top", Maybe(Int(0)), None, doc="its first row"),
            Arg("left", Maybe(Int(0)), None, doc="its first column"),
            Arg("height", Int(1), doc="its height", example=24),
            Arg("width", Int(1), doc="its width", example=24),
        ),
        ranks=_ANY_IMAGE,
        layout="[N, …, C, H, W]",
        check=_check_crop,
        shape=_crop_shape,
        solve=_solved_crop,
        code=_crop_code,
        floating=False,
        view="shared",
    ),
    Op(
        name="grid_sample",
        target="torch.nn.functional.grid_sample",
        doc="The input's values at the places that a grid names, interpolated.",
        args=(
            Arg("mode", one_of("bilinear", "nearest", "bicubic"), "bilinear", doc="how to interpolate"),
            Arg("padding_mode", one_of("zeros", "border", "reflection"), "zeros", doc="what lies outside"),
            _ALIGN_CORNERS,
        ),
        inputs=("input", "grid"),
        ranks=(4, 5),
        layout="[N, C, H, W] or [N, C, D, H, W]",
        check=_check_grid,
        shape=_grid_sample_shape,
    ),
    Op(
        name="affine_grid",
        target="torch.nn.functional.affine_grid",
        doc="The places that affine maps take an image's pixels from.",
        args=(
            Arg("size", Each(Size()), doc="the output's size, `[N, C, H, W]`", example=["N", 3, 32, 32]),
            _ALIGN_CORNERS,
        ),
        inputs=("theta",),
        primary="size",
        shape=_affine_grid_shape,
        code=_affine_grid_code,
    ),
)
