"""What torch's compiler sees of compiled specs: one graph, and the operations of the hand-written network."""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
import time
from collections import Counter
from collections.abc import Iterator

import torch
from torch import nn

import archspec
from benchmarks.measure import Case, Comparison, Row, Turns, share, take_turns
from benchmarks.networks import NETWORKS, Network, forward, images, training_step
from benchmarks.speed import PARITY


def cases() -> Iterator[Case]:
    """A network each; then the time of ResNet-34, where there is a C++ compiler for torch's compiler to use."""
    for network in NETWORKS:
        yield Case(network.name, functools.partial(_graphs, network))
    yield Case("unet", _unet)
    if shutil.which("g++") is not None:
        yield Case("times", _times)


def _breaks(model: nn.Module, *inputs: torch.Tensor) -> tuple[int, int]:
    """Graphs and graph breaks of a forward in training mode, as dynamo counts them."""
    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    torch.compiler.reset()
    told = torch._dynamo.explain(model)(*inputs)
    return told.graph_count, told.graph_break_count


def _operations(model: nn.Module) -> Counter[tuple[str, str]]:
    """What a pass in eval mode does: each operation with the shapes of what it gives."""
    with torch.no_grad(), contextlib.suppress(AttributeError):
        torch.backends.mha.set_fastpath_enabled(False)  # of which the compiler knows nothing
    program = torch.export.export(model.eval(), (images(2),)).run_decompositions({})
    torch.backends.mha.set_fastpath_enabled(True)
    calls = (node for node in program.graph.nodes if node.op == "call_function")
    return Counter((str(node.target), _shapes(node.meta.get("val"))) for node in calls)


def _shapes(value: object) -> str:
    values = value if isinstance(value, (tuple, list)) else (value,)
    return ", ".join(str(tuple(each.shape)) if isinstance(each, torch.Tensor) else "" for each in values)


def _graphs(network: Network, effort: float) -> Iterator[Row]:
    ours, theirs = network.pair(0)
    graphs, breaks = _breaks(network.ours().train(), images(2))
    yield Row(f"{network.name}, graph breaks under `torch.compile`", f"{graphs} graph", "", breaks, (0, 0))
    mine, other = _operations(ours), _operations(theirs)
    more = (mine - other).total()
    what = f"{network.name}, operations of the exported graph that torchvision's has not / torchvision's"
    spared = (other - mine).total()
    theirs = f"{other.total()}, {spared} of them not ours" if spared else str(other.total())
    yield Row(what, str(mine.total()), theirs, more, (0, 0))


def _unet(effort: float) -> Iterator[Row]:
    graphs, breaks = _breaks(archspec.build("specs/unet.yaml"), torch.randn(2, 1, 64, 64))
    yield Row("U-Net, graph breaks under `torch.compile`", f"{graphs} graph", "", breaks, (0, 0))


def _times(effort: float) -> Iterator[Row]:
    """Equal graphs compile to one kernel each, which torch keeps; the rest of the time is dynamo's guards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, work, size, count in (("forward", forward, 1, 60), ("training step", training_step, 32, 5)):
        turns: Turns = []
        for index in range(2):
            torch.compiler.reset()
            ours, theirs = (torch.compile(model, fullgraph=True) for model in NETWORKS[0].pair(index))
            runs = work(ours, images(size)), work(theirs, images(size))
            turns += take_turns(*runs, share(count, effort), warm_up=3, clock=time.process_time)
        yield Comparison.of(turns).row(f"resnet34 compiled, {name}, batch {size} / torchvision's compiled", PARITY)
    torch.set_num_threads(threads)
