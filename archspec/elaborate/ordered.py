"""Calls in a forward that is run again with more dimensions: their input is brought into order in every run."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace

from archspec.graph.nodes import Call, Node, Scope
from archspec.ops.entry import Args
from archspec.ops.ordered import ORDERED


def needs_order(first: Node, second: Node) -> Iterator[int]:
    """The ids of the calls of a module's first run whose input has to be in order in the second one only.

    `second` is the same module's further run, so that the two have the same nodes inside.
    """
    if isinstance(first, Call) and isinstance(second, Call):
        if second.args.get(ORDERED) and not first.args[ORDERED]:
            yield first.id
    elif isinstance(first, Scope) and isinstance(second, Scope):
        for inner, other in zip(first.body, second.body, strict=True):
            yield from needs_order(inner, other)


def in_order(node: Node, ids: Set[int]) -> Node:
    """The node with these calls in it taking their input in order."""
    if isinstance(node, Scope):
        return replace(node, body=tuple(in_order(inner, ids) for inner in node.body))
    if isinstance(node, Call) and node.id in ids:
        return replace(node, args=Args({**node.args, ORDERED: True}, node.args.written, node.args.named))
    return node
