"""What is minimised: the losses of one or several outputs, added up with their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from archspec.spec.recipe import Recipe
from archspec.train.data.batch import TARGET, Batch
from archspec.train.parts import make_loss
from archspec.train.targets import IGNORED, classes_second, encode, first_output


@dataclass(frozen=True, slots=True)
class Term:
    """The loss of one output.

    Attributes:
        name: the loss's, in `torch.nn`.
        criterion: the loss.
        output: the output's place and name; None for the first one.
        weight: how much of the whole it is.
    """

    name: str
    criterion: nn.Module
    output: tuple[int, str] | None = None
    weight: float = 1.0

    def of(self, outputs: Any) -> Tensor | None:
        """Its output among what the model returned; None where it is not there, as in eval mode an auxiliary one."""
        if self.output is None:
            return first_output(outputs)
        place, name = self.output
        if isinstance(outputs, Mapping):
            found = outputs.get(name)
        elif isinstance(outputs, (tuple, list)):
            found = outputs[place] if place < len(outputs) else None
        else:
            found = outputs if place == 0 else None
        return None if found is None else first_output(found)

    def at(self, outputs: Any) -> Tensor:
        """As `of`, where it has to be there."""
        found = self.of(outputs)
        assert found is not None
        return found

    @property
    def ignored(self) -> int:
        """The label that the criterion leaves out."""
        return getattr(self.criterion, "ignore_index", IGNORED)

    def target(self, batch: Batch) -> Tensor | None:
        """What its output is compared with; None for nothing."""
        return batch.targets.get(TARGET)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Unweighted."""
        target = self.target(batch)
        assert target is not None
        if not target.is_floating_point():
            output = classes_second(output, target)
            if self.ignored != IGNORED:
                target = torch.where(target == IGNORED, self.ignored, target)
        loss: Tensor = self.criterion(output, encode(self.name, target, output))
        return loss


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
        main = self.main.at(outputs)
        if len(self.terms) == 1 and self.main.weight == 1:
            return self.main.loss(main, batch), main
        there = [(term, output) for term in self.terms if (output := term.of(outputs)) is not None]
        losses = [term.weight * term.loss(output, batch) for term, output in there]
        return sum(losses[1:], start=losses[0]), main


def make_objective(recipe: Recipe, outputs: Sequence[str], device: torch.device) -> Objective:
    """The recipe's losses.

    Args:
        recipe: whose outputs the model has.
        outputs: names of all that the model returns in training mode, in order.
        device: where they are computed.
    """
    terms = []
    for name, each in recipe.output_losses:
        output = None if name is None else (outputs.index(name), name)
        terms.append(Term(each.loss.name, make_loss(each.loss).to(device), output, each.weight))
    return Objective(tuple(terms))
