"""The sums of batches, kept on the device and without a wait, and as plain data for a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from archspec.train.metrics import LOSS, MOST_CONFUSED, Metric
from archspec.train.ranks import Ranks
from archspec.train.targets import classes_second, confusion, hard, predict

_MOST_PENDING = 1 << 16


@dataclass(slots=True)
class Totals:
    """Attributes:
    metrics: what is measured.
    loss_name: the main loss, which says what an output predicts.
    matrix: how often each class (row) was taken for each (column), int64 [C, C], without what is pending.
    of_classes: whether the targets are classes, and not numbers.
    sums: of each metric that is made of sums.
    losses: of each batch.
    counts: samples of each batch.
    """

    metrics: tuple[Metric, ...]
    loss_name: str
    matrix: Tensor
    of_classes: bool = True
    sums: dict[str, Tensor] = field(default_factory=dict)
    losses: list[Tensor] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    _pending: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    _waiting: int = 0

    @classmethod
    def of(cls, metrics: Sequence[Metric], loss_name: str, classes: int, device: torch.device) -> Totals:
        """Of nothing yet. Without classes, or with very many, there is no confusion matrix."""
        size = classes if classes <= MOST_CONFUSED else 0
        matrix = torch.zeros(size, size, dtype=torch.int64, device=device)
        return cls(tuple(metrics), loss_name, matrix, classes > 0)

    def add(self, loss: Tensor, count: int, output: Tensor, target: Tensor | None) -> None:
        """One batch: its loss, and its main output with what is right."""
        self.losses.append(loss)
        self.counts.append(count)
        if target is None:
            return
        labels = hard(target, output) if self.of_classes else target
        for metric in self.metrics:
            if metric.sums is not None:
                batch = metric.sums(output, labels)
                known = self.sums.get(metric.name)
                self.sums[metric.name] = batch if known is None else known + batch
        if len(self.matrix):
            self._pending.append((labels, predict(self.loss_name, classes_second(output, labels))))
            self._waiting += labels.numel()
            if self._waiting >= _MOST_PENDING:
                self._merge()

    def confusion(self) -> Tensor:
        """Over all batches."""
        self._merge()
        return self.matrix

    def mean_loss(self, is_mean: bool) -> float:
        """Per sample; `is_mean` says that each batch's loss is a mean already."""
        weights = self.counts if is_mean else [1] * len(self.counts)
        losses = (loss * weight for loss, weight in zip(self._stacked().tolist(), weights, strict=True))
        return exact_sum(losses) / sum(self.counts)

    def figures(self, is_mean: bool) -> dict[str, float]:
        """The loss and every metric by name."""
        return {LOSS: self.mean_loss(is_mean), **{metric.name: self._value(metric) for metric in self.metrics}}

    def _value(self, metric: Metric) -> float:
        if metric.of_confusion is not None:
            return metric.of_confusion(self.confusion())
        assert metric.of_sums is not None
        return metric.of_sums(self.sums[metric.name].cpu().double())

    def state(self) -> dict[str, Any]:
        """Plain data and tensors."""
        return {
            "matrix": self.confusion().cpu(),
            "sums": {name: sums.cpu() for name, sums in self.sums.items()},
            "losses": self._stacked(),
            "counts": list(self.counts),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """What `state` gave."""
        self.matrix.copy_(state["matrix"])
        self.sums = {name: sums.to(self.matrix.device) for name, sums in state["sums"].items()}
        self.losses = list(state["losses"].unbind())
        self.counts = list(state["counts"])

    def of_all(self, ranks: Ranks) -> Totals:
        """What all processes have counted together; all have to ask at once."""
        if not ranks.are_several:
            return self
        found = Totals(self.metrics, self.loss_name, torch.zeros_like(self.matrix))
        found.restore(together(ranks.gather(self.state())))
        return found

    def _stacked(self) -> Tensor:
        return torch.stack([loss.cpu() for loss in self.losses]) if self.losses else torch.zeros(0)

    def _merge(self) -> None:
        if self._pending:
            labels, predicted = (torch.cat([pair[side].flatten() for pair in self._pending]) for side in (0, 1))
            self.matrix += confusion(labels, predicted, len(self.matrix))
            self._pending.clear()
            self._waiting = 0


def together(states: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The states of several processes as that of one."""
    if len(states) == 1:
        return states[0]
    names = dict.fromkeys(name for state in states for name in state["sums"])
    return {
        "matrix": torch.stack([state["matrix"] for state in states]).sum(0),
        "sums": {
            name: torch.stack([state["sums"][name] for state in states if name in state["sums"]]).sum(0)
            for name in names
        },
        "losses": torch.cat([state["losses"] for state in states]),
        "counts": [count for state in states for count in state["counts"]],
    }


def exact_sum(numbers: Iterable[float]) -> float:
    """The sum, rounded once: whatever their order, and so whoever has which of them."""
    numbers = list(numbers)
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else sum(numbers)
