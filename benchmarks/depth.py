"""How creation and steps grow with depth, beside a loop of blocks written by hand."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import archspec
from benchmarks.measure import Case, Comparison, Row, least, milliseconds, share, take_turns
from benchmarks.speed import PARITY

_SPEC = """archspec: 1
input: [16]
vars: {depth: 10}
blocks:
  Residual: {layers: {norm: LayerNorm, up: {Linear: 32}, act: gelu, down: {Linear: 16}, sum: {add: [input, down]}}}
layers:
  blocks: {Residual: {}, repeat: $depth}
  head: {Linear: 10}
"""
_DEPTHS = (10, 100, 1000)


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.up = nn.Linear(16, 32)
        self.down = nn.Linear(32, 16)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(F.gelu(self.up(self.norm(x))))


class _ByHand(nn.Module):
    def __init__(self, depth: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Residual() for _ in range(depth))
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def cases() -> Iterator[Case]:
    """Small blocks, so that what each of them costs beside its arithmetic shows."""
    yield Case("creation", _creation)
    yield Case("steps", _steps)


def _creation(effort: float) -> Iterator[Row]:
    """The time of each depth, and by what factor ten times as many blocks take longer."""
    times: dict[int, list[float]] = {}
    for depth in _DEPTHS:
        architecture = archspec.load(_SPEC, depth=depth)
        whole = functools.partial(archspec.build, _SPEC, depth=depth)
        by_hand = functools.partial(_ByHand, depth)
        times[depth] = list(least(by_hand, architecture.build, whole, turns=share(9, effort)))
    for depth, (theirs, checked, whole) in times.items():
        for what, mine in (("a checked spec", checked), ("a spec", whole)):
            told = f"creation of {depth} blocks from {what} / by hand"
            yield Row(told, milliseconds(mine), milliseconds(theirs), mine / theirs, (0.0, 1.0))
    for more, fewer in zip(_DEPTHS[1:], _DEPTHS, strict=False):
        mine, less = times[more][2], times[fewer][2]
        told = f"creation of {more} blocks / of {fewer}"
        yield Row(told, milliseconds(mine), milliseconds(less), mine / less, (0.0, 10.5))


def _steps(effort: float) -> Iterator[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    batch = torch.randn(8, 16)
    for depth in _DEPTHS[1:]:
        ours, theirs = archspec.build(_SPEC, depth=depth), _ByHand(depth)
        for name, work in (("forward", _forward), ("forward and backward", _backward)):
            runs = functools.partial(work, ours, batch), functools.partial(work, theirs, batch)
            turns = take_turns(*runs, share(3000 // depth, effort), clock=time.process_time)
            yield Comparison.of(turns).row(f"{name} of {depth} blocks / by hand", PARITY)
    torch.set_num_threads(threads)


def _forward(model: Callable[[Tensor], Tensor], batch: Tensor) -> None:
    with torch.inference_mode():
        model(batch)


def _backward(model: Callable[[Tensor], Tensor], batch: Tensor) -> None:
    model(batch).square().mean().backward()
