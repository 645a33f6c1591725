"""The training programs of the course notes, each as a recipe beside the loop as it is written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import datasets
from torchvision.transforms import v2

import archspec
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from archspec.train.seeds import order, seeded

RECIPES = Path(__file__).parents[2] / "recipes"
SMALL = """archspec: 1
name: Small
input: [3, 24, 24]
layers:
  conv1: {Conv2d: {out_channels: 4, kernel_size: 5, stride: 3}}
  bn1: BatchNorm2d
  relu: ReLU
  avgpool: {AdaptiveAvgPool2d: 2}
  flatten: Flatten
  fc: {Linear: 2}
"""
FINE_TUNING = """archspec: 1
data: {ImageFolder: {root: photos}}
transforms:
  train:
    - {RandomResizedCrop: 24}
    - RandomHorizontalFlip
    - {ToDtype: {dtype: float32, scale: true}}
    - {Normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}
  eval:
    - {Resize: 28}
    - {CenterCrop: 24}
    - {ToDtype: {dtype: float32, scale: true}}
    - {Normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}
batch_size: 4
epochs: 6
optimizer: {SGD: {lr: 0.001, momentum: 0.9, weight_decay: 0.001}}
param_groups: [{match: "fc.*", lr: 0.01, weight_decay: 0.01}]
scheduler: {StepLR: {step_size: 2, gamma: 0.1}}
metrics: [accuracy]
"""
CPU = torch.device("cpu")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    for phase, count in (("train", 6), ("val", 4)):
        for shade, name in ((40, "ants"), (150, "bees")):
            (tmp_path / "photos" / phase / name).mkdir(parents=True)
            for index in range(count):
                pixels = random.integers(shade, shade + 60, (30 + index, 36, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "photos" / phase / name / f"{index}.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def batches(architecture, epoch):
    data = load_data(Request(architecture.recipe, architecture.input_types))
    return [(batch.inputs[0], batch.target) for batch in data.train.batches(order(12, 0, epoch), 4, epoch, CPU)]


def fine_tuned_by_hand(architecture):
    model = architecture.build(seed=0)
    head = list(model.fc.parameters())
    body = [parameter for name, parameter in model.named_parameters() if not name.startswith("fc.")]
    optimizer = torch.optim.SGD(
        [{"params": body, "lr": 0.001, "weight_decay": 0.001}, {"params": head, "lr": 0.01, "weight_decay": 0.01}],
        momentum=0.9,
    )
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.1)
    prepare = v2.Compose([v2.ToImage(), v2.Resize(28), v2.CenterCrop(24), v2.ToDtype(torch.float32, scale=True),
                          v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])  # fmt: skip
    held_out = datasets.ImageFolder("photos/val", prepare)
    images, labels = torch.stack([image for image, _ in held_out]), torch.tensor(held_out.targets)
    best, best_accuracy, told = None, -1.0, []
    for epoch in range(1, 7):
        model.train()
        for x, y in batches(architecture, epoch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(images).argmax(1) == labels).float().mean().item()
        told.append(accuracy)
        if accuracy > best_accuracy:
            best, best_accuracy = {name: tensor.clone() for name, tensor in model.state_dict().items()}, accuracy
    return best, model.state_dict(), told


def test_fine_tuning_with_two_groups_and_the_best_weights(photos, tmp_path):
    architecture = archspec.load(SMALL, recipe=FINE_TUNING)
    best, last, told = fine_tuned_by_hand(architecture)
    result = archspec.train(architecture, out=tmp_path / "run", device="cpu", quiet=True)
    assert [row["eval_accuracy"] for row in result.history] == pytest.approx(told)
    assert result.best_epoch == told.index(max(told)) + 1
    assert [row["lr"] for row in result.history] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    for name, tensor in result.model.state_dict().items():
        assert torch.equal(tensor, best[name]), name
    for name, tensor in result.last_model().state_dict().items():
        assert torch.equal(tensor, last[name]), name
    with Image.open(result.folder / "predictions.png") as grid:  # eight pictures in a row, with a headline
        assert grid.width > 4 * grid.height > 400


def test_its_augmentation_is_torchvision_s(photos):
    prepare = v2.Compose([v2.RandomResizedCrop(24), v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True),
                          v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])  # fmt: skip
    files = datasets.ImageFolder("photos/train", v2.ToImage())
    (images, _), *_ = batches(archspec.load(SMALL, recipe=FINE_TUNING), 3)
    for index, image in zip(order(12, 0, 3).tolist(), images, strict=False):
        with seeded(0, 3, index):
            assert torch.equal(prepare(files[index][0]), image)


@pytest.mark.parametrize(("name", "loss"), [("adam", nn.CrossEntropyLoss()), ("regression", nn.MSELoss())])
def test_adam(name, loss, photos, tmp_path, no_pictures):
    random = np.random.default_rng(1)
    np.savez("data.npz", x=random.standard_normal((12, 5)), y=random.standard_normal(12))
    spec = (
        SMALL
        if name == "adam"
        else "archspec: 1\ninput: [5]\nlayers: {hidden: {Linear: 8}, relu: ReLU, fc: {Linear: 1}}\n"
    )
    root = ["train.data.ImageFolder.root=photos"] if name == "adam" else ["train.data.tensors.eval=data.npz"]
    few = ["train.epochs=3", "train.batch_size=4", *root]
    architecture = archspec.load(spec, recipe=RECIPES / f"{name}.yaml", set=few)
    result = archspec.train(architecture, out=tmp_path / "run", device="cpu", quiet=True)
    model = architecture.build(seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for epoch in (1, 2, 3):
        for x, y in batches(architecture, epoch):
            optimizer.zero_grad()
            loss(model(x), y if name == "adam" else y[:, None]).backward()
            optimizer.step()
    for key, tensor in result.last_model().state_dict().items():
        assert torch.equal(tensor, model.state_dict()[key]), key
    assert result.metric == ("accuracy" if name == "adam" else "mse")
