"""The processes that train together: who they are, and what they tell each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed as dist
from torch._C._distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from archspec.errors import SpecError, UsageError
from archspec.train.launch import is_launched

T = TypeVar("T")

_BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those of the run.

    Attributes:
        rank: from 0; the first one writes the folder and tells how it goes.
        count: of all.
        local: from 0, among those on this machine.
        here: how many are on this machine.
        attempt: how often the launcher has started all of them anew.
        store: what they share beside their collectives; None for one process.
    """

    rank: int = 0
    count: int = 1
    local: int = 0
    here: int = 1
    attempt: int = 0
    store: Store | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is this one that writes."""
        return self.rank == 0

    @property
    def are_several(self) -> bool:
        """Whether there is anybody to ask."""
        return self.count > 1

    def gather(self, value: T) -> list[T]:
        """The values of all, to all, by rank."""
        if not self.are_several:
            return [value]
        values: list[Any] = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def from_first(self, value: T) -> T:
        """The first one's value, to all."""
        if not self.are_several:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def largest(self, *numbers: int) -> list[int]:
        """The largest that any of them has, number by number."""
        if not self.are_several:
            return list(numbers)
        found = torch.tensor(numbers, dtype=torch.int32)
        dist.all_reduce(found, op=dist.ReduceOp.MAX)
        return [int(each) for each in found]

    def first(self, work: Callable[[], T]) -> T:
        """What the first one's work gives, to all.

        Raises:
            Exception: what the work raises, in the first one.
            SystemExit: then, in the others.
        """
        if not self.are_several:
            return work()
        result: Any = None
        failure: BaseException | None = None
        if self.is_first:
            try:
                result = work()
            except BaseException as error:
                failure = error
        result, status = self.from_first((result, None if failure is None else status_of(failure)))
        if failure is not None:
            raise failure
        if status is not None:
            raise SystemExit(status)
        found: T = result
        return found

    def says(self, text: str) -> bool:
        """Whether this one is the first to say it: what is the same to all is told once."""
        if self.store is None:
            return True
        try:
            return bool(self.store.add(f"archspec/{text}", 1) == 1)
        except RuntimeError:  # it has gone with the process that held it
            return True


ALONE = Ranks()


def status_of(error: BaseException) -> int:
    """The exit status with which an error ends a process."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, KeyboardInterrupt):
        return 130
    return 1 if isinstance(error, SpecError) else 2


def local_rank() -> int | None:
    """This process's number on its machine; None where it is alone."""
    return int(os.environ["LOCAL_RANK"]) if is_launched() else None


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The processes of this run, which can speak with each other within. Outside of a launcher: this one alone.

    What is raised within is raised in whoever is the first to say it, and ends the others with the same status.

    Args:
        device: this process's.
    """
    if not is_launched():
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    environment = os.environ
    is_ours = not dist.is_initialized()
    if is_ours:
        store, rank, count = next(iter(rendezvous("env://", timeout=timedelta(minutes=30))))
        dist.init_process_group(_BACKENDS[device.type], store=store, rank=rank, world_size=count)
    else:
        store = None
    ranks = Ranks(
        rank=dist.get_rank(),
        count=dist.get_world_size(),
        local=int(environment["LOCAL_RANK"]),
        here=int(environment.get("LOCAL_WORLD_SIZE", "1")),
        attempt=int(environment.get("TORCHELASTIC_RESTART_COUNT", "0")),
        store=store,
    )
    try:
        yield ranks
    except (SpecError, UsageError) as error:
        if ranks.says(f"{ranks.attempt}/{error}"):
            raise
        raise SystemExit(status_of(error)) from None
    if is_ours:  # after a fault nobody waits for the others, who may be gone
        dist.destroy_process_group()
