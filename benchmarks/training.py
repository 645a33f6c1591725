"""Training steps of the runner beside a loop written by hand, on the embedded digits, on one thread."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from unittest import mock

import torch
from torch import nn

import archspec
from archspec.train import run
from archspec.train.data.digits import load_arrays
from archspec.train.loop import Loop
from archspec.train.seeds import derive, order, set_seed
from archspec.train.store.checkpoints import Moment
from benchmarks.measure import Case, Comparison, Row, share, take_turns

AT_LEAST_AS_FAST = (0.0, 1 / 0.97)
_TRAIN = "train: {data: digits, batch_size: 64, optimizer: {SGD: {lr: 0.01, momentum: 0.9}}}\n"
MLP = f"archspec: 1\ninput: [64]\nlayers: [{{Linear: 32}}, ReLU, {{Linear: 10}}]\n{_TRAIN}"
CONVNET = f"""archspec: 1
input: [1, 8, 8]
layers:
  - Conv2d: {{out_channels: 16, kernel_size: 5, padding: 2}}
  - BatchNorm2d
  - ReLU
  - MaxPool2d: 2
  - Conv2d: {{out_channels: 32, kernel_size: 5, padding: 2}}
  - BatchNorm2d
  - ReLU
  - MaxPool2d: 2
  - Flatten
  - Linear: 10
{_TRAIN}"""


def our_epoch(spec: str, folder: str) -> Callable[[], object]:
    """The training part of an epoch, with all that the runner does in it: metrics, finiteness, signals."""
    made: list[Loop] = []
    with mock.patch.object(run, "_train", lambda architecture, loop: made.append(loop)), mock.patch.object(run, "tell"):
        archspec.train(spec, out=folder, device="cpu", quiet=True)
    loop = made[0]

    def epoch() -> None:
        loop.at, loop.totals = Moment(1, 0), loop._no_totals()
        set_seed(loop.device, derive(0, 1))
        loop._train()
        loop.totals.confusion()

    return epoch


def epoch_by_hand(spec: str, *, checks: bool) -> Callable[[], object]:
    """What anybody would write, with a running loss and accuracy.

    Args:
        spec: of the model.
        checks: whether the loss and the gradients are looked at for numbers that are not finite, as the runner does.
    """
    architecture = archspec.load(spec)
    model = architecture.build(seed=0)
    images, labels = load_arrays()["train"]
    pixels = images.float() / 16
    pixels = (pixels - pixels.mean()) / pixels.std()
    if len(architecture.input_types["input"].shape) == 2:
        pixels = pixels.flatten(1)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def epoch() -> tuple[float, float]:
        model.train()
        total, right = 0.0, 0
        for chosen in order(len(pixels), 0, 1).split(64):
            x, y = pixels[chosen], labels[chosen]
            optimizer.zero_grad()
            output = model(x)
            loss = criterion(output, y)
            loss.backward()
            if checks:
                norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
                if not (loss.isfinite() and norm.isfinite()):
                    raise ValueError("not finite")
            optimizer.step()
            total += loss.item() * len(chosen)
            right += int((output.argmax(1) == y).sum())
        return total / len(pixels), right / len(pixels)

    return epoch


def cases() -> Iterator[Case]:
    """A model each."""
    yield Case("mlp", functools.partial(_rows, "MLP 64-32-10", MLP))
    yield Case("convnet", functools.partial(_rows, "ConvNet 8×8", CONVNET))


def _rows(name: str, spec: str, effort: float) -> Iterator[Row]:
    """Processor time of an epoch of 23 steps, in turns."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for checks in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = our_epoch(spec, folder), epoch_by_hand(spec, checks=checks)
            turns = take_turns(ours, theirs, share(40, effort), warm_up=5, clock=time.process_time)
        other = "a loop by hand" if checks else "one that checks nothing"
        found = Comparison.of(turns)
        yield found.row(f"training {name} on digits, an epoch, one thread / {other}", AT_LEAST_AS_FAST)
    torch.set_num_threads(threads)
