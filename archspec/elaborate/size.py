"""How much a spec expands to, counted before anything is expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from archspec.elaborate.context import Context
from archspec.elaborate.copies import MOST_COPIES, Position
from archspec.elaborate.expressions import resolve
from archspec.elaborate.limits import DEEPEST, LARGEST_GRAPH
from archspec.errors import Diagnostic, SpecError
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar
from archspec.source.tree import Sequence as TreeSequence
from archspec.spec.document import Block, Branches, Document, Entries, Entry, KindUse, Sequence

_COUNTERS = frozenset(each.name for each in fields(Position))


def check_size(context: Context, document: Document) -> None:
    """Refuse a spec that would expand to more layers than are accepted.

    The count is a lower bound: a `repeat` that depends on more than the file's variables counts once, and an entry
    with `when` not at all. What it lets through is counted again while it is expanded.

    Raises:
        SpecError: at the entry whose layers are too many.
    """
    counter = _Counter(context)
    total = 0
    for entry in document.layers.items:
        total += counter.least(entry, context.globals)
        if total > LARGEST_GRAPH:
            found = f"{total:,}" if total < 10**15 else "more than 10^15"
            message = f"the spec expands to {found} layers or more; at most {LARGEST_GRAPH:,} are accepted"
            raise SpecError([Diagnostic("AS701", message, entry.place, help="use smaller repeats")])


class _Counter:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._blocks: dict[str, int] = {}
        self._depth = 0

    def least(self, entry: Entry, names: Mapping[str, Any]) -> int:
        """At least how many layers an entry becomes, all its copies together."""
        if entry.modifiers.when is not None:
            return 0
        copies = _copies(self._context, entry.modifiers.repeat, names)
        if entry.modifiers.repeat is not None:
            names = _without(names, _COUNTERS)
        return copies * self._body(entry, names)

    def _body(self, entry: Entry, names: Mapping[str, Any]) -> int:
        body = entry.body
        if isinstance(body, (Sequence, Branches)):
            return max(1, self._all(body.entries, names))  # of nothing, it is a scope all the same
        block = self._context.blocks.get(str(body.kind.value)) if isinstance(body, KindUse) else None
        return 1 if block is None else self._block(block)

    def _all(self, entries: Entries, names: Mapping[str, Any]) -> int:
        if self._depth >= DEEPEST:
            return 0
        self._depth += 1
        total = sum(self.least(entry, names) for entry in entries.items)
        self._depth -= 1
        return total

    def _block(self, block: Block) -> int:
        """Of one instance; what contains itself, or is nested too deeply, is told when it is expanded."""
        name = str(block.name.value)
        if name not in self._blocks:
            self._blocks[name] = 0
            names = _without(self._context.globals, {str(each.name.value) for each in block.parameters})
            self._blocks[name] = self._all(block.entries, names)
        return self._blocks[name]


def _copies(context: Context, node: Node | None, names: Mapping[str, Any]) -> int:
    """How many copies a `repeat` makes, where that is known."""
    if isinstance(node, TreeMapping):
        return len(node)
    if isinstance(node, TreeSequence):
        return sum(_count(context, item, names) for item in node)
    return 1 if node is None else _count(context, node, names)


def _count(context: Context, node: Node, names: Mapping[str, Any]) -> int:
    if not isinstance(node, Scalar):
        return 1
    if isinstance(node.value, str):
        context.written.read(node.value, names, node.span)
    try:
        value = resolve(node, names)
    except SpecError:
        return 1
    counts = value if isinstance(value, list) else [value]
    # More copies than one repeat may make are told as that, when it is expanded.
    return sum(count for count in counts if type(count) is int and 0 < count <= MOST_COPIES)


def _without(names: Mapping[str, Any], hidden: set[str] | frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in names.items() if name not in hidden}
