"""Work on consecutive seeds in processes of their own: torch itself may crash, or take all memory, on some spec."""

from __future__ import annotations

import faulthandler
import multiprocessing
import resource
import signal
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

import torch

Result = TypeVar("Result")

CHUNK = 500
MOST_MEMORY = 12 * 2**30


@dataclass(frozen=True)
class Died:
    """A process ended on a seed, by a signal or by running out of memory."""

    seed: int
    how: str


@dataclass
class _Running(Generic[Result]):
    """A process, its end of the pipe, the seed that it is at, and the last of its seeds."""

    process: SpawnProcess
    pipe: connection.Connection
    at: int
    stop: int


def each_seed(run: Callable[[int], Result], first: int, count: int, workers: int) -> Iterator[Result | Died]:
    """What `run` makes of each seed, in whatever order; `Died` for those that end their process."""
    stop = first + count
    waiting = deque((start, min(start + CHUNK, stop)) for start in range(first, stop, CHUNK))
    running: list[_Running[Result]] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_started(run, *waiting.popleft()))
            ready = connection.wait([each.pipe for each in running])
            for one in [each for each in running if each.pipe in ready]:
                try:
                    yield one.pipe.recv()
                    one.at += 1
                except EOFError:
                    running.remove(one)
                    one.process.join()
                    if one.at < one.stop:
                        yield Died(one.at, _how(one.process.exitcode))
                        waiting.appendleft((one.at + 1, one.stop))
    finally:
        for one in running:
            one.process.terminate()


def _started(run: Callable[[int], Result], start: int, stop: int) -> _Running[Result]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, run, start, stop), daemon=True)
    process.start()
    theirs.close()
    return _Running(process, ours, start, stop)


def _work(pipe: connection.Connection, run: Callable[[int], Result], start: int, stop: int) -> None:
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    torch.set_num_threads(1)
    for seed in range(start, stop):
        pipe.send(run(seed))


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return signal.Signals(-exitcode).name
    return f"exit {exitcode}"
