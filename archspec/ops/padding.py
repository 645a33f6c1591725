"""Paddings: constant, zero, reflected, replicated, circular, in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.arguments import Each, Float, Int
from archspec.ops.common import LAYOUTS, images, refuse_empty
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs, no_check
from archspec.ops.faults import RuleFault
from archspec.ops.fills import check_fill
from archspec.tensors import TensorType

_SIDES = {1: "left, right", 2: "left, right, top, bottom", 3: "left, right, top, bottom, front, back"}


def _sides(args: Args, count: int) -> list[tuple[int, int]]:
    """Padding before and after each spatial dimension, in the order of the shape; torch lists the last one first."""
    padding = args.padding
    if isinstance(padding, int):
        return [(padding, padding)] * count
    return [(padding[2 * axis], padding[2 * axis + 1]) for axis in reversed(range(count))]


def _shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    sides = _sides(args, given.rank - 2)
    kept = tuple(
        size + min(before, 0) + min(after, 0) for size, (before, after) in zip(given.spatial, sides, strict=True)
    )
    if min(kept) < 0:
        raise RuleFault(
            "AS303",
            f"the negative `padding` of {{name}} crops more than there is of {given}",
            arg="padding",
            input=0,
            help="crop less",
        )
    out = tuple(size + before + after for size, (before, after) in zip(given.spatial, sides, strict=True))
    refuse_empty(out, given, "padding")
    return (images(given, (*given.shape[:2], *out)),)


def _at_most(spare: int, words: str) -> Callable[[Args, Inputs], None]:
    """A check that no side's padding exceeds the size less `spare`."""

    def check(args: Args, inputs: Inputs) -> None:
        given = inputs[0]
        for size, (before, after) in zip(given.spatial, _sides(args, given.rank - 2), strict=True):
            if max(before, after) > size - spare:
                raise _too_wide(given, max(before, after), size, words)

    return check


def _too_wide(given: TensorType, padding: int, size: int, words: str) -> RuleFault:
    return RuleFault(
        "AS402",
        f"`padding` of {{name}} must be {words} the size it pads, but is {padding} for a size of {size} in {given}",
        arg="padding",
        input=0,
        help=f"use a smaller padding, or `ReplicationPad{given.rank - 2}d`, which has no such limit",
    )


_DOCS = {
    "ZeroPad": "Pads with zeros.",
    "ConstantPad": "Pads with a constant.",
    "ReflectionPad": "Pads with the input's mirror image, without repeating its edge.",
    "ReplicationPad": "Pads by repeating the input's edge.",
    "CircularPad": "Pads with the input's opposite side.",
}


def _check_constant(args: Args, inputs: Inputs) -> None:
    check_fill(args.get("value", 0), inputs[0].dtype, "value")


def _refuse_bool(args: Args, inputs: Inputs) -> None:
    if inputs[0].dtype == "bool":
        help = "use a `ConstantPad`, or `CircularPad`"
        raise RuleFault("AS306", f"{{name}} is for numbers, but receives {inputs[0]}", input=0, help=help)


def _check_mirror(args: Args, inputs: Inputs) -> None:
    _refuse_bool(args, inputs)
    _at_most(1, "less than")(args, inputs)


def _pad(family: str, count: int) -> Op:
    constant = family in ("ZeroPad", "ConstantPad")
    padding = Each(Int() if constant else Int(0), 2 * count, or_one=True)
    value = Arg("value", Float(), doc="what to pad with", example=0.0)
    return Op(
        name=f"{family}{count}d",
        target=f"torch.nn.{family}{count}d",
        doc=_DOCS[family],
        args=(
            Arg("padding", padding, doc=f"for every side, or for {_SIDES[count]}", example=1),
            *((value,) if family == "ConstantPad" else ()),
        ),
        primary="padding",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_CHECKS.get(family, no_check),
        shape=_shape,
        floating=False,
    )


_CHECKS = {
    "ConstantPad": _check_constant,
    "ReflectionPad": _check_mirror,
    "ReplicationPad": _refuse_bool,
    "CircularPad": _at_most(0, "at most"),
}
OPS = tuple(_pad(family, count) for family in _DOCS for count in (1, 2, 3))
