"""A pass over data that is measured on."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from archspec.train.data.batch import Batch
from archspec.train.objective import Objective
from archspec.train.stop import Stop
from archspec.train.totals import Totals


@torch.no_grad()
def measure(
    model: nn.Module, objective: Objective, batches: Iterable[Batch], totals: Totals, stop: Stop | None = None
) -> bool:
    """Add up the losses and metrics of a model in eval mode; False where it was stopped before the end."""
    for batch in batches:
        loss, output = objective(model(*batch.inputs), batch)
        totals.add(loss, batch.size, output, objective.main.target(batch))
        if stop is not None and stop.signal is not None:
            return False
    return True
