"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from archspec.spec.recipe import Recipe
from archspec.train.best import Row, best_row, stale_for
from archspec.train.callback import Callback
from archspec.train.data.batch import Batch
from archspec.train.data.images import ImageData
from archspec.train.faults import not_finite
from archspec.train.feed import batches_per_epoch, epoch_indices, feed
from archspec.train.learner import Learner, NotFiniteError
from archspec.train.metrics import Metric, Monitor, monitor_of
from archspec.train.mixing import Mixing
from archspec.train.parts import Scheduler, step_scheduler
from archspec.train.portions import Portions
from archspec.train.progress import Progress
from archspec.train.ranks import Ranks
from archspec.train.row import evaluated, row_of, write_row
from archspec.train.seeds import derive, forked_generators, set_generators, set_seed
from archspec.train.state import capture
from archspec.train.stop import Stop
from archspec.train.store.checkpoints import START, Checkpoints, Moment
from archspec.train.store.run_folder import RunFolder
from archspec.train.totals import Totals

_RANK = 2


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
        metrics: what is measured besides the loss.
        folder: where it is kept.
        checkpoints: what it can go on from.
        identity: what belongs into each checkpoint, so that it is never taken for another run's.
        progress: where it is told.
        mix: what is done to whole batches that are learnt from.
        stop: whether it has to.
        at: the moment: epochs count from 1.
        steps: of the optimiser, so far.
        seconds: since the last row of the history, before an interruption.
        rate: the first learning rate since then.
        history: a row per measurement.
        totals: of what was trained since the last one, by this process.
        portions: of each batch, what this process takes.
        generators: the states with which an interrupted epoch goes on; None at its start.
        callbacks: the user's, and those of the recipe.
    """

    recipe: Recipe
    learner: Learner
    data: ImageData
    scheduler: Scheduler | None
    metrics: tuple[Metric, ...]
    folder: RunFolder
    checkpoints: Checkpoints
    identity: Mapping[str, Any]
    progress: Progress
    mix: Mixing | None = None
    stop: Stop = field(default_factory=Stop)
    at: Moment = START
    steps: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    history: list[Row] = field(default_factory=list)
    totals: Totals = field(init=False)
    portions: Portions = field(init=False)
    monitor: Monitor = field(init=False)
    generators: Mapping[str, Tensor] | None = None
    callbacks: Sequence[Callback] = ()
    _started: float = 0.0
    _is_finishing: bool = False

    def __post_init__(self) -> None:
        self.totals = self._no_totals()
        self.portions = Portions(self.recipe.batch_size, self.recipe.accumulate, self.ranks)
        self.monitor = monitor_of(self.recipe, self.metrics)

    def run(self) -> None:
        """Train to the end; the folder grows with each measurement.

        Raises:
            UsageError: AS604, the loss is no finite number any more.
            KeyboardInterrupt: the user stopped it.
            SystemExit: 143, somebody sent SIGTERM. What is done is in a checkpoint.
        """
        with forked_generators(self.device), self.stop.listening():
            try:
                for each in self.callbacks:
                    each.on_start(self)
                self.save()
                while not self.is_over():
                    self._epoch()
                if self.totals.counts:
                    self.save()  # a raised limit goes on from here, and the row is as if it never was
                    self._measure()
            except _StopError:
                self.stop.obey()
            finally:
                for each in self.callbacks:
                    each.on_end(self)

    def finish(self) -> None:
        """End after the step that is under way, as at a limit of the recipe. For callbacks."""
        self._is_finishing = True

    @property
    def model(self) -> nn.Module:
        """The model whose weights are trained."""
        return self.learner.model

    @property
    def device(self) -> torch.device:
        """Where it happens."""
        return self.learner.device

    @property
    def ranks(self) -> Ranks:
        """The processes that train together."""
        return self.learner.ranks

    @property
    def best_row(self) -> Row | None:
        """The measurement of the best weights."""
        return best_row(self.history, self.monitor)

    def is_over(self) -> bool:
        """Whether all is done, or a limit is reached. An epoch without batches left is brought to its end first."""
        if self.at.batch == self._batches_per_epoch():
            return False
        patience = self.recipe.early_stopping
        if self.at.epoch > self.recipe.epochs or self._is_spent():
            return True
        return patience is not None and stale_for(self.history, self.monitor, self.recipe.min_delta) >= patience

    def _is_spent(self) -> bool:
        steps, seconds = self.recipe.max_steps, self.recipe.max_seconds
        if steps is not None and self.steps >= steps:
            return True
        if self._is_finishing:
            return True
        if seconds is None:
            return False
        return self.ranks.from_first(bool(sum(row["seconds"] for row in self.history) + self._so_far() >= seconds))

    def _so_far(self) -> float:
        """Seconds since the last row."""
        return self.seconds + (time.perf_counter() - self._started if self._started else 0.0)

    def _epoch(self) -> None:
        """What is left of this epoch, as far as the limits allow."""
        self._started = time.perf_counter()
        if not self.totals.counts:
            self.rate = self.learner.rate
        if self.at.batch == 0:
            set_seed(self.device, self._seed())
        elif self.generators is not None:
            set_generators(self.device, self.generators)
        else:
            set_seed(self.device, self._seed(self.at.batch))
        self._train()
        if self.at.batch < self._batches_per_epoch():
            return
        if self.recipe.eval_interval == "epoch" and self.at.epoch % self.recipe.eval_every == 0:
            self._measure()
        if self.scheduler is not None and self.recipe.scheduler_interval == "epoch":
            self._step_scheduler()
        self.seconds, self._started = self._so_far(), 0.0
        self.at = Moment(self.at.epoch + 1, 0)
        self.save()

    def _step_scheduler(self) -> None:
        """After an epoch. What waits for figures is not stepped where there are no new ones."""
        assert self.scheduler is not None
        row = self.history[-1] if self.history and self.history[-1]["epoch"] == self.at.epoch else None
        step_scheduler(self.scheduler, row, self.monitor.column, is_chosen=self.recipe.monitor is not None)

    def _seed(self, *more: int) -> int:
        """Of what is random in an epoch; each process has its own."""
        own = (*more, _RANK, self.ranks.rank) if self.ranks.rank or more else ()
        return derive(self.recipe.seed, self.at.epoch, *own)

    def _train(self) -> None:
        recipe = self.recipe
        indices = epoch_indices(len(self.data.train), recipe.batch_size, recipe.seed, self.at.epoch)
        left = indices[self.at.batch * recipe.batch_size :]
        self.model.train()
        if self.totals.counts and self._is_step(self.at.batch) and self._is_due():
            self._measure()  # which was interrupted
        if not len(left) or (self.at.batch and self.is_over()):
            return
        portions = replace(self.portions, before=0 if self.mix is None else self.mix.before)
        with closing(feed(self.data.train, left, self.at.epoch, recipe, self.device, portions)) as loaded:
            self._learn(loaded, len(indices))

    def _learn(self, loaded: Iterator[Batch], samples: int) -> None:
        batches, is_mean = self._batches_per_epoch(), self.learner.objective.is_mean
        for number, batch in enumerate(loaded, self.at.batch + 1):
            is_step = self._is_step(number)
            batch = batch if self.mix is None else self.mix(batch, self.at.epoch, number)
            self._batch(number, batch, self.portions.share(number, samples, is_mean=is_mean), steps=is_step)
            self.progress.step(self.at.epoch, number, batches)
            if self._has_to_stop(steps=is_step):
                self._stop()
            if is_step and self._after_step():
                return

    def _is_step(self, batch: int) -> bool:
        """Whether the optimiser steps after this batch."""
        return batch % self.recipe.accumulate == 0 or batch == self._batches_per_epoch()

    def _is_due(self) -> bool:
        """Whether it is measured after this step."""
        return self.recipe.eval_interval == "step" and self.steps % self.recipe.eval_every == 0

    def _after_step(self) -> bool:
        """What the recipe wants after so many steps; whether training is over."""
        if self._is_due():
            self._measure()
        if self.recipe.checkpoint_every and self.steps % self.recipe.checkpoint_every == 0:
            self.save()
        return self.is_over()

    def _batch(self, number: int, batch: Batch, share: float, *, steps: bool) -> None:
        try:
            loss, output = self.learner.learn(batch, share, steps=steps)
        except NotFiniteError as error:
            raise not_finite(error, self, number) from None
        if share:
            self.totals.add(loss, batch.size, output, self.learner.objective.main.target(batch))
        self.at = Moment(self.at.epoch, number)
        if not steps:
            return
        self.steps += 1
        for each in self.callbacks:
            each.on_step(self, loss)
        if self.scheduler is not None and self.recipe.scheduler_interval == "step":
            self.scheduler.step()

    def _has_to_stop(self, *, steps: bool = True) -> bool:
        """Whether somebody has asked. Several processes stop together, after a step: between steps they do not meet."""
        if self.ranks.are_several and steps:
            self.stop.signal = self.ranks.largest(self.stop.signal or 0)[0] or None
        return self.stop.signal is not None and (steps or not self.ranks.are_several)

    def _measure(self) -> None:
        """Another row of the history, for what was trained since the last one."""
        self.learner.agree_on_buffers()
        evaluation = evaluated(self, self._no_totals(), self._has_to_stop)
        if evaluation is None:
            self._stop()
        row = row_of(self, evaluation, round(self._so_far(), 3))
        self._keep(row)
        self.totals, self.seconds, self._started = self._no_totals(), 0.0, time.perf_counter()
        self.rate = self.learner.rate
        self.model.train()

    def _batches_per_epoch(self) -> int:
        return batches_per_epoch(len(self.data.train), self.recipe.batch_size)

    def _no_totals(self) -> Totals:
        main = self.learner.objective.main
        return Totals.of(self.metrics, main.name, self.data.exclusive, self.device)

    def _keep(self, row: Row) -> None:
        self.history.append(row)
        weights = self.learner.weights()
        self.ranks.first(lambda: write_row(self, weights))
        self.progress.epoch(row, self.recipe.epochs, is_best=row is self.best_row)
        for each in self.callbacks:
            each.on_measure(self, row)

    def save(self) -> None:
        """A checkpoint of this moment."""
        if self._started:
            self.seconds, self._started = self._so_far(), time.perf_counter()
        self.checkpoints.save(self.at, capture(self), self.folder.best_files())

    def _stop(self) -> NoReturn:
        self.save()
        weights = self.learner.weights()
        self.ranks.first(lambda: self.folder.save_weights("last.safetensors", weights))
        batches = f", batch {self.at.batch} of {self._batches_per_epoch()}" if self.at.batch else ""
        self.progress.note(
            f"stopped at epoch {self.at.epoch}{batches}; to go on: archspec train --resume {self.folder.path}"
        )
        raise _StopError
