"""What torch can export: every kind of the catalogue, each in a model of its own; used by tools.generate_exports."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from archspec.emit.alone import alone
from archspec.emit.module import build_module
from archspec.emit.onnx import save_onnx
from archspec.emit.prove import tensors
from archspec.emit.pt2 import save_pt2
from archspec.emit.samples import samples
from archspec.errors import SourceText, Span, UsageError
from archspec.graph.nodes import Call, Graph
from archspec.ops.apply import apply
from archspec.ops.entry import Op
from archspec.ops.faults import RuleFaults
from archspec.tensors import Batch, per_sample
from tests.conformance import strategies

_NOWHERE = Span(SourceText("<tools.exports>", ""), 0, 0)
_SETTINGS = settings(
    derandomize=True,
    max_examples=3_000,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
    database=None,
)
_MOST_ELEMENTS = 50_000


def model_of(op: Op) -> Graph | None:
    """A model that is one call of an op, as random calls happen to give one; None where none is accepted."""
    try:
        call = find(strategies.calls(op), _is_accepted, settings=_SETTINGS)
    except NoSuchExample:
        return None
    applied = apply(op, call.written, call.inputs)
    node = Call(0, "layer", "layer", op, applied.args, (), applied.outputs, applied.state, 0, _NOWHERE)
    return alone(node, call.inputs)


def _is_accepted(call: strategies.Call) -> bool:
    if not all(given.shape[:1] == (Batch(1),) for given in call.inputs[:1]):
        return False
    try:
        applied = apply(call.op, call.written, call.inputs)
    except RuleFaults:
        return False
    sizes = [per_sample(output.shape) for output in applied.outputs]
    return min(sizes) > 0 and sum(sizes) < _MOST_ELEMENTS and applied.outputs[0].shape[0] == Batch(1)


def failure(export: Callable[[], object]) -> str | None:
    """Why an export fails, in torch's words; None where it does not."""
    try:
        export()
    except UsageError as error:
        return " ".join((*error.diagnostic.notes, error.diagnostic.message)[:1])
    return None


def to_pt2(graph: Graph) -> None:
    """Export, load again, and compare at another batch size.

    Raises:
        UsageError: torch cannot export it.
        AssertionError: what is loaded is another model.
    """
    module = build_module(graph).eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt2"
        save_pt2(graph, module, path)
        loaded = torch.export.load(path).module()
    given = samples(graph, module, 5)
    with torch.no_grad():
        for mine, other in zip(tensors(loaded(*given)), tensors(module(*given)), strict=True):
            torch.testing.assert_close(mine, other, equal_nan=True)


def to_onnx(graph: Graph) -> None:
    """Export, which checks the file.

    Raises:
        UsageError: torch cannot export it, or onnxruntime not run it.
    """
    with tempfile.TemporaryDirectory() as folder:
        save_onnx(graph, build_module(graph), Path(folder) / "model.onnx")
