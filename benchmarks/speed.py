"""The compiled ResNet-34 beside torchvision's, with equal weights: forward, training step, creation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torchvision.models import resnet34

import archspec
from benchmarks.measure import Row, compare, milliseconds

SPEC = "specs/resnet34.yaml"
PARITY = (0.98, 1.02)


def _pair() -> tuple[nn.Module, nn.Module]:
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


def rows() -> Iterator[Row]:
    """3×32×32, one thread, eager: where anything beside the arithmetic shows most.

    The training step has batch 2, the smallest there is: the last stage leaves one value per channel and image, and
    batch norm refuses to take statistics of a single value.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ours, theirs = _pair()
    for name, work, count, turns in (("forward", _forward, 1, 400), ("training step", _training_step, 2, 150)):
        batch = torch.randn(count, 3, 32, 32)
        found = compare(work(ours, batch), work(theirs, batch), turns=turns, warm_up=10)
        what = f"ResNet-34 {name}, batch {count}, 3×32×32, one thread / torchvision's"
        yield Row(what, milliseconds(found.ours), milliseconds(found.theirs), found.ratio, PARITY)
    torch.set_num_threads(threads)
    made = compare(lambda: archspec.build(SPEC), resnet34, turns=9)
    what = "`archspec.build` of ResNet-34, spec to weights / torchvision's constructor"
    yield Row(what, milliseconds(made.ours), milliseconds(made.theirs), made.ratio, (0.0, 1.0))
