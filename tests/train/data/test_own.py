"""Data sets of a caller's own: registered, offered by a package, and whatever their items are."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, TensorDataset

import archspec
from archspec.errors import SpecError, UsageError
from archspec.ops import offered
from archspec.spec.recipe import Named, Recipe, Transforms
from archspec.tensors import N, TensorType
from archspec.train.data import loaded
from archspec.train.data.own import from_datasets
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request

CPU = torch.device("cpu")
SPEC = """archspec: 1
input: [3, 8, 8]
layers: {flatten: Flatten, fc: {Linear: 2}}
train: {data: {Spots: {count: 12}}, batch_size: 4, epochs: 3, optimizer: {SGD: {lr: 0.1}}}
"""


class Spots(Dataset):
    """Red ones and blue ones, as PIL images of several sizes."""

    classes = ("red", "blue")

    def __init__(self, count, size=10):
        self.count, self.size = count, size

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        colour = ((200, index, 10), (10, index, 200))[index % 2]
        return Image.new("RGB", (self.size + index, self.size), colour), index % 2


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch):
    monkeypatch.setattr(offered, "_REGISTERED", {})
    offered._points.cache_clear()
    yield
    offered._points.cache_clear()


def request_of(name="Spots", shape=(3, 8, 8), inputs=("input",), **fields):
    recipe = Recipe(data=Named(name, fields.pop("arguments", {})), **fields)
    return Request(recipe, {each: TensorType((N, *shape)) for each in inputs})


def everything(samples):
    (batch,) = samples.batches(torch.arange(len(samples)), len(samples), 1, CPU)
    return batch


def test_registered_and_trained_on(tmp_path, no_pictures):
    @archspec.register_dataset(name="Spots")
    def spots(count, part=4):
        return Spots(count), Spots(part)

    assert archspec.check(SPEC) == ()
    result = archspec.train(SPEC, out=tmp_path / "run", device="cpu", quiet=True)
    assert result.best == 1
    with pytest.raises(SpecError) as caught:
        archspec.train(SPEC.replace("count: 12", "counts: 12"), out=tmp_path / "other", device="cpu", quiet=True)
    assert caught.value.diagnostics[0].code == "AS502"
    with pytest.raises(UsageError):
        archspec.register_dataset(spots, name="MNIST")


def test_offered_by_a_package(monkeypatch):
    from importlib import metadata

    loaded, asked = [], []

    class Point:
        name = "Spots"

        def load(self):
            loaded.append(self)
            return lambda count: {"train": Spots(count), "eval": Spots(2), "classes": ["a", "b"], "workers": 0}

    def entry_points(*, group):
        asked.append(group)
        return [Point()]

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    assert archspec.check(SPEC) == ()
    assert not loaded, "checking imports no package"
    data = load_data(request_of(arguments={"count": 6}))
    assert asked == ["archspec.datasets"]
    assert (data.classes, len(data.train), len(data.eval)) == (("a", "b"), 6, 2)
    assert archspec.check(SPEC.replace("Spots", "Dots"))[0].code == "AS501"


def test_images_are_treated_as_those_of_files():
    grey = Transforms(train=(Named("RandomGrayscale", {"p": 1.0}),))
    data = from_datasets(request_of(transforms=grey), Spots(6), Spots(4))
    images = everything(data.train).inputs[0]
    assert images.shape == (6, 3, 8, 8)
    assert data.classes == ("red", "blue")
    colours = images[0, :, 0, 0] * torch.tensor([0.229, 0.224, 0.225]) + torch.tensor([0.485, 0.456, 0.406])
    assert colours.std() < 1e-6
    in_bytes = [(np.full((6, 5, 3), index, np.uint8), index % 2) for index in range(4)]
    assert everything(from_datasets(request_of(), in_bytes, in_bytes, 2).train).inputs[0].shape == (4, 3, 8, 8)
    masks = [(Image.new("RGB", (9, 9)), Image.new("L", (9, 9), value)) for value in (0, 1, 255)]
    data = from_datasets(request_of(), masks, masks, 2)
    assert data.task == "segmentation"
    assert everything(data.eval).target[:, 0, 0].tolist() == [0, 1, -100]


def test_tensors_go_in_as_they_are():
    x, y = torch.randn(6, 3), torch.tensor([0, 2, 1, 0, 1, 2])
    data = from_datasets(request_of(shape=(3,)), TensorDataset(x, y), TensorDataset(x, y), 3)
    batch = everything(data.train)
    assert torch.equal(batch.inputs[0], x)
    assert torch.equal(batch.target, y)
    numbers = from_datasets(request_of(shape=(3,)), TensorDataset(x, x), TensorDataset(x, x))
    assert (numbers.task, numbers.classes) == ("regression", ())
    both = [({"b": row + 1, "a": row}, 0) for row in x]
    two = everything(from_datasets(request_of(shape=(3,), inputs=("a", "b")), both, both, 1).train)
    assert torch.equal(two.inputs[0], x)
    assert torch.equal(two.inputs[1], x + 1)


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ([1, 2], "no pair of an input and its target"),
        ([], "has no samples to learn from"),
        ([(torch.zeros(3), 1)], "how many classes"),
    ],
)
def test_items_that_are_something_else(train, words):
    with pytest.raises(SpecError) as caught:
        from_datasets(request_of(shape=(3,)), train, train)
    (fault,) = caught.value.diagnostics
    assert fault.code == "AS553"
    assert words in fault.message


@pytest.mark.parametrize("made", [lambda count: 1 / 0, lambda count: Spots(count)])
def test_a_plug_in_that_fails(made):
    archspec.register_dataset(made, name="Spots")
    with pytest.raises(SpecError, match=r"the plug-in `Spots` (fails: ZeroDivisionError|gives a Spots)"):
        load_data(request_of(arguments={"count": 3}))


def test_processes_on_one_machine_share_its_processors(monkeypatch):
    monkeypatch.setattr(loaded.os, "cpu_count", lambda: 24)
    found = {}
    for trainers in ("1", "2", "4", "24"):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", trainers)
        found[trainers] = loaded.Loaded(Spots(300), None).workers
    assert found == {"1": 8, "2": 8, "4": 5, "24": 0}
    assert loaded.Loaded(Spots(300), None, workers=3).workers == 3
