"""Poolings to a given output size, whatever the input's."""

from __future__ import annotations

from archspec.ops.arguments import ArgType, Bool, Each, Either, Int, Maybe, sizes, spread
from archspec.ops.common import LAYOUTS, images
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.pooling import with_indices


def _shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    wanted = spread(args.output_size, given.rank - 2)
    out = (size if want is None else want for size, want in zip(given.spatial, wanted, strict=True))
    return with_indices(args, images(given, (*given.shape[:2], *out)))


def _output_size(count: int) -> ArgType:
    """`null` in a list keeps the input's size there; torch has that in two and three dimensions."""
    return sizes(1, 1) if count == 1 else Either((Int(1), Each(Maybe(Int(1)), count)))


def _adaptive(word: str, doc: str, count: int, *more: Arg) -> Op:
    name = f"Adaptive{word}Pool{count}d"
    return Op(
        name=name,
        target=f"torch.nn.{name}",
        doc=doc,
        args=(Arg("output_size", _output_size(count), doc="size of the output", example=1), *more),
        primary="output_size",
        ports=("output", "indices") if more else ("output",),
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        shape=_shape,
    )


_RETURN_INDICES = Arg("return_indices", Bool(), False, doc="give the maxima's places as a second output")

OPS = (
    *(_adaptive("Avg", "Averages, to an output of a given size.", count) for count in (1, 2, 3)),
    *(_adaptive("Max", "Maxima, in an output of a given size.", count, _RETURN_INDICES) for count in (1, 2, 3)),
)
