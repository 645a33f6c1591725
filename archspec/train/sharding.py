"""A model that no process holds whole: FSDP2, block by block. Imported where it is asked for: DTensor loads slowly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim.swa_utils import AveragedModel

from archspec.train.parallel import Parallel
from archspec.train.ranks import Ranks

Tensors: TypeAlias = tuple[Tensor, ...] | list[Tensor]
Averaging: TypeAlias = Callable[[Tensors, Tensors, Tensor | int], None]

_COMPILED = "archspec.compiled"


class Shards(Parallel):
    """Each process holds a part of each parameter, of its gradient and of what the optimiser keeps of it.

    Args:
        device: this process's.
        ranks: the processes.
    """

    is_sharded = True

    def __init__(self, device: torch.device, ranks: Ranks) -> None:
        self._mesh = init_device_mesh(device.type, (ranks.count,))
        self._wrapped: FSDPModule | None = None

    def wrapped(self, model: nn.Module, average: AveragedModel | None) -> nn.Module:
        for each in (model,) if average is None else (model, average.module):
            for block in reversed(list(blocks(each))):  # the inner ones first
                fully_shard(block, mesh=self._mesh)
            fully_shard(each, mesh=self._mesh)
        if average is not None:
            averaging = average.multi_avg_fn
            assert averaging is not None  # that of an exponential average
            average.multi_avg_fn = self._of_parts(averaging)
        assert isinstance(model, FSDPModule)
        self._wrapped = model
        return model

    def _of_parts(self, averaging: Averaging) -> Averaging:
        """The same, of what this process holds: torch mixes no DTensor with the tensor that a buffer is."""

        def of_parts(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
            averaging([self.local(each) for each in averaged], [self.local(each) for each in current], count)

        return of_parts

    def synchronised(self, steps: bool) -> AbstractContextManager[object]:
        assert self._wrapped is not None
        self._wrapped.set_requires_gradient_sync(steps)
        return nullcontext()

    def local(self, tensor: Tensor) -> Tensor:
        return tensor.to_local() if isinstance(tensor, DTensor) else tensor

    def whole(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {
            name: tensor.full_tensor().cpu() if isinstance(tensor, DTensor) else tensor
            for name, tensor in state.items()
        }

    def placed(self, tensor: Tensor, like: Tensor) -> Tensor:
        if not isinstance(like, DTensor) or isinstance(tensor, DTensor):
            return tensor
        return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)

    def empty(self, like: Tensor, dtype: torch.dtype) -> Tensor:
        if not isinstance(like, DTensor):
            return super().empty(like, dtype)
        return torch.empty_like(like, dtype=dtype, requires_grad=False)


def blocks(model: nn.Module) -> Iterator[nn.Module]:
    """The instances of the spec's blocks within a model, the outer ones first; they are gathered one at a time.

    A block that shares parameters with what is outside of it is left to the whole.
    """
    uses = _uses(model)
    for module in model.modules():
        if module is not model and type(module).__module__.startswith(_COMPILED):
            own = _uses(module)
            if own and all(uses[parameter] == count for parameter, count in own.items()):
                yield module


def _uses(module: nn.Module) -> Counter[nn.Parameter]:
    return Counter(parameter for _, parameter in module.named_parameters(remove_duplicate=False))
