"""The `train` section with its expressions evaluated, as a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.elaborate.expressions import UNKNOWN, resolve
from archspec.elaborate.written import Written
from archspec.errors import Diagnostic, SpecError
from archspec.ops.signatures import Group, signatures
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar
from archspec.source.tree import Sequence as TreeSequence
from archspec.spec.read_recipe import read_recipe
from archspec.spec.reader import Reader
from archspec.spec.recipe import Recipe


def read_train(node: TreeMapping | None, variables: Mapping[str, Any]) -> tuple[Recipe | None, list[Diagnostic]]:
    """The recipe of a spec (None where it has no `train` section) and the faults in its form."""
    if node is None:
        return None, []
    reader = Reader()
    values = _evaluated(reader, node, variables, Written())
    assert isinstance(values, TreeMapping)
    return read_recipe(reader, values, _primary), reader.faults


_GROUPS: dict[str, Group] = {
    "data": "datasets",
    "transforms": "transforms",
    "loss": "losses",
    "optimizer": "optimizers",
    "scheduler": "schedulers",
    "metrics": "metrics",
}


def _primary(field: str, name: str) -> str | None:
    signature = signatures(_GROUPS[field]).get(name)
    return None if signature is None else signature.primary


def _evaluated(reader: Reader, node: Node, variables: Mapping[str, Any], written: Written) -> Node:
    if isinstance(node, TreeMapping):
        entries = tuple((key, _evaluated(reader, value, variables, written)) for key, value in node)
        return TreeMapping(entries, node.span)
    if isinstance(node, TreeSequence):
        return TreeSequence(tuple(_evaluated(reader, item, variables, written) for item in node), node.span)
    if not isinstance(node.value, str) or "$" not in node.value:
        return node
    try:
        value = resolve(node, variables)
    except SpecError as error:
        reader.faults += error.diagnostics
        return Scalar(None, node.span)
    if isinstance(value, (str, list)):
        written.add(value, node.span)
    return Scalar(None, node.span) if value is UNKNOWN else _as_node(value, node)


def _as_node(value: Any, node: Scalar) -> Node:
    if isinstance(value, (list, tuple)):
        return TreeSequence(tuple(_as_node(item, node) for item in value), node.span)
    return Scalar(value, node.span)
