"""Entries that need each other: the shortest way from a later entry back to the one that refers to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archspec.elaborate.call_arguments import inputs_in_value
from archspec.elaborate.environment import Environment
from archspec.ops.registry import find
from archspec.source.tree import Mapping as Named
from archspec.source.tree import Node, Scalar
from archspec.source.tree import Sequence as Listed
from archspec.spec.document import Branches, Entry, KindUse, Sequence


def cycle(scope: Environment, later: str) -> list[str] | None:
    """`[a, c, b, a]` where `a` takes `c`, which takes `b`, which takes `a`; None where `later` does not need it.

    Args:
        scope: the scope of both entries; the one that refers is being placed.
        later: the name of the one that comes later.
    """
    start = scope.placing
    if start is None:
        return None
    needs = _needs(scope.declared)
    came_from: dict[str, str | None] = {later: None}
    waiting = [later]
    for name in waiting:
        for needed in needs.get(name, ()):
            if needed in came_from:
                continue
            came_from[needed] = name
            if needed == start:
                return _path(came_from, start)
            waiting.append(needed)
    return None


def _path(came_from: Mapping[str, str | None], start: str) -> list[str]:
    path = [start]
    at = came_from[start]
    while at is not None:
        path.append(at)
        at = came_from[at]
    return [start, *reversed(path)]


def _needs(entries: Mapping[str, Entry]) -> dict[str, list[str]]:
    """The entries of the same scope that each one takes, by name."""
    needs: dict[str, list[str]] = {}
    before: str | None = None
    for name, entry in entries.items():
        heads = [before if head == "previous" else head for head in _heads(entry)]
        needs[name] = [head for head in heads if head is not None and head in entries]
        before = name
    return needs


def _heads(entry: Entry) -> Iterator[str]:
    """The first parts of all references in an entry, at any depth."""
    listed = entry.modifiers.from_
    if isinstance(entry.body, KindUse):
        op = find(str(entry.body.kind.value))
        listed = listed or (None if op is None else inputs_in_value(op, entry.body.arguments))
    if listed is None:
        yield "previous"
    else:
        yield from _names(listed)
    if isinstance(entry.body, (Sequence, Branches)):
        for inner in entry.body.entries.items:
            yield from (head for head in _heads(inner) if head != "previous")


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield str(node.value).partition(".")[0]
    elif isinstance(node, Listed):
        for item in node:
            yield from _names(item)
    elif isinstance(node, Named):
        for _, value in node:
            yield from _names(value)
