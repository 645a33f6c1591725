"""What the variables of a generated function would like to be called."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.emit.containers import is_copies
from archspec.emit.uses import Uses
from archspec.graph.nodes import Call, Node, Ref, Scope


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


def parts_of(node: Node, uses: Uses) -> dict[Ref, str]:
    """The parts of a tensor that a call makes, those that anything takes, with what they would like to be called."""
    if not isinstance(node, Call) or len(node.outputs) == 1:
        return {}
    places = (port for port, name in enumerate(node.op.ports[: len(node.outputs)]) if not port or name.isdigit())
    refs = [Ref(node.id, port) for port in places]
    return {ref: f"{wish_of(node)}_{ref.port}" for ref in refs if uses.is_taken(ref)}


def asked_names(nodes: Iterable[Node], uses: Uses) -> dict[Ref, str]:
    """What an attention calls what it takes, and what a list is called whose elements copies take one by one."""
    asked: dict[Ref, str] = {}
    for node in nodes:
        if isinstance(node, Call) and node.op.name == "scaled_dot_product_attention":
            asked |= dict(zip(map(uses.resolved, node.inputs), ("query", "key", "value"), strict=False))
        if is_copies(node):
            for copy in (inner for inner in node.body if isinstance(inner, Scope) and not inner.is_container):
                given = zip(copy.parameters, copy.inputs, strict=True)
                asked |= {uses.resolved(ref): plural(each.name) for each, ref in given if each.name != "input"}
    return asked


def plural(name: str) -> str:
    """What a list of such values would like to be called."""
    return f"all_{name}" if name.endswith("s") else f"{name}s"
