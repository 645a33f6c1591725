"""Entries into nodes: what placing one gives, and how a scope is closed around its nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.elaborate.context import Context
from archspec.elaborate.environment import LOST, Binding, Environment, Value
from archspec.elaborate.limits import DEEPEST, too_deep
from archspec.errors import Span
from archspec.graph.nodes import Copy, Node, Ref, Scope, ScopeInput, ScopeKind
from archspec.records import record
from archspec.tensors import TensorType

_NO_TYPE = TensorType(())  # stands in nodes of a graph that a fault will withhold


@record
class Placed:
    """What an entry became: its nodes (none where `when` is false), and what its name stands for."""

    nodes: tuple[Node, ...]
    binding: Binding
    dropped: bool = False

    @property
    def lost(self) -> bool:
        """Whether a fault has kept it from becoming anything."""
        return not self.nodes and not self.dropped


NOTHING = Placed((), LOST)

LEFT_OUT_LOST = Placed((), LOST, dropped=True)
"""A copy that is left out, of which it is not known what it takes and so what stands for it."""


@dataclass(slots=True)
class OpenScope:
    """A scope whose inputs are known and whose body is being made."""

    context: Context
    name: str
    path: str
    kind: ScopeKind
    span: Span
    inputs: tuple[Value, ...]
    parameters: tuple[ScopeInput, ...]
    block: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def values(self) -> dict[str, Value]:
        """The inputs as seen from inside, by name."""
        return {
            parameter.name: Value(Ref(parameter.id), value.type)
            for parameter, value in zip(self.parameters, self.inputs, strict=True)
        }

    def close(
        self,
        nodes: Sequence[Node],
        results: Mapping[str, Value],
        *,
        inner: Mapping[str, Binding] | None = None,
        copies: tuple[Copy, ...] = (),
        keyed: bool = False,
    ) -> Placed:
        """The finished scope. `results` are its outputs by port name, `inner` what can be referred to inside it."""
        node_id = self.context.new_id(self.span)
        types = tuple(value.type or _NO_TYPE for value in results.values())
        scope = Scope(
            id=node_id,
            name=self.name,
            path=self.path,
            kind=self.kind,
            inputs=tuple(value.ref for value in self.inputs),
            parameters=self.parameters,
            body=tuple(nodes),
            results=tuple(value.ref for value in results.values()),
            outputs=types,
            ports=tuple(results),
            span=self.span,
            block=self.block,
            arguments=self.arguments,
            copies=copies,
            keyed=keyed,
            order=self.order,
        )
        self.context.record(node_id, self.path, types, self.span, scope.inputs, scope.results)
        ports = {port: Value(Ref(node_id, index), value.type) for index, (port, value) in enumerate(results.items())}
        return Placed((scope,), Binding(ports, inner or {}, self.block))


def open_scope(
    context: Context,
    name: str,
    path: str,
    kind: ScopeKind,
    span: Span,
    inputs: tuple[Value, ...],
    names: Sequence[str] | None = None,
    block: str | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> OpenScope:
    """Begin a scope that is called with `inputs`."""
    if path.count(".") >= DEEPEST:
        raise too_deep(span)
    if names is None:
        names = ["input"] + [f"input{index}" for index in range(2, len(inputs) + 1)]
    parameters = []
    for input_name, value in zip(names, inputs, strict=True):
        parameter_id = context.new_id(span)
        parameters.append(ScopeInput(parameter_id, input_name, value.type or _NO_TYPE))
        if value.type is not None:
            context.record(parameter_id, "", (value.type,), span, (value.ref,))
    return OpenScope(context, name, path, kind, span, inputs, tuple(parameters), block, arguments or {})


def join(path: str, name: str) -> str:
    """The path of a child."""
    return f"{path}.{name}" if path else name


def last_binding(environment: Environment) -> Binding:
    """What the scope's last entry made; its input where it has none."""
    if environment.bindings:
        return environment.bindings[next(reversed(environment.bindings))]
    return Binding({"output": environment.previous[0]}) if environment.previous else LOST
