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
from dataclasses import replace
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


def main(root: Path) -> None:
    told: dict[str, Any] = {"statuses": {}, "distances": {}, "differences": {}}
    status, far, differs = told["statuses"], told["distances"], told["differences"]

    def here(folder: Path, recipe: Recipe, **given: Any) -> None:
        with redirect_stdout(io.StringIO()):
            go(folder, EXACT, recipe, **given)()

    one, two, sharded = root / "one", root / "two", root / "sharded"
    here(one, RECIPE)
    status["two"] = forked(go(two, EXACT, RECIPE))
    status["sharded"] = forked(go(sharded, EXACT, SHARDED))
    far["two"], far["sharded"] = distance(one, two), distance(one, sharded)

    for name, recipe in (("two", RECIPE), ("sharded", SHARDED)):
        stopped = root / f"{name}-stopped"
        status[f"{name} stopped"] = forked(stopping(4, 1, go(stopped, EXACT, recipe)))
        for other, which in (("sharded", SHARDED), ("two", RECIPE), ("one", RECIPE)):
            copy = root / f"{name}-{other}"
            shutil.copytree(stopped, copy)
            told[f"{name} at"] = sorted(path.name for path in (copy / "checkpoints").iterdir())
            if other == "one":
                here(copy, which, resume=True)
            else:
                status[f"{name} as {other}"] = forked(go(copy, EXACT, which, resume=True))
            far[f"{name} as {other}"] = distance(one, copy)
    stopped = root / "one-stopped"  # between two steps
    status["one stopped"] = forked(stopping(4, 0, go(stopped, EXACT, RECIPE)), 1)
    for other, which in (("sharded", SHARDED), ("two", RECIPE)):
        copy = root / f"one-{other}"
        shutil.copytree(stopped, copy)
        status[f"one as {other}"] = forked(go(copy, EXACT, which, resume=True))
        far[f"one as {other}"] = distance(one, copy)

    for name, recipe in (("two", RECIPE), ("sharded", SHARDED)):
        whole, again = root / f"{name}-random", root / f"{name}-random-again"
        forked(go(whole, RANDOM, recipe))
        forked(stopping(9, 0, go(again, RANDOM, recipe)))
        status[f"{name} random"] = forked(go(again, RANDOM, recipe, resume=True))
        differs[name] = difference(all_of(again), all_of(whole))

    go_module(root / "module", "ddp")()
    for parallel in ("ddp", "fsdp"):
        status[f"module {parallel}"] = forked(go_module(root / f"module-{parallel}", parallel))
        far[f"module {parallel}"] = distance(root / "module", root / f"module-{parallel}")

    dead = root / "dead"
    status["dead"] = forked(dying(9, go(dead, EXACT, RECIPE)))
    told["dead at"] = sorted(path.name for path in (dead / "checkpoints").iterdir())
    status["dead again"] = forked(go(dead, EXACT, RECIPE, resume=True))
    far["dead"] = distance(one, dead)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
