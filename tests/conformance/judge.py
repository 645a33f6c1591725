"""The judge: what torch's own layers and functions make of a call, on the CPU, with real data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pydoc import locate
from typing import Any

import torch
import torch.nn.functional as F

from archspec.ops.apply import Applied
from archspec.ops.code import expression
from archspec.ops.entry import REQUIRED, Args, Op
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
        return locate(op.target)(**arguments)
    if op.code is None and not isinstance(arguments, Args):
        return lambda *tensors: locate(op.target)(*tensors, **arguments)
    args = Args({arg.name: arguments.get(arg.name, arg.default) for arg in op.args})
    if REQUIRED in args.values():
        raise TypeError("a required argument is missing")
    return generated(op, args)


def generated(op: Op, args: Args) -> Any:
    """The function that a generated forward would hold."""
    scope: dict[str, Any] = {"torch": torch, "F": F}
    for source in op.helpers.values():
        exec(source, scope)
    names = ("a", "b", "c")

    def run(*tensors: torch.Tensor) -> Any:
        source = expression(op, args, names[: len(tensors)])
        return eval(source, scope, dict(zip(names, tensors, strict=False)))

    return run


def _forward(call: Any, inputs: tuple[TensorType, ...], batch: int, highest_index: int, *, train: bool) -> Run:
    tensors = [data(given, batch, highest_index) for given in inputs]
    if isinstance(call, torch.nn.Module):
        call.train(train)
    if train:  # a copy of a leaf that wants a gradient: what an inner layer sees, in-place writes allowed
        tensors = [x.requires_grad_().clone() if x.is_floating_point() else x for x in tensors]
    with torch.set_grad_enabled(train):
        found = call(*tensors)
    outputs = found if isinstance(found, tuple) else (found,)
    return Run(batch, tuple((tuple(x.shape), dtype_name(x)) for x in outputs))


def judge(op: Op, call: Any, inputs: tuple[TensorType, ...], highest_index: int = 0) -> Verdict:
    """Every forward, training and evaluating. Raises whatever torch raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = {}
        if isinstance(call, torch.nn.Module):
            buffers = dict(call.named_buffers())
            state = {
                name: (tuple(tensor.shape), dtype_name(tensor), name in buffers)
                for name, tensor in call.state_dict().items()
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
