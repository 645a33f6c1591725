"""What a model computes in eval mode, and what in training alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.graph.nodes import Graph, Node, Ref, Scope


def training_only(graph: Graph) -> frozenset[int]:
    """The ids of the model's nodes that only outputs with `training: true` ask for: in eval mode they do not run."""
    always = [output.ref for output in graph.outputs if not output.training_only]
    if len(always) == len(graph.outputs):
        return frozenset()
    wanted = _needed(graph.root, always)
    return frozenset(node.id for node in graph.root.body if node.id not in wanted)


def _needed(root: Scope, wanted: Sequence[Ref]) -> set[int]:
    """The ids of the root's nodes that the wanted values depend on."""
    home: dict[int, Node] = {}
    for node in root.body:
        home[node.id] = node
        if isinstance(node, Scope):
            home.update((inner_id, node) for inner_id in _ids(node))
    reached: set[int] = set()
    waiting = [ref.id for ref in wanted]
    while waiting:
        found = home.get(waiting.pop())
        if found is None or found.id in reached:
            continue
        reached.add(found.id)
        waiting += [ref.id for ref in found.inputs]
        if isinstance(found, Scope):
            waiting += [ref.id for ref in _refs(found)]
    return reached


def _ids(scope: Scope) -> Iterator[int]:
    yield from (parameter.id for parameter in scope.parameters)
    for node in scope.body:
        yield node.id
        if isinstance(node, Scope):
            yield from _ids(node)


def _refs(scope: Scope) -> Iterator[Ref]:
    for node in scope.body:
        yield from node.inputs
        if isinstance(node, Scope):
            yield from _refs(node)
