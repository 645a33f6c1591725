"""Tree nodes into plain values, expressions evaluated."""

from __future__ import annotations

from collections.abc import Mapping as Names
from typing import Any

from archspec.elaborate.context import Context
from archspec.elaborate.expressions import UNKNOWN, resolve
from archspec.errors import SpecError
from archspec.source.tree import Mapping, Node, Scalar


def evaluate(context: Context, node: Node, names: Names[str, Any]) -> Any:
    """The plain value of a node; `UNKNOWN` where a fault (recorded here or before) hides it."""
    if isinstance(node, Scalar):
        return _evaluate_scalar(context, node, names)
    if isinstance(node, Mapping):
        items = {str(key.value): evaluate(context, value, names) for key, value in node}
        return UNKNOWN if any(value is UNKNOWN for value in items.values()) else items
    values = [evaluate(context, item, names) for item in node]
    return UNKNOWN if any(value is UNKNOWN for value in values) else values


def _evaluate_scalar(context: Context, node: Scalar, names: Names[str, Any]) -> Any:
    if not isinstance(node.value, str) or "$" not in node.value:
        return node.value
    try:
        return resolve(node, names)
    except SpecError as error:
        for diagnostic in error.diagnostics:
            context.fault(diagnostic)
        return UNKNOWN
