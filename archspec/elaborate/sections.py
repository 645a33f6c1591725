"""Sections beside the layers: their expressions evaluated, so that their readers see plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.elaborate.expressions import UNKNOWN, resolve
from archspec.elaborate.written import Written
from archspec.errors import Diagnostic, SpecError
from archspec.source.tree import Hidden, Node, Scalar
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Sequence as TreeSequence


def evaluated(
    faults: list[Diagnostic], node: Node, variables: Mapping[str, Any], written: Written | None = None
) -> Node:
    """The tree with a value in place of each expression; a `Hidden` one for a faulty one, which is recorded.

    Raises:
        SpecError: the expressions make too much.
    """
    written = written or Written()
    if isinstance(node, TreeMapping):
        entries = tuple((key, evaluated(faults, value, variables, written)) for key, value in node)
        return TreeMapping(entries, node.span)
    if isinstance(node, TreeSequence):
        return TreeSequence(tuple(evaluated(faults, item, variables, written) for item in node), node.span)
    if not isinstance(node.value, str) or "$" not in node.value:
        return node
    written.read(node.value, variables, node.span)
    try:
        value = resolve(node, variables)
    except SpecError as error:
        faults += error.diagnostics
        return Hidden(None, node.span)
    if isinstance(value, (str, list)):
        written.add(value, node.span)
    return Hidden(None, node.span) if value is UNKNOWN else _as_node(value, node)


def _as_node(value: Any, node: Scalar) -> Node:
    if isinstance(value, (list, tuple)):
        return TreeSequence(tuple(_as_node(item, node) for item in value), node.span)
    return Scalar(value, node.span)
