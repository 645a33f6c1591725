"""Warnings about what is computed or given and then used by nothing."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.errors import Diagnostic, Span
from archspec.graph.nodes import Absent, Graph, Node, Scope


def unused_values(graph: Graph, input_spans: dict[str, Span]) -> list[Diagnostic]:
    """A warning for each layer and each input that no output depends on, once per place in the spec. Of a chain of
    such layers the last one is named."""
    nodes, outer, taken = _index(graph.root)
    live = _live(graph.root, nodes, outer)
    warnings = [
        _warning(f"the input `{parameter.name}`", input_spans[parameter.name])
        for parameter in graph.root.parameters
        if parameter.id not in live
    ]
    places: set[tuple[int, int]] = set()
    for node in _idle(graph.root, live, taken):
        if (place := (id(node.span.source), node.span.start)) not in places:
            places.add(place)
            warnings.append(_warning(f"`{node.name}`", node.span))
    return warnings


def _warning(what: str, span: Span) -> Diagnostic:
    help = "refer to it from a later entry or from `outputs`, or remove it"
    return Diagnostic("AS231", f"{what} is used by nothing", span, help=help, severity="warning")


def _index(root: Scope) -> tuple[dict[int, Node], dict[int, int], set[int]]:
    """Every node by id, what each scope's input stands for, and every id that something takes."""
    nodes: dict[int, Node] = {}
    outer: dict[int, int] = {}
    taken: set[int] = set()
    scopes = [root]
    while scopes:
        scope = scopes.pop()
        taken.update(ref.id for ref in scope.results)
        for node in scope.body:
            nodes[node.id] = node
            taken.update(ref.id for ref in node.inputs)
            if isinstance(node, Scope):
                scopes.append(node)
                outer.update((inside.id, ref.id) for inside, ref in zip(node.parameters, node.inputs, strict=True))
    return nodes, outer, taken


def _live(root: Scope, nodes: dict[int, Node], outer: dict[int, int]) -> set[int]:
    """Every id that an output depends on."""
    live: set[int] = set()
    waiting = [ref.id for ref in root.results]
    while waiting:
        at = waiting.pop()
        if at in live:
            continue
        live.add(at)
        node = nodes.get(at)
        if node is None:
            waiting += [outer[at]] if at in outer else []
        else:
            waiting += [ref.id for ref in (node.results if isinstance(node, Scope) else node.inputs)]
    return live


def _idle(scope: Scope, live: set[int], taken: set[int]) -> Iterator[Node]:
    for node in scope.body:
        if isinstance(node, Scope) and _any_live(node, live):
            yield from _idle(node, live, taken)
        elif not isinstance(node, Absent) and node.id not in live and node.id not in taken:
            yield node


def _any_live(scope: Scope, live: set[int]) -> bool:
    return any(node.id in live or (isinstance(node, Scope) and _any_live(node, live)) for node in scope.body)
