"""Whether `torch.compile` sees a compiled spec as one graph."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import torch

import archspec
from benchmarks.measure import Row

_MODELS = (("ResNet-34", "specs/resnet34.yaml", (3, 64, 64)), ("U-Net", "specs/unet.yaml", (1, 64, 64)))


def rows() -> Iterator[Row]:
    """Dynamo's own count, in training mode, forward only."""
    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    for name, spec, shape in _MODELS:
        torch.compiler.reset()
        told = torch._dynamo.explain(archspec.build(spec))(torch.randn(2, *shape))
        breaks = told.graph_break_count
        yield Row(f"graph breaks of {name} under `torch.compile`", f"{told.graph_count} graph", "", breaks, (0, 0))
