"""The sizes of a tensor that an expression can ask for."""

from __future__ import annotations

from typing import Any

from archspec.elaborate.expressions.faults import Fault
from archspec.elaborate.expressions.parser import Expression
from archspec.errors import clip
from archspec.tensors import TensorType

# By name: the ranks that have it, where in the shape it is, and in which words a message says what is wanted.
_SIZES: dict[str, tuple[frozenset[int], int, str]] = {
    "channels": (frozenset(range(2, 65)), 1, "[N, C, …]"),
    "length": (frozenset((3,)), 2, "[N, C, L]"),
    "depth": (frozenset((5,)), 2, "[N, C, D, H, W]"),
    "height": (frozenset((4, 5)), -2, "[N, C, H, W] or [N, C, D, H, W]"),
    "width": (frozenset((4, 5)), -1, "[N, C, H, W] or [N, C, D, H, W]"),
    "features": (frozenset(range(2, 65)), -1, "[N, …, features]"),
}


def dimension(tensor: TensorType, name: str, at: Expression, written: str) -> Any:
    """A size of a tensor: an int (or a `Batch`, where the batch is folded into it), or for `shape` all of them.

    Args:
        tensor: the tensor's type.
        name: `channels`, `length`, `depth`, `height`, `width`, `features` or `shape`.
        at: where it is asked for.
        written: how the expression names the tensor.

    Raises:
        Fault: a tensor of that rank has no such size.
    """
    if name == "shape":
        return list(tensor.shape)
    ranks, place, wanted = _SIZES[name]
    if tensor.rank in ranks:
        return tensor.shape[place]
    message = f"`.{name}` needs a tensor {wanted}; `{clip(written)}` is {tensor}"
    raise Fault("AS216", message, at.parts[0].end, at.end, _instead(tensor))


def _instead(tensor: TensorType) -> str:
    has = [f"`.{name}`" for name, (ranks, _, _) in _SIZES.items() if tensor.rank in ranks]
    return "it has " + ", ".join([*has, "`.shape`"])
