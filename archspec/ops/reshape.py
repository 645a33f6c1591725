"""Layers and functions that keep every element and change the shape only."""

from __future__ import annotations

from math import prod

from archspec.ops.arguments import Each, Int, show
from archspec.ops.common import divisors, images, normalize_dim, ranks_from, same
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.ordered import ordered_beyond_images
from archspec.tensors import Batch, Dim, volume

_FLATTEN_DOC = "Joins the dimensions from start_dim to end_dim into one."


def _flatten_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    start = normalize_dim(args.start_dim, given.rank, "start_dim")
    end = normalize_dim(args.end_dim, given.rank, "end_dim")
    if start > end:
        raise RuleFault(
            "AS402",
            f"{{name}} would join the dimensions from {start} to {end} of {given}: it starts after it ends",
            arg="start_dim" if "start_dim" in args.written else "end_dim" if "end_dim" in args.written else None,
            input=0,
            help="use a `start_dim` that is not after `end_dim`",
        )
    if start == end:
        return (given,)
    return (given.with_shape((*given.shape[:start], volume(given.shape[start : end + 1]), *given.shape[end + 1 :])),)


def _flatten_args(start: int) -> tuple[Arg, ...]:
    return (
        Arg("start_dim", Int(), start, doc="first dimension to join"),
        Arg("end_dim", Int(), -1, doc="last dimension to join"),
    )


def _flatten_code(args: Args, inputs: tuple[str, ...]) -> str:
    """`start_dim` is always written: torch's function starts at 0, this one at 1 as the layer does."""
    end = "" if args.end_dim == -1 else f", {args.end_dim}"
    return f"torch.flatten({inputs[0]}, {args.start_dim}{end})"


def _unflatten_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    dim = normalize_dim(args.dim, given.rank, "dim")
    parts = _split(given.shape[dim], args.unflattened_size)
    if parts is None:
        raise RuleFault(
            "AS402",
            f"{{name}} cannot split dimension {dim} of {given} into {show(args.unflattened_size)}: "
            f"{given.shape[dim]} is not {' · '.join(map(str, args.unflattened_size))}",
            arg="unflattened_size",
            input=0,
            help="write sizes whose product it is; one of them may be -1, for what is left",
        )
    return (given.with_shape((*given.shape[:dim], *parts, *given.shape[dim + 1 :])),)


def _split(size: Dim, into: tuple[int, ...]) -> tuple[Dim, ...] | None:
    """The sizes with −1 solved; None where their product is not `size` for every batch size."""
    known = prod(part for part in into if part != -1)
    whole = size.multiple if isinstance(size, Batch) else size
    if -1 not in into:
        return into if known == size else None
    if whole % known:
        return None
    left: Dim = Batch(whole // known) if isinstance(size, Batch) else whole // known
    return tuple(left if part == -1 else part for part in into)


def _check_unflatten(args: Args, inputs: Inputs) -> None:
    unknown = [index for index, part in enumerate(args.unflattened_size) if part == -1]
    zero = [index for index, part in enumerate(args.unflattened_size) if part == 0]
    if len(unknown) > 1 or zero:
        found = "two sizes of -1" if len(unknown) > 1 else "a size of 0"
        raise RuleFault(
            "AS402",
            f"`unflattened_size` of {{name}} has {found}",
            arg="unflattened_size",
            index=zero[0] if zero else unknown[1],
            help="write positive sizes, of which one may be -1",
        )


def shuffled_up(args: Args, inputs: Inputs) -> Outputs:
    """[…, C·r², H, W] to […, C, H·r, W·r]."""
    given, factor = inputs[0], args.upscale_factor
    *front, count, height, width = given.shape
    assert isinstance(count, int)
    if count % factor**2:
        raise RuleFault(
            "AS402",
            f"{{name}} needs a multiple of {factor}² = {factor**2} channels, but receives {given}",
            arg="upscale_factor",
            input=0,
            help=f"give the layer before it a multiple of {factor**2} channels",
        )
    shape = (*front, count // factor**2, volume((height, factor)), volume((width, factor)))
    return (images(given, shape),)


def shuffled_down(args: Args, inputs: Inputs) -> Outputs:
    """[…, C, H·r, W·r] to […, C·r², H, W]."""
    given, factor = inputs[0], args.downscale_factor
    *front, count, height, width = given.shape
    assert isinstance(count, int)
    assert isinstance(height, int)
    assert isinstance(width, int)
    if height % factor or width % factor:
        raise RuleFault(
            "AS402",
            f"{{name}} needs a height and a width that {factor} divides, but receives {given}",
            arg="downscale_factor",
            input=0,
            help="use another factor, or pad or crop the input",
        )
    return (images(given, (*front, count * factor**2, height // factor, width // factor)),)


def _check_groups(args: Args, inputs: Inputs) -> None:
    given = inputs[0]
    count = given.shape[1]
    assert isinstance(count, int)
    if count % args.groups:
        raise RuleFault(
            "AS402",
            f"`groups: {args.groups}` of {{name}} must divide the {count} channels of {given}",
            arg="groups",
            input=0,
            help=f"`groups` can be {divisors(count)}",
        )


OPS = (
    Op(name="Identity", target="torch.nn.Identity", doc="The input itself.", shape=same, floating=False, view="shared"),
    Op(
        name="Flatten",
        target="torch.nn.Flatten",
        doc=_FLATTEN_DOC,
        args=_flatten_args(1),
        primary="start_dim",
        shape=_flatten_shape,
        floating=False,
        view="shared",
    ),
    Op(
        name="flatten",
        target="torch.flatten",
        doc=_FLATTEN_DOC,
        args=_flatten_args(1),
        primary="start_dim",
        shape=_flatten_shape,
        code=_flatten_code,
        floating=False,
        view="shared",
    ),
    Op(
        name="Unflatten",
        target="torch.nn.Unflatten",
        doc="Splits one dimension into several.",
        args=(
            Arg("dim", Int(), doc="the dimension to split", example=1),
            Arg("unflattened_size", Each(Int(-1)), doc="its new sizes; -1 for what is left", example=[8, -1]),
        ),
        primary="dim",
        check=_check_unflatten,
        shape=_unflatten_shape,
        floating=False,
        view="shared",
    ),
    ordered_beyond_images(
        Op(
            name="PixelShuffle",
            target="torch.nn.PixelShuffle",
            doc="Moves channels into space: r² channels become r × r pixels.",
            args=(Arg("upscale_factor", Int(1), doc="r", example=2),),
            primary="upscale_factor",
            ranks=ranks_from(4),
            layout="[N, …, C, H, W]",
            shape=shuffled_up,
            floating=False,
        )
    ),
    ordered_beyond_images(
        Op(
            name="PixelUnshuffle",
            target="torch.nn.PixelUnshuffle",
            doc="Moves space into channels: r × r pixels become r² channels.",
            args=(Arg("downscale_factor", Int(1), doc="r", example=2),),
            primary="downscale_factor",
            ranks=ranks_from(4),
            layout="[N, …, C, H, W]",
            shape=shuffled_down,
            floating=False,
        )
    ),
    Op(
        name="ChannelShuffle",
        target="torch.nn.ChannelShuffle",
        doc="Interleaves groups of channels.",
        args=(Arg("groups", Int(1), doc="number of groups", example=2),),
        primary="groups",
        ranks=ranks_from(3),
        layout="[N, C, …]",
        check=_check_groups,
        shape=lambda args, inputs: (images(inputs[0], inputs[0].shape),),
        floating=False,
    ),
)
