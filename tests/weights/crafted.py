"""Checkpoints that lie, made by hand."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import archspec

NET = """
archspec: 1
name: Net
input: [3, 8, 8]
layers:
  conv: {Conv2d: {out_channels: 4, kernel_size: 3}}
  bn: BatchNorm2d
  flatten: Flatten
  fc: {Linear: 10}
"""


def net(seed: int = 7, **variables: Any) -> torch.nn.Module:
    """The net with weights of another seed than the default."""
    return archspec.load(NET, **variables).build(seed=seed)


def error(path: Path | str, spec: str = NET, **section: Any) -> archspec.Diagnostic:
    """Why a checkpoint is refused when a caller names it; checking says the same as building."""
    architecture = archspec.load(spec).with_weights({"path": path, **section})
    (checked,) = architecture.check_weights()
    with pytest.raises(archspec.UsageError) as refusal:
        architecture.build()
    assert refusal.value.diagnostic == checked
    return checked


def safetensors(path: Path, header: Mapping[str, Any] | bytes, content: bytes = b"", length: int | None = None) -> Path:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + content)
    return path


class _Storage:
    def __init__(self, key: str, size: int, kind: str = "FloatStorage") -> None:
        self.pid = ("storage", getattr(torch, kind), key, "cpu", size)


class _Call:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def tensor(key: str, size: int, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Any:
    """What stands for a tensor in the pickle of a `.pt` file."""
    rebuild = torch._utils._rebuild_tensor_v2
    return _Call(rebuild, _Storage(key, size), offset, shape, strides, False, {})


call = _Call


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing: Any) -> Any:
        return thing.pid if isinstance(thing, _Storage) else None


def pt(
    path: Path, content: Any, records: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED, extra: str = ""
) -> Path:
    """A `.pt` archive with any pickle and any records."""
    text = io.BytesIO()
    if isinstance(content, bytes):
        text.write(content)
    else:
        _Pickler(text, protocol=2).dump(content)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
        if extra:
            archive.writestr(f"archive/{extra}", b"")
        for key, data in records.items():
            archive.writestr(f"archive/data/{key}", data)
    return path
