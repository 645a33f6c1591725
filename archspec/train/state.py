"""All that a run is at one moment, as tensors and plain data, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archspec.train.seeds import get_generators
from archspec.train.store.checkpoints import Moment

if TYPE_CHECKING:
    from archspec.train.loop import Loop

FORMAT = 2


def capture(loop: Loop) -> dict[str, Any]:
    """What a checkpoint holds."""
    learner = loop.learner
    parameters = learner.model.named_parameters()
    return {
        "format": FORMAT,
        **loop.identity,
        "moment": [loop.at.epoch, loop.at.batch],
        "steps": loop.steps,
        "seconds": loop.seconds,
        "rate": loop.rate,
        "model": dict(learner.model.state_dict()),
        "buffers": dict(_unlisted_buffers(learner.model)),
        "gradients": {name: parameter.grad for name, parameter in parameters if parameter.grad is not None},
        "optimizer": learner.optimizer.state_dict(),
        "scheduler": None if loop.scheduler is None else loop.scheduler.state_dict(),
        "average": None if learner.average is None else dict(learner.average.state_dict()),
        "scaler": None if learner.scaler is None else learner.scaler.state_dict(),
        "generators": get_generators(learner.device),
        "totals": loop.totals.state(),
        "history": [dict(row) for row in loop.history],
    }


def restore(loop: Loop, state: Mapping[str, Any]) -> None:
    """A loop as it was when `state` was captured.

    Raises:
        KeyError, ValueError, RuntimeError, TypeError: it is none of this loop's.
    """
    learner = loop.learner
    learner.model.load_state_dict(state["model"])
    for name, buffer in _unlisted_buffers(learner.model):
        buffer.copy_(state["buffers"][name])
    parameters = dict(learner.model.named_parameters())
    for name, gradient in state["gradients"].items():
        parameters[name].grad = torch.empty_like(parameters[name]).copy_(gradient)
    learner.optimizer.load_state_dict(state["optimizer"])
    if loop.scheduler is not None:
        loop.scheduler.load_state_dict(state["scheduler"])
    if learner.average is not None:
        learner.average.load_state_dict(state["average"])
    if learner.scaler is not None:
        learner.scaler.load_state_dict(state["scaler"])
    loop.totals.restore(state["totals"])
    loop.history = list(state["history"])
    loop.at = Moment(*state["moment"])
    loop.rate = state["rate"]
    loop.steps, loop.seconds, loop.generators = state["steps"], state["seconds"], state["generators"]


def _unlisted_buffers(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Buffers that the state dict leaves out."""
    listed = model.state_dict().keys()
    return ((name, buffer) for name, buffer in model.named_buffers() if name not in listed)
