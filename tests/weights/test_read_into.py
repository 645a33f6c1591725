"""Bytes of a safetensors file where they belong; safetensors itself says what the file holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from archspec.spec.checkpoint import Checkpoint
from archspec.weights import read_into as reading
from archspec.weights.inspect import inspect

_SHAPES = {"b": (3, 5), "a": (70,), "scalar": (), "none": (0, 4), "large": (9, 31), "bytes": (13,), "half": (2, 2, 2)}
_DTYPES = {"bytes": torch.uint8, "scalar": torch.int64, "half": torch.bfloat16}


def _written(folder: Path) -> Path:
    tensors = {name: (torch.randn(shape) * 50).to(_DTYPES.get(name, torch.float32)) for name, shape in _SHAPES.items()}
    save_file(tensors, folder / "some.safetensors")
    return folder / "some.safetensors"


def _room(name: str) -> torch.Tensor:
    return torch.full(_SHAPES[name], 7, dtype=_DTYPES.get(name, torch.float32))


def _read(path: Path, names: Sequence[str]) -> dict[str, torch.Tensor]:
    targets = {name: _room(name) for name in names}
    reading.read_into(inspect(Checkpoint(str(path)), str(path)), targets)
    return targets


@pytest.mark.parametrize("names", [list(_SHAPES), ["large", "scalar"], ["a", "half", "b"], []])
@pytest.mark.parametrize(("piece", "together", "count"), [(8 << 20, 4 << 20, 512), (16, 40, 3), (100, 1, 1)])
def test_every_tensor_whatever_is_read_at_once(
    names: list[str], piece: int, together: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LARGEST_PIECE", piece)
    monkeypatch.setattr(reading, "_LARGEST_READ", together)
    monkeypatch.setattr(reading, "_MOST_AT_ONCE", count)
    path = _written(tmp_path)
    expected = load_file(path)
    for name, tensor in _read(path, names).items():
        assert torch.equal(tensor, expected[name]), name


@pytest.mark.parametrize("most", [1, 7, 64])
def test_a_system_that_reads_less_than_it_is_asked_for(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _written(tmp_path)
    monkeypatch.setattr(os, "preadv", lambda file, memory, offset: _short(file, memory, offset, most))
    expected = load_file(path)
    for name, tensor in _read(path, list(_SHAPES)).items():
        assert torch.equal(tensor, expected[name]), name


def _short(file: int, memory: Sequence[memoryview], offset: int, most: int) -> int:
    got = os.pread(file, min(most, sum(map(len, memory))), offset)
    left = got
    for part in memory:
        part[: len(left)] = left[: len(part)]
        left = left[len(part) :]
    return len(got)


def test_a_file_that_has_become_shorter(tmp_path: Path) -> None:
    path = _written(tmp_path)
    found = inspect(Checkpoint(str(path)), str(path))
    os.truncate(path, path.stat().st_size - 4)
    with pytest.raises(OSError, match="shorter"):
        reading.read_into(found, {name: _room(name) for name in _SHAPES})
