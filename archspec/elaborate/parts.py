"""Faults of a layer that is an argument, `norm_layer: {BatchNorm2d: {eps: -1}}`, as those of its own arguments."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from typing import Any

from archspec.elaborate.arguments import Given, Overrides
from archspec.errors import Span
from archspec.ops.entry import Op
from archspec.ops.faults import RuleFault
from archspec.ops.registry import CATALOGUE
from archspec.source.tree import Mapping


def innermost(fault: RuleFault, op: Op, given: Overrides) -> tuple[RuleFault, Op, Overrides]:
    """The fault as the inner layer's, with that layer and its arguments; as it is where it is of no inner layer."""
    if fault.part is None:
        return fault, op, given
    whole = given[str(fault.arg)]
    kind, value = next(iter(whole.value.items()))
    inner = CATALOGUE[kind]
    return innermost(fault.part, inner, _inside(whole, inner, value))


def place_of(fault: RuleFault, argument: Given) -> Span:
    """What of an argument is at fault: its name where there is none such, else its value or an element of it."""
    return (
        argument.key.span if fault.code == "AS202" and argument.key is not None else argument.element_span(fault.index)
    )


def _inside(whole: Given, op: Op, value: Any) -> dict[str, Given]:
    """The arguments beside the kind, each where it is written, or where the variable stands that holds all."""
    values = value if isinstance(value, ReadOnly) else {str(op.primary): value}
    layer = whole.layer or whole.node
    node = layer.entries[0][1] if isinstance(layer, Mapping) else layer
    written = {str(key.value): (key, each) for key, each in node} if isinstance(node, Mapping) else {}
    places = {name: written.get(name, (None, node)) for name in values}
    return {name: Given(values[name], each, key, whole.by_default) for name, (key, each) in places.items()}
