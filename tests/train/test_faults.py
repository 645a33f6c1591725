"""What goes wrong with the machine while training: its message, and a last checkpoint that is whole."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys

import pytest
import torch
from PIL import Image
from torch import nn

from archspec.errors import UsageError
from archspec.spec.recipe import Named, Recipe
from archspec.train import run, train
from archspec.train.store.checkpoints import Checkpoints
from tests.train.fakes import Fake, mlp
from tests.train.interrupted import Stopping, all_of, difference, stopped

pytestmark = pytest.mark.usefixtures("no_pictures")

FLAT = (64,)
RECIPE = Recipe(batch_size=500, epochs=3, optimizer=Named("SGD", {"lr": 0.1}))


def fault(code, **arguments):
    with pytest.raises(UsageError) as caught:
        train(**{"architecture": Fake(mlp, FLAT), "recipe": RECIPE, "device": "cpu", "quiet": True, **arguments})
    assert caught.value.diagnostic.code == code
    return caught.value.diagnostic


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_takes_no_more(tmp_path, monkeypatch, number):
    write, calls = os.write, []

    def refusing(handle, data):
        calls.append(handle)
        if len(calls) > 200:
            raise OSError(number, os.strerror(number))
        return write(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refusing)
        told = fault("AS606", out=tmp_path / "run")
    assert os.strerror(number) in told.message
    (note,) = told.all_notes()
    assert "is whole" in note
    train(Fake(mlp, FLAT), recipe=RECIPE, resume=tmp_path / "run", device="cpu", quiet=True)
    train(Fake(mlp, FLAT), recipe=RECIPE, out=tmp_path / "whole", device="cpu", quiet=True)
    assert difference(all_of(tmp_path / "run"), all_of(tmp_path / "whole")) is None


LIMITED = """
import resource, sys
from tests.train.fakes import Fake, mlp
from archspec.errors import UsageError
from archspec.spec.recipe import Recipe
from archspec.train import train

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    train(Fake(mlp, (64,)), recipe=Recipe(epochs=1), out=sys.argv[1], device="cpu", quiet=True)
except UsageError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_before_its_first_checkpoint_there_is_nothing_to_go_on_from(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", LIMITED, tmp_path / "run", "2000"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "error[AS606]: the run cannot be written any further: File too large" in said
    assert "start it anew, in another folder: it ended before its first checkpoint" in said
    assert "--resume" not in said


class Greedy(nn.Module):
    """Wants a petabyte in its sixth training step."""

    def __init__(self):
        super().__init__()
        self.inner, self.steps = mlp(), 0

    def forward(self, x):
        self.steps += self.training
        if self.steps == 6:
            torch.empty(10**15)
        return self.inner(x)


def test_not_enough_memory(tmp_path):
    told = fault("AS612", architecture=Fake(Greedy, FLAT), out=tmp_path / "run")
    assert "batch_size" in told.help
    assert told.all_notes() == ("the checkpoint `epoch-2-batch-0` is whole",)


@pytest.fixture
def photos(tmp_path):
    for phase, count in (("train", 12), ("val", 1)):
        for name in ("ants", "bees"):
            (tmp_path / "photos" / phase / name).mkdir(parents=True)
            for index in range(count):
                Image.new("L", (8, 8), index).save(tmp_path / "photos" / phase / name / f"{index}.png")
    return tmp_path / "photos"


class Killing(Stopping):
    """Kills the processes that load the data."""

    def step(self, epoch, step, steps):
        self.left -= 1
        if self.left == 0:
            for child in multiprocessing.active_children():
                os.kill(child.pid, signal.SIGKILL)


def test_a_worker_that_dies(tmp_path, photos, monkeypatch):
    data = Named("ImageFolder", {"root": str(photos), "workers": 1})
    monkeypatch.setattr(run, "make_progress", lambda quiet: Killing(1))
    fake = Fake(mlp, (1, 8, 8), {"num_classes": 2})
    told = fault("AS613", architecture=fake, recipe=Recipe(data=data, batch_size=1), out=tmp_path / "run")
    assert "--resume" in told.help
    assert "`epoch-1-batch-0` is whole" in told.all_notes()[0]


def test_an_image_that_is_none(tmp_path, photos):
    data, fake = Named("ImageFolder", {"root": str(photos), "workers": 0}), Fake(mlp, (1, 8, 8), {"num_classes": 2})
    (photos / "train" / "ants" / "3.png").write_bytes(b"no image")
    told = fault("AS557", architecture=fake, recipe=Recipe(data=data, batch_size=2), out=tmp_path / "run")
    assert "3.png" in told.message
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints")
    assert all(checkpoints.is_good(moment) for moment in checkpoints.moments())
    assert len(checkpoints.moments()) == 1


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path):
    class Infinite(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient * float("inf")

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last, self.steps = nn.Linear(64, 4), nn.Linear(4, 10), 0

        def forward(self, x):
            self.steps += self.training
            x = self.first(x)
            return self.last(Infinite.apply(x) if self.steps == 4 else x)

    model = Model()
    fake = Fake(Model, FLAT)
    fake.build = lambda **_: model
    seen = []
    model.last.register_forward_pre_hook(lambda *_: seen.append([p.detach().clone() for p in model.parameters()]))
    told = fault("AS604", architecture=fake, out=tmp_path / "run")
    assert "the gradient of `first.weight` is not finite at step 1 of epoch 2" in told.message
    assert all(torch.equal(old, new) for old, new in zip(seen[-1], model.parameters(), strict=True))


def test_two_interrupts_end_it_at_once(tmp_path, monkeypatch):
    class Twice(Stopping):
        def step(self, epoch, step, steps):
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run, "make_progress", lambda quiet: Twice(2))
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(Fake(mlp, FLAT), recipe=RECIPE, out=tmp_path / "run", device="cpu", quiet=True)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["epoch-1-batch-0"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_damaged_checkpoint_is_named_and_passed_over(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    stopped(monkeypatch, 5, Fake(mlp, FLAT), recipe=RECIPE, out=folder)
    newest, older = (folder / "checkpoints" / name for name in ("epoch-2-batch-2", "epoch-2-batch-0"))
    (newest / "state.pt").write_bytes(b"")
    progress = Stopping(0)
    monkeypatch.setattr(run, "make_progress", lambda quiet: progress)
    train(Fake(mlp, FLAT), recipe=RECIPE, resume=folder, device="cpu", quiet=True)
    assert "epoch-2-batch-2" in progress.notes[0]
    assert "AS608" in progress.notes[0]
    assert "help: nothing has to be done: the run goes on from an earlier one" in progress.notes[0]
    assert progress.notes[1] == "going on from epoch 2"
    train(Fake(mlp, FLAT), recipe=RECIPE, out=tmp_path / "whole", device="cpu", quiet=True)
    assert difference(all_of(folder), all_of(tmp_path / "whole")) is None
    assert not older.exists()
    progress.notes.clear()
    train(Fake(mlp, FLAT), recipe=RECIPE, resume=folder, device="cpu", quiet=True)
    assert not [note for note in progress.notes if "AS608" in note]


def test_all_damaged_is_refused_and_nothing_is_lost(tmp_path):
    train(Fake(mlp, FLAT), recipe=RECIPE, out=tmp_path / "run", device="cpu", quiet=True)
    for state in (tmp_path / "run" / "checkpoints").glob("*/state.pt"):
        state.write_bytes(state.read_bytes()[:-1])
    before = {
        path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file() and path.name != ".lock"
    }
    told = fault("AS609", resume=tmp_path / "run")
    assert len(told.all_notes()) == 2
    assert all(path.read_bytes() == data for path, data in before.items())


def test_another_recipe_or_spec_is_refused_with_a_diff(tmp_path):
    folder = tmp_path / "run"
    train(Fake(mlp, FLAT), recipe=RECIPE, out=folder, device="cpu", quiet=True)
    told = fault("AS610", resume=folder, recipe=Recipe(batch_size=500, epochs=3, optimizer=Named("SGD", {"lr": 0.2})))
    assert [note.strip() for note in told.all_notes() if note[0] in "+-"] == ["-      lr: 0.1", "+      lr: 0.2"]
    told = fault("AS610", resume=folder, architecture=Fake(mlp, FLAT, spec_text="archspec: 1\nname: Other\n"))
    assert "+name: Other" in told.all_notes()


def test_when_it_ends_may_be_changed(tmp_path):
    longer = Recipe(batch_size=500, epochs=5, optimizer=Named("SGD", {"lr": 0.1}))
    train(Fake(mlp, FLAT), recipe=RECIPE, out=tmp_path / "run", device="cpu", quiet=True)
    again = train(Fake(mlp, FLAT), recipe=RECIPE, resume=tmp_path / "run", device="cpu", quiet=True)
    assert len(again.history) == 3
    train(Fake(mlp, FLAT), recipe=longer, resume=tmp_path / "run", device="cpu", quiet=True)
    train(Fake(mlp, FLAT), recipe=longer, out=tmp_path / "whole", device="cpu", quiet=True)
    assert difference(all_of(tmp_path / "run"), all_of(tmp_path / "whole")) is None
