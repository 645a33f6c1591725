"""Blocks that no entry uses: what can be told of their layers' arguments without an input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archspec.elaborate.arguments import Given, is_argument
from archspec.elaborate.call import apply_op, call_arguments
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import defaults_in, with_defaults
from archspec.elaborate.environment import Environment
from archspec.elaborate.expressions import UNKNOWN
from archspec.errors import Diagnostic
from archspec.ops.apply import missing_arguments
from archspec.ops.entry import Op
from archspec.ops.habits import meant_argument
from archspec.ops.registry import find
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar, plain
from archspec.spec.document import Block, Branches, Entries, Entry, KindUse, Sequence

OVERRIDING = {"repeat", "first", "last", "per_stage", "per_repeat"}
"""Modifiers that can give an entry further arguments."""


def check_unused_blocks(context: Context, blocks: Mapping[str, Block]) -> None:
    """Arguments are there, and have values that they can have. A block that is used is checked with its instances."""
    for name, block in blocks.items():
        if name in context.used_blocks:
            continue
        names = dict.fromkeys((*context.globals, *(str(each.name.value) for each in block.parameters)), UNKNOWN)
        around = Environment({}, {}, (), defaults=defaults_in(context, block, names))
        for entry in _entries(block.entries):
            op = find(str(entry.body.kind.value)) if isinstance(entry.body, KindUse) else None
            if op is not None and not op.bare:
                _check(context, op, entry, around)


def _entries(entries: Entries) -> Iterator[Entry]:
    for entry in entries.items:
        yield entry
        if isinstance(entry.body, (Sequence, Branches)):
            yield from _entries(entry.body.entries)


def _check(context: Context, op: Op, entry: Entry, around: Environment) -> None:
    assert isinstance(entry.body, KindUse)
    use = entry.body
    arguments = call_arguments(context, op, entry, use)
    if arguments is None:
        return
    given = {
        name: Given(plain(node), node, key)
        for name, (key, node) in arguments.nodes.items()
        if is_argument(op, name, arguments.nodes) and not _is_computed(node)
    }
    given = with_defaults(context, op, around, given)
    shown = f"`{entry.name.value if entry.name is not None else use.kind.value}`"
    apply_op(context, op, given, (), "", "", shown, use.kind.span, arguments_only=True)
    if not entry.modifiers.keys.keys() & OVERRIDING:
        meant = {
            meant_argument(name, op.by_name) for name in arguments.nodes if not is_argument(op, name, arguments.nodes)
        }
        if None in meant:  # it may be any of those that are missing
            return
        for fault in missing_arguments(op, {}, {*arguments.nodes, *given, *filter(None, meant)}):
            message = fault.message.replace("{name}", shown)
            context.fault(Diagnostic(fault.code, message, use.kind.span, help=fault.help))


def _is_computed(node: Node) -> bool:
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "$" in node.value
    inner = (value for _, value in node) if isinstance(node, TreeMapping) else iter(node)
    return any(_is_computed(value) for value in inner)
