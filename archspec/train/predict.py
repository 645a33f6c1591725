"""What a run's best weights say of pictures that are no part of its data."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision.datasets.folder import IMG_EXTENSIONS

from archspec.errors import Diagnostic, UsageError, clip, printable
from archspec.spec.recipe import Recipe
from archspec.train.account.account import read_account
from archspec.train.data.images import ImageShape, Preparation
from archspec.train.data.loaded import opened
from archspec.train.data.registry import load_data
from archspec.train.device import pick_device
from archspec.train.evaluate import best_model
from archspec.train.fit import Trainable, check_head, request_of
from archspec.train.objective import make_objective
from archspec.train.parts import make_transforms
from archspec.train.targets import classes_second, predict
from archspec.train.understand import likelihoods, shares

_AT_ONCE = 16
_TASKS = ("classification", "segmentation", "multilabel")


@dataclass(frozen=True, slots=True)
class Prediction:
    """Attributes:
    path: of the picture.
    classes: names with their probabilities, the most probable first; of masks, with their shares of the pixels.
    picture: as the model sees it, [C, H, W] in [0, 1].
    mask: the class of each of its pixels, int64 [H, W]; None where the whole picture has one.
    """

    path: str
    classes: Sequence[tuple[str, float]]
    picture: Tensor
    mask: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run knows of its images: enough to ask it about others where its data is not.

    Attributes:
        task: one class per image, any number of them, or one per pixel.
        classes: their names.
        preparation: of evaluation images.
    """

    task: str
    classes: Sequence[str]
    preparation: Preparation


@torch.no_grad()
def predict_images(
    architecture: Trainable,
    folder: Path,
    paths: Sequence[str | os.PathLike[str]],
    device: str,
    faults: list[Diagnostic] | None = None,
) -> list[Prediction]:
    """The classes of pictures, prepared as the run's evaluation images are.

    Args:
        architecture: of the run.
        folder: of the run.
        paths: of pictures, and of folders of pictures.
        device: as for training.
        faults: where those are put that cannot be read; without it, the first one is raised.

    Raises:
        SpecError: as training.
        UsageError: AS557, a file is no picture; AS607, the run has no weights yet; AS558, it gives no classes; AS633,
            a folder has no pictures.
    """
    recipe, place = architecture.recipe or Recipe(), pick_device(device)
    files = [file for path in paths for file in _files(Path(path))]
    seen = _seen(architecture, folder, recipe)
    model = best_model(architecture, folder, place)
    main = make_objective(recipe, tuple(architecture.output_types), place, tuple(architecture.input_types)).main
    found: list[Prediction] = []
    for batch in _batches(files, seen.preparation, [] if faults is None else faults, raises=faults is None):
        inputs = seen.preparation.finish(torch.stack([image for _, image in batch]).to(place))
        output = main.at(model(inputs)).float()
        pictures = seen.preparation.shown(inputs.cpu())
        for row, (path, _) in enumerate(batch):
            found.append(_prediction(str(path), pictures[row], output[row : row + 1], main.name, seen))
    return found


def _prediction(path: str, picture: Tensor, output: Tensor, loss: str, seen: Seen) -> Prediction:
    mask = None
    if seen.task == "segmentation":
        mask = predict(loss, classes_second(output, torch.zeros(1, *picture.shape[1:])))[0].cpu()
        parts = torch.bincount(mask.flatten(), minlength=len(seen.classes)) / mask.numel()
    elif seen.task == "multilabel":
        parts = likelihoods(loss, output)[0].cpu()
    else:
        parts = shares(loss, output)[0].cpu()
    ranked = parts.argsort(descending=True, stable=True).tolist()
    return Prediction(path, [(seen.classes[each], float(parts[each])) for each in ranked], picture, mask)


def _batches(
    files: Sequence[Path], preparation: Preparation, faults: list[Diagnostic], *, raises: bool
) -> Iterator[list[tuple[Path, Tensor]]]:
    batch: list[tuple[Path, Tensor]] = []
    for index, path in enumerate(files):
        try:
            image = _opened(path, preparation.shape.channels)
        except UsageError as error:
            if raises:
                raise
            faults.append(error.diagnostic)
            continue
        batch.append((path, preparation.one(image, torch.tensor(0), 0, index)[0]))
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _files(path: Path) -> list[Path]:
    """The file itself; of a folder, the images below it in order."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMG_EXTENSIONS and file.is_file())
    if not found:
        message = f"the folder `{clip(printable(str(path)), 200)}` has no images"
        raise UsageError(Diagnostic("AS633", message, help=f"an image ends in {', '.join(IMG_EXTENSIONS)}"))
    return found


def _seen(architecture: Trainable, folder: Path, recipe: Recipe) -> Seen:
    """As the run has written it down; of a run of before that was, as its data says."""
    told = read_account(folder).section("data")
    task, classes = told.get("task"), told.get("classes")
    if task not in (*_TASKS, None) or (task and not classes):
        raise _no_classes(folder)
    known = _preparation(told.get("images"), recipe)
    if task is not None and known is not None and isinstance(classes, list):
        return Seen(str(task), [str(name) for name in classes], known)
    data = load_data(request_of(architecture, recipe))
    check_head(architecture, data, recipe)
    if data.task not in _TASKS or not data.classes or data.preparation is None:
        raise _no_classes(folder)
    return Seen(data.task, data.classes, data.preparation)


def _preparation(told: Any, recipe: Recipe) -> Preparation | None:
    try:
        channels, height, width = (int(size) for size in told["shape"])
        shape = ImageShape(channels, height, width, bool(told["flat"]))
        mean, std = (tuple(float(each) for each in told[name]) for name in ("mean", "std"))
        transform = make_transforms(recipe.transforms.eval)
        return Preparation(shape, mean, std, recipe.seed, transform, bool(told["normalizes"]))
    except (TypeError, KeyError, ValueError):
        return None


def _no_classes(folder: Path) -> UsageError:
    message = f"the run in `{folder}` gives no classes of images, or of their pixels"
    help = f"take the model in Python: `archspec.from_file({str(folder / 'best.safetensors')!r})`"
    return UsageError(Diagnostic("AS558", message, help=help))


def _opened(path: str | os.PathLike[str], channels: int) -> Image.Image:
    try:
        return opened(path, channels)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        message = f"the image `{clip(printable(os.fspath(path)), 200)}` cannot be read: {clip(reason, 200)}"
        raise UsageError(Diagnostic("AS557", message, help="give another image, or save this one again")) from None
