"""Entries that a variable or a block's parameter holds: `$activation`."""

from __future__ import annotations

from dataclasses import replace

from archspec.elaborate.arguments import Overrides
from archspec.elaborate.context import Context
from archspec.elaborate.entry_inputs import listed_inputs
from archspec.elaborate.environment import Environment, HeldLayer, Names, Value
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.expressions.operations import describe_value, is_number
from archspec.elaborate.kinds import check_kinds
from archspec.elaborate.places import Frame, where
from archspec.elaborate.repeat import place_copies
from archspec.elaborate.scope import NOTHING, Placed
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, plural
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.spec.document import Entry, Held
from archspec.spec.read_entries import read_entry
from archspec.spec.reader import Reader


def place_held(
    context: Context,
    entry: Entry,
    body: Held,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    overrides: Overrides,
) -> Placed:
    """The entry that a variable holds, placed under this entry's name."""
    value = evaluate(context, body.reference, Names(environment))
    if value is UNKNOWN:
        return NOTHING
    if isinstance(value, HeldLayer):
        context.reached.add(where(value.node.span))
        environment = environment.child(variables=value.names)
        environment.defaults = value.defaults
        value = value.node
    if isinstance(value, str):
        value = Scalar(value, body.reference.span)
    if not isinstance(value, (Scalar, Mapping, Sequence)):
        context.fault(_no_layer(body.reference, value))
        return NOTHING
    held = _read(context, entry, value)
    if held is None:
        return NOTHING
    with context.inside(Frame(f"the layer that `{body.reference.value}` holds", path, entry.span), entry.span):
        if held.modifiers.repeat is not None:
            return place_copies(context, held, environment, inputs, (), name, path, None)
        return context.place_one(context, held, environment, inputs, name, path, overrides)


def _no_layer(reference: Scalar, value: object) -> Diagnostic:
    """`act: 3`, `act: [{LeakyReLU: 0.1}]`."""
    name = str(reference.value)
    shown = str(value) if is_number(value) else describe_value(value)
    help = "give it a kind, e.g. `ReLU` or `{LeakyReLU: 0.2}`"
    if isinstance(value, list) and value and all(isinstance(item, (str, HeldLayer)) for item in value):
        shown = f"a list of {plural(len(value), 'layer')}"
        help = (
            f"write `$({name[1:]}[0])` for the first of them, or `{{layers: [ … ]}}` where the list is for all in a row"
        )
    message = f"`{name}` must hold a layer, but it is {shown}"
    return Diagnostic("AS208", message, reference.span, help=help)


def _read(context: Context, entry: Entry, node: Node) -> Entry | None:
    """The held entry, checked as if it stood here; None after a fault."""
    reader = Reader()
    held = read_entry(reader, entry.name, node)
    for fault in reader.faults:
        context.fault(fault)
    if reader.faults:
        return None
    from_ = listed_inputs(context, held) or held.modifiers.from_
    if from_ is not None:
        message = "a layer that a variable holds cannot say where its input comes from"
        help = "write `from` where the variable is used"
        context.fault(Diagnostic("AS208", message, from_.span, help=help))
        return None
    # what `first`, `per_stage`, … say beside the variable is for the held layer
    overridden = replace(held, modifiers=entry.modifiers)
    return held if check_kinds(context, held) and check_kinds(context, overridden) else None
