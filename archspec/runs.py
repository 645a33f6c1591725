"""What can be asked of runs: `evaluate`, `predict`, `list_runs`, `compare_runs`."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archspec.architecture import Architecture
from archspec.errors import Diagnostic
from archspec.given import Path
from archspec.train import spec_of_run
from archspec.train.kept_spec import MODULE, kept_by_run
from archspec.trained import subject_of

if TYPE_CHECKING:
    from torch import nn

    from archspec.train.account.compare import Comparison
    from archspec.train.account.listing import RunSummary
    from archspec.train.data.handed_over import HandedOver
    from archspec.train.findings import Findings
    from archspec.train.own_module import OwnModule
    from archspec.train.predict import Prediction


def evaluate(
    run: Path,
    *,
    device: str = "auto",
    set: Sequence[str] = (),
    model: nn.Module | None = None,
    data: Any = None,
) -> Mapping[str, float]:
    """Measure a run's best weights on its evaluation data.

    Args:
        run: its folder.
        device: as for `train`.
        set: overrides, e.g. of where the data is.
        model: for a run that has trained a module of the caller's: one like it, which is filled with the best weights.
        data: as for `train`, in the place of what the recipe names.

    Returns:
        The loss, and the recipe's metrics by name.

    Raises:
        SpecError: its data is not there any more.
        UsageError: there is no run, or none with weights; it has trained a module, and none (AS614) or another one
            (AS610) is given; the device is not there.
    """
    return examine_run(run, device=device, set=set, model=model, data=data).figures


def examine_run(
    run: Path,
    *,
    device: str = "auto",
    set: Sequence[str] = (),
    report: bool = False,
    model: nn.Module | None = None,
    data: Any = None,
) -> Findings:
    """Measure a run's best weights, class by class.

    Args:
        run: its folder.
        device: as for `train`.
        set: overrides, e.g. of where the data is.
        report: whether to write its `report.html` and pictures anew, as after a kill.
        model: as for `evaluate`.
        data: likewise.

    Returns:
        The figures, those of each class, and which class is taken for which.

    Raises:
        SpecError, UsageError: as `evaluate`.
    """
    from archspec.train.evaluate import evaluate as measured

    subject, handed = _subject(run, model, data, set)
    return measured(subject, kept_by_run(run).parent, device, report=report, handed=handed)


def predict(
    run: Path,
    images: Sequence[Path],
    *,
    device: str = "auto",
    faults: list[Diagnostic] | None = None,
    model: nn.Module | None = None,
) -> list[Prediction]:
    """Ask a run's best weights about pictures, which are prepared as its evaluation images are.

    Args:
        run: its folder.
        images: paths of pictures, and of folders of them.
        device: as for `train`.
        faults: where a fault is put for each picture that cannot be read; without it, the first one is raised.
        model: as for `evaluate`.

    Returns:
        For each picture its classes with their probabilities, the most probable first; of a run that labels pixels,
        the mask, and the classes with their shares of it.

    Raises:
        SpecError: its data is not there any more.
        UsageError: as `evaluate`; a file is no picture; the run gives no classes.
    """
    from archspec.train.predict import predict_images

    subject, _ = _subject(run, model, None, ())
    return predict_images(subject, kept_by_run(run).parent, images, device, faults)


def _subject(
    run: Path, model: nn.Module | None, data: Any, set: Sequence[str]
) -> tuple[Architecture | OwnModule, HandedOver | None]:
    """What a run has trained: its spec, or a module that is like it."""
    if model is None:
        return subject_of(spec_of_run(run), data, set=set)
    from archspec.train.account.account import RECIPE, read_account
    from archspec.train.identity import check_model

    folder, name = (kept := kept_by_run(run)).parent, kept.name
    if name != MODULE:
        raise TypeError("`model` is for a run that has trained a module: this one has a spec")
    inputs = read_account(folder).section("model").get("inputs")
    sizes = list(inputs.values()) if isinstance(inputs, dict) else []
    size = sizes[0][1:] if data is None and len(sizes) == 1 else None
    subject, handed = subject_of(model, data, input=size, set=set, recipe=folder / RECIPE)
    check_model(subject, folder)
    return subject, handed


def draw_predictions(run: Path, found: Sequence[Prediction]) -> bytes:
    """The pictures that `predict` was asked about as one, labelled, or with their masks over them; PNG.

    Args:
        run: whose predictions they are.
        found: what `predict` gave.
    """
    from archspec.train.account.account import read_account
    from archspec.train.predicted import draw_predicted

    known = read_account(pathlib.Path(run)).section("data").get("classes")
    names = sorted(name for name, _ in found[0].classes)
    return draw_predicted(found, known if isinstance(known, list) else names)


def list_runs(folders: Path | Sequence[Path] = "runs") -> list[RunSummary]:
    """The runs in folders and below, in the order in which they began. torch is not imported.

    Raises:
        UsageError: AS630, there is no such folder.
    """
    from archspec.train.account.listing import list_runs as listed

    return listed([folders] if isinstance(folders, (str, os.PathLike)) else folders)


def is_run(folder: Path) -> bool:
    """Whether a folder is one that a training has made."""
    from archspec.train.account.listing import is_run as found

    return found(pathlib.Path(folder))


def compare_runs(first: Path, second: Path) -> Comparison:
    """What is different between two runs: spec, recipe, circumstances, and the figures. torch is not imported.

    Raises:
        UsageError: AS607, there is no run in one of the folders.
    """
    from archspec.train.account.compare import compare_runs as compared

    return compared(first, second)
