"""A run from its recipe to its folder: everything that can be wrong is found before anything is written."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from archspec.errors import plural
from archspec.spec.recipe import Recipe
from archspec.train.account.session import session
from archspec.train.callback import Callback
from archspec.train.determinism import determinism
from archspec.train.device import pick_device
from archspec.train.faults import explained
from archspec.train.fit import Trainable
from archspec.train.identity import identity
from archspec.train.kept_spec import kept_as, kept_by_run
from archspec.train.loop import Loop
from archspec.train.mixing import make_mixing
from archspec.train.prepare import Prepared, prepare
from archspec.train.progress import make_progress
from archspec.train.ranks import Ranks, joined, local_rank
from archspec.train.result import TrainResult
from archspec.train.resume import go_on
from archspec.train.spread import again, check_shared
from archspec.train.store.checkpoints import Checkpoints
from archspec.train.store.lock import locked
from archspec.train.store.run_folder import RunFolder, open_run_folder
from archspec.train.tensorboard import TensorBoard, check_tensorboard

if TYPE_CHECKING:
    from archspec.train.data.handed_over import HandedOver

Place = str | os.PathLike[str]


def run(
    architecture: Trainable,
    recipe: Recipe,
    device: str,
    out: Place | None,
    quiet: bool,
    resume: Place | None = None,
    callbacks: Sequence[Callback] = (),
    data: HandedOver | None = None,
) -> TrainResult:
    """See `archspec.train.train`."""
    place = pick_device(device, local_rank())
    with joined(place) as ranks:
        return _run(architecture, recipe, place, out, quiet, resume, ranks, callbacks, data)


def _run(
    architecture: Trainable,
    recipe: Recipe,
    place: torch.device,
    out: Place | None,
    quiet: bool,
    resume: Place | None,
    ranks: Ranks,
    callbacks: Sequence[Callback],
    data: HandedOver | None,
) -> TrainResult:
    resume = again(resume, out, ranks)
    if recipe.tensorboard:
        check_tensorboard(recipe.spans.get("tensorboard"))
        callbacks = (TensorBoard(), *callbacks)
    old = None if resume is None else RunFolder(kept_by_run(resume).parent)
    prepared = prepare(architecture, recipe, place, ranks=ranks, handed=data)
    folder = ranks.first(lambda: open_run_folder(architecture.name, out)) if old is None else old
    folder = replace(folder, metadata=architecture.weights_metadata)
    with ExitStack() as stack:
        stack.callback(prepared.close)  # a traceback may hold all of this for long
        ranks.first(lambda: stack.enter_context(locked(folder.path)))
        if old is None:
            text = architecture.spec_text_without_weights.encode("utf-8")
            ranks.first(lambda: folder.write(kept_as(architecture), text))
        check_shared(folder.path / kept_as(architecture), ranks)
        loop = _loop(prepared, folder, quiet or not ranks.is_first)
        loop.callbacks = tuple(callbacks) if ranks.is_first else ()
        stack.enter_context(explained(folder.path, loop.checkpoints, ranks))
        stack.enter_context(determinism(recipe.deterministic))
        ranks.first(loop.checkpoints.sweep)
        loop.progress.start(_headline(architecture.name, loop))
        if old is not None:
            go_on(loop)
        if ranks.is_first:
            stack.enter_context(_told(loop, architecture))
        ranks.first(lambda: stack.enter_context(session(folder, prepared, loop.at)))
        return _train(architecture, loop)


def _train(architecture: Trainable, loop: Loop) -> TrainResult:
    try:
        loop.run()
    finally:
        loop.progress.close()
        loop.data.train.close()
    if loop.learner.parallel.is_sharded:
        loop.learner.model = architecture.build(device=loop.device, seed=loop.recipe.seed)
    loop.folder.load_weights("best.safetensors", loop.model)
    loop.model.eval()
    best, epoch = _best(loop)
    return TrainResult(loop.history, loop.monitor.name, best, epoch, loop.folder.path, str(loop.device), loop.model)


def _best(loop: Loop) -> tuple[float, int]:
    """What is monitored at its best, and in which epoch."""
    row = loop.best_row
    return (math.nan, 0) if row is None else (float(row[loop.monitor.column]), int(row["epoch"]))


@contextmanager
def _told(loop: Loop, architecture: Trainable) -> Iterator[None]:
    """The report is written when `run.json` says how it ended, well or badly."""
    try:
        yield
    except BaseException:
        if loop.history:
            tell(loop, architecture, is_over=False)
        raise
    tell(loop, architecture, is_over=True)


def tell(loop: Loop, architecture: Trainable, *, is_over: bool) -> None:
    """`report.html` and the pictures; of the best weights, which the model has, where the run is over."""
    from archspec.train.look import look  # with matplotlib, which no step waits for
    from archspec.train.report.write import write_report

    found = None
    if is_over:
        learner = loop.learner
        found = look(learner.model, learner.objective, loop.data, loop.recipe, loop.metrics, loop.device)
        loop.data.eval.close()
    write_report(loop.folder, architecture, found)


def _loop(prepared: Prepared, folder: RunFolder, quiet: bool) -> Loop:
    recipe, data, learner = prepared.recipe, prepared.data, prepared.learner
    return Loop(
        recipe=recipe,
        learner=learner,
        data=data,
        scheduler=prepared.scheduler,
        metrics=prepared.metrics,
        folder=folder,
        checkpoints=Checkpoints(folder.path / "checkpoints", recipe.checkpoints_kept, learner.ranks),
        identity=identity(prepared.architecture, recipe, data),
        progress=make_progress(quiet),
        mix=make_mixing(recipe, data, in_portions=learner.ranks.are_several),
    )


def _headline(name: str, loop: Loop) -> str:
    parameters = sum(parameter.numel() for parameter in loop.model.parameters())
    what = "samples" if loop.data.preparation is None else "images"
    processes = f" in {loop.ranks.count} processes" if loop.ranks.are_several else ""
    return (
        f"training {name} ({plural(parameters, 'parameter')}) on {loop.data.name}: "
        f"{len(loop.data.train):,} {what} to learn from, {len(loop.data.eval):,} to measure on, "
        f"on {loop.device}{processes}"
    )
