"""The runner beside Lightning, Fabric and Accelerate: the same epoch of the same model on the same tensors."""

from __future__ import annotations

import functools
import importlib.util
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

import archspec
from archspec.train.data.digits import load_arrays
from archspec.train.seeds import order
from benchmarks.measure import Case, Comparison, Row, Turns, seconds, share, take_turns
from benchmarks.training import AT_LEAST_AS_FAST, CONVNET, MLP, our_epoch

_MODELS = (("MLP 64-32-10", MLP), ("ConvNet 8×8", CONVNET))
_WARM_UP = 5


class _Batches:
    """What a loader would give, without one: a peer is not to be measured by its workers."""

    def __init__(self, flat: bool) -> None:
        images, self.labels = load_arrays()["train"]
        pixels = images.float() / 16
        pixels = (pixels - pixels.mean()) / pixels.std()
        self.pixels = pixels.flatten(1) if flat else pixels

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for chosen in order(len(self.pixels), 0, 1).split(64):
            yield self.pixels[chosen], self.labels[chosen]

    def __len__(self) -> int:
        return -(-len(self.pixels) // 64)


def _parts(spec: str) -> tuple[nn.Module, torch.optim.Optimizer, _Batches]:
    architecture = archspec.load(spec)
    model = architecture.build(seed=0)
    batches = _Batches(flat=len(architecture.input_types["input"].shape) == 2)
    return model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), batches


def _epoch(model: nn.Module, optimizer: Any, batches: _Batches, backward: Callable[[Tensor], object]) -> float:
    """As a guide of either has it, with a running loss and accuracy."""
    model.train()
    total, right = 0.0, 0
    for x, y in batches:
        optimizer.zero_grad()
        output = model(x)
        loss = nn.functional.cross_entropy(output, y)
        backward(loss)
        optimizer.step()
        total += loss.item() * len(y)
        right += int((output.argmax(1) == y).sum())
    return total + right


def _fabric(spec: str, ours: Callable[[], object], turns: int) -> Turns:
    from lightning.fabric import Fabric

    model, optimizer, batches = _parts(spec)
    fabric = Fabric(accelerator="cpu", devices=1)
    model, optimizer = fabric.setup(model, optimizer)
    return _turns(ours, lambda: _epoch(model, optimizer, batches, fabric.backward), turns)


def _accelerate(spec: str, ours: Callable[[], object], turns: int) -> Turns:
    from accelerate import Accelerator

    model, optimizer, batches = _parts(spec)
    accelerator = Accelerator(cpu=True)
    model, optimizer = accelerator.prepare(model, optimizer)
    return _turns(ours, lambda: _epoch(model, optimizer, batches, accelerator.backward), turns)


def _turns(ours: Callable[[], object], theirs: Callable[[], object], turns: int) -> Turns:
    return take_turns(ours, theirs, turns, warm_up=_WARM_UP, clock=time.process_time)


def _lightning(spec: str, ours: Callable[[], object], turns: int) -> Turns:
    """Its epochs are timed from within one `fit`, with one of ours after each."""
    import lightning

    model, optimizer, batches = _parts(spec)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.right = model, 0

        def training_step(self, batch: Any, index: int) -> Tensor:
            x, y = batch
            output = self.model(x)
            loss = nn.functional.cross_entropy(output, y)
            self.log("loss", loss, on_step=False, on_epoch=True, batch_size=len(y))
            self.right += int((output.argmax(1) == y).sum())
            return loss

        def configure_optimizers(self) -> Any:
            return optimizer

    found: Turns = []

    class Clock(lightning.Callback):
        def on_train_epoch_start(self, *_: Any) -> None:
            self.start = time.process_time()

        def on_train_epoch_end(self, *_: Any) -> None:
            theirs = time.process_time() - self.start
            found.append((seconds(ours, time.process_time), theirs))

    trainer = lightning.Trainer(
        accelerator="cpu", devices=1, max_epochs=turns + _WARM_UP, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[Clock()],
    )  # fmt: skip
    trainer.fit(Module(), batches)
    return found[_WARM_UP:]


_PEERS = {
    "lightning": ("lightning", _lightning),
    "fabric": ("lightning", _fabric),
    "accelerate": ("accelerate", _accelerate),
}


def cases() -> Iterator[Case]:
    """A peer each, of those that are installed."""
    for name, (package, peer) in _PEERS.items():
        if importlib.util.find_spec(package) is not None:
            yield Case(name, functools.partial(_rows, name.capitalize(), peer))


def _rows(name: str, peer: Callable[[str, Callable[[], object], int], Turns], effort: float) -> Iterator[Row]:
    """Processor time of an epoch of 23 steps, in turns."""
    for logger in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for model, spec in _MODELS:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Comparison.of(peer(spec, our_epoch(spec, folder), share(40, effort)))
        yield found.row(f"training {model} on digits, an epoch, one thread / {name}", AT_LEAST_AS_FAST)
    torch.set_num_threads(threads)
