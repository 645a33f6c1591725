"""Inputs of which a model can be run: random ones of the declared types."""

from __future__ import annotations

import torch
from torch import nn

from archspec.graph.nodes import Call, Graph, Ref
from archspec.graph.values import origin, sources
from archspec.tensors import Batch, Shape, TensorType

_ANY = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "type_as", "to", "zeros_like", "ones_like"})
"""Functions that take any whole number."""
_NO_LIMIT = 2**63 - 1
_FEW = 4


def samples(graph: Graph, module: nn.Module, batch: int = 2) -> list[torch.Tensor]:
    """Random inputs of a module, on its device and in its element type.

    Whole numbers are rows of the embeddings that they go to; where something else takes them, they are zero.
    """
    like = next((parameter for parameter in module.parameters()), torch.empty(0))
    parameters = graph.root.parameters
    whole = [Ref(parameter.id) for parameter in parameters if not parameter.type.is_floating]
    rows = _rows(graph, whole) if whole else {}
    return [_sample(parameter.type, like, batch, rows.get(Ref(parameter.id), 1)) for parameter in parameters]


def _rows(graph: Graph, inputs: list[Ref]) -> dict[Ref, int]:
    """The smallest number of rows of the embeddings that an input goes to; 1 where it goes elsewhere."""
    found = sources(graph.root)
    users: dict[Ref, list[Call]] = {ref: [] for ref in inputs}
    for call in graph.calls():
        for ref in {origin(ref, found) for ref in call.inputs}:
            if ref in users:
                users[ref].append(call)
    limits = {ref: min(map(_taken_by, calls), default=1) for ref, calls in users.items()}
    return {ref: _FEW if limit == _NO_LIMIT else limit for ref, limit in limits.items()}


def _taken_by(call: Call) -> int:
    """How many numbers, from zero on, a call takes."""
    if call.op.name in ("Embedding", "EmbeddingBag"):
        return int(call.args.num_embeddings)
    return _NO_LIMIT if call.op.name in _ANY else 1


def _sample(type_: TensorType, like: torch.Tensor, batch: int, rows: int) -> torch.Tensor:
    shape = concrete(type_.shape, batch)
    if type_.is_floating:
        dtype = like.dtype if type_.dtype == "float32" else getattr(torch, type_.dtype)
        return torch.randn(shape, device=like.device).to(dtype)
    dtype = getattr(torch, type_.dtype)
    if rows == 1 or dtype not in (torch.int32, torch.int64):
        return torch.zeros(shape, dtype=dtype, device=like.device)
    return torch.randint(rows, shape, dtype=dtype, device=like.device)


def concrete(shape: Shape, batch: int = 2) -> tuple[int, ...]:
    """The sizes for a batch of so many."""
    return tuple(dim.multiple * batch if isinstance(dim, Batch) else dim for dim in shape)
