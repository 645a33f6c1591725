"""Whether a loss is given what it takes: scores, probabilities or their logarithms. Others run, and learn badly."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.errors import Diagnostic
from archspec.graph.nodes import Call, Graph, Node, Scope
from archspec.graph.values import origin, sources
from archspec.spec.recipe import Recipe

_GIVES = {
    **dict.fromkeys(("Softmax", "Softmax2d", "Softmin", "softmax", "Sigmoid", "sigmoid"), "probabilities"),
    **dict.fromkeys(("LogSoftmax", "log_softmax"), "logarithms of probabilities"),
    **dict.fromkeys(("Linear", "Conv1d", "Conv2d", "Conv3d", "Bilinear"), "scores"),
}
_TAKES = {
    "CrossEntropyLoss": "scores",
    "BCEWithLogitsLoss": "scores",
    "MultiLabelSoftMarginLoss": "scores",
    "BCELoss": "probabilities",
    "NLLLoss": "logarithms of probabilities",
}
_FITTING = {
    ("CrossEntropyLoss", "probabilities"): "leave `{name}` out: the loss does it itself",
    ("BCEWithLogitsLoss", "probabilities"): "leave `{name}` out: the loss does it itself",
    ("MultiLabelSoftMarginLoss", "probabilities"): "leave `{name}` out: the loss does it itself",
    ("NLLLoss", "scores"): "write `loss: CrossEntropyLoss`, which takes scores",
    ("NLLLoss", "probabilities"): "use `LogSoftmax` instead of `{name}`",
    ("BCELoss", "scores"): "write `loss: BCEWithLogitsLoss`, which takes scores",
}


def check_loss_inputs(recipe: Recipe, graph: Graph) -> Iterator[Diagnostic]:
    """A warning for each loss whose output is of another sort than it takes."""
    found = sources(graph.root)
    calls = {node.id: node for node in _nodes(graph.root) if isinstance(node, Call)}
    refs = {output.name: ref for output, ref in zip(graph.outputs, graph.root.results, strict=True)}
    for name, each in recipe.output_losses:
        ref = refs.get(name) if name is not None else next(iter(refs.values()), None)
        call = None if ref is None else calls.get(origin(ref, found).id)
        gives = None if call is None else _GIVES.get(call.op.name)
        mend = None if gives is None else _FITTING.get((each.loss.name, gives))
        if call is None or mend is None:
            continue
        shown = call.op.name if call.name.isdecimal() else call.name
        message = f"`{each.loss.name}` takes {_TAKES[each.loss.name]}, but `{shown}` gives {gives}"
        span = each.loss.span or call.span
        where = (f"`{shown}` stands in {call.span.line_seen_from(span)}",)
        yield Diagnostic("AS530", message, span, notes=where, help=mend.format(name=shown), severity="warning")


def _nodes(scope: Scope) -> Iterator[Node]:
    for node in scope.body:
        yield node
        if isinstance(node, Scope):
            yield from _nodes(node)
