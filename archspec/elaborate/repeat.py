"""`repeat`: copies of an entry, chained; and stages of copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.elaborate.arguments import Given, Overrides
from archspec.elaborate.context import Context
from archspec.elaborate.copies import Plan, Position, copy_name, plan
from archspec.elaborate.environment import Binding, Environment, Names, Value, absent
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.left_out import leave_out
from archspec.elaborate.places import Frame
from archspec.elaborate.scope import LEFT_OUT_LOST, NOTHING, OpenScope, Placed, join, open_scope
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic
from archspec.graph.nodes import Copy, Node
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node as TreeNode
from archspec.source.tree import Sequence, describe
from archspec.spec.document import Entry, Held, KindUse


def place_copies(
    context: Context,
    entry: Entry,
    environment: Environment,
    inputs: tuple[Value, ...],
    moving: tuple[TreeNode, ...],
    name: str,
    path: str,
    stage: int | None,
) -> Placed:
    """The scope of all copies; with stages, of one scope per stage, or of the one stage that is asked for.

    `moving` are further inputs, which each copy chooses for itself.
    """
    planned = plan(context, entry, environment)
    if planned is None or not has_lists(context, entry, environment, planned):
        _leave_out(context, entry, environment, inputs, name, path)
        return NOTHING
    if stage is not None:
        return _stage(context, entry, environment, inputs, moving, name, path, planned, stage)
    if not planned.staged:
        return _stage(context, entry, environment, inputs, moving, name, path, planned, 0)
    scope = open_scope(context, name, path, "copies", entry.place, inputs)
    values = tuple(scope.values().values())
    nodes: list[Node] = []
    copies: list[Copy] = []
    inner: dict[str, Binding] = {}
    lost = False
    for number in range(len(planned.counts)):
        child = str(len(copies))
        placed = _stage(context, entry, environment, values, moving, child, join(path, child), planned, number)
        if placed is NOTHING:
            lost = True
        elif not placed.dropped:
            nodes += placed.nodes
            copies.append(Copy(len(placed.nodes), placed.binding.first.ref))
            inner[child] = placed.binding
            values = (placed.binding.first, *values[1:])
    return _closed(scope, nodes, copies, values[0], inner, lost=lost)


def _leave_out(
    context: Context, entry: Entry, environment: Environment, inputs: tuple[Value, ...], name: str, path: str
) -> None:
    """Have a copy checked at the end though it is not known how many there are."""
    inside = environment.child(variables=Position(0, 1, 0, 1, 0, 1).variables())
    mappings = (entry.modifiers.per_stage, entry.modifiers.per_repeat, entry.modifiers.first, entry.modifiers.last)
    overrides = {
        str(key.value): Given(UNKNOWN, value, key)
        for node in mappings
        if isinstance(node, TreeMapping)
        for key, value in node
    }
    leave_out(context, entry, inside, len(inputs), name, path, overrides)


def _stage(
    context: Context,
    entry: Entry,
    environment: Environment,
    inputs: tuple[Value, ...],
    moving: tuple[TreeNode, ...],
    name: str,
    path: str,
    planned: Plan,
    stage: int,
) -> Placed:
    scope = open_scope(context, name, path, "copies", entry.place, inputs)
    values = tuple(scope.values().values())
    nodes: list[Node] = []
    copies: list[Copy] = []
    inner: dict[str, Binding] = {}
    lost = False
    keyed = bool(planned.named) or entry.modifiers.names is not None
    what = what_is_copied(entry)
    for index in range(planned.counts[stage]):
        position = planned.position(stage, index)
        inside = environment.child(variables=position.variables(), previous=values)
        child = copy_name(context, entry, inside, planned, index, inner) if keyed else None
        child = child or str(len(copies))
        overrides = overridden(context, entry, inside, position, planned)
        copy_path = join(path, child)
        with context.inside(Frame(what, copy_path, entry.span, child if keyed else index), entry.span):
            placed = context.place_one(context, entry, inside, values, child, copy_path, overrides, moving)
        if not placed.dropped:
            inner[child] = placed.binding
            nodes += placed.nodes
            first = placed.binding.first
            copies.append(Copy(len(placed.nodes), first.ref))
            values = (first, *values[1:])
        lost = lost or placed is LEFT_OUT_LOST
        if context.blind:
            break  # all copies look the same
    return _closed(scope, nodes, copies, values[0], inner, lost=lost, keyed=keyed)


def _closed(
    scope: OpenScope,
    nodes: list[Node],
    copies: list[Copy],
    result: Value,
    inner: dict[str, Binding],
    *,
    lost: bool,
    keyed: bool = False,
) -> Placed:
    """The chain of the copies that are there; without any, the entry is not there and stands for its input."""
    if not copies:
        return NOTHING if lost else Placed((), absent(scope.inputs[0]), dropped=True)
    return scope.close(nodes, {"output": result}, inner=inner, copies=tuple(copies), keyed=keyed)


def what_is_copied(entry: Entry) -> str:
    """The entry in a message that tells which copy of it has a fault."""
    if isinstance(entry.body, Held):
        return f"`{entry.body.reference.value}`"
    return f"`{entry.body.kind.value}`" if isinstance(entry.body, KindUse) else "a sequence"


def overridden(context: Context, entry: Entry, inside: Environment, position: Position, planned: Plan) -> Overrides:
    """What `per_stage`, `per_repeat`, `first`, `last` and its own name say of this copy; later ones win."""
    modifiers = entry.modifiers
    overrides: dict[str, Given] = {}
    for node, at in ((modifiers.per_stage, position.stage), (modifiers.per_repeat, position.index)):
        overrides.update(_elements(context, node, inside, at))
    if position.index == 0:
        overrides.update(_values(context, modifiers.first, inside))
    if position.index == position.count - 1:
        overrides.update(_values(context, modifiers.last, inside))
    if planned.named:
        overrides.update(_values(context, planned.named[position.index][1], inside))
    return overrides


def _values(context: Context, node: TreeNode | None, inside: Environment) -> dict[str, Given]:
    if not isinstance(node, TreeMapping):
        return {}
    names = Names(inside)
    return {str(key.value): Given(evaluate(context, value, names), value, key) for key, value in node}


def _elements(context: Context, node: TreeNode | None, inside: Environment, at: int) -> dict[str, Given]:
    if not isinstance(node, TreeMapping):
        return {}
    names = Names(inside)
    overrides = {}
    for key, value in node:
        if isinstance(value, Sequence):
            overrides[str(key.value)] = Given(evaluate(context, value.items[at], names), value.items[at], key)
        else:
            values = evaluate(context, value, names)
            overrides[str(key.value)] = Given(values if values is UNKNOWN else values[at], value, key)
    return overrides


def has_lists(context: Context, entry: Entry, environment: Environment, planned: Plan) -> bool:
    """Whether `per_stage` and `per_repeat` have as many values as there are stages and copies."""
    modifiers = entry.modifiers
    good = True
    for word, node in (("first", modifiers.first), ("last", modifiers.last)):
        if node is not None and not isinstance(node, TreeMapping):
            good = _not_a_mapping(context, word, node)
    longest = max(planned.counts)
    for word, node, wanted in (
        ("per_stage", modifiers.per_stage, len(planned.counts)),
        ("per_repeat", modifiers.per_repeat, longest),
    ):
        if node is None:
            continue
        if not isinstance(node, TreeMapping):
            good = _not_a_mapping(context, word, node)
            continue
        names = Names(environment.child(variables=planned.position(0, 0).variables()))
        for key, value in node:
            good = _has_length(context, word, str(key.value), value, wanted, names) and good
    return good


def _not_a_mapping(context: Context, word: str, node: TreeNode) -> bool:
    message = f"`{word}` must be a mapping of arguments, found {describe(node)}"
    context.fault(Diagnostic("AS101", message, node.span, help=f"write `{word}: {{argument: value}}`"))
    return False


def _has_length(context: Context, word: str, name: str, node: TreeNode, wanted: int, names: Mapping[str, Any]) -> bool:
    values = [None] * len(node) if isinstance(node, Sequence) else evaluate(context, node, names)
    if values is UNKNOWN:
        return False
    if isinstance(values, list) and len(values) == wanted:
        return True
    what = "stage" if word == "per_stage" else "copy"
    found = f"{len(values)} values" if isinstance(values, list) else describe(node)
    message = f"`{name}` needs one value per {what}, {wanted} in all, found {found}"
    context.fault(Diagnostic("AS230", message, node.span, help=f"write a list of {wanted} values"))
    return False
