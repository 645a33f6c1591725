"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from archspec.errors import Diagnostic, UsageError
from archspec.spec.recipe import Recipe
from archspec.train.best import best_epochs, keep_best, stale_for
from archspec.train.data.images import Batch, ImageData
from archspec.train.learner import Learner, NotFiniteError
from archspec.train.metrics import METRICS
from archspec.train.parts import Scheduler, step_scheduler
from archspec.train.progress import Progress
from archspec.train.seeds import derive, forked_generators, order, set_generators
from archspec.train.state import capture
from archspec.train.stop import Stop
from archspec.train.store.checkpoints import START, Checkpoints, Moment
from archspec.train.store.run_folder import RunFolder
from archspec.train.targets import predict
from archspec.train.totals import Totals

Row: TypeAlias = Mapping[str, Any]

_EVALUATION = 1


class _StopError(Exception):
    """Somebody asked for it; everything is saved."""


@dataclass(slots=True)
class Loop:
    """Everything that an epoch needs, and where the run is.

    Attributes:
        recipe: how it is trained.
        learner: the model, the loss and the optimiser.
        data: what it is trained and measured on.
        scheduler: None for a constant rate.
        metrics: names; the first one chooses the best epoch.
        folder: where it is kept.
        checkpoints: what it can go on from.
        identity: what belongs into each checkpoint, so that it is never taken for another run's.
        progress: where it is told.
        stop: whether it has to.
        at: the moment: epochs count from 1.
        steps: of the optimiser, so far.
        seconds: of the epoch that is under way, before an interruption.
        rate: the first learning rate at the start of the epoch that is under way.
        history: a row per finished epoch.
        totals: of the training part of the epoch that is under way.
        generators: the states with which an interrupted epoch goes on; None at its start.
    """

    recipe: Recipe
    learner: Learner
    data: ImageData
    scheduler: Scheduler | None
    metrics: tuple[str, ...]
    folder: RunFolder
    checkpoints: Checkpoints
    identity: Mapping[str, Any]
    progress: Progress
    stop: Stop = field(default_factory=Stop)
    at: Moment = START
    steps: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    history: list[Row] = field(default_factory=list)
    totals: Totals = field(init=False)
    generators: Mapping[str, Tensor] | None = None
    _started: float = 0.0

    def __post_init__(self) -> None:
        self.totals = self._no_totals()

    def run(self) -> None:
        """Train to the end; the folder grows with each epoch.

        Raises:
            UsageError: AS604, the loss is no finite number any more.
            KeyboardInterrupt: the user stopped it.
            SystemExit: 143, somebody sent SIGTERM. What is done is in a checkpoint.
        """
        with forked_generators(self.device), self.stop.listening():
            try:
                self.save()
                while not self.is_over():
                    self._epoch()
            except _StopError:
                self.stop.obey()

    @property
    def model(self) -> nn.Module:
        """The model whose weights are trained."""
        return self.learner.model

    @property
    def device(self) -> torch.device:
        """Where it happens."""
        return self.learner.device

    @property
    def best(self) -> float:
        """The first metric on the evaluation data, at its best."""
        return self.history[self.best_epoch - 1][self.deciding] if self.history else -math.inf

    @property
    def best_epoch(self) -> int:
        """Counted from 1; 0 before there is one."""
        return next(iter(best_epochs(self.history, self.deciding, 1)), 0)

    @property
    def deciding(self) -> str:
        """The column of the history that chooses the best epoch."""
        return f"eval_{self.metrics[0]}"

    def is_over(self) -> bool:
        """Whether all is done, or a limit of the recipe is reached."""
        recipe = self.recipe
        if self.at.epoch > recipe.epochs or len(self.history) >= self.at.epoch:
            return True
        if self.at.batch == 0 and self._is_spent():
            return True
        stale = stale_for(self.history, self.deciding, recipe.min_delta)
        return recipe.early_stopping is not None and stale >= recipe.early_stopping

    def _is_spent(self) -> bool:
        steps, seconds = self.recipe.max_steps, self.recipe.max_seconds
        if steps is not None and self.steps >= steps:
            return True
        return seconds is not None and sum(row["seconds"] for row in self.history) + self._so_far() >= seconds

    def _so_far(self) -> float:
        """Seconds of this epoch."""
        running = time.perf_counter() - self._started if self._started else 0.0
        return self.seconds + running

    def _epoch(self) -> None:
        self._started = time.perf_counter()
        if self.at.batch == 0:
            self.rate = float(self.learner.optimizer.param_groups[0]["lr"])
            torch.manual_seed(derive(self.recipe.seed, self.at.epoch))
        elif self.generators is not None:
            set_generators(self.device, self.generators)
        self._train()
        row = self._row()
        is_whole = self.at.batch == self._batches_per_epoch()
        if not is_whole:
            self.save()  # a limit ends the run here; raised, it goes on from here, and this row is as if it never was
        self._keep(row)
        if is_whole:
            if self.scheduler is not None and self.recipe.scheduler_interval == "epoch":
                step_scheduler(self.scheduler, loss=row["eval_loss"], metric=row[self.deciding])
            self.at = Moment(self.at.epoch + 1, 0)
            self.seconds, self._started, self.totals = 0.0, 0.0, self._no_totals()
            self.save()

    def _train(self) -> None:
        self.model.train()
        indices = self._indices()
        left = indices[self.at.batch * self.recipe.batch_size :]
        if self._is_spent() or not len(left):
            return
        with closing(self._on_device(self.data.train.batches, left, self.at.epoch)) as loaded:
            self._learn(loaded, len(indices))

    def _learn(self, loaded: Iterator[Batch], samples: int) -> None:
        epoch, every, batches = self.at.epoch, self.recipe.accumulate, self._batches_per_epoch()
        for batch, (images, labels) in enumerate(loaded, self.at.batch + 1):
            steps = batch % every == 0 or batch == batches
            self._batch(batch, images, labels, self._share(batch, len(labels), samples), steps=steps)
            self.progress.step(epoch, batch, batches)
            if self.stop.signal is not None:
                self._stop()
            if steps:
                if self.recipe.checkpoint_every and self.steps % self.recipe.checkpoint_every == 0:
                    self.save()
                if self._is_spent():
                    return

    def _batch(self, batch: int, images: Tensor, labels: Tensor, share: float, *, steps: bool) -> None:
        try:
            loss, output = self.learner.learn(images, labels, share, steps=steps)
        except NotFiniteError as error:
            raise self._not_finite(error, batch) from None
        self.totals.add(loss, labels, predict(self.learner.objective.main.name, output))
        self.at = Moment(self.at.epoch, batch)
        if not steps:
            return
        self.steps += 1
        if self.scheduler is not None and self.recipe.scheduler_interval == "step":
            self.scheduler.step()

    def _share(self, batch: int, count: int, total: int) -> float:
        """How much of its step's gradient a batch is, so that all samples of a step weigh the same."""
        size, every = self.recipe.batch_size, self.recipe.accumulate
        if every == 1 or not self.learner.objective.is_mean:
            return 1.0
        first = (batch - 1) // every * every * size
        return count / (min(first + every * size, total) - first)

    @torch.no_grad()
    def _evaluate(self) -> Totals:
        model = self.learner.measured
        model.eval()
        totals = self._no_totals()
        torch.manual_seed(derive(self.recipe.seed, self.at.epoch, _EVALUATION))
        everything = torch.arange(len(self.data.eval))
        with closing(self._on_device(self.data.eval.batches, everything, 0)) as loaded:
            for images, labels in loaded:
                loss, output = self.learner.objective(model(images), labels)
                totals.add(loss, labels, predict(self.learner.objective.main.name, output))
                if self.stop.signal is not None:
                    self._stop()
        return totals

    def _row(self) -> dict[str, Any]:
        """A row of `metrics.csv`."""
        evaluation = self._evaluate()
        row: dict[str, Any] = {"epoch": self.at.epoch, "lr": self.rate}
        for phase, totals in (("train", self.totals), ("eval", evaluation)):
            row[f"{phase}_loss"] = totals.mean_loss(self.learner.objective.is_mean)
            row |= {f"{phase}_{name}": METRICS[name](totals.confusion()) for name in self.metrics}
        row["seconds"] = round(self._so_far(), 3)
        return row

    def _on_device(
        self, batches: Callable[[Tensor, int, int], Generator[Batch, None, None]], indices: Tensor, epoch: int
    ) -> Generator[Batch, None, None]:
        with closing(batches(indices, self.recipe.batch_size, epoch)) as loaded:
            for images, labels in loaded:
                images = images.to(self.device, non_blocking=True)
                if self.recipe.channels_last and images.ndim == 4:
                    images = images.contiguous(memory_format=torch.channels_last)
                yield images, labels.to(self.device, non_blocking=True)

    def _indices(self) -> Tensor:
        """The order of this epoch."""
        count, size = len(self.data.train), self.recipe.batch_size
        indices = order(count, self.recipe.seed, self.at.epoch)
        return indices[:-1] if count % size == 1 and count > 1 else indices  # batch norm has no variance of one sample

    def _batches_per_epoch(self) -> int:
        return batches_per_epoch(len(self.data.train), self.recipe.batch_size)

    def _no_totals(self) -> Totals:
        return Totals.of(len(self.data.classes), self.learner.device)

    def _keep(self, row: Row) -> None:
        if not self.history:
            self.folder.append_row("metrics.csv", row)
        self.history.append(row)
        self.folder.append_row("metrics.csv", row.values())
        weights = self.learner.measured.state_dict()
        self.folder.save_weights("last.safetensors", weights)
        keep_best(self.folder, self.history, self.deciding, self.recipe.best_kept, weights)
        self.progress.epoch(row, self.recipe.epochs, is_best=row["epoch"] == self.best_epoch)

    def save(self) -> None:
        """A checkpoint of this moment."""
        if self._started:
            self.seconds, self._started = self._so_far(), time.perf_counter()
        self.checkpoints.save(self.at, capture(self), self.folder.best_files())

    def _stop(self) -> None:
        self.save()
        self.folder.save_weights("last.safetensors", self.learner.measured.state_dict())
        batches = f", batch {self.at.batch} of {self._batches_per_epoch()}" if self.at.batch else ""
        self.progress.note(
            f"stopped at epoch {self.at.epoch}{batches}; to go on: archspec train --resume {self.folder.path}"
        )
        raise _StopError

    def _not_finite(self, error: NotFiniteError, batch: int) -> UsageError:
        rate = self.learner.optimizer.param_groups[0]["lr"]
        what = "the loss" if error.gradient is None else f"the gradient of `{error.gradient}`"
        found = error.loss if error.gradient is None else "not finite"
        kept = f"; last.safetensors is of epoch {self.at.epoch - 1}" if self.history else ""
        message = f"{what} is {found} at step {batch} of epoch {self.at.epoch}{kept}"
        help = (
            f"use a smaller learning rate than {rate:g}, e.g. `lr: {rate / 10:g}`, a normalisation layer, "
            "or a loss that fits the last layer (no logarithm of what can be 0)"
        )
        return UsageError(Diagnostic("AS604", message, help=help))


def batches_per_epoch(samples: int, size: int) -> int:
    """The last one may be smaller; one of a single sample is left out."""
    return math.ceil(samples / size) - (samples % size == 1 and samples > 1)
