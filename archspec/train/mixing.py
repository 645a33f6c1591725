"""MixUp and CutMix: batches whose samples and labels are mixed, by which batch it is and nothing drawn before.

Both mix each sample with the one before it in the batch, the first one with the last. A process that has a portion of
the batch is given the sample before its first one too, and so comes to its part of what one process would make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, stack

from archspec.elaborate.nested import nested
from archspec.spec.recipe import MIXING, Named, Recipe
from archspec.train.data.batch import TARGET, Batch
from archspec.train.data.images import ImageData, ImageShape
from archspec.train.parts import make_transforms
from archspec.train.seeds import seeded

_MIXING = 2


@dataclass(frozen=True, slots=True)
class Mixing:
    """Attributes:
    transform: of images [n, C, H, W] and classes [n]; gives a probability for each class, [n, classes].
    shape: of the images.
    seed: the recipe's.
    before: samples at the start of a batch that are there for the others and go afterwards.
    """

    transform: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    shape: ImageShape
    seed: int
    before: int = 0

    def __call__(self, batch: Batch, epoch: int, number: int) -> Batch:
        """The batch with this number of the epoch, mixed; the random numbers are those of (seed, epoch, number)."""
        (images,) = batch.inputs
        as_images = images.reshape(-1, self.shape.channels, *self.shape.size)
        with seeded(self.seed, epoch, number, _MIXING):
            mixed, labels = self.transform(as_images, _as_classes(batch.target))
        targets = {name: each[self.before :] for name, each in {**batch.targets, TARGET: labels}.items()}
        return Batch((mixed.reshape(images.shape)[self.before :],), targets)


def _as_classes(targets: Tensor) -> Tensor:
    """Classes and their shares as they are; of the probability of a yes, [n] or [n, 1], that of a no and of a yes."""
    if not targets.is_floating_point() or targets.shape[1:].numel() > 1:
        return targets
    yes = targets.flatten()
    return stack([1 - yes, yes], 1)


def make_mixing(recipe: Recipe, data: ImageData, *, in_portions: bool = False) -> Mixing | None:
    """What `transforms.batch` asks for; None for nothing.

    Args:
        recipe: the `train` section.
        data: whose images are mixed.
        in_portions: whether the batches are portions of larger ones, each with the sample before its first one.
    """
    named = [_of_classes(each, len(data.classes)) for each in recipe.transforms.batch]
    transform = make_transforms(named)
    return (
        None
        if transform is None or data.preparation is None
        else Mixing(transform, data.preparation.shape, recipe.seed, int(in_portions))
    )


def _of_classes(named: Named, classes: int) -> Named:
    """With the number of classes, which nobody has to write."""
    if named.name in MIXING:
        return Named(named.name, {"num_classes": classes, **named.arguments}, named.span)
    if not isinstance(named.arguments.get("transforms"), Sequence):
        return named
    inner = [_of_classes(each, classes) for each in map(nested, named.arguments["transforms"]) if each is not None]
    again: dict[str, Any] = {**named.arguments, "transforms": [{each.name: each.arguments} for each in inner]}
    return Named(named.name, again, named.span)
