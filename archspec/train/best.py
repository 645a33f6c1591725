"""Which measurements were the best, told from the history alone, and their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from archspec.spec.recipe import Recipe
from archspec.train.metrics import Monitor
from archspec.train.store.run_folder import RunFolder

Row = Mapping[str, Any]


def best_rows(history: Sequence[Row], monitor: Monitor, count: int) -> list[Row]:
    """The best `count` measurements, the best first; of equal ones the earlier is better."""
    return sorted(history, key=lambda row: -monitor.goodness(row))[:count]


def best_row(history: Sequence[Row], monitor: Monitor) -> Row | None:
    """The best measurement; None before there is one."""
    return next(iter(best_rows(history, monitor, 1)), None)


def stale_for(history: Sequence[Row], monitor: Monitor, min_delta: float) -> int:
    """Measurements since the last one that was better than all before it by more than `min_delta`."""
    best, since = -math.inf, 0
    for row in history:
        goodness = monitor.goodness(row)
        if goodness > best + min_delta:
            best, since = goodness, 0
        else:
            since += 1
    return since


def keep_best(
    folder: RunFolder, history: Sequence[Row], monitor: Monitor, recipe: Recipe, weights: Mapping[str, Tensor]
) -> None:
    """After a measurement: the weights that were measured, if it is one of the best; those that are so no more go.

    Args:
        folder: of the run.
        history: the last row is this measurement's.
        monitor: what decides.
        recipe: how many are kept: `best.safetensors`, and with more than one `best-epoch-<n>.safetensors` for each, or
            `best-step-<n>` where it is measured after so many steps.
        weights: what was measured.
    """
    count, unit = recipe.best_kept, recipe.eval_interval
    best, this = best_rows(history, monitor, count), history[-1]
    if this not in best:
        return
    if count > 1:
        folder.save_weights(f"best-{unit}-{this[unit]}.safetensors", weights)
    if this is best[0]:
        folder.save_weights("best.safetensors", weights)
    folder.keep_best_of(f"best-{unit}-{row[unit]}.safetensors" for row in best)
