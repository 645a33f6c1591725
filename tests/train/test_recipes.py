"""The recipes that are kept in `recipes/`, each trained by for a moment on real files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

import archspec

RECIPES = Path(__file__).parents[2] / "recipes"
SMALL = """archspec: 1
name: Small
input: [3, 224, 224]
layers:
  conv1: {Conv2d: {out_channels: 4, kernel_size: 7, stride: 4}}
  bn1: BatchNorm2d
  relu: ReLU
  avgpool: {AdaptiveAvgPool2d: 1}
  flatten: Flatten
  fc: {Linear: 2}
"""


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_is_right_by_itself(path: Path) -> None:
    examination = archspec.examine(path)
    assert examination.diagnostics == ()
    assert examination.is_recipe
    assert path.read_text().startswith("# yaml-language-server: $schema=../schemas/recipe.schema.json\n")


def test_digits(tmp_path: Path, no_pictures: None) -> None:
    spec = (
        "archspec: 1\ninput: [1, 8, 8]\nlayers: {flatten: Flatten, fc1: {Linear: 64}, relu: ReLU, fc: {Linear: 10}}\n"
    )
    result = archspec.train(
        spec, recipe=RECIPES / "digits.yaml", set=["train.epochs=3"], out=tmp_path / "run", device="cpu", quiet=True
    )
    assert result.best > 0.8


def test_finetune(tmp_path: Path, no_pictures: None) -> None:
    generator = torch.Generator().manual_seed(0)
    for phase in ("train", "val"):
        for shade, name in ((60, "ants"), (180, "bees")):
            (tmp_path / "data" / phase / name).mkdir(parents=True)
            for index in range(4):
                noise = torch.randint(shade, shade + 40, (240 + index, 300, 3), dtype=torch.uint8, generator=generator)
                Image.fromarray(noise.numpy()).save(tmp_path / "data" / phase / name / f"{index}.jpg")
    result = archspec.train(
        SMALL,
        recipe=RECIPES / "finetune.yaml",
        set=["train.epochs=2", f"train.data.ImageFolder.root={tmp_path / 'data'}"],
        out=tmp_path / "run",
        device="cpu",
        quiet=True,
    )
    assert [row["epoch"] for row in result.history] == [1, 2]
