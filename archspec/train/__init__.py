"""Training: a compiled architecture and a recipe into a trained model and a folder that tells how it went."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archspec.spec.recipe import Recipe
from archspec.train.callback import Callback
from archspec.train.kept_spec import spec_of_run
from archspec.train.result import TrainResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archspec.train.data.handed_over import HandedOver
    from archspec.train.fit import Trainable

__all__ = ["Callback", "TrainResult", "spec_of_run", "train"]


def train(
    architecture: Trainable,
    *,
    recipe: Recipe | None = None,
    device: str = "auto",
    out: str | os.PathLike[str] | None = None,
    quiet: bool = False,
    resume: str | os.PathLike[str] | None = None,
    callbacks: Sequence[Callback] = (),
    data: HandedOver | None = None,
) -> TrainResult:
    """Train a model, in a folder of its own, reproducibly.

    The recipe's seed decides the initial weights, the order of the samples and everything random; on the CPU two
    runs of the same recipe give the same bits.

    Args:
        architecture: a checked architecture, as `archspec.load` gives it, or what stands for a module of the caller's.
        recipe: how; by default what the spec's `train` section says.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        out: the folder to write into; by default `runs/<name>-<n>` with the next free number.
        quiet: print nothing.
        resume: the folder of a run to go on with, in the place of `out`: from its newest whole checkpoint, and to the
            same bits as if it had never been interrupted.
        callbacks: are told of each step and measurement.
        data: in the place of the recipe's.

    Returns:
        The history, the best metric, the folder, and the model with the weights of its best epoch.

    Raises:
        SpecError: the recipe is wrong (AS501 to AS509), the model does not fit the data (AS551, AS552), or the
            data is not there (AS553 to AS556).
        UsageError: there is no such device (AS601), the folder holds a run (AS602), cannot be written to (AS603,
            AS606) or is in use (AS605), the loss is no finite number any more (AS604), an image cannot be read
            (AS557), there is nothing to go on with (AS607, AS609) or it is of another run (AS610, AS611), there is
            not enough memory (AS612), or a process that loads the data has died (AS613).
        KeyboardInterrupt: after Ctrl-C, when the batch is done and saved; at once after a second one.
        SystemExit: with status 143 after SIGTERM, when the batch is done and saved.
    """
    from archspec.train.run import run

    return run(architecture, recipe or architecture.recipe or Recipe(), device, out, quiet, resume, callbacks, data)
