"""Runs that are stopped on purpose, and what is left of two runs when they are compared to the bit."""

from __future__ import annotations

import csv
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from archspec.train import run, train
from archspec.train.progress import Quiet
from archspec.train.store.checkpoints import Checkpoints, read_state


class Stopping(Quiet):
    """Sends a signal to this process after the n-th batch, counted over all epochs."""

    def __init__(self, after: int, number: int = signal.SIGTERM) -> None:
        self.left, self.number = after, number
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def step(self, epoch: int, step: int, steps: int) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(self.number)


def stopped(monkeypatch: pytest.MonkeyPatch, after: int, fake: Any, **arguments: Any) -> Stopping:
    """Train until the signal has been obeyed."""
    progress = Stopping(after)
    with monkeypatch.context() as patch:
        patch.setattr(run, "make_progress", lambda quiet: progress)
        with pytest.raises(SystemExit) as caught:
            train(fake, device="cpu", quiet=True, **arguments)
    assert caught.value.code == 143
    return progress


def all_of(folder: Path) -> dict[str, Any]:
    """Everything that a finished run comes to, but for the time that it took."""
    checkpoints = Checkpoints(folder / "checkpoints")
    state = read_state(checkpoints.folder(checkpoints.moments()[0]))
    rows = list(csv.DictReader((folder / "metrics.csv").open()))
    for row in (*rows, *state["history"]):
        del row["seconds"]
    del state["seconds"]
    del state["recipe"]["data"]
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.safetensors"))}
    return {"state": state, "rows": rows, "files": files}


def difference(one: Any, other: Any, path: str = "") -> str | None:
    """Where the first difference is; None if there is none. Tensors are compared by their bits."""
    if type(one) is not type(other):
        return f"{path}: {type(one)} and {type(other)}"
    if isinstance(one, torch.Tensor):
        same = one.dtype == other.dtype and one.shape == other.shape and one.stride() == other.stride()
        return None if same and torch.equal(_bits(one), _bits(other)) else path
    if isinstance(one, dict):
        if list(one) != list(other):
            return f"{path}: {list(one)} and {list(other)}"
        return next((found for key in one if (found := difference(one[key], other[key], f"{path}.{key}"))), None)
    if isinstance(one, (list, tuple)):
        if len(one) != len(other):
            return f"{path}: {len(one)} and {len(other)}"
        return next(
            (
                found
                for i, pair in enumerate(zip(one, other, strict=True))
                if (found := difference(*pair, f"{path}.{i}"))
            ),
            None,
        )
    return None if one == other or (one != one and other != other) else f"{path}: {one} and {other}"


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().flatten().view(torch.uint8)
