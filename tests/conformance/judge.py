"""The judge: what torch's own layers and functions make of a call, on the CPU, with real data."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pydoc import locate
from typing import Any

import einops
import torch
import torch.nn.functional as F

from archspec.ops.apply import Applied
from archspec.ops.code import BATCH, call_arguments, expression
from archspec.ops.entry import REQUIRED, Arg, Args, Op
from archspec.ops.faults import BadValue
from archspec.ops.layer_class import Partial, kind_of, own_arguments, takes_class
from archspec.tensors import Batch, Shape, TensorType

BATCHES = (2, 3)


@dataclass(frozen=True)
class Run:
    """The outputs' shapes and element types of one forward."""

    batch: int
    outputs: tuple[tuple[tuple[int, ...], str], ...]


@dataclass(frozen=True)
class Verdict:
    """What torch made of a call."""

    runs: tuple[Run, ...]
    state: dict[str, tuple[tuple[int, ...], str, bool]]


def dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def concrete(shape: Shape, batch: int) -> tuple[int, ...]:
    """The shape with the batch size put in."""
    return tuple(dim.multiple * batch if isinstance(dim, Batch) else dim for dim in shape)


def data(given: TensorType, batch: int, highest_index: int) -> torch.Tensor:
    """Random finite values; indices stay within the output."""
    shape = concrete(given.shape, batch)
    if given.dtype == "bool":
        return torch.rand(shape) > 0.5
    if given.is_floating:
        return torch.randn(shape, dtype=getattr(torch, given.dtype))
    return torch.randint(0, highest_index + 1, shape, dtype=getattr(torch, given.dtype))


def arguments_for_torch(op: Op, written: Mapping[str, Any], inputs: tuple[TensorType, ...]) -> dict[str, Any]:
    """What was written, and what only torch's callers have to spell out."""
    filled = dict(written)
    for arg in op.args:
        if arg.inferred and arg.name not in filled:
            found = arg.inferred.value(inputs)
            filled[arg.name] = BATCHES[0] * found.multiple if isinstance(found, Batch) else found
    return filled


def caller(op: Op, arguments: Mapping[str, Any]) -> Any:
    """A module of torch's class, or a function from tensors to what the generated code gives."""
    if op.is_module:
        unknown = set() if isinstance(arguments, Args) else set(arguments) - set(op.by_name)
        made = unknown | {arg.name for arg in op.args if not arg.in_call}
        given = {name: value for name, value in arguments.items() if name in made}
        module = locate(op.target)(**{name: _class_or(op.arg(name), value) for name, value in given.items()})
        return module if op.call is None else Called(op, module, arguments)
    if op.code is None and not isinstance(arguments, Args):
        return lambda *tensors: locate(op.target)(*tensors, **arguments)
    named = {arg.name: _normal(arg, arguments.get(arg.name, arg.default)) for arg in op.args}
    solved = dict(arguments) if isinstance(arguments, Args) else {}
    args = Args(solved | named | _free(op, arguments))
    if REQUIRED in args.values():
        raise TypeError("a required argument is missing")
    return generated(op, args)


@dataclass(frozen=True)
class Called:
    """A layer, called as a generated forward would call it."""

    op: Op
    module: torch.nn.Module
    arguments: Mapping[str, Any]

    def __call__(self, *tensors: torch.Tensor) -> Any:
        named = getattr(self.arguments, "named", {})
        args = Args({**{arg.name: arg.default for arg in self.op.args}, **self.arguments}, named=named)
        names = tuple("abcdef")[: len(tensors)]
        scope = {"torch": torch, "nn": torch.nn, "module": self.module}
        for source in self.op.helpers.values():
            exec(source, scope)
        return eval(
            f"module({call_arguments(self.op, args, names)}){self.op.result}",
            scope,
            dict(zip(names, tensors, strict=True)),
        )


def _class_or(arg: Arg | None, value: Any) -> Any:
    if arg is None or not takes_class(arg.type) or not isinstance(value, (str, dict, Partial)):
        return value
    if isinstance(value, dict):
        ((kind, own),) = value.items()
    else:
        kind, own = kind_of(value), own_arguments(value)
    return functools.partial(getattr(torch.nn, kind), **own)


def _normal(arg: Arg, value: Any) -> Any:
    try:
        return arg.type.accept(value)
    except BadValue:
        return value


def _free(op: Op, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes that the user has named."""
    return {name: value for name, value in arguments.items() if op.free is not None and name not in op.by_name}


def generated(op: Op, args: Args) -> Any:
    """The function that a generated forward would hold."""
    scope: dict[str, Any] = {"torch": torch, "F": F, "einops": einops, "self": torch.nn.Identity()}
    for source in op.helpers.values():
        exec(source, scope)
    names = tuple("abcdef")

    def run(*tensors: torch.Tensor) -> Any:
        source = expression(op, args, names[: len(tensors)]).replace(BATCH, "batch")
        return eval(source, scope, dict(zip(names, tensors, strict=False)))

    run.scope = scope  # type: ignore[attr-defined]  # where whoever runs it says the batch size
    return run


def _forward(call: Any, inputs: tuple[TensorType, ...], batch: int, highest_index: int, *, train: bool) -> Run:
    tensors = [data(given, batch, highest_index) for given in inputs]
    getattr(call, "scope", {})["batch"] = batch
    module = getattr(call, "module", call)
    if isinstance(module, torch.nn.Module):
        module.train(train)
    if train:  # a copy of a leaf that wants a gradient: what an inner layer sees, in-place writes allowed
        tensors = [x.requires_grad_().clone() if x.is_floating_point() else x for x in tensors]
    with torch.set_grad_enabled(train):
        found = call(*tensors)
    return Run(batch, tuple((tuple(x.shape), dtype_name(x)) for x in flat(found)))


def flat(found: Any) -> list[torch.Tensor]:
    """The tensors of nested results, in order; None is what was not asked for."""
    if isinstance(found, torch.Tensor):
        return [found]
    return [tensor for item in found or () for tensor in flat(item)]


def judge(op: Op, call: Any, inputs: tuple[TensorType, ...], highest_index: int = 0) -> Verdict:
    """Every forward, training and evaluating. Raises whatever torch raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = {}
        module = getattr(call, "module", call)
        if isinstance(module, torch.nn.Module):
            buffers = dict(module.named_buffers())
            state = {
                name: (tuple(tensor.shape), dtype_name(tensor), name in buffers)
                for name, tensor in module.state_dict().items()
            }
        runs = [_forward(call, inputs, n, highest_index, train=train) for train in (True, False) for n in BATCHES]
    return Verdict(tuple(runs), state)


def promised(applied: Applied) -> Verdict:
    """What our rules say that the judge will find."""
    runs = tuple(
        Run(batch, tuple((concrete(output.shape, batch), output.dtype) for output in applied.outputs))
        for _ in (True, False)
        for batch in BATCHES
    )
    return Verdict(runs, {name: (each.shape, each.dtype, each.is_buffer) for name, each in applied.state.items()})
