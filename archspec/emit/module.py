"""The graph into an `nn.Module`: every layer made once, without its default initialisation, then initialised once."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archspec.emit.compiled import classes, program, torch_class
from archspec.emit.copies import Copies
from archspec.emit.initialize import derived_seed, fill, initialize
from archspec.graph.nodes import Absent, Call, Graph, Node, Scope
from archspec.ops.layer_class import kind_of, own_arguments, takes_class


def build_module(
    graph: Graph,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    seed: int = 0,
    initial: bool = True,
) -> nn.Module:
    """The compiled module of a graph.

    Args:
        graph: a checked graph.
        device: where its tensors are made; torch's default device if None.
        dtype: the type of its floating-point tensors; torch's default if None.
        seed: of the initial weights. A parameter's values depend on the seed and its name alone.
        initial: whether to initialise; without, parameters hold whatever was in memory, for a checkpoint to fill.
    """
    where = torch.device(device) if device is not None else torch.get_default_device()
    builder = Builder(graph, where, dtype, seed)
    module = builder.scope(graph.root)
    tie(graph, module)
    if initial and builder.device.type != "meta":
        initialize(graph, module, seed)
    for name in graph.frozen.parameters:
        module.get_parameter(name).requires_grad_(False)
    return module.train() if graph.frozen.statistics else module


def tie(graph: Graph, module: nn.Module) -> None:
    """Make each tied parameter the one that it is said to be."""
    for call in graph.calls():
        for name, state in call.tensors:
            if state.tied:
                owner, _, attribute = name.rpartition(".")
                setattr(module.get_submodule(owner), attribute, module.get_parameter(state.tied))


class Builder:
    """Makes the modules of a graph's scopes and calls, uninitialised.

    Args:
        graph: the model.
        device: where tensors are made.
        dtype: of its floating-point tensors; torch's default if None.
        seed: for what fills itself, buffers and registered layers.
    """

    def __init__(self, graph: Graph, device: torch.device, dtype: torch.dtype | None, seed: int) -> None:
        self.device = device
        self._seed = seed
        self._dtype = dtype
        self._copies = Copies()
        self._program = program(graph)
        self._classes = classes(graph)

    def scope(self, scope: Scope) -> nn.Module:
        """A scope's module with its children, in the order of the spec."""
        if scope.is_container:
            return self._container(scope)
        name = self._program.classes.get(scope.id)
        made = self._copies.empty(nn.Sequential if name is None else getattr(self._classes, name))
        optional = self._program.optional.get(scope.block or "", frozenset())
        for node in scope.registered:
            if isinstance(node, Absent) and node.name in optional:
                setattr(made, node.name, None)
            elif isinstance(node, Call) and node.op.bare:
                self._bare(made, node)
        made._modules.update(self._children(scope.registered))  # of names that have been checked: not once more
        return made

    def _bare(self, owner: nn.Module, call: Call) -> None:
        """A parameter, to be filled with the others, or a buffer with what it holds at first."""
        (state,) = call.state.values()
        dtype = self._dtype if state.dtype == "float32" else getattr(torch, state.dtype)
        tensor = torch.empty(state.shape, device=self.device, dtype=dtype)
        if not state.is_buffer:
            owner.register_parameter(call.name, nn.Parameter(tensor))
            return
        if self.device.type != "meta":
            with torch.no_grad():
                if call.value is not None:
                    with self.device:
                        tensor.copy_(getattr(self._classes, self._program.values[call.id])())
                elif call.args["values"] is None:
                    fill(tensor, state.init, self._seed, call.path)
                else:
                    tensor.copy_(torch.tensor(call.args["values"]))
        owner.register_buffer(call.name, tensor, persistent=call.args.persistent)

    def _container(self, scope: Scope) -> nn.Module:
        """The elements of a repeat or of branches; where a numbered branch is a function alone, its place is kept."""
        children = dict(self._children(scope.body))
        if scope.keyed:
            return nn.ModuleDict(children)
        if scope.kind == "copies":
            return nn.ModuleList(children.values())
        places = range(1 + max(map(int, children), default=-1))
        return nn.ModuleList(children.get(str(place), nn.Identity()) for place in places)

    def _children(self, nodes: Iterable[Node]) -> Iterator[tuple[str, nn.Module]]:
        for node in nodes:
            if isinstance(node, Absent) or node.module:
                continue
            if isinstance(node, Scope):
                made = self.scope(node)
                if not node.is_container or made._modules:  # functions alone need no container
                    yield node.name, made
            elif node.op.is_module:
                yield node.name, self.layer(node)

    def layer(self, call: Call) -> nn.Module:
        """The module of one call: an instance of torch's own class, whose `reset_parameters` has not run."""
        if call.op.layer is not None:
            return self._registered(call)
        arguments = {
            arg.name: value for arg in call.op.args if not arg.in_call and (value := call.args[arg.name]) != arg.default
        }
        return self._copies.make(call, arguments, functools.partial(self._constructed, call, arguments))

    def _constructed(self, call: Call, arguments: dict[str, Any]) -> nn.Module:
        kind = torch_class(call.op.target)
        if not call.op.target.startswith("torch."):
            return self._composed(call, kind, dict(arguments))
        if any("." in name for name in call.state):  # layers inside it, which meta keeps from being initialised
            return kind(**arguments, device="meta", dtype=self._dtype).to_empty(device=self.device)
        layer = kind.__new__(kind)
        layer.__dict__["reset_parameters"] = _do_nothing  # hides the method from the constructor
        where = {"device": self.device, "dtype": self._dtype} if call.state else {}
        layer.__init__(**arguments, **where)  # type: ignore[misc]
        del layer.__dict__["reset_parameters"]
        return layer

    def _composed(self, call: Call, kind: type[nn.Module], arguments: dict[str, Any]) -> nn.Module:
        """A layer that takes no device, and classes where a spec has kinds. Its buffers are right as they are."""
        for arg in call.op.args:
            value = arguments.get(arg.name) if takes_class(arg.type) else None
            if value is not None:
                made = torch_class(f"torch.nn.{kind_of(value)}")
                own = own_arguments(value)
                arguments[arg.name] = functools.partial(made, **own) if own else made
        with self.device, _Unfilled():
            return kind(**arguments).to(dtype=self._dtype)

    def _registered(self, call: Call) -> nn.Module:
        """A caller's own layer, which initialises itself: from a seed of its own, and without touching torch's."""
        with torch.random.fork_rng(), self.device:
            torch.manual_seed(derived_seed(self._seed, call.path))
            layer: nn.Module = call.op.layer(**call.args)
        return layer.to(self.device, self._dtype).train()


def _do_nothing() -> None:
    pass


class _Unfilled(TorchFunctionMode):
    """Leaves parameters with whatever was in memory; buffers are filled as ever."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        tensor = args[0] if args else given.get("tensor")
        if isinstance(tensor, nn.Parameter) and getattr(func, "__name__", "") in _FILLS:
            return tensor
        return func(*args, **given)


_FILLS = frozenset({"uniform_", "normal_", "fill_", "zero_", "kaiming_uniform_", "kaiming_normal_", "constant_"})
