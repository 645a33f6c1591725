"""How each module of a graph is made, as trees whose leaves are argument values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Literal, TypeAlias

from archspec.graph.nodes import Absent, Call, Node, Scope
from archspec.ops.entry import Init
from archspec.ops.layer_class import Partial, kind_of, own_arguments, takes_class
from archspec.ops.registry import CATALOGUE
from archspec.records import record


@record
class Code:
    """A value that is a name in the generated file: `nn.ReLU`."""

    text: str


@record
class Argument:
    """One argument of a constructor. `required` ones come first and are written without their name.

    `stand_in` is written where no instance has a use for the argument, its layer not being there.
    """

    name: str
    value: Any
    default: Any
    required: bool = False
    stand_in: Any = None


@record
class Layer:
    """A layer of a library."""

    target: str
    arguments: tuple[Argument, ...]


@record
class Tensor:
    """A bare parameter or buffer.

    Attributes:
        made: the function that makes a buffer which is computed; the first of its `arguments` are the function's.
        fill: the number that a parameter is filled with at first; None where it is no number.
        init: how a parameter begins otherwise.
        path: its name in the state dict.
    """

    kind: Literal["Parameter", "Buffer"]
    arguments: tuple[Argument, ...]
    made: str = ""
    fill: float | None = None
    init: Init | None = None
    path: str = ""


@record
class Instance:
    """An instance of a generated class, whose arguments follow from its parameters."""

    scope: Scope


@record
class Group:
    """An `nn.Sequential`, `nn.ModuleList` or `nn.ModuleDict`.

    Attributes:
        kind: which of them.
        names: of its children; None where they are 0, 1, …
        children: what it holds.
        keys: where the spec says each child of a sequence.
    """

    kind: Literal["Sequential", "ModuleList", "ModuleDict"]
    names: tuple[str, ...] | None
    children: tuple[Tree, ...]
    keys: tuple[Hashable, ...] = ()


Tree: TypeAlias = Layer | Tensor | Instance | Group


@record
class Computed:
    """How a buffer is computed: by which function, with which arguments."""

    function: str
    arguments: tuple[Argument, ...]


@record
class Place:
    """What has to be known of the model around a scope.

    Attributes:
        has_class: whether a scope is an instance of a class of its own.
        is_chain: whether `nn.Sequential` does what a scope does.
        computed: how each buffer is computed that is, by its id.
    """

    has_class: Callable[[Scope], bool]
    is_chain: Callable[[Scope], bool]
    computed: Mapping[int, Computed]


def children(scope: Scope, place: Place) -> dict[str, Tree]:
    """What a scope's `__init__` makes, by name, in order."""
    made: dict[str, Tree] = {}
    is_sequential = scope.kind == "sequence" or (scope.kind == "block" and all(n.name.isdigit() for n in scope.body))
    runs_by_itself = is_sequential and place.is_chain(scope)
    for node in scope.registered:
        tree = _tree(node, place)
        if isinstance(tree, Group) and tree.kind != "Sequential" and runs_by_itself:
            tree = Group("Sequential", tree.names, tree.children, tree.keys)
        if tree is not None:
            made[node.name] = tree
    return made


def _tree(node: Node, place: Place) -> Tree | None:
    if isinstance(node, Absent) or node.module:
        return None
    if isinstance(node, Call):
        return _of_bare(node, place.computed) if node.op.bare else _of_call(node)
    if place.has_class(node):
        return Instance(node)
    inner = children(node, place)
    if node.is_container:
        return _of_container(node, inner)
    spans = tuple((id(each.span.source), each.span.start) for each in node.registered if each.name in inner)
    return Group("Sequential", _names(inner), tuple(inner.values()), spans)


def _of_container(scope: Scope, inner: Mapping[str, Tree]) -> Tree | None:
    if not inner:
        return None
    if scope.keyed:
        return Group("ModuleDict", tuple(inner), tuple(inner.values()))
    if scope.kind == "copies":
        return Group("ModuleList", None, tuple(inner.values()))
    places = range(1 + max(map(int, inner)))
    identity = Layer("torch.nn.Identity", ())
    return Group("ModuleList", None, tuple(inner.get(str(place), identity) for place in places))


def _names(inner: Mapping[str, Tree]) -> tuple[str, ...] | None:
    names = tuple(inner)
    return None if names == tuple(map(str, range(len(names)))) else names


def _of_bare(call: Call, computed: Mapping[int, Computed]) -> Tensor:
    kind: Literal["Parameter", "Buffer"] = "Buffer" if call.op.name == "Buffer" else "Parameter"
    if call.value is not None:
        made = computed[call.id]
        return Tensor(kind, (*made.arguments, Argument("persistent", call.args.persistent, None)), made.function)
    (state,) = call.state.values()
    if kind == "Parameter":
        number = state.init.number
        init = state.init if number is None and not state.tied else None
        return Tensor(kind, (Argument("shape", call.args["shape"], None),), "", number, init, call.path)
    named = (Argument(arg.name, call.args[arg.name], None) for arg in call.op.args)
    return Tensor(kind, (*named, Argument("dtype", state.dtype, None)))


_FOLLOWS = {("MultiheadAttention", "kdim"): "embed_dim", ("MultiheadAttention", "vdim"): "embed_dim"}
"""Arguments that are another one's value by themselves."""


_SPREAD = frozenset({"kernel_size", "stride", "padding", "output_padding", "dilation"})
"""Arguments of a convolution of which one number does for all dimensions."""


def _one_for_all(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value and len(set(value)) == 1 else value


def _of_call(call: Call) -> Tree | None:
    if not call.op.is_module:
        return None
    arguments = []
    leading = True
    for arg in call.op.args:
        if arg.in_call:
            continue
        value, default = call.args[arg.name], arg.default
        other = _FOLLOWS.get((call.op.name, arg.name))
        if other is not None and value == call.args[other]:
            value = default
        if takes_class(arg.type):
            value, default = _class(value), _class(default)
        if arg.name in _SPREAD and "Conv" in call.op.name:
            value, default = _one_for_all(value), _one_for_all(default)
        leading = leading and (arg.is_required or arg.inferred is not None)
        arguments.append(Argument(arg.name, value, default, required=leading))
    return Layer(call.op.target, tuple(arguments))


def _class(value: str | Partial | None) -> Code | None:
    """A layer's class, or what makes its instances with arguments of their own."""
    if value is None:
        return None
    name_of_kind = str(kind_of(value))
    kind = CATALOGUE[name_of_kind]
    own = "".join(
        f", {name}={argument!r}"
        for name, argument in own_arguments(value).items()
        if (arg := kind.arg(name)) is None or argument != arg.default
    )
    return Code(f"partial(nn.{name_of_kind}{own})" if own else f"nn.{name_of_kind}")
