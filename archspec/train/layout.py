"""A built model as it is trained: how it lies in memory, and what its batch norms look at."""

from __future__ import annotations

import torch
from torch import distributed, nn

from archspec.spec.recipe import Recipe


def laid_out(model: nn.Module, recipe: Recipe) -> nn.Module:
    """The model with its weights channels-last and its batch norms synchronised, as the recipe asks.

    One process has nothing to synchronise, and torch's layer for it works on accelerators only.
    """
    if recipe.sync_batchnorm and _is_one_of_several() and next(model.parameters()).device.type != "cpu":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
    return model.to(memory_format=torch.channels_last) if recipe.channels_last else model


def _is_one_of_several() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
