"""Hooks into a run for code of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from archspec.train.loop import Loop


class Callback:
    """To be derived from: what is not overridden does nothing. Of several processes, the first one calls them.

    Each gets the run: `run.model`, `run.learner.optimizer`, `run.steps`, `run.at.epoch`, `run.history`,
    `run.folder.path`, `run.device`. `run.finish()` ends the training after the step that is under way, as a limit of
    the recipe does. What a callback raises ends the run.
    """

    def on_start(self, run: Loop) -> None:
        """Before the first step, or the first one after an interruption."""

    def on_step(self, run: Loop, loss: Tensor) -> None:
        """After each step of the optimiser; `loss` is of its last batch, on the device."""

    def on_measure(self, run: Loop, row: Mapping[str, Any]) -> None:
        """After each row of `metrics.csv`, mostly one per epoch; its weights are saved."""

    def on_end(self, run: Loop) -> None:
        """At the end, whatever the reason."""
