"""`given`: data that a caller hands over in Python, as data sets of torch or as arrays, in two parts or in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset

from archspec.errors import Diagnostic, SpecError, clip
from archspec.train.data.batch import TARGET
from archspec.train.data.images import ImageData
from archspec.train.data.labels import class_names, labels_of
from archspec.train.data.own import from_datasets
from archspec.train.data.request import Request
from archspec.train.data.split import stratified
from archspec.train.data.tensors import Assigned, as_target, check_counts, from_arrays

NAME = "given"
"""What a recipe calls such data."""
_KEYS = {"train", "eval", "classes", "workers"}
_FORMS = "give `(train, eval)`: two data sets of torch, or two pairs `(inputs, targets)` of arrays"


@dataclass(frozen=True, slots=True)
class Arrays:
    """Attributes:
    inputs: [n, …] each, by name or in the order in which the model takes them.
    targets: [n, …] each, by name.
    """

    inputs: Mapping[str, Tensor] | tuple[Tensor, ...]
    targets: Mapping[str, Tensor]


Part: TypeAlias = Arrays | Any
"""Arrays, or a map-style data set."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Attributes:
    train: what is learnt from.
    eval: what is measured on; None for a part of `train`.
    classes: their names or number; None for what the data tells.
    workers: processes that load data sets; None for as many as seem useful.
    """

    train: Part
    eval: Part | None = None
    classes: Sequence[str] | int | None = None
    workers: int | None = None

    @property
    def name(self) -> str:
        """What it is called where people read it."""
        return "tensors" if isinstance(self.train, Arrays) else type(self.train).__name__

    def first_inputs(self) -> Mapping[str, Any] | tuple[Any, ...]:
        """The inputs of the first sample, by name or in order.

        Raises:
            SpecError: AS553, there is no first sample.
        """
        if isinstance(self.train, Arrays):
            inputs = self.train.inputs
            return {k: v[0] for k, v in inputs.items()} if isinstance(inputs, Mapping) else tuple(v[0] for v in inputs)
        try:
            given = self.train[0][0]
        except Exception as error:  # it is the caller's code
            said = clip(" ".join(str(error).split()), 200) or type(error).__name__
            message = f"the first sample of `{self.name}` is no pair of an input and its target: {said}"
            help = "its `__getitem__` has to return `(input, target)`, as torchvision's data sets do"
            raise _fault(message, help) from None
        return given if isinstance(given, Mapping) else tuple(given) if isinstance(given, (tuple, list)) else (given,)


def handed_over(data: Any) -> HandedOver:
    """What a caller means by `data`.

    Args:
        data: a map-style `Dataset`, or a pair `(inputs, targets)` of arrays; two of these, to learn from and to measure
            on; or a mapping with `train`, and perhaps `eval`, `classes` and `workers`.

    Raises:
        SpecError: AS553, it is nothing of these.
    """
    if isinstance(data, HandedOver):
        return data
    if isinstance(data, Mapping) and "train" in data and set(data) <= _KEYS:
        return _checked(HandedOver(**{**data, "train": _part(data["train"]), "eval": _part(data.get("eval"))}))
    if isinstance(data, (tuple, list)) and len(data) == 2 and not _is_pair(data):
        return _checked(HandedOver(_part(data[0]), _part(data[1])))
    return _checked(HandedOver(_part(data)))


def load(request: Request) -> ImageData:
    """Where a recipe asks for such data, and nobody hands it over.

    Raises:
        SpecError: AS554.
    """
    message = f"the data `{NAME}` is handed over in Python, and here is none"
    help = "`archspec.train(…, data=(train, eval))`, or name another data set: `--set train.data=digits`"
    raise SpecError([Diagnostic("AS554", message, request.recipe.data.span, help=help)])


def load_handed(request: Request, data: HandedOver) -> ImageData:
    """The data as the loop takes it.

    Raises:
        SpecError: AS552, AS553, it is not what the model takes, or does not go together.
    """
    request = replace(request, called=data.name)
    if isinstance(data.train, Arrays):
        parts = {"train": data.train, "eval": data.eval}
        files = {name: _assigned(request, name, part) for name, part in parts.items() if part is not None}
        return from_arrays(request, files, data.classes)
    train, evaluation, classes = data.train, data.eval, data.classes
    if evaluation is None:
        classes = classes or class_names(train) or None
        train, evaluation = _divided(request, train)
    return from_datasets(request, train, evaluation, classes, data.workers)


def _part(given: Any) -> Part:
    """One part in one form: arrays, which a `TensorDataset` is too, or a data set."""
    if given is None or isinstance(given, Arrays):
        return given
    if isinstance(given, TensorDataset) and len(given.tensors) > 1:
        return Arrays(given.tensors[:-1], {TARGET: as_target(given.tensors[-1])})
    if _is_pair(given):
        inputs, targets = given
        return Arrays(_inputs(inputs), _targets(targets))
    if isinstance(given, DataLoader):
        raise _fault("a `DataLoader` makes batches of its own", "give its data set, `loader.dataset`, and `batch_size`")
    if isinstance(given, IterableDataset):
        message = f"`{type(given).__name__}` is an `IterableDataset`: its samples have no numbers"
        raise _fault(message, "give a map-style data set, with `__len__` and `__getitem__`")
    if hasattr(given, "__getitem__") and hasattr(given, "__len__") and not isinstance(given, (str, tuple, list, dict)):
        return given
    raise _fault(f"`{type(given).__name__}` is no data that can be learnt from", _FORMS)


def _is_array(given: Any) -> bool:
    return isinstance(given, (Tensor, np.ndarray))


def _is_pair(given: Any) -> bool:
    """Whether it is `(inputs, targets)`, and not two parts."""
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        return False
    inputs, targets = given
    several = inputs.values() if isinstance(inputs, Mapping) else inputs if isinstance(inputs, tuple) else (inputs,)
    named = targets.values() if isinstance(targets, Mapping) else (targets,)
    return all(map(_is_array, several)) and all(each is None or _is_array(each) for each in named)


def _tensor(array: Any) -> Tensor:
    return array.detach() if isinstance(array, Tensor) else torch.from_numpy(np.ascontiguousarray(array))


def _inputs(given: Any) -> Mapping[str, Tensor] | tuple[Tensor, ...]:
    if isinstance(given, Mapping):
        return {str(name): _tensor(each) for name, each in given.items()}
    return tuple(map(_tensor, given if isinstance(given, tuple) else (given,)))


def _targets(given: Any) -> Mapping[str, Tensor]:
    named = given if isinstance(given, Mapping) else {TARGET: given}
    return {str(name): as_target(_tensor(each).cpu()) for name, each in named.items() if each is not None}


def _checked(data: HandedOver) -> HandedOver:
    parts = [part for part in (data.train, data.eval) if part is not None]
    if len({isinstance(part, Arrays) for part in parts}) > 1:
        raise _fault("what is learnt from and what is measured on are an array and a data set", _FORMS)
    for name, part in (("train", data.train), ("eval", data.eval)):
        if isinstance(part, Arrays):
            check_counts({**_named(part.inputs), **part.targets}, f"`{name}`", None)
    return data


def _named(inputs: Mapping[str, Tensor] | tuple[Tensor, ...]) -> Mapping[str, Tensor]:
    if isinstance(inputs, Mapping):
        return inputs
    return {f"input {place}": each for place, each in enumerate(inputs, 1)}


def _assigned(request: Request, phase: str, arrays: Arrays) -> Assigned:
    """The arrays under the names of the model's inputs, which `from_arrays` compares with these."""
    names, inputs = tuple(request.input_types), arrays.inputs
    if not isinstance(inputs, Mapping):
        inputs = dict(zip(names, inputs, strict=False)) if len(inputs) == len(names) else {}
    if set(inputs) != set(names):
        listed = ", ".join(f"`{clip(name)}`" for name in names)
        message = f"`{phase}` has other inputs than the model, which takes {listed}"
        raise _fault(message, "give a tuple of them in this order, or a dict by these names", code="AS552")
    return {name: inputs[name].cpu() for name in names}, dict(arrays.targets)


def _divided(request: Request, dataset: Any) -> tuple[Any, Any]:
    """Two parts of one data set, chosen by class where its labels are known."""
    labels = labels_of(dataset)
    parts = stratified(labels or [0] * len(dataset), request.argument("eval_fraction"), request.argument("seed"))
    if not parts[1]:
        raise _fault(f"`{request.name}` has too few samples to measure on some of them", _FORMS)
    train, evaluation = (Subset(dataset, part) for part in parts)
    if labels is not None:
        for subset in (train, evaluation):
            subset.targets = [labels[index] for index in subset.indices]  # type: ignore[attr-defined]
    return train, evaluation


def _fault(message: str, help: str, *, code: str = "AS553") -> SpecError:
    return SpecError([Diagnostic(code, message, help=help)])
