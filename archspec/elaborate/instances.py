"""Instances of a block that are alike: the inside of the second one is that of the first, with other ids and paths.

What is inside an instance follows from the block, its arguments and its inputs' types, since it sees nothing else but
the file's variables. A large model is mostly instances of few blocks, and to copy one is several times as fast as to
infer it. An instance in which a fault was found is never copied, so that each tells where it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archspec.elaborate.context import Context, Mark
from archspec.elaborate.environment import HeldLayer, Value
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.history import Shift
from archspec.elaborate.initialization import Unfit
from archspec.elaborate.places import Frame
from archspec.elaborate.scope import OpenScope
from archspec.graph.nodes import Absent, Call, Copy, Node, Ref, Scope, ScopeInput, calls_of
from archspec.ops.entry import State
from archspec.records import record
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node as TreeNode
from archspec.source.tree import Scalar
from archspec.spec.document import Block

Key = tuple[object, ...]


@record
class Inside:
    """What is inside an instance.

    Attributes:
        nodes: its nodes.
        order: the names of those that the module registers first.
        results: its outputs by port.
        arguments: what it was made with, which the key means by its identity.
    """

    nodes: Sequence[Node]
    order: tuple[str, ...]
    results: Mapping[str, Value]
    arguments: Mapping[str, Any]


@record
class Instance:
    """One that has been inferred, and where the elaboration stood before and after it.

    Attributes:
        inplace: its calls in `Context.inplace_by_default`.
        joined: what `Context.joined` has of them.
    """

    inside: Inside
    path: str
    before: Mark
    after: Mark
    inplace: set[int]
    joined: dict[int, Mapping[str, Any]]


def key_of(context: Context, block: Block, arguments: Mapping[str, Any], scope: OpenScope) -> Key | None:
    """What the inside of an instance follows from; None where that is more than can be compared."""
    if context.blind:
        return None
    types = [value.type for value in scope.inputs]
    keys = [_argument_key(value) for value in arguments.values()]
    if None in types or None in keys:
        return None
    layouts = [type_ is not None and type_.channels_first for type_ in types]
    depth = (len(context.frames), scope.path.count("."))
    return (id(block), id(context.policies), *depth, *keys, *types, *layouts)


def _argument_key(value: Any) -> object:
    """What tells an argument's value from others: as text, 1, 1.0 and true are three."""
    if isinstance(value, HeldLayer):
        return None if _has_expression(value.node) else (id(value.node), id(value.defaults))
    if isinstance(value, list):
        keys = tuple(_argument_key(item) for item in value)
        return None if None in keys else keys
    return None if value is UNKNOWN else repr(value)


def _has_expression(node: TreeNode) -> bool:
    """Whether what it means depends on where it stands."""
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "$" in node.value
    if isinstance(node, TreeMapping):
        return any(_has_expression(key) or _has_expression(value) for key, value in node)
    return any(_has_expression(item) for item in node)


def remember(context: Context, key: Key, before: Mark, scope: OpenScope, inside: Inside) -> None:
    """Keep an instance for others like it, if nothing was wrong in it."""
    after = context.mark()
    sound = (before.faults, before.hidden) == (after.faults, after.hidden)
    if not sound or any(value.type is None for value in inside.results.values()):
        return
    calls = [call for node in inside.nodes for call in calls_of(node)]
    if not any(state.tied for call in calls for state in call.state.values()):  # each names a parameter elsewhere
        ids = [call.id for call in calls]
        inplace = context.inplace_by_default.intersection(ids)
        joined = {id: context.joined[id] for id in context.joined.keys() & ids}
        context.instances[key] = Instance(inside, scope.path, before, after, inplace, joined)


def copied(context: Context, known: Instance, scope: OpenScope) -> Inside | None:
    """The inside of another instance, which `scope` begins; None where it would meet a limit, or break a rule of
    `init`, and the fault has to be found in its place."""
    ids, steps = known.after.last_id - known.before.last_id, known.after.steps - known.before.steps
    if not context.has_room(ids, steps):
        return None
    first = context.last_id + 1
    copier = _Copier(context, Shift(first - known.before.last_id - 1, known.path, scope.path))
    try:
        nodes = [copier.node(node) for node in known.inside.nodes]
    except Unfit:
        return None
    context.history.repeat(first, first + ids - 1, copier.shift)
    context.inplace_by_default.update(id + copier.shift.distance for id in known.inplace)
    context.joined.update((id + copier.shift.distance, change) for id, change in known.joined.items())
    context.skip(ids, steps)
    return Inside(nodes, known.inside.order, copier.values(known.inside.results), known.inside.arguments)


@dataclass(slots=True)
class _Copier:
    context: Context
    shift: Shift

    def values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        return {port: Value(self.shift.ref(value.ref), value.type) for port, value in values.items()}

    def node(self, node: Node) -> Node:
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Scope):
            return self._scope(node)
        path, inputs = self.shift.path(node.path), self._refs(node.inputs)
        return Absent(self._id(node.id), node.name, path, inputs, node.outputs, node.span)

    def _scope(self, scope: Scope) -> Scope:
        path = self.shift.path(scope.path)
        return Scope(
            id=self._id(scope.id),
            name=scope.name,
            path=path,
            kind=scope.kind,
            inputs=self._refs(scope.inputs),
            parameters=tuple(ScopeInput(self._id(each.id), each.name, each.type) for each in scope.parameters),
            body=self._body(scope, path),
            results=self._refs(scope.results),
            outputs=scope.outputs,
            ports=scope.ports,
            span=scope.span,
            block=scope.block,
            arguments=scope.arguments,
            copies=tuple(Copy(each.size, self.shift.ref(each.result)) for each in scope.copies),
            keyed=scope.keyed,
            module=self.shift.path(scope.module),
            order=scope.order,
        )

    def _body(self, scope: Scope, path: str) -> tuple[Node, ...]:
        if scope.block is None or not self.context.policies.by_name:
            return tuple(map(self.node, scope.body))
        with self.context.inside(Frame(f"`{scope.block}`", path, scope.span), scope.span):
            return tuple(map(self.node, scope.body))

    def _id(self, id: int) -> int:
        return id + self.shift.distance

    def _refs(self, refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
        return tuple(map(self.shift.ref, refs))

    def _call(self, call: Call) -> Call:
        id, path = self._id(call.id), self.shift.path(call.path)
        return Call(
            id=id,
            name=call.name,
            path=path,
            op=call.op,
            args=call.args,
            inputs=self._refs(call.inputs),
            outputs=call.outputs,
            state=self._state(call, id, path),
            macs=call.macs,
            span=call.span,
            module=self.shift.path(call.module),
            value=None if call.value is None else self._scope(call.value),
        )

    def _state(self, call: Call, id: int, path: str) -> Mapping[str, State]:
        """Its parameters, begun as the rules of `init` for their own names say."""
        policies = self.context.policies
        if not policies.by_name or not call.state:
            return call.state
        own = self.context.own_state[id] = self.context.own_state[call.id]
        return policies.apply(self.context, call.op.name, path, own, strict=True)
