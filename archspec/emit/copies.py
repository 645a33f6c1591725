"""Layers, uninitialised: one is constructed for each kind and its arguments, and others are copies of it."""

from __future__ import annotations

import types
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from archspec.graph.nodes import Call
from archspec.ops.entry import State


class Copies:
    """The layers of a model, of which those that are alike are copies of the first.

    A constructor spends its time on checks that the spec has passed and on attributes that many layers share: an
    ImageNet model has hundreds of layers, of some ten kinds with some twenty sets of arguments. What is inferred from
    an input, `in_channels` say, sets the attribute of that name and the shapes of tensors, and nothing else; layers
    that differ in this alone are made from one.
    """

    def __init__(self) -> None:
        self._models: dict[Any, _Model | None] = {}
        self._empty: dict[type[nn.Module], _Model] = {}

    def make(self, call: Call, arguments: Mapping[str, Any], construct: Callable[[], nn.Module]) -> nn.Module:
        """A layer for a call.

        Args:
            call: what is inferred of it, and the shapes of its tensors.
            arguments: of the constructor.
            construct: makes the layer, if there is none yet that is like it.
        """
        is_flat = call.op.target.startswith("torch.") and not any("." in name for name in call.state)
        inferred = {name: arguments[name] for name in call.op.inferred if name in arguments} if is_flat else {}
        state = call.state if is_flat else {}
        key = (
            call.op.target,
            *((name, type(value), value) for name, value in arguments.items() if name not in inferred),
        )
        if key in self._models:
            model = self._models[key]
            return construct() if model is None else model.copy(inferred, state)
        made = construct()
        is_one = _is_copied_safely(made, state) and _as_kept(inferred, vars(made)).items() <= vars(made).items()
        self._models[key] = _Model(made) if is_one else None
        return made

    def empty(self, kind: type[nn.Module]) -> nn.Module:
        """A module of a class that takes no arguments, with nothing in it."""
        model = self._empty.get(kind)
        if model is None:
            model = self._empty[kind] = _Model(kind())
        return model.copy({}, {})


class _Model:
    """A layer of which others are made: the same, with tensors, containers and inner layers of their own.

    Args:
        layer: as its constructor leaves it.
    """

    def __init__(self, layer: nn.Module) -> None:
        attributes = dict(vars(layer))
        self._kind = type(layer)
        self._attributes = attributes
        self._containers = [(name, value) for name, value in attributes.items() if type(value) in (list, set, dict)]
        self._hooks = [name for name, value in attributes.items() if type(value) is OrderedDict]
        self._parameters = [(name, held.data) for name, held in layer._parameters.items() if held is not None]
        self._buffers = [(name, held) for name, held in layer._buffers.items() if held is not None]
        self._inner = [(name, _Model(held)) for name, held in layer._modules.items() if held is not None]

    def copy(self, inferred: Mapping[str, Any], state: Mapping[str, State]) -> nn.Module:
        """Another layer, with other values of what is inferred, and shapes of tensors as `state` has them."""
        made = self._kind.__new__(self._kind)
        own = made.__dict__
        own.update(self._attributes)
        own.update(_as_kept(inferred, own))
        for name, value in self._containers:
            own[name] = value.copy()
        for name in self._hooks:
            own[name] = OrderedDict()
        parameters, buffers, modules = own["_parameters"], own["_buffers"], own["_modules"]
        for name, held in self._parameters:
            parameters[name] = nn.Parameter(held.new_empty(state[name].shape if state else held.shape))
        for name, held in self._buffers:
            buffers[name] = held.new_full(state[name].shape, state[name].init.number or 0) if state else held.clone()
        for name, model in self._inner:
            modules[name] = model.copy({}, {})
        return made


def _as_kept(inferred: Mapping[str, Any], attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is inferred as a layer's attributes have it: `LayerNorm(16)` keeps its shape as `(16,)`."""
    return {
        name: (value,) if type(attributes.get(name)) is tuple and type(value) is not tuple else value
        for name, value in inferred.items()
    }


def _is_copied_safely(layer: nn.Module, state: Mapping[str, State]) -> bool:
    """Whether no attribute of it, nor of a layer inside it, refers to a tensor or a layer, as in an LSTM."""
    for name, held in layer._buffers.items():
        if state and held is not None and state[name].init.number is None:
            return False
    others = (value for name, value in vars(layer).items() if name not in ("_parameters", "_buffers", "_modules"))
    inner = (held for held in layer._modules.values() if held is not None)
    return all(map(_is_plain, others)) and all(_is_copied_safely(held, {}) for held in inner)


def _is_plain(value: Any) -> bool:
    if type(value) in (list, set, tuple):
        return all(map(_is_plain, value))
    if type(value) in (dict, OrderedDict):  # of hooks
        return not value
    return value is None or isinstance(value, _PLAIN)


_PLAIN = (bool, int, float, str, torch.dtype, types.FunctionType, types.BuiltinFunctionType)
