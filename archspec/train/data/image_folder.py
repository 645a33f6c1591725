"""`ImageFolder`: images on disk, one folder per class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch
from PIL import Image
from torch import Tensor
from torchvision.datasets import folder

from archspec.errors import Diagnostic, SpecError, clip
from archspec.train.data.images import ImageData
from archspec.train.data.loaded import Loaded, opened
from archspec.train.data.request import Request
from archspec.train.data.split import stratified
from archspec.train.data.statistics import usual_statistics

Files: TypeAlias = tuple[tuple[str, int], ...]

_EVAL_FOLDERS = ("val", "test")


def load(request: Request) -> ImageData:
    """The images under `root`: its `train/` and `val/` (or `test/`), else all of it, split by `seed`.

    Raises:
        SpecError: AS552, the spec's input is no image; AS554, `root` is missing; AS555, it has no images;
            AS556, the classes of the two phases differ.
    """
    shape = request.image_shape(channels=(1, 3))
    classes, files = _find(request)
    mean, std = usual_statistics(shape)
    phases = {
        phase: Loaded(
            Pictures(files[phase], shape.channels),
            request.preparation(phase, shape, mean, std),
            request.argument("workers"),
        )
        for phase in ("train", "eval")
    }
    train, evaluation = phases["train"], phases["eval"]
    return ImageData("ImageFolder", "classification", classes, train, evaluation, evaluation.preparation)


def _find(request: Request) -> tuple[tuple[str, ...], dict[str, Files]]:
    span = request.recipe.data.spans.get("root", request.recipe.data.span)
    root = Path(request.argument("root")).expanduser()
    if not root.is_dir():
        state = "is a file" if root.exists() else "is not there"
        note = f"a relative path starts at the current folder, {Path.cwd()}"
        message = f"the folder of images `{clip(str(root))}` {state}"
        notes, help = () if root.is_absolute() else (note,), "write the path of a folder with one folder for each class"
        raise SpecError([Diagnostic("AS554", message, span, notes=notes, help=help)])
    evaluation = next((root / name for name in _EVAL_FOLDERS if (root / name).is_dir()), None)
    if not (root / "train").is_dir() or evaluation is None:
        classes, files = _files(root, request)
        return classes, _split(files, request)
    classes, train = _files(root / "train", request)
    eval_classes, held_out = _files(evaluation, request)
    if classes != eval_classes:
        different = ", ".join(sorted(set(classes) ^ set(eval_classes)))
        message = f"`train` and `{evaluation.name}` have different classes: only one of them has {clip(different, 200)}"
        raise SpecError([Diagnostic("AS556", message, span, help="give both folders the same class folders")])
    return classes, {"train": train, "eval": held_out}


def _files(root: Path, request: Request) -> tuple[tuple[str, ...], Files]:
    try:
        names, indices = folder.find_classes(root)
        found = folder.make_dataset(str(root), indices, extensions=folder.IMG_EXTENSIONS)
    except FileNotFoundError as error:
        raise _no_images(root, request) from error
    return tuple(names), tuple(found)


def _no_images(root: Path, request: Request) -> SpecError:
    span = request.recipe.data.spans.get("root", request.recipe.data.span)
    message = f"`{clip(str(root))}` has no folder of images for each class"
    note = f"a class is a folder with at least one of {', '.join(folder.IMG_EXTENSIONS)} in it"
    help = "arrange the images as `root/train/<class>/….png` and `root/val/<class>/….png`"
    return SpecError([Diagnostic("AS555", message, span, notes=(note,), help=help)])


def _split(files: Files, request: Request) -> dict[str, Files]:
    """By class, so that each class is in both phases; a class of one image is in `train` only."""
    labels = [label for _, label in files]
    train, held_out = stratified(labels, request.argument("eval_fraction"), request.argument("seed"))
    if not held_out:
        raise _no_images(Path(request.argument("root")), request)
    return {"train": tuple(files[index] for index in train), "eval": tuple(files[index] for index in held_out)}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Image files with a class each.

    Attributes:
        files: path and class of each.
        channels: 3 for colour, 1 for grey.
    """

    files: Files
    channels: int

    def __len__(self) -> int:
        return len(self.files)

    def listed(self) -> object:
        return [(*Path(path).parts[-2:], label) for path, label in self.files]

    def load(self, index: int) -> tuple[Image.Image, Tensor]:
        path, label = self.files[index]
        return opened(path, self.channels), torch.tensor(label)

    def name_of(self, index: int) -> str:
        return f"the image `{self.files[index][0]}`"
