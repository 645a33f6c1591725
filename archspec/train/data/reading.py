"""What a data set of a caller's own gives as a target, as a tensor that the loss can take; or why it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from archspec.spec.recipe import Recipe
from archspec.train.data.dense import IDENTITY
from archspec.train.targets import IGNORED, LEAVE_OUT


def as_target(target: Any) -> Tensor:
    """A class or classes as int64, numbers as float32; a mask that is an image as its classes, 255 for none."""
    if isinstance(target, Image.Image):
        return IDENTITY.read(target)
    tensor = torch.as_tensor(target)
    return tensor.float() if tensor.is_floating_point() else tensor.long()


def left_out(recipe: Recipe) -> int:
    """The class that the main loss leaves out, where the recipe names one."""
    _, main = recipe.output_losses[0]
    found = main.loss.arguments.get("ignore_index", IGNORED)
    return found if isinstance(found, int) else IGNORED


def without(labels: Tensor, left_out: int) -> Tensor:
    """Classes, of which one is none."""
    return labels if left_out == IGNORED or labels.is_floating_point() else labels.where(labels != left_out, IGNORED)


@dataclass(frozen=True, slots=True)
class Classes:
    """What reads classes.

    Attributes:
        count: how many there are.
        left_out: one that is none.
        everywhere: whether the losses want a label everywhere.
    """

    count: int
    left_out: int
    everywhere: bool

    @classmethod
    def of(cls, recipe: Recipe, count: int) -> Classes:
        """As the recipe's losses want them."""
        losses = {each.loss.name for _, each in recipe.output_losses}
        return cls(count, left_out(recipe), not losses <= LEAVE_OUT)

    def __call__(self, target: Any) -> Tensor:
        """Of a sample.

        Raises:
            ValueError: they are others, or there are none where there have to be.
        """
        labels = without(as_target(target), self.left_out)
        if labels.is_floating_point():
            raise ValueError("its target is not a class, as that of the first sample is")
        known = labels[labels != IGNORED]
        if self.everywhere and len(known) < labels.numel():
            raise ValueError("it has no label, or not everywhere, and the loss needs one")
        if len(known) and not 0 <= int(known.min()) <= int(known.max()) < self.count:
            wrong = known[(known < 0) | (known >= self.count)][0]
            raise ValueError(
                f"its class is {int(wrong)}, and there are {self.count}, counted from 0; {IGNORED} is none"
            )
        return labels
