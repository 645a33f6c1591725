"""Calls in a forward that is run again with other sizes: their code is one that does for every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from archspec.graph.nodes import Call, Node, Scope
from archspec.ops.entry import Args

Changes = Mapping[int, Mapping[str, Any]]
"""By the ids of calls, what changes in their arguments."""


def changes(first: Node, second: Node) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """What a module's further run changes in the calls of its first one.

    `second` is that run, found to be of the same module, so that the two have the same nodes inside.
    """
    if isinstance(first, Call) and isinstance(second, Call):
        joined = first.op.join(first.args, second.args)
        if any(first.args[name] != value for name, value in joined.items()):
            yield first.id, joined
    elif isinstance(first, Scope) and isinstance(second, Scope):
        for inner, other in zip(first.body, second.body, strict=True):
            yield from changes(inner, other)


def joined(node: Node, found: Changes) -> Node:
    """The node with the calls in it changed."""
    if isinstance(node, Scope):
        return replace(node, body=tuple(joined(inner, found) for inner in node.body))
    if isinstance(node, Call) and node.id in found:
        return replace(node, args=Args({**node.args, **found[node.id]}, node.args.written, node.args.named))
    return node
