"""Data sets of a caller's own: two map-style `Dataset`s of torch, which give pairs of an input and its target."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from archspec.errors import Diagnostic, SpecError, clip
from archspec.spec.recipe import LOSS_TARGETS
from archspec.tensors import TensorType
from archspec.train.data.images import ImageData, Preparation, Task
from archspec.train.data.items import Items, as_several
from archspec.train.data.labels import class_names, labels_of
from archspec.train.data.loaded import Loaded
from archspec.train.data.probabilities import meaning_of, of_yes
from archspec.train.data.reading import Classes, as_target, left_out, without
from archspec.train.data.request import Request
from archspec.train.data.statistics import usual_statistics
from archspec.train.targets import IGNORED

_OF_CLASSES = ("index", "one_hot", "sign", "several")
_BYTES = (torch.uint8, np.uint8)


@dataclass(frozen=True, slots=True)
class Given:
    """Inputs that go into the model as they are.

    Attributes:
        dataset: the caller's.
        name: what the recipe calls it.
        inputs: the model's, by the names by which a mapping gives them.
        read: what makes a tensor of its targets.
        labels: of all its samples, where they are known.
    """

    dataset: Any
    name: str
    inputs: Mapping[str, TensorType]
    read: Callable[[Any], Tensor]
    labels: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.dataset)

    def load(self, index: int) -> tuple[Any, Tensor]:
        given, target = self.dataset[index]
        if isinstance(given, Mapping):
            given = tuple(given[name] for name in self.inputs)
        several = given if isinstance(given, (tuple, list)) else (given,)
        if len(several) != len(self.inputs):
            raise ValueError(f"it has {len(several)} inputs, and the model takes {len(self.inputs)}")
        types = (getattr(torch, each.dtype) for each in self.inputs.values())
        return tuple(torch.as_tensor(each, dtype=dtype) for each, dtype in zip(several, types, strict=True)), self.read(
            target
        )

    def name_of(self, index: int) -> str:
        return f"sample {index} of `{self.name}`"

    def listed(self) -> object:
        return [self.name, len(self.dataset), hashlib.sha256(repr(self.labels).encode()).hexdigest()]


def from_datasets(
    request: Request,
    train: Any,
    evaluation: Any,
    classes: Sequence[str] | int | None = None,
    workers: int | None = None,
) -> ImageData:
    """Two data sets as one that can be trained on.

    PIL images, and images in bytes, are treated as those of a file: transforms, size, channels, normalisation. All else
    goes into the model as it is.

    Args:
        request: the recipe, and the model's inputs.
        train: what is learnt from; `train[i]` is a pair of an input (or a tuple or mapping of several) and its target:
            a class, classes, numbers, or an image of classes.
        evaluation: what is measured on.
        classes: their names or number; by default `train.classes`, or as many as its labels tell.
        workers: processes that load; None for as many as seem useful.

    Raises:
        SpecError: AS552, the model does not take such inputs; AS553, they are no such pairs, or nothing tells how many
            classes there are.
    """
    for phase, dataset in (("learn from", train), ("measure on", evaluation)):
        if not len(dataset):
            message = f"`{request.name}` has no samples to {phase}"
            raise SpecError([Diagnostic("AS553", message, request.recipe.data.span, help="give it at least one")])
    given, target = _first(request, train)
    is_image = isinstance(given, Image.Image) or (getattr(given, "dtype", None) in _BYTES and np.ndim(given) == 3)
    shape = request.image_shape(channels=(1, 3)) if is_image else None
    task, names, read = _meaning(request, target, train, classes)
    phases = {}
    for phase, dataset in (("train", train), ("eval", evaluation)):
        preparation: Preparation | None = None
        source: Any = Given(dataset, request.name, request.input_types, read, labels_of(dataset))
        if shape is not None:
            source = Items(dataset, request.name, shape.channels, read=read, labels=labels_of(dataset))
            preparation = request.preparation(phase, shape, *usual_statistics(shape))
        phases[phase] = Loaded(source, preparation, workers)
    unlabelled = bool(names) and bool((without(target, left_out(request.recipe)) == IGNORED).any())
    return ImageData(request.name, task, names, phases["train"], phases["eval"], phases["eval"].preparation, unlabelled)


def _meaning(
    request: Request, target: Tensor, train: Any, classes: Sequence[str] | int | None
) -> tuple[Task, tuple[str, ...], Callable[[Any], Tensor]]:
    """The task of such a target, its classes, and what reads it."""
    _, main = request.recipe.output_losses[0]
    if LOSS_TARGETS.get(main.loss.name) not in _OF_CLASSES or main.target in request.input_types:
        return "none", (), as_target
    told = classes if classes is not None else class_names(train) or None
    found = meaning_of(request, target.unsqueeze(0), told)
    if found is not None:
        return (*found, as_several)
    if target.is_floating_point():
        return "regression", (), as_target
    names = of_yes(request, _names(request, train, classes, target.ndim))
    tasks: dict[int, Task] = {0: "classification", 1: "sequence", 2: "segmentation"}
    return tasks.get(target.ndim, "sequence"), names, Classes.of(request.recipe, len(names))


def _first(request: Request, dataset: Any) -> tuple[Any, Tensor]:
    try:
        given, target = dataset[0]
        return given, as_target(target)
    except Exception as error:  # it is the caller's code
        said = clip(" ".join(str(error).split()), 200) or type(error).__name__
        message = f"the first sample of `{request.name}` is no pair of an input and its target: {said}"
        help = "its `__getitem__` has to return `(input, target)`, as torchvision's data sets do"
        raise SpecError([Diagnostic("AS553", message, request.recipe.data.span, help=help)]) from None


def _names(request: Request, dataset: Any, classes: Sequence[str] | int | None, places: int) -> tuple[str, ...]:
    """Of the classes, as given, as the data set tells, or as many as the model tells apart in each of its places."""
    if isinstance(classes, int):
        return tuple(map(str, range(classes)))
    names = tuple(map(str, classes)) if classes is not None else class_names(dataset)
    labels = None if names else labels_of(dataset)
    if labels:
        return tuple(map(str, range(max(labels) + 1)))
    if not names and request.output is not None and places in (0, 2) and request.output.rank == places + 2:
        told = request.output.shape[1]
        return tuple(map(str, range(max(told, 2)))) if isinstance(told, int) else ()
    if not names:
        message = f"nothing tells how many classes `{request.name}` has"
        help = "give the data set an attribute `classes`, a list of their names"
        raise SpecError([Diagnostic("AS553", message, request.recipe.data.span, help=help)])
    return names
