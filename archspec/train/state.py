"""All that a run is at one moment, as tensors and plain data, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from archspec.train.learner import Learner
from archspec.train.ranks import Ranks
from archspec.train.seeds import get_generators
from archspec.train.store.checkpoints import Moment
from archspec.train.totals import together

if TYPE_CHECKING:
    from archspec.train.loop import Loop

FORMAT = 3


def capture(loop: Loop) -> dict[str, Any]:
    """What a checkpoint holds. All processes have to ask at once."""
    learner, ranks = loop.learner, loop.learner.ranks
    learner.agree_on_buffers()
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
        "generators": ranks.gather(get_generators(learner.device)),
        "totals": together(ranks.gather(loop.totals.state())),
        "history": [dict(row) for row in loop.history],
    }


def restore(loop: Loop, state: Mapping[str, Any]) -> None:
    """A loop as it was when `state` was captured.

    Raises:
        KeyError, ValueError, RuntimeError, TypeError: it is none of this loop's.
    """
    learner = loop.learner
    _load(learner, learner.model, state["model"])
    for name, buffer in _unlisted_buffers(learner.model):
        buffer.copy_(state["buffers"][name])
    parameters = dict(learner.model.named_parameters())
    for name, gradient in state["gradients"].items():
        like = parameters[name]
        like.grad = torch.empty_like(like).copy_(learner.parallel.placed(gradient, like))
    learner.optimizer.load_state_dict(_placed_state(learner, state["optimizer"]))
    if loop.scheduler is not None:
        loop.scheduler.load_state_dict(state["scheduler"])
    if learner.average is not None:
        _load(learner, learner.average, state["average"])
    if learner.scaler is not None:
        learner.scaler.load_state_dict(state["scaler"])
    if learner.ranks.is_first:  # who keeps what all of them have counted so far
        loop.totals.restore(state["totals"])
    loop.history = list(state["history"])
    loop.at = Moment(*state["moment"])
    loop.rate = state["rate"]
    loop.steps, loop.seconds = state["steps"], state["seconds"]
    loop.generators = _own_generators(state["generators"], learner.ranks)


def _own_generators(states: Sequence[Mapping[str, Tensor]], ranks: Ranks) -> Mapping[str, Tensor] | None:
    """None where there were as many processes as now are not."""
    return states[ranks.rank] if len(states) == ranks.count else None


def _load(learner: Learner, module: nn.Module, state: Mapping[str, Tensor]) -> None:
    own = module.state_dict()
    module.load_state_dict({name: learner.parallel.placed(tensor, own[name]) for name, tensor in state.items()})


def _placed_state(learner: Learner, state: Mapping[str, Any]) -> dict[str, Any]:
    """The optimiser's state, spread as the parameters are to which it belongs."""
    if not learner.parallel.is_sharded:
        return dict(state)
    placed = {}
    for index, values in state["state"].items():
        like = parameter_at(learner.optimizer, index)
        placed[index] = {
            name: learner.parallel.placed(value, like)
            if isinstance(value, Tensor) and value.shape == like.shape
            else value
            for name, value in values.items()
        }
    return {**state, "state": placed}


def parameter_at(optimizer: Optimizer, index: int) -> nn.Parameter:
    """The parameter that an optimiser's state dict calls by a number."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    found: nn.Parameter = parameters[index]
    return found


def like_of(loop: Loop, path: tuple[Any, ...]) -> Tensor | None:
    """The tensor of the loop beside which one of a checkpoint lies: a parameter, or what belongs to one."""
    learner = loop.learner
    match path:
        case ("model", str(name)):
            return _tensors(learner.model).get(name)
        case ("gradients", str(name)):
            return dict(learner.model.named_parameters()).get(name)
        case ("average", str(name)) if learner.average is not None:
            return _tensors(learner.average).get(name)
        case ("optimizer", "state", int(index), _):
            return parameter_at(learner.optimizer, index)
    return None


def _tensors(module: nn.Module) -> Mapping[str, Tensor]:
    state: Mapping[str, Tensor] = module.state_dict()
    return state


def _unlisted_buffers(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Buffers that the state dict leaves out."""
    listed = model.state_dict().keys()
    return ((name, buffer) for name, buffer in model.named_buffers() if name not in listed)
