"""Random entries that arrange, choose, mask and multiply: reshapes, einops patterns, places, masks, products."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.generate import Generator, Place
    from tests.fuzz.values import Drawn

_COMPARISONS = ("gt", "lt", "ge", "le", "ne", "eq")
_LETTERS = "ncdhwxyz"


def arranged(generator: Generator, place: Place) -> Any:
    """The same elements in another shape."""
    draw, shape = generator.draw, place.scope.previous[0].shape
    makers = [_reshaped, _reshaped, _unflattened, _flattened, _expanded, _rearranged, _rearranged, _reduced, _repeated]
    return draw.choice(makers)(draw, list(shape), generator.interpreter.batch)


def _sizes(draw: Drawn, sizes: list[int], batch: int) -> list[Any]:
    """Sizes as they may be written: the batch as `N`, one of them as -1."""
    made: list[Any] = [
        size if size % batch or index != 0 else _batches(size // batch) for index, size in enumerate(sizes)
    ]
    if draw.chance(0.4):
        made[draw.randrange(len(made))] = -1
    return made


def _batches(count: int) -> str:
    return "N" if count == 1 else f"{count}*N"


def _split(draw: Drawn, size: int) -> list[int]:
    """Two factors of a size."""
    first = draw.choice([each for each in range(1, size + 1) if size % each == 0])
    return [first, size // first]


def _reshaped(draw: Drawn, shape: list[int], batch: int) -> Any:
    sizes = list(shape)
    for _ in range(draw.randint(1, 2)):
        at = draw.randrange(len(sizes))
        if draw.chance(0.5) and len(sizes) > 1:
            at = min(at, len(sizes) - 2)
            sizes[at : at + 2] = [sizes[at] * sizes[at + 1]]
        elif sizes[at] % batch == 0:
            first, rest = _split(draw, sizes[at] // batch)
            sizes[at : at + 1] = [first * batch, rest]
        else:
            sizes[at : at + 1] = _split(draw, sizes[at])
    made = _sizes(draw, sizes, batch)
    return {"reshape": made if len(made) > 1 and draw.chance(0.5) else {"shape": made}}


def _unflattened(draw: Drawn, shape: list[int], batch: int) -> Any:
    at = draw.randrange(len(shape))
    sizes: list[Any] = _split(draw, shape[at])
    if draw.chance(0.3):
        sizes[draw.randrange(2)] = -1
    return {"Unflatten": {"dim": at - draw.choice([0, len(shape)]), "unflattened_size": sizes}}


def _flattened(draw: Drawn, shape: list[int], batch: int) -> Any:
    start = draw.randrange(len(shape))
    end = draw.randrange(start, len(shape)) - draw.choice([0, len(shape)])
    return {draw.choice(["flatten", "Flatten"]): {"start_dim": start, "end_dim": end}}


def _expanded(draw: Drawn, shape: list[int], batch: int) -> Any:
    sizes: list[Any] = [
        draw.choice([-1, -1, size, draw.randint(1, 3)]) if size == 1 else draw.choice([-1, size]) for size in shape
    ]
    sizes = [size if size < 0 or size % batch else _batches(size // batch) for size in sizes]
    if draw.chance(0.3):
        sizes = [draw.choice([2, 3, "N"]), *sizes]
    if draw.chance(0.5):
        return {
            "layers": [{"unsqueeze": (at := draw.randrange(1, len(shape) + 1))}, {"expand": _with(sizes, at, draw)}]
        }
    return {"expand": sizes if len(sizes) > 1 and draw.chance(0.5) else {"size": sizes}}


def _with(sizes: list[Any], at: int, draw: Drawn) -> list[Any]:
    return [*sizes[:at], draw.choice([2, 3, -1, "N"]), *sizes[at:]]


def _rearranged(draw: Drawn, shape: list[int], batch: int) -> Any:
    """Axes split, moved and joined."""
    if len(shape) > len(_LETTERS):
        return None
    left, sizes, axes = [], {}, []
    for letter, size in zip(_LETTERS, shape, strict=False):
        if draw.chance(0.3):
            mine = [f"{letter}1", f"{letter}2"]
            known = draw.randrange(2)
            parts = _split(draw, size // batch if size % batch == 0 else size)
            sizes[mine[known]] = parts[known]
            left.append(f"({' '.join(mine)})")
            axes += mine
        else:
            left.append(letter)
            axes.append(letter)
    if draw.chance(0.7):
        axes = axes[:1] + draw.sample(axes[1:], len(axes) - 1)
    else:
        draw.shuffle(axes)
    right = _composed(draw, axes)
    if draw.chance(0.1):
        right.insert(draw.randrange(len(right) + 1), draw.choice(["1", "()"]))
    return _pattern(draw, "rearrange", " ".join(left), " ".join(right), sizes)


def _composed(draw: Drawn, axes: list[str]) -> list[str]:
    made, at = [], 0
    while at < len(axes):
        count = draw.choice([1, 1, 1, 2])
        group = axes[at : at + count]
        made.append(group[0] if len(group) == 1 else f"({' '.join(group)})")
        at += count
    return made


def _pattern(draw: Drawn, kind: str, left: str, right: str, more: dict[str, Any]) -> Any:
    pattern = f"{left} -> {right}"
    return {kind: {"pattern": pattern, **more} if more or draw.chance(0.3) else pattern}


def _reduced(draw: Drawn, shape: list[int], batch: int) -> Any:
    if len(shape) > len(_LETTERS):
        return None
    left = list(_LETTERS[: len(shape)])
    kept = [letter for letter in left if draw.chance(0.9 if letter == "n" else 0.6)]
    reduction = draw.choice(["mean", "sum", "max", "min", "prod"])
    if draw.chance(0.2) and len(left) > 2:
        left, kept = [left[0], "..."], draw.choice([[left[0]], ["..."]])
    return _pattern(draw, "reduce", " ".join(left), " ".join(kept), {"reduction": reduction})


def _repeated(draw: Drawn, shape: list[int], batch: int) -> Any:
    if len(shape) > len(_LETTERS):
        return None
    left = list(_LETTERS[: len(shape)])
    right = list(left)
    at = draw.randrange(1, len(right) + 1)
    if draw.chance(0.5) or at == len(right):
        right.insert(at, "r")
    else:
        right[at] = draw.choice([f"({right[at]} r)", f"(r {right[at]})"])
    return _pattern(draw, "repeat_axis", " ".join(left), " ".join(right), {"r": draw.randint(1, 3)})


def chosen(generator: Generator, place: Place) -> Any:
    """Some places of a dimension."""
    draw, shape = generator.draw, place.scope.previous[0].shape
    at = draw.randrange(len(shape))
    dim, size = at - draw.choice([0, len(shape)]), shape[at]
    start = draw.choice([None, draw.randint(-size, size - 1)])
    end = draw.choice([None, draw.randint(-size, size + 1)])
    bounds = {name: value for name, value in (("start", start), ("end", end)) if value is not None}
    return draw.choice(
        [
            {"select": {"dim": dim, "index": draw.randint(-size, size - 1)}},
            {"slice": {"dim": dim, **bounds}},
            {"slice": {"dim": dim, **bounds, "step": draw.randint(1, 3)}},
            {"topk": {"k": draw.randint(1, size), "dim": dim}},
            {draw.choice(["max", "min"]): {"dim": dim, "keepdim": draw.chance(0.5)}},
        ]
    )


def masked(generator: Generator, place: Place) -> Any:
    """A sequence in which a mask of booleans says what is taken."""
    draw = generator.draw
    given = place.scope.previous[0]
    alike = [name for name, x in place.scope.visible() if x.shape == given.shape and x.dtype == given.dtype]
    layers: dict[str, Any] = {"m": {draw.choice(_COMPARISONS): _compared_with(draw, alike)}}
    if draw.chance(0.3):
        layers["m2"] = {draw.choice(_COMPARISONS): 0.5, "from": "input"}
        layers["both"] = {draw.choice(["logical_and", "logical_or", "logical_xor"]): ["m", "m2"]}
    if draw.chance(0.2):
        layers["not"] = "logical_not" if draw.chance(0.5) else {"logical_not": {}}
    mask = list(layers)[-1]
    if draw.chance(0.25):
        layers["small"] = draw.choice([{"select": {"dim": 1, "index": 0}}, {"slice": {"dim": 1, "start": 0, "end": 1}}])
    last = list(layers)[-1]
    value = draw.choice([0, 0.0, -1, 1.5, "-inf", "inf"])
    other = draw.choice(alike or ["input"])
    layers["out"] = draw.choice(
        [
            {"masked_fill": value if draw.chance(0.3) else {"value": value}, "from": ["input", last]},
            {"masked_fill": {"value": value, "broadcast": True}, "from": ["input", last]},
            {"where": [mask, "input", other]},
            {"where": {"broadcast": draw.chance(0.5)}, "from": [last, other, "input"]},
            {"to": "float32"},
            {"to": {"dtype": draw.choice(["int64", "float32"])}},
        ]
    )
    return {"layers": layers}


def _compared_with(draw: Drawn, alike: list[str]) -> Any:
    if alike and draw.chance(0.3):
        return ["input", draw.choice(alike)]
    return draw.choice([0, 0.5, {"other": 0.1}, -0.25])


def multiplied(generator: Generator, place: Place) -> Any:
    """A product of matrices: of a tensor and itself turned, or of what is in sight."""
    draw = generator.draw
    kind = draw.choice(["matmul", "matmul", "bmm"])
    given = place.scope.previous[0]
    fitting = [
        name for name, x in place.scope.visible() if given.dim() > 1 and x.dim() > 1 and x.shape[-2] == given.shape[-1]
    ]
    if fitting and draw.chance(0.5):
        return {kind: ["previous", draw.choice(fitting)]}
    turned = {"transpose": {"dim0": -1, "dim1": -2}, "from": "input"}
    order = draw.choice([["input", "t"], ["t", "input"]])
    product: dict[str, Any] = {kind: order}
    if kind == "matmul" and draw.chance(0.2):
        product = {kind: {"broadcast": draw.chance(0.5)}, "from": order}
    if given.dim() > 1 and draw.chance(0.3):
        weight = {"Parameter": {"shape": [given.shape[-1], draw.randint(1, 4)], "init": {"normal": {"std": 0.5}}}}
        return {"layers": {"w": weight, "out": {"matmul": ["input", "w"]}}}
    return {"layers": {"t": turned, "out": product}}


def constant(generator: Generator, place: Place) -> Any:
    """What a tensor alone does not say: positions, fills, triangles."""
    draw = generator.draw
    given = place.scope.previous[0]
    batch = generator.interpreter.batch
    size = [
        _batches(each // batch) if not index and each % batch == 0 else each for index, each in enumerate(given.shape)
    ]
    size = size if draw.chance(0.5) else size[1:] or [3]
    made = draw.choice(
        [
            {"arange": given.shape[-1] if draw.chance(0.7) else draw.randint(1, 5)},
            {"arange": {"end": draw.randint(1, 5), "dtype": "float32"}},
            {"new_ones": {"size": size}},
            {"new_full": {"size": size, "fill_value": draw.choice([0.5, 2, "inf"])}},
            {"full_like": draw.choice([0.5, 1])},
            {draw.choice(["tril", "triu"]): draw.choice([None, {}, 1, {"diagonal": -1}])},
        ]
    )
    if ("arange" not in made and draw.chance(0.5)) or prod(given.shape) > 2_000:
        return made
    return {"layers": {"c": made, "f": {"to": "float32"}, "out": {draw.choice(["add", "mul"]): ["input", "f"]}}}
