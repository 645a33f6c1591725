"""The data sets of torchvision that load from local files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from archspec.errors import Diagnostic, SpecError, clip
from archspec.ops.signatures import signatures
from archspec.train.data.dense import IDENTITY, MASKS
from archspec.train.data.images import ImageData, ImageShape
from archspec.train.data.in_memory import InMemory
from archspec.train.data.items import Items, as_class, as_several
from archspec.train.data.labels import class_names, labels_of
from archspec.train.data.loaded import Loaded
from archspec.train.data.request import Request, square
from archspec.train.data.split import stratified
from archspec.train.data.statistics import channel_statistics, usual_statistics
from archspec.train.data.vision_sets import VISION_SETS, VisionSet

_READ = {"multilabel": as_several}
_OURS = frozenset({"root", "download", "workers", "eval_fraction", "seed", "eval_root", "eval_annFile"})


def load(request: Request) -> ImageData:
    """The data set, from files below `root`; downloaded only where the recipe says `download: true`.

    Raises:
        SpecError: AS552, the spec's input is no image that it can give; AS554, its files are not there; AS559, a
            package that torchvision reads it with is missing.
    """
    about = _about(request)
    shape = request.image_shape(channels=(1, 3), flat=square if about.in_memory else None)
    if about.needs is not None and find_spec(about.needs) is None:
        message = f"torchvision reads `{request.name}` with the package `{about.needs}`, which is not installed"
        help = f"run `python -m pip install {about.needs}`"
        raise SpecError([Diagnostic("AS559", message, request.recipe.data.span, help=help)])
    train = _made(request, about, about.train)
    evaluation = None if about.eval is None else _made(request, about, about.eval)
    classes = about.classes or class_names(train)
    if about.in_memory:
        return _from_memory(request, shape, classes, train, evaluation)
    return _from_files(request, about, shape, classes, (train, evaluation))


def _about(request: Request) -> VisionSet:
    about = VISION_SETS[request.name]
    if request.name == "OxfordIIITPet" and request.argument("target_types") == "segmentation":
        return replace(about, task="segmentation", classes=("pet", "background", "border"))
    return about


def _made(request: Request, about: VisionSet, phase: Mapping[str, Any]) -> Any:
    """The data set of one phase, by torchvision.

    Raises:
        SpecError: AS554, with what `root` has to hold.
    """
    signature = signatures("datasets")[request.name]
    own = {each.name: request.argument(each.name) for each in signature.arguments if each.name not in _OURS}
    root = Path(request.argument("root")).expanduser()
    can_download = signature.argument("download") is not None
    if can_download:
        own["download"] = request.argument("download")
    try:
        return getattr(datasets, request.name)(str(root), **{**own, **about.fixed, **phase})
    except MemoryError:
        raise
    except Exception as error:  # whatever a missing or damaged file makes torchvision raise
        raise _not_there(request, about, root, error, can_download) from None


def _not_there(request: Request, about: VisionSet, root: Path, error: Exception, can_download: bool) -> SpecError:
    span = request.recipe.data.spans.get("root", request.recipe.data.span)
    said = clip(" ".join(str(error).split()), 200) or type(error).__name__
    message = f"`{request.name}` cannot be loaded from `{clip(str(root))}`: {said}"
    notes = [f"`root` has to hold {about.files}"]
    if not root.is_absolute():
        notes.append(f"a relative path starts at the current folder, {Path.cwd()}")
    help = "put these files there"
    if can_download and not request.argument("download"):
        help += ", or write `download: true` to have them fetched"
    return SpecError([Diagnostic("AS554", message, span, notes=tuple(notes), help=help)])


def _from_memory(
    request: Request, shape: ImageShape, classes: tuple[str, ...], train: Any, evaluation: Any
) -> ImageData:
    images, labels = _arrays(train)
    if evaluation is None:
        first, second = (torch.tensor(part) for part in _split(request, labels.tolist()))
        arrays = {"train": (images[first], labels[first]), "eval": (images[second], labels[second])}
    else:
        arrays = {"train": (images, labels), "eval": _arrays(evaluation)}
    mean, std = channel_statistics(arrays["train"][0], shape)
    phases = {
        phase: InMemory(*pair, _as_it_is, request.preparation(phase, shape, mean, std))
        for phase, pair in arrays.items()
    }
    shown = phases["eval"].preparation
    return ImageData(request.name, "classification", classes, phases["train"], phases["eval"], shown)


def _as_it_is(images: Tensor) -> Tensor:
    return images


def _arrays(dataset: Any) -> tuple[Tensor, Tensor]:
    """All images, uint8 [n, C, H, W], and their classes, int64 [n]."""
    images = torch.as_tensor(np.asarray(dataset.data))
    if images.ndim == 3:
        images = images.unsqueeze(1)
    elif images.shape[-1] == 3 and images.shape[1] != 3:
        images = images.movedim(-1, 1)
    labels = torch.as_tensor(np.asarray(getattr(dataset, "targets", getattr(dataset, "labels", None))))
    return images.contiguous(), (labels[:, 0] if labels.ndim == 2 else labels).long()


def _from_files(
    request: Request, about: VisionSet, shape: ImageShape, classes: tuple[str, ...], made: tuple[Any, Any]
) -> ImageData:
    train, evaluation = made
    parts: tuple[Sequence[int] | None, Sequence[int] | None] = (None, None)
    if evaluation is None:
        parts = _split(request, labels_of(train) or [0] * len(train))
        evaluation = train
    mask = MASKS.get(request.name, IDENTITY) if about.task == "segmentation" else None
    read = _READ.get(about.task, as_class) if mask is None else mask.read
    mean, std = usual_statistics(shape)
    phases = {
        phase: Loaded(
            Items(dataset, request.name, shape.channels, read, part, labels_of(dataset)),
            request.preparation(phase, shape, mean, std),
            request.argument("workers"),
        )
        for phase, dataset, part in (("train", train, parts[0]), ("eval", evaluation, parts[1]))
    }
    return ImageData(
        request.name, about.task, mask.classes if mask and mask.classes else classes, phases["train"], phases["eval"],
        phases["eval"].preparation, has_unlabelled=mask is not None,
    )  # fmt: skip


def _split(request: Request, labels: Sequence[int]) -> tuple[list[int], list[int]]:
    return stratified(labels, request.argument("eval_fraction"), request.argument("seed"))
