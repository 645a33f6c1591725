"""Kills training runs and lets them go on: `python -m tests.train.killed FOLDER KILLS SEED` prints what came of it.

A process of its own, which never trains itself: its children are forked from it with torch loaded, so that a run
takes tenths of a second.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

from archspec.spec.recipe import Named, Recipe, Transforms
from archspec.train import run, train
from tests.train.fakes import Fake, mlp
from tests.train.interrupted import all_of, difference

RECIPE = Recipe(
    transforms=Transforms(train=(Named("RandomErasing", {"p": 0.5}),)),
    batch_size=300,
    accumulate=2,
    epochs=3,
    checkpoint_every=1,
    ema=0.9,
    best_kept=2,
)
FAKE = Fake(mlp, (64,), {"dropout": 0.5})
_EXPECTED_OF_INTERRUPTED = 0.5


def train_or_go_on(folder: Path, recipe: Recipe = RECIPE) -> None:
    """What somebody does who finds a run in whatever state."""
    if (folder / "checkpoints").is_dir() and any(path.name[0] != "." for path in (folder / "checkpoints").iterdir()):
        train(FAKE, recipe=recipe, resume=folder, device="cpu", quiet=True)
        return
    while folder.exists():  # it ended before its first checkpoint
        folder.rename(folder.with_name(f"{folder.name}-{random.randrange(10**9)}"))
    train(FAKE, recipe=recipe, out=folder, device="cpu", quiet=True)


def in_child(work: Callable[[], None]) -> int:
    """The process that does it; its exit status is 0 if nothing was raised."""
    child = os.fork()
    if child:
        return child
    try:
        torch.set_num_threads(1)
        run.tell = lambda *_, **__: None
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


def kill_somewhere(child: int, folder: Path, chance: random.Random, usual: float) -> bool:
    """Kill it after a while or, every second time, within a save. Whether it was still there."""
    deadline = time.monotonic() + chance.uniform(0, usual)
    in_save = chance.random() < _EXPECTED_OF_INTERRUPTED
    while time.monotonic() < deadline or in_save:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        if in_save and time.monotonic() > deadline and is_saving(folder):
            time.sleep(chance.uniform(0, 0.004))
            break
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    return wait(child) == -signal.SIGKILL


def main(root: Path, kills: int, seed: int) -> None:
    """Prints the counts as JSON; `faults` has to be empty."""
    chance = random.Random(seed)
    started = time.monotonic()
    assert wait(in_child(lambda: train_or_go_on(root / "whole"))) == 0
    usual = time.monotonic() - started
    whole = all_of(root / "whole")
    told = {"kills": 0, "in_saves": 0, "runs": 0, "faults": []}
    while told["kills"] < kills:
        folder = root / f"run-{told['runs']}"
        told["runs"] += 1
        for _ in range(4):
            if told["kills"] == kills:
                break
            child = in_child(lambda: train_or_go_on(folder))  # noqa: B023
            if kill_somewhere(child, folder, chance, usual):
                told["kills"] += 1
                told["in_saves"] += is_saving(folder)
        status = wait(in_child(lambda: train_or_go_on(folder)))  # noqa: B023
        fault = f"exit status {status}" if status else difference(all_of(folder), whole)
        if fault is not None:
            told["faults"].append(f"{folder.name}: {fault}")
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
