"""`inline`: copies, and the entries of repeated sequences, that stand in the list around them without a container."""

from __future__ import annotations

from collections.abc import Callable

from archspec.elaborate.arguments import Overrides
from archspec.elaborate.context import Context
from archspec.elaborate.copies import plan
from archspec.elaborate.environment import NOWHERE, Environment
from archspec.elaborate.places import Frame
from archspec.elaborate.repeat import has_lists, overridden, what_is_copied
from archspec.elaborate.scope import join
from archspec.graph.nodes import Node
from archspec.source.tree import Mapping
from archspec.spec.document import Entries, Entry, Sequence

Fill = Callable[[Context, Entries, Environment, str, int], tuple[list[Node], int]]


def is_inline(entry: Entry) -> bool:
    """Whether it says `inline` where that can be; elsewhere a fault has been recorded."""
    modifiers = entry.modifiers
    if modifiers.inline is None or modifiers.repeat is None or isinstance(modifiers.repeat, Mapping):
        return False
    return entry.name is None and (not isinstance(entry.body, Sequence) or entry.body.entries.numbered)


def place_inline(
    context: Context, entry: Entry, environment: Environment, path: str, number: int, fill: Fill
) -> tuple[list[Node], int]:
    """The nodes of an entry's copies, numbered from `number` on, and the next number.

    `fill` places the entries of a sequence in the list that it is in.
    """
    planned = plan(context, entry, environment)
    if planned is None or not has_lists(context, entry, environment, planned):
        environment.previous = (NOWHERE,)
        return [], number
    nodes: list[Node] = []
    for position in planned.positions():
        inside = environment.child(variables=position.variables(), forward=environment.forward)
        frame = Frame(what_is_copied(entry), join(path, str(number)), entry.span, position.position)
        with context.inside(frame, entry.span):
            if isinstance(entry.body, Sequence):
                made, number = fill(context, entry.body.entries, inside, path, number)
            else:
                overrides = overridden(context, entry, inside, position, planned)
                made, number = _place(context, entry, inside, path, number, overrides)
        nodes += made
        environment.bindings |= inside.bindings
        environment.previous = inside.previous
    return nodes, number


def _place(
    context: Context, entry: Entry, inside: Environment, path: str, number: int, overrides: Overrides
) -> tuple[list[Node], int]:
    name = str(number)
    placed = context.place_one(context, entry, inside, inside.previous, name, join(path, name), overrides)
    if placed.dropped:
        return [], number
    inside.bindings[name] = placed.binding
    inside.previous = (placed.binding.first,)
    return list(placed.nodes), number + 1
