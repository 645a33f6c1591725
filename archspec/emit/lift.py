"""Which values cross the borders of scopes: what a scope takes from around it, and what others take from inside it.

A generated `forward` sees only its arguments. So a value from around a sequence becomes a further argument of it
(a capture), and a value that others take from inside it a further result (a tap). `copies` and `branches` have
no forward of their own: they are statements in the forward around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.graph.nodes import Graph, Ref, Scope


@dataclass(slots=True)
class Crossings:
    """For each scope with a forward of its own, by id: its captures and its taps, in order of first use."""

    captures: dict[int, list[Ref]]
    taps: dict[int, list[Ref]]

    def cross(self, scope_id: int) -> bool:
        """Whether a scope takes more than its inputs or gives more than its results."""
        return bool(self.captures.get(scope_id) or self.taps.get(scope_id))


def find_crossings(graph: Graph) -> Crossings:
    """The captures and taps of every scope of a graph."""
    homes: dict[int, tuple[int, ...]] = {}
    _find_homes(graph.root, (), homes)
    crossings = Crossings({}, {})
    for ref, user in _uses(graph.root, ()):
        _record(crossings, ref, homes[ref.id], user)
    for output in graph.outputs:
        _record(crossings, output.ref, homes[output.ref.id], (graph.root.id,))
    return crossings


def _forwards(scope: Scope, around: tuple[int, ...]) -> tuple[int, ...]:
    """The ids of the scopes whose forwards enclose this scope's body, the outermost first."""
    return around if scope.is_container else (*around, scope.id)


def _find_homes(scope: Scope, around: tuple[int, ...], homes: dict[int, tuple[int, ...]]) -> None:
    here = _forwards(scope, around)
    for parameter in scope.parameters:
        homes[parameter.id] = here
    for node in scope.body:
        homes[node.id] = here
        if isinstance(node, Scope):
            _find_homes(node, here, homes)


def _uses(scope: Scope, around: tuple[int, ...]) -> Iterator[tuple[Ref, tuple[int, ...]]]:
    here = _forwards(scope, around)
    for node in scope.body:
        for ref in node.inputs:
            yield ref, here
        if isinstance(node, Scope):
            yield from _uses(node, here)
            inside = _forwards(node, here)
            for ref in node.results:
                yield ref, inside


def _record(crossings: Crossings, ref: Ref, home: tuple[int, ...], user: tuple[int, ...]) -> None:
    shared = 0
    while shared < min(len(home), len(user)) and home[shared] == user[shared]:
        shared += 1
    for scopes, table in ((user[shared:], crossings.captures), (home[shared:], crossings.taps)):
        for scope_id in scopes:
            refs = table.setdefault(scope_id, [])
            if ref not in refs:
                refs.append(ref)
