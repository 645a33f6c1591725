"""What a recipe asks for beside the plain loop, each against what one would write by hand with torch."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import archspec
from archspec.errors import UsageError
from archspec.spec.recipe import Named, OutputLoss, Recipe
from archspec.train import train
from archspec.train.data.digits import load_arrays
from archspec.train.precision import autocast_dtype
from archspec.train.seeds import order
from tests.train.fakes import Fake, mlp

pytestmark = pytest.mark.usefixtures("no_pictures")

FLAT = (64,)
SGD = Named("SGD", {"lr": 0.1, "momentum": 0.9})


def digits():
    images, labels = load_arrays()["train"]
    pixels = images.float() / 16
    return ((pixels - pixels.mean()) / pixels.std()).flatten(1), labels


def trained(tmp_path, fake=None, **fields):
    recipe = Recipe(**{"batch_size": 256, "epochs": 2, "optimizer": SGD, **fields})
    return train(fake or Fake(mlp, FLAT), recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)


def by_hand(every_step, loss=functional.cross_entropy, size=256, epochs=2, model=None):
    """A plain loop; `every_step(model, optimizer)` does the step."""
    model = model or Fake(mlp, FLAT).build(seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    images, labels = digits()
    for epoch in range(1, epochs + 1):
        for chosen in order(len(images), 0, epoch).split(size):
            optimizer.zero_grad()
            loss(model(images[chosen]), labels[chosen]).backward()
            every_step(model, optimizer)
    return model


def assert_same_weights(result, model, **tolerance):
    last = result.last_model().state_dict()
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(last[name], tensor, **(tolerance or {"rtol": 0, "atol": 0}))


def test_accumulated_gradients_are_those_of_the_large_batch(tmp_path):
    result = trained(tmp_path, batch_size=64, accumulate=4)
    assert_same_weights(result, by_hand(lambda model, optimizer: optimizer.step()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("field", ["clip_grad_norm", "clip_grad_value"])
def test_clipping(tmp_path, field):
    clip = getattr(nn.utils, f"{field}_")

    def step(model, optimizer):
        clip(model.parameters(), 0.02)
        optimizer.step()

    assert_same_weights(trained(tmp_path, **{field: 0.02}), by_hand(step))


def test_moving_average_is_what_is_measured_and_kept(tmp_path):
    averages = []

    def step(model, optimizer):
        if not averages:
            averages.append(AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.8), use_buffers=True))
        optimizer.step()
        averages[0].update_parameters(model)

    result = trained(tmp_path, ema=0.8)
    by_hand(step)
    assert_same_weights(result, averages[0].module)
    images, labels = load_arrays()["eval"]
    train_images = load_arrays()["train"][0].float() / 16
    pixels = ((images.float() / 16 - train_images.mean()) / train_images.std()).flatten(1)
    right = (averages[0].module(pixels).argmax(1) == labels).float().mean()
    assert result.history[-1]["eval_accuracy"] == pytest.approx(float(right))


def test_label_smoothing(tmp_path):
    result = trained(tmp_path, loss=Named("CrossEntropyLoss", {"label_smoothing": 0.2}))

    def loss(output, labels):
        return functional.cross_entropy(output, labels, label_smoothing=0.2)

    assert_same_weights(result, by_hand(lambda model, optimizer: optimizer.step(), loss))


def test_bfloat16(tmp_path):
    def step(model, optimizer):
        optimizer.step()

    model, images = Fake(mlp, FLAT).build(seed=0), digits()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for chosen in order(len(images[0]), 0, 1).split(256):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = functional.cross_entropy(model(images[0][chosen]), images[1][chosen])
        loss.backward()
        optimizer.step()
    assert_same_weights(trained(tmp_path, precision="bfloat16", epochs=1), model)


def test_automatic_precision_asks_the_processor(monkeypatch):
    cpu = torch.device("cpu")
    for has, wanted in (({"amx_bf16": True}, torch.bfloat16), ({"avx512_bf16": False}, None)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: has, raising=False)
        assert autocast_dtype("auto", cpu) is wanted
    assert autocast_dtype("float32", cpu) is None


def test_a_scheduler_per_step(tmp_path):
    result = trained(tmp_path, scheduler=Named("ExponentialLR", {"gamma": 0.9}), scheduler_interval="step")
    assert [row["lr"] for row in result.history] == pytest.approx([0.1, 0.1 * 0.9 ** math.ceil(1438 / 256)])


class TwoHeads(nn.Module):
    """Its auxiliary head is there in training mode only, as with `training: true`."""

    def __init__(self):
        super().__init__()
        self.body, self.fc, self.aux = nn.Linear(64, 16), nn.Linear(16, 10), nn.Linear(16, 10)

    def forward(self, x):
        x = self.body(x).relu()
        return {"logits": self.fc(x), "aux": self.aux(x)} if self.training else {"logits": self.fc(x)}


SPEC = """archspec: 1
input: [64]
layers:
  body: {Linear: 16}
  relu: ReLU
  fc: {Linear: 10}
  aux: {Linear: 10, from: relu}
outputs: {logits: fc, aux: {from: aux, training: true}}
train:
  data: digits
  batch_size: 256
  epochs: 2
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
  losses: {logits: CrossEntropyLoss, aux: {MSELoss: , weight: 0.4}}
"""


def test_several_losses_with_weights(tmp_path):
    def loss(outputs, labels):
        hot = functional.one_hot(labels, 10).float()
        return functional.cross_entropy(outputs["logits"], labels) + 0.4 * functional.mse_loss(outputs["aux"], hot)

    architecture = archspec.load(SPEC)
    assert architecture.recipe.losses["aux"] == OutputLoss(Named("MSELoss"), 0.4)
    result = archspec.train(architecture, out=tmp_path / "run", device="cpu", quiet=True)
    model = TwoHeads()
    model.load_state_dict(architecture.build(seed=0).state_dict())
    assert_same_weights(result, by_hand(lambda model, optimizer: optimizer.step(), loss, model=model))
    eval_loss, train_loss = (result.history[-1][f"{phase}_loss"] for phase in ("eval", "train"))
    assert 0 < eval_loss < train_loss + 0.5


@pytest.mark.parametrize("fields", [{"max_steps": 8}, {"max_seconds": 1e-9}])
def test_limits_end_it_within_an_epoch_and_raised_ones_go_on(tmp_path, fields):
    result = trained(tmp_path, epochs=3, **fields)
    assert len(result.history) == (2 if "max_steps" in fields else 1)
    recipe = Recipe(batch_size=256, epochs=3, optimizer=SGD)
    raised = train(Fake(mlp, FLAT), recipe=recipe, resume=tmp_path / "run", device="cpu", quiet=True)
    assert_same_weights(raised, by_hand(lambda model, optimizer: optimizer.step(), epochs=3))
    assert [row["epoch"] for row in raised.history] == [1, 2, 3]
    assert len((tmp_path / "run" / "metrics.csv").read_text().splitlines()) == 4


def test_early_stopping_and_the_best_epochs(tmp_path):
    still = Named("SGD", {"lr": 1e-12})
    result = trained(tmp_path, epochs=9, optimizer=still, early_stopping=2, best_kept=2)
    assert len(result.history) == 3
    assert result.best_epoch == 1
    names = sorted(path.name for path in result.folder.glob("best*"))
    assert names == ["best-epoch-1.safetensors", "best-epoch-2.safetensors", "best.safetensors"]


@pytest.mark.parametrize("field", ["compile", "channels_last", "sync_batchnorm", "deterministic"])
def test_it_learns_with(tmp_path, field):
    if field == "compile":
        torch.compiler.reset()
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    if field == "sync_batchnorm":
        model.insert(1, nn.BatchNorm2d(4))
    fake = Fake(lambda: model, (1, 8, 8))
    assert trained(tmp_path, fake, **{field: True}).best > 0.5
    assert type(model[1]) in (nn.ReLU, nn.BatchNorm2d)  # there is one process, so nothing is synchronised
    assert list(model.state_dict())[:2] == ["0.weight", "0.bias"]
    assert not torch.are_deterministic_algorithms_enabled()


def test_what_torch_cannot_repeat(tmp_path):
    class Putting(nn.Linear):
        def forward(self, x):
            return super().forward(x.clone().put_(torch.zeros(2, dtype=torch.int64), torch.ones(2)))

    assert trained(tmp_path / "1", Fake(lambda: Putting(64, 10), FLAT)).history
    with pytest.raises(UsageError, match="cannot do this deterministically: put_") as caught:
        trained(tmp_path / "2", Fake(lambda: Putting(64, 10), FLAT), deterministic=True)
    assert caught.value.diagnostic.code == "AS620"
    assert not torch.are_deterministic_algorithms_enabled()


def test_every_field_is_documented_and_in_the_schema():
    names = {each.name for each in dataclasses.fields(Recipe)} - {"spans"}
    assert names <= set(re.findall(r"^ +(\w+): ", Recipe.__doc__, re.MULTILINE))
    properties = json.loads(archspec.json_schema(recipe=True))["properties"]
    assert names <= set(properties)
    assert all(properties[name]["description"] for name in names)
