"""A pass over data that is measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn

from archspec.train.data.batch import Batch
from archspec.train.objective import Objective
from archspec.train.totals import Totals


@torch.no_grad()
def measure(
    model: nn.Module,
    objective: Objective,
    batches: Iterable[tuple[Batch, bool]],
    totals: Totals,
    stops: Callable[[], bool] = lambda: False,
) -> bool:
    """Add up the losses and metrics of a model in eval mode; False where it was stopped before the end.

    Args:
        model: in eval mode.
        objective: what is minimised.
        batches: with each, whether it counts.
        totals: what is added to.
        stops: asked after each batch.
    """
    for batch, counts in batches:
        loss, output = objective(model(*batch.inputs), batch)
        if counts:
            totals.add(loss, batch.size, output, objective.main.target(batch))
        if stops():
            return False
    return True
