"""One batch through everything: shapes, memory, time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from archspec.train.prepare import Prepared
from archspec.train.seeds import forked_generators


@dataclass(frozen=True, slots=True)
class DryRun:
    """Attributes:
    inputs: the shape and dtype of each tensor of the batch, by name.
    outputs: likewise, of what the model returned in training mode.
    loss: of the batch.
    seconds: of a second step, without what happens once only.
    batches: of an epoch.
    memory: bytes of `weights`, `gradients`, `optimizer`, `backward` (what autograd keeps for it), and on a GPU `peak`.
    device: where it happened.
    """

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    loss: float
    seconds: float
    batches: int
    memory: Mapping[str, int]
    device: str


def dry_run(prepared: Prepared) -> DryRun:
    """Train on one batch, twice, and keep nothing of it but what was seen.

    Raises:
        NotFiniteError: the loss or a gradient is not finite.
    """
    device = prepared.learner.device
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with forked_generators(device), closing(prepared.batches(1)) as batches:
        batch = next(batches)
        outputs = {} if prepared.recipe.compile else _outputs(prepared, batch)
        with _counting(prepared) as kept:
            loss = float(prepared.learn(batch))
        start = time.perf_counter()
        float(prepared.learn(batch))
        seconds = time.perf_counter() - start
    memory = {**_state(prepared), "backward": kept["bytes"]}
    if device.type == "cuda":
        memory["peak"] = torch.cuda.max_memory_allocated(device)
    names = {f"input {index}" if index else "input": each for index, each in enumerate(_tensors(batch))}
    names = dict(zip(_names(prepared, len(names)), names.values(), strict=True))
    inputs = {name: _told(each) for name, each in names.items()}
    return DryRun(inputs, outputs, loss, seconds, prepared.batches_per_epoch, memory, str(device))


def _names(prepared: Prepared, count: int) -> list[str]:
    """The model's inputs, then the targets."""
    names = list(prepared.architecture.input_types)
    left = count - len(names)
    return names[:count] + (["target"] if left == 1 else [f"target {place}" for place in range(1, left + 1)])


def _tensors(batch: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(batch) if isinstance(leaf, Tensor)]


def _outputs(prepared: Prepared, batch: Any) -> dict[str, str]:
    names = list(prepared.architecture.output_types)
    with torch.no_grad(), forked_generators(prepared.learner.device):
        leaves = _tensors(prepared.outputs(batch))
    return {name: _told(each) for name, each in zip(names, leaves, strict=False)}


def _told(tensor: Tensor) -> str:
    return f"[{', '.join(map(str, tensor.shape))}] {str(tensor.dtype).removeprefix('torch.')}"


@contextmanager
def _counting(prepared: Prepared) -> Iterator[dict[str, int]]:
    """Counts what autograd keeps, weights left out. What torch.compile makes is not looked into."""
    own = {each.untyped_storage().data_ptr() for each in (*prepared.model.parameters(), *prepared.model.buffers())}
    seen: set[int] = set()
    found = {"bytes": 0}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and storage.data_ptr() not in seen:
            seen.add(storage.data_ptr())
            found["bytes"] += storage.nbytes()
        return tensor

    if prepared.recipe.compile:
        yield found
        return
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield found


def _state(prepared: Prepared) -> dict[str, int]:
    parameters = list(prepared.model.parameters())
    state = [leaf for leaf in tree_leaves(prepared.optimizer.state_dict()["state"]) if isinstance(leaf, Tensor)]
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    return {
        "weights": sum(each.nbytes for each in (*parameters, *prepared.model.buffers())),
        "gradients": sum(each.nbytes for each in learning),
        "optimizer": sum(each.nbytes for each in state),
    }
