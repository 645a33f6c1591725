"""The runner against a loop written by hand, and its promises: same bits, clean ends, no half-written files."""

import csv
import random
import signal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from archspec.errors import SpecError, UsageError
from archspec.spec.recipe import Named, Recipe, Transforms
from archspec.train import train
from archspec.train.data.digits import load_arrays
from archspec.train.seeds import derive, order
from tests.train.fakes import Fake, UNet, convnet, mlp

FLAT = (64,)


def small(**fields):
    return Recipe(**{"batch_size": 128, "epochs": 2, "optimizer": Named("SGD", {"lr": 0.1}), **fields})


def run(tmp_path, name="run", fake=None, **fields):
    return train(fake or Fake(mlp, FLAT), recipe=small(**fields), out=tmp_path / name, device="cpu", quiet=True)


def by_hand(module, recipe, loss, optimizer, scheduler, encode):
    """What anybody would write: returns per-epoch mean losses, accuracies and the trained module."""
    arrays = load_arrays()
    pixels = arrays["train"][0].float() / 16
    mean, std = pixels.mean(), pixels.std()
    (train_x, train_y), (eval_x, eval_y) = (((x.float() / 16 - mean) / std, y) for x, y in arrays.values())
    train_x, eval_x = train_x.flatten(1), eval_x.flatten(1)
    told = []
    for epoch in range(1, recipe.epochs + 1):
        torch.manual_seed(derive(recipe.seed, epoch))
        module.train()
        total = 0.0
        for chosen in order(len(train_x), recipe.seed, epoch).split(recipe.batch_size):
            optimizer.zero_grad()
            value = loss(module(train_x[chosen]), encode(train_y[chosen]))
            value.backward()
            optimizer.step()
            total += value.item() * len(chosen)
        module.eval()
        with torch.no_grad():
            right = sum(
                (module(x).argmax(1) == y).sum().item()
                for x, y in zip(eval_x.split(recipe.batch_size), eval_y.split(recipe.batch_size), strict=True)
            )
        told.append((total / len(train_x), right / len(eval_x)))
        scheduler.step()
    return told, module


@pytest.mark.parametrize(
    ("loss", "criterion", "encode"),
    [
        ("CrossEntropyLoss", nn.CrossEntropyLoss(), lambda y: y),
        ("MSELoss", nn.MSELoss(), lambda y: nn.functional.one_hot(y, 10).float()),
        ("BCEWithLogitsLoss", nn.BCEWithLogitsLoss(), lambda y: nn.functional.one_hot(y, 10).float()),
        ("SoftMarginLoss", nn.SoftMarginLoss(), lambda y: 2 * nn.functional.one_hot(y, 10).float() - 1),
        ("MultiMarginLoss", nn.MultiMarginLoss(), lambda y: y),
    ],
)
def test_same_bits_as_a_loop_written_by_hand(tmp_path, no_pictures, loss, criterion, encode):
    fake = Fake(mlp, FLAT, {"dropout": 0.2})
    recipe = small(
        loss=Named(loss),
        optimizer=Named("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}),
        scheduler=Named("StepLR", {"step_size": 1, "gamma": 0.5}),
        epochs=3,
        seed=5,
    )
    result = train(fake, recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)
    module = fake.build(seed=5)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    told, module = by_hand(module, recipe, criterion, optimizer, scheduler, encode)
    for name, tensor in module.state_dict().items():
        assert torch.equal(result.last_model().state_dict()[name], tensor), name
    for row, (mean, right) in zip(result.history, told, strict=True):
        assert row["train_loss"] == pytest.approx(mean, rel=1e-6)
        assert row["eval_accuracy"] == pytest.approx(right, abs=1e-6)
    assert [row["lr"] for row in result.history] == [0.1, 0.05, 0.025]


@pytest.mark.parametrize("name", ["Adam", "AdamW", "Adagrad", "RMSprop", "NAdam", "Rprop", "Adafactor", "LBFGS"])
def test_optimizers_by_name(tmp_path, no_pictures, name):
    arguments = {"lr": 0.1, "max_iter": 5} if name == "LBFGS" else {"lr": 0.001}
    result = run(tmp_path, optimizer=Named(name, arguments), batch_size=2000 if name == "LBFGS" else 512)
    assert result.history[-1]["train_loss"] < result.history[0]["train_loss"]


def test_two_runs_have_the_same_bits_and_another_seed_others(tmp_path, no_pictures):
    flips = Transforms(train=(Named("RandomAffine", {"degrees": 10}),))
    fake = Fake(convnet, (1, 8, 8))
    fields = {"transforms": flips, "epochs": 1, "batch_size": 256}
    first, again, other = (run(tmp_path, str(index), fake, **fields, seed=seed) for index, seed in enumerate((0, 0, 1)))
    for file in ("last.safetensors", "best.safetensors"):
        assert (first.folder / file).read_bytes() == (again.folder / file).read_bytes()
    assert (first.folder / "last.safetensors").read_bytes() != (other.folder / "last.safetensors").read_bytes()
    drop = ("seconds",)
    assert [{k: v for k, v in row.items() if k not in drop} for row in first.history] == [
        {k: v for k, v in row.items() if k not in drop} for row in again.history
    ]


def test_random_states_of_the_caller_are_left_alone(tmp_path):
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    run(tmp_path, epochs=1)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    assert random.getstate() == before[2]


def test_the_model_has_its_best_weights_and_the_last_ones_can_be_had(tmp_path, no_pictures):
    result = run(tmp_path, epochs=3, scheduler=Named("ExponentialLR", {"gamma": 20.0}))
    assert result.best_epoch < 3
    assert result.best > result.history[-1]["eval_accuracy"]
    (pixels, _), (x, y) = load_arrays().values()
    scaled = (x.float() - pixels.float().mean()) / pixels.float().std()
    for model, accuracy in ((result.model, result.best), (result.last_model(), result.history[-1]["eval_accuracy"])):
        assert not model.training
        with torch.no_grad():
            right = (model(scaled).argmax(1) == y).float().mean().item()
        assert right == pytest.approx(accuracy, abs=2e-3)


def test_run_folder_holds_everything(tmp_path):
    result = run(tmp_path, metrics=(Named("accuracy"), Named("mean_iou")))
    assert {path.name for path in result.folder.iterdir()} == {
        "spec.yaml", "recipe.yaml", "run.json", "metrics.csv", "metrics.jsonl", "best.safetensors",
        "last.safetensors", "evaluation.json", "report.html", "curves.png", "confusion.png", "predictions.png",
        "checkpoints", ".lock",
    }  # fmt: skip
    rows = list(csv.DictReader((result.folder / "metrics.csv").open()))
    assert list(rows[0]) == [
        "epoch", "step", "lr", "train_loss", "train_accuracy", "train_mean_iou",
        "eval_loss", "eval_accuracy", "eval_mean_iou", "seconds",
    ]  # fmt: skip
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert [float(row["eval_accuracy"]) for row in rows] == [row["eval_accuracy"] for row in result.history]
    last = load_file(result.folder / "last.safetensors")
    assert all(torch.equal(last[name], tensor) for name, tensor in result.last_model().state_dict().items())
    assert result.best == max(row["eval_accuracy"] for row in result.history)
    assert f"{result.best:.4f}" in result.summary()
    assert str(result.folder) in result.summary()


def test_plateau_scheduler_gets_loss_or_metric(tmp_path, no_pictures):
    def rates(name, **arguments):
        scheduler = Named("ReduceLROnPlateau", {"patience": 0, "factor": 0.5, "threshold": 10.0, **arguments})
        return [row["lr"] for row in run(tmp_path, name, epochs=3, scheduler=scheduler).history]

    assert rates("min", mode="min", threshold_mode="abs") == [0.1, 0.1, 0.05]
    assert rates("max", mode="max", threshold_mode="abs") == [0.1, 0.1, 0.05]
    assert rates("sees", mode="max", threshold=0.0, threshold_mode="abs") == [0.1, 0.1, 0.1]


def test_not_finite_loss_is_told_with_its_step(tmp_path):
    with pytest.raises(UsageError) as caught:
        run(tmp_path, optimizer=Named("SGD", {"lr": 1e30}), loss=Named("MSELoss"), epochs=3)
    diagnostic = caught.value.diagnostic
    assert diagnostic.code == "AS604"
    assert "at step 2 of epoch 1" in diagnostic.message or "at step 3 of epoch 1" in diagnostic.message
    assert "learning rate" in diagnostic.help
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "spec.yaml", "recipe.yaml", "run.json", "checkpoints", ".lock",
    }  # fmt: skip


class Interrupting(nn.Module):
    """Presses Ctrl-C in the fourth training step."""

    def __init__(self):
        super().__init__()
        self.inner = mlp()
        self.steps = 0

    def forward(self, x):
        self.steps += self.training
        if self.steps == 4:
            signal.raise_signal(signal.SIGINT)
        return self.inner(x)


def test_interrupt_keeps_the_last_checkpoint(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, fake=Fake(Interrupting, FLAT), batch_size=719, epochs=5)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"last.safetensors", "best.safetensors", "metrics.csv", "curves.png"} <= names
    last, best = (load_file(tmp_path / "run" / f"{name}.safetensors") for name in ("last", "best"))
    assert any(not torch.equal(last[name], best[name]) for name in last)
    assert len((tmp_path / "run" / "metrics.csv").read_text().splitlines()) == 2


def test_tied_weights_are_saved(tmp_path):
    def tied():
        module = mlp(hidden=64)
        module.add_module("twin", nn.Identity())
        module.twin.register_parameter("weight", module[1].weight)
        return module

    result = run(tmp_path, fake=Fake(tied, FLAT), epochs=1)
    last = load_file(result.folder / "last.safetensors")
    assert torch.equal(last["1.weight"], last["twin.weight"])


def test_a_last_batch_of_one_is_left_out(tmp_path, no_pictures):
    def normed():
        return nn.Sequential(nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Linear(8, 10))

    with pytest.raises(ValueError, match="more than 1 value"):
        normed()(torch.zeros(1, 64))
    assert run(tmp_path, fake=Fake(normed, FLAT), batch_size=479, epochs=1).history  # 1438 = 3·479 + 1


def test_segmentation_learns(tmp_path):
    data = Named("digits_segmentation", {"samples": 160, "eval_samples": 40})
    adam = Named("Adam", {"lr": 0.01})
    result = run(tmp_path, fake=Fake(UNet, (1, 32, 32)), data=data, optimizer=adam, batch_size=16, epochs=4)
    assert result.metric == "mean_iou"
    assert result.best > 0.7
    assert (result.folder / "predictions.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("loss", ["BCEWithLogitsLoss", "MSELoss"])
def test_one_output_for_two_classes(tmp_path, no_pictures, loss):
    data = Named("digits_segmentation", {"samples": 64, "eval_samples": 8})
    fake = Fake(UNet, (1, 32, 32), {"num_classes": 1, "base": 4})
    adam = Named("Adam", {"lr": 0.02})
    result = run(tmp_path, fake=fake, data=data, loss=Named(loss), optimizer=adam, batch_size=8, epochs=3)
    assert result.history[-1]["train_mean_iou"] > 0.6


def test_loss_objections_come_before_anything_is_written(tmp_path):
    fake = Fake(UNet, (1, 32, 32), {"base": 4})
    data = Named("digits_segmentation", {"samples": 8, "eval_samples": 4})
    with pytest.raises(SpecError) as caught:
        run(tmp_path, fake=fake, data=data, loss=Named("MultiMarginLoss"))
    assert caught.value.diagnostics[0].code == "AS509"
    with pytest.raises(SpecError) as caught:
        run(tmp_path, loss=Named("CrossEntropyLoss", {"weight": [1.0, 2.0]}))
    assert caught.value.diagnostics[0].code == "AS509"
    assert not list(tmp_path.iterdir())


def test_recipe_faults_come_before_anything_is_written(tmp_path):
    with pytest.raises(SpecError) as caught:
        run(tmp_path, epochs=0, optimizer=Named("Adm"))
    assert {d.code for d in caught.value.diagnostics} == {"AS501", "AS505"}
    assert not list(tmp_path.iterdir())


def test_warnings_do_not_stop_a_run(tmp_path):
    assert run(tmp_path, epochs=1, optimizer=Named("SGD", {"lr": 0})).history
