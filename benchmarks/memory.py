"""How much memory a build takes beside its parameters, and a training step beside the hand-written network's."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Case, Row
from benchmarks.networks import NETWORKS, Network

_START = """
import ctypes, gc, json
import torch
import archspec
from benchmarks.networks import NETWORKS, images, training_step

def resident(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

def growth(function):
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else what a constructor has freed serves the step, and its growth is less
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before = resident("VmRSS")
    result = function()
    return resident("VmHWM") - before, result
"""
_BUILD = """
archspec.build("specs/perceptron.yaml")
grown, model = growth(lambda: archspec.build("specs/resnet34.yaml"))
print(json.dumps([grown, sum(p.numel() * p.element_size() for p in model.parameters())]))
"""
_STEP = """
torch.set_num_threads(1)
network = next(network for network in NETWORKS if network.name == {name!r})
model = network.ours() if {ours} else network.theirs()
grown, _ = growth(training_step(model, images(32)))
print(json.dumps([grown]))
"""


def cases() -> Iterator[Case]:
    """Each in fresh processes, on Linux."""
    if sys.platform == "linux":
        yield Case("build", _build)
        for network in NETWORKS:
            yield Case(network.name, functools.partial(_step, network))


def _measured(script: str) -> list[int]:
    done = subprocess.run([sys.executable, "-c", _START + script], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _build(effort: float) -> Iterator[Row]:
    """Peak resident memory; a small build goes first, for the code that any build loads."""
    growth, parameters = _measured(_BUILD)
    what = "`archspec.build` of ResNet-34, peak memory / its parameters"
    yield Row(what, _megabytes(growth), _megabytes(parameters), growth / parameters, (0.0, 1.1))


def _step(network: Network, effort: float) -> Iterator[Row]:
    """By how much the first training step takes the peak beyond the model: the least of three processes each."""
    turns = [[_measured(_STEP.format(name=network.name, ours=ours))[0] for ours in (True, False)] for _ in range(3)]
    mine, other = (min(side) for side in zip(*turns, strict=True))
    what = f"{network.name}, training step, batch 32, peak memory / torchvision's"
    yield Row(what, _megabytes(mine), _megabytes(other), mine / other, (0.0, 1.02))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
