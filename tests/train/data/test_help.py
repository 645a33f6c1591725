"""What the help on data that is not there, or cannot be used, says to do: it is done, and the data is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from archspec.errors import Diagnostic, SpecError, UsageError
from archspec.spec.recipe import Named, Recipe
from archspec.tensors import N, TensorType
from archspec.train import train
from archspec.train.data import digits_segmentation, handed_over
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from tests.train.data import written
from tests.train.fakes import Fake, mlp

pytestmark = pytest.mark.usefixtures("no_pictures")

DIGITS = "digits_segmentation"
FEW = {"samples": 4, "eval_samples": 2}


def load(name: str, shape: tuple[int, ...] = (1, 8, 8), **arguments: object) -> int:
    """How many samples there are to learn from."""
    recipe = Recipe(data=Named(name, arguments))
    return len(load_data(Request(recipe, {"input": TensorType((N, *shape))})).train)


def fault(code: str, name: str, shape: tuple[int, ...] = (1, 8, 8), **arguments: object) -> Diagnostic:
    with pytest.raises(SpecError) as caught:
        load(name, shape, **arguments)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code
    return diagnostic


def pictures(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)
        for index in range(3):
            Image.new("L", (8, 8), 50 * index).save(folder / f"{index}.png")


def test_as553_classes_of_segmented_digits() -> None:
    help = fault("AS553", DIGITS, (1, 32, 32), classes=10, **FEW).help
    assert help == "write `classes: 2` or `classes: 11`"
    for classes in re.findall(r"`classes: (\d+)`", help):
        assert load(DIGITS, (1, 32, 32), classes=int(classes), **FEW) == 4


def test_as553_an_input_too_small_for_digits() -> None:
    help = fault("AS553", DIGITS, (1, 32, 12), **FEW).help
    assert help == "use an input of at least 16×16"
    height, width = map(int, help.split()[-1].split("×"))
    assert load(DIGITS, (1, height, width), **FEW) == 4


def test_as553_too_many_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits_segmentation, "_MOST_PIXELS", 7_000)
    help = fault("AS553", DIGITS, (1, 32, 32), samples=6, eval_samples=2).help
    assert help == "use a smaller input, or a `samples` and `eval_samples` of 6 together"
    assert load(DIGITS, (1, 29, 29), samples=6, eval_samples=2) == 6
    assert load(DIGITS, (1, 32, 32), samples=5, eval_samples=1) == 5


def arrays(file: Path, **given: np.ndarray) -> str:
    np.savez(file, **given)
    return str(file)


INPUTS = np.zeros((8, 8), np.float32)
LABELS = np.arange(8) % 2


@pytest.mark.parametrize(
    ("given", "help", "mended"),
    [
        (
            {"input": INPUTS, "target": LABELS[:4]},
            "give each array one entry for each sample",
            {"input": INPUTS, "target": LABELS},
        ),
        (
            {"input": INPUTS, "target": LABELS - 5},
            "classes are counted from 0; what has none is -100; numbers to be predicted are floating-point",
            {"input": INPUTS, "target": np.where(LABELS, -100, 0)},
        ),
    ],
)
def test_as553_arrays(tmp_path: Path, given: dict, help: str, mended: dict) -> None:
    path = arrays(tmp_path / "train.npz", **given)
    assert fault("AS553", "tensors", (8,), train=path, eval_fraction=0.5).help == help
    arrays(tmp_path / "train.npz", **mended)
    assert load("tensors", (8,), train=path, eval_fraction=0.5) == 4


def test_as553_nothing_is_left_to_measure_on(tmp_path: Path) -> None:
    path = arrays(tmp_path / "train.npz", input=INPUTS[:1], target=LABELS[:1])
    assert fault("AS553", "tensors", (8,), train=path).help == "give `eval` too"
    assert load("tensors", (8,), train=path, eval=path) == 1


@pytest.mark.parametrize(
    ("damage", "help"),
    [
        (Path.unlink, "write the path of an existing `.npz`, `.pt` or `.safetensors` file"),
        (
            lambda file: file.write_bytes(b"no arrays"),
            "write it with `numpy.savez`, `torch.save` of a dict of tensors, or safetensors",
        ),
    ],
)
def test_as554_a_file_of_arrays(tmp_path: Path, damage: Callable[[Path], object], help: str) -> None:
    file = tmp_path / "train.npz"
    arrays(file, input=INPUTS, target=LABELS)
    damage(file)
    assert fault("AS554", "tensors", (8,), train=str(file), eval_fraction=0.5).help == help
    arrays(file, input=INPUTS, target=LABELS)
    torch.save({"input": torch.tensor(INPUTS), "target": torch.tensor(LABELS)}, tmp_path / "train.pt")
    for path in (file, tmp_path / "train.pt"):
        assert load("tensors", (8,), train=str(path), eval_fraction=0.5) == 4


def test_as554_a_folder_of_images(tmp_path: Path) -> None:
    told = fault("AS554", "ImageFolder", root=str(tmp_path / "fotos"))
    assert told.help == "write the path of a folder with one folder for each class"
    pictures(tmp_path / "photos" / "cat", tmp_path / "photos" / "dog")
    assert load("ImageFolder", root=str(tmp_path / "photos"), eval_fraction=0.4) == 4


def test_as554_a_data_set_of_torchvision(tmp_path: Path) -> None:
    told = fault("AS554", "MNIST", root=str(tmp_path))
    assert told.help == "put these files there, or write `download: true` to have them fetched"
    written.mnist(tmp_path, "MNIST")
    assert load("MNIST", root=str(tmp_path)) == 8


def test_as554_data_that_is_handed_over() -> None:
    told = fault("AS554", handed_over.NAME)
    assert told.help == "`archspec.train(…, data=(train, eval))`, or name another data set: `--set train.data=digits`"
    assert load("digits") > 1_000


def test_as555_no_folder_for_each_class(tmp_path: Path) -> None:
    for phase in ("train", "val"):
        (tmp_path / phase).mkdir()
    told = fault("AS555", "ImageFolder", root=str(tmp_path))
    assert told.help == "arrange the images as `root/train/<class>/….png` and `root/val/<class>/….png`"
    pictures(*(tmp_path / phase / name for phase in ("train", "val") for name in ("cat", "dog")))
    assert load("ImageFolder", root=str(tmp_path)) == 6


def test_as556_other_classes_to_measure_on(tmp_path: Path) -> None:
    pictures(*(tmp_path / path for path in ("train/cat", "train/dog", "val/cat")))
    assert fault("AS556", "ImageFolder", root=str(tmp_path)).help == "give both folders the same class folders"
    pictures(tmp_path / "val" / "dog")
    assert load("ImageFolder", root=str(tmp_path)) == 6


@pytest.mark.parametrize(
    "mend", [Path.unlink, lambda file: Image.new("L", (8, 8)).save(file)], ids=("remove", "replace")
)
def test_as557_an_image_that_cannot_be_read(tmp_path: Path, mend: Callable[[Path], object]) -> None:
    pictures(*(tmp_path / phase / name for phase in ("train", "val") for name in ("cat", "dog")))
    broken = tmp_path / "train" / "cat" / "1.png"
    broken.write_bytes(b"no image")
    recipe = Recipe(data=Named("ImageFolder", {"root": str(tmp_path), "workers": 0}), batch_size=2, epochs=1)
    fake = Fake(mlp, (1, 8, 8), {"num_classes": 2})
    with pytest.raises(UsageError) as caught:
        train(fake, recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)
    told = caught.value.diagnostic
    assert (told.code, told.help) == ("AS557", "replace or remove it")
    assert f"`{broken}`" in told.message
    mend(broken)
    assert len(train(fake, recipe=recipe, out=tmp_path / "mended", device="cpu", quiet=True).history) == 1
