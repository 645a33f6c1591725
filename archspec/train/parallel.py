"""A model over several processes. Here: a replica in each, by `DistributedDataParallel`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel


class Parallel:
    """How the model is spread over the processes: not at all."""

    is_sharded = False
    """Whether a process holds a part of each parameter only."""

    def wrapped(self, model: nn.Module, average: AveragedModel | None) -> nn.Module:
        """What is called in the place of the model in training."""
        return model

    def synchronised(self, steps: bool) -> AbstractContextManager[object]:
        """Around a forward and its backward.

        Args:
            steps: whether a step follows, so that the gradients of all processes have to be there.
        """
        return nullcontext()

    def local(self, tensor: Tensor) -> Tensor:
        """What this process holds of a tensor."""
        return tensor

    def whole(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Gathered tensors; all processes have to ask at once."""
        return state

    def placed(self, tensor: Tensor, like: Tensor) -> Tensor:
        """A whole tensor, which every process has, spread as another one is."""
        return tensor

    def empty(self, like: Tensor, dtype: torch.dtype) -> Tensor:
        """A tensor to be filled, spread as another one is."""
        return torch.empty(like.shape, dtype=dtype)


class Replicas(Parallel):
    """The same model in each process. The first one's weights are given to all at the start.

    Args:
        device: this process's.
        has_unused: whether a step leaves parameters without a gradient, for which everybody would wait.
    """

    def __init__(self, device: torch.device, *, has_unused: bool) -> None:
        self._device, self._has_unused = device, has_unused
        self._wrapped: DistributedDataParallel | None = None

    def wrapped(self, model: nn.Module, average: AveragedModel | None) -> nn.Module:
        if not any(parameter.requires_grad for parameter in model.parameters()):
            return model
        devices = [self._device] if self._device.type == "cuda" else None
        self._wrapped = DistributedDataParallel(model, devices, find_unused_parameters=self._has_unused)
        return self._wrapped

    def synchronised(self, steps: bool) -> AbstractContextManager[object]:
        return nullcontext() if steps or self._wrapped is None else self._wrapped.no_sync()


def leaves_unused(model: nn.Module, loss: Callable[[nn.Module], Tensor]) -> bool:
    """Whether a training step leaves trained parameters without a gradient. The model is not changed by it.

    Args:
        model: in whatever mode.
        loss: of a model: its loss on some samples.
    """
    tried = copy.deepcopy(model).train()
    loss(tried).backward()  # type: ignore[no-untyped-call]
    return any(parameter.requires_grad and parameter.grad is None for parameter in tried.parameters())


@torch.no_grad()
def broadcast(model: nn.Module) -> None:
    """The first process's parameters and buffers to all."""
    for parameter in model.parameters():
        dist.broadcast(parameter, src=0)
    broadcast_buffers(model)


def broadcast_buffers(model: nn.Module) -> None:
    """The first process's buffers, such as the statistics of batch norm, to all."""
    for buffer in model.buffers():
        dist.broadcast(buffer, src=0)
