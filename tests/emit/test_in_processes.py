"""A compiled module in other processes: saved whole, in a DataLoader's workers, and trained by several at once.

What several processes make of it is compared with what one makes. The functions here are run by spawned processes,
which import this module.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset

import archspec

SPEC = """
archspec: 1
name: Small
input: [6]
blocks:
  unit:
    params: {width: int}
    layers: {fc: {Linear: $width}, norm: {LayerNorm: $width}, act: GELU, out: {Linear: 6}}
layers:
  body: {unit: {width: 8}, skip: add, repeat: 3}
  head: {Linear: 4}
"""
WORKERS = 2


def model(seed: int = 0) -> nn.Module:
    return archspec.load(SPEC).build(seed=seed)


def batch(index: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(index)
    return torch.randn(5, 6, generator=generator), torch.randn(5, 4, generator=generator)


class Predicted(Dataset[torch.Tensor]):
    """A data set that runs a module, as one with a tokeniser or a feature extractor does."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> torch.Tensor:
        with torch.no_grad():
            return self.module(batch(index)[0])[0]


def test_it_goes_to_the_workers_of_a_data_loader() -> None:
    data = Predicted(model().eval())
    loader = DataLoader(data, batch_size=2, num_workers=2, multiprocessing_context="spawn")
    torch.testing.assert_close(torch.cat(list(loader)), torch.stack([data[index] for index in range(6)]))


def test_saved_whole_it_is_loaded_by_those_who_trust_it_alone(tmp_path: Path) -> None:
    module = model().eval()
    torch.save(module, tmp_path / "module.pt")
    with pytest.raises(Exception, match="weights_only"):
        torch.load(tmp_path / "module.pt")  # code would run: torch's default refuses it, as for any module
    loaded = torch.load(tmp_path / "module.pt", weights_only=False)
    assert torch.equal(loaded(batch(0)[0]), module(batch(0)[0]))


def test_its_state_is_loaded_by_anybody(tmp_path: Path) -> None:
    torch.save(model(seed=1).state_dict(), tmp_path / "state.pt")
    module = model()
    module.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(module.head.weight, model(seed=1).head.weight)


def start(rank: int, folder: str, work: Callable[[int], Any]) -> None:
    """One process of several: its result is a file."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=WORKERS)
    try:
        torch.save(work(rank), f"{folder}/{rank}.pt")
    finally:
        dist.destroy_process_group()


def together(folder: Path, work: Callable[[int], Any]) -> list[Any]:
    """What each of several processes makes."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    mp.spawn(start, (str(folder), work), nprocs=WORKERS)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(WORKERS)]


def step(module: nn.Module, given: torch.Tensor, wanted: torch.Tensor) -> None:
    """One step of training."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    (module(given) - wanted).square().mean().backward()
    optimizer.step()


def alone() -> dict[str, torch.Tensor]:
    """The state after one step on all batches at once."""
    module = model()
    given, wanted = (torch.cat(each) for each in zip(*(batch(rank) for rank in range(WORKERS)), strict=True))
    step(module, given, wanted)
    return module.state_dict()


def data_parallel(rank: int) -> dict[str, torch.Tensor]:
    module = DistributedDataParallel(model(seed=rank))  # which takes rank 0's weights
    step(module, *batch(rank))
    return module.module.state_dict()


def sharded(rank: int) -> dict[str, torch.Tensor]:
    module = model()
    kinds = {type(block) for block in module.body}
    assert len(kinds) == 1, "a block's class is what is sharded"
    for inner in list(module.modules()):
        if type(inner) in kinds:
            fully_shard(inner)
    fully_shard(module)
    assert all(isinstance(block, FSDPModule) for block in module.body)
    assert all(isinstance(parameter, DTensor) for parameter in module.parameters())
    step(module, *batch(rank))
    return {name: tensor.full_tensor() for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("work", [data_parallel, sharded])
def test_several_processes_train_it_as_one_does(tmp_path: Path, work: Callable[[int], Any]) -> None:
    wanted = alone()
    for state in together(tmp_path, work):
        assert list(state) == list(wanted)
        for name, tensor in state.items():
            torch.testing.assert_close(tensor, wanted[name], msg=name)
