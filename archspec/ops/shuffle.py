"""Layers and functions that move elements between channels and space, or among the channels."""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.arguments import Int
from archspec.ops.common import divisors, images, ranks_from
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.ordered import ordered_beyond_images
from archspec.tensors import volume


def _shuffled_up(args: Args, inputs: Inputs) -> Outputs:
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


def _shuffled_down(args: Args, inputs: Inputs) -> Outputs:
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


def _pixels(name: str, target: str, arg: str, doc: str, shape: Callable[[Args, Inputs], Outputs]) -> Op:
    return ordered_beyond_images(
        Op(
            name=name,
            target=target,
            doc=doc,
            args=(Arg(arg, Int(1), doc="r", example=2),),
            primary=arg,
            ranks=ranks_from(4),
            layout="[N, …, C, H, W]",
            shape=shape,
            floating=False,
        )
    )


_UP = ("upscale_factor", "Moves channels into space: r² channels become r × r pixels.", _shuffled_up)
_DOWN = ("downscale_factor", "Moves space into channels: r × r pixels become r² channels.", _shuffled_down)

OPS = (
    _pixels("PixelShuffle", "torch.nn.PixelShuffle", *_UP),
    _pixels("PixelUnshuffle", "torch.nn.PixelUnshuffle", *_DOWN),
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
    _pixels("pixel_shuffle", "torch.nn.functional.pixel_shuffle", *_UP),
    _pixels("pixel_unshuffle", "torch.nn.functional.pixel_unshuffle", *_DOWN),
)
