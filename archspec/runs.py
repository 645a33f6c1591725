"""What can be asked of runs: `evaluate`, `predict`, `list_runs`, `compare_runs`."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from archspec.api import load
from archspec.errors import Diagnostic
from archspec.given import Path
from archspec.train import spec_of_run

if TYPE_CHECKING:
    from archspec.train.account.compare import Comparison
    from archspec.train.account.listing import RunSummary
    from archspec.train.findings import Findings
    from archspec.train.predict import Prediction


def evaluate(run: Path, *, device: str = "auto", set: Sequence[str] = ()) -> Mapping[str, float]:
    """Measure a run's best weights on its evaluation data.

    Args:
        run: its folder.
        device: as for `train`.
        set: overrides, e.g. of where the data is.

    Returns:
        The loss, and the recipe's metrics by name.

    Raises:
        SpecError: its data is not there any more.
        UsageError: there is no run, or none with weights; the device is not there.
    """
    return examine_run(run, device=device, set=set).figures


def examine_run(run: Path, *, device: str = "auto", set: Sequence[str] = (), report: bool = False) -> Findings:
    """Measure a run's best weights, class by class.

    Args:
        run: its folder.
        device: as for `train`.
        set: overrides, e.g. of where the data is.
        report: whether to write its `report.html` and pictures anew, as after a kill.

    Returns:
        The figures, those of each class, and which class is taken for which.

    Raises:
        SpecError, UsageError: as `evaluate`.
    """
    from archspec.train.evaluate import evaluate as measured

    spec = spec_of_run(run)
    return measured(load(spec, set=set), spec.parent, device, report=report)


def predict(
    run: Path, images: Sequence[Path], *, device: str = "auto", faults: list[Diagnostic] | None = None
) -> list[Prediction]:
    """Ask a run's best weights about pictures, which are prepared as its evaluation images are.

    Args:
        run: its folder.
        images: paths of pictures, and of folders of them.
        device: as for `train`.
        faults: where a fault is put for each picture that cannot be read; without it, the first one is raised.

    Returns:
        For each picture its classes with their probabilities, the most probable first; of a run that labels pixels,
        the mask, and the classes with their shares of it.

    Raises:
        SpecError: its data is not there any more.
        UsageError: as `evaluate`; a file is no picture; the run gives no classes.
    """
    from archspec.train.predict import predict_images

    spec = spec_of_run(run)
    return predict_images(load(spec), spec.parent, images, device, faults)


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
