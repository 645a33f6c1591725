"""Creation of five networks: with random weights, and from one safetensors file, beside torchvision's constructors."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn
from torchvision import models

import archspec
from benchmarks.measure import Row, milliseconds

_NETWORKS: tuple[tuple[str, str, Callable[[], nn.Module]], ...] = (
    ("resnet34", "specs/resnet34.yaml", models.resnet34),
    ("resnet50", "zoo:resnet50", models.resnet50),
    ("densenet121", "zoo:densenet", models.densenet121),
    ("vit_b_16", "specs/vit_b_16.yaml", models.vit_b_16),
    ("convnext_tiny", "zoo:convnext_tiny", models.convnext_tiny),
)
_TURNS = 9


def _best(*makers: Callable[[], object]) -> list[float]:
    """The least seconds of each of several, all of them timed in turns."""
    best = [float("inf")] * len(makers)
    for _ in range(_TURNS):
        for index, make in enumerate(makers):
            start = time.perf_counter()
            make()
            best[index] = min(best[index], time.perf_counter() - start)
    return best


def rows() -> Iterator[Row]:
    """From a checked architecture, and from the spec or the file to weights; what is made is dropped at once."""
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        for name, spec, original in _NETWORKS:
            architecture, path = archspec.load(spec), Path(folder) / f"{name}.safetensors"
            architecture.save_weights(architecture.build(), path)
            whole, built, loaded = (
                functools.partial(archspec.build, spec),
                architecture.build,
                functools.partial(archspec.from_file, path),
            )
            theirs, *ours = _best(original, whole, built, loaded)
            for what, mine, target in zip(
                ("spec to random weights", "checked spec to random weights", "one file to the model"),
                ours,
                (0.45, 0.45, 0.25),
                strict=True,
            ):
                told = f"{name}, {what}, {threads} threads / torchvision's constructor"
                yield Row(told, milliseconds(mine), milliseconds(theirs), mine / theirs, (0.0, target))
