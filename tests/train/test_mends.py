"""What the help of a fault of data and of checkpoints says is done, and the fault is gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.run import Run, Shell

ROOT = Path(__file__).parents[2]
MASKS = """archspec: 1
input: [1, 32, 32]
layers: {mask: {Conv2d: {out_channels: 11, kernel_size: 1}}}
train: {data: {digits_segmentation: {classes: 10, samples: 20, eval_samples: 4}}, epochs: 1}
"""
PHOTOS = """archspec: 1
input: [1, 8, 8]
layers: {flatten: Flatten, fc: {Linear: 2}}
train: {data: {ImageFolder: {root: photos, workers: 0}}, epochs: 1, batch_size: 2}
"""

Arrange = Callable[[], None]


def _images(*folders: str) -> None:
    for folder in folders:
        Path(folder).mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), len(folder)).save(Path(folder) / "1.png")


def _of_classes(train: str, val: str) -> Arrange:
    folders = [*(f"photos/train/{name}" for name in train.split()), *(f"photos/val/{name}" for name in val.split())]
    return lambda: _images(*folders)


def _with_what_is_no_image() -> None:
    _of_classes("cat dog", "cat dog")()
    Path("photos/train/dog/1.png").write_bytes(b"no image")


def _renamed() -> None:
    Path("photos/val/bird").rename("photos/val/dog")


def _written(old: str, new: str) -> Arrange:
    return lambda: Path("net.yaml").write_text(Path("net.yaml").read_text().replace(old, new)) and None


CASES: dict[str, tuple[str, Arrange, str, Arrange]] = {
    "AS553": (MASKS, lambda: None, "write `classes: 2` or `classes: 11`", _written("classes: 10", "classes: 11")),
    "AS554": (
        PHOTOS.replace("photos", "nowhere"),
        _of_classes("cat dog", "cat dog"),
        "write the path of a folder with one folder for each class",
        _written("nowhere", "photos"),
    ),
    "AS555": (
        PHOTOS,
        lambda: Path("photos").mkdir(),
        "arrange the images as `root/train/<class>/….png` and `root/val/<class>/….png`",
        _of_classes("cat dog", "cat dog"),
    ),
    "AS556": (PHOTOS, _of_classes("cat dog", "cat bird"), "give both folders the same class folders", _renamed),
    "AS557": (
        PHOTOS,
        _with_what_is_no_image,
        "replace or remove it",
        lambda: _images("photos/train/dog"),
    ),
}


def _train(shell: Shell, *more: str) -> tuple[Run, list[str]]:
    run = shell("train", *more, "--device", "cpu")
    return run, re.findall(r"\b(?:error|warning)\[(AS\d{3})\]: ", run.out + run.err)


@pytest.mark.parametrize("code", CASES)
def test_the_help_mends_it(code: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, arrange, help, mend = CASES[code]
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(text)
    arrange()
    run, codes = _train(shell, "net.yaml", "--out", "run")
    assert (codes, run.status) == ([code], 2 if code == "AS557" else 1)  # a file's content is no fault of the spec
    assert f"help: {help}\n" in run.err
    mend()
    run, codes = _train(shell, "net.yaml", "--out", "again")
    assert (codes, run.status) == ([], 0), run.err


def test_a_damaged_checkpoint_is_told_once(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to do, as its help says: the run ends, and with it what was damaged."""
    monkeypatch.chdir(tmp_path)
    _train(shell, str(ROOT / "specs" / "mlp.yaml"), "--out", "run", "--set", "train.epochs=1")
    newest = Path("run/checkpoints/epoch-2-batch-0/state.pt")
    newest.write_bytes(newest.read_bytes()[:100])
    run, codes = _train(shell, "--resume", "run")
    assert (codes, run.status) == (["AS608"], 0)
    assert "help: " in run.out
    run, codes = _train(shell, "--resume", "run")
    assert (codes, run.status) == ([], 0), run.err
