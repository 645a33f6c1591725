"""Layers that are copies of a like one: in nothing but their memory do they differ from what a constructor makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from archspec.emit.module import Builder
from archspec.errors import SourceText, Span
from archspec.graph.nodes import Call, Graph, Scope
from archspec.ops.apply import apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import TensorType
from tests.conformance import strategies

_NOWHERE = Span(SourceText("<test>", ""), 0, 0)
_LAYERS = sorted(kind for kind in CATALOGUE if CATALOGUE[kind].is_module)


def _node(call: strategies.Call) -> Call | None:
    try:
        applied = apply(call.op, call.written, call.inputs)
    except RuleFaults:
        return None
    return Call(0, "layer", "layer", call.op, applied.args, (), applied.outputs, applied.state, 0, _NOWHERE)


def _wider(call: strategies.Call) -> Iterator[Call]:
    """The same of inputs that are twice as large in one dimension."""
    for at, given_ in enumerate(call.inputs):
        for dim, size in enumerate(given_.shape):
            if isinstance(size, int):
                shape = (*given_.shape[:dim], 2 * size, *given_.shape[dim + 1 :])
                inputs = (*call.inputs[:at], TensorType(shape, given_.dtype), *call.inputs[at + 1 :])
                node = _node(replace(call, inputs=inputs))
                if node is not None:
                    yield node


def _builder() -> Builder:
    root = Scope(0, "", "", "model", (), (), (), (), (), (), _NOWHERE)
    return Builder(Graph("Empty", root, (), "tuple"), torch.device("cpu"), None, 0)


def _told(layer: nn.Module) -> dict[str, object]:
    """All of a layer but the values of its parameters, which nothing has filled."""
    own = {name: value for name, value in vars(layer).items() if name not in ("_parameters", "_buffers", "_modules")}
    tensors = {name: None if held is None else (held.shape, held.dtype) for name, held in layer._parameters.items()}
    buffers = {name: None if held is None else (held.dtype, held.tolist()) for name, held in layer._buffers.items()}
    inner = {name: None if held is None else _told(held) for name, held in layer._modules.items()}
    return {"type": type(layer), "own": own, "parameters": tensors, "buffers": buffers, "inner": inner}


def _memory(layer: nn.Module) -> set[int]:
    """Where all that can be changed in a layer is, but for what torch's classes share too."""
    found = {id(held) for held in (*layer.parameters(), *layer.buffers(), *layer.modules())}
    for inner in layer.modules():
        held = [value for value in vars(inner).values() if isinstance(value, (dict, set, list))]
        found |= {id(value) for value in held}
        found |= {id(item) for value in held if isinstance(value, list) for item in value if torch.is_tensor(item)}
    return found


@pytest.mark.parametrize("kind", _LAYERS)
def test_a_copy_is_what_the_constructor_makes(kind: str) -> None:
    @given(strategies.calls(CATALOGUE[kind]))
    @settings(max_examples=6, deadline=None, database=None, derandomize=True)
    def judge(call: strategies.Call) -> None:
        first = _node(call)
        if first is None:
            return
        builder = _builder()
        made = [builder.layer(first)]
        for other in (first, *_wider(call)):
            made.append(builder.layer(other))
            if "_flat_weights" not in vars(made[-1]):  # tensors cannot be compared before they are filled
                assert _told(made[-1]) == _told(_builder().layer(other))
        for at, layer in enumerate(made):
            assert all(_memory(layer).isdisjoint(_memory(other)) for other in made[:at])

    judge()
