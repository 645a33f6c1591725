"""Which samples of each batch are this process's, so that several together take the batches that one would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from archspec.train.data.batch import Batch, chunks
from archspec.train.ranks import ALONE, Ranks

_FEWEST = 2
"""Batch norm has no variance of one sample."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Consecutive samples of a batch.

    Attributes:
        start: the first one's place in the batch.
        stop: the place after the last one.
        counted: how many of them count: all, or none where a process without samples of its own repeats the first ones
            of the batch, because every process has to take part in every step.
    """

    start: int
    stop: int
    counted: int


@dataclass(frozen=True, slots=True)
class Portions:
    """Attributes:
    size: samples of a whole batch, of all processes together.
    accumulate: batches of a step.
    ranks: the processes.
    before: samples that each portion has before its own, for a transform of whole batches. Before the batch's first
        sample comes its last one.
    """

    size: int
    accumulate: int = 1
    ranks: Ranks = ALONE
    before: int = 0

    def of(self, count: int) -> Portion:
        """This process's portion of a batch.

        Args:
            count: samples of the batch, at most `size`.
        """
        processes, rank = self.ranks.count, self.ranks.rank
        if processes == 1:
            return Portion(0, count, count)
        shared = processes
        if count < _FEWEST * processes and self.size > _FEWEST * processes:
            shared = max(1, count // _FEWEST)
        each, more = divmod(count, shared)
        own = 0 if rank >= shared else each + (rank < more)
        if own == 0:
            return Portion(0, min(count, _FEWEST, self._largest()), 0)
        start = rank * each + min(rank, more)
        return Portion(start, start + own, own)

    def _largest(self) -> int:
        return self.size // self.ranks.count + (self.ranks.rank < self.size % self.ranks.count)

    def batch_size(self) -> int:
        """Samples that this process loads of a whole batch; it loads no more of any."""
        return self.before + (self.size if self.ranks.count == 1 else self._largest())

    def count(self, batch: int, samples: int) -> int:
        """How many samples the n-th batch has, of all processes together; batches count from 1."""
        return min(self.size, samples - (batch - 1) * self.size)

    def share(self, batch: int, samples: int, *, is_mean: bool = True) -> float:
        """What a batch's loss is multiplied by, so that all samples of its step weigh the same; 0 of a stand-in.

        Args:
            batch: its number.
            samples: of the epoch.
            is_mean: whether the loss of a batch is a mean over its samples, else their sum.
        """
        processes = self.ranks.count
        if processes == 1 and (self.accumulate == 1 or not is_mean):
            return 1.0
        counted = self.of(self.count(batch, samples)).counted
        if not is_mean:  # of the processes' gradients the mean is taken
            return float(processes) if counted else 0.0
        step = self.accumulate * self.size
        first = (batch - 1) // self.accumulate * step
        return counted * processes / (min(first + step, samples) - first)

    def counting(self, batches: Iterable[Batch], samples: int) -> Iterator[tuple[Batch, bool]]:
        """This process's portions of consecutive batches, and whether each counts."""
        for number, batch in enumerate(batches, 1):
            yield batch, self.of(self.count(number, samples)).counted > 0

    def own(self, indices: Tensor) -> Tensor:
        """Of the indices of consecutive batches those of this process, in `batches` of `batch_size()`."""
        if self.ranks.count == 1 and not self.before:
            return indices
        pieces = []
        for batch in chunks(indices, self.size):
            portion = self.of(len(batch))
            places = torch.arange(portion.start - self.before, portion.stop)
            pieces.append(batch[places % len(batch)])
        return torch.cat(pieces) if pieces else indices
