"""Which values cross the borders of scopes: what a scope takes from around it, and what others take from inside it.

A generated `forward` sees only its arguments. So a value from around a sequence becomes a further argument of it
(a capture), and a value that others take from inside it a further result (a tap). `copies` and `branches` have
no forward of their own: they are statements in the forward around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from archspec.graph.nodes import Graph, Ref, Scope


@dataclass(slots=True)
class Crossings:
    """What crosses the borders of a graph's scopes.

    Attributes:
        captures: of each scope with a forward of its own, by id, in order of first use.
        taps: the same.
        same: what a scope gives anyway, by the inner value that it is; such a value is no tap.
        names: of the nodes inside scopes, by id.
    """

    captures: dict[int, list[Ref]] = field(default_factory=dict)
    taps: dict[int, list[Ref]] = field(default_factory=dict)
    same: dict[Ref, Ref] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def cross(self, scope_id: int) -> bool:
        """Whether a scope takes more than its inputs or gives more than its results."""
        return bool(self.captures.get(scope_id) or self.taps.get(scope_id))

    def resolved(self, ref: Ref) -> Ref:
        """The same value as the outermost scope that gives it has it."""
        while ref in self.same:
            ref = self.same[ref]
        return ref

    def name_of(self, tap: Ref, scope: str) -> str:
        """What the variable of a tap would like to be called outside its scope, which has a name too."""
        name = self.names.get(tap.id, scope)  # what a scope is given has no name outside
        return f"{scope}_{name}" if name[:1].isdigit() else name


def find_crossings(graph: Graph) -> Crossings:
    """The captures and taps of every scope of a graph."""
    homes: dict[int, tuple[Scope, ...]] = {}
    crossings = Crossings()
    _find_homes(graph.root, (), homes, crossings)
    for ref, user in _uses(graph.root, ()):
        _record(crossings, ref, homes, user)
    for output in graph.outputs:
        _record(crossings, output.ref, homes, (graph.root,))
    return crossings


def _forwards(scope: Scope, around: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """The scopes whose forwards enclose this scope's body, the outermost first."""
    return around if scope.is_container else (*around, scope)


def _find_homes(
    scope: Scope, around: tuple[Scope, ...], homes: dict[int, tuple[Scope, ...]], crossings: Crossings
) -> None:
    here = _forwards(scope, around)
    for parameter in scope.parameters:
        homes[parameter.id] = here
    if scope.kind == "copies":
        crossings.same[scope.results[0]] = Ref(scope.id)
    for node in scope.body:
        homes[node.id] = here
        crossings.names[node.id] = node.name
        if isinstance(node, Scope):
            _find_homes(node, here, homes, crossings)


def _uses(scope: Scope, around: tuple[Scope, ...]) -> Iterator[tuple[Ref, tuple[Scope, ...]]]:
    here = _forwards(scope, around)
    for node in scope.body:
        for ref in node.inputs:
            yield ref, here
        if isinstance(node, Scope):
            yield from _uses(node, here)
            inside = _forwards(node, here)
            for ref in node.results:
                yield ref, inside


def _record(crossings: Crossings, ref: Ref, homes: Mapping[int, tuple[Scope, ...]], user: tuple[Scope, ...]) -> None:
    """Note what a use of a value takes across borders: out of the scopes around it, then into those around the user."""
    home, shared = homes[ref.id], 0
    while shared < min(len(home), len(user)) and home[shared] is user[shared]:
        shared += 1
    value = ref
    for scope in reversed(home[shared:]):
        results = [crossings.resolved(result) for result in scope.results]
        if crossings.resolved(value) in results:
            outside = Ref(scope.id, results.index(crossings.resolved(value)))
            if (inner := crossings.resolved(value)) != crossings.resolved(outside):
                crossings.same[inner] = outside
            value = outside
        else:
            _add(crossings.taps, scope, crossings.resolved(value))
    for scope in user[shared:]:
        _add(crossings.captures, scope, crossings.resolved(value))


def _add(table: dict[int, list[Ref]], scope: Scope, ref: Ref) -> None:
    refs = table.setdefault(scope.id, [])
    if ref not in refs:
        refs.append(ref)
