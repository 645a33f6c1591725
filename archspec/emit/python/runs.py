"""Lists of copies of which other instances have other numbers: some first and last ones, and like ones between them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import reduce
from typing import TypeAlias

from archspec.emit.python.construct import Group, Instance, Layer, Tree

Ends: TypeAlias = frozenset[tuple[int, int]]
"""How many copies can stand before and behind those that are all alike."""

_EVERY = ((0, 0), (1, 0), (0, 1), (1, 1))


def ends_of(group: Group) -> Ends:
    """The numbers of first and last copies between which a list's copies are alike."""
    keys = [_key(child) for child in group.children]
    possible = (ends for ends in _EVERY if sum(ends) <= len(keys))
    return frozenset((first, last) for first, last in possible if len(set(keys[first : len(keys) - last])) <= 1)


def common(ends: Iterable[Ends]) -> tuple[int, int] | None:
    """Numbers that do for all lists, the fewest; None where there are none."""
    shared = reduce(frozenset.intersection, ends)
    return min(shared, key=lambda each: (sum(each), each[1])) if shared else None


def _key(child: Tree) -> Hashable:
    """What a copy is made of, as far as it can be told before its class is known."""
    if isinstance(child, Instance):
        scope = child.scope
        return scope.block, repr(sorted(scope.arguments.items())), tuple(repr(each.type) for each in scope.parameters)
    return repr(child) if isinstance(child, Layer) else id(child)
