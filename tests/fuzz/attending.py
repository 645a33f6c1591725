"""Attention, sums of products, padding, and elements at places: as torch runs them, and random entries of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.fuzz.functions import same_type
from tests.fuzz.scope import Refused

if TYPE_CHECKING:
    from tests.fuzz.generate import Generator, Place


def _is_batch(size: int, batch: int) -> bool:
    return size % batch == 0


def _attention(tensors: Sequence[Tensor], is_causal: bool = False, *, batch: int, **more: Any) -> Tensor:
    if len(tensors) not in (3, 4):
        raise Refused("another number of inputs")
    query, key, value = tensors[:3]
    same_type(tensors[:3])
    if min(each.dim() for each in tensors[:3]) < 3 or not query.is_floating_point():
        raise Refused("attention is of sequences of real numbers")
    if query.shape[:-2] != key.shape[:-2] or key.shape[:-1] != value.shape[:-1]:
        raise Refused("queries, keys and values go together without broadcasting")
    if any(_is_batch(size, batch) for each in tensors[:3] for size in each.shape[-2:]):
        raise Refused("the batch is not in the steps or features")
    if is_causal and (len(tensors) == 4 or query.size(-2) != key.size(-2)):
        raise Refused("`is_causal` is a mask of its own, of one sequence")
    mask = tensors[3] if len(tensors) == 4 else None
    if mask is not None and (mask.dim() < 2 or mask.dtype not in (torch.bool, query.dtype)):
        raise Refused("a mask is of booleans or numbers")
    return F.scaled_dot_product_attention(query, key, value, mask, is_causal=is_causal, **more)


def _einsum(tensors: Sequence[Tensor], equation: str, *, batch: int) -> Tensor:
    same_type(tensors)
    if not tensors[0].is_floating_point():
        raise Refused("a product computes with real numbers")
    terms, output = equation.partition("->")[0].split(","), equation.partition("->")[2]
    found: dict[str, int] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        for letter, size in zip(term, tensor.shape, strict=True):
            if found.setdefault(letter, size) != size:
                raise Refused("letters do not broadcast")
    batches = {letter for letter, size in found.items() if _is_batch(size, batch)}
    if len(batches) > 1 or not batches <= set(output) or not output:
        raise Refused("the samples are kept apart")
    return torch.einsum(equation, *tensors)


def _gather(tensors: Sequence[Tensor], dim: int, *, batch: int) -> Tensor:
    given, index = tensors
    for at, (mine, theirs) in enumerate(zip(index.shape, given.shape, strict=True)):
        if at != dim % given.dim() and _is_batch(mine, batch) != _is_batch(theirs, batch):
            raise Refused("an index has the batch where its tensor has it")
    return torch.gather(given, dim, index)


def _one_hot(tensors: Sequence[Tensor], num_classes: int, *, batch: int) -> Tensor:
    (given,) = tensors
    return F.one_hot(given, num_classes)


def _pad(
    tensors: Sequence[Tensor], pad: Sequence[int], mode: str = "constant", value: float | None = None, *, batch: int
) -> Tensor:
    (given,) = tensors
    if mode != "constant" and value is not None:
        raise Refused("only a constant has a value")
    if mode != "constant" and min(pad) < 0:
        raise Refused("only a constant padding crops")
    if mode == "constant" and not given.is_floating_point() and (value or 0) % 1:
        raise Refused("what is filled into a tensor is of its type")
    if len(pad) % 2 or len(pad) > 2 * given.dim():
        raise Refused("a padding has two sides for each dimension")
    first = given.dim() - len(pad) // 2
    for at, size in enumerate(given.shape):
        before = 2 * (given.dim() - 1 - at)
        if at >= first and _is_batch(size, batch) and any(pad[before : before + 2]):
            raise Refused("the batch is not padded")
    return F.pad(given, tuple(pad), mode, value)


def _stack(tensors: Sequence[Tensor], dim: int = 0, *, batch: int) -> Tensor:
    if len(tensors) < 2:
        raise Refused("another number of inputs")
    same_type(tensors)
    return torch.stack(list(tensors), dim)


_LETTERS, _MORE_LETTERS = "nabcdef", "uvwxyz"
ATTENDING: dict[str, Callable[..., Tensor]] = {
    "scaled_dot_product_attention": _attention,
    "einsum": _einsum,
    "gather": _gather,
    "one_hot": _one_hot,
    "pad": _pad,
    "stack": _stack,
}
ATTENDING_PRIMARY = {"einsum": "equation", "gather": "dim", "one_hot": "num_classes", "pad": "pad"}


def attending(generator: Generator, place: Place) -> Any:
    """One of these, of what the scope takes or of what is in sight."""
    makers = [_attended, _attended, _multiplied, _gathered, _hot, _padded, _padded, _stacked]
    return generator.draw.choice(makers)(generator, place)


def _attended(generator: Generator, place: Place) -> Any:
    """Attention of projections of one sequence, or of what is in sight."""
    draw, given = generator.draw, place.scope.previous[0]
    more: dict[str, Any] = {"is_causal": draw.chance(0.5)} if draw.chance(0.4) else {}
    if draw.chance(0.2):
        more["scale"] = 0.5
    if draw.chance(0.3):
        alike = [name for name, x in place.scope.visible() if x.shape[:-1] == given.shape[:-1]]
        return {"scaled_dot_product_attention": more, "from": [draw.choice(alike or ["previous"]) for _ in range(3)]}
    width = draw.randint(1, 4)
    layers: dict[str, Any] = {
        name: {"Linear": {"out_features": width, "bias": draw.chance(0.5)}, "from": "input"} for name in ("q", "k", "v")
    }
    inputs = ["q", "k", "v"]
    if draw.chance(0.3):
        layers["t"] = {"transpose": {"dim0": -1, "dim1": -2}, "from": "k"}
        layers["scores"] = {"matmul": ["q", "t"]}
        layers["mask"] = draw.choice([{"ge": 0}, {"mul": 0.5}, {"slice": {"dim": 1, "start": 0, "end": 1}}])
        inputs.append("mask")
    return {"layers": {**layers, "out": {"scaled_dot_product_attention": more, "from": inputs}}}


def _multiplied(generator: Generator, place: Place) -> Any:
    """A sum of products: over letters of one tensor, or of two that are in sight."""
    draw, given = generator.draw, place.scope.previous[0]
    visible = [(name, x) for name, x in place.scope.visible() if x.dtype == given.dtype and x.dim() <= len(_LETTERS)]
    name, other = draw.choice(visible or [("previous", given)])
    first = _LETTERS[: given.dim()]
    letters = dict(zip(first, given.shape, strict=True))
    second = ""
    for size in other.shape:
        fitting = [letter for letter, mine in letters.items() if mine == size and letter not in second]
        fresh = next(letter for letter in _MORE_LETTERS if letter not in letters)
        letter = draw.choice(fitting) if fitting and draw.chance(0.8) else fresh
        letters[letter] = size
        second += letter
    terms, inputs = ([first, second], ["previous", name]) if draw.chance(0.7) else ([first], ["previous"])
    kept = [letter for letter in dict.fromkeys("".join(terms)) if letter == "n" or draw.chance(0.6)]
    if draw.chance(0.3):
        draw.shuffle(kept)
    return {"einsum": f"{','.join(terms)}->{''.join(kept)}", "from": inputs}


def _gathered(generator: Generator, place: Place) -> Any:
    """Elements at the places of the largest, or of one tensor in sight."""
    draw, given = generator.draw, place.scope.previous[0]
    dim = draw.randrange(given.dim())
    keep = {"dim": dim, "keepdim": draw.chance(0.8)}
    layers: dict[str, Any] = {"places": {draw.choice(["argmax", "argmin"]): keep, "from": "input"}}
    layers["out"] = {"gather": draw.choice([dim, {"dim": dim}]), "from": ["input", "places"]}
    return {"layers": layers}


def _hot(generator: Generator, place: Place) -> Any:
    """Classes as rows with a single one."""
    draw, given = generator.draw, place.scope.previous[0]
    if given.dim() < 2:
        return None
    dim = draw.randrange(_is_batch(given.size(0), generator.interpreter.batch), given.dim())
    layers: dict[str, Any] = {"classes": {"argmax": {"dim": dim}}}
    layers["hot"] = {"one_hot": {"num_classes": given.size(dim) + draw.choice([0, 0, 1])}}
    if draw.chance(0.7):
        layers["out"] = {"to": "float32"}
    return {"layers": layers}


def _padded(generator: Generator, place: Place) -> Any:
    draw, given = generator.draw, place.scope.previous[0]
    mode = draw.choice(["constant", "constant", "constant", "reflect", "replicate", "circular"])
    count = draw.randint(1, given.dim()) if mode == "constant" else max(1, given.dim() - 2)
    sides = [draw.choice([0, 0, 1, 1, 2, -1]) for _ in range(2 * count)]
    arguments: dict[str, Any] = {"pad": sides}
    if mode != "constant" or draw.chance(0.1):
        arguments["mode"] = mode
    if draw.chance(0.2):
        arguments["value"] = 0.5
    return {"pad": arguments}


def _stacked(generator: Generator, place: Place) -> Any:
    draw, given = generator.draw, place.scope.previous[0]
    alike = [name for name, x in place.scope.visible() if x.shape == given.shape and x.dtype == given.dtype]
    names = [draw.choice(alike or ["previous"]) for _ in range(draw.randint(2, 3))]
    rank = given.dim()
    return draw.choice([{"stack": names}, {"stack": {"dim": draw.randrange(-rank - 1, rank + 1)}, "from": names}])
