"""The judge of memory: what torch keeps for the backward pass of one call, by storage."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from archspec.tensors import TensorType
from tests.conformance.judge import data, flat


@dataclass(frozen=True)
class Kept:
    """Which inputs and outputs torch keeps, and how many bytes of tensors that are neither."""

    inputs: frozenset[int]
    outputs: frozenset[int]
    extra: int


def place(tensor: Tensor) -> int:
    """Where a tensor's memory is; views of each other have one place."""
    return tensor.untyped_storage().data_ptr()


def kept(run: Any, inputs: tuple[TensorType, ...], batch: int, highest_index: int = 0) -> Kept:
    """One forward in training mode, whose saved tensors are counted once for each storage, parameters left out."""
    module = getattr(run, "module", run)
    own: set[int] = set()
    if isinstance(module, torch.nn.Module):
        module.train()
        own = {place(tensor) for tensor in (*module.parameters(), *module.buffers())}
    saved: list[Tensor] = []
    getattr(run, "scope", {})["batch"] = batch
    tensors = [data(given, batch, highest_index) for given in inputs]
    tensors = [x.requires_grad_().clone() if x.is_floating_point() else x for x in tensors]
    with warnings.catch_warnings(), torch.autograd.graph.saved_tensors_hooks(_into(saved), lambda x: x):
        warnings.simplefilter("ignore")
        outputs = flat(run(*tensors))
    places = {place(tensor): tensor.untyped_storage().nbytes() for tensor in saved}
    ins = {place(tensor): at for at, tensor in reversed(list(enumerate(tensors)))}
    outs = {place(tensor): at for at, tensor in reversed(list(enumerate(outputs)))}
    extra = sum(size for where, size in places.items() if where not in own and where not in ins and where not in outs)
    return Kept(
        frozenset(at for where, at in ins.items() if where in places),
        frozenset(at for where, at in outs.items() if where in places and where not in ins),
        extra,
    )


def _into(saved: list[Tensor]) -> Any:
    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor.detach())
        return tensor

    return pack
