"""Interpolation to a size or by a factor, as layers and as a function."""

from __future__ import annotations

from typing import Any

from archspec.ops.arguments import ArgType, Bool, Each, Float, Int, Maybe, one_of, sizes, spread
from archspec.ops.common import LAYOUTS, images, refuse_empty
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault

_RANKS_OF_MODES = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}
"""The ranks that a mode is for; those that are not here work at every rank."""
_ANY_LAYOUT = "[N, C, L], [N, C, H, W] or [N, C, D, H, W]"
_FACTOR = Float(above=0)


def _each_or_one(type: ArgType) -> ArgType:
    return Maybe(Each(type, or_one=True))


_SIZE = Arg("size", _each_or_one(Int(1)), None, doc="size of the output")
_SCALE = Arg("scale_factor", _each_or_one(_FACTOR), None, doc="the output's size over the input's")
_ARGS = (
    _SIZE,
    _SCALE,
    Arg(
        "mode",
        one_of("nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"),
        "nearest",
        doc="how to interpolate",
    ),
    Arg("align_corners", Maybe(Bool()), None, doc="map the corners' centres onto each other"),
    Arg("recompute_scale_factor", Maybe(Bool()), None, doc="use the factor that follows from the rounded size"),
)


def _check_one_of_two(args: Args, inputs: Inputs) -> None:
    """`size` or `scale_factor`, not both; a list of either has one value per spatial dimension."""
    if (args.size is None) == (args.scale_factor is None):
        found = "neither" if args.size is None else "both"
        raise RuleFault(
            "AS402",
            f"{{name}} needs exactly one of `size` and `scale_factor`, found {found}",
            arg=None if args.size is None else "scale_factor",
            help="write `scale_factor: 2` for twice the size, or `size` for a size of your own",
        )
    count = inputs[0].rank - 2
    arg = "scale_factor" if args.size is None else "size"
    value: Any = args[arg]
    if isinstance(value, tuple) and len(value) != count:
        raise RuleFault(
            "AS402",
            f"`{arg}` of {{name}} must be one number or a list of {count}, since its input is {inputs[0]}, "
            f"found a list of {len(value)}",
            arg=arg,
            input=0,
            help="write one number for all dimensions",
        )


def _check_mode(args: Args, inputs: Inputs) -> None:
    mode, rank = args.mode, inputs[0].rank
    if _RANKS_OF_MODES.get(mode, rank) != rank:
        fitting = next(name for name, of in _RANKS_OF_MODES.items() if of == rank)
        raise RuleFault(
            "AS402",
            f"`mode: {mode}` of {{name}} is for {LAYOUTS[_RANKS_OF_MODES[mode] - 2]}, but it receives {inputs[0]}",
            arg="mode",
            input=0,
            help=f"write `mode: {fitting}`",
            suggestion=fitting,
        )
    if args.align_corners is not None and mode not in _RANKS_OF_MODES:
        raise RuleFault(
            "AS402",
            f"`align_corners` of {{name}} has no meaning with `mode: {mode}`",
            arg="align_corners",
            help=f"leave it out, or write one of the modes {', '.join(_RANKS_OF_MODES)}",
        )


def _check(args: Args, inputs: Inputs) -> None:
    _check_one_of_two(args, inputs)
    _check_mode(args, inputs)
    if args.recompute_scale_factor and args.size is not None:
        raise RuleFault(
            "AS402",
            "`recompute_scale_factor` of {name} has no meaning with `size`",
            arg="recompute_scale_factor",
            help="leave it out",
        )
    if args.get("antialias") and args.mode not in ("bilinear", "bicubic"):
        raise RuleFault(
            "AS402",
            f"`antialias` of {{name}} works only with the modes bilinear and bicubic, not with `mode: {args.mode}`",
            arg="antialias",
            help="leave it out, or write `mode: bilinear`",
        )


def _shape(args: Args, inputs: Inputs) -> Outputs:
    """floor(size · factor), from the docs of `torch.nn.Upsample`."""
    given = inputs[0]
    count = given.rank - 2
    if args.size is not None:
        out = spread(args.size, count)
    else:
        out = tuple(
            int(size * factor) for size, factor in zip(given.spatial, spread(args.scale_factor, count), strict=True)
        )
        refuse_empty(out, given, "scale_factor")
    return (images(given, (*given.shape[:2], *out)),)


def _fixed(name: str, doc: str) -> Op:
    """`UpsamplingNearest2d` and its sibling: `Upsample` with the mode in the name."""
    return Op(
        name=name,
        target=f"torch.nn.{name}",
        doc=doc,
        args=(
            Arg("size", Maybe(sizes(2, 1)), None, doc=_SIZE.doc),
            Arg("scale_factor", Maybe(Each(_FACTOR, 2, or_one=True)), None, doc=_SCALE.doc),
        ),
        ranks=(4,),
        layout=LAYOUTS[2],
        check=_check_one_of_two,
        shape=_shape,
    )


OPS = (
    Op(
        name="Upsample",
        target="torch.nn.Upsample",
        doc="Interpolates to a size or by a factor.",
        args=_ARGS,
        ranks=(3, 4, 5),
        layout=_ANY_LAYOUT,
        check=_check,
        shape=_shape,
    ),
    _fixed("UpsamplingNearest2d", "Nearest-neighbour interpolation."),
    _fixed("UpsamplingBilinear2d", "Bilinear interpolation with aligned corners."),
    Op(
        name="interpolate",
        target="torch.nn.functional.interpolate",
        doc="Interpolates to a size or by a factor.",
        args=(*_ARGS, Arg("antialias", Bool(), False, doc="smooth before shrinking")),
        ranks=(3, 4, 5),
        layout=_ANY_LAYOUT,
        check=_check,
        shape=_shape,
    ),
)
