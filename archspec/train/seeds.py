"""Random numbers that depend on what they are for, and on nothing that was drawn before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


def derive(*parts: int) -> int:
    """A seed below 2^63 for a purpose named by integers, e.g. (recipe's seed, epoch). The same on every machine."""
    digest = hashlib.blake2b(repr(parts).encode("ascii"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def order(count: int, seed: int, epoch: int) -> Tensor:
    """The order of an epoch's samples: a permutation of `count` indices, int64 [count]."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(derive(seed, epoch)))


@contextmanager
def seeded(*parts: int) -> Iterator[None]:
    """torch's generator on the CPU seeded for a purpose, and afterwards as it was."""
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(derive(*parts))
    try:
        yield
    finally:
        torch.set_rng_state(state)


def set_seed(device: torch.device, seed: int) -> None:
    """As `torch.manual_seed`, which takes as long as half a small step where it looks for accelerators."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


@contextmanager
def forked_generators(device: torch.device) -> Iterator[None]:
    """The caller's random state comes back afterwards, the device's too where torch can keep it."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield


def get_generators(device: torch.device) -> dict[str, Tensor]:
    """The states of the generators that a model draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states["device"] = torch.get_device_module(device).get_rng_state()
    return states


def set_generators(device: torch.device, states: Mapping[str, Tensor]) -> None:
    """What `get_generators` gave."""
    torch.set_rng_state(states["cpu"])
    if "device" in states and device.type != "cpu":
        torch.get_device_module(device).set_rng_state(states["device"])
