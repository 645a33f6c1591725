"""What a training run comes to."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn


@dataclass(frozen=True, slots=True)
class TrainResult:
    """Attributes:
    history: a mapping per epoch, with the columns of `metrics.csv`.
    metric: the name of the metric that chose the best epoch.
    best: that metric on the evaluation data, at its best.
    best_epoch: counted from 1.
    folder: where the run is kept.
    device: what was trained on, e.g. `cuda:0`.
    model: the trained module with the weights of its best epoch, in eval mode; `last_model()` has those of the last.
    """

    history: Sequence[Mapping[str, Any]]
    metric: str
    best: float
    best_epoch: int
    folder: Path
    device: str
    model: nn.Module

    @property
    def seconds(self) -> float:
        """How long all epochs took, in seconds."""
        return float(sum(row["seconds"] for row in self.history))

    def last_model(self) -> nn.Module:
        """A copy of the module with the weights that it had after the last epoch, from `last.safetensors`."""
        from safetensors.torch import load_file  # with torch, which a result has been made with

        model = copy.deepcopy(self.model)
        model.load_state_dict(load_file(self.folder / "last.safetensors"))
        return model

    def summary(self) -> str:
        """Two lines for people: how good, how long, and where it is."""
        epochs = len(self.history)
        return (
            f"best eval {self.metric} {self.best:.4f} at epoch {self.best_epoch} of {epochs}; "
            f"{self.seconds:.1f} s on {self.device}\n"
            f"kept in {self.folder}; look at {self.folder / 'report.html'}"
        )
