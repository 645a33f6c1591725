"""Images as a model takes them, and the data sets that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import torch
from torch import Tensor

from archspec.train.data.batch import Samples
from archspec.train.seeds import seeded

if TYPE_CHECKING:
    from torchvision.transforms import v2

Task: TypeAlias = Literal["classification", "segmentation", "sequence", "multilabel", "regression", "none"]


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

    def one(self, image: Any, target: Tensor, epoch: int, index: int) -> tuple[Tensor, Tensor]:
        """A single image (a tensor [C, H, W] or a PIL image), transformed and fitted, and its target."""
        from torchvision import tv_tensors  # torchvision takes as long to load as torch, and where nothing has to be
        from torchvision.transforms.v2 import functional  # transformed it is not needed

        image = functional.to_image(image)
        is_mask = _is_mask(target, image)
        if self.transform is not None:
            with seeded(self.seed, epoch, index):
                if is_mask:
                    image, mask = self.transform(image, tv_tensors.Mask(target))
                    target = mask.as_subclass(Tensor)
                else:
                    image = self.transform(image)
        if is_mask:
            target = self._masks(target)
        return self.fitted(functional.to_image(image).as_subclass(Tensor)), target

    def fitted(self, images: Tensor) -> Tensor:
        """Images [..., C, H, W] of the model's size and channels; uint8 ones stay so."""
        channels = images.shape[-3]
        if list(images.shape[-2:]) == self.shape.size and channels == self.shape.channels:
            return images
        from torchvision.transforms.v2 import functional  # as above

        if list(images.shape[-2:]) != self.shape.size:
            images = functional.resize(images, self.shape.size, antialias=True)
        assert isinstance(images, Tensor)
        if channels == 1 and self.shape.channels == 3:
            images = images.expand(*images.shape[:-3], 3, *images.shape[-2:])
        elif channels == 3 and self.shape.channels == 1:
            images = functional.rgb_to_grayscale(images)
        return images

    def finish(self, images: Tensor) -> Tensor:
        """Fitted images [..., C, H, W], on whatever device, as the model's input: float32, normalised."""
        if images.dtype != torch.float32:
            from torchvision.transforms.v2 import functional  # as above

            images = functional.to_dtype(images, torch.float32, scale=True)
        if not self.normalizes:
            images = (images - self._column(self.mean, images)) / self._column(self.std, images)
        finished: Tensor = images.flatten(-3) if self.shape.flat else images
        return finished

    def shown(self, images: Tensor) -> Tensor:
        """The model's inputs [n, …] as pictures in [0, 1]: [n, C, H, W]."""
        images = images.reshape(-1, self.shape.channels, self.shape.height, self.shape.width)
        if not self.normalizes:
            return (images * self._column(self.std, images) + self._column(self.mean, images)).clamp(0, 1)
        low, high = images.amin((1, 2, 3), keepdim=True), images.amax((1, 2, 3), keepdim=True)
        return (images - low) / (high - low).clamp_min(1e-6)

    def _masks(self, mask: Tensor) -> Tensor:
        if list(mask.shape[-2:]) == self.shape.size:
            return mask
        from torchvision.transforms import v2  # as above
        from torchvision.transforms.v2 import functional

        nearest = v2.InterpolationMode.NEAREST
        resized: Tensor = functional.resize(mask[None], self.shape.size, interpolation=nearest)
        return resized[0]

    @staticmethod
    def _column(values: Sequence[float], like: Tensor) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=like.device).view(-1, 1, 1)


def _is_mask(target: Tensor, image: Tensor) -> bool:
    """Classes [H, W], or numbers [H, W] or [C, H, W] for each pixel of the image."""
    if target.is_floating_point():
        return target.ndim in (2, 3) and target.shape[-2:] == image.shape[-2:]
    return target.ndim == 2


@dataclass(frozen=True, slots=True)
class ImageData:
    """A data set as the loop takes it.

    Attributes:
        name: what the recipe calls it.
        task: one class per sample, per pixel or per place of a sequence; any number of them per sample; numbers; or
            nothing that is told apart.
        classes: their names, by index; none where it is numbers.
        train: what is learnt from.
        eval: what is measured on, with no image of `train`.
        preparation: of the images in `eval`, for showing them; None where it has no images.
        has_unlabelled: whether there are pixels without a label, `IGNORED`.
    """

    name: str
    task: Task
    classes: tuple[str, ...]
    train: Samples
    eval: Samples
    preparation: Preparation | None
    has_unlabelled: bool = False

    @property
    def exclusive(self) -> int:
        """How many classes there are of which one excludes the others; 0 where none does."""
        return 0 if self.task == "multilabel" else len(self.classes)
