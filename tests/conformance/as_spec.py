"""A call as a whole spec: what a campaign finds in a single layer becomes a file in `tests/fuzz/found/`."""

from __future__ import annotations

import math
from typing import Any

from archspec.ops.common import model_input
from archspec.tensors import Batch, TensorType
from tests.conformance.strategies import Call

_MARKS = {3: "Dropout1d", 4: "Dropout2d", 5: "Dropout3d"}
"""Layers that say that dimension 1 is the channels and change nothing when they drop nothing."""


def spec_of(call: Call) -> dict[str, Any]:
    """A spec whose last layer is the call, of tensors of exactly its inputs' types."""
    inputs: dict[str, Any] = {}
    layers: dict[str, Any] = {}
    names = [_made(f"x{index}", given, inputs, layers) for index, given in enumerate(call.inputs)]
    layers["call"] = {call.kind: _plain(call.written), "from": names[0] if len(names) == 1 else names}
    return {"archspec": 1, **({"inputs": inputs} if inputs else {"input": [1]}), "layers": layers}


def _made(name: str, given: TensorType, inputs: dict[str, Any], layers: dict[str, Any]) -> str:
    """The name of a value of that type: an input with the batch in front, and what has to be done to it."""
    places = [at for at, size in enumerate(given.shape) if isinstance(size, Batch)]
    if not places:
        layers[name] = {"Buffer": {"shape": list(given.shape), "dtype": given.dtype, "init": "zeros"}}
        return name
    at, batch = places[0], given.shape[places[0]]
    assert isinstance(batch, Batch)
    rest = [size for size in given.shape if not isinstance(size, Batch)]
    in_front = batch.multiple > 1 or not rest
    inputs[name] = {"shape": [batch.multiple, *rest] if in_front else rest, "dtype": given.dtype}
    last = name
    steps: list[Any] = []
    if in_front:
        steps.append({"flatten": {"start_dim": 0, "end_dim": 1}})
    marked = not steps and model_input(given.with_shape(given.shape)).channels_first
    if at or (marked and not given.channels_first):
        steps.append({"permute": [*range(1, at + 1), 0, *range(at + 1, given.rank)]})
    elif given.channels_first and not marked and given.is_floating and given.rank in _MARKS:
        steps.append({_MARKS[given.rank]: 0})
    for index, step in enumerate(steps):
        layers[f"{name}-{index}"] = {**step, "from": last}
        last = f"{name}-{index}"
    return last


def _plain(value: Any) -> Any:
    """Tuples as the lists that a file has, and infinity as its name."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if value in (math.inf, -math.inf):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value
