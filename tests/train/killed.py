"""Kills training runs and lets them go on: `python -m tests.train.killed FOLDER KILLS SEED` prints what came of it.

A process of its own: its children are forked from it when it has trained once on one thread, so that all is loaded and
a run takes tenths of a second. Every second kill is meant to be within a save, which its `.part` folder shows.
It is the process that is killed and not the machine: what was written stays, so that a folder in memory does.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from archspec.spec.recipe import Named, Recipe, Transforms
from archspec.train import run, train
from archspec.train.store.checkpoints import Checkpoints
from tests.train.fakes import Fake, mlp
from tests.train.interrupted import all_of, difference
from tests.train.timer import kill_after

RECIPE = Recipe(
    transforms=Transforms(train=(Named("RandomErasing", {"p": 0.5}),)),
    batch_size=300,
    accumulate=2,
    epochs=2,
    checkpoint_every=1,
    ema=0.9,
    best_kept=2,
)
FAKE = Fake(mlp, (64,), {"dropout": 0.5})
_IN_SAVES = 0.5


def train_or_go_on(folder: Path, recipe: Recipe = RECIPE) -> None:
    """What somebody does who finds a run in whatever state."""
    if (folder / "checkpoints").is_dir() and any(path.name[0] != "." for path in (folder / "checkpoints").iterdir()):
        train(FAKE, recipe=recipe, resume=folder, device="cpu", quiet=True)
        return
    while folder.exists():  # it ended before its first checkpoint
        folder.rename(folder.with_name(f"{folder.name}-{random.randrange(10**9)}"))
    train(FAKE, recipe=recipe, out=folder, device="cpu", quiet=True)


def alone() -> None:
    """As all that is here trains: on one thread, and without pictures, which take longer."""
    torch.set_num_threads(1)
    run.tell = lambda *_, **__: None


def in_child(work: Callable[[], None]) -> int:
    """The process that does it; its exit status is 0 if nothing was raised."""
    child = os.fork()
    if child:
        return child
    try:
        alone()
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def wait(child: int) -> int:
    """The child's exit status; negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def is_saving(folder: Path) -> bool:
    """Whether a checkpoint is half-written."""
    return any(entry.name.endswith(".part") for entry in folder.glob("checkpoints/.*"))


class Timed:
    """Stands in for `Checkpoints.save`: takes the time, and ends the process within the n-th one."""

    def __init__(self) -> None:
        self.save, self.seconds = Checkpoints.save, []
        self.left, self.after = 0, 0.0

    def __call__(self, *given: Any, **named: Any) -> None:
        self.left -= 1
        if self.left == 0:
            kill_after(self.after)
        started = time.perf_counter()
        self.save(*given, **named)
        self.seconds.append(time.perf_counter() - started)

    def standing_in(self) -> None:
        timed = self
        Checkpoints.save = lambda *given, **named: timed(*given, **named)  # type: ignore[method-assign]


def killed(folder: Path, chance: random.Random, usual: float, saves: Timed) -> bool:
    """Start it, or let it go on, and kill it, anywhere or within a save. Whether it was still there."""
    in_save = chance.random() < _IN_SAVES
    if in_save:
        saves.left = chance.randrange(1, len(saves.seconds) + 1)
        saves.after = chance.uniform(0, statistics.median(saves.seconds))
    child = in_child(lambda: train_or_go_on(folder))
    saves.left = 0
    if not in_save:
        time.sleep(chance.uniform(0, usual))
        os.kill(child, signal.SIGKILL)
    return wait(child) == -signal.SIGKILL


def main(root: Path, kills: int, seed: int) -> None:
    """Prints the counts as JSON; `faults` has to be empty."""
    chance, saves = random.Random(seed), Timed()
    alone()
    train_or_go_on(root / "loads")
    saves.standing_in()
    started = time.monotonic()
    train_or_go_on(root / "whole")
    usual = time.monotonic() - started
    whole = all_of(root / "whole")
    told = {"kills": 0, "in_saves": 0, "runs": 0, "faults": []}
    while told["kills"] < kills:
        folder = root / f"run-{told['runs']}"
        told["runs"] += 1
        for _ in range(4):
            if told["kills"] == kills:
                break
            if killed(folder, chance, usual, saves):
                told["kills"] += 1
                told["in_saves"] += is_saving(folder)
        status = wait(in_child(lambda: train_or_go_on(folder)))  # noqa: B023
        fault = f"exit status {status}" if status else difference(all_of(folder), whole)
        if fault is not None:
            told["faults"].append(f"{folder.name}: {fault}")
        for left in root.glob(f"{folder.name}*"):
            shutil.rmtree(left)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
