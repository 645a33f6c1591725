"""Samples that are loaded one by one, by processes of their own where there are many."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from typing import Any, Protocol, TypeAlias

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from archspec.errors import Diagnostic, UsageError, clip
from archspec.train.data.batch import TARGET, Batch, chunks
from archspec.train.data.images import Preparation

Key: TypeAlias = tuple[int, int]
Item: TypeAlias = tuple[tuple[Tensor, ...], Tensor]

_FEW = 256
_MOST_PROCESSES = 8
_SECONDS_TO_FINISH = 10


class Source(Protocol):
    """Where samples come from. It goes to other processes, so it can be pickled."""

    def __len__(self) -> int: ...

    def load(self, index: int) -> tuple[Any, Tensor]:
        """An image (PIL, or a tensor [C, H, W]) and its target: a class [], or a mask of classes [H, W].

        Without a preparation: the model's inputs, a tuple of tensors, and a target of any kind.
        """
        ...

    def name_of(self, index: int) -> str:
        """What a sample is called in a message, e.g. the image `data/ants/1.png`."""
        ...

    def listed(self) -> object:
        """As `Samples.listed`."""
        ...


class _Prepared(Dataset[Any]):
    """Items by (epoch, index), so that random transforms know the epoch in whatever process they run."""

    def __init__(self, source: Source, preparation: Preparation | None) -> None:
        self.source = source
        self.preparation = preparation

    def __getitem__(self, key: Key) -> Item | Diagnostic:
        epoch, index = key
        what, help = "read", "replace or remove it"
        try:
            image, target = self.source.load(index)
            if self.preparation is None:
                return image, target
            what, help = "transformed", "change `transforms`, or replace it"
            fitted, target = self.preparation.one(image, target, epoch, index)
        except MemoryError:
            raise
        except Exception as error:  # whatever a damaged file makes its reader raise, or an odd image a transform
            message = f"{self.source.name_of(index)} cannot be {what}: {clip(_said(error), 200)}"
            return Diagnostic("AS557", message, help=help)
        return (fitted,), target


class _Keys:
    """What the loader asks its processes for, anew in each epoch."""

    def __init__(self) -> None:
        self.batches: list[list[Key]] = []

    def __iter__(self) -> Iterator[list[Key]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class Loaded:
    """Attributes:
    source: of the samples.
    preparation: what happens to the decoded images; None where they are none.
    workers: processes that decode; None for as many as seem useful, 0 for none.
    """

    def __init__(self, source: Source, preparation: Preparation | None, workers: int | None = None) -> None:
        self.source, self.preparation = source, preparation
        self.workers = _useful(len(source)) if workers is None else workers
        self._keys = _Keys()
        self._loader: DataLoader[Any] | None = None
        self._running: Any = None

    def __len__(self) -> int:
        return len(self.source)

    def listed(self) -> object:
        return self.source.listed()

    def batches(
        self, indices: Tensor, batch_size: int, epoch: int, device: torch.device
    ) -> Generator[Batch, None, None]:
        """As `Samples.batches`.

        Raises:
            UsageError: AS557, a sample cannot be read.
        """
        self._keys.batches = [[(epoch, index) for index in chunk.tolist()] for chunk in chunks(indices, batch_size)]
        for found in self._alive(device):
            if isinstance(found, Diagnostic):
                raise UsageError(found)
            batch = Batch(found[0], {TARGET: found[1]}).to(device)
            if self.preparation is not None:
                batch = Batch((self.preparation.finish(batch.inputs[0]),), batch.targets)
            yield batch

    def close(self) -> None:
        """End the processes."""
        if self._running is not None:
            getattr(self._running, "_shutdown_workers", lambda: None)()
        self._running = self._loader = None

    def _alive(self, device: torch.device) -> Iterator[Any]:
        """The batches. A worker that dies while it hands one over breaks the connection before torch sees it dead.

        Raises:
            RuntimeError: a worker has died, in the words that torch has for it otherwise.
        """
        done = False
        try:
            self._running = iter(self._made(device))
            yield from self._running
            done = True
        except (ConnectionError, EOFError, FileNotFoundError) as error:
            raise RuntimeError(f"DataLoader worker has died: {type(error).__name__}") from error
        finally:  # not when the last reference goes: a traceback may hold one, and torch would tell of the death again
            if not done:
                self.close()

    def _made(self, device: torch.device) -> DataLoader[Any]:
        """One loader for all epochs, whose processes stay."""
        if self._loader is None:
            self._loader = DataLoader(
                _Prepared(self.source, self.preparation),
                batch_sampler=self._keys,
                collate_fn=_collate,
                num_workers=self.workers,
                pin_memory=device.type == "cuda",
                persistent_workers=self.workers > 0,
                generator=torch.Generator(),
                worker_init_fn=_undisturbed,
            )
        return self._loader


def _useful(count: int) -> int:
    """How many of this machine's processors are left, where each of the processes that train here has one."""
    trainers = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return 0 if count < _FEW else max(0, min(_MOST_PROCESSES, (os.cpu_count() or 1) // trainers - 1))


def _said(error: Exception) -> str:
    """Its words; where these are no sentence, as a missing key, with its kind."""
    words = " ".join(str(error).split())
    if words and isinstance(error, (OSError, ValueError, SyntaxError)):
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _collate(items: list[Item | Diagnostic]) -> Item | Diagnostic:
    inputs, targets = [], []
    for item in items:
        if isinstance(item, Diagnostic):
            return item
        inputs.append(item[0])
        targets.append(item[1])
    try:
        return tuple(torch.stack(each) for each in zip(*inputs, strict=True)), torch.stack(targets)
    except (RuntimeError, ValueError):
        shapes = [
            [list(tensor.shape) for tensor in (*each, target)] for each, target in zip(inputs, targets, strict=True)
        ]
        other = next((each for each in shapes if each != shapes[0]), None)
        if other is None:
            raise  # shapes are not what is in the way
        told = " and ".join(", ".join(map(str, each)) for each in (shapes[0], other))
        message = f"samples of one batch have tensors of different shapes: {told}"
        return Diagnostic("AS557", message, help="make them alike, e.g. by padding, or use `batch_size: 1`")


def _undisturbed(worker: int) -> None:
    """Ctrl-C and SIGTERM reach a whole group of processes; the one that trains has to finish its batch first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, lambda number, frame: os._exit(0))  # one that is killed breaks off what trains
        signal.signal(signal.SIGTERM, lambda number, frame: signal.alarm(_SECONDS_TO_FINISH))


def opened(path: str | os.PathLike[str], channels: int) -> Image.Image:
    """An image file, decoded as colour or as grey.

    Raises:
        OSError, ValueError, SyntaxError, Image.DecompressionBombError: it is none, or damaged.
    """
    try:
        with open(path, "rb") as file, Image.open(file) as image:
            return image.convert("RGB" if channels == 3 else "L")
    except UnidentifiedImageError:  # whose words show an object of Python
        raise ValueError("it is in none of the formats that Pillow knows") from None
