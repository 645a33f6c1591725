"""What a scope knows while it is elaborated: its variables, its inputs, and the values that earlier entries made."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from archspec.elaborate.blind import AllAlike, Order, Then
from archspec.elaborate.expressions import UNKNOWN
from archspec.errors import Span
from archspec.graph.nodes import Node, Ref
from archspec.records import record
from archspec.source.tree import Node as TreeNode
from archspec.source.tree import plain
from archspec.spec.document import Entry
from archspec.tensors import TensorType

if TYPE_CHECKING:
    from archspec.elaborate.defaults import Defaults
    from archspec.elaborate.scope import Placed


@record
class Value:
    """A tensor that can be referred to. `type` None: a fault reported elsewhere hides it."""

    ref: Ref
    type: TensorType | None


@record
class HeldLayer:
    """A layer that a variable holds, with the names and defaults that it means: those where it is written."""

    node: TreeNode
    names: Mapping[str, Any]
    defaults: Defaults | None = None

    def __str__(self) -> str:
        return "a layer"


def as_data(value: Any) -> Any:
    """A variable's value as plain data: a held layer as it is written."""
    if isinstance(value, HeldLayer):
        return plain(value.node)
    return [as_data(item) for item in value] if isinstance(value, list) else value


@record
class Remade:
    """How a module that has been made is called again.

    Attributes:
        nodes: the nodes of its first call, the module's own one first.
        place: the same nodes anew, for other inputs, under another name and path.
        whole: no fault hides any of the nodes.
    """

    nodes: tuple[Node, ...]
    place: Callable[[tuple[Value, ...], str, str], Placed]
    whole: bool = True


NOWHERE = Value(Ref(-1), None)
"""What stands for a value that a fault prevents."""


@record
class Binding:
    """What a name stands for: the ports of a layer, and the names that can be reached inside it.

    Attributes:
        ports: by name; a plain reference is the first.
        inner: children of a sequence or copies of a repeat.
        closed: the block whose inside cannot be referred to.
        remade: how it is called again, where it is a module.
        absent: its `when` is false: it stands for its input.
    """

    ports: Mapping[str, Value]
    inner: Mapping[str, Binding] = field(default_factory=dict)
    closed: str | None = None
    remade: Remade | None = None
    absent: bool = False

    @property
    def first(self) -> Value:
        """The first port."""
        return next(iter(self.ports.values()))

    def made_again(self, remade: Remade) -> Binding:
        """The same of a module that can be called again."""
        return Binding(self.ports, self.inner, self.closed, remade, self.absent)


def bind(value: Value) -> Binding:
    """A binding of one port."""
    return Binding({"output": value})


def absent(value: Value) -> Binding:
    """What an entry that is not there stands for."""
    return Binding({"output": value}, absent=True)


LOST = bind(NOWHERE)


@dataclass(slots=True)
class Environment:
    """The names in sight at one point of a scope.

    Attributes:
        variables: the file's variables and a block's parameters, or what a repeat adds (`index`, …).
        inputs: the scope's inputs by name, in order.
        bindings: what earlier entries of this scope made.
        previous: what an entry without `from` takes.
        parent: the scope around this one, where it can be seen.
        declared: all entries of this scope by name, for messages.
        removed: the names that an overlay has taken out of this scope, and where it says so.
        placing: the name of the entry that is being placed.
        forward: the path of the scope whose forward this is; None inside a container, which has none of its own.
        beyond: where this computes what a buffer holds, the scope that has the buffer: its variables are known here,
            and of its tensors the sizes, but there are no tensors yet.
        defaults: those that entries here have; None without any.
        until: in a further call of a module, the last value there was before its first call: names mean what they
            meant there.
    """

    variables: Mapping[str, Any]
    inputs: Mapping[str, Value]
    previous: tuple[Value, ...]
    parent: Environment | None = None
    bindings: dict[str, Binding] = field(default_factory=dict)
    declared: dict[str, Entry] = field(default_factory=dict)
    removed: dict[str, Span] = field(default_factory=dict)
    placing: str | None = None
    forward: str | None = None
    beyond: Environment | None = None
    defaults: Defaults | None = None
    until: int | None = None
    _order: Order | None = None

    def child(
        self,
        *,
        variables: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Value] | None = None,
        previous: tuple[Value, ...] | None = None,
        forward: str | None = None,
        until: int | None = None,
    ) -> Environment:
        """A scope inside this one, which sees everything that this one sees."""
        return Environment(
            variables={} if variables is None else variables,
            inputs={} if inputs is None else inputs,
            previous=self.previous if previous is None else previous,
            parent=self,
            forward=forward,
            defaults=self.defaults,
            until=until,
        )

    def blind(self) -> Environment:
        """The same names, of whose values nothing is known."""
        variables = [scope.variables for scope in self.outward() if scope.variables]
        tensors = [names for scope in self.outward() for names in (scope._bound(), scope.inputs) if names]
        return Environment(
            AllAlike(UNKNOWN, *variables),
            AllAlike(NOWHERE, *tensors),
            (NOWHERE,) * len(self.previous),
            forward=self.forward,
            defaults=self.defaults,
        )

    def _bound(self) -> Then:
        """The names that are bound at this moment."""
        if self._order is None:
            self._order = Order(self.bindings)
        return Then(self._order, len(self.bindings))

    def owner(self) -> str:
        """The path of the scope in whose forward an entry here is called."""
        return next((scope.forward for scope in self.outward() if scope.forward is not None), "")

    def outward(self) -> Iterator[Environment]:
        """This scope and those around it, the innermost first."""
        scope: Environment | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find(self, name: str) -> Binding | None:
        """The binding of a name; `input` and `previous` included."""
        if name == "previous" and self.previous:
            return bind(self.previous[0])
        until: int | None = None
        for scope in self.outward():
            until = scope.until if until is None else until
            found = scope.bindings.get(name)
            if found is not None and (until is None or found.first.ref.id <= until):
                return found
            if name in scope.inputs:
                return bind(scope.inputs[name])
        return None

    def names_in_sight(self) -> list[str]:
        """Every name that a reference may use: in a further call of a module, none that is newer than it."""
        names = [name for scope in self.outward() for name in (*scope.bindings, *scope.inputs)]
        return [name for name in (*names, "previous") if self.find(name) is not None]

    def declaring(self, name: str) -> Environment | None:
        """The scope that has an entry of that name, earlier or later."""
        return next((scope for scope in self.outward() if name in scope.declared), None)

    def removal(self, name: str) -> Span | None:
        """Where an overlay has taken an entry of that name out."""
        return next((scope.removed[name] for scope in self.outward() if name in scope.removed), None)


def within(outer: Mapping[str, Any]) -> ChainMap[str, Any]:
    """Names that are yet to come, over those of the file, which are many and not written to."""
    return ChainMap({}, cast("dict[str, Any]", outer))


class Names(Mapping[str, Any]):
    """The environment as an expression sees it: variables first, then tensors by name."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> Any:
        for scope in self._environment.outward():
            if name in scope.variables:
                return scope.variables[name]
        binding = self._environment.find(name)
        if binding is None and self._environment.beyond is not None:
            return Names(self._environment.beyond)[name]
        if binding is None:
            raise KeyError(name)
        type_ = binding.first.type
        return UNKNOWN if type_ is None else type_

    def __iter__(self) -> Iterator[str]:
        for scope in self._environment.outward():
            yield from scope.variables
        yield from self._environment.names_in_sight()
        if self._environment.beyond is not None:
            yield from Names(self._environment.beyond)

    def __len__(self) -> int:
        return sum(1 for _ in self)
