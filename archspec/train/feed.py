"""Which samples an epoch has, in which order, and their batches."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing

import torch
from torch import Tensor

from archspec.spec.recipe import Recipe
from archspec.train.data.batch import Batch, Samples
from archspec.train.portions import Portions
from archspec.train.seeds import order


def batches_per_epoch(samples: int, size: int) -> int:
    """The last one may be smaller; one of a single sample is left out."""
    return math.ceil(samples / size) - (samples % size == 1 and samples > 1)


def epoch_indices(samples: int, size: int, seed: int, epoch: int) -> Tensor:
    """The samples of an epoch in their order: all but a last batch of one, of which batch norm has no variance."""
    indices = order(samples, seed, epoch)
    return indices[:-1] if samples % size == 1 and samples > 1 else indices


def feed(
    samples: Samples, indices: Tensor, epoch: int, recipe: Recipe, device: torch.device, portions: Portions
) -> Generator[Batch, None, None]:
    """The samples of these indices, in batches of the recipe's size and memory layout, on the device.

    Of each batch it is what this process takes.
    """
    with closing(samples.batches(portions.own(indices), portions.batch_size(), epoch, device)) as loaded:
        yield from map(_channels_last, loaded) if recipe.channels_last else loaded


def _channels_last(batch: Batch) -> Batch:
    inputs = (each.contiguous(memory_format=torch.channels_last) if each.ndim == 4 else each for each in batch.inputs)
    return Batch(tuple(inputs), batch.targets)
