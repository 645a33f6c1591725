"""Tree nodes into plain values, expressions evaluated."""

from __future__ import annotations

from collections.abc import Mapping as Names
from typing import Any

from archspec.elaborate.context import Context
from archspec.elaborate.expressions import UNKNOWN, resolve
from archspec.errors import Diagnostic, Span, SpecError
from archspec.source.tree import Hidden, Mapping, Node, Scalar, Sequence

_ITEMS_IN_A_STEP = 16


def evaluate(context: Context, node: Node, names: Names[str, Any]) -> Any:
    """The plain value of a node; `UNKNOWN` where a fault (recorded here or before) hides it."""
    if isinstance(node, Scalar):
        return _evaluate_scalar(context, node, names)
    context.spend(len(node) // _ITEMS_IN_A_STEP, node.span)
    if isinstance(node, Mapping):
        items = {str(key.value): evaluate(context, value, names) for key, value in node}
        return UNKNOWN if any(value is UNKNOWN for value in items.values()) else items
    values = [evaluate(context, item, names) for item in node]
    return UNKNOWN if any(value is UNKNOWN for value in values) else values


def resolved(context: Context, node: Node, names: Names[str, Any]) -> Node | None:
    """The same tree with its expressions evaluated; None where a fault hides one."""
    if isinstance(node, Scalar):
        value = _evaluate_scalar(context, node, names)
        return None if value is UNKNOWN else _as_node(value, node.span)
    if isinstance(node, Mapping):
        pairs = [(key, resolved(context, value, names)) for key, value in node]
        entries = tuple((key, value) for key, value in pairs if value is not None)
        return Mapping(entries, node.span) if len(entries) == len(pairs) else None
    items = [resolved(context, item, names) for item in node]
    made = tuple(item for item in items if item is not None)
    return Sequence(made, node.span) if len(made) == len(items) else None


def _as_node(value: Any, span: Span) -> Node:
    return (
        Sequence(tuple(_as_node(item, span) for item in value), span)
        if isinstance(value, list)
        else Scalar(value, span)
    )


def _evaluate_scalar(context: Context, node: Scalar, names: Names[str, Any]) -> Any:
    if not isinstance(node.value, str) or "$" not in node.value:
        return UNKNOWN if isinstance(node, Hidden) else node.value
    context.written.read(node.value, names, node.span)
    if id(node) in context.nameless:
        _, name, diagnostic = context.nameless[id(node)]
        if name not in names:
            _fault(context, diagnostic)
            return UNKNOWN
    try:
        value = resolve(node, names)
    except SpecError as error:
        for diagnostic in error.diagnostics:
            _fault(context, diagnostic)
            if diagnostic.code == "AS211" and diagnostic.span is not None and diagnostic.span.text.isidentifier():
                context.nameless[id(node)] = (node, diagnostic.span.text, diagnostic)
        return UNKNOWN
    if isinstance(value, (str, list)):
        context.written.add(value, node.span)
    return value


def _fault(context: Context, diagnostic: Diagnostic) -> None:
    missing = diagnostic.code == "AS211" and diagnostic.edit is None  # one cause, wherever it is used
    context.fault(diagnostic, same=("AS211", diagnostic.message) if missing else None)
