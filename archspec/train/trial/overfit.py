"""A few batches learnt by heart: what cannot do that will not learn more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch

from archspec.errors import Diagnostic, UsageError, plural
from archspec.spec.recipe import Recipe, Transforms
from archspec.train.data.batch import Batch
from archspec.train.learner import NotFiniteError
from archspec.train.prepare import Prepared
from archspec.train.seeds import forked_generators

_STEPS = 1000
_PERFECT = 0.999
_LITTLE = 0.01
_TOLD = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class ByHeart:
    """Attributes:
    steps: that were taken.
    first: loss and metrics on these batches before the first step.
    last: after the last one.
    """

    steps: int
    first: dict[str, float]
    last: dict[str, float]


def recipe_by_heart(recipe: Recipe) -> Recipe:
    """The same without what keeps a model from learning a batch by heart: augmentation, averages, accumulation."""
    transforms = Transforms(recipe.transforms.eval, recipe.transforms.eval)
    return replace(recipe, transforms=transforms, ema=None, accumulate=1, scheduler=None)


def overfit(
    prepared: Prepared, count: int, told: Callable[[int, dict[str, float]], None], steps: int = _STEPS
) -> ByHeart:
    """Train on the same few batches until they are known by heart, at a constant rate.

    Args:
        prepared: of `recipe_by_heart`.
        count: batches.
        told: called with steps and figures on the way.
        steps: after which it is given up.

    Raises:
        UsageError: AS631, they are not known by heart after so many steps; AS604, the loss is not finite.
    """
    with forked_generators(prepared.learner.device):
        torch.manual_seed(prepared.recipe.seed)
        batches = list(islice(prepared.batches(1), count))
        first = figures = prepared.measure(batches)
        told(0, first)
        for step in range(1, steps + 1):
            _step(prepared, batches, step)
            if not _is_told(step):
                continue
            figures = prepared.measure(batches)
            told(step, figures)
            if _is_known(prepared, first, figures):
                return ByHeart(step, first, figures)
    raise UsageError(_not_learnt(prepared, len(batches), steps, first, figures))


def _step(prepared: Prepared, batches: Sequence[Batch], step: int) -> None:
    try:
        prepared.learn(batches[(step - 1) % len(batches)])
    except NotFiniteError as error:
        what = "the loss" if error.gradient is None else f"the gradient of `{error.gradient}`"
        message = f"{what} is not finite at step {step}"
        help = "use a smaller learning rate: `archspec train SPEC --find-lr` looks for one"
        raise UsageError(Diagnostic("AS604", message, help=help)) from None


def _is_told(step: int) -> bool:
    """1, 2, 5, 10, 20, 50, …, and from 100 on every hundredth."""
    if step >= 100:
        return step % 50 == 0
    return any(step == digit * power for digit in _TOLD for power in (1, 10))


def _is_known(prepared: Prepared, first: dict[str, float], figures: dict[str, float]) -> bool:
    if prepared.metrics and prepared.metrics[0].mode == "max":
        return figures[prepared.metrics[0].name] >= _PERFECT
    return figures["loss"] <= _LITTLE * first["loss"]


def _not_learnt(
    prepared: Prepared, count: int, steps: int, first: dict[str, float], last: dict[str, float]
) -> Diagnostic:
    was, is_ = (", ".join(f"{name} {value:.4g}" for name, value in each.items()) for each in (first, last))
    message = (
        f"{plural(count, 'batch') if count == 1 else f'{count} batches'} cannot be learnt by heart in {steps} steps"
    )
    rate = prepared.optimizer.param_groups[0]["lr"]
    moved = abs(last["loss"] - first["loss"]) > 1e-3 * abs(first["loss"])
    notes = [f"before: {was}", f"after: {is_}"]
    frozen = [name for name, each in prepared.model.named_parameters() if not each.requires_grad]
    if frozen:
        notes.append(f"{plural(len(frozen), 'parameter')} frozen, `{frozen[0]}` first")
    if not moved:
        notes.append("the loss has hardly moved: the rate is too small, or no gradient reaches the weights")
    help = (
        f"try another rate than {rate:g} (`--find-lr`), leave out dropout and strong weight decay, "
        "end with a layer without activation, and look at the labels"
    )
    return Diagnostic("AS631", message, notes=tuple(notes), help=help)
