"""What every data set is to the loop: samples in batches, where the model is."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

TARGET = "target"


class Batch(NamedTuple):
    """Attributes:
    inputs: what the model takes, in its order, each [n, …].
    targets: what is right, by name, each [n, …]; a data set with one kind of target calls it `target`.
    """

    inputs: tuple[Tensor, ...]
    targets: dict[str, Tensor]

    @property
    def size(self) -> int:
        """Samples."""
        return len(self.inputs[0])

    @property
    def target(self) -> Tensor:
        """The target, of a data set that has one."""
        return self.targets[TARGET]

    def to(self, device: torch.device) -> Batch:
        """The same, elsewhere."""
        return Batch(
            tuple(each.to(device, non_blocking=True) for each in self.inputs),
            {name: each.to(device, non_blocking=True) for name, each in self.targets.items()},
        )


class Samples(Protocol):
    """One phase's samples."""

    def __len__(self) -> int: ...

    def listed(self) -> object:
        """What tells that they are still the same samples: not their pixels, but which they are."""
        ...

    def batches(
        self, indices: Tensor, batch_size: int, epoch: int, device: torch.device
    ) -> Generator[Batch, None, None]:
        """The samples of these indices in this order, as the model takes them, on the device.

        Random transforms are those of (seed, epoch, index), whoever does them.
        """
        ...

    def close(self) -> None:
        """End the processes that load it; they are started again when they are needed."""
        ...


def chunks(indices: Tensor, size: int) -> Iterator[Tensor]:
    """The indices in pieces of `size`, the last one perhaps smaller."""
    for start in range(0, len(indices), size):
        yield indices[start : start + size]
