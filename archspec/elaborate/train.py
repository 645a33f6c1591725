"""The `train` section with its expressions evaluated, as a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.elaborate.sections import evaluated
from archspec.errors import Diagnostic
from archspec.ops.signatures import Group, signatures
from archspec.source.tree import Mapping as TreeMapping
from archspec.spec.read_recipe import read_recipe
from archspec.spec.reader import Reader
from archspec.spec.recipe import Recipe


def read_train(node: TreeMapping | None, variables: Mapping[str, Any]) -> tuple[Recipe | None, list[Diagnostic]]:
    """The recipe of a spec (None where it has no `train` section) and the faults in its form."""
    if node is None:
        return None, []
    reader = Reader()
    values = evaluated(reader.faults, node, variables)
    assert isinstance(values, TreeMapping)
    return read_recipe(reader, values, _primary), reader.faults


_GROUPS: dict[str, Group] = {
    "data": "datasets",
    "transforms": "transforms",
    "loss": "losses",
    "losses": "losses",
    "optimizer": "optimizers",
    "scheduler": "schedulers",
    "metrics": "metrics",
}


def _primary(field: str, name: str) -> str | None:
    signature = signatures(_GROUPS[field]).get(name)
    return None if signature is None else signature.primary
