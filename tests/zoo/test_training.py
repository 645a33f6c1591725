"""The recipes of the specs do what their header comments say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import archspec
from archspec.train.result import TrainResult
from tests.zoo.cases import SPECS


def _train(name: str, folder: Path, overrides: Sequence[str] = (), **variables: int) -> TrainResult:
    path = SPECS / f"{name}.yaml"
    return archspec.train(path, device="cpu", out=folder / "run", quiet=True, set=overrides, **variables)


def test_convnet_reads_digits(tmp_path: Path) -> None:
    result = _train("convnet", tmp_path)
    assert result.metric == "accuracy"
    assert result.history[-1]["eval_accuracy"] >= 0.97
    assert {path.name for path in result.folder.glob("*.png")} == {"curves.png", "confusion.png", "predictions.png"}


@pytest.mark.parametrize("name", ["unet", "unet_bilinear"])
def test_unet_finds_digits(name: str, tmp_path: Path) -> None:
    few = ["train.epochs=2", "train.data={digits_segmentation: {samples: 320, eval_samples: 40}}"]
    result = _train(name, tmp_path, few, base=8, size=32)
    assert result.metric == "mean_iou"
    assert result.history[-1]["train_mean_iou"] > 0.7  # all background is below 0.5


@pytest.mark.parametrize("name", ["lenet", "mlp"])
def test_one_epoch_reads_most_digits(name: str, tmp_path: Path) -> None:
    assert _train(name, tmp_path, ["train.epochs=1"]).history[0]["eval_accuracy"] > 0.8


@pytest.mark.parametrize("name", ["resnet34", "resnet34_notes"])
def test_a_dozen_steps_begin_to_learn(name: str, tmp_path: Path) -> None:
    few = ["train.batch_size=32", "train.max_steps=12"]
    result = _train(name, tmp_path, few, num_classes=10, size=16)
    assert result.history[0]["step"] == 12
    assert result.history[0]["train_accuracy"] > 0.2  # chance is 0.1, with a deviation of 0.015
