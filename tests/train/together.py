"""Runs of two processes beside those of one: `python -m tests.train.together FOLDER` prints what came of each.

The processes are forked with torch loaded, so that it takes seconds.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor

import archspec
import archspec.train.sharding
import archspec.train.store.shards
from archspec.errors import UsageError
from archspec.spec.recipe import Named, ParamGroup, Recipe, Transforms
from archspec.train import run, train
from archspec.train.store.checkpoints import read_state
from tests.train.interrupted import Stopping, all_of, difference
from tests.train.killed import wait

PROCESSES = 2


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def forked(work: Callable[[], Any], count: int = PROCESSES) -> list[int]:
    """The exit statuses of that many processes, which do the work as `torchrun` would have them."""
    port, children = free_port(), []
    for rank in range(count):
        child = os.fork()
        if child:
            children.append(child)
            continue
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_PORT": str(port)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "LOCAL_WORLD_SIZE": str(count)}
        try:
            torch.set_num_threads(1)
            run.tell = lambda *_, **__: None
            work()
            os._exit(0)
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else 1)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return [wait(child) for child in children]


EXACT = """archspec: 1
name: Exact
input: [64]
blocks:
  Layer: {params: {width: int}, layers: {linear: {Linear: $width}, act: Tanh}}
layers:
  body: {Layer: {width: 24}, repeat: 2}
  head: {Linear: 10}
"""
RANDOM = EXACT.replace("act: Tanh", "norm: BatchNorm1d, act: Tanh, drop: {Dropout: 0.3}").replace("Exact", "Random")
RECIPE = Recipe(
    batch_size=205,  # 7 batches and 3 samples
    transforms=Transforms(batch=(Named("RandomChoice", {"transforms": [{"MixUp": {"alpha": 0.2}}, "CutMix"]}),)),
    accumulate=3,
    epochs=2,
    optimizer=Named("AdamW", {"lr": 0.01}),
    param_groups=(ParamGroup(("head.*",), {"lr": 0.02}),),
    scheduler=Named("StepLR", {"step_size": 2}),
    scheduler_interval="step",
    clip_grad_norm=0.5,
    ema=0.8,
)
SHARDED = replace(RECIPE, parallel="fsdp")
FINAL = "epoch-3-batch-0"


def go(folder: Path, spec: str, recipe: Recipe, *, resume: bool = False) -> Callable[[], Any]:
    place = {"resume": folder} if resume else {"out": folder}
    return lambda: train(archspec.load(spec), recipe=recipe, device="cpu", quiet=True, **place)


def go_module(folder: Path, parallel: str) -> Callable[[], Any]:
    """A module of one's own, with other weights in each process: the first one's are to count."""

    def work() -> None:
        torch.manual_seed(int(os.environ.get("RANK", 0)))
        module = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
        x = torch.randn(60, 6, generator=torch.Generator().manual_seed(0))
        data = ((x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long()), (x[:20], (x[:20, 0] > 0).long()))
        recipe = {"archspec": 1, "batch_size": 20, "epochs": 2, "ema": 0.8, "parallel": parallel}
        result = archspec.train(module, data, recipe=recipe, out=folder, device="cpu", quiet=True)
        assert not any(isinstance(each, DTensor) for each in result.model.parameters())

    return work


def stopping(after: int, by: int, work: Callable[[], Any]) -> Callable[[], Any]:
    """The same work, which one of the processes is told to end after that many batches."""

    def stopped() -> None:
        if int(os.environ["RANK"]) == by:
            run.make_progress = lambda quiet: Stopping(after)
        work()

    return stopped


def dying(after: int, work: Callable[[], Any]) -> Callable[[], Any]:
    """The same work, in which the second process is killed."""

    class Dying(Stopping):
        def step(self, epoch: int, step: int, steps: int) -> None:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def killed() -> None:
        if os.environ["RANK"] == "1":
            run.make_progress = lambda quiet: Dying(after)
        try:
            work()
        except UsageError as error:
            print(error.diagnostic.render(), flush=True)
            raise SystemExit(2) from None

    return killed


def distance(one: Path, other: Path) -> float:
    """Between the states at the end of two runs: the largest of numbers; infinite where they are not comparable."""
    states = [read_state(path / "checkpoints" / FINAL) for path in (one, other)]
    kept = ("model", "optimizer", "average", "steps", "history", "moment")
    return _distance(*({name: state[name] for name in kept} for state in states))


def _distance(one: Any, other: Any) -> float:
    if isinstance(one, torch.Tensor):
        return float((one.double() - other.double()).abs().max()) if one.shape == other.shape else math.inf
    if isinstance(one, dict):
        same = list(one) == list(other)
        return (
            max((_distance(one[key], other[key]) for key in one if key != "seconds"), default=0) if same else math.inf
        )
    if isinstance(one, (list, tuple)):
        same = len(one) == len(other)
        return max((_distance(*pair) for pair in zip(one, other, strict=True)), default=0) if same else math.inf
    if isinstance(one, (int, float)):
        return abs(one - other)
    return 0.0 if one == other else math.inf


@dataclass
class Told:
    """What is found out, for the tests to judge: exit statuses, distances between runs, and what differs."""

    statuses: dict[str, Any] = field(default_factory=dict)
    distances: dict[str, float] = field(default_factory=dict)
    differences: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


TWO = (("two", RECIPE), ("sharded", SHARDED))


def here(folder: Path, recipe: Recipe, **given: Any) -> None:
    """A run in this process alone."""
    with redirect_stdout(io.StringIO()):
        go(folder, EXACT, recipe, **given)()


def whole(root: Path, told: Told) -> None:
    """Runs from their start to their end."""
    here(root / "one", RECIPE)
    for name, recipe in TWO:
        told.statuses[name] = forked(go(root / name, EXACT, recipe))
        told.distances[name] = distance(root / "one", root / name)


def stopped_together(root: Path, told: Told) -> None:
    """Runs of two processes that are stopped, and gone on with in each way."""
    for name, recipe in TWO:
        stopped = root / f"{name}-stopped"
        told.statuses[f"{name} stopped"] = forked(stopping(4, 1, go(stopped, EXACT, recipe)))
        for other, which in (("sharded", SHARDED), ("two", RECIPE), ("one", RECIPE)):
            copy = root / f"{name}-{other}"
            shutil.copytree(stopped, copy)
            told.more[f"{name} at"] = sorted(path.name for path in (copy / "checkpoints").iterdir())
            if other == "one":
                here(copy, which, resume=True)
            else:
                told.statuses[f"{name} as {other}"] = forked(go(copy, EXACT, which, resume=True))
            told.distances[f"{name} as {other}"] = distance(root / "one", copy)


def stopped_alone(root: Path, told: Told) -> None:
    """A run of one process that is stopped between two steps, and gone on with by two."""
    stopped = root / "one-stopped"
    told.statuses["one stopped"] = forked(stopping(4, 0, go(stopped, EXACT, RECIPE)), 1)
    for other, which in (("sharded", SHARDED), ("two", RECIPE)):
        copy = root / f"one-{other}"
        shutil.copytree(stopped, copy)
        told.statuses[f"one as {other}"] = forked(go(copy, EXACT, which, resume=True))
        told.distances[f"one as {other}"] = distance(root / "one", copy)


def at_random(root: Path, told: Told) -> None:
    """Runs that draw at random, stopped and gone on with."""
    for name, recipe in TWO:
        uncut, again = root / f"{name}-random", root / f"{name}-random-again"
        forked(go(uncut, RANDOM, recipe))
        forked(stopping(9, 0, go(again, RANDOM, recipe)))
        told.statuses[f"{name} random"] = forked(go(again, RANDOM, recipe, resume=True))
        told.differences[name] = difference(all_of(again), all_of(uncut))


def modules(root: Path, told: Told) -> None:
    """A module of the caller's."""
    go_module(root / "module", "ddp")()
    for parallel in ("ddp", "fsdp"):
        told.statuses[f"module {parallel}"] = forked(go_module(root / f"module-{parallel}", parallel))
        told.distances[f"module {parallel}"] = distance(root / "module", root / f"module-{parallel}")


def with_one_killed(root: Path, told: Told) -> None:
    """A run of which one process is killed."""
    dead = root / "dead"
    told.statuses["dead"] = forked(dying(9, go(dead, EXACT, RECIPE)))
    told.more["dead at"] = sorted(path.name for path in (dead / "checkpoints").iterdir())
    told.statuses["dead again"] = forked(go(dead, EXACT, RECIPE, resume=True))
    told.distances["dead"] = distance(root / "one", dead)


def main(root: Path) -> None:
    told = Told()
    for part in (whole, stopped_together, stopped_alone, at_random, modules, with_one_killed):
        part(root, told)
    found = {"statuses": told.statuses, "distances": told.distances, "differences": told.differences}
    print(json.dumps({**found, **told.more}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
