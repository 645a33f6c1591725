"""Random entries of the constructs beyond layers and blocks: branches, modules called again, bare tensors, ports."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

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
