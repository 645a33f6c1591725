"""Whether the copies of a repeat are written as one loop, and what that loop gathers and is fed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TypeAlias

from archspec.emit.containers import is_element, values_of
from archspec.emit.uses import Uses
from archspec.graph.nodes import Call, Node, Ref, Scope
from archspec.ops.code import is_plain
from archspec.records import record

Copy: TypeAlias = tuple[Sequence[Node], Ref]


@record
class Plan:
    """How a loop over copies is more than a chain.

    Attributes:
        gathered: for each value that others take from every copy: it in all copies.
        fed: for each value from around the loop that is another one for every copy: it for all copies.
    """

    gathered: tuple[tuple[Ref, ...], ...]
    fed: tuple[tuple[Ref, ...], ...]


def plan(scope: Scope, uses: Uses, step: int) -> Plan | None:
    """The plan of the loop over the copies of a scope; None where they are no loop.

    Args:
        scope: the container of a repeat.
        uses: who takes what in the forward around it.
        step: its place in that forward.
    """
    copies = list(scope.each_copy())
    if not all(_is_single(scope, nodes, uses) for nodes, _ in copies):
        return None
    gathered, fed = _gathered(scope, copies, uses, step), _fed(scope, copies, uses)
    return None if gathered is None or fed is None else Plan(gathered, fed)


def are_alike(scope: Scope, uses: Uses) -> bool:
    """Whether branches are a list of modules that are all called with one and the same value, and give one each."""
    return (
        len(scope.body) > 1
        and not scope.keyed
        and not scope.module
        and len({tuple(map(uses.resolved, uses.taken(node))) for node in scope.body}) == 1
        and all(_is_called_plainly(node, scope, uses) for node in scope.body)
    )


def _is_called_plainly(node: Node, scope: Scope, uses: Uses) -> bool:
    if not is_element(node, scope) or len(uses.taken(node)) != 1 or len(node.outputs) != 1:
        return False
    if isinstance(node, Scope):
        return not node.is_container and not uses.crossings.taps.get(node.id)
    return isinstance(node, Call) and is_plain(node.op, node.args)


def _is_single(scope: Scope, nodes: Sequence[Node], uses: Uses) -> bool:
    tapped = any(isinstance(node, Scope) and uses.crossings.taps.get(node.id) for node in nodes)
    return not tapped and sum(is_element(node, scope) for node in nodes) == 1


def _gathered(scope: Scope, copies: Sequence[Copy], uses: Uses, step: int) -> tuple[tuple[Ref, ...], ...] | None:
    """None where something takes a value of some copies alone: a list would keep those of all others."""
    columns: dict[Hashable, list[Ref]] = {}
    wanted: set[Ref] = set()
    for nodes, result in copies:
        own = {Ref(node.id, port) for node in nodes for port in range(len(node.outputs))}
        taken = {ref for ref in values_of(nodes) if uses.is_taken_after(ref, step) and ref not in scope.results}
        if not taken <= own:
            return None
        wanted |= taken
        for position, node in enumerate(nodes):
            for port in range(len(node.outputs)):
                ref = Ref(node.id, port)
                columns.setdefault("result" if ref == result else (position, port), []).append(ref)
    lists = [tuple(column) for column in columns.values() if not wanted.isdisjoint(column)]
    complete = all(len(column) == len(copies) and {*column} <= {*wanted, *scope.results} for column in lists)
    return tuple(lists) if complete and len(wanted) != 1 else None  # a list of one is none


def _fed(scope: Scope, copies: Sequence[Copy], uses: Uses) -> tuple[tuple[Ref, ...], ...] | None:
    """None where the copies do not take the same from each other, or what differs cannot be told from what does not."""
    rows: list[list[Hashable]] = []
    incoming = Ref(scope.parameters[0].id)
    for nodes, result in copies:
        rows.append(list(_sources(nodes, incoming, uses)))
        incoming = result
    if len({len(row) for row in rows}) > 1:
        return None
    varying: dict[tuple[Ref, ...], None] = {}
    constant: set[Hashable] = set()
    for column in zip(*rows, strict=True):
        if len(set(column)) == 1:
            constant.add(column[0])
        elif all(isinstance(source, Ref) for source in column):
            varying[tuple(source for source in column if isinstance(source, Ref))] = None
        else:
            return None
    told = all(len(set(turn)) == len(turn) and constant.isdisjoint(turn) for turn in zip(*varying, strict=True))
    return tuple(varying) if told else None


def _sources(nodes: Sequence[Node], incoming: Ref, uses: Uses) -> Iterator[Hashable]:
    """Where each input of a copy's nodes comes from: the copy before, the copy itself, or a value from around."""
    places = {node.id: position for position, node in enumerate(nodes)}
    for node in nodes:
        for ref in uses.taken(node):
            if ref == incoming:
                yield "incoming"
            elif ref.id in places:
                yield "own", places[ref.id], ref.port
            elif isinstance(node, Scope) and node.is_container:
                yield "around", uses.resolved(ref)
            else:
                yield uses.resolved(ref)
