"""From the start of the process to the end of its first training step, beside a script written by hand."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Case, Comparison, Row, Turns, share

AT_MOST = (0.0, 1.15)

_OURS = """
import sys, time
from archspec.train import loop
def first(self, *given, **named):
    batch(self, *given, **named)
    print(time.process_time(), flush=True)
    import os
    os._exit(0)
batch, loop.Loop._batch = loop.Loop._batch, first
from archspec.cli.main import main
sys.argv = ["archspec", "train", {spec!r}, "--device", "cpu", "--out", {out!r}, "--quiet"]
main()
"""
_BY_HAND = """
import os, time
import numpy as np
import torch
from torch import nn
torch.manual_seed(0)
with np.load({digits!r}) as arrays:
    images = torch.from_numpy(arrays["images"]).float().flatten(1) / 16
    labels = torch.from_numpy(arrays["labels"]).long()
images = (images - images.mean()) / images.std()
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
criterion = nn.CrossEntropyLoss()
os.makedirs({out!r})
for chosen in torch.randperm(len(images)).split(64):
    optimizer.zero_grad()
    loss = criterion(model(images[chosen]), labels[chosen])
    loss.backward()
    optimizer.step()
    print(time.process_time(), flush=True)
    os._exit(0)
"""
_SPEC = """archspec: 1
input: [64]
layers: [{Linear: 32}, ReLU, {Linear: 10}]
train: {data: digits, batch_size: 64, optimizer: {SGD: {lr: 0.01, momentum: 0.9}}}
"""


def _seconds(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def cases() -> Iterator[Case]:
    """One."""
    yield Case("start", _rows)


def _rows(effort: float) -> Iterator[Row]:
    """Processor time of a process on the embedded digits, in turns."""
    digits = Path(__file__).parents[1] / "archspec" / "train" / "data" / "digits.npz"
    found: Turns = []
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "net.yaml")
        spec.write_text(_SPEC, encoding="utf-8")
        for turn in range(-1, share(7, effort)):  # the first one warms the disk's cache
            ours = _seconds(_OURS.format(spec=str(spec), out=f"{folder}/ours-{turn}"))
            theirs = _seconds(_BY_HAND.format(digits=str(digits), out=f"{folder}/theirs-{turn}"))
            found.append((ours, theirs))
    what = "training MLP 64-32-10 on digits, process start to first step / a script by hand"
    yield Comparison.of(found[1:]).row(what, AT_MOST)
