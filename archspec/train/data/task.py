"""What a recipe makes of a data set: its main loss says whether classes, numbers or nothing is learnt from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archspec.spec.recipe import LOSS_TARGETS, Recipe
from archspec.train.data.images import ImageData


def as_learnt(recipe: Recipe, data: ImageData, inputs: Sequence[str]) -> ImageData:
    """The data set with the task that the main loss sets.

    Args:
        recipe: whose main loss is its only one, or its first one.
        data: as it is by itself.
        inputs: names of the model's inputs, one of which may be what is to be made again.
    """
    _, main = recipe.output_losses[0]
    wanted = LOSS_TARGETS.get(main.loss.name)
    if wanted in ("none", "pair", "sequence"):
        return replace(data, task="none", classes=())
    if wanted == "values" or main.target in inputs:
        return replace(data, task="regression", classes=())
    return data
