"""Ends a training run before, within and after each call that changes its folder, and lets it go on.

`python -m tests.train.crashed FOLDER [EVERY]` prints what came of it; of the writes, which are many and alike, each
EVERY-th is taken. The calls are counted in a whole run first; then, for each of them, a run is ended there as by
a kill: a write, and what writes a file or a row of `metrics.csv`, after half of its bytes. If each write is taken,
the same is done to runs that are gone on with.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archspec.spec.recipe import Named, Recipe
from archspec.train.store import run_folder
from archspec.train.store.run_folder import RunFolder
from tests.train.interrupted import all_of, difference
from tests.train.killed import alone, in_child, train_or_go_on, wait

RECIPE = Recipe(batch_size=1500, epochs=2, optimizer=Named("SGD"), checkpoints_kept=1)
CALLS = ("write", "fsync", "replace", "link", "mkdir", "unlink", "rmdir")
FILES = ("_write_bytes", "_append", "save_file")
"""Of `run_folder`: they write by other means than `os.write`."""


class Crash:
    """Stands in for those functions; ends the process at the n-th call that concerns the folder."""

    def __init__(self, at: int, log: int | None = None) -> None:
        self.left, self.log = at, log
        self.real: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in CALLS}
        for name in CALLS:
            setattr(os, name, self.standing_in(name))
        for name in FILES:
            owner = RunFolder if name == "_append" else run_folder
            self.real[name] = getattr(owner, name)
            setattr(owner, name, self.standing_in(name))

    def standing_in(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if self.log is not None:
                self.real["write"](self.log, f"{name}\n".encode())
            self.left -= 1
            if self.left != 0:
                return self.real[name](*given, **named)
            if name == "_write_bytes":
                self.real[name](given[0], given[1][: len(given[1]) // 2])
            if name == "_append":
                self.real[name](*given[:2], given[2][: len(given[2]) // 2])
            if name == "save_file":
                self.real[name](*given, **named)
                os.truncate(given[1], given[1].stat().st_size // 2)
            if name == "write":
                self.real["write"](given[0], bytes(given[1])[: len(given[1]) // 2])
            os._exit(9)

        return call


def crashing(folder: Path, at: int, log: int | None = None) -> Callable[[], None]:
    def work() -> None:
        Crash(at, log)
        train_or_go_on(folder, RECIPE)

    return work


def main(root: Path, every: int) -> None:
    """Prints the counts as JSON; `faults` has to be empty."""
    alone()
    train_or_go_on(root / "loads", RECIPE)
    told = crashed(root / "new", every)
    if every == 1:
        begun = root / "begun"
        half = 1 + min(at for at, name in enumerate(told["all"], 1) if name == "rmdir")  # a first epoch is kept
        assert wait(in_child(crashing(begun, half))) == 9
        again = crashed(root / "again", every, begun)
        told = {name: [*each, *again[name]] for name, each in told.items()}
    counts = {"calls": sorted(set(told["all"])), "all": len(told["all"]), "points": len(told["points"])}
    print(json.dumps({**counts, "faults": told["faults"]}))


def crashed(root: Path, every: int, begun: Path | None = None) -> dict[str, list[Any]]:
    """All calls by name, those at which a run was ended, and what went wrong.

    Args:
        root: a folder to make.
        every: of the writes, so many are counted as one.
        begun: a run that is gone on with each time; None for a new one.
    """

    def folder_of(name: str) -> Path:
        if begun is not None:
            shutil.copytree(begun, root / name)
        return root / name

    root.mkdir()
    handle = os.open(root / "calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    assert wait(in_child(crashing(folder_of("whole"), 0, handle))) == 0
    calls = (root / "calls").read_text().split()
    whole, faults = all_of(root / "whole"), []
    writes = [at for at, name in enumerate(calls, 1) if name == "write"]
    points = sorted({*range(1, len(calls) + 1)} - {*writes} | {*writes[::every]})
    for at in points:
        folder = folder_of(f"run-{at}")
        assert wait(in_child(crashing(folder, at))) == 9
        status = wait(in_child(lambda: train_or_go_on(folder, RECIPE)))  # noqa: B023
        fault = f"exit status {status}" if status else difference(all_of(folder), whole)
        if fault is not None:
            faults.append(f"{root.name}, call {at}, {calls[at - 1]}: {fault}")
        for left in root.glob(f"run-{at}*"):
            shutil.rmtree(left)
    return {"all": calls, "points": points, "faults": faults}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
