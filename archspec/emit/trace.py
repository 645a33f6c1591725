"""A compiled module as a program of torch's own operations, for any batch size."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from archspec.emit.alone import each_alone
from archspec.emit.module import build_module
from archspec.emit.samples import samples
from archspec.errors import Diagnostic, UsageError, clip
from archspec.graph.nodes import Graph
from archspec.tensors import Batch

_LONGEST_REASON = 300


def program(graph: Graph, module: nn.Module) -> ExportedProgram:
    """What `torch.export` makes of a module in eval mode, its batch a symbol. Raises whatever that raises."""
    batch = Dim("batch", min=1)
    shapes = tuple(
        {at: batch * dim.multiple if dim.multiple > 1 else batch for at, dim in _batches(parameter.type.shape)}
        for parameter in graph.root.parameters
    )
    modes = {name: inner.training for name, inner in module.named_modules()}
    try:
        with torch.no_grad(), quiet():
            return torch.export.export(module.eval(), tuple(samples(graph, module)), dynamic_shapes=shapes)
    finally:
        for name, inner in module.named_modules():
            inner.training = modes[name]


def _batches(shape: tuple[Any, ...]) -> Iterator[tuple[int, Batch]]:
    return ((at, dim) for at, dim in enumerate(shape) if isinstance(dim, Batch))


def refused(graph: Graph, form: str, error: Exception, attempt: Callable[[Graph, nn.Module], object]) -> UsageError:
    """Why a model cannot be exported: AS708 with the layer that cannot, or AS709 where each of them can.

    Args:
        graph: the model.
        form: what it was exported to.
        error: what torch said.
        attempt: the export, which is tried with each layer by itself.
    """
    for call, model in each_alone(graph):
        try:
            attempt(model, build_module(model))
        except Exception as found:  # whatever torch's exporters raise
            kind = call.op.name
            message = f"`{call.path}` cannot be exported to {form}: torch's exporter does not take this `{kind}`"
            help = "write it with other layers, or export to `python`, which has them all"
            return UsageError(
                Diagnostic("AS708", message, call.span, notes=(f"torch says: {reason(found)}",), help=help)
            )
    message = f"`{graph.name}` cannot be exported to {form}, though each of its layers can by itself"
    note = f"torch says: {reason(error)}"
    return UsageError(Diagnostic("AS709", message, notes=(note,), help="export to `python` instead"))


def reason(error: BaseException) -> str:
    """The first line of the cause of an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return clip(f"{type(error).__name__}: {first}" if first else type(error).__name__, _LONGEST_REASON)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what torch's exporters tell of their own workings."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
