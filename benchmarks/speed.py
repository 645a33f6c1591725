"""The compiled ResNet-34 beside torchvision's, with equal weights: forward and training step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torchvision.models import resnet34

import archspec
from benchmarks.measure import Comparison, Row, Turns, milliseconds, take_turns

SPEC = "specs/resnet34.yaml"
PARITY = (0.98, 1.02)
PAIRS = 8


def _pair(index: int) -> tuple[nn.Module, nn.Module]:
    """The two with equal weights. Which is made first alternates: where tensors lie in memory is worth some percent."""
    if index % 2:
        ours, theirs = archspec.build(SPEC, size=32), resnet34()
    else:
        theirs = resnet34()
        ours = archspec.build(SPEC, size=32)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def _forward(model: nn.Module, batch: Tensor) -> Callable[[], Tensor]:
    model.eval()

    def run() -> Tensor:
        with torch.inference_mode():
            return model(batch)

    return run


def _training_step(model: nn.Module, batch: Tensor) -> Callable[[], None]:
    """Forward, backward and SGD, in training mode."""
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)

    def run() -> None:
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()

    return run


def _side_by_side(work: Callable[[nn.Module, Tensor], Callable[[], object]], batch: Tensor, count: int) -> Comparison:
    """`count` turns of each of several pairs, on one thread, in processor time."""
    turns: Turns = []
    for index in range(PAIRS):
        ours, theirs = _pair(index)
        turns += take_turns(work(ours, batch), work(theirs, batch), count, warm_up=5, clock=time.process_time)
    return Comparison.of(turns)


def rows() -> Iterator[Row]:
    """3×32×32, one thread, eager: where anything beside the arithmetic shows most.

    The training step has batch 2, the smallest there is: the last stage leaves one value per channel and image, and
    batch norm refuses to take statistics of a single value.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, work, size, count in (("forward", _forward, 1, 100), ("training step", _training_step, 2, 50)):
        found = _side_by_side(work, torch.randn(size, 3, 32, 32), count)
        what = f"ResNet-34 {name}, batch {size}, 3×32×32, one thread / torchvision's"
        yield Row(what, milliseconds(found.ours), milliseconds(found.theirs), found.ratio, PARITY)
    torch.set_num_threads(threads)
