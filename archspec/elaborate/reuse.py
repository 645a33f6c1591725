"""`use`: a module that an earlier entry has made, called again with other inputs."""

from __future__ import annotations

from dataclasses import replace

from archspec.elaborate.context import Context
from archspec.elaborate.environment import Binding, Environment, Remade, Value, absent
from archspec.elaborate.initialization import Policies
from archspec.elaborate.joined import changes
from archspec.elaborate.mends import OTHERWISE
from archspec.elaborate.places import Frame
from archspec.elaborate.references import Later, find_binding
from archspec.elaborate.scope import NOTHING, Placed
from archspec.errors import Diagnostic, Span
from archspec.graph.alike import difference
from archspec.graph.nodes import Absent, Call, Node, Scope
from archspec.spec.document import Entry, Use


def place_again(
    context: Context,
    entry: Entry,
    body: Use,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
) -> Placed:
    """The nodes of the second call: those of the first one made anew for these inputs, without a state of their own."""
    span = body.reference.span
    here = "this entry" if name.isdecimal() else f"`{name}`"
    later = Later("`use` calls a module that is there already", f"make the module in {here}, and write `use` there")
    binding = find_binding(context, body.reference, environment, name, later)
    if binding is None or (binding.first.type is None and binding.remade is None):
        return NOTHING
    if any(value.type is None for value in inputs):
        return NOTHING  # a fault before hides what it is called with
    if binding.absent:
        return Placed((), absent(inputs[0]), dropped=True)
    again = binding.remade
    if again is None or _is_bare(again.nodes[0]):
        return _no_module(context, span)
    original = again.nodes[0].path
    owner = environment.owner()
    if owner and not original.startswith(f"{owner}."):
        message = f"`{span.text}` stands outside of `{owner}`, whose forward cannot reach it"
        help = f"write this entry where `{span.text}` stands, or put that one in here"
        context.fault(Diagnostic("AS233", message, span, help=help))
        return NOTHING
    placed = _remake(context, again, inputs, name, path, entry)
    if placed is None:
        return NOTHING
    if not again.whole:  # a fault hides some of the first call, so that there is nothing to compare with
        return Placed(placed.nodes, Binding(placed.binding.ports, {}, placed.binding.closed, again))
    for first, second in zip(again.nodes, placed.nodes, strict=False):
        found = difference(first, second)
        if found is not None:
            message = f"`{span.text}` cannot be called again with {_types(inputs)}: {found}"
            note = f"it was made in {first.span.line_seen_from(span)}"
            help = OTHERWISE
            context.fault(Diagnostic("AS233", message, span, notes=(note,), help=help))
            return NOTHING
    for first, second in zip(again.nodes, placed.nodes, strict=True):
        context.joined.update(changes(first, second))
    nodes = tuple(_without_state(first, second) for first, second in zip(again.nodes, placed.nodes, strict=True))
    return Placed(nodes, Binding(placed.binding.ports, {}, binding.closed, again))


def _remake(
    context: Context, again: Remade, inputs: tuple[Value, ...], name: str, path: str, entry: Entry
) -> Placed | None:
    """The first call's entry placed anew; None after a fault."""
    before, policies = context.count_faults(), context.policies
    context.policies = Policies()
    try:
        with context.inside(
            Frame(f"a further call of `{again.nodes[0].path}`", path, entry.span, further=True), entry.span
        ):
            placed = again.place(inputs, name, path)
    finally:
        context.policies = policies
    return placed if placed.nodes and context.count_faults() == before else None


def _is_bare(node: Node) -> bool:
    return isinstance(node, Call) and node.op.bare


def _no_module(context: Context, span: Span) -> Placed:
    message = f"`{span.text}` is no module that could be called again"
    help = "`use` takes a layer, a block or a sequence; write a function again, with its arguments"
    context.fault(Diagnostic("AS233", message, span, help=help))
    return NOTHING


def _types(inputs: tuple[Value, ...]) -> str:
    return ", ".join(str(value.type) for value in inputs)


def _without_state(first: Node, second: Node) -> Node:
    """A node of the second call, which calls the module of the first one's."""
    if isinstance(second, Absent) or isinstance(first, Absent):
        return second
    if isinstance(second, Call):
        own = second.op.is_module or second.op.bare
        return replace(second, state={}, module=(first.module or first.path) if own else "")
    assert isinstance(first, Scope)
    body = tuple(_without_state(*pair) for pair in zip(first.body, second.body, strict=True))
    return replace(second, body=body, module=first.module or first.path)
