"""From a checked graph to its module: refused if too large, filled at random or from a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.collector import rarely_collected
from archspec.errors import UsageError
from archspec.graph.nodes import Graph
from archspec.refusals import too_large
from archspec.spec.checkpoint import Checkpoint

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archspec.weights.contents import Contents

MOST_PARAMS = 2_000_000_000
"""Larger models are refused unless told otherwise."""


@rarely_collected()
def built(
    graph: Graph,
    checkpoint: Checkpoint | None,
    *,
    device: torch.device | str | None,
    dtype: torch.dtype | str | None,
    seed: int = 0,
    max_params: int,
    contents: Contents | None = None,
) -> nn.Module:
    """The module of a graph.

    Args:
        graph: of a checked spec.
        checkpoint: what fills it; None for random weights.
        device: as for `Architecture.build`, and so are `dtype`, `seed` and `max_params`.
        dtype: likewise.
        seed: likewise.
        max_params: likewise.
        contents: what the checkpoint holds, where that is known.

    Raises:
        SpecError, UsageError: as `Architecture.build`.
    """
    from archspec.emit.module import build_module
    from archspec.emit.request import device_of, dtype_of

    where = device_of(device)
    if max(graph.num_params, graph.largest_buffer) > max_params and (where is None or where.type != "meta"):
        raise UsageError(too_large(graph, max_params))
    if checkpoint is None:
        return build_module(graph, device=where, dtype=dtype_of(dtype), seed=seed)
    from archspec.weights.load import build_from

    return build_from(checkpoint, graph, device=where, dtype=dtype_of(dtype), seed=seed, contents=contents)
