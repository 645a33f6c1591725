"""What torch takes only where its dimensions lie in memory in their order, as they don't after a `permute`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archspec.ops.code import expression
from archspec.ops.entry import Args, Inputs, Op

ORDERED = "ordered"
"""Says of a call that its input is brought into order. It is no part of how the module is built, and does no harm to
another call of it."""


def ordered_beyond_images(op: Op) -> Op:
    """The same entry, its input made contiguous where it has more dimensions than a batch of images.

    torch makes a `view` there, or chooses by a memory format that it does not know for five dimensions.
    """
    if op.is_module:
        return replace(op, solve=_solved, call=_ordered)
    return replace(op, solve=_solved, code=lambda args, inputs: expression(op, args, (_ordered(args, inputs),)))


def _solved(args: Args, inputs: Inputs) -> Mapping[str, Any]:
    return {ORDERED: inputs[0].rank > 4}


def _ordered(args: Args, inputs: tuple[str, ...]) -> str:
    return f"{inputs[0]}.contiguous()" if args.get(ORDERED) else inputs[0]
