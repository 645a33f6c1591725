"""A run from its recipe to its folder: everything that can be wrong is found before anything is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn
from torch.optim import Optimizer

from archspec.elaborate.param_groups import check_param_groups
from archspec.elaborate.recipe import check_recipe
from archspec.errors import Diagnostic, SpecError, plural
from archspec.spec.recipe import Recipe
from archspec.train.data.images import ImageData
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from archspec.train.device import pick_device
from archspec.train.fit import Trainable, check_head
from archspec.train.installed import installed_signatures
from archspec.train.loop import Loop, forked_generators
from archspec.train.metrics import BY_TASK
from archspec.train.parts import (
    ParamsOfGroup,
    Scheduler,
    make_loss,
    make_optimizer,
    make_scheduler,
    parameter_groups,
    rehearse,
)
from archspec.train.pictures import draw_curves, draw_predictions
from archspec.train.progress import make_progress
from archspec.train.result import TrainResult
from archspec.train.run_folder import open_run_folder
from archspec.train.targets import encode, first_output


def run(
    architecture: Trainable, recipe: Recipe, device: str, out: str | os.PathLike[str] | None, quiet: bool
) -> TrainResult:
    """See `archspec.train.train`."""
    errors = [fault for fault in check_recipe(recipe, installed_signatures) if fault.severity == "error"]
    if errors:
        raise SpecError(errors)
    place = pick_device(device)
    data = load_data(Request(recipe, architecture.input_types))
    check_head(architecture, data, recipe)
    model = architecture.build(device=place, seed=recipe.seed)
    groups = _groups(recipe, model)
    criterion = make_loss(recipe.loss).to(place)
    optimizer = make_optimizer(recipe.optimizer, groups)
    scheduler = _scheduler(recipe, groups, optimizer)
    _try_loss(model, criterion, data, recipe, place)
    folder = replace(open_run_folder(architecture.name, out), metadata=architecture.weights_metadata)
    folder.write("spec.yaml", architecture.spec_text_without_weights.encode("utf-8"))
    loop = Loop(
        model=model,
        data=data,
        criterion=criterion,
        optimizer=optimizer,
        scheduler=scheduler,
        metrics=tuple(metric.name for metric in recipe.metrics) or (BY_TASK[data.task],),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        seed=recipe.seed,
        device=place,
        folder=folder,
        progress=make_progress(quiet),
    )
    loop.progress.start(_headline(architecture.name, loop))
    try:
        loop.run()
    finally:
        loop.progress.close()
        if loop.history:
            draw_curves(loop)
    folder.load_weights("best.safetensors", model)
    draw_predictions(loop)
    return TrainResult(loop.history, loop.metrics[0], loop.best, loop.best_epoch, folder.path, str(place), model)


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
    return parameter_groups(recipe, model)


def _scheduler(recipe: Recipe, groups: Sequence[ParamsOfGroup], optimizer: Optimizer) -> Scheduler | None:
    if recipe.scheduler is None:
        return None
    rehearse(recipe.optimizer, groups, recipe.scheduler, recipe.epochs)
    return make_scheduler(recipe.scheduler, optimizer)


def _try_loss(model: nn.Module, criterion: nn.Module, data: ImageData, recipe: Recipe, device: torch.device) -> None:
    """One forward and one loss, which change nothing, to have the loss's objections before training.

    Raises:
        SpecError: AS509.
    """
    images, labels = next(data.eval.batches(torch.arange(min(2, len(data.eval))), 2))
    images, labels = images.to(device), labels.to(device)
    model.eval()
    with torch.no_grad(), forked_generators(device):
        output = first_output(model(images))
        try:
            criterion(output, encode(recipe.loss.name, labels, output))
        except (RuntimeError, ValueError, IndexError, TypeError) as refusal:
            reason = " ".join(str(refusal).split())
            message = f"`{recipe.loss.name}` cannot compare this output with the classes of `{data.name}`: {reason}"
            help = "use `loss: CrossEntropyLoss`, which takes the output of a last layer without activation"
            raise SpecError([Diagnostic("AS509", message, recipe.loss.span, help=help)]) from None


def _headline(name: str, loop: Loop) -> str:
    parameters = sum(parameter.numel() for parameter in loop.model.parameters())
    return (
        f"training {name} ({plural(parameters, 'parameter')}) on {loop.data.name}: "
        f"{len(loop.data.train):,} images to learn from, {len(loop.data.eval):,} to measure on, on {loop.device}"
    )
