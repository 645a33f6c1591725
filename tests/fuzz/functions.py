"""The functions of the language, on running tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.fuzz.scope import Refused


def same_type(tensors: Sequence[Tensor]) -> None:
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise Refused("merges do not mix element types")


def _aligned(tensors: Sequence[Tensor], align: str | None) -> list[Tensor]:
    first = tensors[0]
    if align is None:
        return list(tensors)
    if first.dim() < 3:
        raise Refused("`align` is for height, width, …")
    return [first, *(_align_one(align, first, other) for other in tensors[1:])]


def _align_one(align: str, first: Tensor, other: Tensor) -> Tensor:
    if other.dim() != first.dim():
        raise Refused("`align` is for tensors of one rank")
    if align == "resize":
        return F.interpolate(other, size=first.shape[2:])
    missing = [a - b for a, b in zip(first.shape[2:], other.shape[2:], strict=True)]
    if align == "pad":
        if min(missing) < 0:
            raise Refused("`align: pad` only pads")
        sides = [side for gap in reversed(missing) for side in (gap // 2, gap - gap // 2)]
        return F.pad(other, sides)
    if align == "crop":
        if max(missing) > 0:
            raise Refused("`align: crop` only crops")
        for dim, gap in enumerate(missing, 2):
            start = -gap // 2
            other = other[(slice(None),) * dim + (slice(start, start + first.shape[dim]),)]
        return other
    raise Refused(f"no `align: {align}`")


def written_broadcast(tensors: Sequence[Tensor], batch: int) -> list[Tensor]:
    """The tensors in the shape of torch's broadcasting, which has the batch in one dimension."""
    made = torch.broadcast_tensors(*tensors)
    if sum(size % batch == 0 for size in made[0].shape) > 1:
        raise Refused("the batch would be in two dimensions")
    return list(made)


def lacks_batch(part: torch.Size, whole: torch.Size, batch: int) -> bool:
    """Whether a shape is another one without its batch, or with a 1 there. Any multiple of the batch size passes for
    the batch, which is why the judge runs a spec at a size that is no divisor of others."""
    if whole and whole[0] % batch == 0 and part == whole[1:]:
        return True
    if len(part) != len(whole):
        return False
    differing = [(mine, theirs) for mine, theirs in zip(part, whole, strict=True) if mine != theirs]
    return len(differing) == 1 and differing[0][0] == 1 and differing[0][1] % batch == 0


def _elementwise(function: Callable[[Tensor, Tensor], Tensor], most: int | None = None) -> Callable[..., Tensor]:
    def merge(
        tensors: Sequence[Tensor],
        align: str | None = None,
        other: float | None = None,
        broadcast: bool = False,
        *,
        batch: int,
    ) -> Tensor:
        if broadcast and (align is not None or other is not None):
            raise Refused("`broadcast` stands alone")
        if other is not None and len(tensors) == 1 and align is None:
            return _with_number(function, tensors[0], other)
        if other is not None or len(tensors) < 2 or (most is not None and len(tensors) > most):
            raise Refused("another number of inputs")
        same_type(tensors)
        tensors = written_broadcast(tensors, batch) if broadcast else _aligned(tensors, align)
        longest = max((tensor.shape for tensor in tensors), key=lambda shape: (len(shape), shape.numel()))
        if not all(tensor.shape == longest or lacks_batch(tensor.shape, longest, batch) for tensor in tensors):
            raise Refused("merges do not broadcast, but for what has no batch")
        result = tensors[0]
        for each in tensors[1:]:
            result = function(result, each)
        return result

    return merge


def _with_number(function: Callable[[Tensor, Tensor], Tensor], x: Tensor, other: float) -> Tensor:
    """A tensor and a number: `{add: 1}`."""
    if isinstance(other, bool) or not isinstance(other, (int, float)) or not math.isfinite(other):
        raise Refused("not a number")
    if x.dtype == torch.bool and function is torch.sub:
        raise Refused("booleans are not subtracted")
    if other == 0 and function is torch.div:
        raise Refused("a division by zero")
    return function(x, other)  # type: ignore[arg-type]


def _concat(tensors: Sequence[Tensor], dim: int = 1, align: str | None = None, *, batch: int) -> Tensor:
    if len(tensors) < 2:
        raise Refused("another number of inputs")
    same_type(tensors)
    return torch.cat(_aligned(tensors, align), dim)


def _squeezed(x: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    for each in dim if isinstance(dim, tuple) else (dim,):
        if x.size(each) != 1:
            raise Refused("a dimension that is squeezed has one element")
    return torch.squeeze(x, dim)


def _listed(dims: int | tuple[int, ...]) -> tuple[int, ...]:
    return dims if isinstance(dims, tuple) else (dims,)


def _mean(tensors: Sequence[Tensor], align: str | None = None, *, batch: int) -> Tensor:
    return _elementwise(torch.add)(tensors, align, batch=batch) / len(tensors)


MERGES: dict[str, Callable[..., Tensor]] = {
    "add": _elementwise(torch.add),
    "mul": _elementwise(torch.mul),
    "sub": _elementwise(torch.sub, 2),
    "div": _elementwise(torch.div, 2),
    "concat": _concat,
    "mean_of": _mean,
}
FUNCTIONS: dict[str, tuple[Callable[..., Tensor], str | None]] = {
    "relu": (F.relu, None),
    "gelu": (F.gelu, None),
    "silu": (F.silu, None),
    "mish": (F.mish, None),
    "sigmoid": (torch.sigmoid, None),
    "tanh": (torch.tanh, None),
    "softmax": (F.softmax, "dim"),
    "log_softmax": (F.log_softmax, "dim"),
    "flatten": (lambda x, start_dim=1, end_dim=-1: torch.flatten(x, start_dim, end_dim), "start_dim"),
    "interpolate": (F.interpolate, None),
}
"""Functions of one tensor, and the argument that a bare value means."""
_ELEMENTWISE = (
    "neg abs sign square sqrt rsqrt reciprocal exp expm1 log log1p log2 sin cos erf floor ceil round "
    "log10 exp2 trunc frac tan asin acos atan sinh cosh asinh acosh atanh logit detach zeros_like ones_like"
)
_ACTIVATIONS = (
    "relu6 hardswish hardsigmoid selu logsigmoid softsign leaky_relu elu softplus tanhshrink hardshrink softshrink "
    "celu hardtanh threshold"
)
_ALONG = "mean sum amax amin std var logsumexp cumsum cumprod unsqueeze prod argmax argmin any all"
FUNCTIONS |= {name: (getattr(torch, name), None) for name in _ELEMENTWISE.split()}
FUNCTIONS |= {name: (getattr(F, name), None) for name in _ACTIVATIONS.split()}
FUNCTIONS |= {name: (getattr(torch, name), "dim") for name in _ALONG.split()}
FUNCTIONS |= {
    "normalize": (F.normalize, "dim"),
    "permute": (torch.permute, "dims"),
    "flip": (torch.flip, "dims"),
    "transpose": (torch.transpose, None),
    "roll": (torch.roll, None),
    "squeeze": (lambda x, dim: _squeezed(x, dim), "dim"),
    "pixel_shuffle": (F.pixel_shuffle, "upscale_factor"),
    "pixel_unshuffle": (F.pixel_unshuffle, "downscale_factor"),
    "softmin": (F.softmin, "dim"),
    "glu": (F.glu, "dim"),
    "movedim": (lambda x, source, destination: torch.movedim(x, _listed(source), _listed(destination)), None),
    "vector_norm": (torch.linalg.vector_norm, "dim"),
    "nan_to_num": (torch.nan_to_num, "nan"),
    "pow": (torch.pow, "exponent"),
    "clamp": (torch.clamp, None),
}
LISTED = [
    "mean",
    "sum",
    "amax",
    "amin",
    "std",
    "var",
    "logsumexp",
    "normalize",
    "permute",
    "flip",
    "squeeze",
    "split",
    "any",
    "all",
    "vector_norm",
]
"""Those to which a bare list of numbers is their dimensions; to others it is numbered layers."""
PIECES = {"chunk": torch.chunk, "split": torch.split, "unbind": torch.unbind}
"""Functions of one tensor that give several, each a port."""
FUNCTIONS |= {name: (function, None) for name, function in PIECES.items()}  # type: ignore[misc]


def in_pieces(kind: str, x: Tensor, given: dict[str, Any], batch: int) -> dict[str, Tensor]:
    """What a function of `PIECES` gives, by port."""
    size = x.size(given.get("dim", 0))
    is_even = kind == "chunk" and (size // batch) % given["chunks"] == 0  # two batches in one are two again
    if size % batch == 0 and not is_even:
        raise Refused("the batch is not taken apart")
    if kind == "split" and isinstance(given["split_size_or_sections"], tuple):
        given = {**given, "split_size_or_sections": list(given["split_size_or_sections"])}
    made = PIECES[kind](x, **given)
    if len(made) < 2:
        raise Refused("a single piece")
    return {str(index): piece for index, piece in enumerate(made)}


SHAPE_FUNCTIONS = [
    *PIECES,
    "sum",
    "flatten",
    "permute",
    "transpose",
    "squeeze",
    "unsqueeze",
    "roll",
    "flip",
    "select",
    "pixel_shuffle",
    "pixel_unshuffle",
    "movedim",
    "detach",
    "zeros_like",
    "ones_like",
    "any",
    "all",
]
