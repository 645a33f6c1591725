"""What must hold of every graph, whatever the spec: checked between stages in the tests."""

from __future__ import annotations

from archspec.graph.nodes import Call, Graph, Ref, Scope
from archspec.tensors import TensorType


def check(graph: Graph) -> None:
    """Assert the invariants: names are unique in a scope, paths follow the tree, every reference is to an earlier
    value that the scope may see, and types agree on both sides of a scope's boundary.

    Raises:
        AssertionError: one does not hold, which is archspec's own fault.
    """
    seen: dict[int, tuple[TensorType, ...]] = {}
    for parameter in graph.root.parameters:
        seen[parameter.id] = (parameter.type,)
    _check_body(graph.root, seen)
    for output in graph.outputs:
        assert _type(output.ref, seen) == output.type, output.name


def _check_body(scope: Scope, seen: dict[int, tuple[TensorType, ...]]) -> None:
    modules = [node.name for node in scope.body if not isinstance(node, Call) or node.op.is_module]
    assert len(set(modules)) == len(modules), f"{scope.path}: two children of one name"
    for node in scope.body:
        prefix = f"{scope.path}." if scope.path else ""
        assert node.path == prefix + node.name, node.path
        for ref in node.inputs:
            _type(ref, seen)
        if isinstance(node, Scope):
            _check_scope(node, seen)
        assert node.id not in seen, f"{node.path}: its id is taken"
        seen[node.id] = node.outputs
    if scope.kind == "copies":
        assert sum(copy.size for copy in scope.copies) == len(scope.body), scope.path


def _check_scope(scope: Scope, seen: dict[int, tuple[TensorType, ...]]) -> None:
    assert len(scope.inputs) == len(scope.parameters), scope.path
    inside = {} if scope.kind == "block" else seen  # a block sees its inputs only
    for ref, parameter in zip(scope.inputs, scope.parameters, strict=True):
        assert _type(ref, seen) == parameter.type, f"{scope.path}: {parameter.name}"
        inside[parameter.id] = (parameter.type,)
    _check_body(scope, inside)
    assert tuple(_type(ref, inside) for ref in scope.results) == scope.outputs, scope.path
    assert len(scope.ports) == len(scope.outputs), scope.path


def _type(ref: Ref, seen: dict[int, tuple[TensorType, ...]]) -> TensorType:
    assert ref.id in seen, f"{ref} is not an earlier value in sight"
    return seen[ref.id][ref.port]
