"""The same signatures as `archspec.ops.signatures` has in its file, read from the installed torch and torchvision."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import numbers
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import metadata
from typing import Any

import torch
from torch import nn, optim
from torch.nn import init
from torch.optim import lr_scheduler

from archspec.ops.called import NO_DEFAULT, Argument, Signature
from archspec.ops.signatures import BESIDE_TORCH, Group, signatures

_SUPPLIED = frozenset({"self", "params", "optimizer", "tensor", "generator", "last_epoch", "device"})
_DEPRECATED = frozenset({"size_average", "reduce"})
_ORDER = ("bool", "int", "float", "str", "list", "dict", "null", "tensor", "dtype", "named", "nameds", "callable")
_PLAIN: Mapping[Any, tuple[str, ...]] = {
    bool: ("bool",),
    int: ("int",),
    float: ("float", "int"),
    str: ("str",),
    dict: ("dict",),
    numbers.Number: ("float", "int"),
    type(None): ("null",),
    torch.Tensor: ("tensor",),
    torch.dtype: ("dtype",),
}
_LISTS = (list, tuple, collections.abc.Sequence, collections.abc.Iterable)
_REDUCTIONS = ("mean", "sum")
_LONGEST_DOC = 200


class Mean(nn.Module):
    """The mean of an output, which is a loss itself."""

    reduction = "mean"

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return input.mean()


_BESIDE_TORCH: Mapping[tuple[Group, str], Any] = {("losses", "mean"): Mean}


def versions() -> dict[str, str]:
    """The installed versions without their build tags: `{"torch": "2.15.0", "torchvision": "0.29.2"}`."""
    return {"torch": _release(torch.__version__), "torchvision": _release(metadata.version("torchvision"))}


def _release(version: str) -> str:
    return version.split("+")[0]


def find(group: Group, name: str) -> Any:
    """The installed class or function that a recipe's name means; None where there is none."""
    return _BESIDE_TORCH.get((group, name)) or dict(_callables(group)).get(name)


@cache
def installed_signatures(group: Group) -> Mapping[str, Signature]:
    """What `archspec.ops.signatures.signatures` gives, but from the installed packages."""
    if group in ("datasets", "metrics"):
        return signatures(group)
    return _Signatures(group)


class _Signatures(Mapping[str, Signature]):
    """Of a group, each read when it is asked for: a recipe names a few of many."""

    def __init__(self, group: Group) -> None:
        self._group, self._things = group, dict(_callables(group))
        self._read = {each.name: each for each in BESIDE_TORCH.get(group, ())}

    def __getitem__(self, name: str) -> Signature:
        if name not in self._read:
            self._read[name] = _signature(self._group, name, self._things[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._things, *self._read)))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _callables(group: Group) -> Iterator[tuple[str, Any]]:
    if group == "inits":
        names = (name for name in dir(init) if name.endswith("_") and not name.startswith("_"))
        return ((name.removesuffix("_"), getattr(init, name)) for name in names)
    if group == "optimizers":
        return _classes(optim, lambda kind: issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer)
    if group == "schedulers":
        base = lr_scheduler.LRScheduler
        return _classes(lr_scheduler, lambda kind: issubclass(kind, base) and kind is not base)
    if group == "losses":
        return _classes(nn, lambda kind: issubclass(kind, nn.Module) and "Loss" in kind.__name__)
    from torchvision.transforms import v2  # late: it loads slowly

    return _classes(v2, lambda kind: issubclass(kind, nn.Module) and kind is not v2.Transform)


def _classes(module: types.ModuleType, wanted: Callable[[type], bool]) -> Iterator[tuple[str, type]]:
    for name in sorted(dir(module)):
        thing = getattr(module, name)
        if isinstance(thing, type) and not name.startswith("_") and wanted(thing):
            yield name, thing


def _signature(group: Group, name: str, thing: Any) -> Signature:
    hints = _hints(thing)
    arguments = tuple(
        _argument(group, thing, parameter, hints.get(parameter.name, parameter.annotation))
        for parameter in inspect.signature(thing).parameters.values()
        if parameter.name not in _SUPPLIED | _DEPRECATED
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and not (group == "losses" and parameter.name == "dtype")
    )
    inputs = tuple(inspect.signature(thing.forward).parameters)[1:] if group == "losses" else ()
    return Signature(name, _doc(name, thing), arguments, inputs)


def _hints(thing: Any) -> dict[str, Any]:
    """Evaluated annotations. The abstract collections are in scope, as torch imports some for type checkers only."""
    function = vars(thing)["__init__"] if isinstance(thing, type) and "__init__" in vars(thing) else thing
    try:
        return typing.get_type_hints(function, localns=dict(vars(collections.abc)))
    except NameError:
        return {}


def _argument(group: Group, owner: Any, parameter: inspect.Parameter, annotation: Any) -> Argument:
    required = parameter.default is inspect.Parameter.empty
    default = NO_DEFAULT if required else _plain(parameter.default)
    accepts, choices = _accepted(annotation)
    if parameter.name in ("transforms", "schedulers"):
        accepts = {"nameds"}
    elif not accepts and not required:
        accepts, choices = _accepted(type(parameter.default))
        if accepts == {"null"}:
            accepts = set()
    elif accepts and parameter.default is None:
        accepts |= {"null"}
    if "float" in accepts:
        accepts -= {"tensor"}
    if group == "losses" and parameter.name == "reduction":
        choices = _REDUCTIONS if owner is not nn.KLDivLoss else (*_REDUCTIONS, "batchmean")
    if parameter.name == "interpolation":
        from torchvision.transforms import InterpolationMode  # as above

        accepts, choices = {"str"}, tuple(mode.value for mode in InterpolationMode)
    ordered = tuple(word for word in _ORDER if word in accepts)
    return Argument(parameter.name, ordered, default, required, choices)


def _accepted(annotation: Any) -> tuple[set[str], tuple[str, ...]]:
    """The words for an annotation, and its choices; nothing for one that no data can meet or that says nothing."""
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return {"str"}, tuple(typing.get_args(annotation))
    if origin in (typing.Union, types.UnionType):
        parts = [_accepted(part) for part in typing.get_args(annotation)]
        if any(not words for words, _ in parts):
            return set(), ()
        words = set().union(*(words for words, _ in parts))
        return words, tuple(choice for _, choices in parts for choice in choices)
    kind = origin or annotation
    if kind is collections.abc.Callable:
        return {"callable"}, ()
    if kind in _LISTS:
        return {"list"}, ()
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"str"}, tuple(str(member.value) for member in kind)
    try:
        return set(_PLAIN.get(kind, ())), ()
    except TypeError:
        return set(), ()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        return NO_DEFAULT if NO_DEFAULT in items else items
    return NO_DEFAULT


def _doc(name: str, thing: Any) -> str:
    """The docstring's first sentence or paragraph as one line without its markup."""
    text = inspect.cleandoc(thing.__doc__ or f"{name}.")
    line = " ".join(text.split("\n\n")[0].split())
    line = re.sub(r":\w+(?::\w+)*:`~?([^`<]*?)(?: *<[^>]*>)?`", r"\1", line)
    line = re.sub(r"`+([^`<]*?)(?: *<[^>]*>)?`+_*", r"\1", line)
    line = re.sub(r"\s+([;.,])", r"\1", line)
    sentence = re.split(r"(?<=[a-z)])\. (?=[A-Z])", line)[0]
    if len(sentence) > _LONGEST_DOC:
        sentence = sentence[:_LONGEST_DOC].rsplit(" ", 1)[0] + " …"
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."
