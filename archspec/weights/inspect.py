"""A checkpoint on disk: where it is, what format it has, and what it holds. Nothing is loaded, and no torch needed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from io import BufferedReader
from typing import Any

from archspec.errors import clip, plural
from archspec.spec.checkpoint import Checkpoint
from archspec.suggest import nearest
from archspec.weights.contents import Contents, Damaged
from archspec.weights.refusal import refuse
from archspec.weights.safetensors_file import inspect_safetensors, looks_like_safetensors
from archspec.weights.torch_file import inspect_torch, is_legacy, stored
from archspec.weights.torch_pickle import Foreign, Tensor

_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
_MOST_SHOWN = 4
_SEE = "see that you may read it, and every folder on its way"
_MOST_SIBLINGS = 2_000


def inspect(checkpoint: Checkpoint, path: str) -> Contents:
    """What a file holds.

    Args:
        checkpoint: what is asked for.
        path: the file itself, resolved.

    Raises:
        SpecError: the spec names the file, and it cannot be used: AS451, it is not there or no file; AS452, it is in
            no format that is read; AS453, it is cut off or its sizes do not add up; AS454, it has no state dict or
            several; AS455, it holds more than tensors and plain data; AS458, its hash is another.
        UsageError: the same, where the caller names the file.
    """
    size = _size(checkpoint, path)
    try:
        with open(path, "rb") as file:
            _check_hash(checkpoint, file, path)
            return _inspected(checkpoint, file, path, size)
    except Damaged as error:
        refuse(checkpoint, error.code, f"`{clip(path, 200)}` {error}", help=error.help)
    except Foreign as error:
        message = f"`{clip(path, 200)}` holds {_foreign(str(error))}, which is neither a tensor nor plain data"
        help = "it was not loaded, since that could run code; save `model.state_dict()` alone, best as safetensors"
        refuse(checkpoint, "AS455", message, help=help)
    except OSError as error:
        refuse(checkpoint, "AS451", f"`{clip(path, 200)}` cannot be read: {error.strerror or error}", help=_SEE)


def _foreign(name: str) -> str:
    return f"`{clip(name)}`" if "." in name and " " not in name else clip(name)


def _size(checkpoint: Checkpoint, path: str) -> int:
    shown = clip(path, 200)
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        refuse(checkpoint, "AS451", f"there is no checkpoint `{shown}`", help=_nearby(path))
    except (OSError, ValueError) as error:
        refuse(checkpoint, "AS451", f"`{shown}` cannot be read: {error}", help=_SEE)
    if not stat.S_ISREG(found.st_mode):
        kind = "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"
        inside = _checkpoints_in(path)[:_MOST_SHOWN] if stat.S_ISDIR(found.st_mode) else []
        help = "it holds " + ", ".join(f"`{name}`" for name in inside) if inside else "name a checkpoint file"
        refuse(checkpoint, "AS451", f"`{shown}` is {kind}, not a checkpoint", help=help)
    if found.st_size == 0:
        refuse(checkpoint, "AS453", f"`{shown}` is empty (0 bytes)", help="copy or download it again")
    return found.st_size


def _nearby(path: str) -> str:
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        return f"there is no folder `{clip(folder, 200)}` either"
    siblings = _checkpoints_in(folder)
    near = nearest(name, siblings) or siblings[:_MOST_SHOWN]
    listed = " or ".join(f"`{sibling}`" for sibling in near)
    return f"did you mean {listed}?" if near else "put it there, or leave `weights` out"


def _checkpoints_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry, _ in zip(entries, range(_MOST_SIBLINGS), strict=False))
            return sorted(name for name in names if name.lower().endswith(_SUFFIXES))
    except OSError:
        return []


def _check_hash(checkpoint: Checkpoint, file: BufferedReader, path: str) -> None:
    if checkpoint.sha256 is None:
        return
    found = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    if found != checkpoint.sha256:
        message = f"`{clip(path, 200)}` is not the file that `sha256` describes"
        notes = (f"expected {checkpoint.sha256}", f"found    {found}")
        help = "get the right file, or write the hash of this one if you trust it"
        refuse(checkpoint, "AS458", message, help=help, notes=notes, span=checkpoint.sha256_span)


def _inspected(checkpoint: Checkpoint, file: BufferedReader, path: str, size: int) -> Contents:
    start = file.read(512)
    file.seek(0)
    if start.startswith(b"PK"):
        return _state_dict(checkpoint, inspect_torch(file, size), path)
    if looks_like_safetensors(start, size):
        if checkpoint.key is not None:
            message = f"`{clip(path, 200)}` is a safetensors file, which has no entries that `key` could choose from"
            refuse(checkpoint, "AS454", message, help="leave `key` out", span=checkpoint.key_span)
        return inspect_safetensors(file, path, size)
    if start.startswith(b"version https://git-lfs"):
        message = f"is a Git LFS pointer of {size} bytes, not the file that it points to"
        raise Damaged(message, f"fetch it with `git lfs pull --include {os.path.basename(path)}`", "AS452")
    if is_legacy(start):
        help = "load and save it once more: `torch.save(torch.load(path, weights_only=True), new_path)`"
        raise Damaged("is in the format of torch before 1.6, which archspec does not read", help, "AS452")
    raise Damaged(f"is no checkpoint: {_what(start, size)}", _WRITES, "AS452")


_WRITES = "`weights` takes a safetensors file, or a state dict written with `torch.save`"


def _what(start: bytes, size: int) -> str:
    kinds = {
        b"<!": "it looks like a web page",
        b"<h": "it looks like a web page",
        b"\x89HDF": "it is an HDF5 file, as Keras writes",
        b"GGUF": "it is a GGUF file",
        b"\x1f\x8b": "it is a gzip archive",
        b"\x80": "it is a bare pickle, which is never loaded",
    }
    return next((words for sign, words in kinds.items() if start.startswith(sign)), f"{size:,} bytes of another format")


def _state_dict(checkpoint: Checkpoint, found: Mapping[Any, Any], path: str) -> Contents:
    """The state dict inside what was pickled, by `key` where it is given."""
    keys = _path_to(checkpoint, found, path)
    inner: Any = found
    for key in keys:
        inner = inner[key]
    tensors = {str(name): stored(value) for name, value in inner.items() if isinstance(value, Tensor)}
    if not tensors:
        nested = _nested(inner)
        listed = ", ".join(f"`{name}` ({plural(count, 'tensor')})" for name, count in nested[:_MOST_SHOWN])
        held = f"{listed}" if nested else ", ".join(f"`{clip(str(name))}`" for name in list(inner)[:_MOST_SHOWN])
        message = f"`{clip(path, 200)}` has no tensors at its top level" + (f"; it holds {held}" if held else "")
        choice = ".".join([*keys, nested[0][0]]) if nested else ""
        help = f"write `weights: {{path: {checkpoint.path}, key: {choice}}}`" if nested else "save `model.state_dict()`"
        refuse(checkpoint, "AS454", message, help=help)
    others = tuple(str(name) for name, value in inner.items() if not isinstance(value, Tensor))
    return Contents(path, "torch", tensors, keys, others)


def _path_to(checkpoint: Checkpoint, found: Mapping[Any, Any], path: str) -> tuple[str, ...]:
    if checkpoint.key is None:
        return ()
    if isinstance(found.get(checkpoint.key), dict):
        return (checkpoint.key,)
    inner: Any = found
    parts = checkpoint.key.split(".")
    for part in parts:
        inner = inner.get(part) if isinstance(inner, dict) else None
    if not isinstance(inner, dict):
        names = [name for name, _ in _nested(found)] or ["none that holds tensors"]
        near = nearest(checkpoint.key, names)
        message = f"`{clip(path, 200)}` has no entry `{clip(checkpoint.key)}` with a state dict in it"
        help = f"did you mean `{near[0]}`?" if near else "it has " + ", ".join(f"`{n}`" for n in names[:_MOST_SHOWN])
        refuse(checkpoint, "AS454", message, help=help, span=checkpoint.key_span)
    return tuple(parts)


def _nested(found: Mapping[Any, Any]) -> list[tuple[str, int]]:
    """The entries that hold tensors, those with the most first."""
    counts = [
        (str(name), sum(isinstance(inner, Tensor) for inner in value.values()))
        for name, value in found.items()
        if isinstance(value, dict)
    ]
    return sorted((pair for pair in counts if pair[1]), key=lambda pair: -pair[1])
