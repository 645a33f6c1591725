"""From a learner in each process to one over all of them: what a recipe's `parallel` asks for."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from archspec.errors import Diagnostic, Span, UsageError
from archspec.spec.recipe import Recipe
from archspec.train.data.images import ImageData
from archspec.train.learner import Learner
from archspec.train.parallel import Parallel, Replicas, broadcast, leaves_unused
from archspec.train.ranks import Ranks
from archspec.train.seeds import forked_generators
from archspec.train.store.checkpoints import Checkpoints

Place: TypeAlias = str | os.PathLike[str]

_NOT_SHARDED = frozenset({"Adafactor", "Muon"})
"""These look at a parameter as a matrix, which no process has."""


def check_spread(recipe: Recipe, ranks: Ranks) -> None:
    """What several processes cannot do.

    Raises:
        UsageError: AS621.
    """
    if not ranks.are_several:
        return
    optimizer = recipe.optimizer
    if optimizer.name == "LBFGS":
        message = "`LBFGS` asks for the loss as often as it likes, which several processes do not do in step"
        raise _cannot(message, optimizer.span, "use another optimiser, or one process")
    if recipe.batch_size < ranks.count:
        message = f"a batch of {recipe.batch_size} cannot be divided among {ranks.count} processes"
        help = f"use a `batch_size` of at least {ranks.count}: it is that of all processes together"
        raise _cannot(message, recipe.spans.get("batch_size"), help)
    if recipe.parallel == "fsdp" and optimizer.name in _NOT_SHARDED:
        raise _cannot(f"`{optimizer.name}` works on whole matrices, and cannot be sharded", optimizer.span)
    if recipe.parallel == "fsdp" and recipe.precision == "float16":
        message = "`precision: float16` scales the loss, which sharded gradients do not take part in"
        raise _cannot(message, recipe.spans.get("precision"), "use `precision: bfloat16`, or `parallel: ddp`")


def _cannot(message: str, span: Span | None = None, help: str | None = None) -> UsageError:
    help = help or "use `parallel: ddp`, another optimiser, or one process"
    return UsageError(Diagnostic("AS621", message, span, help=help))


def spread(learner: Learner, recipe: Recipe, data: ImageData, ranks: Ranks) -> None:
    """Put a learner over all processes, which begin with the first one's weights: a caller's module may differ.

    Args:
        learner: has learnt nothing yet.
        recipe: which says how.
        data: to try a step with, which changes nothing.
        ranks: the processes.
    """
    if ranks.are_several:
        broadcast(learner.model)
        learner.spread(_parallel(learner, recipe, data, ranks), ranks, compiled=recipe.compile)


def _parallel(learner: Learner, recipe: Recipe, data: ImageData, ranks: Ranks) -> Parallel:
    if recipe.parallel == "fsdp":
        from archspec.train.sharding import Shards  # late: DTensor takes long to load

        return Shards(learner.device, ranks)
    return Replicas(learner.device, has_unused=_has_unused(learner, data))


def _has_unused(learner: Learner, data: ImageData) -> bool:
    with closing(data.train.batches(torch.arange(min(2, len(data.train))), 2, 0, learner.device)) as loaded:
        batch = next(loaded)

    def loss(model: nn.Module) -> Tensor:
        return learner.objective(model(*batch.inputs), batch)[0]

    with forked_generators(learner.device):
        return leaves_unused(learner.model, loss)


def again(resume: Place | None, out: Place | None, ranks: Ranks) -> Place | None:
    """The folder to go on from: after a launcher has started all anew, that of the run which it had started."""
    if resume is not None or out is None or not ranks.attempt:
        return resume
    has_begun = Checkpoints(Path(out).expanduser() / "checkpoints").moments() if ranks.is_first else []
    return out if ranks.from_first(bool(has_begun)) else None


def check_shared(file: Path, ranks: Ranks) -> None:
    """Every process writes its part of a checkpoint into the run folder.

    Args:
        file: which the first process has written there.
        ranks: the processes.

    Raises:
        UsageError: AS623, there is one that does not see it.
    """
    host = socket.gethostname()
    seen = ranks.gather(None if file.is_file() else host)
    blind = sorted({each for each in seen if each is not None})
    if blind:
        message = f"`{file.parent}` is not there on {', '.join(blind)}"
        help = "give a folder with `--out` that all machines share"
        raise UsageError(Diagnostic("AS623", message, help=help))
