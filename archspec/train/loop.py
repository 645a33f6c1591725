"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from archspec.errors import Diagnostic, UsageError
from archspec.train.data.images import Batch, ImageData
from archspec.train.metrics import METRICS
from archspec.train.parts import Scheduler, step_scheduler
from archspec.train.progress import Progress
from archspec.train.run_folder import RunFolder
from archspec.train.seeds import derive, order
from archspec.train.targets import confusion, encode, first_output, predict

Row: TypeAlias = Mapping[str, Any]

_CHECK_EVERY = 50


@dataclass(slots=True)
class Totals:
    """One phase's sums, on the device, so that no step waits for a number."""

    matrix: Tensor
    losses: list[Tensor] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def add(self, loss: Tensor, labels: Tensor, predicted: Tensor) -> None:
        self.losses.append(loss)
        self.counts.append(len(labels))
        self.matrix += confusion(labels, predicted, len(self.matrix))

    def mean_loss(self, is_mean: bool) -> float:
        """Per sample; `is_mean` says that each batch's loss is a mean already."""
        weights = torch.tensor(self.counts if is_mean else [1] * len(self.counts), dtype=torch.float64)
        losses = torch.stack(self.losses).cpu().double()
        return float((losses * weights).sum() / sum(self.counts))

    def first_not_finite(self) -> int | None:
        """The step, counted from 1."""
        finite = torch.isfinite(torch.stack(self.losses)).tolist()
        return finite.index(False) + 1 if False in finite else None


@dataclass(slots=True)
class Loop:
    """Everything that an epoch needs.

    Attributes:
        model: what is trained, on `device`.
        data: what it is trained and measured on.
        criterion: the loss, of `torch.nn`.
        optimizer: of `torch.optim`.
        scheduler: stepped after each epoch; None for a constant rate.
        metrics: names; the first one chooses the best checkpoint.
        batch_size: samples per step.
        epochs: passes over the training data.
        seed: of the order of the samples and of everything drawn while training.
        device: where it happens.
        folder: where it is kept.
        progress: where it is told.
    """

    model: nn.Module
    data: ImageData
    criterion: nn.Module
    optimizer: Optimizer
    scheduler: Scheduler | None
    metrics: tuple[str, ...]
    batch_size: int
    epochs: int
    seed: int
    device: torch.device
    folder: RunFolder
    progress: Progress
    history: list[Row] = field(default_factory=list)
    best: float = -math.inf
    best_epoch: int = 0

    def run(self) -> None:
        """Train for all epochs; `metrics.csv` and the checkpoints grow with each.

        Raises:
            UsageError: AS604, the loss is no finite number any more.
            KeyboardInterrupt: the user stopped it; the last checkpoint is then what the model was.
        """
        try:
            with forked_generators(self.device):
                for epoch in range(1, self.epochs + 1):
                    self._epoch(epoch)
        except KeyboardInterrupt:
            self._save("last.safetensors")
            raise

    def _epoch(self, epoch: int) -> None:
        torch.manual_seed(derive(self.seed, epoch))
        started = time.perf_counter()
        rate = self.optimizer.param_groups[0]["lr"]
        train = self._train(epoch)
        evaluation = self._evaluate(epoch)
        row: dict[str, Any] = {"epoch": epoch, "lr": float(rate)}
        for phase, totals in (("train", train), ("eval", evaluation)):
            row[f"{phase}_loss"] = totals.mean_loss(self._loss_is_mean)
            row |= {f"{phase}_{name}": METRICS[name](totals.matrix) for name in self.metrics}
        row["seconds"] = round(time.perf_counter() - started, 3)
        self._keep(epoch, row)
        if self.scheduler is not None:
            step_scheduler(self.scheduler, loss=row["eval_loss"], metric=row[f"eval_{self.metrics[0]}"])

    def _train(self, epoch: int) -> Totals:
        self.model.train()
        totals = self._totals()
        indices = order(len(self.data.train), self.seed, epoch)
        if len(indices) % self.batch_size == 1 and len(indices) > 1:
            indices = indices[:-1]  # batch norm has no variance of a single sample
        steps = math.ceil(len(indices) / self.batch_size)
        for step, (images, labels) in enumerate(self._on_device(self.data.train.batches, indices, epoch), 1):
            loss, output = self._step(images, labels)
            totals.add(loss, labels, predict(self._loss_name, output))
            if step % _CHECK_EVERY == 0 or step == steps:
                self._check_finite(totals, epoch)
            self.progress.step(epoch, step, steps)
        return totals

    def _step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the optimiser. LBFGS evaluates the closure several times; the first time is reported."""
        first: list[tuple[Tensor, Tensor]] = []

        def closure() -> Tensor:
            self.optimizer.zero_grad()
            output = first_output(self.model(images))
            loss: Tensor = self.criterion(output, encode(self._loss_name, labels, output))
            loss.backward()  # type: ignore[no-untyped-call]
            if not first:
                first.append((loss.detach(), output.detach()))
            return loss

        self.optimizer.step(closure)  # type: ignore[arg-type]
        return first[0]

    @torch.no_grad()
    def _evaluate(self, epoch: int) -> Totals:
        self.model.eval()
        totals = self._totals()
        for images, labels in self._on_device(self.data.eval.batches, torch.arange(len(self.data.eval)), 0):
            output = first_output(self.model(images))
            loss = self.criterion(output, encode(self._loss_name, labels, output))
            totals.add(loss, labels, predict(self._loss_name, output))
        return totals

    def _on_device(
        self, batches: Callable[[Tensor, int, int], Iterator[Batch]], indices: Tensor, epoch: int
    ) -> Iterator[Batch]:
        for images, labels in batches(indices, self.batch_size, epoch):
            yield images.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)

    def _totals(self) -> Totals:
        classes = len(self.data.classes)
        return Totals(torch.zeros(classes, classes, dtype=torch.int64, device=self.device))

    @property
    def _loss_name(self) -> str:
        return type(self.criterion).__name__

    @property
    def _loss_is_mean(self) -> bool:
        return getattr(self.criterion, "reduction", "mean") != "sum"

    def _check_finite(self, totals: Totals, epoch: int) -> None:
        step = totals.first_not_finite()
        if step is None:
            return
        kept = f"; last.safetensors is of epoch {epoch - 1}" if epoch > 1 else ""
        message = f"the loss is {float(totals.losses[step - 1])} at step {step} of epoch {epoch}{kept}"
        rate = self.optimizer.param_groups[0]["lr"]
        help = (
            f"use a smaller learning rate than {rate:g}, e.g. `lr: {rate / 10:g}`, a normalisation layer, "
            "or a loss that fits the last layer (no logarithm of what can be 0)"
        )
        raise UsageError(Diagnostic("AS604", message, help=help))

    def _keep(self, epoch: int, row: Row) -> None:
        if not self.history:
            self.folder.append_row("metrics.csv", row)
        self.history.append(row)
        self.folder.append_row("metrics.csv", row.values())
        self._save("last.safetensors")
        metric = row[f"eval_{self.metrics[0]}"]
        if metric > self.best:
            self.best, self.best_epoch = metric, epoch
            self._save("best.safetensors")
        self.progress.epoch(row, self.epochs, is_best=epoch == self.best_epoch)

    def _save(self, name: str) -> None:
        self.folder.save_weights(name, self.model.state_dict())


@contextmanager
def forked_generators(device: torch.device) -> Iterator[None]:
    """The caller's random state comes back afterwards, the device's too where torch can keep it."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield
