"""A map-style `Dataset` of torch as a source of images with their classes or masks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from archspec.train.data.dense import MaskValues


@dataclass(frozen=True, slots=True)
class Items:
    """Attributes:
    dataset: gives pairs of an image and its class or mask.
    name: what the recipe calls it.
    channels: 3 for colour, 1 for grey.
    mask: how its masks are read; None where it has classes.
    indices: those of its samples that are meant; None for all.
    labels: of all its samples, where they are known.
    """

    dataset: Any
    name: str
    channels: int
    mask: MaskValues | None = None
    indices: Sequence[int] | None = None
    labels: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.dataset) if self.indices is None else len(self.indices)

    def load(self, index: int) -> tuple[Any, Tensor]:
        image, target = self.dataset[self._place(index)]
        if isinstance(image, Image.Image):
            image = image.convert("RGB" if self.channels == 3 else "L")
        if self.mask is not None:
            return image, self.mask.read(target)
        return image, torch.as_tensor(target, dtype=torch.int64).reshape(())

    def name_of(self, index: int) -> str:
        return f"sample {self._place(index)} of `{self.name}`"

    def listed(self) -> object:
        known = repr((self.labels, self.indices)).encode()
        return [self.name, len(self.dataset), hashlib.sha256(known).hexdigest()]

    def _place(self, index: int) -> int:
        return index if self.indices is None else self.indices[index]
