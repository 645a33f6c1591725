"""A layer that writes over its input may be the only one that takes it: another would see the new values, or lose the
old ones that its gradient needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from archspec.errors import Diagnostic
from archspec.graph.nodes import Call, Graph, Node, Ref, Scope


def shared_inplace(graph: Graph) -> list[Diagnostic]:
    """A fault for each place in the spec where a value that is changed in place is also taken by something else."""
    sources = _sources(graph.root)
    users: dict[Ref, list[Call | None]] = defaultdict(list)
    for call in graph.calls():
        for ref in dict.fromkeys(call.inputs):
            users[_origin(ref, sources)].append(call)
    for output in graph.outputs:
        users[_origin(output.ref, sources)].append(None)
    found: dict[tuple[int, int], Diagnostic] = {}
    for call in graph.calls():
        if not call.args.get("inplace") or not call.inputs:
            continue
        others = [user for user in users[_origin(call.inputs[0], sources)] if user is not call]
        if others:
            found.setdefault((id(call.span.source), call.span.start), _fault(call, others[0]))
    return list(found.values())


def _fault(call: Call, other: Call | None) -> Diagnostic:
    taker = "the model returns it" if other is None else f"`{other.path}` (line {other.span.line}) takes it too"
    return Diagnostic(
        "AS232",
        f"`{call.path}` changes its input in place, but {taker}",
        call.span,
        help="leave `inplace` out here",
    )


def _sources(root: Scope) -> dict[Ref, Ref]:
    """What each scope's input and each scope's result stands for."""
    sources: dict[Ref, Ref] = {}
    for node in _nodes(root):
        if isinstance(node, Scope):
            for parameter, ref in zip(node.parameters, node.inputs, strict=True):
                sources[Ref(parameter.id)] = ref
            for port, ref in enumerate(node.results):
                sources[Ref(node.id, port)] = ref
        elif not isinstance(node, Call):
            sources[Ref(node.id)] = node.inputs[0]
    return sources


def _nodes(scope: Scope) -> Iterator[Node]:
    for node in scope.body:
        yield node
        if isinstance(node, Scope):
            yield from _nodes(node)


def _origin(ref: Ref, sources: dict[Ref, Ref]) -> Ref:
    while ref in sources:
        ref = sources[ref]
    return ref
