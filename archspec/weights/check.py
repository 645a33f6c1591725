"""A model's checkpoint checked without torch: the file, what it holds, and whether that fits."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.errors import Diagnostic, SpecError, UsageError
from archspec.graph.nodes import Graph
from archspec.spec.checkpoint import Checkpoint
from archspec.weights.contents import Contents, Stored
from archspec.weights.explain import refuse_match
from archspec.weights.inspect import inspect
from archspec.weights.ledger import Match, Wanted, match
from archspec.weights.locate import locate


def check_weights(graph: Graph, checkpoint: Checkpoint) -> tuple[Diagnostic, ...]:
    """What keeps a checkpoint from being loaded into the model of a graph; empty where nothing does."""
    try:
        found = inspect(checkpoint, locate(checkpoint))
        fitted(checkpoint, found, wanted_by(graph), graph.name)
    except SpecError as error:
        return error.diagnostics
    except UsageError as error:
        return (error.diagnostic,)
    return ()


def fitted(checkpoint: Checkpoint, contents: Contents, wanted: Mapping[str, Wanted], model: str) -> Match:
    """What goes where.

    Raises:
        SpecError: the file does not fit, and the spec names it.
        UsageError: the file does not fit, and the caller names it.
    """
    held = match(checkpoint, contents, wanted)
    refuse_match(checkpoint, contents, wanted, held, model)
    return held


def wanted_by(graph: Graph) -> dict[str, Wanted]:
    """The tensors of a graph's model."""
    return {
        name: Wanted(Stored(state.shape, state.dtype), state.tied or name, is_optional(name))
        for call in graph.calls()
        for name, state in call.tensors
        if call.args.get("persistent", True)  # a buffer that is not is no part of the state dict
    }


def is_optional(name: str) -> bool:
    """torch 0.4 and older had no such counter, and torch itself loads their checkpoints."""
    return name.rpartition(".")[2] == "num_batches_tracked"
