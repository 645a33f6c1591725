"""One entry: its modifiers around its body."""

from __future__ import annotations

from collections.abc import Callable

from archspec.elaborate.arguments import NO_OVERRIDES, Overrides
from archspec.elaborate.bare import place_bare
from archspec.elaborate.block import place_block
from archspec.elaborate.branches import place_branches
from archspec.elaborate.call import place_call
from archspec.elaborate.context import Context
from archspec.elaborate.entry_inputs import inputs_node, moving_inputs, taken_inputs
from archspec.elaborate.environment import Environment, Names, Remade, Value, absent
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.held import place_held
from archspec.elaborate.left_out import leave_out
from archspec.elaborate.mends import condition
from archspec.elaborate.named_inputs import in_order
from archspec.elaborate.places import where
from archspec.elaborate.references import resolve
from archspec.elaborate.repeat import place_copies
from archspec.elaborate.reuse import place_again
from archspec.elaborate.scope import LEFT_OUT_LOST, NOTHING, Placed, join, open_scope
from archspec.elaborate.sequence import place_sequence
from archspec.elaborate.skip import Skip, merged, projected, read_skip
from archspec.elaborate.tie import tied
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic
from archspec.graph.nodes import Absent, Call, Ref, Scope
from archspec.ops.registry import find
from archspec.source.tree import Mapping, Node, Sequence, describe
from archspec.spec.document import Branches, Entry, Held, KindUse, NoKind, Use
from archspec.spec.document import Sequence as SequenceBody


def place(
    context: Context,
    entry: Entry,
    environment: Environment,
    name: str,
    path: str,
    stage: int | None = None,
    before: Value | None = None,
) -> Placed:
    """The nodes of an entry, all its copies included."""
    node = inputs_node(context, entry)
    if isinstance(node, Mapping):
        node = in_order(context, entry, node)
        if node is None:
            return NOTHING
    moving = moving_inputs(entry, node)
    fixed = node.items[0] if moving and isinstance(node, Sequence) else node
    mark = context.last_id
    inputs = taken_inputs(context, entry, fixed, environment)
    if not inputs and (node is not None or environment.beyond is None):  # the first function of a buffer takes nothing
        return NOTHING
    if before is not None:  # `from` feeds the first stage, and each later one takes what the one before it made
        inputs = (before, *inputs[1:])
    if entry.modifiers.repeat is None:
        return place_one(context, entry, environment, inputs, name, path, NO_OVERRIDES, moving)

    def make(taken: tuple[Value, ...], name: str, path: str) -> Placed:
        around = environment if taken is inputs else environment.child(previous=taken, until=mark)
        return place_copies(context, entry, around, taken, moving, name, path, stage)

    return _made(context, make, inputs, name, path)


def _made(
    context: Context,
    make: Callable[[tuple[Value, ...], str, str], Placed],
    inputs: tuple[Value, ...],
    name: str,
    path: str,
) -> Placed:
    """What `make` places, which can be called again where it is a module."""
    faults, hidden = context.count_faults(), context.hidden
    placed = make(inputs, name, path)
    if placed.binding.first.type is None:
        context.hidden += 1
    if not placed.nodes or placed.binding.remade is not None:
        return placed
    own = placed.nodes[0]
    if isinstance(own, Scope) or (isinstance(own, Call) and (own.op.is_module or own.op.bare)):
        sound = context.count_faults() == faults and context.hidden == hidden
        whole = sound and all(value.type is not None for value in inputs)
        made = placed.binding.made_again(Remade(placed.nodes, make, whole))
        return Placed(placed.nodes, made, placed.dropped)
    return placed


def place_one(
    context: Context,
    entry: Entry,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    overrides: Overrides,
    moving: tuple[Node, ...] = (),
) -> Placed:
    """One copy: absent where `when` is false, with its skip around it.

    `moving` are further inputs, of which nothing is asked where it is absent.
    """
    context.spend(1, entry.span)
    wanted = _wanted(context, entry, environment)
    if wanted is None:
        context.hidden += 1
        leave_out(context, entry, environment, len(inputs) + len(moving), name, path, overrides)
        return NOTHING
    if not wanted:
        leave_out(context, entry, environment, len(inputs), name, path, overrides)
        if _hides_inputs(context, entry):
            context.hidden += 1
            return LEFT_OUT_LOST if entry.modifiers.repeat is not None else NOTHING
        return _absent(context, entry, inputs[0], name, path)
    if entry.modifiers.when is not None:
        context.reached.add(where(entry.span))
    own = None if entry.name is None else str(entry.name.value)
    if moving:
        inputs += tuple(resolve(context, each, environment, own) for each in moving)
    node = entry.modifiers.skip
    skip = None if node is None else read_skip(context, node, environment)
    if node is not None and skip is None:
        _body(context, entry, environment, inputs, name, path, overrides, None)  # for its own faults
        return NOTHING
    projects = skip is not None and skip.project is not None
    bare = isinstance(entry.body, (Held, Branches, Use)) or (
        isinstance(entry.body, KindUse) and str(entry.body.kind.value) not in context.blocks
    )
    mark = context.last_id

    def make(taken: tuple[Value, ...], name: str, path: str) -> Placed:
        around = environment if taken is inputs else environment.child(previous=taken, until=mark)
        if skip is not None and projects and bare:
            return _wrapped(context, entry, around, taken, name, path, overrides, skip)
        return _body(context, entry, around, taken, name, path, overrides, skip if projects else None)

    placed = _made(context, make, inputs, name, path)
    return placed if skip is None or projects or placed.dropped else merged(context, skip, inputs, placed, name, path)


def _hides_inputs(context: Context, entry: Entry) -> bool:
    """Whether a kind that there is not may have named in its value what it takes."""
    body = entry.body
    if not isinstance(body, KindUse) or body.arguments is None or entry.modifiers.from_ is not None:
        return False
    return str(body.kind.value) not in context.blocks and find(str(body.kind.value)) is None


def _absent(context: Context, entry: Entry, value: Value, name: str, path: str) -> Placed:
    """What stands for its input; in a numbered list nothing at all, since the next entry takes its number."""
    if entry.name is None or entry.modifiers.repeat is not None or value.type is None:
        return Placed((), absent(value), dropped=True)
    node = Absent(context.new_id(entry.span), name, path, (value.ref,), (value.type,), entry.span)
    context.record(node.id, "", node.outputs, entry.span, node.inputs)
    return Placed((node,), absent(Value(Ref(node.id), value.type)), dropped=True)


def _wrapped(
    context: Context,
    entry: Entry,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    overrides: Overrides,
    skip: Skip,
) -> Placed:
    """A bare layer with a projection: the projection needs a module to live in, whose other child is `layer`.

    What a variable holds is such a child whatever it is, so that names do not depend on its value.
    """
    scope = open_scope(context, name, path, "sequence", entry.place, inputs)
    values = scope.values()
    inside = environment.child(inputs=values, previous=tuple(values.values()), forward=path)
    around = environment.child(previous=environment.previous, forward=path)

    def make(taken: tuple[Value, ...], name: str, path: str) -> Placed:
        own = around if taken is inside.previous else around.child(previous=taken)
        return _body(context, entry, own, taken, name, path, overrides, None)

    placed = _made(context, make, inside.previous, "layer", join(path, "layer"))
    if placed.dropped:
        return Placed((), absent(inputs[0]), dropped=True)
    inside.bindings["layer"] = placed.binding
    return projected(context, scope, placed.nodes, inside, placed.binding.ports, skip)


def _wanted(context: Context, entry: Entry, environment: Environment) -> bool | None:
    node = entry.modifiers.when
    if node is None:
        return True
    value = evaluate(context, node, Names(environment))
    if value is UNKNOWN:
        return True if context.blind else None
    if not isinstance(value, bool):
        message = f"`when` must be `true` or `false`, found {describe(node)}"
        edit = condition(node, Names(environment))
        help = "write a condition, e.g. `$(stride != 1)`" if edit is None else f"write `{edit.text}`"
        context.fault(Diagnostic("AS101", message, node.span, help=help, edit=edit))
        return None
    return value


def _body(
    context: Context,
    entry: Entry,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    overrides: Overrides,
    skip: Skip | None,
) -> Placed:
    body = entry.body
    if isinstance(body, SequenceBody):
        return place_sequence(context, entry, body.entries, environment, inputs, name, path, skip)
    if isinstance(body, Branches):
        return place_branches(context, entry, body, environment, inputs, name, path)
    if isinstance(body, Held):
        return place_held(context, entry, body, environment, inputs, name, path, overrides)
    if isinstance(body, Use):
        return place_again(context, entry, body, environment, inputs, name, path)
    if isinstance(body, NoKind):
        return NOTHING
    kind = str(body.kind.value)
    block = context.blocks.get(kind)
    if block is not None:
        return place_block(context, block, entry, body, environment, inputs, name, path, overrides, skip)
    op = find(kind)
    if op is None:  # reported by the check of kinds
        if body.arguments is not None:
            evaluate(context, body.arguments, Names(environment))
        return NOTHING
    if op.bare:
        return place_bare(context, op, entry, body, environment, name, path, overrides)
    placed = place_call(context, op, entry, body, environment, inputs, name, path, overrides)
    node = entry.modifiers.tie
    return placed if node is None or not op.is_module else tied(context, node, environment, placed)
