"""torch's layers by their names, what is left out inferred from a running tensor."""

from __future__ import annotations

import inspect
import re
from typing import Any

import torch
from torch import Tensor, nn

from tests.fuzz.scope import Refused

FROM_CHANNELS = ("in_channels", "num_features", "num_channels")
FROM_LAST = ("in_features", "normalized_shape", "input_size", "d_model")
NOT_PRIMARY = ("in_channels", "in_features", "input_size", "d_model")
SHAPE_ONLY = ("Identity", "Flatten", "Unflatten", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle")
PADS = ("ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "CircularPad")
LEAST_DIMENSIONS = {
    "PixelShuffle": 4,
    "PixelUnshuffle": 4,
    "pixel_shuffle": 4,
    "pixel_unshuffle": 4,
    "Unfold": 4,
    "Fold": 3,
}


def as_tuples(value: Any) -> Any:
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def _layer_class(kind: str) -> type[nn.Module]:
    found = getattr(nn, kind, None)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise Refused(f"no kind `{kind}`")
    return found


def _parameters(kind: str) -> list[str]:
    found = inspect.signature(nn.RNNBase if kind in ("RNN", "GRU", "LSTM") else _layer_class(kind)).parameters
    return [*(name for name in found if name not in ("device", "dtype")), *["nonlinearity"] * (kind == "RNN")]


def primary_of(kind: str) -> str | None:
    parameters = [name for name in _parameters(kind) if name != "inplace"]
    if kind.startswith("Upsampl"):
        return None
    return next((name for name in parameters if name not in NOT_PRIMARY), None)


def check_layout(kind: str, given: Tensor) -> None:
    """Layers for images take the layout with a batch."""
    if kind.endswith("Cell") and given.dim() != 2:
        raise Refused(f"{kind} wants a batch of features")
    check_numbers(kind, given)
    found = re.search(r"(\d)d$", kind)
    if given.dim() < LEAST_DIMENSIONS.get(kind, 0):
        raise Refused(f"{kind} wants a batch")
    if found is None:
        return
    allowed = (2, 3) if kind == "BatchNorm1d" else (int(found.group(1)) + 2,)
    if given.dim() not in allowed:
        raise Refused(f"{kind} wants {allowed} dimensions")


def check_numbers(kind: str, given: Tensor) -> None:
    """Only what moves elements takes integers, and of booleans no mirror image."""
    if given.dtype == torch.bool and kind.startswith(("ReflectionPad", "ReplicationPad")):
        raise Refused(f"{kind} is for numbers")
    if kind not in SHAPE_ONLY and not kind.startswith(PADS) and not given.is_floating_point():
        raise Refused(f"{kind} computes with real numbers")


_OUT_OF_ORDER = ("LocalResponseNorm", "PixelShuffle", "PixelUnshuffle", "pixel_shuffle", "pixel_unshuffle")


def ordered(kind: str, given: Tensor) -> Tensor:
    """The input; in order in memory for layers of which torch fails otherwise."""
    return given.contiguous() if kind in _OUT_OF_ORDER and given.dim() > 4 else given


PORTS = {"LSTMCell": ["h", "c"], "RNN": ["output", "h"], "GRU": ["output", "h"], "LSTM": ["output", "h", "c"]}


def flattened(result: Any) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else [each for item in result for each in flattened(item)]


def check_written(arguments: dict[str, Any], given: Tensor) -> None:
    """A written number of channels is the input's, in every call."""
    for name in FROM_CHANNELS:
        if name in arguments and arguments[name] != given.shape[1]:
            raise Refused(f"`{name}` contradicts the input")


def tie(module: nn.Module, tied: dict[str, nn.Parameter]) -> None:
    """Make each parameter that is named the one that it is tied to."""
    for own, found in tied.items():
        mine = dict(module.named_parameters()).get(own)
        if mine is None or mine.shape != found.shape:
            raise Refused(f"no parameter `{own}` of that shape")
        setattr(module, own, found)


def make_layer(kind: str, arguments: dict[str, Any], given: Tensor) -> nn.Module:
    """torch's layer, what is left out inferred from its input."""
    made = _layer_class(kind)
    parameters = _parameters(kind)
    filled = {name: as_tuples(value) for name, value in arguments.items()}
    if unknown := set(filled) - set(parameters):
        raise Refused(f"{kind} has no {unknown}")
    for name in parameters:
        if name in FROM_CHANNELS:
            filled.setdefault(name, given.shape[1])
        elif name in FROM_LAST:
            filled.setdefault(name, given.shape[-1])
    if "batch_first" in parameters and (given.dim() != 3 or not filled.get("batch_first")):
        raise Refused("the batch stands where `batch_first` says")
    if kind.startswith("ConstantPad") and not given.is_floating_point() and filled.get("value", 0) % 1:
        raise Refused("what is filled into a tensor is of its type")
    return made(**filled)


def projection(given: Tensor, wanted: Tensor) -> list[Any]:
    """A 1×1 convolution with the stride that fits, and a norm. The file does not write them, so its `defaults` are not
    theirs."""
    norm = {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True}
    count = given.dim() - 2
    if given.dim() != wanted.dim() or not 0 <= count <= 3:
        raise Refused("no projection fits")
    out = wanted.shape[1]
    if count == 0:
        return [{"Linear": {"out_features": out, "bias": False}}, {"BatchNorm1d": norm}]
    strides = []
    for size, target in zip(given.shape[2:], wanted.shape[2:], strict=True):
        fitting = [step for step in range(1, size + 1) if len(range(0, size, step)) == target]
        if not fitting:
            raise Refused("no projection fits")
        strides.append(fitting[0])
    conv = {"out_channels": out, "kernel_size": 1, "stride": strides, "padding": 0, "dilation": 1, "groups": 1}
    return [{f"Conv{count}d": {**conv, "bias": False, "padding_mode": "zeros"}}, {f"BatchNorm{count}d": norm}]
