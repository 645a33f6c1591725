"""A map-style `Dataset` of torch as a source of images with their classes or masks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Items:
    """Attributes:
    dataset: gives pairs of an image and its class or mask.
    name: what the recipe calls it.
    channels: 3 for colour, 1 for grey.
    read: what makes a class [] or a mask of classes [H, W] of its targets.
    indices: those of its samples that are meant; None for all.
    labels: of all its samples, where they are known.
    """

    dataset: Any
    name: str
    channels: int
    read: Callable[[Any], Tensor]
    indices: Sequence[int] | None = None
    labels: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.dataset) if self.indices is None else len(self.indices)

    def load(self, index: int) -> tuple[Any, Tensor]:
        image, target = self.dataset[self._place(index)]
        if isinstance(image, Image.Image):
            image = image.convert("RGB" if self.channels == 3 else "L")
        return image, self.read(target)

    def name_of(self, index: int) -> str:
        return f"sample {self._place(index)} of `{self.name}`"

    def listed(self) -> object:
        known = repr((self.labels, self.indices)).encode()
        return [self.name, len(self.dataset), hashlib.sha256(known).hexdigest()]

    def _place(self, index: int) -> int:
        return index if self.indices is None else self.indices[index]


def as_several(target: Any) -> Tensor:
    """For each class, whether it is there, as 0 or 1, float [C]."""
    return torch.as_tensor(target, dtype=torch.float32)


def as_class(target: Any) -> Tensor:
    """A single class, int64 []."""
    return torch.as_tensor(target, dtype=torch.int64).reshape(())
