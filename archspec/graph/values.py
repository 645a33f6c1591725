"""Which values are the same one: across the borders of scopes, and through entries that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.graph.nodes import Call, Node, Ref, Scope


def sources(root: Scope) -> dict[Ref, Ref]:
    """What each scope's input, each scope's result and each absent entry stands for."""
    found: dict[Ref, Ref] = {}
    for node in _nodes(root):
        if isinstance(node, Scope):
            for parameter, ref in zip(node.parameters, node.inputs, strict=True):
                found[Ref(parameter.id)] = ref
            for port, ref in enumerate(node.results):
                found[Ref(node.id, port)] = ref
        elif not isinstance(node, Call):
            found[Ref(node.id)] = node.inputs[0]
    return found


def origin(ref: Ref, found: dict[Ref, Ref]) -> Ref:
    """The call's port or model input that a reference means in the end."""
    while ref in found:
        ref = found[ref]
    return ref


def _nodes(scope: Scope) -> Iterator[Node]:
    for node in scope.body:
        yield node
        if isinstance(node, Scope):
            yield from _nodes(node)
