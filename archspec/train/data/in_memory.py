"""Samples that are tensors: a batch is an index, and needs no other process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from archspec.train.data.batch import TARGET, Batch, chunks
from archspec.train.data.images import Preparation

_MOST_READY = 1 << 26
_AT_ONCE = 256
_EVALUATION = 0


@dataclass(frozen=True, slots=True)
class InMemory:
    """Images that are tensors.

    Attributes:
        images: what is stored [n, …].
        targets: int64 [n] or [n, H, W].
        decode: stored images to floating-point ones in [0, 1], or to uint8 ones, [n, C, H, W].
        preparation: what happens to them then.
    """

    images: Tensor
    targets: Tensor
    decode: Callable[[Tensor], Tensor]
    preparation: Preparation
    _ready: dict[torch.device, tuple[Tensor, Tensor]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.images)

    def listed(self) -> object:
        return hashlib.sha256(self.targets.contiguous().numpy().tobytes()).hexdigest()

    def close(self) -> None:
        """Nothing is open."""

    def batches(
        self, indices: Tensor, batch_size: int, epoch: int, device: torch.device
    ) -> Generator[Batch, None, None]:
        if self._stays_the_same(epoch):
            images, targets = self._all_ready(device)
            for chosen in chunks(indices.to(device), batch_size):
                yield Batch((images[chosen],), {TARGET: targets[chosen]})
            return
        for chosen in chunks(indices, batch_size):
            images, targets = (each.to(device, non_blocking=True) for each in self._made(chosen, epoch))
            yield Batch((self.preparation.finish(images),), {TARGET: targets})

    def _stays_the_same(self, epoch: int) -> bool:
        """Whether the model's inputs are those of the last time, and not too many to be kept."""
        shape = self.preparation.shape
        numbers = len(self.images) * shape.channels * shape.height * shape.width
        return numbers <= _MOST_READY and (self.preparation.transform is None or epoch == _EVALUATION)

    def _all_ready(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """All of them as they go into the model, made once."""
        if device not in self._ready:
            pieces = [self._made(chosen, _EVALUATION) for chosen in chunks(torch.arange(len(self)), _AT_ONCE)]
            images = torch.cat([self.preparation.finish(images.to(device)) for images, _ in pieces])
            self._ready[device] = images, torch.cat([targets for _, targets in pieces]).to(device)
        return self._ready[device]

    def _made(self, chosen: Tensor, epoch: int) -> tuple[Tensor, Tensor]:
        """Images of one size and their targets, transformed but not finished."""
        images, targets = self.decode(self.images[chosen]), self.targets[chosen]
        if self.preparation.transform is None:
            return self.preparation.fitted(images), targets
        pairs = zip(images, targets, chosen.tolist(), strict=True)
        done = [self.preparation.one(image, target, epoch, index) for image, target, index in pairs]
        return torch.stack([image for image, _ in done]), torch.stack([target for _, target in done])


@dataclass(frozen=True, slots=True)
class Tensors:
    """Samples that go into the model as they are stored.

    Attributes:
        inputs: in the model's order, each [n, …].
        targets: by name, each [n, …].
    """

    inputs: tuple[Tensor, ...]
    targets: Mapping[str, Tensor]
    _there: dict[torch.device, Batch] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.inputs[0])

    def listed(self) -> object:
        sums = hashlib.sha256()
        for tensor in (*self.inputs, *self.targets.values()):
            sums.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return sums.hexdigest()

    def close(self) -> None:
        """Nothing is open."""

    def batches(
        self, indices: Tensor, batch_size: int, epoch: int, device: torch.device
    ) -> Generator[Batch, None, None]:
        if device not in self._there:
            self._there[device] = Batch(self.inputs, dict(self.targets)).to(device)
        inputs, targets = self._there[device]
        for chosen in chunks(indices.to(device), batch_size):
            yield Batch(tuple(each[chosen] for each in inputs), {name: each[chosen] for name, each in targets.items()})
