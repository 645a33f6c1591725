"""What several processes write of a checkpoint, by `torch.distributed.checkpoint`: for any number of readers."""

from __future__ import annotations

import os
import pickle
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeAlias

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.checkpoint import filesystem
from torch.distributed.checkpoint import metadata as md
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from archspec.train.store.durable import sha256
from archspec.train.store.manifest import DamagedError

INDEX = ".metadata"

Place: TypeAlias = tuple[Any, ...]
Empty: TypeAlias = Callable[[Place, torch.Size, torch.dtype], Tensor]
"""Where a tensor of a given place, size and type is read into."""

_SHARD = re.compile(r"__(\d{1,6})_\d{1,9}\.distcp")
_MARK = "tensor in the shards"
_APART = ("model", "buffers", "gradients", "optimizer", "average")
_CLASSES: Mapping[tuple[str, str], Any] = {
    **{
        ("torch.distributed.checkpoint.metadata", name): getattr(md, name)
        for name in (
            "ChunkStorageMetadata",
            "Metadata",
            "MetadataIndex",
            "StorageMeta",
            "TensorProperties",
            "TensorStorageMetadata",
            "_MEM_FORMAT_ENCODING",
        )
    },
    ("torch.distributed.checkpoint.filesystem", "_StorageInfo"): filesystem._StorageInfo,
    ("torch", "Size"): torch.Size,
    ("torch.serialization", "_get_layout"): torch.serialization._get_layout,
}
"""All that an index may name: what describes tensors and where they are."""


def taken_apart(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The state with a mark in the place of each tensor that belongs to the model, and these tensors."""
    tensors: dict[str, Tensor] = {}

    def apart(value: Any, path: Place) -> Any:
        if isinstance(value, Tensor):
            key = _key(path)
            tensors[key] = value.detach()
            return (_MARK, key)
        if isinstance(value, Mapping):
            return {name: apart(each, (*path, name)) for name, each in value.items()}
        if isinstance(value, list):
            return [apart(each, (*path, index)) for index, each in enumerate(value)]
        return value

    return {name: apart(value, (name,)) if name in _APART else value for name, value in state.items()}, tensors


def put_together(state: Mapping[str, Any], folder: Path, empty: Empty) -> dict[str, Any]:
    """What was taken apart, with the tensors read from a folder; every process of a group has to ask at once.

    Raises:
        DamagedError: the tensors are not there, or what is there is something else.
    """
    places: dict[str, Place] = {}

    def find(value: Any, path: Place) -> None:
        if isinstance(value, tuple) and len(value) == 2 and value[0] == _MARK:
            places[str(value[1])] = path
        elif isinstance(value, Mapping):
            for name, each in value.items():
                find(each, (*path, name))
        elif isinstance(value, list):
            for index, each in enumerate(value):
                find(each, (*path, index))

    find(state, ())
    if not places:
        return dict(state)
    tensors = _read(folder, places, empty)

    def together(value: Any) -> Any:
        if isinstance(value, tuple) and len(value) == 2 and value[0] == _MARK:
            return tensors[value[1]]
        if isinstance(value, Mapping):
            return {name: together(each) for name, each in value.items()}
        return [together(each) for each in value] if isinstance(value, list) else value

    return {name: together(value) for name, value in state.items()}


def _key(path: Place) -> str:
    return "/".join(map(str, path))


def write(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write them, each process its part; it is on the disk when this returns.

    Raises:
        OSError: in all of them, if it cannot be written by one.
    """
    writer = filesystem.FileSystemWriter(folder, single_file_per_rank=True, sync_files=True)
    try:
        save(dict(tensors), storage_writer=writer, no_dist=not dist.is_initialized())
    except CheckpointException as error:
        raise _cause(error) from None


def _cause(error: CheckpointException) -> BaseException:
    for rank, (failure, _) in sorted(error.failures.items()):
        if isinstance(failure, OSError):
            return OSError(failure.errno, f"{failure.strerror or failure} (process {rank})", failure.filename)
    return error


def own_files(folder: Path, rank: int) -> dict[str, tuple[str, int]]:
    """SHA-256 and size of what a process has written; the index is the first one's."""
    found = {}
    for entry in os.scandir(folder):
        match = _SHARD.fullmatch(entry.name)
        if (match and int(match[1]) == rank) or (entry.name == INDEX and rank == 0):
            found[entry.name] = (sha256(Path(entry.path)), entry.stat().st_size)
    return found


def _read(folder: Path, places: Mapping[str, Place], empty: Empty) -> dict[str, Tensor]:
    reader = _Reader(folder)
    described = reader.read_metadata().state_dict_metadata
    tensors = {}
    for key, path in places.items():
        known = described.get(key)
        if not isinstance(known, md.TensorStorageMetadata):
            raise DamagedError(f"lacks the tensor `{key}`")
        tensors[key] = empty(path, known.size, known.properties.dtype)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.distributed is disabled")
            load(tensors, storage_reader=reader, no_dist=not dist.is_initialized())
    except CheckpointException:
        raise DamagedError("holds shards that do not fit together") from None
    return tensors


class _Reader(filesystem.FileSystemReader):
    """torch's own unpickles the index with whatever is in it. This one takes descriptions of tensors only."""

    def read_metadata(self, *given: Any, **named: Any) -> md.Metadata:
        """The index.

        Raises:
            DamagedError: it is none, or speaks of other files than its own.
        """
        try:
            with open(Path(self.path) / INDEX, "rb") as file:
                found = _Descriptions(file).load()
        except MemoryError:
            raise
        except Exception:  # whatever a file that claims to be an index makes the reader raise
            raise DamagedError(f"holds something other than descriptions of tensors in `{INDEX}`") from None
        if not isinstance(found, md.Metadata) or not self._is_sound(found):
            raise DamagedError(f"holds no index of its shards in `{INDEX}`")
        found.storage_meta = md.StorageMeta(load_id=self.load_id)
        return found

    def _is_sound(self, found: md.Metadata) -> bool:
        """Whether it names shards of this folder only, and no more numbers than these can hold."""
        stored = getattr(found, "storage_data", None)
        known = getattr(found, "state_dict_metadata", None)
        if not isinstance(stored, dict) or not isinstance(known, dict):
            return False
        names = {str(getattr(info, "relative_path", "")) for info in stored.values()}
        if not all(map(_SHARD.fullmatch, names)):
            return False
        there = sum((Path(self.path) / name).stat().st_size for name in names)
        return _bytes(known.values()) <= there


def _bytes(described: Iterable[Any]) -> float:
    total = 0
    for each in described:
        if not isinstance(each, md.TensorStorageMetadata) or min(each.size, default=0) < 0:
            return float("inf")
        total += each.size.numel() * each.properties.dtype.itemsize
    return total


class _Descriptions(pickle.Unpickler):
    """Makes nothing but what describes tensors; no function of a file's choice is called."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Any:
        """One of a closed set."""
        if (module, name) in _CLASSES:
            return _CLASSES[module, name]
        if module.split(".")[0] == "pathlib" and name in ("PosixPath", "WindowsPath"):  # where it was written: unused
            return PurePosixPath
        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        raise pickle.UnpicklingError(f"{module}.{name}")
