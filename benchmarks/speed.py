"""Compiled specs beside torchvision's and timm's networks with equal weights: forward and training step, eager."""

from __future__ import annotations

import functools
import importlib.util
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from benchmarks.measure import Case, Comparison, Row, Turns, share, take_turns
from benchmarks.networks import NETWORKS, Network, forward, images, training_step

PARITY = (0.98, 1.02)
_PAIRS = 4
_WORK = (
    ("forward", forward, 1, 20),
    ("forward", forward, 32, 4),
    ("training step", training_step, 2, 10),
    ("training step", training_step, 32, 3),
)
"""What, with how many images, how often of each pair. Batch norm takes no statistics of one value per channel."""

Pair = Callable[[int], tuple[nn.Module, nn.Module]]


def cases() -> Iterator[Case]:
    """A network each, on one thread, in processor time."""
    for network in NETWORKS:
        yield Case(
            network.name, functools.partial(_rows, f"{network.name}, {{}} / torchvision's", network.pair, PARITY)
        )
    if importlib.util.find_spec("timm") is not None:
        for network, name in ((NETWORKS[1], "resnet50"), (NETWORKS[3], "vit_base_patch16_224")):
            pair = functools.partial(_with_timm, network, name)
            yield Case(f"timm {name}", functools.partial(_rows, f"{network.name}, {{}} / timm's", pair, (0.0, 1.02)))


def _with_timm(network: Network, name: str, index: int) -> tuple[nn.Module, nn.Module]:
    """Weights are each side's own: timm calls its tensors otherwise."""
    import timm

    size = {"img_size": 64} if name.startswith("vit") else {}
    makers = (network.ours, functools.partial(timm.create_model, name, **size))
    first, second = (maker() for maker in (makers if index % 2 else makers[::-1]))
    return (first, second) if index % 2 else (second, first)


def _rows(what: str, pair: Pair, target: tuple[float, float], effort: float) -> Iterator[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, work, size, count in _WORK:
        found = _side_by_side(pair, work, images(size), count, effort)
        yield found.row(what.format(f"{name}, batch {size}"), target)
    torch.set_num_threads(threads)


def _side_by_side(
    pair: Pair, work: Callable[[nn.Module, Tensor], Callable[[], object]], batch: Tensor, count: int, effort: float
) -> Comparison:
    turns: Turns = []
    for index in range(_PAIRS if effort >= 1 else 2):
        ours, theirs = pair(index)
        runs = work(ours, batch), work(theirs, batch)
        turns += take_turns(*runs, share(count, effort), warm_up=2, clock=time.process_time)
    return Comparison.of(turns)
