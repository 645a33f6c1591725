"""What the variables of a generated function would like to be called."""

from __future__ import annotations

from archspec.emit.containers import is_copies
from archspec.graph.nodes import Call, Node, Scope


def wish_of(node: Node) -> str:
    """What the variable for a node's value would like to be called."""
    if not node.name[:1].isdigit():
        return node.name
    return node.op.name.lower() if isinstance(node, Call) else "y"


def ports_of(node: Node) -> tuple[str, ...]:
    """The names of what a node makes."""
    if isinstance(node, Call):
        return node.op.ports
    return node.ports if isinstance(node, Scope) else ("output",)


def item_of(scope: Scope) -> str:
    """What the variable of a loop over the copies would like to be called."""
    first = scope.body[0]
    if is_copies(first):
        return "stage"
    return "block" if isinstance(first, Scope) and first.kind == "block" else "layer"
