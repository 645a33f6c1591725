"""What torch takes only where its dimensions lie in memory in their order, as they don't after a `permute`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archspec.ops.code import expression
from archspec.ops.entry import Args, Inputs, Op


def ordered_beyond_images(op: Op) -> Op:
    """The same entry, its input made contiguous where it has more dimensions than a batch of images.

    torch makes a `view` there, or chooses by a memory format that it does not know for five dimensions. Where a
    module is called with both, it is made contiguous in each call, which does no harm to the other.
    """
    if op.is_module:
        return replace(op, solve=_solved, join=_join, call=_ordered)
    return replace(
        op,
        solve=_solved,
        join=_join,
        code=lambda args, inputs: expression(op, args, (_ordered(args, inputs),)),
    )


def _solved(args: Args, inputs: Inputs) -> Mapping[str, Any]:
    return {"ordered": inputs[0].rank > 4}


def _join(first: Args, second: Args) -> Mapping[str, Any]:
    return {"ordered": first.ordered or second.ordered}


def _ordered(args: Args, inputs: tuple[str, ...]) -> str:
    return f"{inputs[0]}.contiguous()" if args.get("ordered") else inputs[0]
