"""What an entry is applied to."""

from __future__ import annotations

from archspec.elaborate.call_arguments import inputs_in_value
from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment, Value
from archspec.elaborate.references import resolve_all
from archspec.errors import Diagnostic
from archspec.ops.entry import Op
from archspec.ops.registry import find
from archspec.source.tree import Node, Scalar, Sequence
from archspec.spec.document import Entry, KindUse


def inputs_node(context: Context, entry: Entry) -> Node | None:
    """Where the entry says what it is applied to: `from`, or the list in a function's value."""
    op = _function(context, entry)
    if op is not None and op.bare:
        return None  # a `from` is a fault by itself, whatever it names
    listed = listed_inputs(context, entry)
    from_ = entry.modifiers.from_
    if listed is not None and from_ is not None:
        key = entry.modifiers.keys["from"]
        message = "the inputs are given twice: in the value, and by `from`"
        context.fault(Diagnostic("AS107", message, key.span, help="keep one of them"))
    return listed if listed is not None else from_


def moving_inputs(entry: Entry, node: Node | None) -> tuple[Node, ...]:
    """The further inputs that an expression chooses, for each copy of a repeat, `[x, encoder.$(2 - index)]`, or where
    `when` says that there is one."""
    alone = entry.modifiers.repeat is None and entry.modifiers.when is None
    if alone or not isinstance(node, Sequence):
        return ()
    later = node.items[1:]
    return later if any(isinstance(item, Scalar) and "$" in str(item.value) for item in later) else ()


def taken_inputs(context: Context, entry: Entry, node: Node | None, environment: Environment) -> tuple[Value, ...]:
    """What the entry is applied to: what is written, or the entry before."""
    name = str(entry.name.value) if entry.name is not None else None
    if isinstance(node, Sequence) and not len(node):
        help = "name the inputs, or leave the list out to take what the entry before makes"
        context.fault(Diagnostic("AS103", "the list of inputs is empty", node.span, help=help))
    return environment.previous if node is None else resolve_all(context, node, environment, name)


def listed_inputs(context: Context, entry: Entry) -> Node | None:
    """The list of inputs in a function's value, `{add: [a, b]}`."""
    op = _function(context, entry)
    return None if op is None or not isinstance(entry.body, KindUse) else inputs_in_value(op, entry.body.arguments)


def _function(context: Context, entry: Entry) -> Op | None:
    """The layer or function of the catalogue that an entry is; None for a block and what has no kind."""
    if not isinstance(entry.body, KindUse) or str(entry.body.kind.value) in context.blocks:
        return None
    return find(str(entry.body.kind.value))
