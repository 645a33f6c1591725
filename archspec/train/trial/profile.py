"""Where the time of a step goes: by phase, by layer of the spec, by operator; and a trace to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.autograd.profiler import record_function
from torch.profiler import ProfilerActivity

from archspec.train.data.batch import Batch
from archspec.train.prepare import Prepared
from archspec.train.seeds import forked_generators

_WARM_UP = 3
_LOADING, _STEP, _LAYER = "archspec: loading", "archspec: step", "archspec layer: "
_MOST_LAYERS = 200


@dataclass(frozen=True, slots=True)
class Part:
    """Attributes:
    name: a phase, a layer, or an operator of torch.
    calls: per step.
    cpu: milliseconds of a step, of an operator without those that it calls.
    device: likewise, on the accelerator; None without one.
    """

    name: str
    calls: float
    cpu: float
    device: float | None


@dataclass(frozen=True, slots=True)
class Profile:
    """Attributes:
    steps: that were looked at, after some that were not.
    phases: `loading` the batch, and the `step`.
    layers: forward passes of the model's children, in order.
    operators: the most expensive first.
    trace: the file, for https://ui.perfetto.dev or chrome://tracing.
    """

    steps: int
    phases: tuple[Part, ...]
    layers: tuple[Part, ...]
    operators: tuple[Part, ...]
    trace: Path


def profile(prepared: Prepared, trace: Path, *, steps: int = 10, most: int = 15) -> Profile:
    """Train some steps under `torch.profiler`.

    Args:
        prepared: what is trained; it has learnt something afterwards.
        trace: the file to write.
        steps: to look at.
        most: operators that are told.

    Raises:
        OSError: the trace cannot be written.
    """
    device = prepared.learner.device
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # it would tell on stderr that there is no GPU
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    batches = _endless(prepared)
    with forked_generators(device), ExitStack() as stack:
        for _ in range(_WARM_UP):
            prepared.learn(next(batches))
        if not prepared.recipe.compile:
            stack.enter_context(_layers_named(prepared.model))
        with torch.profiler.profile(activities=activities) as seen:
            for _ in range(steps):
                with record_function(_LOADING):
                    batch = next(batches)
                with record_function(_STEP):
                    prepared.learn(batch)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
    batches.close()
    seen.export_chrome_trace(str(trace))
    return _told(seen, steps, most, trace, has_device=device.type == "cuda")


def _endless(prepared: Prepared) -> Any:
    def batches() -> Iterator[Batch]:
        for epoch in count(1):
            yield from prepared.batches(epoch)

    return batches()


@contextmanager
def _layers_named(model: nn.Module) -> Iterator[None]:
    """Each child's forward pass under its name, as the spec has it."""
    stacks: list[Any] = []
    handles = []
    for name, child in list(model.named_children())[:_MOST_LAYERS]:

        def begin(module: nn.Module, inputs: Any, name: str = name) -> None:
            stacks.append(record_function(_LAYER + name))
            stacks[-1].__enter__()

        def end(module: nn.Module, inputs: Any, output: Any) -> None:
            stacks.pop().__exit__(None, None, None)

        handles += [child.register_forward_pre_hook(begin), child.register_forward_hook(end)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _told(seen: Any, steps: int, most: int, trace: Path, *, has_device: bool) -> Profile:
    phases, layers, operators = [], [], []
    for event in seen.key_averages():
        name = str(event.key)
        if name.startswith(_LAYER):
            layers.append(_part(event, name.removeprefix(_LAYER), steps, has_device, whole=True))
        elif name in (_LOADING, _STEP):
            phases.append(_part(event, name.removeprefix("archspec: "), steps, has_device, whole=True))
        elif str(event.device_type).endswith("CPU"):
            operators.append(_part(event, name, steps, has_device, whole=False))
    operators.sort(key=lambda part: -((part.device or 0) + part.cpu))
    phases.sort(key=lambda part: part.name)
    return Profile(steps, tuple(phases), tuple(layers), tuple(operators[:most]), trace)


def _part(event: Any, name: str, steps: int, has_device: bool, *, whole: bool) -> Part:
    cpu = event.cpu_time_total if whole else event.self_cpu_time_total
    on_device = event.device_time_total if whole else event.self_device_time_total
    device = on_device / 1000 / steps if has_device else None
    return Part(name, event.count / steps, cpu / 1000 / steps, device)
