"""`ImageFolder`: images on disk, one folder per class."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.datasets import folder

from archspec.errors import Diagnostic, SpecError, UsageError, clip
from archspec.train.data.images import Batch, ImageData, Preparation, chunks
from archspec.train.data.request import Request
from archspec.train.seeds import derive

Files: TypeAlias = tuple[tuple[str, int], ...]
Key: TypeAlias = tuple[int, int]

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Per channel (R, G, B), as torchvision's pretrained models take them."""
_GREY_MEAN, _GREY_STD = (0.5,), (0.5,)
_EVAL_FOLDERS = ("val", "test")
_FEW = 256
_SECONDS_TO_FINISH = 10


def load(request: Request) -> ImageData:
    """The images under `root`: its `train/` and `val/` (or `test/`), else all of it, split by `seed`.

    Raises:
        SpecError: AS552, the spec's input is no image; AS554, `root` is missing; AS555, it has no images;
            AS556, the classes of the two phases differ.
    """
    shape = request.image_shape(channels=(1, 3))
    classes, files = _find(request)
    colour = shape.channels == 3
    mean, std = (IMAGENET_MEAN, IMAGENET_STD) if colour else (_GREY_MEAN, _GREY_STD)
    phases = {
        phase: OnDisk(files[phase], request.preparation(phase, shape, mean, std), request.argument("workers"))
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
        raise SpecError([Diagnostic("AS554", message, span, notes=() if root.is_absolute() else (note,))])
    evaluation = next((root / name for name in _EVAL_FOLDERS if (root / name).is_dir()), None)
    if not (root / "train").is_dir() or evaluation is None:
        classes, files = _files(root, request)
        return classes, _split(files, request)
    classes, train = _files(root / "train", request)
    eval_classes, held_out = _files(evaluation, request)
    if classes != eval_classes:
        different = ", ".join(sorted(set(classes) ^ set(eval_classes)))
        message = f"`train` and `{evaluation.name}` have different classes: only one of them has {clip(different, 200)}"
        raise SpecError([Diagnostic("AS556", message, span)])
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
    fraction, seed = request.argument("eval_fraction"), request.argument("seed")
    train, held_out = [], []
    for label in sorted({label for _, label in files}):
        members = [file for file in files if file[1] == label]
        generator = torch.Generator().manual_seed(derive(seed, label))
        order = torch.randperm(len(members), generator=generator).tolist()
        count = min(len(members) - 1, max(1, round(fraction * len(members))))
        held_out += [members[index] for index in sorted(order[:count])]
        train += [members[index] for index in sorted(order[count:])]
    if not held_out:
        raise _no_images(Path(request.argument("root")), request)
    return {"train": tuple(train), "eval": tuple(held_out)}


class _Loaded(Dataset[Any]):
    """Items by (epoch, index), so that random transforms know the epoch in whatever process they run."""

    def __init__(self, files: Files, preparation: Preparation) -> None:
        self.files = files
        self.preparation = preparation

    def __getitem__(self, key: Key) -> Batch | Diagnostic:
        epoch, index = key
        path, label = self.files[index]
        try:
            with open(path, "rb") as file, Image.open(file) as image:
                decoded = image.convert("RGB" if self.preparation.shape.channels == 3 else "L")
        except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            return Diagnostic("AS557", f"the image `{path}` cannot be read: {clip(reason, 200)}")
        return self.preparation.one(decoded, torch.tensor(label), epoch, index)


def _collate(items: list[Batch | Diagnostic]) -> Batch | Diagnostic:
    images, targets = [], []
    for item in items:
        if isinstance(item, Diagnostic):
            return item
        images.append(item[0])
        targets.append(item[1])
    return torch.stack(images), torch.stack(targets)


def _undisturbed(worker: int) -> None:
    """Ctrl-C and SIGTERM reach a whole group of processes; the one that trains has to finish its batch first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda number, frame: signal.alarm(_SECONDS_TO_FINISH))


def _alive(batches: Iterator[Any]) -> Iterator[Any]:
    """The batches. A worker that dies while it hands one over breaks the connection before torch sees it dead.

    Raises:
        RuntimeError: a worker has died, in the words that torch has for it otherwise.
    """
    try:
        yield from batches
    except (ConnectionError, EOFError, FileNotFoundError) as error:
        raise RuntimeError(f"DataLoader worker has died: {type(error).__name__}") from error
    finally:  # not when the last reference goes: a traceback may hold one, and torch would go on to tell of the death
        getattr(batches, "_shutdown_workers", lambda: None)()


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Samples that are files, decoded by worker processes where there are many.

    Attributes:
        files: path and class of each.
        preparation: what happens to the decoded images.
        workers: processes that decode; None for as many as seem useful, 0 for none.
    """

    files: Files
    preparation: Preparation
    workers: int | None = None

    def __len__(self) -> int:
        return len(self.files)

    def listed(self) -> object:
        return [(*Path(path).parts[-2:], label) for path, label in self.files]

    def batches(self, indices: Tensor, batch_size: int, epoch: int = 0) -> Generator[Batch, None, None]:
        """As `Samples.batches`.

        Raises:
            UsageError: AS557, a file is no image.
        """
        keys = [[(epoch, index) for index in chunk.tolist()] for chunk in chunks(indices, batch_size)]
        loader = DataLoader(
            _Loaded(self.files, self.preparation),
            batch_sampler=keys,
            collate_fn=_collate,
            num_workers=self._processes(len(indices)),
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator(),
            worker_init_fn=_undisturbed,
        )
        for batch in _alive(iter(loader)):
            if isinstance(batch, Diagnostic):
                raise UsageError(batch)
            yield batch

    def _processes(self, count: int) -> int:
        if self.workers is not None:
            return self.workers
        return 0 if count < _FEW else min(8, (os.cpu_count() or 1) - 1)
