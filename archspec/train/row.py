"""A row of a run's history: what was trained since the last one, and the evaluation data measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from archspec.train.best import Row, keep_best
from archspec.train.feed import feed
from archspec.train.measure import measure
from archspec.train.seeds import derive, forked_generators
from archspec.train.totals import Totals

if TYPE_CHECKING:
    from archspec.train.loop import Loop

_EVALUATION = 1


def evaluated(loop: Loop, totals: Totals, stops: Callable[[], bool]) -> Totals | None:
    """The evaluation data, measured; None where somebody wants it to stop. What training draws stays as it is.

    Args:
        loop: whose model, and which epoch.
        totals: of nothing yet.
        stops: asked after each batch.
    """
    model = loop.learner.measured.eval()
    everything = torch.arange(len(loop.data.eval))
    with forked_generators(loop.device):
        torch.manual_seed(derive(loop.recipe.seed, loop.at.epoch, _EVALUATION))
        with closing(feed(loop.data.eval, everything, 0, loop.recipe, loop.device, loop.portions)) as loaded:
            counted = loop.portions.counting(loaded, len(everything))
            is_whole = measure(model, loop.learner.objective, counted, totals, stops)
    return totals if is_whole else None


def row_of(loop: Loop, evaluation: Totals, seconds: float) -> Row:
    """The row, the same in all processes, which have to ask at once.

    Args:
        loop: with what was trained since the last row.
        evaluation: what this process has measured.
        seconds: since the last row.
    """
    training = loop.totals.of_all(loop.ranks)
    epoch = loop.at.epoch - (loop.at.batch == 0)
    row: dict[str, Any] = {"epoch": epoch, "step": loop.steps, "lr": loop.rate}
    for phase, totals in (("train", training), ("eval", evaluation.of_all(loop.ranks))):
        figures = totals.figures(loop.learner.objective.is_mean)
        row |= {f"{phase}_{name}": value for name, value in figures.items()}
    row["seconds"] = seconds
    return loop.ranks.from_first(row)


def write_row(loop: Loop, weights: Mapping[str, Tensor]) -> None:
    """The newest row into the run folder, with the weights that it is of."""
    loop.folder.append_metrics(loop.history[-1], first=len(loop.history) == 1)
    loop.folder.save_weights("last.safetensors", weights)
    keep_best(loop.folder, loop.history, loop.monitor, loop.recipe, weights)
