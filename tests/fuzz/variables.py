"""Random declarations: variables of every type, and what a block's module registers first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fuzz.values import Drawn


def variables(draw: Drawn, layer: Any) -> dict[str, Any]:
    """Numbers, truth values, lists and a layer, declared by a value or with their types."""
    made: dict[str, Any] = {"w": draw.randint(1, 4), "flag": draw.chance(0.5), "act": layer}
    if draw.chance(0.4):
        sizes = [draw.randint(1, 5) for _ in range(draw.randint(1, 3))]
        made["sizes"] = draw.choice([sizes, {"type": ["int"], "default": sizes}])
    if draw.chance(0.3):
        bounds: dict[str, Any] = draw.choice([{"min": 1}, {"max": 4}, {"choices": [1, 2, 3, 4]}, {}])
        made["w"] = {"type": "int", "default": made["w"], **bounds}
    if draw.chance(0.3):
        made["rate"] = draw.choice([0.5, {"type": "float", "default": 0.25, "min": 0, "max": 1}])
    if draw.chance(0.3):
        made["twice"] = draw.choice(["$(w * 2)", {"type": "int", "default": "$(w + 1)"}])
    if draw.chance(0.3):
        made["mode"] = draw.choice(["nearest", {"type": "str", "default": "add", "choices": ["add", "mul"]}])
    return made


def is_list_of_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int for item in value)


def list_expressions(names: Mapping[str, Any], wanted: int) -> list[str]:
    """What of the lists in sight is a number."""
    lists = {name: value for name, value in names.items() if is_list_of_numbers(value)}
    made = [f"$({name}[{at}])" for name, value in lists.items() for at, each in enumerate(value) if each == wanted]
    for word, function in (("max", max), ("len", len), ("sum", sum)):
        made += [f"$({word}({name}))" for name, value in lists.items() if function(value) == wanted]
    return made * 2


def ordered_first(draw: Drawn, layers: Any) -> list[str]:
    """Some entries of a block, which its module registers first."""
    names = [name for name in layers if "$" not in name] if isinstance(layers, dict) else map(str, range(len(layers)))
    known = list(names)
    return draw.sample(known, draw.randint(min(1, len(known)), len(known)))
