"""Stopped at any batch and gone on with: the same bits as a run that was never stopped."""

import math
import os
import shutil
import signal
from dataclasses import replace
from multiprocessing import active_children

import pytest
import torch
from PIL import Image
from torch import nn

from archspec.spec.recipe import Named, ParamGroup, Recipe, Transforms
from archspec.train import run, train
from archspec.train.data import loaded
from tests.train.fakes import Fake, mlp
from tests.train.interrupted import Stopping, all_of, difference, stopped
from tests.train.killed import wait

pytestmark = pytest.mark.usefixtures("no_pictures")

FLAT = (64,)
FLIPS = Transforms(train=(Named("RandomAffine", {"degrees": 10}), Named("RandomErasing", {"p": 0.5})))
SEGMENTS = Named("digits_segmentation", {"samples": 10, "eval_samples": 4})


def drop_and_norm():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(196, 2)
    )


def small_convnet():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10)
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    generator = torch.Generator().manual_seed(0)
    for phase, count in (("train", 7), ("val", 2)):
        for name in ("ants", "bees"):
            (root / phase / name).mkdir(parents=True)
            for index in range(count):
                pixels = torch.randint(0, 255, (20, 20, 3), dtype=torch.uint8, generator=generator)
                Image.fromarray(pixels.numpy()).save(root / phase / name / f"{index}.png")
    return root


def of_photos(photos, workers):
    """14 images, 4 a batch: steps of 2 + 2 batches, the last one smaller; per-step scheduler, EMA, clipping."""
    return Recipe(
        data=Named("ImageFolder", {"root": str(photos), "workers": workers}),
        transforms=FLIPS,
        batch_size=4,
        accumulate=2,
        epochs=2,
        optimizer=Named("AdamW", {"lr": 0.01}),
        param_groups=(ParamGroup(("0.*",), {"lr": 0.02}),),
        scheduler=Named("OneCycleLR", {"max_lr": 0.05, "total_steps": 4}),
        scheduler_interval="step",
        ema=0.9,
        clip_grad_norm=1.0,
        best_kept=2,
        seed=3,
    )


def test_every_batch_with_accumulation_augmentation_average_and_workers(tmp_path, photos, monkeypatch):
    fake = Fake(drop_and_norm, (3, 16, 16))
    train(fake, recipe=of_photos(photos, 0), out=tmp_path / "whole", device="cpu", quiet=True)
    whole = all_of(tmp_path / "whole")
    assert whole["state"]["steps"] == 4
    for after in range(1, 9):
        folder = tmp_path / str(after)
        stopped(monkeypatch, after, fake, recipe=of_photos(photos, 2 if after % 2 else 0), out=folder)
        train(fake, recipe=of_photos(photos, 0 if after % 2 else 2), resume=folder, device="cpu", quiet=True)
        assert difference(all_of(folder), whole) is None, after


def test_the_number_of_workers_changes_nothing(tmp_path, photos):
    for workers in (0, 1, 2):
        recipe = of_photos(photos, workers)
        train(Fake(drop_and_norm, (3, 16, 16)), recipe=recipe, out=tmp_path / str(workers), device="cpu", quiet=True)
    none, one, two = (all_of(tmp_path / str(workers)) for workers in (0, 1, 2))
    assert difference(none, one) is None
    assert difference(none, two) is None


def test_no_process_outlives_a_run(tmp_path, photos, monkeypatch):
    """Not even while somebody holds the exception. What is collected later is collected in any thread, or a child."""
    eval_photos = replace(of_photos(photos, 2), eval_interval="step")
    with monkeypatch.context() as patch:
        patch.setattr(run, "make_progress", lambda quiet: Stopping(3))
        with pytest.raises(SystemExit) as stopped_there:
            train(Fake(drop_and_norm, (3, 16, 16)), recipe=eval_photos, out=tmp_path / "a", device="cpu", quiet=True)
    assert not active_children()
    assert stopped_there.value.code == 143
    result = train(Fake(drop_and_norm, (3, 16, 16)), recipe=eval_photos, out=tmp_path / "b", device="cpu", quiet=True)
    assert not active_children()
    assert result.history


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it is forked")
def test_a_worker_that_is_told_to_end_is_not_killed(monkeypatch):
    """One that is killed makes torch raise in the process that trains, perhaps within a save."""
    monkeypatch.setattr(loaded, "_SECONDS_TO_FINISH", 1)
    child = os.fork()
    if not child:
        loaded._undisturbed(0)
        signal.raise_signal(signal.SIGTERM)
        signal.pause()
        os._exit(1)
    assert wait(child) == 0


def test_stopped_again_and_again(tmp_path, monkeypatch):
    fake, recipe = Fake(mlp, FLAT, {"dropout": 0.5}), Recipe(batch_size=300, epochs=3, accumulate=3)
    train(fake, recipe=recipe, out=tmp_path / "whole", device="cpu", quiet=True)
    stopped(monkeypatch, 1, fake, recipe=recipe, out=tmp_path / "run")
    for _ in range(13):
        stopped(monkeypatch, 1, fake, recipe=recipe, resume=tmp_path / "run")
    train(fake, recipe=recipe, resume=tmp_path / "run", device="cpu", quiet=True)
    assert difference(all_of(tmp_path / "run"), all_of(tmp_path / "whole")) is None


OPTIMIZERS = {
    **{name: {} for name in ("ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam")},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Rprop": {},
    "SGD": {"momentum": 0.9, "nesterov": True},
    "LBFGS": {"lr": 0.1, "max_iter": 3, "line_search_fn": "strong_wolfe"},
    "Muon": {},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(tmp_path, monkeypatch, name):
    assert_resumes(tmp_path, monkeypatch, optimizer=Named(name, OPTIMIZERS[name]))


def test_no_optimizer_is_forgotten():
    from archspec.ops.signatures import signatures

    assert set(signatures("optimizers")) - {"SparseAdam"} == set(OPTIMIZERS)


STEPS = [{"LinearLR": {"start_factor": 0.1, "total_iters": 2}}, {"CosineAnnealingLR": {"T_max": 4}}]
SCHEDULERS = {
    "ChainedScheduler": {"schedulers": STEPS},
    "ConstantLR": {"total_iters": 3},
    "CosineAnnealingLR": {"T_max": 5},
    "CosineAnnealingWarmRestarts": {"T_0": 2},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2},
    "ExponentialLR": {"gamma": 0.9},
    "LinearLR": {},
    "MultiStepLR": {"milestones": [2, 4]},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 10},
    "PolynomialLR": {"total_iters": 5},
    "ReduceLROnPlateau": {"patience": 0},
    "SequentialLR": {"schedulers": STEPS, "milestones": [2]},
    "StepLR": {"step_size": 2},
}


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler(tmp_path, monkeypatch, name, interval):
    if (name, interval) == ("ReduceLROnPlateau", "step"):
        pytest.skip("a recipe may not say this")
    fields = {"scheduler": Named(name, SCHEDULERS[name]), "scheduler_interval": interval}
    optimizer = Named("SGD", {"lr": 0.05, "momentum": 0.9})
    assert_resumes(tmp_path, monkeypatch, optimizer=optimizer, **fields)


def test_no_scheduler_is_forgotten():
    from archspec.ops.signatures import signatures

    assert set(signatures("schedulers")) - {"LambdaLR", "MultiplicativeLR"} == set(SCHEDULERS)


@pytest.mark.parametrize(
    "fields",
    [
        {"precision": "bfloat16"},
        {"precision": "float16", "optimizer": Named("SGD", {"lr": 0.01})},
        {"channels_last": True, "ema": 0.5},
        {"clip_grad_value": 0.01},
    ],
    ids=str,
)
def test_kinds_of_numbers_and_layouts(tmp_path, monkeypatch, fields):
    fake = Fake(small_convnet, (1, 8, 8))
    assert_resumes(tmp_path, monkeypatch, fake, **{"batch_size": 500, "accumulate": 2, **fields})


def assert_resumes(tmp_path, monkeypatch, fake=None, **fields):
    def biasless():
        return nn.Sequential(nn.Linear(64, 8, bias=False), nn.ReLU(), nn.Linear(8, 10, bias=False))

    fake = fake or Fake(biasless, FLAT)
    recipe = Recipe(**{"batch_size": 700, "epochs": 2, **fields})
    train(fake, recipe=recipe, out=tmp_path / "whole", device="cpu", quiet=True)
    batches = 2 * math.ceil(1438 / recipe.batch_size)
    for after in (1, batches // 2, batches - 1):
        folder = tmp_path / str(after)
        stopped(monkeypatch, after, fake, recipe=recipe, out=folder)
        train(fake, recipe=recipe, resume=folder, device="cpu", quiet=True)
        assert difference(all_of(folder), all_of(tmp_path / "whole")) is None, after
        shutil.rmtree(folder)
