"""A run from its recipe to its folder: everything that can be wrong is found before anything is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace

import torch
from torch import nn
from torch.optim import Optimizer

from archspec.elaborate.losses import check_outputs
from archspec.elaborate.param_groups import check_param_groups
from archspec.elaborate.recipe import check_recipe
from archspec.errors import Diagnostic, SpecError, plural
from archspec.spec.recipe import Recipe
from archspec.train.data.images import ImageData
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from archspec.train.determinism import determinism
from archspec.train.device import pick_device
from archspec.train.faults import explained
from archspec.train.feed import batches_per_epoch
from archspec.train.fit import Trainable, check_fits, check_head
from archspec.train.identity import identity
from archspec.train.installed import installed_signatures
from archspec.train.kept_spec import SPEC, spec_of_run
from archspec.train.layout import laid_out
from archspec.train.learner import Learner, make_learner
from archspec.train.loop import Loop
from archspec.train.metrics import metrics_of
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
from archspec.train.pictures import draw_curves, draw_predictions
from archspec.train.progress import make_progress
from archspec.train.ranks import Ranks, joined, local_rank
from archspec.train.result import TrainResult
from archspec.train.resume import go_on
from archspec.train.seeds import forked_generators
from archspec.train.spread import again, check_shared, check_spread, spread
from archspec.train.store.checkpoints import Checkpoints
from archspec.train.store.lock import locked
from archspec.train.store.run_folder import RunFolder, open_run_folder

Place = str | os.PathLike[str]


def run(
    architecture: Trainable, recipe: Recipe, device: str, out: Place | None, quiet: bool, resume: Place | None = None
) -> TrainResult:
    """See `archspec.train.train`."""
    place = pick_device(device, local_rank())
    with joined(place) as ranks:
        return _run(architecture, recipe, place, out, quiet, resume, ranks)


def _run(
    architecture: Trainable,
    recipe: Recipe,
    place: torch.device,
    out: Place | None,
    quiet: bool,
    resume: Place | None,
    ranks: Ranks,
) -> TrainResult:
    resume = again(resume, out, ranks)
    old = None if resume is None else RunFolder(spec_of_run(resume).parent)
    errors = [fault for fault in check_recipe(recipe, installed_signatures) if fault.severity == "error"]
    if errors := errors or check_outputs(recipe, tuple(architecture.output_types)):
        raise SpecError(errors)
    check_spread(recipe, ranks)
    data = load_data(Request(recipe, architecture.input_types))
    check_head(architecture, data, recipe)
    check_fits(recipe, data)
    model = laid_out(architecture.build(device=place, seed=recipe.seed), recipe)
    groups = _groups(recipe, model)
    learner = make_learner(
        recipe,
        model,
        make_objective(recipe, tuple(architecture.output_types), place, tuple(architecture.input_types)),
        make_optimizer(recipe.optimizer, groups),
        place,
    )
    scheduler = _scheduler(recipe, groups, learner.optimizer, len(data.train))
    _try_losses(learner, data, recipe)
    spread(learner, recipe, data, ranks)
    folder = ranks.first(lambda: open_run_folder(architecture.name, out)) if old is None else old
    folder = replace(folder, metadata=architecture.weights_metadata)
    with ExitStack() as stack:
        ranks.first(lambda: stack.enter_context(locked(folder.path)))
        if old is None:
            text = architecture.spec_text_without_weights.encode("utf-8")
            ranks.first(lambda: folder.write(SPEC, text))
        check_shared(folder.path, ranks)
        loop = _loop(architecture, recipe, data, learner, scheduler, folder, quiet or not ranks.is_first)
        stack.enter_context(explained(folder.path, loop.checkpoints, ranks))
        stack.enter_context(determinism(recipe.deterministic))
        return _train(architecture, loop, goes_on=old is not None)


def _train(architecture: Trainable, loop: Loop, *, goes_on: bool) -> TrainResult:
    ranks = loop.ranks
    ranks.first(loop.checkpoints.sweep)
    loop.progress.start(_headline(architecture.name, loop))
    if goes_on:
        go_on(loop)
    try:
        loop.run()
    finally:
        loop.progress.close()
        loop.data.train.close()
        if loop.history and ranks.is_first:
            draw_curves(loop)
    if loop.learner.parallel.is_sharded:
        loop.learner.model = architecture.build(device=loop.device, seed=loop.recipe.seed)
    loop.folder.load_weights("best.safetensors", loop.model)
    loop.model.eval()
    if ranks.is_first:
        draw_predictions(loop)
    loop.data.eval.close()
    path, device = loop.folder.path, str(loop.device)
    return TrainResult(loop.history, loop.monitor.name, loop.best, loop.best_epoch, path, device, loop.model)


def _loop(
    architecture: Trainable,
    recipe: Recipe,
    data: ImageData,
    learner: Learner,
    scheduler: Scheduler | None,
    folder: RunFolder,
    quiet: bool,
) -> Loop:
    return Loop(
        recipe=recipe,
        learner=learner,
        data=data,
        scheduler=scheduler,
        metrics=metrics_of(recipe, data.task, len(data.classes)),
        folder=folder,
        checkpoints=Checkpoints(folder.path / "checkpoints", recipe.checkpoints_kept, learner.ranks),
        identity=identity(architecture, recipe, data),
        progress=make_progress(quiet),
        mix=make_mixing(recipe, data),
    )


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


def _headline(name: str, loop: Loop) -> str:
    parameters = sum(parameter.numel() for parameter in loop.model.parameters())
    processes = f" in {loop.ranks.count} processes" if loop.ranks.are_several else ""
    return (
        f"training {name} ({plural(parameters, 'parameter')}) on {loop.data.name}: "
        f"{len(loop.data.train):,} samples to learn from, {len(loop.data.eval):,} to measure on, "
        f"on {loop.device}{processes}"
    )
