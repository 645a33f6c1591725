"""A model as a file of `torch.export`, which torch alone loads and runs."""

from __future__ import annotations

import os

import torch
from torch import nn

from archspec.emit.files import written
from archspec.emit.trace import program, quiet, refused
from archspec.graph.nodes import Graph


def save_pt2(graph: Graph, module: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write a module, as it is in eval mode, for any batch size. `torch.export.load(path).module()` is the model.

    Raises:
        UsageError: AS705, the file cannot be written; AS708, AS709, torch cannot export the model.
    """
    try:
        exported = program(graph, module)
    except Exception as error:  # whatever torch's exporter raises
        raise refused(graph, "pt2", error, program) from None
    with written(path) as temporary, quiet():
        torch.export.save(exported, temporary)
