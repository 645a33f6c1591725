"""Functions of several tensors beyond the merges, and what else takes the batch size: comparisons, masks, products,
shapes with `N` in them, einops patterns, constants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import einops
import torch
from torch import Tensor

from tests.fuzz.attending import ATTENDING, ATTENDING_PRIMARY
from tests.fuzz.functions import FUNCTIONS, MERGES, lacks_batch, same_type, written_broadcast
from tests.fuzz.scope import Refused

Several = Callable[..., Tensor | tuple[Tensor, ...]]


def _is_batch(size: int, batch: int) -> bool:
    return size % batch == 0


def _joined(tensors: Sequence[Tensor], broadcast: bool, batch: int) -> list[Tensor]:
    """The tensors, of shapes that go together under the rules of the language."""
    if broadcast:
        return written_broadcast(tensors, batch)
    longest = max((tensor.shape for tensor in tensors), key=lambda shape: (len(shape), shape.numel()))
    if not all(tensor.shape == longest or lacks_batch(tensor.shape, longest, batch) for tensor in tensors):
        raise Refused("functions of several tensors do not broadcast, but for what has no batch")
    return list(tensors)


def _two(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    if len(tensors) != 2:
        raise Refused("another number of inputs")
    return tensors


def _one(tensors: Sequence[Tensor]) -> Tensor:
    if len(tensors) != 1:
        raise Refused("another number of inputs")
    return tensors[0]


def _compared(name: str) -> Several:
    def compare(
        tensors: Sequence[Tensor], other: float | None = None, broadcast: bool = False, *, batch: int
    ) -> Tensor:
        if (other is None) == (len(tensors) == 1) or len(tensors) > 2:
            raise Refused("a comparison is of two tensors, or of one and a number")
        if other is not None:
            return getattr(torch, name)(tensors[0], other)  # type: ignore[no-any-return]
        same_type(tensors)
        return getattr(torch, name)(*_joined(tensors, broadcast, batch))  # type: ignore[no-any-return]

    return compare


def _logical(name: str) -> Several:
    def combine(tensors: Sequence[Tensor], broadcast: bool = False, *, batch: int) -> Tensor:
        if any(tensor.dtype != torch.bool for tensor in _two(tensors)):
            raise Refused("logic is of booleans")
        return getattr(torch, name)(*_joined(tensors, broadcast, batch))  # type: ignore[no-any-return]

    return combine


def _extreme(name: str) -> Several:
    def chosen(tensors: Sequence[Tensor], broadcast: bool = False, *, batch: int) -> Tensor:
        same_type(_two(tensors))
        return getattr(torch, name)(*_joined(tensors, broadcast, batch))  # type: ignore[no-any-return]

    return chosen


def _negated(tensors: Sequence[Tensor], *, batch: int) -> Tensor:
    if _one(tensors).dtype != torch.bool:
        raise Refused("logic is of booleans")
    return ~tensors[0]


def _masked_fill(tensors: Sequence[Tensor], value: float | str, broadcast: bool = False, *, batch: int) -> Tensor:
    given, mask = _two(tensors)
    value = float(value) if isinstance(value, str) else value
    if mask.dtype != torch.bool:
        raise Refused("masks are booleans")
    if not given.is_floating_point() and not (given.dtype == torch.int64 and float(value).is_integer()):
        raise Refused("what is filled into a tensor is of its type")
    if max(tensor.shape for tensor in _joined(tensors, broadcast, batch)) != given.shape:
        raise Refused("the mask is larger than what it masks")
    made = given.masked_fill(mask, value)
    if made.shape != given.shape:
        raise Refused("the mask is larger than what it masks")
    return made


def _where(tensors: Sequence[Tensor], broadcast: bool = False, *, batch: int) -> Tensor:
    if len(tensors) != 3:
        raise Refused("another number of inputs")
    if tensors[0].dtype != torch.bool:
        raise Refused("masks are booleans")
    same_type(tensors[1:])
    return torch.where(*_joined(tensors, broadcast, batch))


def _matmul(tensors: Sequence[Tensor], broadcast: bool = False, *, batch: int) -> Tensor:
    first, second = _two(tensors)
    _check_product(first, second, batch)
    if first.dim() > 2 and second.dim() > 2:
        _joined([torch.empty(first.shape[:-2]), torch.empty(second.shape[:-2])], broadcast, batch)
    return _of_one_batch(torch.matmul(first, second), batch)


def _bmm(tensors: Sequence[Tensor], *, batch: int) -> Tensor:
    first, second = _two(tensors)
    _check_product(first, second, batch)
    return _of_one_batch(torch.bmm(first, second), batch)


def _check_product(first: Tensor, second: Tensor, batch: int) -> None:
    same_type((first, second))
    if min(first.dim(), second.dim()) < 2:
        raise Refused("matrix products are of matrices")
    if not first.is_floating_point():
        raise Refused("a product computes with real numbers")
    if _is_batch(first.shape[-1], batch):
        raise Refused("products do not sum over the batch")


def _of_one_batch(made: Tensor, batch: int) -> Tensor:
    if sum(_is_batch(size, batch) for size in made.shape) > 1:
        raise Refused("the batch would be in two dimensions")
    return made


_SIZE = re.compile(r"(?:(\d+)\s*\*\s*)?N")


def _sizes(written: Sequence[int | str], batch: int) -> list[int]:
    """Sizes of which some may be the batch, or a multiple of it."""
    made = [int(_SIZE.fullmatch(size)[1] or 1) * batch if isinstance(size, str) else size for size in written]  # type: ignore[index]
    if sum(isinstance(size, str) for size in written) > 1:
        raise Refused("the batch would be in two dimensions")
    if 0 in made or min(made, default=1) < -1:
        raise Refused("no size")
    return made


def _reshape(tensors: Sequence[Tensor], shape: Sequence[int | str], *, batch: int) -> Tensor:
    return torch.reshape(_one(tensors), _sizes(shape, batch))


def _expand(tensors: Sequence[Tensor], size: Sequence[int | str], *, batch: int) -> Tensor:
    return _of_one_batch(_one(tensors).expand(_sizes(size, batch)), batch)


def _axes(side: str) -> set[str]:
    return set(re.findall(r"\w+|\.\.\.", side))


def _einops(name: str) -> Several:
    def run(tensors: Sequence[Tensor], pattern: str, *, batch: int, **sizes: Any) -> Tensor:
        reduction = [sizes.pop("reduction")] if name == "reduce" else []
        given = _one(tensors)
        if name == "reduce" and not given.is_floating_point():
            raise Refused("a reduction computes with real numbers")
        if name == "reduce" and _axes(pattern.partition("->")[0]) <= _axes(pattern.partition("->")[2]):
            raise Refused("a `reduce` reduces something")
        made: Tensor = getattr(einops, name)(given, pattern, *reduction, **sizes)
        return made if name == "reduce" else _of_one_batch(made, batch)

    return run


def _arange(
    tensors: Sequence[Tensor], end: int, start: int = 0, step: int = 1, dtype: str = "int64", *, batch: int
) -> Tensor:
    _one(tensors or (torch.empty(1),))
    return torch.arange(start, end, step, dtype=getattr(torch, dtype))


def _filled(value: float | None) -> Several:
    def fill(
        tensors: Sequence[Tensor],
        size: Sequence[int | str],
        fill_value: float | str | None = None,
        dtype: str | None = None,
        *,
        batch: int,
    ) -> Tensor:
        _one(tensors or (torch.empty(1),))
        made = value if value is not None else float(fill_value)  # type: ignore[arg-type]
        wanted = getattr(torch, dtype) if dtype else tensors[0].dtype if tensors else torch.float32
        sizes = _sizes(size, batch)
        if -1 in sizes:
            raise Refused("a new tensor has no size that is left")
        return _holding(torch.empty(sizes, dtype=wanted), made)

    return fill


def _holding(tensor: Tensor, value: float) -> Tensor:
    """The tensor full of a number, which its element type has as it is."""
    if not tensor.is_floating_point():
        if not math.isfinite(value) or tensor.to(torch.float64).fill_(value).to(tensor.dtype).double().ne(value).any():
            raise Refused("what is filled into a tensor is of its type")
        value = int(value)
    return tensor.fill_(value)


def _like(tensors: Sequence[Tensor], fill_value: float, *, batch: int) -> Tensor:
    return _holding(torch.empty_like(_one(tensors)), float(fill_value))


def _triangle(name: str) -> Several:
    def cut(tensors: Sequence[Tensor], diagonal: int = 0, *, batch: int) -> Tensor:
        given = _one(tensors)
        if given.dim() < 2 or any(_is_batch(size, batch) for size in given.shape[-2:]):
            raise Refused("a triangle is of the last two dimensions, and not of the batch")
        return getattr(torch, name)(given, diagonal)  # type: ignore[no-any-return]

    return cut


def _to(tensors: Sequence[Tensor], dtype: str, *, batch: int) -> Tensor:
    return _one(tensors).to(getattr(torch, dtype))


def _index_select(tensors: Sequence[Tensor], dim: int, *, batch: int) -> Tensor:
    given, index = _two(tensors)
    if _is_batch(given.size(dim), batch):
        raise Refused("no place is taken of the batch")
    if index.dim() != 1 or _is_batch(index.size(0), batch):
        raise Refused("a list of places has one dimension, which is not the batch")
    return torch.index_select(given, dim, index)


def _of_places(run: Callable[..., Any]) -> Several:
    def places(tensors: Sequence[Tensor], dim: int = -1, *, batch: int, **given: Any) -> Any:
        if _is_batch(_one(tensors).size(dim), batch):
            raise Refused("no place is taken of the batch")
        return run(tensors[0], dim, **given)

    return places


def _slice(x: Tensor, dim: int, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    return x[(slice(None),) * (dim % x.dim()) + (slice(start, end, step),)]


def _with_places(name: str) -> Several:
    def run(tensors: Sequence[Tensor], dim: int, keepdim: bool = False, *, batch: int) -> tuple[Tensor, ...]:
        given = _one(tensors)
        if not given.is_floating_point():
            raise Refused(f"{name} computes with real numbers")
        found = getattr(torch, name)(given, dim, keepdim)
        return (found.values, found.indices)

    return run


def _topk(x: Tensor, dim: int = -1, *, k: int, largest: bool = True, sorted: bool = True) -> tuple[Tensor, ...]:
    if not x.is_floating_point():
        raise Refused("topk computes with real numbers")
    return tuple(torch.topk(x, k, dim, largest, sorted))


SEVERAL: dict[str, Several] = {
    **{name: _compared(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    **{name: _logical(name) for name in ("logical_and", "logical_or", "logical_xor")},
    **{name: _extreme(name) for name in ("maximum", "minimum")},
    "logical_not": _negated,
    "masked_fill": _masked_fill,
    "where": _where,
    "matmul": _matmul,
    "bmm": _bmm,
    "reshape": _reshape,
    "expand": _expand,
    "rearrange": _einops("rearrange"),
    "reduce": _einops("reduce"),
    "repeat_axis": _einops("repeat"),
    "arange": _arange,
    "new_zeros": _filled(0.0),
    "new_ones": _filled(1.0),
    "new_full": _filled(None),
    "full_like": _like,
    "tril": _triangle("tril"),
    "triu": _triangle("triu"),
    "to": _to,
    "index_select": _index_select,
    "select": _of_places(lambda x, dim, index: torch.select(x, dim, index)),
    "slice": _of_places(_slice),
    "topk": _of_places(_topk),
    "max": _with_places("max"),
    "min": _with_places("min"),
    **ATTENDING,
}
"""From the tensors, the arguments and the batch size to what a function gives."""
PRIMARY = {
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), "other"),
    **dict.fromkeys(("rearrange", "reduce", "repeat_axis"), "pattern"),
    **dict.fromkeys(("new_zeros", "new_ones", "new_full", "expand"), "size"),
    **dict.fromkeys(("tril", "triu"), "diagonal"),
    "masked_fill": "value",
    "reshape": "shape",
    "arange": "end",
    "full_like": "fill_value",
    "to": "dtype",
    **dict.fromkeys(("max", "min"), "dim"),
    "topk": "k",
    "index_select": "dim",
    **ATTENDING_PRIMARY,
}
"""The argument that a bare value means."""
TEXTS = ("rearrange", "reduce", "repeat_axis", "to", "einsum")
"""Functions whose bare text is that argument; another's is what it takes."""
SIZES = ("reshape", "expand", "new_zeros", "new_ones", "new_full")
"""Functions whose bare list is that argument, unless it is all names."""
BEGINS = ("arange", "new_zeros", "new_ones", "new_full")
"""Functions that need no input where a buffer is computed."""
PORTS_OF = dict.fromkeys(("max", "min", "topk"), ("values", "indices"))


def asks_for_batch(kind: str, given: dict[str, Any], inputs: Sequence[Tensor], batch: int) -> bool:
    """Whether a function's sizes have the batch where its input does not."""
    sizes = given.get("size", ())
    new = len(sizes) - inputs[0].dim() if kind == "expand" else len(sizes)
    before = [1] * new + list(inputs[0].shape if kind == "expand" else ())
    return any(isinstance(size, str) and mine % batch for size, mine in zip(sizes, before, strict=False))


def is_function(kind: str) -> bool:
    return kind in MERGES or kind in FUNCTIONS or kind in SEVERAL


def function_primary(kind: str) -> str | None:
    """The argument that a bare value means."""
    if kind in FUNCTIONS:
        return FUNCTIONS[kind][1]
    return PRIMARY.get(kind, "other" if kind in ("add", "mul", "sub", "div") else None)
