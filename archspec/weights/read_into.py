"""Tensors of a safetensors file read to where they belong, by several threads, with no copy between."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from archspec.emit.parallel import Job, run_all
from archspec.weights.contents import Contents

_LARGEST_READ = 1 << 26


def takes_bytes(module: nn.Module) -> bool:
    """Whether a module is filled by filling its tensors: none of its layers has a way of its own to load a state."""
    return all(
        type(inner)._load_from_state_dict.__module__.startswith("torch.") and not inner._load_state_dict_pre_hooks
        for inner in module.modules()
    )


def read_into(contents: Contents, targets: Mapping[str, Tensor]) -> None:
    """Fill tensors, each from the tensor of a file that is given beside it.

    Args:
        contents: a safetensors file.
        targets: by the file's names, tensors of the same shapes.

    Raises:
        OSError: the file cannot be read any more, or has become shorter.
    """
    others = {name: tensor for name, tensor in targets.items() if not _is_as_stored(contents, name, tensor)}
    with open(contents.path, "rb", buffering=0) as file:
        jobs: list[Job] = [
            (tensor.numel(), functools.partial(_read, file.fileno(), contents.offsets[name], tensor))
            for name, tensor in targets.items()
            if name not in others
        ]
        run_all(jobs)
    if others:
        from safetensors import safe_open

        with safe_open(contents.path, framework="pt") as file, torch.no_grad():
            for name, tensor in others.items():
                tensor.copy_(file.get_tensor(name))


def _is_as_stored(contents: Contents, name: str, tensor: Tensor) -> bool:
    dtype = str(tensor.dtype).removeprefix("torch.")
    plain = tensor.device.type == "cpu" and tensor.is_contiguous() and sys.byteorder == "little"
    return plain and dtype == contents.tensors[name].dtype


def _read(file: int, offset: int, tensor: Tensor) -> None:
    left = tensor.detach().reshape(-1).view(torch.uint8).numpy().data
    while left:
        got = os.preadv(file, [left[:_LARGEST_READ]], offset)  # at a place of its own: all threads have one file
        if not got:
            raise OSError("it has become shorter")
        left, offset = left[got:], offset + got
