"""A finished run's best weights, measured again on its evaluation data."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import torch
from torch import nn

from archspec.errors import Diagnostic, UsageError
from archspec.spec.recipe import Recipe
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from archspec.train.device import pick_device
from archspec.train.feed import feed
from archspec.train.fit import Trainable, check_head
from archspec.train.measure import measure
from archspec.train.metrics import metrics_of
from archspec.train.objective import make_objective
from archspec.train.portions import Portions
from archspec.train.seeds import forked_generators
from archspec.train.store.run_folder import RunFolder
from archspec.train.totals import Totals


def best_model(architecture: Trainable, folder: Path, device: torch.device) -> nn.Module:
    """The module of a run with the weights of its best epoch, in eval mode.

    Raises:
        UsageError: AS607, the run has kept none.
    """
    if not (folder / "best.safetensors").is_file():
        message = f"the run in `{folder}` has no best.safetensors: no epoch of it is done"
        help = f"go on with it: `archspec train --resume {folder}`"
        raise UsageError(Diagnostic("AS607", message, help=help))
    model = architecture.build(device=device, seed=0)
    RunFolder(folder).load_weights("best.safetensors", model)
    return model.eval()


@torch.no_grad()
def evaluate(architecture: Trainable, folder: Path, device: str) -> Mapping[str, float]:
    """The loss, and the metrics of the recipe, over all evaluation data.

    Args:
        architecture: of the run.
        folder: of the run.
        device: as for training.

    Raises:
        SpecError, UsageError: as training.
    """
    recipe, place = architecture.recipe or Recipe(), pick_device(device)
    data = load_data(Request(recipe, architecture.input_types))
    check_head(architecture, data, recipe)
    model = best_model(architecture, folder, place)
    objective = make_objective(recipe, tuple(architecture.output_types), place, tuple(architecture.input_types))
    totals = Totals.of(metrics_of(recipe, data.task, len(data.classes)), objective.main.name, len(data.classes), place)
    everything, portions = torch.arange(len(data.eval)), Portions(recipe.batch_size)
    with forked_generators(place), closing(feed(data.eval, everything, 0, recipe, place, portions)) as loaded:
        measure(model, objective, portions.counting(loaded, len(everything)), totals)
    data.eval.close()
    return totals.figures(objective.is_mean)
