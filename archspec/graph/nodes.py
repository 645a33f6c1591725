"""The intermediate form: scopes of calls, hierarchical as the module tree, every value typed.

A value is named by a `Ref`: the node (or scope input) that makes it, and which of its ports. Inside a block a call
refers only to values of that block. A sequence or a chain of copies may also refer to values of the scopes around it
(captures), and a later entry may refer to a value inside an earlier sequence (a tap): the emitter turns both into
arguments and results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Literal, NamedTuple, TypeAlias

from archspec.errors import Span
from archspec.ops.entry import Args, Op, State
from archspec.records import record
from archspec.tensors import TensorType, per_sample


class Ref(NamedTuple):
    """Port `port` of the node or scope input with the id `id`."""

    id: int
    port: int = 0


@record
class ScopeInput:
    """A value that a scope is called with, as the scope sees it."""

    id: int
    name: str
    type: TensorType


@record
class Call:
    """One layer or function applied once.

    Attributes:
        id: unique in the graph; a node has a larger id than what it refers to.
        name: its name in its scope; the module's attribute name where it is a layer.
        path: its place in the module tree, hence its state-dict prefix.
        op: the catalogue's entry.
        args: every argument's value.
        inputs: what it is applied to.
        outputs: the type of each port.
        state: its parameters and buffers, initialised by the policy that wins.
        macs: multiply-accumulates for one sample.
        span: where the spec says so.
        module: the path of the module that it calls, where an earlier call has made it; it has no state then.
        value: for a buffer that is computed, the functions which do so when the model is made. They take no inputs.
    """

    id: int
    name: str
    path: str
    op: Op
    args: Args
    inputs: tuple[Ref, ...]
    outputs: tuple[TensorType, ...]
    state: Mapping[str, State]
    macs: int
    span: Span
    module: str = ""
    value: Scope | None = None

    @property
    def num_params(self) -> int:
        """Elements of its own parameters: no buffers, and nothing that is another layer's."""
        own = (state for state in self.state.values() if not state.is_buffer and not state.tied)
        return sum(elements(state.shape) for state in own)

    @property
    def overwrites(self) -> bool:
        """Whether it writes its result over its first input."""
        return self.op.overwrites(self.args)

    @property
    def tensors(self) -> Iterator[tuple[str, State]]:
        """Its parameters and buffers by their names in the model's state dict."""
        for name, state in self.state.items():
            yield (self.path if self.op.bare else f"{self.path}.{name}"), state


ScopeKind: TypeAlias = Literal["model", "block", "sequence", "copies", "branches"]


@record
class Scope:
    """A group of nodes with a place of its own in the module tree.

    Attributes:
        kind: `model` (the root), `block` (an instance of one), `sequence`, `copies` (what `repeat` makes: a
            ModuleList or ModuleDict whose elements are chained, or of such lists), or `branches` (elements that all
            take the scope's input, and make one of its outputs each).
        block: the block's name, where it is an instance of one.
        arguments: the block's parameters as this instance has them.
        inputs: the values it is called with, in the enclosing scope.
        parameters: the same as seen from inside.
        body: its nodes in the order in which they run.
        results: which inner values are its outputs.
        ports: the names of its outputs.
        copies: for `copies`, how the body divides into them.
        keyed: of `copies` and `branches`: it is a ModuleDict.
        module: the path of the module that it calls, where an earlier scope has made it; nothing inside has a state.
        order: names of nodes that the module registers before the others.
    """

    id: int
    name: str
    path: str
    kind: ScopeKind
    inputs: tuple[Ref, ...]
    parameters: tuple[ScopeInput, ...]
    body: tuple[Node, ...]
    results: tuple[Ref, ...]
    outputs: tuple[TensorType, ...]
    ports: tuple[str, ...]
    span: Span
    block: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    keyed: bool = False
    module: str = ""
    order: tuple[str, ...] = ()

    @property
    def registered(self) -> tuple[Node, ...]:
        """Its nodes as the module registers them, which the state dict shows; `body` is how they run."""
        if not self.order:
            return self.body
        places = {name: at for at, name in enumerate(self.order)}
        return tuple(sorted(self.body, key=lambda node: places.get(node.name, len(places))))

    @property
    def is_container(self) -> bool:
        """Whether it has no forward of its own: what it does stands in the forward around it."""
        return self.kind in ("copies", "branches")

    def each_copy(self) -> Iterator[tuple[tuple[Node, ...], Ref]]:
        """The nodes of each copy of a `copies` scope, and the value that goes on to the next."""
        at = 0
        for copy in self.copies:
            yield self.body[at : at + copy.size], copy.result
            at += copy.size


class Copy(NamedTuple):
    """How many nodes of the body belong to a copy, and which value it hands on."""

    size: int
    result: Ref


@record
class Absent:
    """A named entry of a block whose `when` is false: it stands for its input, and its attribute is None."""

    id: int
    name: str
    path: str
    inputs: tuple[Ref, ...]
    outputs: tuple[TensorType, ...]
    span: Span


Node: TypeAlias = Call | Scope | Absent


@record
class Output:
    """One value that the model returns; `training_only` ones are absent in eval mode."""

    name: str
    ref: Ref
    type: TensorType
    training_only: bool = False


@record
class Frozen:
    """What training leaves as it is.

    Attributes:
        parameters: full names of parameters that take no gradient.
        statistics: paths of layers whose running statistics stay: they are in eval mode, whatever the model is in.
    """

    parameters: frozenset[str] = frozenset()
    statistics: tuple[str, ...] = ()


OutputForm: TypeAlias = Literal["single", "tuple", "dict"]


@record
class Graph:
    """A whole checked model.

    Attributes:
        name: the class name of the compiled module.
        root: the scope of kind `model`; its parameters are the forward's arguments.
        outputs: what forward returns.
        form: as a bare tensor, a tuple or a dict.
        description: the spec's own words, for the class docstring.
        frozen: what training leaves as it is.
    """

    name: str
    root: Scope
    outputs: tuple[Output, ...]
    form: OutputForm
    description: str = ""
    frozen: Frozen = Frozen()

    def __deepcopy__(self, memo: dict[int, Any]) -> Graph:
        return self  # immutable, and every compiled module refers to it

    def calls(self) -> Iterator[Call]:
        """Every call, in the order in which they run."""
        return calls_of(self.root)

    @property
    def num_params(self) -> int:
        """Elements of all parameters."""
        return sum(call.num_params for call in self.calls())

    @property
    def num_frozen(self) -> int:
        """Elements of the parameters that take no gradient."""
        names = self.frozen.parameters
        return sum(
            elements(state.shape)
            for call in (self.calls() if names else ())
            for name, state in call.tensors
            if name in names and not state.tied
        )

    @property
    def largest_buffer(self) -> int:
        """Elements of the largest buffer, or of what computing one makes on the way."""
        held = (state.shape for call in self.calls() for _, state in call.tensors if state.is_buffer)
        values = (call.value.body for call in self.calls() if call.value is not None)
        made = (type_.shape for body in values for node in body for type_ in node.outputs)
        return max((per_sample(shape) for shape in (*held, *made)), default=0)


def calls_of(node: Node) -> Iterator[Call]:
    """Every call inside a node, in order."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield node
        elif isinstance(node, Scope):
            waiting += reversed(node.body)


def elements(shape: tuple[int, ...]) -> int:
    """How many elements a tensor of that shape has."""
    product = 1
    for size in shape:
        product *= size
    return product
