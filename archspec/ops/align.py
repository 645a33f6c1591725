"""`align`: the later inputs of a merge brought to the first one's size in the dimensions after the channels.

`pad` adds zeros around them, `crop` cuts their middle out, `resize` interpolates.
"""

from __future__ import annotations

from archspec.ops.arguments import Maybe, one_of
from archspec.ops.common import images
from archspec.ops.entry import Arg, Args, Inputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, TensorType

ALIGN = Arg("align", Maybe(one_of("pad", "crop", "resize")), None, doc="bring later inputs to the first one's size")

_PAD_LIKE = '''
def pad_like(x: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Zeros around x until its height, width, … are those of reference."""
    padding: list[int] = []
    for dim in range(x.dim() - 1, 1, -1):
        missing = reference.size(dim) - x.size(dim)
        padding += [missing // 2, missing - missing // 2]
    return F.pad(x, padding)
'''
_CROP_LIKE = '''
def crop_like(x: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """The middle of x, of the height, width, … of reference."""
    for dim in range(2, x.dim()):
        x = x.narrow(dim, (x.size(dim) - reference.size(dim)) // 2, reference.size(dim))
    return x
'''
_RESIZE_LIKE = '''
def resize_like(x: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """x interpolated (nearest) to the height, width, … of reference."""
    return F.interpolate(x, size=reference.shape[2:])
'''
HELPERS = {"pad_like": _PAD_LIKE, "crop_like": _CROP_LIKE, "resize_like": _RESIZE_LIKE}


def aligned(args: Args, inputs: Inputs) -> Inputs:
    """The inputs after alignment.

    Raises:
        RuleFault: AS304, sizes that cannot be brought together; AS306, integers that would be interpolated.
    """
    if args.align is None:
        return inputs
    first = inputs[0]
    if first.rank < 3:
        raise RuleFault(
            "AS304",
            f"`align` of {{name}} needs inputs with height, width, … but the first is {first}",
            arg="align",
            input=0,
            help="leave `align` out",
        )
    if any(isinstance(dim, Batch) for given in inputs for dim in given.shape[2:]):
        raise RuleFault(
            "AS304",
            "`align` of {name} brings height, width, … to one size, but one of them is the batch",
            arg="align",
            help="leave `align` out, or move the batch to the front before it",
        )
    if args.align == "resize" and not first.is_floating:
        raise RuleFault(
            "AS306",
            f"`align: resize` of {{name}} interpolates floating-point numbers, but the first input is {first}",
            arg="align",
            input=0,
            help="write `align: pad` or `align: crop`",
        )
    if args.align == "resize" and first.rank > 5:
        raise RuleFault(
            "AS304",
            f"`align: resize` of {{name}} interpolates up to three dimensions, but the first input is {first}",
            arg="align",
            input=0,
            help="write `align: pad` or `align: crop`, or flatten some of them before it",
        )
    return (first, *(_align_one(args.align, first, other, index) for index, other in enumerate(inputs[1:], 1)))


def _align_one(align: str, first: TensorType, other: TensorType, index: int) -> TensorType:
    if other.rank != first.rank:
        return other
    for mine, theirs in zip(first.spatial, other.spatial, strict=True):
        if (align == "pad" and theirs > mine) or (align == "crop" and theirs < mine):
            word, mend = ("larger", "crop") if align == "pad" else ("smaller", "pad")
            raise RuleFault(
                "AS304",
                f"`align: {align}` of {{name}} cannot bring {other} to the size of {first}: it is {word}",
                arg="align",
                input=index,
                help=f"write `align: {mend}` or `align: resize`",
                suggestion="resize",
            )
    return images(other, (*other.shape[:2], *first.shape[2:]))


def with_alignment(args: Args, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """The inputs' names in generated code, the later ones brought to the first one's size."""
    if args.align is None:
        return inputs
    return (inputs[0], *(f"{args.align}_like({name}, {inputs[0]})" for name in inputs[1:]))
