"""What a container of modules is to a forward: copies or branches, and which of its nodes are modules of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeGuard

from archspec.graph.nodes import Absent, Call, Node, Ref, Scope


def is_copies(node: Node) -> TypeGuard[Scope]:
    """Whether a node is the container of a repeat."""
    return isinstance(node, Scope) and node.kind == "copies"


def is_branches(node: Node) -> TypeGuard[Scope]:
    """Whether a node is the container of branches."""
    return isinstance(node, Scope) and node.kind == "branches"


def is_own(node: Call | Scope, container: Scope | None) -> bool:
    """Whether a node calls the module at its own place, be it in a container that is called again as a whole."""
    again = container is not None and container.module and node.module.startswith(f"{container.module}.")
    return not node.module or bool(again)


def is_element(node: Node, container: Scope) -> bool:
    """Whether a node calls a module that the container around it holds."""
    if isinstance(node, Absent) or not is_own(node, container):
        return False
    if isinstance(node, Scope):  # a container of functions alone is none
        return not node.is_container or any(is_element(inner, node) for inner in node.body)
    return node.op.is_module


def is_chain(scope: Scope) -> bool:
    """Whether the copies of a repeat are modules, each of which takes the value of the one before and gives its own."""
    if not is_copies(scope) or scope.module or len(scope.parameters) != 1:
        return False
    value = Ref(scope.parameters[0].id)
    for nodes, result in scope.each_copy():
        node = nodes[0]
        alone = len(nodes) == 1 and is_element(node, scope) and node.inputs == (value,) and len(node.outputs) == 1
        if not alone or (isinstance(node, Scope) and node.is_container) or result != (value := Ref(node.id)):
            return False
    return True


def values_of(nodes: Sequence[Node]) -> Iterator[Ref]:
    """Every value made in a copy, those in containers inside it included."""
    for node in nodes:
        for port in range(len(node.outputs)):
            yield Ref(node.id, port)
        if isinstance(node, Scope) and node.is_container:
            yield from values_of(node.body)
