"""Whether what looks like a view is a copy, since no strides could give its elements that order."""

from __future__ import annotations

import re
from itertools import pairwise

from archspec.ops.entry import Args, Op

_DIMENSION = re.compile(r"\(([^)]*)\)|(\S+)")


def is_copied(op: Op, args: Args) -> bool:
    """Of an einops pattern: a dimension on its right is made of axes that don't follow each other on its left."""
    if op.name not in ("rearrange", "repeat_axis"):
        return False
    left, _, right = args.pattern.partition("->")
    place = {axis: at for at, axis in enumerate(left.replace("(", " ").replace(")", " ").split())}
    return any(not _follow([place.get(axis) for axis in dimension]) for dimension in _dimensions(right))


def _dimensions(side: str) -> list[list[str]]:
    return [(group or axis).split() for group, axis in _DIMENSION.findall(side)]


def _follow(places: list[int | None]) -> bool:
    """A single axis lies as it likes; a new one among others repeats them."""
    return all(one is not None and other == one + 1 for one, other in pairwise(places))
