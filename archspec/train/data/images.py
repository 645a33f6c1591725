"""What every data set is to the loop: labelled images of the spec's size, in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from archspec.train.seeds import seeded

Task: TypeAlias = Literal["classification", "segmentation"]
Batch: TypeAlias = tuple[Tensor, Tensor]

_MOST_READY = 1 << 26
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class ImageShape:
    """The input that a spec asks for. `flat`: as a vector of channels·height·width numbers."""

    channels: int
    height: int
    width: int
    flat: bool = False

    @property
    def size(self) -> list[int]:
        """Height and width, as torchvision takes them."""
        return [self.height, self.width]


def chunks(indices: Tensor, size: int) -> Iterator[Tensor]:
    """The indices in pieces of `size`, the last one perhaps smaller."""
    for start in range(0, len(indices), size):
        yield indices[start : start + size]


class Samples(Protocol):
    """One phase's samples."""

    def __len__(self) -> int: ...

    def listed(self) -> object:
        """What tells that they are still the same samples: not their pixels, but which they are."""
        ...

    def batches(self, indices: Tensor, batch_size: int, epoch: int = 0) -> Generator[Batch, None, None]:
        """The samples of these indices in this order, in batches, on the CPU.

        Yields:
            float32 images [n, C, H, W] (or [n, C·H·W]); int64 classes [n] or masks of classes [n, H, W].
        """
        ...


@dataclass(frozen=True, slots=True)
class Preparation:
    """What happens to each image: the recipe's transforms, then whatever is missing to be a model's input.

    Attributes:
        shape: the input that the spec asks for.
        mean: per channel (or one for all), of images in [0, 1].
        std: likewise.
        seed: of random transforms; each sample draws from (seed, epoch, index), whoever loads it.
        transform: the recipe's transforms; None for none.
        normalizes: the recipe's transforms end in values of their own scale, which are left alone.
    """

    shape: ImageShape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    seed: int
    transform: v2.Transform | None = None
    normalizes: bool = False

    def one(self, image: Any, target: Tensor, epoch: int, index: int) -> Batch:
        """A single image (a tensor [C, H, W] or a PIL image), transformed and finished, and its target."""
        image = functional.to_image(image)
        if self.transform is not None:
            with seeded(self.seed, epoch, index):
                if target.ndim == 2:
                    image, mask = self.transform(image, tv_tensors.Mask(target))
                    target = self._masks(mask.as_subclass(Tensor))
                else:
                    image = self.transform(image)
        return self.finish(functional.to_image(image).as_subclass(Tensor)), target

    def finish(self, images: Tensor) -> Tensor:
        """Images [..., C, H, W] as the model's input: float32, of its size and channels, normalised."""
        images = functional.to_dtype(images, torch.float32, scale=True)
        if list(images.shape[-2:]) != self.shape.size:
            images = functional.resize(images, self.shape.size, antialias=True)
        assert isinstance(images, Tensor)
        if images.shape[-3] == 1 and self.shape.channels == 3:
            images = images.expand(*images.shape[:-3], 3, *images.shape[-2:])
        elif images.shape[-3] == 3 and self.shape.channels == 1:
            images = functional.rgb_to_grayscale(images)
        if not self.normalizes:
            images = (images - self._column(self.mean)) / self._column(self.std)
        finished: Tensor = images.flatten(-3) if self.shape.flat else images
        return finished

    def shown(self, images: Tensor) -> Tensor:
        """The model's inputs [n, …] as pictures in [0, 1]: [n, C, H, W]."""
        images = images.reshape(-1, self.shape.channels, self.shape.height, self.shape.width)
        if not self.normalizes:
            return (images * self._column(self.std) + self._column(self.mean)).clamp(0, 1)
        low, high = images.amin((1, 2, 3), keepdim=True), images.amax((1, 2, 3), keepdim=True)
        return (images - low) / (high - low).clamp_min(1e-6)

    def _masks(self, mask: Tensor) -> Tensor:
        if list(mask.shape[-2:]) == self.shape.size:
            return mask
        nearest = v2.InterpolationMode.NEAREST
        resized: Tensor = functional.resize(mask.unsqueeze(0), self.shape.size, interpolation=nearest)
        return resized.squeeze(0)

    @staticmethod
    def _column(values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)


@dataclass(frozen=True, slots=True)
class InMemory:
    """Samples that are tensors: a batch is an index.

    Attributes:
        images: what is stored [n, …].
        targets: int64 [n] or [n, H, W].
        decode: stored images to floating-point ones in [0, 1], [n, C, H, W].
        preparation: what happens to them then.
    """

    images: Tensor
    targets: Tensor
    decode: Callable[[Tensor], Tensor]
    preparation: Preparation
    _ready: list[Tensor] = field(default_factory=list, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.images)

    def _ready_images(self) -> Tensor | None:
        """All of them as they go into the model, made once; None where each epoch has its own, or they are too many."""
        shape = self.preparation.shape
        numbers = len(self.images) * shape.channels * shape.height * shape.width
        if self.preparation.transform is not None or numbers > _MOST_READY:
            return None
        if not self._ready:
            pieces = [self.preparation.finish(self.decode(piece)) for piece in torch.split(self.images, _AT_ONCE)]
            self._ready.append(torch.cat(pieces))
        return self._ready[0]

    def listed(self) -> object:
        return hashlib.sha256(self.targets.contiguous().numpy().tobytes()).hexdigest()

    def batches(self, indices: Tensor, batch_size: int, epoch: int = 0) -> Generator[Batch, None, None]:
        ready = self._ready_images()
        for chosen in chunks(indices, batch_size):
            if ready is not None:
                yield ready[chosen], self.targets[chosen]
                continue
            images, targets = self.decode(self.images[chosen]), self.targets[chosen]
            if self.preparation.transform is None:
                yield self.preparation.finish(images), targets
                continue
            pairs = zip(images, targets, chosen.tolist(), strict=True)
            done = [self.preparation.one(image, target, epoch, index) for image, target, index in pairs]
            yield torch.stack([image for image, _ in done]), torch.stack([target for _, target in done])


@dataclass(frozen=True, slots=True)
class ImageData:
    """A data set as the loop takes it.

    Attributes:
        name: what the recipe calls it.
        task: one class per image, or one per pixel.
        classes: their names, by index.
        train: what is learnt from.
        eval: what is measured on, with no image of `train`.
        preparation: of the images in `eval`, for showing them.
    """

    name: str
    task: Task
    classes: tuple[str, ...]
    train: Samples
    eval: Samples
    preparation: Preparation
