"""Random buffers whose values the spec says: computed by functions, or written out; and an entry that uses them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.generate import Generator, Place
    from tests.fuzz.values import Drawn

_WAVES = ("sin", "cos", "tanh", "exp", "neg", "sigmoid", "square", "softsign")


def buffered(generator: Generator, place: Place) -> Any:
    """A sequence with a buffer of its own, which every sample meets."""
    draw, given = generator.draw, place.scope.previous[0]
    size = list(given.shape[1:])
    if not size or prod(size) > 500:
        return None
    made = draw.choice([_positions, _positions, _triangle, _mask, _relative, _written])(draw, size)
    if made is None:
        return None
    layers, use = made
    buffer: dict[str, Any] = {"layers": _listed(draw, layers)} if isinstance(layers, dict) else {"values": layers}
    if draw.chance(0.4):
        buffer["persistent"] = draw.chance(0.3)
    return {"layers": {"b": {"Buffer": buffer}, **use}}


def _listed(draw: Drawn, layers: dict[str, Any]) -> Any:
    """The functions without names, where none names another."""
    if any("from" in entry for entry in layers.values() if isinstance(entry, dict)) or draw.chance(0.5):
        return layers
    return list(layers.values())


def _sizes(draw: Drawn, size: list[int]) -> list[Any]:
    """Sizes as numbers, or as those of the tensor that comes in."""
    return [f"$(input.shape[{at}])" if draw.chance(0.2) else each for at, each in enumerate(size, 1)]


def _merged(draw: Drawn) -> dict[str, Any]:
    return {"m": {draw.choice(["add", "mul", "sub"]): ["input", "b"]}}


def _positions(draw: Drawn, size: list[int]) -> Any:
    """The numbers from 0 on, as waves or not."""
    layers: dict[str, Any] = {"p": {"arange": prod(size)}, "f": {"to": "float32"}}
    if draw.chance(0.2):
        layers = {"p": {"arange": {"end": prod(size), "dtype": "float32"}}}
    if draw.chance(0.5):
        layers["s"] = {draw.choice(["mul", "add", "div"]): draw.choice([0.5, 2, 0.1])}
    if draw.chance(0.5):
        layers["w"] = {draw.choice(_WAVES): None}
    if draw.chance(0.2):
        layers["q"] = {"softmax": {"dim": 0}}
    layers["out"] = {"reshape": {"shape": _sizes(draw, size)}}
    if draw.chance(0.2):
        layers["t"] = {"flip": {"dims": [0]}}
    return layers, _merged(draw)


def _triangle(draw: Drawn, size: list[int]) -> Any:
    if len(size) < 2:
        return None
    layers: dict[str, Any] = {
        "ones": {draw.choice(["new_ones", "new_zeros"]): {"size": _sizes(draw, size)}},
        "cut": {draw.choice(["tril", "triu"]): draw.choice([{}, {"diagonal": draw.randint(-1, 1)}])},
    }
    if draw.chance(0.3):
        layers["ones"] = {"new_full": {"size": size, "fill_value": draw.choice([2, -0.5, 1.5])}}
    if draw.chance(0.3):
        layers["again"] = {"add": [list(layers)[-1], "ones"]}
    return layers, _merged(draw)


def _mask(draw: Drawn, size: list[int]) -> Any:
    """Which elements are hidden."""
    layers: dict[str, Any] = {
        "p": {"arange": prod(size)},
        "even": {draw.choice(["gt", "lt", "ne"]): draw.randint(0, 3)},
    }
    if draw.chance(0.3):
        layers = {"p": {"new_ones": {"size": [prod(size)]}}, "t": {"to": "bool"}}
    if draw.chance(0.3):
        layers["not"] = {"logical_not": {}}
    layers["out"] = {"reshape": {"shape": _sizes(draw, size)}}
    use = draw.choice(
        [
            {"m": {"masked_fill": {"value": draw.choice([0, "-inf", 2.0])}, "from": ["input", "b"]}},
            {"m": {"where": ["b", "input", "input"]}},
            {"t": {"to": "float32", "from": "b"}, "m": {"mul": ["input", "t"]}},
        ]
    )
    return layers, use


def _relative(draw: Drawn, size: list[int]) -> Any:
    """A learned number for each distance between two places, as in window attention."""
    if len(size) < 2 or size[-1] > 9 or size[-2] > 9:
        return None
    rows, columns = size[-2:]
    layers = {
        "column": {"arange": columns},
        "row": {"arange": rows},
        "r": {"unsqueeze": {"dim": 1}},
        "apart": {"sub": {"broadcast": True}, "from": ["r", "column"]},
        "index": {"add": columns - 1},
        "flat": {"flatten": 0},
    }
    use = {
        "table": {"Parameter": {"shape": [rows + columns - 1], "init": {"normal": {"std": 0.5}}}},
        "bias": {"index_select": {"dim": 0}, "from": ["table", "b"]},
        "square": {"reshape": {"shape": [1] * (len(size) - 2) + [rows, columns]}},
        "m": {draw.choice(["add", "mul"]): {"broadcast": True}, "from": ["input", "square"]},
    }
    return layers, use


def _written(draw: Drawn, size: list[int]) -> Any:
    values: Any = [draw.randint(-2, 2) / 2 for _ in range(size[-1])]
    if draw.chance(0.5):
        values = [draw.chance(0.5) for _ in range(size[-1])]
    if draw.chance(0.3):
        values = [values]
    broadcast = {"t": {"to": "float32", "from": "b"}, "m": {"mul": {"broadcast": True}, "from": ["input", "t"]}}
    if len(size) == 1 and isinstance(values[0], float):
        return values, _merged(draw)
    return values, broadcast
