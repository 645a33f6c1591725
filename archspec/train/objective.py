"""What is minimised: the losses of one or several outputs, added up with their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from archspec.elaborate.losses import outputs_of_loss
from archspec.spec.recipe import LOSS_TARGETS, Recipe
from archspec.train.data.batch import TARGET, Batch
from archspec.train.parts import make_loss
from archspec.train.targets import IGNORED, as_pair, classes_second, ctc_arguments, encode, first_output


@dataclass(frozen=True, slots=True)
class Term:
    """The loss of one output, or of several.

    Attributes:
        name: the loss's, in `torch.nn`.
        criterion: the loss.
        outputs: places and names of those that it takes; empty for the first one.
        weight: how much of the whole it is.
        aim: where its target is: the place of an input, or the name of a target of the data.
    """

    name: str
    criterion: nn.Module
    outputs: tuple[tuple[int, str], ...] = ()
    weight: float = 1.0
    aim: int | str = TARGET

    def all_of(self, outputs: Any) -> tuple[Tensor, ...] | None:
        """Its outputs among what the model returned; None where one is not there, as in eval mode an auxiliary one."""
        if not self.outputs:
            return (first_output(outputs),)
        found = [_picked(outputs, place, name) for place, name in self.outputs]
        there = tuple(each for each in found if each is not None)
        return there if len(there) == len(found) else None

    def at(self, outputs: Any) -> Tensor:
        """The first of its outputs, which has to be there."""
        found = self.all_of(outputs)
        assert found is not None
        return found[0]

    @property
    def ignored(self) -> int:
        """The label that the criterion leaves out."""
        return getattr(self.criterion, "ignore_index", IGNORED)

    def target(self, batch: Batch) -> Tensor | None:
        """What its output is compared with; None for nothing."""
        if LOSS_TARGETS[self.name] == "none":
            return None
        return batch.targets.get(self.aim) if isinstance(self.aim, str) else batch.inputs[self.aim]

    def loss(self, outputs: tuple[Tensor, ...], batch: Batch) -> Tensor:
        """Unweighted.

        Raises:
            ValueError: the data has no such target, or one of another shape.
        """
        loss: Tensor = self.criterion(*self._arguments(outputs, batch))
        return loss

    def _arguments(self, outputs: tuple[Tensor, ...], batch: Batch) -> tuple[Tensor, ...]:
        """In the order of the criterion's `forward`."""
        wanted = LOSS_TARGETS[self.name]
        if wanted == "none":
            return outputs
        first, target = outputs[0], self.target(batch)
        if target is None:
            raise ValueError(f"the data has no target `{self.aim}`")
        if wanted == "sequence":
            return ctc_arguments(first, target)
        if wanted == "pair":
            return (*outputs, as_pair(target, first, is_of_two=len(outputs) == 2))
        if not target.is_floating_point():
            first = classes_second(first, target)
            if self.ignored != IGNORED:
                target = torch.where(target == IGNORED, self.ignored, target)
        return (first, encode(self.name, target, first), *outputs[1:])


def _picked(outputs: Any, place: int, name: str) -> Tensor | None:
    if isinstance(outputs, Mapping):
        found = outputs.get(name)
    elif isinstance(outputs, (tuple, list)):
        found = outputs[place] if place < len(outputs) else None
    else:
        found = outputs if place == 0 else None
    return None if found is None else first_output(found)


@dataclass(frozen=True, slots=True)
class Objective:
    """Attributes:
    terms: the main one first; the metrics are those of its output.
    """

    terms: Sequence[Term]

    @property
    def main(self) -> Term:
        """The first one."""
        return self.terms[0]

    @property
    def is_mean(self) -> bool:
        """Whether a batch's loss is a mean over its samples."""
        return getattr(self.main.criterion, "reduction", "mean") != "sum"

    def __call__(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """The whole loss, and the main output."""
        main = self.main.all_of(outputs)
        assert main is not None
        if len(self.terms) == 1 and self.main.weight == 1:
            return self.main.loss(main, batch), main[0]
        there = [(term, given) for term in self.terms if (given := term.all_of(outputs)) is not None]
        losses = [term.weight * term.loss(given, batch) for term, given in there]
        return sum(losses[1:], start=losses[0]), main[0]


def make_objective(
    recipe: Recipe, outputs: Sequence[str], device: torch.device, inputs: Sequence[str] = ()
) -> Objective:
    """The recipe's losses.

    Args:
        recipe: whose outputs the model has.
        outputs: names of all that the model returns in training mode, in order.
        device: where they are computed.
        inputs: names of all that the model takes, in order.
    """
    terms = []
    for name, each in recipe.output_losses:
        taken = [(outputs.index(output), output) for output in outputs_of_loss(name, each, outputs)]
        is_first = len(outputs) == 1 or (name is None and len(taken) == 1)
        aim: int | str = each.target or TARGET
        if aim in inputs:
            aim = inputs.index(str(aim))
        criterion = make_loss(each.loss).to(device)
        terms.append(Term(each.loss.name, criterion, () if is_first else tuple(taken), each.weight, aim))
    return Objective(tuple(terms))
