"""All that a training needs, made and tried before anything is trained or written."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from archspec.elaborate.losses import check_outputs
from archspec.elaborate.param_groups import check_param_groups
from archspec.elaborate.recipe import check_recipe
from archspec.errors import Diagnostic, SpecError
from archspec.spec.recipe import Recipe
from archspec.train.data.batch import Batch
from archspec.train.data.images import ImageData
from archspec.train.data.registry import load_data
from archspec.train.feed import batches_per_epoch, epoch_indices, feed
from archspec.train.fit import Trainable, check_fits, check_head, request_of
from archspec.train.installed import installed_signatures
from archspec.train.layout import laid_out
from archspec.train.learner import Learner, make_learner
from archspec.train.measure import measure
from archspec.train.metrics import Metric, Monitor, metrics_of, monitor_of
from archspec.train.mixing import make_mixing
from archspec.train.objective import make_objective
from archspec.train.parts import (
    ParamsOfGroup,
    Scheduler,
    make_optimizer,
    make_scheduler,
    parameter_groups,
    rehearse,
)
from archspec.train.portions import Portions
from archspec.train.ranks import ALONE, Ranks
from archspec.train.seeds import forked_generators
from archspec.train.spread import check_spread, spread
from archspec.train.totals import Totals

if TYPE_CHECKING:
    from archspec.train.data.handed_over import HandedOver


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model and all that trains it, which has done nothing yet.

    Attributes:
        architecture: what the model is made from.
        recipe: how it is trained.
        data: what it is trained and measured on.
        learner: the model, the loss and the optimiser.
        scheduler: None for a constant rate.
    """

    architecture: Trainable
    recipe: Recipe
    data: ImageData
    learner: Learner
    scheduler: Scheduler | None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured besides the loss."""
        return metrics_of(self.recipe, self.data.task, len(self.data.classes))

    @property
    def monitor(self) -> Monitor:
        """What chooses the best weights."""
        return monitor_of(self.recipe, self.metrics)

    @property
    def model(self) -> nn.Module:
        """What is trained."""
        return self.learner.model

    @property
    def optimizer(self) -> Optimizer:
        """Of its parameters, in the recipe's groups."""
        return self.learner.optimizer

    @property
    def batches_per_epoch(self) -> int:
        """A last batch of a single sample is left out."""
        return batches_per_epoch(len(self.data.train), self.recipe.batch_size)

    def batches(self, epoch: int) -> Generator[Batch, None, None]:
        """The training batches of an epoch, on the device, in the order and with the augmentation of a run.

        Args:
            epoch: counted from 1.
        """
        self.model.train()
        indices = epoch_indices(len(self.data.train), self.recipe.batch_size, self.recipe.seed, epoch)
        mix = make_mixing(self.recipe, self.data)
        fed = feed(self.data.train, indices, epoch, self.recipe, self.learner.device, self._portions)
        with closing(fed) as loaded:
            for number, batch in enumerate(loaded, 1):
                yield batch if mix is None else mix(batch, epoch, number)

    def held_out(self) -> Generator[Batch, None, None]:
        """The evaluation batches, on the device."""
        everything = torch.arange(len(self.data.eval))
        return feed(self.data.eval, everything, 0, self.recipe, self.learner.device, self._portions)

    def loss(self, outputs: Any, batch: Batch) -> Tensor:
        """The recipe's losses of what the model returned."""
        return self.learner.objective(outputs, batch)[0]

    def outputs(self, batch: Batch) -> Any:
        """What the model returns for a batch."""
        return self.learner.forward(*batch.inputs)

    def learn(self, batch: Batch) -> Tensor:
        """Forward, backward, clipping, and a step of the optimiser; the batch's loss.

        Raises:
            NotFiniteError: the loss or a gradient is not finite, and nothing has been changed.
        """
        return self.learner.learn(batch, 1.0, steps=True)[0]

    def measure(self, batches: Iterable[Batch] | None = None) -> dict[str, float]:
        """The loss and the metrics, in eval mode; afterwards the model is in the mode in which it was. With a moving
        average that has begun, they are that one's.

        Args:
            batches: on the device; those of the evaluation data unless given.
        """
        measured, objective = self.learner.measured, self.learner.objective
        was_training = measured.training
        totals = Totals.of(self.metrics, objective.main.name, self.data.exclusive, self.learner.device)
        measured.eval()
        with forked_generators(self.learner.device):
            everything = self.held_out() if batches is None else batches
            measure(measured, objective, ((batch, True) for batch in everything), totals)
        measured.train(was_training)
        return totals.figures(objective.is_mean)

    @property
    def _portions(self) -> Portions:
        return Portions(self.recipe.batch_size)

    def close(self) -> None:
        """End the processes that load data, if there are any; they start again when they are needed."""
        self.data.train.close()
        self.data.eval.close()


def prepare(
    architecture: Trainable,
    recipe: Recipe,
    device: torch.device,
    *,
    data: ImageData | None = None,
    handed: HandedOver | None = None,
    ranks: Ranks = ALONE,
) -> Prepared:
    """Everything that can be wrong with a recipe, its data and its model is found here.

    Args:
        architecture: a checked one.
        recipe: how it is trained.
        device: where.
        data: in the place of the recipe's.
        handed: likewise, as a caller gives it.
        ranks: the processes that train it together.

    Raises:
        SpecError, UsageError: as `archspec.train.train`.
    """
    if handed is not None:  # no line of a text has asked for it
        recipe = replace(recipe, data=replace(recipe.data, span=None))
    errors = [fault for fault in check_recipe(recipe, installed_signatures) if fault.severity == "error"]
    if errors := errors or check_outputs(recipe, tuple(architecture.output_types)):
        raise SpecError(errors)
    check_spread(recipe, ranks)
    data = load_data(request_of(architecture, recipe), handed) if data is None else data
    check_head(architecture, data, recipe)
    check_fits(recipe, data)
    model = laid_out(architecture.build(device=device, seed=recipe.seed), recipe)
    groups = _groups(recipe, model)
    objective = make_objective(recipe, tuple(architecture.output_types), device, tuple(architecture.input_types))
    learner = make_learner(recipe, model, objective, make_optimizer(recipe.optimizer, groups), device)
    scheduler = _scheduler(recipe, groups, learner.optimizer, len(data.train))
    _try_losses(learner, data, recipe)
    spread(learner, recipe, data, ranks)
    return Prepared(architecture, recipe, data, learner, scheduler)


def _groups(recipe: Recipe, model: nn.Module) -> list[ParamsOfGroup]:
    """The optimiser's groups of parameters.

    Raises:
        SpecError: AS510, a glob matches nothing (of a recipe that was not checked with its model before).
    """
    parameters = dict(model.named_parameters(remove_duplicate=False))
    frozen = {name for name, parameter in parameters.items() if not parameter.requires_grad}
    found = check_param_groups(recipe.param_groups, list(parameters), frozen)
    errors = [fault for fault in found if fault.severity == "error"]
    if errors:
        raise SpecError(errors)
    if len(frozen) == len(parameters):
        message = "nothing of the model can learn: " + (
            "all its parameters are frozen" if frozen else "it has no parameters"
        )
        help = "leave some of them out of `freeze`" if frozen else "add a layer with weights"
        raise SpecError([Diagnostic("AS508", message, recipe.optimizer.span, help=help)])
    return parameter_groups(recipe, model)


def _scheduler(recipe: Recipe, groups: Sequence[ParamsOfGroup], optimizer: Optimizer, samples: int) -> Scheduler | None:
    if recipe.scheduler is None:
        return None
    steps = recipe.epochs
    if recipe.scheduler_interval == "step":
        steps *= -(-batches_per_epoch(samples, recipe.batch_size) // recipe.accumulate)
    rehearse(recipe.optimizer, groups, recipe.scheduler, steps)
    return make_scheduler(recipe.scheduler, optimizer)


def _try_losses(learner: Learner, data: ImageData, recipe: Recipe) -> None:
    """One forward and its losses, which change nothing, to have the losses' objections before training.

    Raises:
        SpecError: AS509.
    """
    with closing(data.eval.batches(torch.arange(min(2, len(data.eval))), 2, 0, learner.device)) as loaded:
        batch = next(loaded)
    learner.model.eval()
    with torch.no_grad(), forked_generators(learner.device):
        outputs = learner.model(*batch.inputs)
        for term, (_, each) in zip(learner.objective.terms, recipe.output_losses, strict=True):
            given = term.all_of(outputs)
            if given is None:  # there in training mode only
                continue
            try:
                term.loss(given, batch)
            except (RuntimeError, ValueError, IndexError, TypeError) as refusal:
                reason = " ".join(str(refusal).split())
                what = "classes" if data.classes else "targets"
                message = f"`{term.name}` cannot compare this output with the {what} of `{data.name}`: {reason}"
                help = "use `loss: CrossEntropyLoss`, which takes the output of a last layer without activation"
                if not data.classes:
                    help = "give the output the shape and the range of its target"
                raise SpecError([Diagnostic("AS509", message, each.loss.span, help=help)]) from None
