"""Random entries of the constructs beyond layers and blocks: branches, modules called again, bare tensors, ports."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from tests.fuzz.generate import Generator, Place

ALIGNS = ("pad", "crop", "resize")


def pooled(generator: Generator, place: Place) -> Any:
    """A pool whose indices others may refer to."""
    count = place.scope.previous[0].dim() - 2
    if not 1 <= count <= 3:
        return None
    kind = generator.draw.choice(["MaxPool", "AdaptiveMaxPool"])
    size = "kernel_size" if kind == "MaxPool" else "output_size"
    return {f"{kind}{count}d": {size: generator.draw.randint(1, 2), "return_indices": True}}


def used(generator: Generator, place: Place) -> Any:
    """A module that there is, called again."""
    known = [name for name, _ in place.scope.visible() if place.scope.reach(name).again is not None]
    if not known:
        return None
    name = generator.draw.choice(known)
    alike = [other for other, tensor in place.scope.visible() if tensor.shape == place.scope.refer(name).shape]
    entry = {"use": generator.reference(place, name)}
    return entry if generator.draw.chance(0.5) else {**entry, "from": generator.draw.choice(alike)}


def in_pieces(generator: Generator, place: Place) -> Any:
    """A tensor taken apart along a dimension that is not the batch, its pieces ports."""
    draw, shape = generator.draw, place.scope.previous[0].shape
    dims = [dim for dim in range(1, len(shape)) if shape[dim] > 1]
    if not dims:
        return None
    dim = draw.choice(dims)
    size, at = shape[dim], dim - draw.choice([0, len(shape)])
    first = draw.randint(1, size - 1)
    return draw.choice(
        [
            {"chunk": {"chunks": draw.randint(2, 3), "dim": at}},
            {"split": {"split_size_or_sections": draw.choice([first, [first, size - first]]), "dim": at}},
            {"unbind": {"dim": at}},
        ]
    )


def moving(generator: Generator, place: Place) -> Any:
    """Copies of which each takes an input of its own: one of the copies, or of the entries, of something earlier."""
    draw, visible = generator.draw, list(place.scope.visible())
    counts = {name: _numbered(place.scope.reach(name).inner) for name, _ in visible}
    known = [name for name, count in counts.items() if count > 1]
    if not known:
        return None
    name = draw.choice(known)
    count = draw.randint(2, counts[name])
    shape = place.scope.refer(f"{name}.0").shape
    first = draw.choice([other for other, tensor in visible if tensor.shape == shape] if draw.chance(0.7) else visible)
    place_of = draw.choice(["index", "count - 1 - index", f"{count - 1} - position"])
    inputs = [first if isinstance(first, str) else first[0], f"{name}.$({place_of})"]
    merge = draw.choice(["add", "mul", "concat"])
    whole = {merge: inputs} if draw.chance(0.5) else {"layers": {"m": merge, "act": "Tanh"}, "from": inputs}
    return {**whole, "repeat": count}


def _numbered(inner: dict[str, Any]) -> int:
    return next(count for count in range(len(inner) + 1) if str(count) not in inner)


def tied(generator: Generator, place: Place) -> Any:
    """A layer whose parameters are an earlier layer's."""
    draw, modules = generator.draw, generator.interpreter.modules
    known = [name for name, _ in place.scope.visible() if place.scope.reach(name).path in modules]
    known = [name for name in known if dict(modules[place.scope.reach(name).path].named_parameters(recurse=False))]
    if draw.chance(0.8):
        given = [key for key, value in place.scope.visible() if _fits(modules, place, key, place.scope.previous[0])]
        known = given or known
    if not known:
        return None
    name = draw.choice(known)
    layer = modules[place.scope.reach(name).path]
    own = [key for key, _ in layer.named_parameters(recurse=False)]
    chosen = own if draw.chance(0.3) else [draw.choice(own)]
    entry = {type(layer).__name__: _alike(layer)}
    return {**entry, "tie": {key: f"{generator.reference(place, name)}.{key}" for key in chosen}}


def _fits(modules: dict[str, nn.Module], place: Place, name: str, given: Tensor) -> bool:
    """Whether a layer with parameters takes a tensor."""
    layer = modules.get(place.scope.reach(name).path)
    if layer is None or not dict(layer.named_parameters(recurse=False)):
        return False
    try:
        layer(given)
    except Exception:
        return False
    return True


_NOTHING_SAID = (("groups", 1), ("proj_size", 0))
"""What every layer of a kind has, though only some take it as an argument."""


def _alike(layer: nn.Module) -> Any:
    """Arguments for a layer with parameters of the same shapes, as far as they do not follow from its input."""
    wanted = ("out_channels", "kernel_size", "out_features", "hidden_size", "num_groups", "nhead", "num_parameters")
    wanted = (*wanted, "dim_feedforward", "batch_first", "groups", "num_layers", "proj_size")
    found = {name: getattr(layer, name) for name in wanted if hasattr(layer, name)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
    return {name: value for name, value in plain.items() if (name, value) not in _NOTHING_SAID} or None


def bare(generator: Generator, place: Place) -> Any:
    """A sequence with a tensor of its own, which every sample meets."""
    draw = generator.draw
    size = list(place.scope.previous[0].shape[1:])
    if not size:
        return None
    shape = [1, *size] if draw.chance(0.4) else size
    init = draw.choice(["zeros", "ones", {"normal": {"std": 0.5}}, {"uniform": None}])
    tensor: dict[str, Any] = {"Parameter": {"shape": shape, "init": init}}
    if draw.chance(0.3):
        tensor = {"Buffer": {"shape": shape, "init": init}}
    elif len(size) == 1 and draw.chance(0.3):
        tensor = {"Buffer": [draw.randint(-2, 2) / 2 for _ in range(size[0])]}
    merge = {draw.choice(["add", "mul", "sub"]): ["input", "p"]}
    return {"layers": {"p": tensor, "m": merge}}


def branched(generator: Generator, place: Place) -> Any:
    """The same input into two entries or three, and a merge."""
    draw = generator.draw
    first = generator.layer(place) if draw.chance(0.7) else generator.nested(place)
    made = [first]
    for _ in range(draw.choice([1, 1, 2])):
        alike = draw.choice([first, "Identity", draw.choice(generator.acts()), {"mul": 2}, {"layers": [first, "Tanh"]}])
        made.append(copy.deepcopy(alike if draw.chance(0.75) else generator.layer(place)))
    if draw.chance(0.1):
        made[-1] = {"layers": [made[-1]], "when": draw.choice([True, False])}
    if draw.chance(0.1):
        made[0] = {"layers": [made[0]], "repeat": draw.choice([1, 2, [1, 2]])}
    branches: Any = made if draw.chance(0.4) else dict(zip(("a", "b", "1x1"), made, strict=False))
    merge = draw.choice(["concat", "concat", "add", "mul", "mean", "none", {"concat": {"dim": -1}}, {"add": {}}])
    aligned = draw.chance(0.15) and merge != "none" and {"align": draw.choice(ALIGNS)}
    return {"branches": branches, "merge": merge, **(aligned or {})}
