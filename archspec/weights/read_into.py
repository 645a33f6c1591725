"""Tensors of a safetensors file read to where they belong, by several threads, with no copy between."""

from __future__ import annotations

import ctypes
import functools
import operator
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from archspec.emit.huge_pages import ask_for_huge_pages
from archspec.emit.parallel import run_all
from archspec.weights.contents import Contents

_LARGEST_PIECE = 1 << 23
_LARGEST_READ = 1 << 22
_MOST_AT_ONCE = 512  # Linux takes 1,024
_BYTES_PER_ELEMENT = 4  # of most tensors, whose elements are what jobs are measured by

_READS_INTO_MEMORY = hasattr(os, "preadv")  # Windows has it not

Piece: TypeAlias = tuple[int, Any]
"""Where in the file something starts, and the memory that it belongs to."""


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
    pieces = [
        piece
        for name, tensor in targets.items()
        if name not in others
        for piece in _pieces(contents.offsets[name], tensor)
    ]
    with open(contents.path, "rb", buffering=0) as file:
        run_all(
            (_size(run) // _BYTES_PER_ELEMENT, functools.partial(_read, file.fileno(), run)) for run in _runs(pieces)
        )
    if others:
        from safetensors import safe_open

        with safe_open(contents.path, framework="pt") as file, torch.no_grad():
            for name, tensor in others.items():
                tensor.copy_(file.get_tensor(name))


def _is_as_stored(contents: Contents, name: str, tensor: Tensor) -> bool:
    dtype = str(tensor.dtype).removeprefix("torch.")
    plain = tensor.device.type == "cpu" and tensor.is_contiguous() and sys.byteorder == "little"
    return _READS_INTO_MEMORY and plain and dtype == contents.tensors[name].dtype


def _pieces(offset: int, tensor: Tensor) -> Iterator[Piece]:
    """A tensor's memory, a large one's in several pieces, so that several threads can fill it."""
    ask_for_huge_pages(tensor)
    start, size = tensor.data_ptr(), tensor.nbytes
    for begin in range(0, size, _LARGEST_PIECE):
        memory = ctypes.c_char * min(size - begin, _LARGEST_PIECE)
        yield offset + begin, memory.from_address(start + begin)


def _runs(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces that lie side by side in the file, which are read in one go while they are small."""
    run: list[Piece] = []
    size = end = 0
    for offset, memory in sorted(pieces, key=operator.itemgetter(0)):
        length = len(memory)
        if run and (offset != end or size + length > _LARGEST_READ or len(run) == _MOST_AT_ONCE):
            yield run
            run, size = [], 0
        run.append((offset, memory))
        size += length
        end = offset + length
    if run:
        yield run


def _size(run: Sequence[Piece]) -> int:
    return sum(len(memory) for _, memory in run)


def _read(file: int, run: Sequence[Piece]) -> None:
    offset, left = run[0][0], _size(run)
    memory = [memoryview(piece).cast("B") for _, piece in run]
    while left:
        got = os.preadv(file, memory, offset)  # at a place of its own: all threads have one file
        if not got:
            raise OSError("it has become shorter")
        offset, left = offset + got, left - got
        memory = _after(memory, got) if left else []


def _after(memory: list[memoryview], count: int) -> list[memoryview]:
    """What is left of some memory after its first bytes."""
    while count >= len(memory[0]):
        count -= len(memory.pop(0))
    return [memory[0][count:], *memory[1:]]
