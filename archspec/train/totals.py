"""The sums of one phase of an epoch, kept on the device and without a wait, and as plain data for a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from archspec.train.targets import confusion

_MOST_PENDING = 1 << 16


@dataclass(slots=True)
class Totals:
    """Attributes:
    matrix: how often each class (row) was taken for each (column), int64 [C, C], without what is pending.
    losses: of each batch.
    counts: samples of each batch.
    """

    matrix: Tensor
    losses: list[Tensor] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    _pending: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    _waiting: int = 0

    @classmethod
    def of(cls, classes: int, device: torch.device) -> Totals:
        """Of nothing yet."""
        return cls(torch.zeros(classes, classes, dtype=torch.int64, device=device))

    def add(self, loss: Tensor, labels: Tensor, predicted: Tensor) -> None:
        """One batch: its loss, and its classes [n] or [n, H, W]."""
        self.losses.append(loss)
        self.counts.append(len(labels))
        self._pending.append((labels, predicted))
        self._waiting += labels.numel()
        if self._waiting >= _MOST_PENDING:
            self._merge()

    def confusion(self) -> Tensor:
        """Over all batches."""
        self._merge()
        return self.matrix

    def mean_loss(self, is_mean: bool) -> float:
        """Per sample; `is_mean` says that each batch's loss is a mean already."""
        weights = torch.tensor(self.counts if is_mean else [1] * len(self.counts), dtype=torch.float64)
        return float((self._stacked().double() * weights).sum() / sum(self.counts))

    def state(self) -> dict[str, Any]:
        """Plain data and tensors."""
        return {"matrix": self.confusion().cpu(), "losses": self._stacked(), "counts": list(self.counts)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """What `state` gave."""
        self.matrix.copy_(state["matrix"])
        self.losses = list(state["losses"].unbind())
        self.counts = list(state["counts"])

    def _stacked(self) -> Tensor:
        return torch.stack([loss.cpu() for loss in self.losses]) if self.losses else torch.zeros(0)

    def _merge(self) -> None:
        if self._pending:
            labels, predicted = (torch.cat([pair[side].flatten() for pair in self._pending]) for side in (0, 1))
            self.matrix += confusion(labels, predicted, len(self.matrix))
            self._pending.clear()
            self._waiting = 0
