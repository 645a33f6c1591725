"""A finished run's best weights, measured again on its evaluation data."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from archspec.errors import Diagnostic, UsageError
from archspec.spec.recipe import Recipe
from archspec.train.data.registry import load_data
from archspec.train.device import pick_device
from archspec.train.findings import Findings
from archspec.train.fit import Trainable, check_head, request_of
from archspec.train.look import look
from archspec.train.metrics import metrics_of
from archspec.train.objective import make_objective
from archspec.train.report.write import write_report
from archspec.train.store.run_folder import RunFolder

if TYPE_CHECKING:
    from archspec.train.data.handed_over import HandedOver


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


def evaluate(
    architecture: Trainable, folder: Path, device: str, *, report: bool = False, handed: HandedOver | None = None
) -> Findings:
    """The loss and the metrics of the recipe over all evaluation data, and which class is taken for which.

    Args:
        architecture: of the run.
        folder: of the run.
        device: as for training.
        report: whether to write the run's report and pictures anew.
        handed: data in the place of the recipe's.

    Raises:
        SpecError, UsageError: as training; AS603, the report cannot be written.
    """
    recipe, place = architecture.recipe or Recipe(), pick_device(device)
    data = load_data(request_of(architecture, recipe), handed)
    check_head(architecture, data, recipe)
    model = best_model(architecture, folder, place)
    objective = make_objective(recipe, tuple(architecture.output_types), place, tuple(architecture.input_types))
    metrics = metrics_of(recipe, data.task, len(data.classes))
    with closing(data.eval):
        found = look(model, objective, data, recipe, metrics, place, examples=report)
    if report:
        try:
            write_report(RunFolder(folder), architecture, found)
        except OSError as error:
            message = f"cannot write into `{folder}`: {error.strerror or error}"
            raise UsageError(Diagnostic("AS603", message, help="leave out `--report`")) from None
    return found
