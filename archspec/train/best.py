"""Which epochs were the best, told from the history alone, and their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from archspec.train.store.run_folder import RunFolder


def best_epochs(history: Sequence[Mapping[str, Any]], column: str, count: int) -> list[int]:
    """The best `count` epochs, the best first; of equal ones the earlier is better."""
    values = [(-_known(row[column]), row["epoch"]) for row in history]
    return [epoch for _, epoch in sorted(values)[:count]]


def _known(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def stale_for(history: Sequence[Mapping[str, Any]], column: str, min_delta: float) -> int:
    """Epochs since the last one that was better than all before it by more than `min_delta`."""
    best, since = -math.inf, 0
    for row in history:
        if row[column] > best + min_delta:
            best, since = row[column], 0
        else:
            since += 1
    return since


def keep_best(
    folder: RunFolder, history: Sequence[Mapping[str, Any]], column: str, count: int, weights: Mapping[str, Tensor]
) -> None:
    """After an epoch: its weights, where it is one of the best; those that are so no more go.

    Args:
        folder: of the run.
        history: the last row is this epoch's.
        column: which decides.
        count: how many are kept: `best.safetensors`, and with more than one `best-epoch-<n>.safetensors` for each.
        weights: of this epoch.
    """
    epochs, this = best_epochs(history, column, count), history[-1]["epoch"]
    if this not in epochs:
        return
    if count > 1:
        folder.save_weights(f"best-epoch-{this}.safetensors", weights)
    if this == epochs[0]:
        folder.save_weights("best.safetensors", weights)
    folder.keep_best_of(epochs)
